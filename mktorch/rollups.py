"""The one heavy pass: performance summed by asset, experiment, campaign, segment, channel and day.

Money is summed in whole millionths of the currency unit. Integer sums do not depend on order, so
the same rows give the same bits on any engine, thread count or row order.

Experiments also get the sums of squares and products of their daily snapshots, from which variances
follow without the days, and their sums by calendar week and by weekday.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import reduce
from itertools import combinations_with_replacement
from types import MappingProxyType

import dataframely as dy
import polars as pl

from mktorch.tables import Table, count, day, declare, key, money, number, read, text, word
from mktorch.vocab import Measure, Window

MICRO = 1_000_000
DAYS_PER_MONTH = 365.25 / 12
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
_RECORDS = "performance_metrics"
_OF_ASSET = {
    "campaign_id": text("The asset's campaign"),
    "segment_id": text("The asset's segment"),
    "channel_id": text("The asset's channel"),
}
_CAMPAIGN = {"campaign_id": key("The campaign")}
_SEGMENT = {"segment_id": key("The segment")}
_CHANNEL = {"channel_id": key("The channel")}
_DAY = {"date": day("The day", key=True)}
_ARM = {"experiment_id": key("The experiment"), "asset_id": key("The asset")}
_WINDOW = {"window": word(Window, "All dates, the current window or the one before", key=True)}
_SPAN = {
    "snapshots": count("Number of performance records summed"),
    "first_day": day("Day of the first record summed"),
    "last_day": day("Day of the last record summed"),
}
_DAYS_HELD = {"days": count("Number of daily snapshots", unit="days")}


# fmt: off
def _sums(
    of: str, table: str, *on: str, within: str = "", suffix: str = "", null: str = ""
) -> dict[str, dy.Column]:
    """The measures of something, summed over the rows of a table that belong to it."""
    records = {"revenue": "revenue_proxy"} if table == _RECORDS else {}
    return {f"{name}{suffix}": (money if name in _MONEY else count)(
        f"Sum over the performance records of {of}",
        read(table, records.get(name, name), on=on, within=within),
        config=("window_days",) if "window" in of else (), null=null) for name in MEASURES}


def _of_assets(table: str, row: str, of: str, keys: Mapping[str, dy.Column]) -> type[Table]:
    sums = _sums(f"the campaign's {of} in the window, each record once", "rollup_asset",
        *keys, "window")
    return declare(table, f"One row per {row} and window.", {**keys, **sums, **_SPAN, **_WINDOW})


def _of_an_arm(table: str, row: str, of: str, *columns: Mapping[str, dy.Column]) -> type[Table]:
    keys, *last = columns
    sums = _sums(f"the asset within the experiment{of}", _RECORDS, *_ARM)
    held: dict[str, dy.Column] = {**_ARM, **keys, **sums}
    for more in last:
        held |= more
    return declare(table, f"One row per experiment, asset{row}.", held)


_TABLES = (
    declare("rollup_rate", "One row per asset with records that state a rate of conversion.", {
        "asset_id": key("The asset"),
        "impressions": count("Impressions of the records that state a rate"),
        "conversions": count("Conversions of the records that state a rate"),
        "implied_conversions": number("count",
            "Conversions that the stated rates imply, each times its impressions")}),
    declare("rollup_asset", "One row per asset and window.", {
        "asset_id": key("The asset"), **_OF_ASSET,
        **_sums("the asset in the window", _RECORDS, "asset_id", within="timestamp"),
        **_SPAN, **_WINDOW}),
    _of_assets("rollup_campaign", "campaign", "assets", _CAMPAIGN),
    _of_assets("rollup_segment", "campaign, segment", "assets for the segment",
        {**_CAMPAIGN, **_SEGMENT}),
    _of_assets("rollup_channel", "campaign, channel", "assets on the channel",
        {**_CAMPAIGN, **_CHANNEL}),
    _of_an_arm("rollup_experiment", "", "", _OF_ASSET, _SPAN, _DAYS_HELD,
        {column: number("", f"Sum of {a} * {b} over the daily snapshots")
        for (a, b), column in PRODUCTS.items()}),
    _of_an_arm("rollup_experiment_week", " and calendar week", ", in the week",
        {"week": day("Monday of the calendar week", key=True)}, _SPAN),
    _of_an_arm("rollup_experiment_weekday", " and day of the week", ", on the weekday",
        {"weekday": count("Day of the week, 1 (Monday) to 7", unit="", key=True)}, _DAYS_HELD,
        _sums(f"the asset, on the weekday, in the {BEFORE_DAYS} days before the experiment",
            _RECORDS, "asset_id", suffix=BEFORE, null="the asset has no record in those days")),
    declare("rollup_day", "One row per campaign, segment, channel and day.", {
        **_CAMPAIGN, **_SEGMENT, **_CHANNEL, **_DAY,
        **_sums("the campaign's assets for the segment on the channel, on the day",
            "rollup_asset_day", *_ASSET, "date"), **_SPAN}),
    declare("rollup_asset_day", "One row per asset and day.", {
        "asset_id": key("The asset"), **_OF_ASSET, **_DAY,
        **_sums("the asset on the day", _RECORDS, "asset_id", within="timestamp"), **_SPAN}),
)
# fmt: on
ROLLUPS: Mapping[str, type[Table]] = MappingProxyType({each.table: each for each in _TABLES})
"""Rollup -> its declaration."""


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
    """Whole millionths back as money: the nearest Float64, up to 9e15 units."""
    small = money.abs() < 2**53  # beyond it the cast would round before the division does
    whole, rest = money // MICRO, money % MICRO
    return pl.when(small).then(_in_units(money)).otherwise(whole.cast(pl.Float64) + _in_units(rest))


def _in_units(money: pl.Expr) -> pl.Expr:
    # Polars divides by a scalar through its reciprocal, which is off by one bit; by a column, not.
    value = money.cast(pl.Float64)
    return value / (value * 0 + MICRO)


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
    Rollup name -> frame as `ROLLUPS` declares it, sorted by key. A key without rows is absent.
    `rollup_rate` holds, per asset, what its supplied conversion rates imply.

    Of experiments only the rows that name the experiment count. `rollup_experiment` adds `days`
    (daily snapshots) and the columns of `PRODUCTS`, exact while a day's money is under 1e12.
    `week` is the Monday of a calendar week, `weekday` 1 (Monday) to 7; the weekday rows add `days`
    and, with the suffix `_before`, the asset's sums on the same weekday of the `BEFORE_DAYS` days
    before the experiment's first row, under whatever experiment; null where there are none.
    """
    # Collected here, so that the plans below share it: a filter pushed down would scan again.
    daily, rate = pl.collect_all([_daily(metrics, assets), _rates(metrics)])
    base = daily.lazy()
    tested = base.filter(pl.col("experiment_id").is_not_null())
    spans = windows(as_of, window_days)
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
        name: ROLLUPS[name].of(frame.with_columns(units(pl.col(pl.Int128))))
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
