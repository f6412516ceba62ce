"""Every measure and metric by campaign and window, and by segment beside the whole."""

from __future__ import annotations

from collections.abc import Mapping

import dataframely as dy
import polars as pl

from mktorch.config import Metric
from mktorch.paired import pooled
from mktorch.rollups import ADDED, MEASURES
from mktorch.sums import ratio
from mktorch.tables import CAMPAIGN, Table, key, multiple, number, read, word
from mktorch.vocab import Direction, Window

_UNIT = "that of the metric"
_EVER = ("campaign_id", "segment_id")


# fmt: off
def _campaign() -> dy.String:
    return key("The campaign", null="the row is of all campaigns")


def _metric() -> dy.String:
    return key("A measure, or a metric of the registry")


class WindowMetrics(Table):
    """One row per campaign, and for all of them, window and measure or metric."""

    campaign_id = _campaign()
    window = word(Window, "All dates, the current window or the one before", key=True)
    metric = _metric()
    value = number(_UNIT, "The measure, or the metric's numerator / its denominator, each summed "
        "over the window and the campaigns first, over the days that know both",
        read("rollup_campaign", *MEASURES, on=(*CAMPAIGN, "window")),
        read("rollup_paired", "numerator", "denominator", on=(*CAMPAIGN, "window")),
        config=("window_days", "metrics"), null="nothing to divide by, or no record states it")


class SegmentMetrics(Table):
    """One row per campaign, and for all of them, segment and measure or metric, over all dates."""

    campaign_id = _campaign()
    segment_id = key("The segment")
    metric = _metric()
    value = number(_UNIT, "The measure, or the metric's numerator / its denominator for the "
        "segment over all dates, each summed first, over the days that know both",
        read("rollup_segment", *MEASURES, on=_EVER, window=Window.ALL),
        read("rollup_paired", "numerator", "denominator", on=_EVER, window=Window.ALL),
        config=("metrics",),
        null="nothing to divide by, or no record states it")
    against = multiple("The metric's value / that of all segments together, turned so that above 1 "
        "is better", read("rollup_segment", *MEASURES, on=CAMPAIGN, window=Window.ALL),
        read("rollup_paired", "numerator", "denominator", on=CAMPAIGN, window=Window.ALL),
        config=("metrics",), null="a measure, or nothing to divide by")
# fmt: on


def window_metrics(
    rollup_campaign: pl.DataFrame, rollup_paired: pl.DataFrame, registry: Mapping[str, Metric]
) -> pl.DataFrame:
    """`WindowMetrics`, sorted by its key."""
    keys = ("campaign_id", "window")
    values = _values(rollup_campaign, rollup_paired, registry, keys, ("window",))
    return WindowMetrics.of(values.sort(*keys, "metric"))


def segment_metrics(
    rollup_segment: pl.DataFrame, rollup_paired: pl.DataFrame, registry: Mapping[str, Metric]
) -> pl.DataFrame:
    """`SegmentMetrics`, sorted by its key."""
    ever, keys = rollup_segment.filter(window=str(Window.ALL)), (*_EVER, "window")
    own, whole = pl.col("value"), pl.col("value_whole")
    better = {name: str(metric.direction) for name, metric in registry.items()}
    way = pl.col("metric").replace_strict(better, default=None, return_dtype=pl.String)
    each, beside = (
        _values(ever, rollup_paired, registry, keys, by)
        for by in (("segment_id", "window"), ("window",))
    )
    return SegmentMetrics.of(
        each.join(
            beside, on=["campaign_id", "metric"], how="left", nulls_equal=True, suffix="_whole"
        )
        .with_columns(
            against=pl.when(way == Direction.DOWN)
            .then(ratio(whole, own))
            .when(way.is_not_null())
            .then(ratio(own, whole))
        )
        .sort("campaign_id", "segment_id", "metric")
    )


def _values(
    rollup: pl.DataFrame,
    rollup_paired: pl.DataFrame,
    registry: Mapping[str, Metric],
    keys: tuple[str, ...],
    by: tuple[str, ...],
) -> pl.DataFrame:
    """Measures and metrics by `by`, within each campaign and over all; `keys` are the rollup's."""
    parts = []
    for group in ((*CAMPAIGN, *by), by):
        sums = rollup.group_by(group).agg(ADDED)
        for name, metric in registry.items():
            named = (metric.numerator, metric.denominator, name)
            rated = pooled(rollup, rollup_paired, keys, group, *named).select(*group, name)
            sums = sums.join(rated, on=group, how="left")
        held = sums.unpivot([*MEASURES, *registry], index=group, variable_name="metric")
        parts.append(held.with_columns(pl.col("value").cast(pl.Float64)))
    return pl.concat(parts, how="diagonal")
