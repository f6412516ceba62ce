"""What performance holds of the experiments in scope: in all, by calendar week, by weekday."""

from __future__ import annotations

import polars as pl


def arm_sums(experiments: pl.DataFrame, rollup_experiment: pl.DataFrame) -> pl.DataFrame:
    """The rows of `rollup_experiment` whose experiment is known, and of the asset's campaign."""
    key = ["experiment_id", "campaign_id"]
    return rollup_experiment.join(experiments, on=key, how="semi", maintain_order="left")


def arm_weeks(arm_sums: pl.DataFrame, rollup_experiment_week: pl.DataFrame) -> pl.DataFrame:
    """The same arms by calendar week."""
    return _of(arm_sums, rollup_experiment_week)


def arm_weekdays(arm_sums: pl.DataFrame, rollup_experiment_weekday: pl.DataFrame) -> pl.DataFrame:
    """The same arms by weekday."""
    return _of(arm_sums, rollup_experiment_weekday)


def _of(arms: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.join(arms, on=["experiment_id", "asset_id"], how="semi", maintain_order="left")
