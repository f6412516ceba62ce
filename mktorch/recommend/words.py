"""Texts of a recommendation: a template over a view's columns, written for the run's locale."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from string import Formatter
from typing import Any

import polars as pl

from mktorch import formats
from mktorch.formats import Format, Locale, format_value
from mktorch.vocab import STAGE_WORDS
from mktorch.words import spaced

# The word after the colon of a placeholder -> how the value reads.
FORMATS: Mapping[str, Format] = {
    "": formats.TEXT,
    "integer": formats.INTEGER,
    "figure": formats.FIGURE,
    "count": formats.COUNT,
    "currency": formats.CURRENCY,
    "rounded": formats.CURRENCY_COMPACT,
    "cents": formats.CURRENCY_EXACT,
    "percent": formats.PERCENT,
    "signed_percent": formats.PERCENT_SIGNED,
    "ratio": formats.RATIO,
    "date": formats.DATE,
    "time": formats.DATETIME,
}


def _stage(word: object) -> str:
    return {str(stage): words for stage, words in STAGE_WORDS.items()}.get(str(word), spaced(word))


# Words after the colon that turn a vocabulary's word into people's.
WORDS: Mapping[str, Callable[[object], str]] = {"words": spaced, "stage": _stage}
_IN = "in "  # before the column that names a figure's currency
_AS = "as "  # before the column that names a figure's format


def columns_of(template: str) -> tuple[str, ...]:
    """The columns a template names, each once and in order.

    >>> columns_of("{name} spent {spend:currency} of {budget:currency}, {name}!")
    ('name', 'spend', 'budget')
    """
    named = (
        column
        for _, name, spec in _parts(template)
        for column in (name, spec[len(_IN) :] if spec.startswith((_IN, _AS)) else "")
    )
    return tuple(dict.fromkeys(filter(None, named)))


def written(value: Any, spec: str, locale: Locale) -> str:
    """One value as the word after the colon has it.

    >>> written("demo_request", "stage", Locale()), written("in_review", "words", Locale())
    ('demo requests', 'in review')

    Raises
    ------
    ValueError
        For a word that is neither in `FORMATS` nor in `WORDS`.
    """
    if spec in WORDS:
        value, spec = None if value is None else WORDS[spec](value), ""
    if spec not in FORMATS:
        known = (*filter(None, FORMATS), *WORDS)
        raise ValueError(f"unknown format {spec!r}; use one of {', '.join(known)}")
    return format_value(value, FORMATS[spec], locale)


def compose(template: str, frame: pl.DataFrame, locale: Locale) -> pl.Series:
    """One text per row: each `{column:format}` replaced by that row's value; null is `n/a`.

    The formats are those of `FORMATS` and `WORDS`; percent takes a fraction. `{amount:in currency}`
    writes money in the currency that the row's `currency` names, `{figure:as unit}` a value in the
    format that the row's `unit` names. What a value holds is never read as a template.

    >>> compose("{name}: {spend:currency}", pl.DataFrame(
    ...     {"name": ["{spend}", "B"], "spend": [1200.0, None]}), Locale()).to_list()
    ['{spend}: $1,200', 'B: n/a']

    Raises
    ------
    ValueError
        For a format that is not known.
    """
    texts: list[str] = [""] * frame.height
    for literal, name, spec in _parts(template):
        texts = [text + literal for text in texts]
        if name:
            values = _written(frame, name, spec, locale)
            texts = [text + value for text, value in zip(texts, values, strict=True)]
    return pl.Series("text", texts, pl.String)


def _written(frame: pl.DataFrame, name: str, spec: str, locale: Locale) -> list[str]:
    values = frame[name]
    if spec.startswith(_IN):
        currencies = frame[spec[len(_IN) :]].fill_null(locale.currency)
        return [
            written(value, "currency", Locale(currency, locale.name))
            for value, currency in zip(values, currencies, strict=True)
        ]
    if spec.startswith(_AS):
        specs = frame[spec[len(_AS) :]]
        return [written(value, spec, locale) for value, spec in zip(values, specs, strict=True)]
    if values.dtype == pl.List(pl.String):
        values = values.list.join(", ")
    return [written(value, spec, locale) for value in values]


def _parts(template: str) -> Iterator[tuple[str, str, str]]:
    for literal, name, spec, _ in Formatter().parse(template):
        yield literal, name or "", spec or ""
