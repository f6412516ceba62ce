"""Recommendations in full: what to do, what it should bring, on what evidence, by which rule."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import polars as pl

from mktorch.narrative.markdown import bullets, heading
from mktorch.narrative.page import About, Page, Row, Tables
from mktorch.narrative.prose import sentence
from mktorch.recommend.words import spaced
from mktorch.vocab import Standing

# What is expected to change: low, point and high column, and how it is written.
_EFFECTS = (
    ("Revenue", "revenue_low", "revenue_impact", "revenue_high", "currency"),
    ("Savings", "savings_low", "cost_savings", "savings_high", "currency"),
)
_LIFT = ("roi_lift_low", "roi_lift_percentage", "roi_lift_high")
# Roles of thresholds that bear on the action itself; the table holds the others too.
_ROLES = {
    "condition": "Asked for where",
    "fact": "Settings behind the facts",
    "cap": "Capped by",
    "freeze": "Frozen by",
}


def overview(tables: Tables, page: Page, _about: About) -> list[str]:
    """All that stand, by rank; those of no campaign in full; what was overridden or blocked."""
    asked = tables["recommendations"].sort("rank")
    nowhere = asked.filter(pl.col("campaign_id").is_null())
    return [
        bullets(
            (
                page.line("{priority}: {action:words} {target}", row)
                + (page.line(", {stake:currency} at stake.", row) if row["stake"] else ".")
                for row in asked.with_columns(
                    target=pl.coalesce("target_name", "target_id")
                ).iter_rows(named=True)
            ),
            numbered=True,
        )
        if asked.height
        else "Nothing is recommended.",
        *(recommendations_of(nowhere, page) if nowhere.height else ()),
        *_not_standing(tables, page),
    ]


def recommendations_of(rows: pl.DataFrame, page: Page) -> list[str]:
    """Each in full, by rank."""
    return [
        block
        for row in rows.sort("rank").iter_rows(named=True)
        for block in (
            heading(5, page.line("{rank}. {description}", row).rstrip(".")),
            bullets(_lines(row, page)),
        )
    ]


def _lines(row: Row, page: Page) -> Iterator[str]:
    yield sentence(
        page.line(
            "{priority} priority, {risk_level} risk, {category}: {action:words} {target}. "
            "Owner: {owner}.",
            {**row, "target": row["target_name"] or row["target_id"]},
        )
    )
    yield page.line("Why: {rationale}", row)
    yield page.line("Now: {current_value}. Then: {recommended_value}.", row)
    yield from _effects(row, page)
    yield from (
        page.line("Step {n}: {step}", {"n": n, "step": step})
        for n, step in enumerate(row["steps"] or (), start=1)
    )
    yield page.line("What could go wrong: {what_could_go_wrong}", row)
    for name, label in (("depends_on", "Depends on"), ("overrides", "Overrides")):
        if row[name]:
            yield page.line(f"{label}: {{names}}.", {"names": ", ".join(map(_asked, row[name]))})
    yield from _evidence(row["evidence"] or (), page)
    yield from _thresholds(row["thresholds"] or (), page)
    yield page.line("Rule {rule_id}, target {target_id}.", row)


def _asked(recommendation_id: str) -> str:
    """Rule and target that a recommendation's id is made of, in words.

    >>> _asked("pause_for_high_risk:ASSET_041")
    'pause for high risk (ASSET_041)'
    """
    rule, _, target = recommendation_id.partition(":")
    return f"{spaced(rule)} ({target})"


def _effects(row: Row, page: Page) -> Iterator[str]:
    said = []
    for label, low, point, high, fmt in _EFFECTS:
        if row[point] is not None:
            said.append(
                page.line(
                    f"{label} {{point:{fmt}}}, from {{low:{fmt}}} to {{high:{fmt}}}",
                    {"low": row[low], "point": row[point], "high": row[high]},
                )
            )
    ends = [None if row[name] is None else row[name] / 100 for name in _LIFT]
    if ends[1] is not None:
        said.append(
            page.line(
                "return {point:signed_percent}, from {low:signed_percent} to {high:signed_percent}",
                dict(zip(("low", "point", "high"), ends, strict=True)),
            )
        )
    if said:
        yield (
            page.line("Expected: ", {})
            + "; ".join(said)
            + page.line("; confidence {confidence}. {impact_basis}", row)
        )
    if row["impact_reason"]:
        yield page.line("Not estimated: {impact_reason}", row)


def _evidence(facts: Iterable[Row], page: Page) -> Iterator[str]:
    """One line per table and row of it that facts are from."""
    rows: dict[tuple[str, str], list[str]] = {}
    for fact in facts:
        value = _value(fact["number"], fact["word"], page)
        rows.setdefault((fact["table"], fact["keys"]), []).append(f"{fact['column']} = {value}")
    for (table, keys), found in rows.items():
        named = ", ".join(f"{key} {value}" for key, value in json.loads(keys).items())
        yield page.line(
            "Evidence in {table} ({keys}): {facts}.",
            {"table": table, "keys": named or "its one row", "facts": "; ".join(found)},
        )


def _thresholds(limits: Iterable[Row], page: Page) -> Iterator[str]:
    """One line per role of threshold: the rule's conditions first."""
    held = list(limits)
    for role, label in _ROLES.items():
        said = [_threshold(limit, page) for limit in held if limit["role"] == role]
        if said:
            yield page.line(f"{label}: {{said}}.", {"said": "; ".join(said)})


def _threshold(limit: Row, page: Page) -> str:
    """`roas < 0.8 (its setting)`; a setting without a comparison is `setting = 28`."""
    value = _value(limit["number"], ", ".join(limit["words"] or ()), page)
    if limit["column"] is None:
        return f"{limit['name']} = {value}"
    setting = f" ({limit['name']})" if limit["name"] else ""
    return f"{limit['column']} {limit['compare']} {value}{setting}"


def _value(number: float | None, word: str | None, page: Page) -> str:
    """A fact as plain text: `line` makes it harmless where it is written."""
    return str(word) if number is None else page.plain.format("{number:figure}", number=number)


def _not_standing(tables: Tables, page: Page) -> list[str]:
    held = tables.get("recommendation_candidates")
    if held is None:
        return []
    fallen = held.filter(pl.col("standing") != Standing.STANDS).sort(
        "standing", "recommendation_id"
    )
    if fallen.is_empty():
        return []
    return [
        heading(3, "Overridden or blocked"),
        page.bullets(
            "{target}, {rule_id:words}: {standing_reason}.",
            fallen.with_columns(target=pl.coalesce("target_name", "target_id")).iter_rows(
                named=True
            ),
        ),
    ]
