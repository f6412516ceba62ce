"""What performance holds of the experiments in scope: in all, by arm and day, by weekday."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from mktorch.analysis.experiments.arms import arms
from mktorch.analysis.experiments.terms import Terms
from mktorch.clock import Clock
from mktorch.rollups import ADDED, MEASURES
from mktorch.sums import total
from mktorch.vocab import Measure

_LATE = {Measure.CONVERSIONS, Measure.REVENUE}
DUE = 10
"""Conversions due on the last days, none of which came, that show that they are yet to arrive."""
_KEY = ("experiment_id", "arm", "date")


def arm_sums(experiments: pl.DataFrame, rollup_experiment: pl.DataFrame) -> pl.DataFrame:
    """The rows of `rollup_experiment` whose experiment is known, and of the asset's campaign."""
    key = ["experiment_id", "campaign_id"]
    return rollup_experiment.join(experiments, on=key, how="semi", maintain_order="left")


def arm_days(
    experiments: pl.DataFrame,
    arm_sums: pl.DataFrame,
    rollup_experiment_day: pl.DataFrame,
    terms: Terms,
    clock: Clock,
) -> pl.DataFrame:
    """One row per experiment, arm and day, sorted: the sums of the arm's assets.

    Days whose conversions have not all arrived are left out where the metric counts conversions or
    revenue: the last `conversion_lag_days` before the report's moment, and the last ones without
    any conversion where ten were due. `held_back` counts an experiment's. `claimed` marks days of
    rows that do not name the experiment.
    """
    listed = arms(experiments).select("experiment_id", "arm", "asset_id")
    days = listed.join(_of(arm_sums, rollup_experiment_day), on=["experiment_id", "asset_id"])
    if _grouped(listed):
        days = days.group_by(_KEY).agg(*ADDED, pl.col("claimed").any())
    ripe = _ripe(days, experiments, terms, clock)
    return (
        days.join(ripe, on="experiment_id", how="left")
        .with_columns(
            held_back=(pl.col("date").unique() > pl.col("ripe").first())
            .sum()
            .over("experiment_id")
            .cast(pl.Int64)
        )
        .filter(~(pl.col("date") > pl.col("ripe")).fill_null(value=False))
        .select(*_KEY, *MEASURES, "claimed", "held_back")
        .sort(_KEY)
    )


def _ripe(
    days: pl.DataFrame, experiments: pl.DataFrame, terms: Terms, clock: Clock
) -> pl.DataFrame:
    """The last day of each experiment whose conversions are in; null where all are."""
    late = [
        name
        for name, metric in terms.metrics.items()
        if _LATE & {metric.numerator, metric.denominator}
    ]
    declared = clock.day - timedelta(days=terms.rules.conversion_lag_days)
    daily = (
        days.group_by("experiment_id", "date")
        .agg(pl.col("impressions", "conversions").sum())
        .join(experiments.select("experiment_id", "metric"), on="experiment_id")
        .filter(pl.col("metric").is_in(late))
    )
    last = pl.col("date").filter(pl.col("conversions") > 0).max()
    known = pl.col("date") <= pl.col("last")
    rate = pl.col("conversions").sum() / pl.col("impressions").filter(known).sum()
    due = rate * pl.col("impressions").filter(~known).sum()
    seen = pl.when(due >= DUE).then(pl.col("last").first())
    held = pl.lit(declared if terms.rules.conversion_lag_days else None, pl.Date)
    return (
        daily.with_columns(last.over("experiment_id").alias("last"))
        .group_by("experiment_id")
        .agg(pl.min_horizontal(seen, held).alias("ripe"))
    )


def arm_weekdays(
    experiments: pl.DataFrame, arm_sums: pl.DataFrame, rollup_experiment_weekday: pl.DataFrame
) -> pl.DataFrame:
    """One row per experiment, arm and weekday, sorted: its sums, and those before the start."""
    listed = arms(experiments).select("experiment_id", "arm", "asset_id")
    found = listed.join(_of(arm_sums, rollup_experiment_weekday), on=["experiment_id", "asset_id"])
    key = ("experiment_id", "arm", "weekday")
    if _grouped(listed):
        measures = [name for name in found.columns if name not in (*key, "asset_id", "days")]
        found = found.group_by(key).agg(*map(total, measures), pl.col("days").max())
    return found.drop("asset_id", strict=False).sort(key)


def _grouped(arms: pl.DataFrame) -> bool:
    """Whether an arm has several assets, whose rows are to be added."""
    return bool(arms.select(pl.struct("experiment_id", "arm").is_duplicated().any()).item())


def arm_units(
    experiments: pl.DataFrame, arm_days: pl.DataFrame, rollup_experiment_unit: pl.DataFrame
) -> pl.DataFrame:
    """One row per experiment, arm, unit and day that count, sorted: the sums of the arm's assets.

    Empty where no record names a unit.
    """
    listed = arms(experiments).select("experiment_id", "arm", "asset_id")
    key = ("experiment_id", "arm", "unit", "date")
    return (
        listed.join(rollup_experiment_unit, on=["experiment_id", "asset_id"])
        .join(arm_days, on=_KEY, how="semi")
        .group_by(key)
        .agg(ADDED)
        .sort(key)
    )


def _of(arms: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.join(arms, on=["experiment_id", "asset_id"], how="semi", maintain_order="left")
