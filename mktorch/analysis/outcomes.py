"""What became of a campaign's primary KPI after each decision."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import dataframely as dy
import numpy as np
import polars as pl

from mktorch.analysis.before_after import before_after, daily
from mktorch.analysis.comparisons import CONTROL, MOMENTS, compare
from mktorch.config import Metric
from mktorch.config.decision_rules import DecisionRules, Outcome
from mktorch.config.segment_rules import TrendMethod
from mktorch.metrics import METRICS, attribute_of, measure_of
from mktorch.rollups import MEASURES
from mktorch.sources.schemas import Campaigns, OrchestratorDecisions
from mktorch.stats import Sums, ratio_estimate, score_test, smallest_expected_count, welch_test
from mktorch.tables import (
    CAMPAIGN,
    Definition,
    carried,
    count,
    declare,
    fraction,
    number,
    read,
    same,
    text,
    word,
)
from mktorch.vocab import Direction, MetricKind

_PARTS = ("numerator", "denominator")
_SIDES = {"before": CONTROL, "after": ""}
# What a side states -> the column that holds it.
_STATED = {"days": "n", "numerator": "y", "denominator": "x", "value": "value"}
_TESTED = {"lift": "change", "lift_low": "change_low", "lift_high": "change_high"}
_ON = ("decision_id",)
_UNKNOWN = "the primary KPI is not in the registry"
_RULES = ("decision_rules.outcome_days", "metrics")
_TEST = (
    *_RULES,
    "decision_rules.alpha",
    "decision_rules.minimum_days",
    "decision_rules.minimum_volume",
    "decision_rules.minimum_expected_count",
)


# fmt: off
def _side(side: str) -> dict[str, dy.Column]:
    """What the days on one side of a decision state of its campaign's primary KPI."""
    days = f"over the days {side} the decision"
    part, none = "that of the measure", "no day on that side has a record"
    return {
        f"days_{side}": count(f"Number of days {side} the decision that have a record",
            config=_RULES, unit="days"),
        f"numerator_{side}": number(part, f"The KPI's numerator, summed {days}", config=_RULES,
            null=none),
        f"denominator_{side}": number(part, f"The KPI's denominator, summed {days}",
            config=_RULES, null=none),
        f"value_{side}": number("that of the KPI", f"Numerator / denominator, each summed {days}",
            config=_RULES, over=(f"numerator_{side}", f"denominator_{side}"), null=none),
    }


DecisionOutcomes = declare("decision_outcomes",
    "One row per decision: its campaign's primary KPI before and after. The verdict says what "
    "followed, not what caused it.", {
    "decision_id": same(OrchestratorDecisions, "decision_id", _ON, key=True),
    **carried(OrchestratorDecisions, "campaign_id", "timestamp", "trigger", "action_taken", on=_ON),
    "confidence_score": fraction("The decision's confidence as its record states it",
        read("orchestrator_decisions", "confidence_score", on=_ON)),
    **carried(OrchestratorDecisions, "human_override", on=_ON),
    "primary_kpi": same(Campaigns, "primary_kpi", label="Primary KPI"),
    "kind": word(MetricKind, "What kind of metric the KPI is",
        read("campaigns", "primary_kpi", on=CAMPAIGN), config=("metrics",), null=_UNKNOWN),
    "direction": word(Direction, "Which way of the KPI is better",
        read("campaigns", "primary_kpi", on=CAMPAIGN), config=("metrics",), null=_UNKNOWN),
    **_side("before"),
    **_side("after"),
    "difference": number("that of the KPI", "The KPI after the decision less before it",
        null="reason"),
    "lift": fraction("The KPI in the days after the decision / in the days before, less 1",
        null="lift_reason"),
    "lift_low": fraction("Lower end of the lift's interval", null="lift_reason"),
    "lift_high": fraction("Upper end of the lift's interval", null="lift_reason"),
    "lift_reason": text("Why lift or an end of it is missing",
        null="both ends are there, or there is too little data"),
    "p_value": number("p", "p-value of no difference between the days before and after",
        null="reason"),
    "overlapping_decisions": count("Number of the campaign's other decisions in the days before "
        "or after", read("orchestrator_decisions", "timestamp", on=CAMPAIGN),
        config=("decision_rules.outcome_days",), adds=False),
    "verdict": word(Outcome, "What followed: whether the KPI was better or worse after"),
    "reason": text("Why there is too little data", null="there is a verdict"),
}, Definition("", upstream=(read("rollup_day", *MEASURES, on=CAMPAIGN),
    read("orchestrator_decisions", "timestamp", on=_ON)), config=_TEST))
# fmt: on


def decision_outcomes(
    campaigns: pl.DataFrame,
    orchestrator_decisions: pl.DataFrame,
    rollup_day: pl.DataFrame,
    decision_rules: DecisionRules,
    registry: Mapping[str, Metric] = METRICS,
) -> pl.DataFrame:
    """`DecisionOutcomes`, sorted by id.

    The `outcome_days` days before the decision are set against those after it; the day of the
    decision counts to neither, being part of both. A proportion is compared by the score test,
    with Koopman's interval for its lift, over all trials of each side; a ratio by Welch's test
    over days, with Fieller's interval (see `compare`), so that p and interval agree.

    Parameters
    ----------
    campaigns, orchestrator_decisions
        The input tables; `primary_kpi` is a name of `registry`.
    rollup_day
        Performance by campaign, segment, channel and day.
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
    return DecisionOutcomes.of(_verdict(_tested(compared), decision_rules))


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
