"""The one heavy pass: performance summed by asset, experiment, campaign, segment, channel and day.

Money is summed in whole millionths of the currency unit (`mktorch.sums`).

Experiments also get the sums of squares and products of their daily snapshots, from which variances
follow without the days, and their sums by calendar week and by weekday.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from itertools import combinations_with_replacement

import polars as pl

from mktorch.clock import Clock, Span
from mktorch.sums import micros, units
from mktorch.vocab import Measure, Window
from mktorch.wiring import makes

MEASURES = tuple(str(measure) for measure in Measure)
_MONEY = (Measure.COST, Measure.REVENUE)
PRODUCTS = {
    (a, b): f"{a}_sq" if a == b else f"{a}_x_{b}"
    for a, b in combinations_with_replacement(MEASURES, 2)
}
"""Two measures, in declared order -> the column that sums their product over daily snapshots."""
BEFORE = "_before"
"""Suffix of a measure summed over the days just before the experiment."""
BEFORE_DAYS = 28
"""Length of that stretch: four whole weeks, so that every weekday counts alike."""
_ASSET = ("campaign_id", "segment_id", "channel_id")
# Rollup -> its key columns; those in BY_WINDOW also carry `window` (all, current, prior).
BY_WINDOW = {
    "rollup_asset": ("asset_id", *_ASSET),
    "rollup_campaign": ("campaign_id",),
    "rollup_segment": ("campaign_id", "segment_id"),
    "rollup_channel": ("campaign_id", "channel_id"),
}
BY_KEY = {
    "rollup_experiment": ("experiment_id", "asset_id", *_ASSET),
    "rollup_experiment_week": ("experiment_id", "asset_id", "week"),
    "rollup_experiment_weekday": ("experiment_id", "asset_id", "weekday"),
    "rollup_day": (*_ASSET, "date"),
    "rollup_asset_day": ("asset_id", *_ASSET, "date"),
}
_DAYS = pl.len().cast(pl.Int64).alias("days")


@makes("rollup_rate", *BY_WINDOW, *BY_KEY)
def rollups(
    performance_metrics: pl.DataFrame, creative_assets: pl.DataFrame, clock: Clock
) -> dict[str, pl.DataFrame]:
    """Sum performance by every key of `BY_WINDOW` and `BY_KEY` in one scan.

    Parameters
    ----------
    performance_metrics
        asset_id, experiment_id, timestamp, the counts, cost, revenue_proxy.
    creative_assets
        asset_id with its campaign_id, segment_id and channel_id.
    clock
        The windows.

    Returns
    -------
    Rollup name -> frame: its keys, the measures, `snapshots` (rows summed), `first_day` and
    `last_day`; one row per key (and window), sorted by them. A key without rows is absent.
    `rollup_rate` holds, per asset, what its supplied conversion rates imply.

    Of experiments only the rows that name the experiment count. `rollup_experiment` adds `days`
    (daily snapshots) and the columns of `PRODUCTS`, exact while a day's money is under 1e12.
    `week` is the Monday of a calendar week, `weekday` 1 (Monday) to 7; the weekday rows add `days`
    and, with the suffix `_before`, the asset's sums on the same weekday of the `BEFORE_DAYS` days
    before the experiment's first row, under whatever experiment; null where there are none.
    """
    metrics, assets = performance_metrics.lazy(), creative_assets.lazy()
    # Collected here, so that the plans below share it: a filter pushed down would scan again.
    daily, rate = pl.collect_all([_daily(metrics, assets), _rates(metrics)])
    base = daily.lazy()
    tested = base.filter(pl.col("experiment_id").is_not_null())
    spans = clock.windows
    plans = {
        "rollup_rate": rate.lazy(),
        **{name: _by_window(base, keys, spans) for name, keys in BY_WINDOW.items()},
        "rollup_experiment": _sum(tested, BY_KEY["rollup_experiment"], _moments()),
        "rollup_experiment_week": _sum(
            tested.with_columns(pl.col("date").dt.truncate("1w").alias("week")),
            BY_KEY["rollup_experiment_week"],
        ),
        "rollup_experiment_weekday": _by_weekday(base, tested),
        **{name: _sum(base, BY_KEY[name]) for name in ("rollup_day", "rollup_asset_day")},
    }
    frames = pl.collect_all(list(plans.values()))
    return {
        name: frame.with_columns(units(pl.col(pl.Int128)))
        for name, frame in zip(plans, frames, strict=True)
    }


def _daily(metrics: pl.LazyFrame, assets: pl.LazyFrame) -> pl.LazyFrame:
    """One row per asset, experiment and day, with the asset's campaign, segment and channel."""
    return (
        metrics.select(
            "asset_id",
            "experiment_id",
            pl.col("timestamp").dt.date().alias("date"),
            "impressions",
            "clicks",
            "conversions",
            micros(pl.col("cost")).alias("cost"),
            micros(pl.col("revenue_proxy")).alias("revenue"),
        )
        .group_by("asset_id", "experiment_id", "date")
        .agg(*(pl.col(measure).sum() for measure in MEASURES), pl.len().alias("snapshots"))
        .join(assets.select("asset_id", *_ASSET), on="asset_id", how="left")
    )


def _sum(base: pl.LazyFrame, keys: tuple[str, ...], more: Iterable[pl.Expr] = ()) -> pl.LazyFrame:
    return (
        base.group_by(keys)
        .agg(
            *(pl.col(measure).sum() for measure in MEASURES),
            pl.col("snapshots").sum().cast(pl.Int64),
            pl.col("date").min().alias("first_day"),
            pl.col("date").max().alias("last_day"),
            *more,
        )
        .sort(keys)
    )


def _moments() -> tuple[pl.Expr, ...]:
    """`days`, and the sum over daily rows of every product of two measures."""
    return (_DAYS, *(_product(a, b).alias(column) for (a, b), column in PRODUCTS.items()))


def _product(a: str, b: str) -> pl.Expr:
    """The exact sum of a product as Float64: millionths come back once per factor of money."""
    total = (pl.col(a).cast(pl.Int128) * pl.col(b).cast(pl.Int128)).sum()
    money = (measure for measure in (a, b) if measure in _MONEY)
    return reduce(lambda value, _: units(value), money, total).cast(pl.Float64)


def _by_weekday(base: pl.LazyFrame, tested: pl.LazyFrame) -> pl.LazyFrame:
    """Experiments and assets by weekday, beside the same weekday's sums before the experiment."""
    keys = BY_KEY["rollup_experiment_weekday"]
    weekday = pl.col("date").dt.weekday().cast(pl.Int64).alias("weekday")
    start = tested.group_by("experiment_id").agg(pl.col("date").min().alias("start"))
    arms = tested.select("experiment_id", "asset_id").unique().join(start, on="experiment_id")
    age = (pl.col("start") - pl.col("date")).dt.total_days()
    before = (
        arms.join(base.select("asset_id", "date", *MEASURES), on="asset_id")
        .filter(age.is_between(1, BEFORE_DAYS))
        .with_columns(weekday)
        .group_by(keys)
        .agg(pl.col(measure).sum().alias(f"{measure}{BEFORE}") for measure in MEASURES)
    )
    during = tested.with_columns(weekday).group_by(keys).agg(pl.col(MEASURES).sum(), _DAYS)
    return during.join(before, on=keys, how="left").sort(keys)


def _rates(metrics: pl.LazyFrame) -> pl.LazyFrame:
    """Per asset, over rows that state a rate: conversions counted, and as the rates imply them."""
    return (
        metrics.filter(pl.col("conversion_rate").is_not_null())
        .group_by("asset_id")
        .agg(
            pl.col("impressions").sum(),
            pl.col("conversions").sum(),
            micros(pl.col("conversion_rate") * pl.col("impressions"))
            .sum()
            .alias("implied_conversions"),
        )
        .sort("asset_id")
    )


def _by_window(
    base: pl.LazyFrame, keys: tuple[str, ...], spans: dict[Window, Span]
) -> pl.LazyFrame:
    parts = {
        Window.ALL: base,
        **{w: base.filter(pl.col("date").is_between(*span)) for w, span in spans.items()},
    }
    return pl.concat(
        _sum(part, keys).with_columns(pl.lit(str(window)).alias("window"))
        for window, part in parts.items()
    ).sort(*keys, "window")
