"""An export's columns under the names its preset gives them, its numbers and days read."""

from __future__ import annotations

import difflib
from collections.abc import Collection

import polars as pl

from mktorch.connect.errors import ConnectError
from mktorch.connect.presets import Kind, Preset, fold
from mktorch.sources.convert import where

AT = "_at"
"""Position of a record within the export, from 0, through every SELECT."""

UNREAD = pl.DataFrame(
    schema={"at": pl.Int64, "name": pl.String, "column": pl.String, "value": pl.String}
)
"""Cells that hold no number or day, and none of them."""

_TYPES = {Kind.TEXT: pl.String(), Kind.NUMBER: pl.Float64(), Kind.DAY: pl.String()}
_DAYS = (
    "%Y-%m-%d",
    "%Y%m%d",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%Y/%m/%d",
    "%m/%d/%y",
)
_STAMP = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d"


def matched(headings: list[str], preset: Preset) -> dict[str, str]:
    """Column of the preset -> heading of the export, for those it has; the first spelling wins."""
    known = {fold(heading): heading for heading in reversed(headings)}
    return {
        name: known[fold(spelling)]
        for name, column in preset.columns.items()
        for spelling in reversed(column.names)
        if fold(spelling) in known
    }


def named(frame: pl.DataFrame, preset: Preset) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The export's records under the preset's names with `_at`, and the cells it cannot read.

    Cells: `at`, `name` (the preset's), `column` (the heading), `value`. An optional column that is
    absent is null. Rows of `drop` are left out.

    Raises
    ------
    ConnectError
        Naming each required column that is missing, and the heading nearest to it.
    """
    have = matched(frame.columns, preset)
    lacking = [n for n, c in preset.columns.items() if c.required and n not in have]
    if lacking:
        raise ConnectError("; ".join(_lacks(n, frame.columns, preset) for n in lacking))
    texts = {name: _text(frame[have[name]], preset.missing) for name in have}
    counted = [texts[n] for n in have if preset.columns[n].kind is Kind.NUMBER]
    decimal = preset.decimal or decimal_sign(counted)
    columns = {
        name: _read(texts[name], column.kind, decimal, preset.day_format)
        if name in texts
        else pl.Series([None], dtype=_TYPES[column.kind]).new_from_index(0, frame.height)
        for name, column in preset.columns.items()
    }
    out = pl.DataFrame([values.rename(name) for name, values in columns.items()])
    out = out.with_columns(pl.int_range(pl.len()).alias(AT))
    blank = pl.all_horizontal(pl.col(list(have)).is_null())
    dropped = blank | pl.sql_expr(preset.drop).fill_null(value=False) if preset.drop else blank
    kept = out.filter(~dropped)
    faults = [
        pl.DataFrame({"at": out[AT], "name": n, "column": have[n], "value": texts[n]}).filter(
            columns[n].is_null() & texts[n].is_not_null()
        )
        for n in have
    ]
    unread = pl.concat([UNREAD, *faults]).join(kept, left_on="at", right_on=AT, how="semi")
    return _computed(kept, preset), unread.sort("at", "column")


def _computed(records: pl.DataFrame, preset: Preset) -> pl.DataFrame:
    """Records with the preset's constants where there is nothing, and what it computes."""
    for name, value in preset.constants.items():
        constant = pl.lit(value)
        known = pl.col(name) if name in records.columns else pl.lit(None, pl.String)
        records = records.with_columns(pl.coalesce(known, constant).alias(name))
    for name, sql in preset.compute.items():
        records = records.with_columns(pl.sql_expr(sql).alias(name))
    return records


def _lacks(name: str, headings: list[str], preset: Preset) -> str:
    wanted = preset.columns[name].names
    near = difflib.get_close_matches(wanted[0], headings, n=1, cutoff=0.0)
    return (
        f"has no column {' or '.join(map(repr, wanted))} ({preset.title}); nearest is {near[0]!r}"
        if near
        else f"has no column {wanted[0]!r} ({preset.title}): it has no columns at all"
    )


def _text(values: pl.Series, missing: list[str]) -> pl.Series:
    """Values as trimmed text; blank and what means missing are null."""
    written = values.cast(pl.String, strict=False).str.strip_chars("\u00a0 \t\r\n")
    nothing = [m.strip() for m in ("", *missing)]
    return written.set(written.is_in(nothing), None)


def _read(text: pl.Series, kind: Kind, decimal: str, day_format: str) -> pl.Series:
    if kind is Kind.NUMBER:
        return numbers(text, decimal)
    return days(text, day_format) if kind is Kind.DAY else text


def bare(text: pl.Series) -> pl.Series:
    """Numbers without what people write around them: currency, percent, spaces, brackets."""
    close = text.str.replace_all(r"[\s\u00a0\u202f'\u2019]", "")
    return close.str.replace(r"^\((.*)\)$", "-${1}").str.replace_all(
        r"[%\p{Sc}]|^[A-Z]{3}|[A-Z]{3}$", ""
    )


def decimal_sign(texts: Collection[pl.Series]) -> str:
    """The decimal sign that an export's numbers are written with, point or comma.

    A cell votes where it can be read in one way only: `1,5` and `1.234,50` for the comma, `1.5` and
    `1,234.50` for the point. `1.234` alone says nothing.

    >>> decimal_sign([pl.Series(["1.234"]), pl.Series(["1.010,25"])])
    ','
    """
    cells = [bare(text) for text in texts]
    comma = sum(int(c.str.contains(_COMMA).sum() or 0) for c in cells)
    point = sum(int(c.str.contains(_POINT).sum() or 0) for c in cells)
    return "," if comma > point else "."


_COMMA = r"\.\d{3},|^-?\d+,(\d{1,2}|\d{4,})$|^-?\d{1,3}(\.\d{3}){2,}$"
_POINT = r",\d{3}\.|^-?\d+\.(\d{1,2}|\d{4,})$|^-?\d{1,3}(,\d{3}){2,}$"


def numbers(text: pl.Series, decimal: str = ".") -> pl.Series:
    """Numbers as people write them: signs of currency, thousands, percent, accounting brackets.

    >>> numbers(pl.Series(["$1,234.50", "(2)", "3%"])).to_list()
    [1234.5, -2.0, 0.03]
    >>> numbers(pl.Series(["1.234,5", "2,25", "1.234"]), ",").to_list()
    [1234.5, 2.25, 1234.0]
    """
    other = "." if decimal == "," else ","
    cells = bare(text)
    whole = rf"(\d{{1,3}}(\{other}\d{{3}})+|\d+)(\{decimal}\d*)?"
    fits = cells.str.contains(rf"^[+-]?({whole}|\{decimal}\d+)([eE][+-]?\d+)?$")
    plain = cells.str.replace_all(other, "", literal=True).str.replace(decimal, ".", literal=True)
    values = where(fits, plain.cast(pl.Float64, strict=False))
    percent = text.str.contains(r"%\s*\)?$").fill_null(value=False)
    return values.zip_with(~percent, values / 100)


def days(text: pl.Series, form: str = "") -> pl.Series:
    """Days and timestamps in ISO 8601, whatever the column's own form, the same for all its cells.

    Without `form`, the form that reads the most cells; of 03/04/2026 the month is taken to be first
    unless another cell shows it is not.

    >>> days(pl.Series(["3/15/2026", "3/1/2026"])).to_list()
    ['2026-03-15', '2026-03-01']
    >>> days(pl.Series(["15/03/2026", "01/03/2026", "2026-03-01T10:00:00Z"])).to_list()
    ['2026-03-15', '2026-03-01', '2026-03-01T10:00:00Z']
    """
    stamps = where(text.str.contains(_STAMP), text)
    read = (where(stamps.is_null(), text).str.to_date(f, strict=False) for f in _forms(form))
    best = min(read, key=lambda dates: dates.null_count())
    return stamps.zip_with(stamps.is_not_null(), best.dt.to_string("%Y-%m-%d"))


def _forms(form: str) -> tuple[str, ...]:
    return (form,) if form else _DAYS
