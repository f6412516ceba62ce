"""JSON decoded record by record: exact about what was written, and where it stops being JSON.

This reader forgives what can be put right later: NaN, huge numbers, raw tabs in text, a comma after
the last record. Where an object repeats a field, the first value counts, as it does in Polars.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import dataframely as dy
import polars as pl

from mktorch.sources.columns import metadata
from mktorch.sources.convert import UNKNOWN_FIELD, Batch, Habits, Kind, Seen, convert
from mktorch.sources.limits import refuse_failures, refuse_fields, refuse_nesting
from mktorch.sources.rules import Rule, failures, found


class Number(str):
    """A number as it was written."""

    __slots__ = ()


class Constant(str):
    """NaN, Infinity or -Infinity."""

    __slots__ = ()


class Broken(NamedTuple):
    """Text that is not JSON: what was expected, and the character where."""

    problem: str
    position: int


class Stop(NamedTuple):
    """Where decoding ended: at character `end`, of the array or of the text, or at a fault."""

    end: int
    closed: bool
    fault: Broken | None


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))


_DECODER = json.JSONDecoder(
    parse_float=Number,
    parse_int=Number,
    parse_constant=Constant,
    object_pairs_hook=_first_wins,
    strict=False,
)
_SPACE = re.compile(r"[ \t\r\n]*")
_KINDS = {
    type(None): Kind.NULL,
    str: Kind.STRING,
    Number: Kind.NUMBER,
    bool: Kind.BOOL,
    dict: Kind.OBJECT,
    Constant: Kind.CONSTANT,
}


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _decode(text: str, position: int) -> tuple[Any, int] | Broken:
    """One JSON value and where it ends."""
    try:
        return _DECODER.raw_decode(text, position)
    except json.JSONDecodeError as error:
        return Broken(error.msg, error.pos)
    except RecursionError:
        refuse_nesting(sys.getrecursionlimit())
        return Broken("Objects nested too deeply", position)


def elements(text: str, records: list[Any]) -> Stop:
    """Append the elements of an array's text, from after its `[` or any `,`, to `records`."""
    position = _skip(text, 0)
    while position < len(text) and text[position] != "]":
        decoded = _decode(text, position)
        if isinstance(decoded, Broken):
            return Stop(position, closed=False, fault=decoded)
        after = _skip(text, decoded[1])
        if text[after : after + 1] == ",":
            after = _skip(text, after + 1)
        elif text[after : after + 1] != "]":
            return Stop(position, closed=False, fault=Broken("Expecting ',' or ']'", after))
        records.append(decoded[0])
        position = after
    if position == len(text):
        return Stop(position, closed=False, fault=None)
    rest = _skip(text, position + 1)
    fault = None if rest == len(text) else Broken("Text after the end of the array", rest)
    return Stop(rest, closed=True, fault=fault)


class Malformed(NamedTuple):
    """A line that is not JSON, kept in the place of its record."""

    text: str
    fault: Broken


def lines(text: str) -> Iterator[Any]:
    """The records of newline-delimited JSON, `Malformed` for a broken line; blanks are skipped."""
    for line in text.split("\n"):
        start = _skip(line, 0)
        if start == len(line):
            continue
        decoded = _decode(line, start)
        if isinstance(decoded, Broken):
            yield Malformed(line, decoded)
        elif (after := _skip(line, decoded[1])) < len(line):
            yield Malformed(line, Broken("Text after the record", after))
        else:
            yield decoded[0]


def as_json(value: Any, level: int = 1) -> str:
    """JSON text of a decoded value, numbers as they were written."""
    if isinstance(value, Number | Constant):
        return value
    if isinstance(value, dict | list):
        refuse_nesting(level)
        level += 1
    if isinstance(value, dict):
        parts = (f"{as_json(k)}: {as_json(v, level)}" for k, v in value.items())
        return "{" + ", ".join(parts) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(as_json(v, level) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


_LISTS = {
    frozenset[type](): Kind.EMPTY,
    frozenset[type]({str}): Kind.STRINGS,
    frozenset[type]({Number}): Kind.NUMBERS,
}
_TOO_DEEP = "a value nested too deeply"


def _written(value: Any, *, json_text: bool) -> tuple[str | None, Kind]:
    """A value's text and kind; `json_text` keeps the quotes of a plain text."""
    if value is None:
        return None, Kind.NULL
    if isinstance(value, list):
        kind = _LISTS.get(frozenset(map(type, value)), Kind.ARRAY)
    else:
        kind = _KINDS[type(value)]
        if kind == Kind.STRING and not json_text:
            return value, kind
    try:
        return as_json(value), kind
    except RecursionError:
        return _TOO_DEEP, Kind.CONSTANT


_AS_TEXT = frozenset({type(None), str, Number, Constant})


def _column(name: str, values: list[Any], *, json_text: bool) -> tuple[pl.Series, pl.Series]:
    """Text and kind of a field's values; a lone surrogate, which no UTF-8 holds, is no text."""
    if not json_text and _AS_TEXT.issuperset(map(type, values)):  # nearly always, and much faster
        texts, kinds = values, [_KINDS[type(value)] for value in values]
    else:
        pairs = [_written(value, json_text=json_text) for value in values]
        texts, kinds = [text for text, _ in pairs], [kind for _, kind in pairs]
    try:
        series = pl.Series(name, texts, dtype=pl.String)
    except UnicodeEncodeError:
        good = [text is None or _encodable(text) for text in texts]
        kinds = [k if ok else Kind.CONSTANT for k, ok in zip(kinds, good, strict=True)]
        texts = [t if ok else json.dumps(t) for t, ok in zip(texts, good, strict=True)]
        series = pl.Series(name, texts, dtype=pl.String)
    return series, pl.Series(name, kinds, dtype=pl.UInt8)


def _encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def to_batch(records: list[Any], columns: Mapping[str, dy.Column]) -> Batch:
    """Decoded records as typed columns; what is no object keeps its place as a row of nulls."""
    refuse_failures(sum(not r or not isinstance(r, dict) for r in records))
    objects: list[dict[str, Any]] = [r if isinstance(r, dict) else {} for r in records]
    pairs = [
        _column(name, [o.get(name) for o in objects], json_text=bool(metadata(column, "json")))
        for name, column in columns.items()
    ]
    habits = Habits()
    unknown = set[str]().union(*objects) - columns.keys()
    refuse_fields(len(unknown))
    for name in unknown:
        rows = [row for row, record in enumerate(objects) if name in record]
        habits.add(UNKNOWN_FIELD, name, Seen(len(rows), rows[0], shown(objects[rows[0]][name])))
    texts, kinds = (pl.DataFrame(list(series)) for series in zip(*pairs, strict=True))
    batch = convert(texts, kinds, columns, habits)
    strays = [(row, r) for row, r in enumerate(records) if not isinstance(r, dict)]
    return Batch(batch.frame, pl.concat([_strays(strays), batch.failures]), habits)


def _strays(strays: list[tuple[int, Any]]) -> pl.DataFrame:
    """Failures of records that are no objects: lines that are no JSON, and other values."""
    broken = [(row, r) for row, r in strays if isinstance(r, Malformed)]
    other = [(row, r) for row, r in strays if not isinstance(r, Malformed)]
    return found(
        [
            failures(
                pl.Series([row for row, _ in rows], dtype=pl.Int64),
                values=pl.Series([shown(r) for _, r in rows], dtype=pl.String),
                rule=rule,
                message=message,
            )
            for rows, rule, message in (
                (broken, Rule.UNREADABLE_ROW, "the line {value}; write one whole object per line"),
                (other, Rule.NOT_AN_OBJECT, "the record is {value}; write an object in braces"),
            )
            if rows
        ]
    )


def shown(record: Any) -> str:
    """A decoded value as JSON text for a reader; `Malformed` with the place of its fault."""
    if isinstance(record, Malformed):
        text = record.text.encode("utf-8", "replace").decode()
        return f"is not JSON at character {record.fault.position + 1}: {text}"
    return _column("", [record], json_text=True)[0].item() or "null"
