"""Recommendations: what to do, why, what it should bring, and what to do first."""

from __future__ import annotations

import polars as pl
import polars.selectors as cs

from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
    money,
    of_campaign,
)
from mktorch.display.sections.wording import (
    texts,
)
from mktorch.display.status import Status, Statuses, Tone
from mktorch.display.tables import Column, Table
from mktorch.formats import CURRENCY, CURRENCY_COMPACT, INTEGER, Format, Kind, Locale
from mktorch.runs import Run
from mktorch.vocab import Priority
from mktorch.words import capitals, count, joined, spaces

PRIORITY: Statuses = {
    Priority.HIGH: Status("High", Tone.BAD),
    Priority.MEDIUM: Status("Medium", Tone.WATCH),
    Priority.LOW: Status("Low", Tone.STEADY),
}
_TOP = 6  # recommendations on a page about every campaign
_POINTS = Format(Kind.DECIMAL, decimals=1, signed=True)
# What an action is expected to bring: words, then low, point and high column and their format.
_EFFECTS = (
    ("savings", "savings_low", "cost_savings", "savings_high", CURRENCY_COMPACT, ""),
    ("revenue", "revenue_low", "revenue_impact", "revenue_high", CURRENCY_COMPACT, ""),
    ("return", "roi_lift_low", "roi_lift_percentage", "roi_lift_high", _POINTS, "%"),
)


@section("recommendations", "campaigns")
def recommendations(run: Run, campaign: str = "") -> Table:
    """What is recommended, by rank: action and target, why, expected effect, who carries it out."""
    whole = of_campaign(run, "recommendations", campaign)
    found = whole.drop(cs.nested()).sort("rank")
    frame = found.with_columns(
        what=_action(found),
        owner=capitals(pl.col("owner")),
        **effects(found, locale_of(run)),
    )
    return Table(
        id="recommendations",
        frame=frame,
        columns=(
            Column(name="rank", label="No.", format=INTEGER),
            Column(name="priority", label="Priority", statuses=PRIORITY),
            Column(name="what", label="Action", detail="target_name", weight=1.2),
            Column(
                name="description", label=("Action and rationale"), detail="rationale", weight=2.6
            ),
            Column(
                name="effect",
                label="Expected effect",
                detail="effect_detail",
                missing="no estimate, for the reason shown",
                weight=1.5,
            ),
            Column(name="owner", label="Owner", weight=0.8),
        ),
        title=_finding(run, found),
        notes=(
            (
                "Ranked by priority, then amount at stake. Expected effect: point estimate, "
                "with low to high and confidence below it; return is a percentage of the "
                "target's own."
            ),
        ),
        source="recommendations",
        key=("recommendation_id",),
        most=0 if campaign else _TOP,
        empty="No rule's conditions are met.",
        locale=locale_of(run),
    )


@section("next_steps")
def next_steps(run: Run) -> Table:
    """The first thing to do for each of the gravest recommendations, and by whom."""
    steps = run.tables["next_steps"].sort("order")
    frame = steps.with_columns(
        number=pl.col("order").cast(pl.String),
        first=capitals(pl.coalesce("first_action", "step")),
        owner=capitals(pl.col("owner")),
    )
    owners = steps["owner"].drop_nulls().unique().sort().to_list()
    return Table(
        id="next-steps",
        frame=frame,
        key=("order",),
        columns=(
            Column(name="number", label="No.", weight=0.2),
            Column(name="first", label="First action", detail="step", weight=3.0),
            Column(name="owner", label="Owner", weight=0.9),
            Column(name="priority", label="Priority", statuses=PRIORITY),
            Column(name="stake", label="At stake", format=CURRENCY, missing="no amount available"),
        ),
        title=(
            f"{count(steps.height, 'step')} assigned to {joined(map(str.lower, owners))}."
            if owners
            else "No steps are assigned."
        ),
        notes=("First step of each top recommendation, by rank.",),
        source="next_steps",
        empty="No recommendations.",
        locale=locale_of(run),
    )


def _action(frame: pl.DataFrame) -> pl.Series:
    return frame.select(capitals(spaces(pl.col("action")))).to_series()


def effects(frame: pl.DataFrame, locale: Locale) -> dict[str, pl.Expr]:
    """`effect`, the point of every stated effect; `effect_detail`, its range and confidence."""
    points, ranges = [], []
    for verb, low, point, high, fmt, unit in _EFFECTS:
        low_text, text, high_text = (texts(frame[name], fmt, locale) for name in (low, point, high))
        points.append(pl.format(f"{verb} {{}}{unit}", text))
        ranges.append(pl.format(f"{{}}{unit} to {{}}{unit}", low_text, high_text))
    confidence = pl.format("{} confidence", "confidence")
    stated = pl.concat_list(ranges).list.drop_nulls().list.join("; ")
    detail = pl.concat_str(
        pl.when(stated != "").then(stated), confidence, separator=", ", ignore_nulls=True
    )
    joined = pl.concat_list(points).list.drop_nulls().list.join("; ")
    return {
        "effect": capitals(pl.when(joined != "").then(joined)),
        "effect_detail": pl.when(joined != "").then(detail).otherwise("impact_reason"),
    }


def _finding(run: Run, found: pl.DataFrame) -> str:
    if found.is_empty():
        return "No recommendations."
    high = found.filter(priority=str(Priority.HIGH)).height
    first = f"{count(found.height, 'recommendation')}, {high or 'none'} high priority"
    most = found.drop_nulls("stake").sort("stake", "rank", descending=[True, False]).head(1)
    if most.is_empty():
        return f"{first}."
    where = most["target_name"][0] or most["target_id"][0]
    return f"{first}; the largest amount at stake, {money(run, most['stake'][0])}, is in {where}."
