"""What performance holds of the experiments in scope: in all, by arm and day, by weekday."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.experiments.arms import arms
from mktorch.rollups import MEASURES
from mktorch.sums import known_sum, total
from mktorch.vocab import Measure

_COUNTED = (Measure.IMPRESSIONS, Measure.CLICKS)
_KEY = ("experiment_id", "arm", "date")


def arm_sums(experiments: pl.DataFrame, rollup_experiment: pl.DataFrame) -> pl.DataFrame:
    """The rows of `rollup_experiment` whose experiment is known, and of the asset's campaign."""
    key = ["experiment_id", "campaign_id"]
    return rollup_experiment.join(experiments, on=key, how="semi", maintain_order="left")


def arm_days(
    experiments: pl.DataFrame, arm_sums: pl.DataFrame, rollup_experiment_day: pl.DataFrame
) -> pl.DataFrame:
    """One row per experiment, arm and day, sorted: the sums of the arm's assets."""
    listed = arms(experiments).select("experiment_id", "arm", "asset_id")
    days = listed.join(_of(arm_sums, rollup_experiment_day), on=["experiment_id", "asset_id"])
    grouped = listed.select(pl.struct("experiment_id", "arm").is_duplicated().any()).item()
    if grouped:
        added = (known_sum(m) if m in _COUNTED else total(m) for m in MEASURES)
        days = days.group_by(_KEY).agg(*added)
    return days.select(*_KEY, *MEASURES).sort(_KEY)


def arm_weekdays(
    experiments: pl.DataFrame, arm_sums: pl.DataFrame, rollup_experiment_weekday: pl.DataFrame
) -> pl.DataFrame:
    """One row per experiment, arm and weekday, sorted: its sums, and those before the start."""
    listed = arms(experiments).select("experiment_id", "arm", "asset_id")
    found = listed.join(_of(arm_sums, rollup_experiment_weekday), on=["experiment_id", "asset_id"])
    key = ("experiment_id", "arm", "weekday")
    measures = [name for name in found.columns if name not in (*key, "asset_id", "days")]
    return found.group_by(key).agg(*map(total, measures), pl.col("days").max()).sort(key)


def _of(arms: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.join(arms, on=["experiment_id", "asset_id"], how="semi", maintain_order="left")
