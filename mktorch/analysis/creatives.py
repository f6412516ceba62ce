"""Each creative's primary KPI against the other creatives of its segment."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from mktorch.analysis.before_after import daily
from mktorch.analysis.comparisons import CONTROL, compare, moments
from mktorch.analysis.experiments.arms import arms
from mktorch.analysis.money import exact, total
from mktorch.clock import Clock
from mktorch.config import Metric
from mktorch.config.segment_rules import SegmentRules
from mktorch.metrics import attribute_of, measure_of, ratio
from mktorch.vocab import Direction, ExperimentStatus

_KEYS = ("campaign_id", "segment_id", "asset_id")
_SEGMENT = ("campaign_id", "segment_id")
_KPI = pl.col("primary_kpi")
_PARTS = ("numerator", "denominator")


def creative_standing(
    campaigns: pl.DataFrame,
    rollup_asset_day: pl.DataFrame,
    experiments: pl.DataFrame,
    clock: Clock,
    registry: Mapping[str, Metric],
    segment_rules: SegmentRules,
) -> pl.DataFrame:
    """How each creative stands in its segment in the current window; one row per asset, sorted.

    Parameters
    ----------
    campaigns, registry
        What the campaign's `primary_kpi` is.
    rollup_asset_day
        Performance by asset_id, campaign_id, segment_id, channel_id and date.
    experiments
        The input table.
    segment_rules
        One minus the confidence of the interval.

    Returns
    -------
    `asset_id`, `campaign_id`, `segment_id`; `peers`, the segment's other assets that delivered;
    `running_experiments`, those it is an arm of;
    `primary_kpi`, its `kpi_direction` and the measure `kpi_numerator`; `kpi_value`, and
    `rest_value`, that of the peers together; `difference` (relative: 0.1 is 10 % above the
    peers), `difference_low`, `difference_high`, `method`, and `reason` where one of them is null;
    `attainment`, KPI over the peers' KPI turned so that above 1 is better; `shortfall`, the end
    of the interval that is kinder to the asset, turned so that below 0 it is surely worse.

    See `comparisons.compare` for the intervals.
    """
    days = _days(campaigns, rollup_asset_day, registry).filter(
        pl.col("date").is_between(*clock.current)
    )
    keys = (
        days.select(*_KEYS, "primary_kpi", "kind", "direction", *(f"{p}_name" for p in _PARTS))
        .unique()
        .with_columns((pl.len().over(_SEGMENT) - 1).cast(pl.Int64).alias("peers"))
        .rename({f"{part}_name": part for part in _PARTS})
    )
    pairs = (
        keys.join(moments(days, *_KEYS), on=_KEYS, how="left")
        .join(moments(_rest(days), *_KEYS), on=_KEYS, how="left", suffix=CONTROL)
        .join(_running(experiments), on="asset_id", how="left")
        .sort("asset_id")
    )
    down = pl.col("direction") == Direction.DOWN
    value, rest = pl.col("value"), pl.col("value_control")
    return compare(
        pairs, segment_rules.trend_alpha, "the segment's other creatives", "the current window"
    ).select(
        "asset_id",
        *_SEGMENT,
        "peers",
        pl.col("running_experiments").fill_null(0),
        "primary_kpi",
        kpi_direction="direction",
        kpi_numerator="numerator",
        kpi_value="value",
        rest_value="value_control",
        difference="change",
        difference_low="change_low",
        difference_high="change_high",
        method="method",
        reason="change_reason",
        attainment=pl.when(down).then(ratio(rest, value)).otherwise(ratio(value, rest)),
        shortfall=pl.when(down).then(-pl.col("change_low")).otherwise(pl.col("change_high")),
    )


def _days(
    campaigns: pl.DataFrame, asset_days: pl.DataFrame, metrics: Mapping[str, Metric]
) -> pl.DataFrame:
    """One row per asset and day: numerator and denominator of its campaign's primary KPI."""
    return (
        daily(asset_days, *_KEYS)
        .join(campaigns.select("campaign_id", "primary_kpi"), on="campaign_id", how="left")
        .select(
            *_KEYS,
            "date",
            "primary_kpi",
            *(attribute_of(_KPI, name, metrics).alias(name) for name in ("kind", "direction")),
            *(attribute_of(_KPI, part, metrics).alias(f"{part}_name") for part in _PARTS),
            *(measure_of(_KPI, part, metrics).cast(pl.Float64).alias(part) for part in _PARTS),
        )
    )


def _rest(days: pl.DataFrame) -> pl.DataFrame:
    """For each asset, the daily sums of its segment's other assets: all less its own."""
    whole = days.group_by(*_SEGMENT, "date").agg(
        *(total(part) for part in _PARTS), pl.len().alias("delivering")
    )
    return (
        days.select(_KEYS)
        .unique()
        .join(whole, on=_SEGMENT)
        .join(days.with_columns(own=1), on=(*_KEYS, "date"), how="left", suffix="_own")
        .filter(pl.col("delivering") > pl.col("own").fill_null(0))
        .with_columns(exact(pl.col(p) - pl.col(f"{p}_own").fill_null(0.0)) for p in _PARTS)
    )


def _running(experiments: pl.DataFrame) -> pl.DataFrame:
    """How many running experiments each asset is an arm of."""
    return (
        arms(experiments)
        .filter(pl.col("status") == ExperimentStatus.RUNNING)
        .group_by("asset_id")
        .agg(pl.col("experiment_id").n_unique().cast(pl.Int64).alias("running_experiments"))
    )
