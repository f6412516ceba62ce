"""Strata: whether the weeks tell the same story as their sum."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from mktorch.config import Metric
from mktorch.metrics import value_of

LEAST = 2
"""Weeks in which both arms must have a value before a reversal is called one."""


def reversals(
    pairs: pl.DataFrame, rollup_week: pl.DataFrame, metrics: Mapping[str, Metric]
) -> pl.DataFrame:
    """Pairs whose difference has, in every calendar week, the other sign than in the whole.

    An arm is one asset with one segment, so the strata that can mislead are weeks: traffic that
    shifts between arms while rates drift. Returns experiment_id, arm; one row per reversed pair.
    Source: Simpson (1951), JRSS B 13.
    """
    values = (
        rollup_week.join(
            pairs.select("experiment_id", "metric").unique(), on="experiment_id", how="inner"
        )
        .select("experiment_id", "asset_id", "week", value_of(pl.col("metric"), metrics).alias("v"))
        .drop_nulls("v")
    )
    key = ["experiment_id", "arm"]
    by_week = (
        pairs.select(*key, "control_asset", "variant_asset", "control_value", "variant_value")
        .join(
            values,
            left_on=["experiment_id", "control_asset"],
            right_on=["experiment_id", "asset_id"],
        )
        .join(
            values,
            left_on=["experiment_id", "variant_asset", "week"],
            right_on=["experiment_id", "asset_id", "week"],
            suffix="_variant",
        )
    )
    whole = (pl.col("variant_value") - pl.col("control_value")).sign()
    weekly = (pl.col("v_variant") - pl.col("v")).sign()
    return (
        by_week.group_by(key)
        .agg(((weekly * whole) < 0).all().alias("reversed"), pl.len().alias("weeks"))
        .filter(pl.col("reversed") & (pl.col("weeks") >= LEAST))
        .select(key)
        .sort(key)
    )
