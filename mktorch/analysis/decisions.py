"""The decision record: who decided, how surely, what set it off, and what kind of act it was."""

from __future__ import annotations

import re

import polars as pl

from mktorch.config.decision_rules import DecisionRules
from mktorch.metrics import ratio
from mktorch.stats import wilson
from mktorch.sums import micros, units

_WEEK_SECONDS = 7 * 24 * 3600


def decision_insights(
    campaigns: pl.DataFrame, orchestrator_decisions: pl.DataFrame, decision_rules: DecisionRules
) -> pl.DataFrame:
    """One row per campaign, sorted by id: the seed's record, and how confidence moves.

    `total_decisions`, `automated_decisions` (not overridden), `human_overrides`, `override_rate`,
    `average_confidence` (0 to 1), `common_triggers` (the most frequent, then by name, at most
    `rules.common_triggers`), `decision_patterns` (every pattern of `rules.patterns` that occurs,
    the most frequent first, then by name; one decision may show several), `unmatched_decisions`
    (fitting no pattern), and `confidence_slope_per_week`: the least-squares slope of confidence
    over time. A campaign without decisions has zero counts, empty lists, null figures and a
    `reason`; the slope is null with `confidence_slope_reason` where there are fewer decisions
    than `rules.trend_minimum_decisions` or all have one timestamp.
    """
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
    return (
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
        .select(
            "campaign_id",
            *counts,
            "override_rate",
            "average_confidence",
            "common_triggers",
            "decision_patterns",
            "unmatched_decisions",
            "confidence_slope_per_week",
            "confidence_slope_reason",
            "reason",
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
    """One row per ISO week from the first decision to the last, those without one included.

    `week` (2026-W10), `week_start` (its Monday), `decisions`, `human_overrides`, `override_rate`
    with the ends of its Wilson interval (`override_low`, `override_high`) and `mean_confidence`:
    null with `reason` in a week without decisions.
    """
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
    count, overrides = pl.col("decisions"), pl.col("human_overrides")
    interval = wilson(
        weekly["human_overrides"].to_numpy(),
        weekly["decisions"].to_numpy(),
        alpha=decision_rules.alpha,
    )
    return weekly.select(
        pl.col("week_start").dt.strftime("%G-W%V").alias("week"),
        "week_start",
        "decisions",
        "human_overrides",
        ratio(overrides, count).alias("override_rate"),
        pl.Series("override_low", interval.low, pl.Float64).fill_nan(None),
        pl.Series("override_high", interval.high, pl.Float64).fill_nan(None),
        "mean_confidence",
        pl.when(count == 0).then(pl.lit("no decision in this week")).alias("reason"),
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
