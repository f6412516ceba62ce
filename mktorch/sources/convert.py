"""Written values into declared types: one vectorised conversion per type, failures beside.

A reader hands over each column as text with the kind of value that was written (`Kind`), so that
`12`, `"12"` and `[12]` stay apart. Polars does the rest, without a look at single rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from typing import NamedTuple

import dataframely as dy
import polars as pl
import polars.selectors as cs

from mktorch.sources.columns import expected, metadata
from mktorch.sources.rules import Rule, failures, found


class Kind(IntEnum):
    """What was written, by the JSON grammar; lists by what they hold."""

    NULL = 0
    STRING = 1
    NUMBER = 2
    BOOL = 3
    STRINGS = 4
    NUMBERS = 5
    EMPTY = 6
    ARRAY = 7
    OBJECT = 8
    CONSTANT = 9
    """NaN or Infinity: no JSON, but some writers emit them."""


class Habit(NamedTuple):
    """Something a writer does throughout a field; reported once per file and field."""

    name: str
    field: str


class Seen(NamedTuple):
    """How many rows show a habit, the first that does, and its value as written."""

    rows: int
    first: int
    example: str | None


@dataclass
class Habits:
    """Every habit met, and where."""

    seen: dict[Habit, Seen] = field(default_factory=dict)

    def add(self, name: str, column: str, seen: Seen) -> None:
        """Count more rows of a habit, further down than those counted before."""
        habit = Habit(name, column)
        if known := self.seen.get(habit):
            seen = known._replace(rows=known.rows + seen.rows)
        if seen.rows:
            self.seen[habit] = seen

    def mark(self, name: str, column: str, shows: pl.Series, text: pl.Series) -> None:
        """Count the true values of a mask over a batch's rows, whose values are `text`."""
        first = shows.arg_max() or 0
        if shows.any():
            self.add(name, column, Seen(int(shows.sum()), first, text[first]))

    def merge(self, other: Habits, offset: int) -> None:
        """Add the habits of the next batch, whose rows begin at `offset`."""
        for habit, seen in other.seen.items():
            self.add(*habit, seen._replace(first=seen.first + offset))


NUMERIC_STRING, UNKNOWN_FIELD = "numeric_string", "unknown_field"
OFFSET, DATE_ONLY, TIME_DROPPED = "offset", "date_only", "time_dropped"


@dataclass(frozen=True)
class Batch:
    """Consecutive records: typed columns, what was unreadable (rows from 0), and habits met.

    `bom` says whether the file began with a byte order mark.
    """

    frame: pl.DataFrame
    failures: pl.DataFrame
    habits: Habits
    bom: bool = False


_PLAIN = "%Y-%m-%dT%H:%M:%S"
_COMMON = (_PLAIN, f"{_PLAIN}Z")
# Rarer formats, and the habit each betrays, tried in this order on what is in no common one.
_RARE = (
    (f"{_PLAIN}%.f%z", OFFSET),
    ("%Y-%m-%d", DATE_ONLY),
    (f"{_PLAIN}%.f", None),
    (f"{_PLAIN}%.fZ", None),
    ("%Y-%m-%dT%H:%M", None),
    ("%Y-%m-%dT%H:%MZ", None),
    ("%Y-%m-%dT%H:%M%z", OFFSET),
)
_SHAPE = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$"
_WHOLE = r"^-?\d+$"
_WHOLES = r"^\[\s*-?\d+(\s*,\s*-?\d+)*\s*\]$"
_NUMBER = r"^\s*[+-]?\d+(\.\d+)?([eE][+-]?\d+)?\s*$"
EXACT = 2**53
"""Up to here every whole number is a Float64."""


_Read = Callable[[pl.Series, pl.Series, str, Habits], pl.Series]


def _nulls(dtype: pl.DataType, height: int) -> pl.Series:
    return pl.Series([None], dtype=dtype).new_from_index(0, height)


def where(mask: pl.Series, values: pl.Series) -> pl.Series:
    """`values` where `mask` is true, else null."""
    return values.zip_with(mask.fill_null(value=False), _nulls(values.dtype, len(values)))


def _either(values: pl.Series, others: pl.Series) -> pl.Series:
    """`values`, and `others` where they are null."""
    return values.zip_with(values.is_not_null(), others)


def to_moment(text: pl.Series, name: str, habits: Habits, zone: str = "UTC") -> pl.Series:
    """Timestamps as naive UTC; null where unreadable. One without an offset is of `zone`."""
    first = text.drop_nulls().head(1)
    zulu = bool(first.str.ends_with("Z").any())
    values = _parsed(text, _COMMON[zulu], zone)
    if values.null_count() == text.null_count():
        return values
    values = _either(values, _parsed(text, _COMMON[not zulu], zone))
    left = where(text.str.contains(_SHAPE), text.str.replace(" ", "T", literal=True))
    for format_, habit in _RARE:
        left = where(values.is_null(), left)
        if left.null_count() == len(left):
            break
        parsed = _parsed(left, format_, zone)
        if habit:
            habits.mark(habit, name, parsed.is_not_null(), text)
        values = _either(values, parsed)
    return values


def _parsed(text: pl.Series, format_: str, zone: str) -> pl.Series:
    values = text.str.to_datetime(format_, time_unit="us", strict=False)
    if format_.endswith("%z"):
        return values.dt.replace_time_zone(None)  # polars gives UTC
    return values if format_.endswith("Z") else from_zone(values, zone)


def from_zone(local: pl.Series, zone: str) -> pl.Series:
    """Wall-clock times of a zone as naive UTC.

    A time that the clock shows twice is the earlier one; one that it leaps over is as much later as
    it leapt, as if the clock had not yet been put forward.
    """
    if zone == "UTC":
        return local
    values = _to_utc(local, zone)
    if values.null_count() == local.null_count():
        return values
    before = _to_utc(local.dt.offset_by("-1d"), zone).dt.offset_by("1d")
    return _either(values, before)


def _to_utc(local: pl.Series, zone: str) -> pl.Series:
    placed = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return placed.dt.convert_time_zone("UTC").dt.replace_time_zone(None)


def to_date(text: pl.Series, name: str, habits: Habits) -> pl.Series:
    """Calendar days; a timestamp gives the day it names, whatever its offset."""
    days = where(text.str.len_chars() == 10, text).str.to_date("%Y-%m-%d", strict=False)
    longer = where(days.is_null() & text.str.contains(_SHAPE), text)
    if longer.null_count() < len(longer):
        readable = to_moment(longer, name, Habits()).is_not_null()
        dropped = where(readable, longer).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
        habits.mark(TIME_DROPPED, name, dropped.is_not_null(), text)
        days = _either(days, dropped)
    return days


def _to_float(text: pl.Series) -> pl.Series:
    numbers = text.str.strip_chars().cast(pl.Float64, strict=False)
    return where(numbers.is_finite(), numbers)


def _to_int(text: pl.Series) -> pl.Series:
    """Whole numbers, however written: 12, 12.0, 1.2e1."""
    whole = text.str.strip_chars().cast(pl.Int64, strict=False)
    left = text.is_not_null() & whole.is_null()
    if not left.any():
        return whole
    numbers = _to_float(where(left, text))
    exact = (numbers == numbers.floor()) & (numbers.abs() <= EXACT)
    return _either(whole, where(exact, numbers).cast(pl.Int64))


def _number(parse: Callable[[pl.Series], pl.Series]) -> _Read:
    """Read numbers, and text that holds one (a habit, not a fault)."""

    def read(text: pl.Series, kinds: pl.Series, name: str, habits: Habits) -> pl.Series:
        quoted = (kinds == Kind.STRING) & text.str.contains(_NUMBER)
        values = parse(where((kinds == Kind.NUMBER) | quoted, text))
        habits.mark(NUMERIC_STRING, name, quoted & values.is_not_null(), text)
        return values

    return read


def _written(convert: Callable[[pl.Series, str, Habits], pl.Series], *accepted: Kind) -> _Read:
    """Read only values of the accepted kinds."""

    def read(text: pl.Series, kinds: pl.Series, name: str, habits: Habits) -> pl.Series:
        return convert(where(kinds.is_in(list(accepted)), text), name, habits)

    return read


def _to_text(text: pl.Series, kinds: pl.Series, _name: str, _habits: Habits) -> pl.Series:
    """Text, and whole numbers by their digits: ids of some platforms. Others may have lost some."""
    digits = (kinds == Kind.NUMBER) & text.str.contains(_WHOLE)
    return where((kinds == Kind.STRING) | digits, text)


def _to_texts(text: pl.Series, kinds: pl.Series, _name: str, _habits: Habits) -> pl.Series:
    """A list of texts, or of whole numbers by their digits."""
    plain = kinds.is_in([Kind.STRINGS, Kind.EMPTY])
    values = where(plain, text).str.json_decode(pl.List(pl.String()))
    digits = where((kinds == Kind.NUMBERS) & text.str.contains(_WHOLES), text)
    if digits.null_count() == len(digits):
        return values
    return _either(values, digits.str.extract_all(r"-?\d+"))


def _as_is(text: pl.Series, _name: str, _habits: Habits) -> pl.Series:
    return text


def _to_bool(text: pl.Series, _name: str, _habits: Habits) -> pl.Series:
    return text == "true"


def _to_list(inner: pl.DataType) -> Callable[[pl.Series, str, Habits], pl.Series]:
    def convert(text: pl.Series, _name: str, _habits: Habits) -> pl.Series:
        return text.str.json_decode(pl.List(inner))

    return convert


_READ: dict[pl.DataType, _Read] = {
    pl.Int64(): _number(_to_int),
    pl.Float64(): _number(_to_float),
    pl.Boolean(): _written(_to_bool, Kind.BOOL),
    pl.String(): _to_text,
    pl.Date(): _written(to_date, Kind.STRING),
    pl.List(pl.String): _to_texts,
    pl.List(pl.Float64): _written(_to_list(pl.Float64()), Kind.NUMBERS, Kind.EMPTY),
}
_SCALAR = _written(_as_is, Kind.STRING, Kind.NUMBER, Kind.BOOL)
_JSON = _written(_as_is, *(kind for kind in Kind if kind not in (Kind.NULL, Kind.CONSTANT)))


def _reader(column: dy.Column) -> _Read:
    if metadata(column, "json"):
        return _JSON
    if metadata(column, "grain"):
        return _SCALAR
    if column.dtype == pl.Datetime("us"):
        return _written(partial(to_moment, zone=zone_of(column)), Kind.STRING)
    return _READ[column.dtype]


def zone_of(column: dy.Column) -> str:
    """The zone of a column's timestamps that state no offset."""
    return metadata(column, "zone") or "UTC"


def convert(
    texts: pl.DataFrame, kinds: pl.DataFrame, columns: Mapping[str, dy.Column], habits: Habits
) -> Batch:
    """Turn written values into the declared types.

    `texts` and `kinds` hold one column per declared one: text as written, and its `Kind`. What a
    column cannot hold becomes null and an `unreadable_value` failure. Blank text is absent.
    """
    values: list[pl.Series] = []
    bad: list[pl.DataFrame] = []
    for name, column in columns.items():
        value = _reader(column)(texts[name], kinds[name], name, habits)
        values.append(value.rename(name))
        bad.append(lost(texts[name], value, name, column))
    frame = pl.DataFrame(values).with_columns(blank_is_absent())
    return Batch(stacked([frame], columns), found(bad), habits)


def stacked(frames: Sequence[pl.DataFrame], columns: Mapping[str, dy.Column]) -> pl.DataFrame:
    """Frames of the declared columns on top of each other, without the sparse ones that no row has.

    A frame that lacks a sparse column has none of its values.
    """
    held = {name for frame in frames for name in frame.columns if not _is_bare(frame[name])}
    kept = {n: c.dtype for n, c in columns.items() if n in held or not metadata(c, "sparse")}
    return pl.concat(
        [
            pl.DataFrame(schema=kept),
            *(
                frame.select(
                    name if name in frame.columns else pl.lit(None, dtype).alias(name)
                    for name, dtype in kept.items()
                )
                for frame in frames
                if frame.height
            ),
        ]
    )


def _is_bare(values: pl.Series) -> bool:
    return values.null_count() == len(values)


def lost(text: pl.Series, value: pl.Series, name: str, column: dy.Column) -> pl.DataFrame:
    """`unreadable_value` failures where there was text, not blank, and there is no value."""
    rows = (text.is_not_null() & value.is_null()).arg_true()
    rows = rows.filter(text.gather(rows).str.strip_chars() != "")
    absent = ", or null" if getattr(column, "nullable", False) else ""
    message = f"{name} is {{value}}; write {expected(column)}{absent}"
    if column.dtype != pl.String or metadata(column, "json"):
        return _unreadable(rows, text, name, message)
    numbers = text.gather(rows).str.contains(_NUMBER)
    rounded = (
        f"{name} is {{value}}, a number with a point or an exponent, which may have lost digits of "
        "the id; export it as text in quotes, or as a whole number"
    )
    return pl.concat(
        [
            _unreadable(rows.filter(~numbers), text, name, message),
            _unreadable(rows.filter(numbers), text, name, rounded),
        ]
    )


def _unreadable(rows: pl.Series, text: pl.Series, name: str, message: str) -> pl.DataFrame:
    return failures(
        rows, field=name, values=text.gather(rows), rule=Rule.UNREADABLE_VALUE, message=message
    )


def blank_is_absent() -> pl.Expr:
    """Null in place of text that is empty or only spaces."""
    texts = cs.string()
    return pl.when(texts.str.strip_chars() != "").then(texts).name.keep()
