"""Strata: whether the weeks tell the same story as their sum."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from mktorch.config import Metric
from mktorch.metrics import value_of
from mktorch.rollups import MEASURES
from mktorch.sums import total

LEAST = 2
"""Weeks in which both arms must have a value before a reversal is called one."""


def reversals(
    pairs: pl.DataFrame, arm_days: pl.DataFrame, metrics: Mapping[str, Metric]
) -> pl.DataFrame:
    """Pairs whose difference has, in every calendar week, the other sign than in the whole.

    The strata that can mislead are weeks: traffic that shifts between arms while rates drift.
    Returns experiment_id, arm; one row per reversed pair. Source: Simpson (1951), JRSS B 13.
    """
    key = ["experiment_id", "arm"]
    week = pl.col("date").dt.truncate("1w").alias("week")
    weeks = arm_days.group_by(*key, week).agg(*map(total, MEASURES))
    values = (
        weeks.join(pairs.select("experiment_id", "metric").unique(), on="experiment_id")
        .select(*key, "week", value_of(pl.col("metric"), metrics).alias("v"))
        .drop_nulls("v")
    )
    control = values.filter(pl.col("arm") == 0).drop("arm")
    by_week = (
        pairs.select(*key, "control_value", "variant_value")
        .join(values, on=key)
        .join(control, on=["experiment_id", "week"], suffix="_control")
    )
    whole = (pl.col("variant_value") - pl.col("control_value")).sign()
    weekly = (pl.col("v") - pl.col("v_control")).sign()
    return (
        by_week.group_by(key)
        .agg(((weekly * whole) < 0).all().alias("reversed"), pl.len().alias("weeks"))
        .filter(pl.col("reversed") & (pl.col("weeks") >= LEAST))
        .select(key)
        .sort(key)
    )
