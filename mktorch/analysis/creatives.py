"""Each creative's primary KPI against the other creatives of its segment."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from mktorch.analysis.before_after import daily
from mktorch.analysis.comparisons import CONTROL, compare, moments
from mktorch.analysis.experiments.arms import arms
from mktorch.analysis.money import exact
from mktorch.clock import Clock
from mktorch.config import Metric
from mktorch.config.segment_rules import SegmentRules, TrendMethod
from mktorch.metrics import attribute_of, measure_of
from mktorch.paired import paired
from mktorch.rollups import MEASURES
from mktorch.rollups.declared import ROLLUPS
from mktorch.sources.schemas import Campaigns
from mktorch.sums import ratio, total
from mktorch.tables import (
    CAMPAIGN,
    Table,
    carried,
    count,
    fraction,
    key,
    multiple,
    number,
    read,
    reason,
    same,
    text,
    word,
)
from mktorch.vocab import Direction, ExperimentStatus, Measure, Window

_KEYS = ("campaign_id", "segment_id", "asset_id")
_SEGMENT = ("campaign_id", "segment_id")
_KPI = pl.col("primary_kpi")
_PARTS = ("numerator", "denominator")
_OWN, _PEERS = (
    read("rollup_asset_day", *MEASURES, on=on, within="date", span=Window.CURRENT)
    for on in (("asset_id",), _SEGMENT)
)
_SETTINGS = ("window_days", "metrics")
_TEST = (*_SETTINGS, "segment_rules.trend_alpha")
_UNKNOWN = "the metric is not in the registry"


# fmt: off
class CreativeStanding(Table):
    """One row per asset that delivered in the current window, beside its segment's others."""

    asset_id = key("The asset")
    campaign_id = text("The asset's campaign")
    segment_id = text("The asset's segment")
    peers = count("Number of the segment's other assets that delivered in the current window",
        _PEERS, config=("window_days",), adds=False)
    running_experiments = count("Number of running experiments that the asset is an arm of",
        read("experiments", "control_asset", "variant_asset", "variant_assets", on=CAMPAIGN,
            status=ExperimentStatus.RUNNING), adds=False)
    primary_kpi = same(Campaigns, "primary_kpi", label="Primary KPI")
    kpi_direction = word(Direction, "Which way of the KPI is better",
        read("campaigns", "primary_kpi", on=CAMPAIGN), config=("metrics",), null=_UNKNOWN)
    kpi_numerator = word(Measure, "The measure that the KPI divides",
        read("campaigns", "primary_kpi", on=CAMPAIGN), config=("metrics",), null=_UNKNOWN)
    kpi_value = number("that of the KPI", "The campaign's primary KPI for the asset in the current "
        "window", _OWN, config=_SETTINGS, null="reason")
    rest_value = number("that of the KPI", "The campaign's primary KPI for the segment's other "
        "assets together in the current window", _PEERS, config=_SETTINGS, null="reason")
    difference = fraction("The asset's KPI / that of the others, less 1", _PEERS, config=_SETTINGS,
        null="reason")
    difference_low = fraction("Lower end of the difference's interval", _PEERS, config=_TEST,
        null="reason")
    difference_high = fraction("Upper end of the difference's interval", _PEERS, config=_TEST,
        null="reason")
    method = word(TrendMethod, "How the interval is made", _PEERS, config=_TEST, null="reason")
    reason = reason("the difference or an end of its interval")
    attainment = multiple("The asset's KPI / that of the others, turned so that above 1 is better",
        _PEERS, config=_SETTINGS, null="reason")
    shortfall = fraction("The end of the interval that is kinder to the asset, turned so that "
        "below 0 it is surely worse", _PEERS, config=_TEST, null="reason")


class CreativeTotals(Table):
    """One row per asset that ever delivered."""

    asset_id = key("The asset")
    cost, revenue = carried(ROLLUPS["rollup_asset"], "cost", "revenue", on=("asset_id",),
        where={"window": Window.ALL}).values()
    roas = multiple("Revenue / cost, each summed over the asset's performance records of all dates "
        "first, over the days that know both",
        read("rollup_asset", "revenue", "cost", on=("asset_id",), window=Window.ALL),
        read("rollup_paired", "numerator", "denominator", on=("asset_id",), window=Window.ALL,
            numerator_name="revenue", denominator_name="cost"),
        over=("revenue", "cost"), label="Return", null="nothing was spent")
# fmt: on


def creative_totals(rollup_asset: pl.DataFrame, rollup_paired: pl.DataFrame) -> pl.DataFrame:
    """`CreativeTotals`, sorted by asset."""
    ever, keys = rollup_asset.filter(window=str(Window.ALL)), ("asset_id", "window")
    rated = paired(ever, rollup_paired, keys, pl.lit("revenue"), pl.lit("cost"), "roas")
    return CreativeTotals.of(rated.sort("asset_id"))


def creative_standing(
    campaigns: pl.DataFrame,
    rollup_asset_day: pl.DataFrame,
    experiments: pl.DataFrame,
    clock: Clock,
    registry: Mapping[str, Metric],
    segment_rules: SegmentRules,
) -> pl.DataFrame:
    """`CreativeStanding`, sorted by asset. See `comparisons.compare` for the intervals."""
    current = rollup_asset_day.filter(pl.col("date").is_between(*clock.current))
    days = _days(campaigns, current, registry)
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
    compared = compare(
        pairs, segment_rules.trend_alpha, "the segment's other creatives", "the current window"
    ).select(
        *_KEYS,
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
    return CreativeStanding.of(compared)


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
