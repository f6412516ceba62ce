"""The decision record: who decided, how surely, what set it off, and what kind of act it was."""

from __future__ import annotations

import re

import polars as pl

from mktorch.config.decision_rules import DecisionRules
from mktorch.stats import wilson
from mktorch.sums import micros, ratio, units
from mktorch.tables import (
    Table,
    by_campaign,
    count,
    day,
    fraction,
    key,
    number,
    read,
    reason,
    text,
    texts,
)

_WEEK_SECONDS = 7 * 24 * 3600
_DECISIONS = "orchestrator_decisions"
_OVERRIDDEN = by_campaign(_DECISIONS, "human_override")
_WEEKLY = read(_DECISIONS, "human_override")
_ALPHA = ("decision_rules.alpha",)
_PATTERNS = ("decision_rules.patterns",)


# fmt: off
class DecisionInsights(Table):
    """One row per campaign: who decided, how surely, and what kind of act it was."""

    campaign_id = key("The campaign")
    total_decisions = count("Number of decisions", by_campaign(_DECISIONS, "decision_id"))
    automated_decisions = count("Number of decisions not overridden", _OVERRIDDEN)
    human_overrides = count("Number of decisions that a person overrode", _OVERRIDDEN)
    override_rate = fraction("Decisions that a person overrode / decisions", _OVERRIDDEN,
        over=("human_overrides", "total_decisions"), null="reason")
    average_confidence = fraction("Mean confidence of the decisions",
        by_campaign(_DECISIONS, "confidence_score"), null="reason")
    common_triggers = texts("What set decisions off, the most frequent first, then by name",
        by_campaign(_DECISIONS, "trigger"), config=("decision_rules.common_triggers",))
    decision_patterns = texts("Every pattern of action that occurs, the most frequent first, then "
        "by name; one decision may show several", by_campaign(_DECISIONS, "action_taken"),
        config=_PATTERNS)
    unmatched_decisions = count("Number of decisions that fit no pattern",
        by_campaign(_DECISIONS, "action_taken"), config=_PATTERNS)
    confidence_slope_per_week = number("fraction per week",
        "Least-squares slope of confidence over time",
        by_campaign(_DECISIONS, "confidence_score", "timestamp"),
        config=("decision_rules.trend_minimum_decisions",), null="confidence_slope_reason")
    confidence_slope_reason = reason("the slope")
    reason = text("Why rate and mean are missing", null="they are there")


class DecisionTrend(Table):
    """One row per ISO week from the first decision to the last, those without one included."""

    week = key("The week, as 2026-W10")
    week_start = day("Its Monday")
    decisions = count("Number of decisions in the week", read(_DECISIONS, "timestamp"))
    human_overrides = count("Number of them that a person overrode", _WEEKLY)
    override_rate = fraction("Decisions that a person overrode / decisions", _WEEKLY,
        over=("human_overrides", "decisions"), null="reason")
    override_low = fraction("Lower end of Wilson's interval for the rate", _WEEKLY, config=_ALPHA,
        null="reason")
    override_high = fraction("Upper end of Wilson's interval for the rate", _WEEKLY, config=_ALPHA,
        null="reason")
    mean_confidence = fraction("Mean confidence of the week's decisions",
        read(_DECISIONS, "confidence_score"), null="reason")
    reason = text("Why figures of the week are missing", null="they are there")
# fmt: on


def decision_insights(
    campaigns: pl.DataFrame, orchestrator_decisions: pl.DataFrame, decision_rules: DecisionRules
) -> pl.DataFrame:
    """`DecisionInsights`, the seed's record and how confidence moves, sorted by id."""
    shown = decision_patterns(orchestrator_decisions, decision_rules)
    override, confidence = pl.col("human_override"), micros(pl.col("confidence_score"))
    counts = ("total_decisions", "automated_decisions", "human_overrides")
    record = orchestrator_decisions.group_by("campaign_id").agg(
        pl.len().cast(pl.Int64).alias("total_decisions"),
        (~override).sum().cast(pl.Int64).alias("automated_decisions"),
        override.sum().cast(pl.Int64).alias("human_overrides"),
        (units(confidence.sum()) / pl.len()).alias("average_confidence"),
        _slope().alias("confidence_slope_per_week"),
    )
    matched = shown.select("decision_id").unique()
    unmatched = (
        orchestrator_decisions.join(matched, on="decision_id", how="anti")
        .group_by("campaign_id")
        .agg(pl.len().cast(pl.Int64).alias("unmatched_decisions"))
    )
    joined = campaigns.select("campaign_id")
    for table in (
        record,
        _ranked(orchestrator_decisions, "trigger").rename({"names": "common_triggers"}),
        _ranked(shown, "pattern").rename({"names": "decision_patterns"}),
        unmatched,
    ):
        joined = joined.join(table, on="campaign_id", how="left")
    few = pl.col("total_decisions") < decision_rules.trend_minimum_decisions
    slope = pl.col("confidence_slope_per_week")
    return DecisionInsights.of(
        joined.with_columns(
            pl.col(*counts, "unmatched_decisions").fill_null(0),
            pl.col("common_triggers").fill_null([]).list.head(decision_rules.common_triggers),
            pl.col("decision_patterns").fill_null([]),
        )
        .with_columns(
            ratio(pl.col("human_overrides"), pl.col("total_decisions")).alias("override_rate"),
            pl.when(~few).then(slope).alias(slope.meta.output_name()),
            pl.when(few)
            .then(pl.lit(f"fewer than {decision_rules.trend_minimum_decisions} decisions"))
            .when(slope.is_null())
            .then(pl.lit("all decisions have one timestamp"))
            .alias("confidence_slope_reason"),
            pl.when(pl.col("total_decisions") == 0)
            .then(pl.lit("no decision is recorded"))
            .alias("reason"),
        )
        .sort("campaign_id")
    )


def decision_patterns(decisions: pl.DataFrame, rules: DecisionRules) -> pl.DataFrame:
    """One row per decision and pattern it shows: `decision_id`, `campaign_id`, `pattern`; sorted.

    A pattern fits where one of its phrases does, a phrase where each of its words begins a word
    of `action_taken`, in any order and case.
    """
    named = [
        decisions.filter(_fits(pl.col("action_taken"), phrases)).select(
            "decision_id", "campaign_id", pl.lit(name).alias("pattern")
        )
        for name, phrases in rules.patterns.items()
    ]
    none = decisions.clear().select("decision_id", "campaign_id", pl.lit("").alias("pattern"))
    return pl.concat((none, *named)).sort("decision_id", "pattern")


def decision_trend(
    orchestrator_decisions: pl.DataFrame, decision_rules: DecisionRules
) -> pl.DataFrame:
    """`DecisionTrend`, sorted by week."""
    week = pl.col("timestamp").dt.date().dt.truncate("1w").alias("week_start")
    dated = orchestrator_decisions.with_columns(week)
    weeks = dated.select(
        pl.date_ranges(pl.col("week_start").min(), pl.col("week_start").max(), "1w")
    ).explode("week_start")
    seen = dated.group_by("week_start").agg(
        pl.len().cast(pl.Int64).alias("decisions"),
        pl.col("human_override").sum().cast(pl.Int64).alias("human_overrides"),
        (units(micros(pl.col("confidence_score")).sum()) / pl.len()).alias("mean_confidence"),
    )
    weekly = (
        weeks.drop_nulls()
        .join(seen, on="week_start", how="left")
        .with_columns(pl.col("decisions", "human_overrides").fill_null(0))
        .sort("week_start")
    )
    decided, overrides = pl.col("decisions"), pl.col("human_overrides")
    interval = wilson(
        weekly["human_overrides"].to_numpy(),
        weekly["decisions"].to_numpy(),
        alpha=decision_rules.alpha,
    )
    return DecisionTrend.of(
        weekly.with_columns(
            pl.col("week_start").dt.strftime("%G-W%V").alias("week"),
            ratio(overrides, decided).alias("override_rate"),
            pl.Series("override_low", interval.low, pl.Float64).fill_nan(None),
            pl.Series("override_high", interval.high, pl.Float64).fill_nan(None),
            pl.when(decided == 0).then(pl.lit("no decision in this week")).alias("reason"),
        )
    )


def _fits(text: pl.Expr, phrases: tuple[str, ...]) -> pl.Expr:
    return pl.any_horizontal(
        pl.all_horizontal(text.str.contains(rf"(?i)\b{re.escape(word)}") for word in phrase.split())
        for phrase in phrases
    )


def _ranked(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """Per campaign, the values of a column as a list: the most frequent first, then by name."""
    return (
        frame.group_by("campaign_id", column)
        .len()
        .sort("campaign_id", "len", column, descending=[False, True, False])
        .group_by("campaign_id", maintain_order=True)
        .agg(pl.col(column).alias("names"))
    )


def _slope() -> pl.Expr:
    """Least-squares slope of confidence per week, from exact integer sums; null without spread."""
    x = pl.col("timestamp").dt.epoch("s").cast(pl.Int128)
    y = micros(pl.col("confidence_score"))
    n = pl.len().cast(pl.Int128)
    cross = n * (x * y).sum() - x.sum() * y.sum()
    spread = n * (x * x).sum() - x.sum() * x.sum()
    return ratio(units(cross) * _WEEK_SECONDS, spread.cast(pl.Float64))
