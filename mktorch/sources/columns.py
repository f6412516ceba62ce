"""Kinds of columns: what the declared schemas are written in, and what each takes, in words."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

import dataframely as dy
import polars as pl

from mktorch.tables import Definition, Table

_Column = TypeVar("_Column", bound=dy.Column)


class Record(Table):
    """One row per record of a source."""

    about = Definition("As the record states it")


_FIRST, _LAST = datetime(1970, 1, 1), datetime(2199, 12, 31)


def text(*, optional: bool = False) -> dy.String:
    """A name, an id or a sentence; a blank one counts as absent, a whole number as its digits."""
    return dy.String(nullable=optional)


def sparse() -> dy.String:
    """A text that few files have: where no row of a source has it, its frame has no such column."""
    return dy.String(nullable=True, metadata={"sparse": True})


def rare(column: _Column) -> _Column:
    """A column that few files have, as `sparse` is, of another kind."""
    column.nullable = True
    column.metadata = {**(column.metadata or {}), "sparse": True}
    return column


def grain() -> dy.String:
    """What further splits the rows of one key, such as a device; any value, as text. Sparse."""
    return dy.String(nullable=True, metadata={"sparse": True, "grain": True})


def loaded() -> dy.Datetime:
    """When a row was pulled: of rows with one key the newest stands. Sparse, as `sparse` is."""
    return dy.Datetime(nullable=True, metadata={"sparse": True})


def word(of: type[StrEnum], *, optional: bool = False, closed: bool = True) -> dy.String:
    """A word of a vocabulary: a value outside a closed one fails, outside an open one warns."""
    return dy.String(nullable=optional, metadata={"words": tuple(of), "closed": closed})


def count(*, optional: bool = False, signed: bool = False) -> dy.Int64:
    """A number of things: whole, not negative unless `signed`."""
    return dy.Int64(nullable=optional, min=None if signed else 0)


def shared(*, optional: bool = False) -> dy.Float64:
    """A number of things of which a part may count, as of a conversion that two ads share."""
    return dy.Float64(nullable=optional, metadata={"count": True})


def amount(*, optional: bool = False, signed: bool = False) -> dy.Float64:
    """Money or a measure; not negative unless `signed`."""
    return dy.Float64(nullable=optional, min=None if signed else 0)


def fraction() -> dy.Float64:
    """A share from 0 to 1."""
    return dy.Float64(min=0, max=1)


def flag(*, optional: bool = False) -> dy.Bool:
    """True or false."""
    return dy.Bool(nullable=optional)


def date(*, optional: bool = False) -> dy.Date:
    """A calendar day, of a year that a campaign may have."""
    return dy.Date(nullable=optional, min=_FIRST.date(), max=_LAST.date())


def moment(*, optional: bool = False) -> dy.Datetime:
    """A point in time, held as naive UTC."""
    return dy.Datetime(nullable=optional, min=_FIRST, max=_LAST)


def ids(*, optional: bool = False) -> dy.List:
    """A list of texts."""
    return dy.List(dy.String(), nullable=optional)


def free() -> dy.String:
    """Any JSON value, kept as its JSON text."""
    return dy.String(metadata={"json": True})


def metadata(column: dy.Column, name: str) -> Any:
    """An annotation of a column, or None."""
    return (column.metadata or {}).get(name)


_EXPECTED = {
    pl.Int64(): "a whole number",
    pl.Float64(): "a finite number",
    pl.Boolean(): "true or false",
    pl.String(): "text in quotes, or a whole number",
    pl.Date(): "a day such as 2026-03-01",
    pl.Datetime("us"): "a timestamp such as 2026-03-15T10:00:00 or 2026-03-15T10:00:00+02:00",
    pl.List(pl.String): 'a list of texts such as ["A1", "A2"]',
    pl.List(pl.Float64): "a list of numbers such as [0.5, 0.5]",
}


def expected(column: dy.Column) -> str:
    """What a column takes, in words.

    >>> expected(dy.Int64(min=0))
    'a whole number of at least 0'
    """
    if words := metadata(column, "words"):
        return f"one of {', '.join(words)}"
    if metadata(column, "json"):
        return "any JSON value"
    if metadata(column, "count"):
        return "a number, which may be a fraction"
    least, most = bounds(column)
    if isinstance(least, int | float):
        limits = f" of at least {least:g}" if most is None else f" from {least:g} to {most:g}"
    else:
        limits = "" if least is None else f", from {least:%Y-%m-%d} to {most:%Y-%m-%d}"
    return _EXPECTED[column.dtype] + limits


def bounds(column: dy.Column) -> tuple[Any, Any]:
    """Least and greatest value of a column, or of a list's elements; None for no limit."""
    within = column.inner if isinstance(column, dy.List) else column
    return getattr(within, "min", None), getattr(within, "max", None)
