"""The one heavy pass: performance summed by asset, experiment, campaign, segment, channel and day.

Money is summed in whole millionths of the currency unit. Integer sums do not depend on order, so
the same rows give the same bits on any engine, thread count or row order.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from mktorch.vocab import Measure, Window

MICRO = 1_000_000
MEASURES = tuple(str(measure) for measure in Measure)
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
    "rollup_day": (*_ASSET, "date"),
}


def windows(as_of: date, days: int) -> dict[Window, tuple[date, date]]:
    """First and last day of the current and the prior window, both ends included.

    >>> windows(date(2026, 4, 26), 7)[Window.CURRENT]
    (datetime.date(2026, 4, 20), datetime.date(2026, 4, 26))
    """
    start = as_of - timedelta(days=days - 1)
    before = start - timedelta(days=1)
    return {
        Window.CURRENT: (start, as_of),
        Window.PRIOR: (before - timedelta(days=days - 1), before),
    }


def micros(money: pl.Expr) -> pl.Expr:
    """Money as whole millionths (Int128), so that sums are exact and free of order."""
    return (money * MICRO).round().cast(pl.Int128)


def units(money: pl.Expr) -> pl.Expr:
    """Whole millionths back as money: the nearest Float64."""
    # Polars divides by a scalar through its reciprocal, which is off by one bit; by a column, not.
    whole = money.cast(pl.Float64)
    return whole / (whole * 0 + MICRO)


def rollups(
    metrics: pl.LazyFrame, assets: pl.LazyFrame, as_of: date, window_days: int
) -> dict[str, pl.DataFrame]:
    """Sum performance by every key of `BY_WINDOW` and `BY_KEY` in one scan.

    Parameters
    ----------
    metrics
        `performance_metrics`: asset_id, experiment_id, timestamp, the counts, cost, revenue_proxy.
    assets
        `creative_assets`: asset_id with its campaign_id, segment_id and channel_id.
    as_of, window_days
        The windows are the `window_days` calendar days ending on `as_of`, and those before.

    Returns
    -------
    Rollup name -> frame: its keys, the measures, `snapshots` (rows summed), `first_day` and
    `last_day`; one row per key (and window), sorted by them. A key without rows is absent.
    `rollup_rate` holds, per asset, what its supplied conversion rates imply.
    """
    base = _daily(metrics, assets)
    spans = windows(as_of, window_days)
    plans = {
        "rollup_rate": _rates(metrics),
        **{name: _by_window(base, keys, spans) for name, keys in BY_WINDOW.items()},
        "rollup_experiment": _sum(
            base.filter(pl.col("experiment_id").is_not_null()), BY_KEY["rollup_experiment"]
        ),
        "rollup_day": _sum(base, BY_KEY["rollup_day"]),
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


def _sum(base: pl.LazyFrame, keys: tuple[str, ...]) -> pl.LazyFrame:
    return (
        base.group_by(keys)
        .agg(
            *(pl.col(measure).sum() for measure in MEASURES),
            pl.col("snapshots").sum().cast(pl.Int64),
            pl.col("date").min().alias("first_day"),
            pl.col("date").max().alias("last_day"),
        )
        .sort(keys)
    )


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
    base: pl.LazyFrame, keys: tuple[str, ...], spans: dict[Window, tuple[date, date]]
) -> pl.LazyFrame:
    parts = {
        Window.ALL: base,
        **{w: base.filter(pl.col("date").is_between(*span)) for w, span in spans.items()},
    }
    return pl.concat(
        _sum(part, keys).with_columns(pl.lit(str(window)).alias("window"))
        for window, part in parts.items()
    ).sort(*keys, "window")
