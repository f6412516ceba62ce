"""Wording that several sections share: intervals, names, figures of any unit, rows left out."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from mktorch.display import escape
from mktorch.display.sections.context import (
    locale_of,
)
from mktorch.formats import (
    COUNT,
    CURRENCY_EXACT,
    FIGURE,
    PERCENT,
    RATIO,
    Format,
    Kind,
    Locale,
    format_value,
)
from mktorch.metrics import registry
from mktorch.runs import Run
from mktorch.vocab import Direction, Unit
from mktorch.words import joined, spaces

WHOLE_PERCENT = Format(Kind.PERCENT, decimals=0)
RATE = Format(Kind.PERCENT, decimals=2)  # conversion rates are too small for one decimal
_LOCALE = Locale()
_LINE = 15  # pixels from one line of a chart's label to the next
_NAMED = {"campaign": "campaigns", "segment": "audience_segments"}
# Unit -> what is too small for its format, and the format it takes then.
_FINE = {
    Unit.FRACTION: (0.001, Format(Kind.PERCENT, decimals=4)),
    Unit.CURRENCY: (0.1, Format(Kind.CURRENCY, decimals=4)),
}
_UNITS = {
    Unit.FRACTION: RATE,
    Unit.PERCENTAGE: FIGURE,
    Unit.RATIO: RATIO,
    Unit.CURRENCY: CURRENCY_EXACT,
    Unit.COUNT: COUNT,
    Unit.SECONDS: FIGURE,
    Unit.HOURS: FIGURE,
}


def interval(low: pl.Series, high: pl.Series, fmt: Format = PERCENT) -> pl.Series:
    """An interval as text, row by row; one end alone where the other is open, null without both.

    >>> interval(pl.Series([0.1, 0.1, None]), pl.Series([0.2, None, None])).to_list()
    ['10.0% to 20.0%', '10.0% or more', None]
    """

    def text(start: float | None, end: float | None) -> str | None:
        if start is None:
            return None if end is None else f"{format_value(end, fmt)} or less"
        first = format_value(start, fmt)
        return f"{first} or more" if end is None else f"{first} to {format_value(end, fmt)}"

    return pl.Series([text(*ends) for ends in zip(low, high, strict=True)], dtype=pl.String)


def texts(values: Iterable[Any], fmt: Format, locale: Locale = _LOCALE) -> pl.Series:
    """Values as text, null where there is none."""
    return pl.Series(
        [None if v is None else format_value(v, fmt, locale) for v in values], dtype=pl.String
    )


def metric_texts(run: Run, metrics: pl.Series, values: pl.Series) -> pl.Series:
    """Values, each in the unit of the metric beside it; null where there is no value."""
    known, locale = registry(run.config.metrics), locale_of(run)

    def text(name: str, value: float | None) -> str | None:
        if value is None:
            return None
        unit = known[name].unit if name in known else None
        small, fine = _FINE.get(unit, (0.0, FIGURE)) if unit else (0.0, FIGURE)
        coarse = _UNITS[unit] if unit else FIGURE
        return format_value(value, fine if 0 < abs(value) < small else coarse, locale)

    return pl.Series(list(map(text, metrics, values)), dtype=pl.String)


def metric_label(run: Run, metric: pl.Expr) -> pl.Expr:
    """The metric's label; the words of its own name where the registry has none."""
    labels = {name: m.label for name, m in registry(run.config.metrics).items() if m.label}
    return metric.replace_strict(labels, default=spaces(metric), return_dtype=pl.String)


def lower_is_better(run: Run, metrics: pl.Series) -> list[str]:
    """The note on those of the metrics that are better the lower; none where there are none."""
    known = registry(run.config.metrics)
    down = sorted(
        known[name].label.lower() or name.replace("_", " ")
        for name in metrics.drop_nulls().unique()
        if name in known and known[name].direction == Direction.DOWN
    )
    return [f"Lower is better for {joined(down)}."] if down else []


def with_names(run: Run, frame: pl.DataFrame, *things: str) -> pl.DataFrame:
    """The frame with `campaign` or `segment`, as asked: the name its id stands for.

    Two of one name bear their ids too; what has no name is called by its id.
    """
    for thing in things:
        key = f"{thing}_id"
        apart = (
            pl.when(pl.col("name").is_unique())
            .then("name")
            .otherwise(pl.format("{} ({})", "name", key))
        )
        names = run.tables[_NAMED[thing]].select(key, apart.alias(thing))
        frame = frame.join(names, on=key, how="left", maintain_order="left").with_columns(
            pl.col(thing).fill_null(pl.col(key))
        )
    return frame


def channel_names(run: Run) -> pl.DataFrame:
    """`channel_id`, `channel`: its type, and platform and id where that does not tell it apart."""
    words = run.tables["channels"].select("channel_id", "type", "platform")
    kind, platform = (spaces(pl.col(column)) for column in ("type", "platform"))
    both = pl.format("{} ({})", kind, platform)
    return words.select(
        "channel_id",
        channel=pl.when(kind.is_unique())
        .then(kind)
        .when(both.is_unique())
        .then(both)
        .otherwise(pl.concat_str(kind, "channel_id", separator=" ")),
    )


def duration(minutes: float | None) -> str:
    """A time span in the unit that reads best.

    >>> duration(95.0), duration(1736.0), duration(14400.0)
    ('95 min', '28.9 hours', '10.0 days')
    """
    if minutes is None:
        return format_value(None)
    hours = minutes / 60
    if hours < 2:
        return f"{minutes:,.0f} min"
    return f"{hours:,.1f} hours" if hours < 48 else f"{hours / 24:,.1f} days"


def axis_labels(names: Mapping[str, str], width: int, lines: int = 3) -> str:
    """The axis expression that writes each id as its name, in lines of at most `width` letters.

    Values stay ids, so that two of one name stay apart. An ellipsis stands for what is left out.
    """
    broken = {key: wrapped(name, width, lines) for key, name in names.items()}
    return f"{json.dumps(broken)}[datum.label]"


def row_labels(names: Mapping[str, str], width: int, lines: int = 3) -> dict[str, Any]:
    """Axis settings that write ids as names beside their rows, each centred on its own."""
    labels = axis_labels(names, width, lines)
    # Vega hangs further lines below the first: lift a label by half of what hangs.
    lifts = [
        {"test": f"length({labels.replace('datum.label', 'datum.value')}) == {n}", "value": lift}
        for n in range(2, lines + 1)
        for lift in [-(n - 1) * _LINE / 2]
    ]
    return {"labelExpr": labels, "labelOffset": {"condition": lifts, "value": 0}}


def wrapped(text: str, width: int, lines: int = 3) -> list[str]:
    """Text as at most `lines` lines.

    >>> wrapped("Price-sensitive small firms", 15)
    ['Price-sensitive', 'small firms']
    """
    broken = textwrap.wrap(escape.clean(text), width) or [""]
    kept = broken[:lines]
    if len(broken) > lines:
        kept[-1] = kept[-1][: width - 1].rstrip() + "\u2026"
    return kept
