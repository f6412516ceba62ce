"""Each segment's primary KPI: against its prior window, and against the rest of its campaign."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from mktorch.analysis.before_after import daily
from mktorch.analysis.comparisons import CONTROL, MOMENTS, compare, moments, trend
from mktorch.analysis.money import exact
from mktorch.clock import Clock
from mktorch.config import Metric
from mktorch.config.segment_rules import SegmentRules
from mktorch.metrics import attribute_of, measure_of
from mktorch.paired import paired
from mktorch.rollups import MEASURES
from mktorch.rollups.declared import ROLLUPS
from mktorch.sources.schemas import Campaigns
from mktorch.sums import ratio, total
from mktorch.tables import Table, carried, key, multiple, number, read, reason, same
from mktorch.vocab import Direction, Window

KEYS = ("campaign_id", "segment_id")
_CELL = (*KEYS, "window")
_KPI = pl.col("primary_kpi")
_PARTS = ("numerator", "denominator")
_ATTRIBUTES = ("kind", "direction", "numerator_name", "denominator_name")
_RATED = read("rollup_paired", "numerator", "denominator", on=_CELL)


# fmt: off
class SegmentWindows(Table):
    """One row per campaign, segment and window: volumes, money and the campaign's primary KPI."""

    campaign_id = key("The campaign")
    segment_id = key("The segment")
    window = same(ROLLUPS["rollup_segment"], "window", _CELL, key=True)
    impressions, clicks, conversions, cost, revenue, snapshots = carried(
        ROLLUPS["rollup_segment"], *MEASURES, "snapshots", on=_CELL).values()
    primary_kpi = same(Campaigns, "primary_kpi", label="Primary KPI")
    roas = multiple("Revenue / cost, of the days on which both are known",
        read("rollup_segment", "revenue", "cost", on=_CELL), _RATED, label="Return on ad spend",
        null="nothing was spent, or no day knows both")
    kpi_value = number("that of the KPI", "The campaign's primary KPI, of the days on which its "
        "numerator and denominator are known", read("rollup_segment", *MEASURES, on=_CELL), _RATED,
        config=("metrics",), null="kpi_reason")
    kpi_reason = reason("the KPI")
# fmt: on


def segment_windows(
    campaigns: pl.DataFrame,
    rollup_segment: pl.DataFrame,
    registry: Mapping[str, Metric],
    rollup_paired: pl.DataFrame,
) -> pl.DataFrame:
    """`SegmentWindows`, one row per row of `rollup_segment`, sorted by its key."""
    keys = _CELL
    sums = rollup_segment.select(*keys, *MEASURES, "snapshots").join(
        campaigns.select("campaign_id", "primary_kpi"), on="campaign_id", how="left"
    )
    rated = paired(sums, rollup_paired, keys, pl.lit("revenue"), pl.lit("cost"), "roas")
    top, bottom = (attribute_of(_KPI, part, registry) for part in _PARTS)
    return SegmentWindows.of(
        paired(rated.drop("_top", "_bottom"), rollup_paired, keys, top, bottom, "kpi_value")
        .drop("_top", "_bottom")
        .with_columns(_kpi_reason(registry).alias("kpi_reason"))
        .sort(*KEYS, "window")
    )


def segment_trends(
    campaigns: pl.DataFrame,
    rollup_day: pl.DataFrame,
    clock: Clock,
    registry: Mapping[str, Metric],
    segment_rules: SegmentRules,
) -> pl.DataFrame:
    """The primary KPI now, then, and in the campaign, with intervals; one row per segment.

    Returns
    -------
    One row per campaign and segment with performance, sorted: `primary_kpi`, `kpi_direction`, and
    the measures `kpi_numerator` and `kpi_denominator`;
    `kpi_value` (current window), `prior_kpi_value`; `trend_change` (relative: 0.1 is +10 %),
    `trend_low`, `trend_high`, `trend_method`, `trend` (a `Trend` word), `trend_reason`;
    `campaign_kpi_value` (current window); `kpi_against_campaign` = KPI / campaign's KPI;
    `kpi_attainment`, the same ratio turned so that above 1 is better; `rest_low` and `rest_high`,
    the interval for the relative difference from the campaign's other segments, and `rest_reason`.

    See `compare` for the intervals. What the data cannot answer is null and its reason says why.
    """
    days = _days(campaigns, rollup_day, registry)
    spans = clock.windows
    current, prior = (
        days.filter(pl.col("date").is_between(*spans[window]))
        for window in (Window.CURRENT, Window.PRIOR)
    )
    keys = days.select(*KEYS, "primary_kpi", *_ATTRIBUTES).unique().sort(KEYS)
    now, before = moments(current, *KEYS), moments(prior, *KEYS)
    own = moments(current, "campaign_id").select(
        "campaign_id", ratio(pl.col("y"), pl.col("x")).alias("campaign_kpi_value")
    )
    over_time = compare(
        _pair(keys, now, before),
        segment_rules.trend_alpha,
        "the prior window",
        "the current window",
    )
    over_rest = compare(
        _pair(keys, now, moments(_rest(current), *KEYS)),
        segment_rules.trend_alpha,
        "the rest of the campaign",
        "the current window",
    )
    down = pl.col("kpi_direction") == Direction.DOWN
    kpi = pl.col("kpi_value")
    # Beside the KPI it is a column even where there is one campaign; see `units` on scalars.
    whole = pl.col("campaign_kpi_value") + kpi * 0
    return (
        over_time.select(
            *KEYS,
            "primary_kpi",
            pl.col("direction").alias("kpi_direction"),
            *(pl.col(part).alias(f"kpi_{part}") for part in _PARTS),
            pl.col("value").alias("kpi_value"),
            pl.col("value_control").alias("prior_kpi_value"),
            pl.col("change").alias("trend_change"),
            pl.col("change_low").alias("trend_low"),
            pl.col("change_high").alias("trend_high"),
            pl.col("method").alias("trend_method"),
            trend(pl.col("direction"), pl.col("change_low"), pl.col("change_high")),
            pl.col("change_reason").alias("trend_reason"),
        )
        .join(own, on="campaign_id", how="left")
        .with_columns(
            ratio(kpi, whole).alias("kpi_against_campaign"),
            pl.when(down)
            .then(ratio(whole, kpi))
            .otherwise(ratio(kpi, whole))
            .alias("kpi_attainment"),
        )
        .join(
            over_rest.select(
                *KEYS,
                rest_low="change_low",
                rest_high="change_high",
                rest_reason="change_reason",
            ),
            on=KEYS,
            how="left",
        )
        .sort(KEYS)
    )


def _days(
    campaigns: pl.DataFrame, rollup_day: pl.DataFrame, metrics: Mapping[str, Metric]
) -> pl.DataFrame:
    """One row per segment and day: numerator and denominator of its campaign's primary KPI."""
    return (
        daily(rollup_day, *KEYS)
        .join(campaigns.select("campaign_id", "primary_kpi"), on="campaign_id", how="left")
        .select(
            *KEYS,
            "date",
            "primary_kpi",
            *(attribute_of(_KPI, name, metrics).alias(name) for name in ("kind", "direction")),
            *(attribute_of(_KPI, part, metrics).alias(f"{part}_name") for part in _PARTS),
            *(measure_of(_KPI, part, metrics).cast(pl.Float64).alias(part) for part in _PARTS),
        )
    )


def _rest(days: pl.DataFrame) -> pl.DataFrame:
    """For each segment, the daily sums of its campaign's other segments: all less its own."""
    days = days.drop_nulls(_PARTS)
    whole = days.group_by("campaign_id", "date").agg(
        *(total(part) for part in _PARTS), pl.len().alias("delivering")
    )
    return (
        days.select(KEYS)
        .unique()
        .join(whole, on="campaign_id")
        .join(days.with_columns(own=1), on=(*KEYS, "date"), how="left", suffix="_own")
        .filter(pl.col("delivering") > pl.col("own").fill_null(0))
        .with_columns(exact(pl.col(p) - pl.col(f"{p}_own").fill_null(0.0)) for p in _PARTS)
    )


def _pair(keys: pl.DataFrame, variant: pl.DataFrame, control: pl.DataFrame) -> pl.DataFrame:
    return (
        keys.join(variant, on=KEYS, how="left")
        .join(control.rename({m: f"{m}{CONTROL}" for m in MOMENTS}), on=KEYS, how="left")
        .rename({"numerator_name": "numerator", "denominator_name": "denominator"})
        .sort(KEYS)
    )


def _kpi_reason(metrics: Mapping[str, Metric]) -> pl.Expr:
    denominator = attribute_of(_KPI, "denominator", metrics)
    return (
        pl.when(pl.col("kpi_value").is_not_null())
        .then(None)
        .when(denominator.is_null())
        .then(pl.lit("the metric is not in the registry"))
        .otherwise(pl.format("no {} in the window", denominator))
    )
