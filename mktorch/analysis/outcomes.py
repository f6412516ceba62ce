"""What became of a campaign's primary KPI after each decision."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
import polars as pl

from mktorch.analysis.before_after import before_after, daily
from mktorch.analysis.comparisons import CONTROL, MOMENTS, compare
from mktorch.config import Metric
from mktorch.config.decision_rules import DecisionRules, Outcome
from mktorch.config.segment_rules import TrendMethod
from mktorch.metrics import METRICS, attribute_of, measure_of
from mktorch.stats import Sums, ratio_estimate, score_test, smallest_expected_count, welch_test
from mktorch.vocab import Direction

_PARTS = ("numerator", "denominator")
_SIDES = {"before": CONTROL, "after": ""}
# What a side states -> the column that holds it.
_STATED = {"days": "n", "numerator": "y", "denominator": "x", "value": "value"}
_TESTED = {"lift": "change", "lift_low": "change_low", "lift_high": "change_high"}


def decision_outcomes(
    campaigns: pl.DataFrame,
    orchestrator_decisions: pl.DataFrame,
    rollup_day: pl.DataFrame,
    decision_rules: DecisionRules,
    registry: Mapping[str, Metric] = METRICS,
) -> pl.DataFrame:
    """One row per decision, sorted by id: its campaign's primary KPI before and after.

    The `outcome_days` days before the decision are set against those after it; the day of the
    decision counts to neither, being part of both. A proportion is compared by the score test,
    with Koopman's interval for its lift, over all trials of each side; a ratio by Welch's test
    over days, with Fieller's interval (see `compare`), so that p and interval agree. A verdict
    says what followed, not what caused it: `overlapping_decisions` counts the campaign's other
    decisions within `outcome_days` days.

    Parameters
    ----------
    campaigns, orchestrator_decisions
        The input tables; `primary_kpi` is a name of `registry`.
    rollup_day
        Performance by campaign, segment, channel and day.

    Returns
    -------
    The decision's columns, `primary_kpi`, `kind`, `direction`; for each side `days_` (with rows),
    `numerator_`, `denominator_` and `value_`; `difference`, `lift` (after over before, minus 1)
    with `lift_low` and `lift_high`, `lift_reason` where one of the three is undefined; `p_value`;
    `verdict` (improved and worsened by the KPI's direction) and `reason`. Where the verdict is
    `too_little_data`, difference, lift, interval and p are null and `reason` says what was short.
    """
    kpi = pl.col("primary_kpi")
    kpis = campaigns.select(
        "campaign_id",
        "primary_kpi",
        *(attribute_of(kpi, name, registry).alias(name) for name in ("kind", "direction", *_PARTS)),
    )
    days = (
        daily(rollup_day, "campaign_id")
        .join(kpis.select("campaign_id", "primary_kpi"), on="campaign_id")
        .select(
            "campaign_id",
            "date",
            *(measure_of(kpi, part, registry).cast(pl.Float64).alias(part) for part in _PARTS),
        )
        .drop_nulls()
    )
    dated = orchestrator_decisions.with_columns(pl.col("timestamp").dt.date().alias("day"))
    sides = before_after(dated, days, "decision_id", ("campaign_id",), decision_rules.outcome_days)
    pairs = (
        dated.join(kpis, on="campaign_id", how="left")
        .join(sides, on="decision_id", how="left")
        .join(_overlaps(dated, decision_rules.outcome_days), on="decision_id", how="left")
        .sort("decision_id")
    )
    compared = compare(pairs, decision_rules.alpha, "the days before", "the days after")
    return _verdict(_tested(compared), decision_rules).select(
        "decision_id",
        "campaign_id",
        "timestamp",
        "trigger",
        "action_taken",
        "confidence_score",
        "human_override",
        "primary_kpi",
        "kind",
        "direction",
        *(f"{name}_{side}" for side in _SIDES for name in _STATED),
        "difference",
        *_TESTED,
        "lift_reason",
        "p_value",
        "overlapping_decisions",
        "verdict",
        "reason",
    )


def _overlaps(dated: pl.DataFrame, length: int) -> pl.DataFrame:
    """How many other decisions of the campaign fall within `length` days of each."""
    other = dated.select("campaign_id", other="decision_id", other_day="day")
    near = (pl.col("other_day") - pl.col("day")).abs() <= timedelta(days=length)
    return (
        dated.join(other, on="campaign_id")
        .group_by("decision_id")
        .agg((near.sum() - 1).cast(pl.Int64).alias("overlapping_decisions"))
    )


def _tested(compared: pl.DataFrame) -> pl.DataFrame:
    """With the p-value of the comparison's own method, and a proportion's least expected count."""
    before, after = (
        [compared[f"{name}{suffix}"].cast(pl.Float64).to_numpy() for name in MOMENTS]
        for suffix in _SIDES.values()
    )
    counts = (before[2], before[1], after[2], after[1])
    welch = welch_test(*(ratio_estimate(Sums(*side)) for side in (before, after)))
    by_score = pl.col("method") == TrendMethod.SCORE
    figures = {
        "score_p": score_test(*counts).p_value,
        "daily_p": welch.p_value,
        "expected": smallest_expected_count(*counts),
    }
    return compared.with_columns(
        pl.Series(name, np.asarray(values), pl.Float64).fill_nan(None)
        for name, values in figures.items()
    ).with_columns(
        pl.when(by_score).then("score_p").otherwise("daily_p").alias("p_value"),
        pl.when(by_score).then("expected").alias("expected"),
    )


def _verdict(tested: pl.DataFrame, rules: DecisionRules) -> pl.DataFrame:
    change = pl.col("value") - pl.col(f"value{CONTROL}")
    better = (change > 0) == (pl.col("direction") == Direction.UP)
    enough = pl.col("reason").is_null()
    return (
        tested.with_columns(pl.col(f"n{suffix}").fill_null(0) for suffix in _SIDES.values())
        .with_columns(_too_little(rules).alias("reason"))
        .with_columns(
            *(
                pl.col(f"{column}{suffix}").alias(f"{name}_{side}")
                for side, suffix in _SIDES.items()
                for name, column in _STATED.items()
            ),
            *(pl.when(enough).then(column).alias(name) for name, column in _TESTED.items()),
            pl.when(enough).then(change).alias("difference"),
            pl.when(enough).then("p_value").alias("p_value"),
            pl.when(enough).then("change_reason").alias("lift_reason"),
            pl.when(~enough)
            .then(pl.lit(str(Outcome.TOO_LITTLE_DATA)))
            .when(pl.col("p_value") >= rules.alpha)
            .then(pl.lit(str(Outcome.NO_CHANGE)))
            .when(better)
            .then(pl.lit(str(Outcome.IMPROVED)))
            .otherwise(pl.lit(str(Outcome.WORSENED)))
            .alias("verdict"),
        )
    )


def _too_little(rules: DecisionRules) -> pl.Expr:
    """The first thing that forbids a verdict, in words; null where nothing does."""
    unknown = pl.format("the primary KPI {} is not in the registry", "primary_kpi")
    checks: list[tuple[pl.Expr, pl.Expr]] = [(pl.col("kind").is_null(), unknown)]
    for side, suffix in _SIDES.items():
        days = pl.col(f"n{suffix}")
        words = pl.format(f"{{}} of {rules.minimum_days} days needed {side}", days)
        checks.append((days < rules.minimum_days, words))
    for side, suffix in _SIDES.items():
        volume, least = pl.col(f"x{suffix}"), rules.minimum_volume
        words = pl.format(f"{{}} {{}} {side}, {least:g} needed", volume.round(2), "denominator")
        checks.append((~(volume > 0) | (volume < least), words))
    expected = pl.col("expected")
    checks += [
        (
            expected < rules.minimum_expected_count,
            pl.format("too few {}: {} expected on a side", "numerator", expected.round(1)),
        ),
        (pl.col("p_value").is_null(), pl.lit("the days do not vary: nothing to test against")),
    ]
    return pl.coalesce(*(pl.when(failed).then(words) for failed, words in checks))
