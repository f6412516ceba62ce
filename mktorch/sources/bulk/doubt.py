"""Which rows must be looked at one by one: whatever reading them whole might find fault with.

A row that is not in doubt breaks no rule of its own and can be summed as it is. The condition may
say so of too many rows, never of too few; it is written in Narwhals for every engine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache, reduce
from operator import or_
from typing import NamedTuple

import narwhals as nw
import polars as pl

from mktorch.sources.bulk.days import COLUMNS, Layout, Rows
from mktorch.sources.columns import bounds, metadata
from mktorch.sources.schemas import SourceSpec
from mktorch.sums import MICRO, whole_micros

MOST = 1e8
"""Largest measure of a row that is summed where it is: in millionths 64 bits hold `MOST_ROWS`."""
MOST_ROWS = 90_000
"""Most rows of one asset, experiment and day that are."""
_NUMBERS = (*COLUMNS.values(), "conversion_rate")
_NOONS = datetime(1970, 1, 1, 12), datetime(2199, 12, 31, 12)


class Terms(NamedTuple):
    """What decides which rows are in doubt, and what they are summed by."""

    base: str
    tolerance: float
    zone: str
    as_of: datetime | None


def usable(rows: Rows, of: Layout, spec: SourceSpec) -> Rows:
    """Rows with the columns that sums need: no number beyond what is summed, and keys that may be
    absent."""
    made: list[nw.Expr] = []
    for name in _NUMBERS:
        if name in of.names:
            kind = nw.Int64 if spec.dtypes[name].is_integer() else nw.Float64
            value = nw.col(name).cast(kind)
            made.append(nw.when(value.abs() <= _most(name)).then(value).alias(name))
    if "experiment_id" not in of.names:
        made.append(nw.lit(None, nw.String).alias("experiment_id"))
    return rows.with_columns(*made)


def _most(name: str) -> float:
    return 1.0 if name == "conversion_rate" else MOST


def in_doubt(names: Collection[str], spec: SourceSpec, terms: Terms) -> nw.Expr:
    """Rows, as the file has them, that may break a rule of their own; see the module."""
    each = [shown.fill_null(value=False) for shown in _doubts(names, spec, terms)]
    return reduce(or_, each)


def _doubts(names: Collection[str], spec: SourceSpec, terms: Terms) -> Iterator[nw.Expr]:
    yield nw.col("asset_id").is_null()
    moment = nw.col("timestamp")
    first, last = bounds(spec.columns["timestamp"])
    yield moment.is_null()
    yield (moment < nw.lit(first)) | (moment > nw.lit(last))
    if changes := clock_changes(terms.zone):
        yield moment.dt.date().is_in(changes)
    for name in (each for each in _NUMBERS if each in names):
        # What is below 0 takes something back, and is told of by itself; NaN is above any limit.
        value = nw.col(name)
        yield ~value.is_null() & ~((value >= 0) & (value <= _most(name)))
    for more, less in (("conversions", "clicks"), ("clicks", "impressions")):
        if more in names and less in names:
            yield nw.col(more) > nw.col(less)
    checked = ("conversion_rate", "conversions", terms.base)
    if set(checked) <= set(names):
        known = nw.all_horizontal(*(~nw.col(n).is_null() for n in checked), ignore_nulls=False)
        yield known & ~_fits(terms)


def _fits(terms: Terms) -> nw.Expr:
    """Whether a rate is near conversions per `base`, or 0 where there is no base.

    Near as far as rounding to six digits allows, or to four where it has no more.
    """
    rate, count = nw.col("conversion_rate"), nw.col(terms.base).cast(nw.Float64)
    own = nw.col("conversions").cast(nw.Float64) / nw.when(count > 0).then(count)
    gap = (rate - own).abs() - terms.tolerance * own.abs()
    digits = whole_micros(rate)
    written = (digits - rate * MICRO).abs() < 1e-6
    near = (gap <= 0) | (written & (gap <= 0.5 / MICRO))
    hundreds = digits / 100
    near = near | (written & (hundreds == hundreds.floor()) & (gap <= 50 / MICRO))
    return near.fill_null(value=False) | ((rate == 0) & ~(count > 0))


@lru_cache
def clock_changes(zone: str) -> tuple[date, ...]:
    """Days of a zone's wall clock on which an hour is missing or shown twice, and those beside.

    >>> date(2026, 3, 29) in clock_changes("Europe/Stockholm"), clock_changes("UTC")
    (True, ())
    """
    if zone == "UTC":
        return ()
    noons = pl.datetime_range(*_NOONS, "1d", time_zone="UTC", eager=True)
    ahead = noons.dt.convert_time_zone(zone).dt.replace_time_zone(None)
    offset = ahead - noons.dt.replace_time_zone(None)
    changed = noons.dt.date().filter((offset != offset.shift()).fill_null(value=False))
    beside = [changed.dt.offset_by(days) for days in ("-1d", "0d", "1d")]
    return tuple(pl.concat(beside).unique().sort())


_WHOLE = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)


def splits(spec: SourceSpec, names: Collection[str]) -> list[str]:
    """Of a part's columns those that split the rows of a key, by which sums are kept apart."""
    return [n for n, column in spec.columns.items() if n in names and metadata(column, "grain")]


def suited(schema: Mapping[str, pl.DataType], spec: SourceSpec, zone: str) -> bool:
    """Whether a part can be summed as it is: each column of the declared type, and none that moves
    money, tells accounts apart or says when a row was pulled."""
    for name, column in spec.columns.items():
        if name not in schema:
            if not column.nullable:
                return False
        elif (metadata(column, "sparse") and not metadata(column, "grain")) or not _is_declared(
            schema[name], column.dtype, zone
        ):
            return False
    return True


def _is_declared(dtype: pl.DataType, declared: pl.DataType, zone: str) -> bool:
    if declared == pl.Datetime("us"):
        utc = isinstance(dtype, pl.Datetime) and dtype.time_zone == "UTC" == zone
        return dtype in (pl.Datetime("us"), pl.Datetime("ms")) or utc
    if declared == pl.Float64():
        return dtype == pl.Float64() or dtype in _WHOLE
    return dtype in _WHOLE if declared == pl.Int64() else dtype == declared
