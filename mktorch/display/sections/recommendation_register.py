"""Recommendations in full: what each rests on and was compared with, and what was held back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from typing import Any

import polars as pl
import polars.selectors as cs

from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
    of_campaign,
)
from mktorch.display.sections.recommendations import effects
from mktorch.display.status import Status, Statuses, Tone
from mktorch.display.tables import Column, Table
from mktorch.formats import CURRENCY, FIGURE, INTEGER, format_value
from mktorch.recommend.rule import Compare
from mktorch.recommend.settings import Role
from mktorch.runs import Run
from mktorch.vocab import Priority, Standing
from mktorch.words import capitals, count, spaces

HELD: Statuses = {
    Standing.BLOCKED: Status("Blocked", Tone.BAD),
    Standing.OVERRIDDEN: Status("Overridden", Tone.WATCH),
}
_COMPARED = {
    Compare.AT_LEAST: "at least",
    Compare.ABOVE: "above",
    Compare.AT_MOST: "at most",
    Compare.BELOW: "below",
    Compare.IS: "is",
    Compare.ONE_OF: "one of",
}
_HELD = 5  # candidates held back, on a page about every campaign


@section("recommendations", "campaigns")
def recommendation_register(run: Run, campaign: str = "") -> Table:
    """Every recommendation that stands: its amounts, conditions, evidence and steps."""
    found = of_campaign(run, "recommendations", campaign).drop(cs.nested()).sort("rank")
    return Table(
        id="recommendation-register",
        frame=found.with_columns(**effects(found, locale_of(run))),
        words=partial(_registered, run),
        columns=(
            Column(name="rank", label="No.", format=INTEGER),
            Column(
                name="description",
                label=("Recommendation and rationale"),
                detail="rationale",
                weight=1.6,
            ),
            Column(name="stake", label="At stake", format=CURRENCY, missing="no amount available"),
            Column(
                name="effect",
                label="Expected effect",
                detail="effect_detail",
                missing="no estimate, for the reason shown",
                weight=1.0,
            ),
            Column(
                name="conditions", label="Conditions met and evidence", detail="proof", weight=2.2
            ),
            Column(name="carried_out", label="Steps and caveats", detail="caveats", weight=1.9),
        ),
        title=_register_finding(found),
        notes=(
            (
                "By rank. At stake: the amount affected. Expected effect: point estimate, with "
                "low to high below it, over the horizon stated by the rule. Conditions: the "
                "observed value, compared with the setting or constant. Evidence: supporting "
                "values by table and key."
            ),
        ),
        source="recommendations",
        key=("recommendation_id",),
        empty="No recommendations.",
        locale=locale_of(run),
        dense=True,
    )


@section("recommendation_candidates", "campaigns")
def held_back(run: Run, campaign: str = "", *, checked: bool = False) -> Table:
    """What rules asked for and did not get: blocked by a freeze, overridden by a graver finding.

    `checked` adds the conditions that each met, for whoever checks them.
    """
    asked = of_campaign(run, "recommendation_candidates", campaign)
    found = (
        asked.drop(cs.nested())
        .filter(pl.col("standing") != Standing.STANDS)
        .sort(
            "standing",
            "stake",
            "recommendation_id",
            descending=[False, True, False],
            nulls_last=True,
        )
    )
    frame = found.with_columns(
        rule=spaces(pl.col("rule_id")), why=capitals(pl.col("standing_reason"))
    )
    conditions = Column(name="conditions", label="Conditions met", weight=1.8)
    return Table(
        id="held-back",
        frame=frame,
        words=partial(_checked, run) if checked else None,
        columns=(
            Column(name="description", label="Candidate", detail="rule", weight=1.8),
            Column(name="standing", label="Standing", statuses=HELD),
            Column(name="why", label="Reason not adopted", weight=1.6),
            *((conditions,) if checked else ()),
            Column(name="stake", label="At stake", format=CURRENCY, missing="no amount available"),
        ),
        title=_held_finding(asked, found),
        notes=(
            (
                "Each target gets one action. Overridden: a more serious finding has the same "
                "target or calls for the opposite. Blocked: it would raise spend during a "
                "budget freeze."
            ),
        ),
        source="recommendation_candidates",
        key=("recommendation_id",),
        empty="Every candidate was adopted.",
        locale=locale_of(run),
        dense=checked,
        most=0 if campaign or checked else _HELD,
    )


@section("rules_in_force", "recommendation_candidates")
def rules_in_force(run: Run) -> Table:
    """The rules that asked for something: how often, what their amounts rest on, their settings."""
    asked = run.tables["recommendation_candidates"]
    settings = _settings(run, asked)
    frame = run.tables["rules_in_force"].with_columns(
        settings=pl.col("rule_id").replace_strict(settings, default=None, return_dtype=pl.String)
    )
    return Table(
        id="rules-in-force",
        frame=frame,
        columns=(
            Column(name="rule_id", label="Rule", detail="impact_basis", weight=1.6),
            Column(name="asked", label="Asked", format=INTEGER),
            Column(name="stand", label="Stand", format=INTEGER),
            Column(name="settings", label="Settings", missing="no settings", weight=3.2),
        ),
        title=(
            f"{count(frame.height, 'rule')} produced {asked.height} candidates."
            if frame.height
            else "No rule produced a candidate."
        ),
        notes=(
            (
                "Settings: those behind the rule's conditions, inputs and limits. Settings of "
                "competing rules are listed with each candidate in the run's table "
                "recommendation_candidates."
            ),
        ),
        source="rules_in_force",
        empty="No rule produced a candidate.",
        locale=locale_of(run),
        dense=True,
    )


# Roles of the thresholds that decide about a candidate by itself.
_OWN = (Role.CONDITION, Role.FACT, Role.CAP, Role.FREEZE)


def _settings(run: Run, asked: pl.DataFrame) -> dict[str, str]:
    """The settings behind each rule's candidates with their values, each once."""
    told = (
        asked.select("rule_id", "thresholds")
        .explode("thresholds")
        .unnest("thresholds")
        .filter(pl.col("name") != "", pl.col("role").is_in(list(_OWN)))
        .select("rule_id", "name", "number", "words", held=pl.col("words").list.join(", "))
        .unique(["rule_id", "name", "number", "held"])
    )
    found: dict[str, set[tuple[str, str]]] = {}
    for row in told.iter_rows(named=True):
        found.setdefault(row["rule_id"], set()).add((row["name"], _limit(run, row)))
    return {rule: _grouped(sorted(settings)) for rule, settings in found.items()}


def _registered(run: Run, found: pl.DataFrame) -> pl.DataFrame:
    """Recommendations with what their conditions, evidence, steps and caveats say."""
    rows = _whole(run, "recommendations", found)
    return found.with_columns(
        _texts("conditions", ("; ".join(_conditions(run, row)) for row in rows)),
        _texts("proof", (_evidence(run, row) for row in rows)),
        _texts("carried_out", map(_carried_out, rows)),
        _texts("caveats", map(_caveats, rows)),
    )


def _checked(run: Run, found: pl.DataFrame) -> pl.DataFrame:
    """Candidates with what their conditions say."""
    rows = _whole(run, "recommendation_candidates", found)
    told = ("; ".join(_conditions(run, row)) for row in rows)
    return found.with_columns(_texts("conditions", told))


def _whole(run: Run, table: str, found: pl.DataFrame) -> list[dict[str, Any]]:
    """The table's whole rows, lists and all, in the order of `found`, which leaves them out."""
    key = "recommendation_id"
    rows = run.tables[table].join(found, on=key, how="semi").to_dicts()
    held = {row[key]: row for row in rows}
    return [held[name] for name in found[key]]


def _texts(name: str, texts: Iterable[str]) -> pl.Series:
    return pl.Series(name, list(texts), pl.String)


def _carried_out(row: dict[str, Any]) -> str:
    """Who carries it out, and the steps by number."""
    steps = " ".join(f"({n}) {step}" for n, step in enumerate(row["steps"] or (), start=1))
    return f"{row['owner']}. {steps}"


def _caveats(row: dict[str, Any]) -> str:
    after = ", ".join(row["depends_on"] or ())
    return " ".join(filter(None, (row["what_could_go_wrong"], after and f"Follows {after}.")))


def _evidence(run: Run, row: dict[str, Any]) -> str:
    """Each row that facts stand in, by table and keys, with the facts no condition shows."""
    compared = {t["column"] for t in row["thresholds"] if t["role"] == Role.CONDITION}
    rows: dict[str, list[str]] = {}
    for fact in row["evidence"]:
        keys = ", ".join(map(str, json.loads(fact["keys"] or "{}").values()))
        found = rows.setdefault(f"{fact['table']} ({keys})", [])
        if fact["fact"] not in compared:
            found.append(f"{_words(fact['fact'])} {_fact(run, fact)}")
    return "; ".join(f"{place}: {', '.join(f)}" if f else place for place, f in rows.items())


def _conditions(run: Run, row: dict[str, Any]) -> list[str]:
    facts = {fact["fact"]: fact for fact in row["evidence"]}
    return [
        f"{_words(t['column'])} {_fact(run, facts[t['column']])}, {_needed(run, t)}"
        for t in row["thresholds"]
        if t["role"] == Role.CONDITION and t["column"] in facts
    ]


def _grouped(settings: Iterable[tuple[str, str]]) -> str:
    """Settings with their values, those of one table behind its name.

    >>> _grouped([("a.b", "1"), ("c", "2"), ("a.d", "")])
    'a: b 1, d; c 2'
    """
    tables: dict[str, list[str]] = {}
    for name, value in dict(settings).items():
        table, dot, entry = name.partition(".")
        tables.setdefault(f"{table}:" if dot else table, []).append(f"{entry} {value}".strip())
    return "; ".join(f"{table} {', '.join(found)}".strip() for table, found in tables.items())


def _needed(run: Run, threshold: dict[str, Any]) -> str:
    compare = _COMPARED.get(threshold["compare"], threshold["compare"])
    named = f" ({threshold['name']})" if threshold["name"] else ""
    return f"{compare} {_limit(run, threshold)}{named}"


def _limit(run: Run, threshold: dict[str, Any]) -> str:
    if threshold["number"] is not None:
        return format_value(threshold["number"], FIGURE, locale_of(run))
    return ", ".join(map(_words, threshold["words"] or ())) or format_value(None)


def _fact(run: Run, fact: dict[str, Any]) -> str:
    if fact["number"] is not None:
        return format_value(fact["number"], FIGURE, locale_of(run))
    return _words(fact["word"]) if fact["word"] is not None else format_value(None)


def _words(code: str | None) -> str:
    return (code or "").replace("_", " ")


def _register_finding(found: pl.DataFrame) -> str:
    if found.is_empty():
        return "No recommendations."
    high = found.filter(priority=str(Priority.HIGH)).height
    return f"{count(found.height, 'recommendation')}, {high or 'none'} high priority."


def _held_finding(asked: pl.DataFrame, held: pl.DataFrame) -> str:
    if asked.is_empty():
        return "No rule produced a candidate."
    if held.is_empty():
        return "No candidates are held back."
    blocked, overridden = (
        held.filter(standing=str(s)).height for s in (Standing.BLOCKED, Standing.OVERRIDDEN)
    )
    return (
        f"Of {count(asked.height, 'candidate')}, {asked.height - held.height} were adopted, "
        f"{overridden} overridden and {blocked} blocked."
    )
