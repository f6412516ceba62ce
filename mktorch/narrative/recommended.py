"""Recommendations in full: what to do, what it should bring, on what evidence, by which rule."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from mktorch.formats import CURRENCY
from mktorch.narrative.markdown import Column, bullets, heading
from mktorch.narrative.page import About, Page, Row, Tables
from mktorch.narrative.prose import spaced
from mktorch.vocab import Standing

# What is expected to change: low, point and high column, and how it is written.
_EFFECTS = (
    ("Revenue", "revenue_low", "revenue_impact", "revenue_high", "currency"),
    ("Savings", "savings_low", "cost_savings", "savings_high", "currency"),
)
_LIFT = ("roi_lift_low", "roi_lift_percentage", "roi_lift_high")
_OWN = ("condition", "fact", "cap", "freeze")  # roles of thresholds that bear on the action itself


def overview(tables: Tables, page: Page, _about: About) -> list[str]:
    """All that stand, by rank; those of no campaign in full; what was overridden or blocked."""
    asked = tables["recommendations"].sort("rank")
    nowhere = asked.filter(pl.col("campaign_id").is_null())
    return [
        page.table(
            asked.with_columns(pl.col("action").str.replace_all("_", " ")),
            Column("rank", "Rank", right=True),
            Column("priority", "Priority"),
            Column("action", "Action"),
            Column("target_id", "Target"),
            Column("stake", "At stake", CURRENCY),
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
            heading(5, page.line("{rank}. {description}", row)),
            bullets(_lines(row, page)),
        )
    ]


def _lines(row: Row, page: Page) -> Iterator[str]:
    yield page.line(
        "{priority} priority, {category}, {action:words} {target_id}; for the {owner}; "
        "{risk_level} risk.",
        row,
    ).capitalize()
    yield page.line("Why: {rationale}", row)
    yield page.line("Now {current_value}; then {recommended_value}.", row)
    yield from _effects(row, page)
    yield from (
        page.line("Step {n}: {step}", {"n": n, "step": step})
        for n, step in enumerate(row["steps"] or (), start=1)
    )
    yield page.line("What could go wrong: {what_could_go_wrong}", row)
    for name, label in (("depends_on", "Depends on"), ("overrides", "Overrides")):
        if row[name]:
            yield page.line(f"{label}: {{names}}.", {"names": ", ".join(row[name])})
    yield from (
        page.line("Evidence: {text}", {"text": _evidence(e, page)}) for e in row["evidence"]
    )
    yield from (
        page.line("Threshold: {text}", {"text": _threshold(t, page)})
        for t in row["thresholds"] or ()
        if t["role"] in _OWN
    )
    yield page.line("Rule {rule_id}.", row)


def _effects(row: Row, page: Page) -> Iterator[str]:
    said = []
    for label, low, point, high, fmt in _EFFECTS:
        if row[point] is not None:
            said.append(
                page.line(
                    f"{label} {{point:{fmt}}} ({{low:{fmt}}} to {{high:{fmt}}})",
                    {"low": row[low], "point": row[point], "high": row[high]},
                )
            )
    ends = [None if row[name] is None else row[name] / 100 for name in _LIFT]
    if ends[1] is not None:
        said.append(
            page.line(
                "return {point:signed_percent} ({low:signed_percent} to {high:signed_percent})",
                dict(zip(("low", "point", "high"), ends, strict=True)),
            )
        )
    if said:
        yield (
            page.line("Expected: ", {})
            + ", ".join(said)
            + page.line("; confidence {confidence}. {impact_basis}", row)
        )
    if row["impact_reason"]:
        yield page.line("Not estimated: {impact_reason}", row)


def _evidence(fact: dict[str, Any], page: Page) -> str:
    keys = ", ".join(f"{key} {value}" for key, value in json.loads(fact["keys"]).items())
    where = f"{fact['table']}.{fact['column']}" + (f" ({keys})" if keys else "")
    return f"{where} = {_value(fact['number'], fact['word'], page)}"


def _threshold(threshold: dict[str, Any], page: Page) -> str:
    words = ", ".join(threshold["words"] or ())
    against = f"{threshold['column']} " if threshold["column"] else ""
    how = f"{threshold['compare']} " if threshold["compare"] else ""
    value = _value(threshold["number"], words or None, page)
    return f"{against}{how}{value}, {spaced(threshold['role'])} {threshold['name']}"


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
        page.bullets("{standing}: {description} {standing_reason}", fallen.iter_rows(named=True)),
    ]
