"""The fast reader of JSON that is beyond doubt, and the proof that it is.

Polars parses newline-delimited JSON at full speed and refuses a number, Boolean or list of another
type, but it also drops unknown fields without a word and turns a bare `12` into text. `read_clean`
therefore counts bytes, which costs a tenth of the parsing, and returns nothing unless the counts
leave no room for either. The careful reader (`json_records`) takes over then; both give one result.

The proof, for a piece of n records without a backslash, so that quotes only open and close text:

- No blank stands before a colon, so `":` ends every field name. Text beginning with a colon would
  add to the count of `":`. A declared field without a null was found n times or more; one with
  nulls is counted by its own `"name":`. If the sum of these equals the count of `":`, there is no
  other field, nor a field inside a nested object.
- Unknown fields of the first record are read along, and count as declared if no record lacks them.
- Ids that the first record writes as whole numbers are read as such: Polars refuses any other.
- Every `[` must open a value of a list column.
- Quotes are then twice (field names + texts). If that holds with the texts Polars returned, every
  text was written as text.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, NamedTuple

import dataframely as dy
import numpy as np
import polars as pl
import polars.selectors as cs

from mktorch.sources.columns import metadata
from mktorch.sources.convert import (
    UNKNOWN_FIELD,
    Batch,
    Habits,
    Seen,
    blank_is_absent,
    lost,
    stacked,
    to_date,
    to_moment,
    zone_of,
)
from mktorch.sources.json_records import Number, lines, shown
from mktorch.sources.rules import found

_QUOTE, _COLON, _COMMA, _BRACE, _BRACKET, _NEWLINE, _SPACE = b'":,}[\n '
_NOT_ASCII = 128
_MANY = 1000  # unknown fields that are worth reading along


def can_be_clean(columns: Mapping[str, dy.Column]) -> bool:
    """Whether a source may be read fast: not where a field holds free JSON."""
    return not any(metadata(column, "json") for column in columns.values())


def one_per_line(piece: bytes, *, flatten: bool) -> io.BytesIO:
    """Split an array's text into lines after `},`; `flatten` first joins objects over many lines.

    A wrong split, inside text or a nested object, leaves a line that is no JSON: Polars refuses it.
    """
    text = piece.replace(b"\n", b" ") if flatten else piece
    codes = _codes(text)
    ends = (codes.slice(0, max(len(codes) - 1, 0)) == _BRACE) & (codes.slice(1) == _COMMA)
    split = io.BytesIO(text)
    with split.getbuffer() as buffer:
        np.frombuffer(buffer, np.uint8)[ends.arg_true().to_numpy() + 1] = _NEWLINE
    return split


def read_clean(
    piece: bytes, columns: Mapping[str, dy.Column], *, array: bool = False, flatten: bool = False
) -> Batch | None:
    """Read newline-delimited objects, or those of an array, or give None for fear of a surprise."""
    first = _first(piece)
    extras = {k: v for k, v in first.items() if k not in columns and type(v) in _EXTRA}
    if len(extras) > _MANY:
        return None
    # A sparse column that the first record lacks is left out: in another it would be uncounted.
    own = {n: c for n, c in columns.items() if n in first or not metadata(c, "sparse")}
    numeric = [n for n, c in own.items() if c.dtype == pl.String and _is_whole(first.get(n))]
    written = {name: _polars_type(column.dtype) for name, column in own.items()}
    written |= dict.fromkeys(numeric, pl.Int64())  # refuses texts, and numbers that are not whole
    written |= {name: _EXTRA[type(value)] for name, value in extras.items()}
    split = one_per_line(piece, flatten=flatten) if array else io.BytesIO(piece)
    try:
        frame = pl.read_ndjson(split, schema=written)
    except (pl.exceptions.PolarsError, ValueError):
        return None
    counts = _counts(piece)
    if not _is_certain(piece, counts, frame) or any(frame[name].null_count() for name in extras):
        return None
    frame = frame.with_columns(pl.col(numeric).cast(pl.String))
    if counts.blank:
        frame = frame.with_columns(blank_is_absent())
    habits = Habits()
    for name, value in extras.items():
        habits.add(UNKNOWN_FIELD, name, Seen(frame.height, 0, shown(value)))
    return _typed(frame.select(list(own)), own, habits)


_EXTRA = {str: pl.String(), Number: pl.Float64(), bool: pl.Boolean()}


def _first(piece: bytes) -> dict[str, Any]:
    """The first record: unknown fields that every record has do not slow reading."""
    first = piece[piece.find(b"{") : piece.find(b"}") + 1].replace(b"\n", b" ")
    record = next(lines(first.decode("utf-8", "replace")), None)
    return record if isinstance(record, dict) else {}


def _is_whole(value: Any) -> bool:
    return isinstance(value, Number) and value.lstrip("-").isdigit()


def _polars_type(dtype: pl.DataType) -> pl.DataType:
    return pl.String() if dtype.is_temporal() else dtype


class _Counts(NamedTuple):
    """How often a piece has each pattern that the proof is about; `blank` may count too many."""

    quotes: int
    names: int
    brackets: int
    spaced: int
    blank: int


def _counts(text: bytes) -> _Counts:
    """Count quotes, field names, opening brackets, blanks before a colon, and blank texts."""
    codes = _codes(text)
    ahead, after = codes.slice(0, max(len(codes) - 1, 0)), codes.slice(1)
    quotes, colons = ahead == _QUOTE, after == _COLON
    masks = (
        codes == _QUOTE,
        quotes & colons,
        codes == _BRACKET,
        (ahead <= _SPACE) & colons,
        quotes & ((after == _QUOTE) | (after <= _SPACE) | (after >= _NOT_ASCII)),
    )
    return _Counts(*(int(mask.sum()) for mask in masks))


def _codes(text: bytes) -> pl.Series:
    """The bytes as a column, not copied: comparing one gives a mask of bits, quick to combine."""
    return pl.Series(np.frombuffer(text, np.uint8))


def _is_certain(text: bytes, counts: _Counts, frame: pl.DataFrame) -> bool:
    """Whether the counts of the module's proof hold for a piece and the frame made of it."""
    if b"\\" in text:
        return False
    names = sum(
        text.count(f'"{column.name}":'.encode()) if column.null_count() else len(column)
        for column in frame
    )
    lists = list(frame.select(cs.list()))
    held = [column.explode(empty_as_null=False, keep_nulls=False) for column in lists]
    texts = sum(c.count() for c in (*frame, *held) if c.dtype == pl.String)
    return (
        counts.spaced == 0
        and counts.names == names
        and counts.brackets == sum(column.count() for column in lists)
        and not any(elements.null_count() for elements in held)
        and counts.quotes == 2 * (names + texts)
    )


def _typed(frame: pl.DataFrame, columns: Mapping[str, dy.Column], habits: Habits) -> Batch:
    """Read dates and timestamps, the only types that JSON has no form for."""
    bad = []
    values = []
    for name, column in columns.items():
        text = frame[name]
        if not column.dtype.is_temporal():
            continue
        if column.dtype == pl.Date:
            value = to_date(text, name, habits)
        else:
            value = to_moment(text, name, habits, zone_of(column))
        values.append(value.alias(name))
        bad.append(lost(text, value, name, column))
    return Batch(stacked([frame.with_columns(values)], columns), found(bad), habits)
