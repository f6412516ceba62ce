"""Columns that already hold what is declared: taken as they are, with no text in between.

`declared` gives what reading a column's values as text would give, or None where it might not; the
careful conversion (`convert`) takes over then. Both give one result.
"""

from __future__ import annotations

from collections.abc import Callable

import dataframely as dy
import polars as pl

from mktorch.sources.convert import EXACT, blank_is_absent, from_zone, zone_of

_WHOLE = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)


def declared(values: pl.Series, column: dy.Column) -> pl.Series | None:
    """The values in the column's type, blank text as null; None where they need reading."""
    if values.dtype == pl.Null:
        return values.cast(column.dtype)
    read = _READ.get(column.dtype)
    return read(values, column) if read else None


def _text(values: pl.Series, _column: dy.Column) -> pl.Series | None:
    if values.dtype != pl.String:
        return None
    return values.to_frame().select(blank_is_absent()).to_series()


def _number(values: pl.Series, _column: dy.Column) -> pl.Series | None:
    if values.dtype in _WHOLE:
        return values.cast(pl.Float64)
    if values.dtype == pl.Float64 and values.is_finite().all():
        return values
    return None


def _count(values: pl.Series, _column: dy.Column) -> pl.Series | None:
    if values.dtype in _WHOLE:
        return values.cast(pl.Int64)
    if values.dtype == pl.Float64 and ((values == values.floor()) & (values.abs() <= EXACT)).all():
        return values.cast(pl.Int64)
    return None


def _flag(values: pl.Series, _column: dy.Column) -> pl.Series | None:
    return values if values.dtype == pl.Boolean else None


def _day(values: pl.Series, _column: dy.Column) -> pl.Series | None:
    return values if values.dtype == pl.Date and _of_four_digits(values) else None


def _moment(values: pl.Series, column: dy.Column) -> pl.Series | None:
    dtype = values.dtype
    if not isinstance(dtype, pl.Datetime) or dtype.time_zone not in (None, "UTC"):
        return None
    if not _of_four_digits(values):
        return None
    moments = values.dt.replace_time_zone(None).cast(pl.Datetime("us"))
    return moments if dtype.time_zone else from_zone(moments, zone_of(column))


def _of_four_digits(values: pl.Series) -> bool:
    return bool(values.dt.year().is_between(0, 9999).all())


_READ: dict[pl.DataType, Callable[[pl.Series, dy.Column], pl.Series | None]] = {
    pl.String(): _text,
    pl.Float64(): _number,
    pl.Int64(): _count,
    pl.Boolean(): _flag,
    pl.Date(): _day,
    pl.Datetime("us"): _moment,
}
