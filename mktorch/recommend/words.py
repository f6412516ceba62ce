"""Texts of a recommendation: a template over a view's columns, written for the run's locale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from string import Formatter

import polars as pl

from mktorch import formats
from mktorch.formats import Format, Locale, format_value

# The word after the colon of a placeholder -> how the value reads.
FORMATS: Mapping[str, Format] = {
    "": formats.TEXT,
    "integer": formats.INTEGER,
    "figure": formats.FIGURE,
    "currency": formats.CURRENCY,
    "cents": formats.CURRENCY_EXACT,
    "percent": formats.PERCENT,
    "signed_percent": formats.PERCENT_SIGNED,
    "ratio": formats.RATIO,
    "date": formats.DATE,
}


def columns_of(template: str) -> tuple[str, ...]:
    """The columns a template names, each once and in order.

    >>> columns_of("{name} spent {spend:currency} of {budget:currency}, {name}!")
    ('name', 'spend', 'budget')
    """
    return tuple(dict.fromkeys(name for _, name, _ in _parts(template) if name))


def compose(template: str, frame: pl.DataFrame, locale: Locale) -> pl.Series:
    """One text per row: each `{column:format}` replaced by that row's value; null is `n/a`.

    The formats are those of `FORMATS`; percent takes a fraction. What a value holds is never read
    as a template.

    >>> compose("{name}: {spend:currency}", pl.DataFrame(
    ...     {"name": ["{spend}", "B"], "spend": [1200.0, None]}), Locale()).to_list()
    ['{spend}: $1,200', 'B: n/a']

    Raises
    ------
    ValueError
        For a format that is not in `FORMATS`.
    """
    texts: list[str] = [""] * frame.height
    for literal, name, spec in _parts(template):
        texts = [text + literal for text in texts]
        if name:
            values = _written(frame[name], spec, locale)
            texts = [text + value for text, value in zip(texts, values, strict=True)]
    return pl.Series("text", texts, pl.String)


def _written(values: pl.Series, spec: str, locale: Locale) -> list[str]:
    if spec not in FORMATS:
        raise ValueError(f"unknown format {spec!r}; use one of {', '.join(filter(None, FORMATS))}")
    if values.dtype == pl.List(pl.String):
        values = values.list.join(", ")
    return [format_value(value, FORMATS[spec], locale) for value in values]


def _parts(template: str) -> Iterator[tuple[str, str, str]]:
    for literal, name, spec, _ in Formatter().parse(template):
        yield literal, name or "", spec or ""
