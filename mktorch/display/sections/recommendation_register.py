"""Recommendations in full: what each rests on, what it was compared with, what was held back."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable
from typing import Any

import polars as pl

from mktorch.display.escape import slug
from mktorch.display.readouts import Check, Part, Reading, Readout, Readouts
from mktorch.display.sections.facts import count, locale_of, money, needs, of_campaign
from mktorch.display.status import Status, Statuses, Tone, status_of
from mktorch.display.tables import Column, Table
from mktorch.formats import CURRENCY, FIGURE, INTEGER, Format, Kind, format_value
from mktorch.recommend.rule import Compare
from mktorch.recommend.settings import Role
from mktorch.runs import Run
from mktorch.vocab import Level, Priority, Standing

URGENCY: Statuses = {
    Priority.HIGH: Status("High priority", Tone.BAD),
    Priority.MEDIUM: Status("Medium priority", Tone.WATCH),
    Priority.LOW: Status("Low priority", Tone.STEADY),
}
CONFIDENCE: Statuses = {
    Level.HIGH: Status("High confidence", Tone.GOOD),
    Level.MEDIUM: Status("Medium confidence", Tone.STEADY),
    Level.LOW: Status("Low confidence", Tone.WATCH),
}
HELD: Statuses = {
    Standing.BLOCKED: Status("Blocked", Tone.BAD),
    Standing.OVERRIDDEN: Status("Overridden", Tone.WATCH),
}
_MET = Status("Met", Tone.GOOD)
_COMPARED = {
    Compare.AT_LEAST: "at least",
    Compare.ABOVE: "above",
    Compare.AT_MOST: "at most",
    Compare.BELOW: "below",
    Compare.IS: "is",
    Compare.ONE_OF: "one of",
}
_LIFT = Format(Kind.PERCENT, decimals=1, signed=True)
# Reading -> its point, low and high column, and where it comes from.
_IMPACT = {
    "Return, change": ("roi_lift_percentage", "roi_lift_low", "roi_lift_high"),
    "Revenue": ("revenue_impact", "revenue_low", "revenue_high"),
    "Savings": ("cost_savings", "savings_low", "savings_high"),
}


@needs("recommendations", "campaigns")
def recommendation_register(run: Run, campaign: str = "") -> Readouts:
    """Every recommendation that stands: its amounts, conditions, evidence, settings and steps."""
    found = of_campaign(run, "recommendations", campaign).sort("rank")
    return Readouts(
        id="recommendation-register",
        cards=tuple(_card(run, row) for row in found.to_dicts()),
        checks="Condition",
        wide=True,
        title=_register_finding(found),
        notes=(
            (
                "Amounts with the ends of their interval, over the horizon that their basis "
                "states. Conditions: the fact found, in the unit of its column, against the "
                "setting or the rule's own constant. The settings behind each rule, and what its "
                "amounts rest on, stand in the table of rules."
            ),
        ),
        source="recommendations",
        empty="No recommendation stands.",
    )


@needs("recommendation_candidates", "campaigns")
def recommendations_withheld(run: Run, campaign: str = "") -> Table:
    """What rules asked for and did not get: blocked by a freeze, overridden by a graver finding."""
    asked = of_campaign(run, "recommendation_candidates", campaign)
    held = asked.filter(pl.col("standing") != Standing.STANDS).sort(
        "standing", "stake", "recommendation_id", descending=[False, True, False], nulls_last=True
    )
    frame = held.with_columns(
        conditions=pl.Series(
            ["; ".join(_conditions(run, row)) for row in held.to_dicts()], dtype=pl.String
        ),
    )
    return Table(
        id="recommendations-withheld",
        frame=frame,
        key=("recommendation_id",),
        columns=(
            Column(name="description", label="Asked for", detail="recommendation_id", weight=1.8),
            Column(name="standing", label="Standing", statuses=HELD),
            Column(name="standing_reason", label="Why", weight=1.6),
            Column(name="conditions", label="Conditions it met", weight=1.8),
            Column(
                name="stake", label="At stake", format=CURRENCY, missing="no amount can be stated"
            ),
        ),
        title=_withheld_finding(asked, held),
        notes=(
            (
                "Overridden: a graver finding has the same target, or pulls the other way. "
                "Blocked: it raises spend while a budget freeze holds."
            ),
        ),
        source="recommendation_candidates",
        empty="Everything that a rule asked for stands.",
        locale=locale_of(run),
    )


@needs("recommendation_candidates", "recommendations")
def rules_in_force(run: Run) -> Table:
    """The rules that asked for something: how often, what their amounts rest on, their settings.

    Beside them the settings of the rules they met, or could have met, on one of their targets.
    """
    asked = run.tables["recommendation_candidates"]
    stand = run.tables["recommendations"].group_by("rule_id").len("stand")
    rules = (
        asked.sort("rule_id", "recommendation_id")
        .group_by("rule_id", maintain_order=True)
        .agg(pl.len().alias("asked"), pl.col("impact_basis").first(), "thresholds")
        .join(stand, on="rule_id", how="left", maintain_order="left")
        .with_columns(pl.col("stand").fill_null(0))
    )
    told = [_roles(run, found) for found in rules["thresholds"].to_list()]
    frame = rules.drop("thresholds").with_columns(
        pl.Series(name, [one[name] for one in told], pl.String) for name in _ROLES
    )
    return Table(
        id="rules-in-force",
        frame=frame,
        columns=(
            Column(name="rule_id", label="Rule", detail="impact_basis", weight=1.6),
            Column(name="asked", label="Asked", format=INTEGER),
            Column(name="stand", label="Stand", format=INTEGER),
            Column(name="settings", label="Settings behind it", missing="it has none", weight=1.7),
            Column(name="beside", label="Decided beside", missing="it meets no rule", weight=1.7),
        ),
        title=(
            f"{count(frame.height, 'rule')} asked for something, {asked.height} times in all."
            if frame.height
            else "No rule asked for anything."
        ),
        notes=(
            (
                "Settings behind it: of its conditions, its facts and what bounds it. Decided "
                "beside: settings of rules that meet it on a target, or would under other values; "
                "these stand among the settings in force."
            ),
        ),
        source="recommendation_candidates",
        empty="No rule asked for anything.",
        locale=locale_of(run),
    )


# Column of the rules -> the roles of the thresholds it names, and whether with their values.
_ROLES = {
    "settings": ((Role.CONDITION, Role.FACT, Role.CAP, Role.FREEZE), True),
    "beside": ((Role.GRAVER, Role.LESSER), False),
}


def _roles(run: Run, candidates: list[list[dict[str, Any]]]) -> dict[str, str | None]:
    """The settings of one rule's candidates, each once, by column of `_ROLES`."""
    found = [t for thresholds in candidates for t in thresholds if t["name"]]
    return {
        name: _grouped(
            sorted(
                (t["name"], _limit(run, t) if valued else "") for t in found if t["role"] in roles
            )
        )
        or None
        for name, (roles, valued) in _ROLES.items()
    }


def _card(run: Run, row: dict[str, Any]) -> Readout:
    badges = [status_of(row["priority"], URGENCY)]
    if row["confidence"]:
        badges.append(status_of(row["confidence"], CONFIDENCE))
    target = row["target_name"] or row["target_id"]
    conditions = [t for t in row["thresholds"] if t["role"] == Role.CONDITION]
    part = Part(
        name=row["description"],
        statuses=tuple(badges),
        readings=_readings(run, row),
        checks=tuple(_check(run, row, t, n) for n, t in enumerate(conditions, start=1)),
        lines=tuple((label, text) for label, text in _lines(run, row) if text),
    )
    return Readout(
        id=f"recommendation-{slug(row['recommendation_id'])}",
        heading=f"{row['rank']}. {target}",
        subtitle=(
            f"{row['recommendation_id']}. {row['current_value'] or 'As it is'} \u2192 "
            f"{row['recommended_value'] or row['action']}. {row['owner']}, risk "
            f"{row['risk_level']}."
        ),
        parts=(part,),
    )


def _readings(run: Run, row: dict[str, Any]) -> tuple[Reading, ...]:
    def written(label: str, value: float) -> str:
        if label == "Return, change":
            return format_value(value / 100, _LIFT, locale_of(run))
        return money(run, value)

    known = [
        Reading(
            label=label,
            value=written(label, row[point]),
            detail=f"{written(label, row[low])} to {written(label, row[high])}"
            if row[low] is not None and row[high] is not None and row[low] != row[high]
            else "",
            source=f"recommendations.{point}",
            where={"recommendation_id": row["recommendation_id"]},
        )
        for label, (point, low, high) in _IMPACT.items()
        if row[point] is not None
    ]
    stake = Reading(
        label="At stake",
        value=money(run, row["stake"]),
        source="recommendations.stake",
        where={"recommendation_id": row["recommendation_id"]},
    )
    return (stake, *known)


def _check(run: Run, row: dict[str, Any], threshold: dict[str, Any], place: int) -> Check:
    facts = {fact["fact"]: fact for fact in row["evidence"]}
    fact = facts.get(threshold["column"])
    return Check(
        name=_words(threshold["column"]),
        status=_MET,
        value=_fact(run, fact) if fact else format_value(None),
        threshold=_needed(run, threshold),
        note=f"{fact['table']}.{fact['column']}" if fact else "",
        source=f"{fact['table']}.{fact['column']}" if fact else "",
        where=json.loads(fact["keys"] or "{}") if fact else {},
        key=f"{row['recommendation_id']}/{place}",
    )


def _lines(run: Run, row: dict[str, Any]) -> list[tuple[str, str]]:
    compared = {t["column"] for t in row["thresholds"] if t["role"] == Role.CONDITION}
    return [
        ("Why", row["rationale"]),
        ("Steps", " ".join(f"({n}) {step}" for n, step in enumerate(row["steps"], start=1))),
        ("No amount", row["impact_reason"]),
        ("Could go wrong", row["what_could_go_wrong"]),
        ("Evidence", _evidence(run, row["evidence"], compared)),
        ("Comes after", ", ".join(row["depends_on"] or ())),
        ("Stands over", ", ".join(row["overrides"] or ())),
    ]


def _evidence(run: Run, facts: list[dict[str, Any]], compared: Container[str]) -> str:
    """Each row that facts stand in, by table and keys, with the facts no condition shows."""
    rows: dict[str, list[str]] = {}
    for fact in facts:
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
        return "No recommendation stands."
    high = found.filter(priority=str(Priority.HIGH)).height
    verb = "stands" if found.height == 1 else "stand"
    return (
        f"{count(found.height, 'recommendation')} {verb}, {high or 'none'} of them of high "
        "priority."
    )


def _withheld_finding(asked: pl.DataFrame, held: pl.DataFrame) -> str:
    blocked, overridden = (
        held.filter(standing=str(s)).height for s in (Standing.BLOCKED, Standing.OVERRIDDEN)
    )
    if asked.is_empty():
        return "No rule asked for anything."
    return (
        f"Of {count(asked.height, 'candidate')} {asked.height - held.height} stand, {overridden} "
        f"are overridden and {blocked} blocked."
    )
