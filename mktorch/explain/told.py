"""What is told of a figure: the tree of rows behind it, as lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from math import fsum
from typing import Any

import polars as pl

from mktorch import catalog
from mktorch.display import trace
from mktorch.display.trace import Figure, Setting
from mktorch.explain.words import DIGITS, in_words
from mktorch.manifest import InputRecord
from mktorch.runs import Run
from mktorch.screen import plain
from mktorch.vocab import Source

_NAMED = 10  # records that the text names by their rows in the file
_LISTED = 1000  # records that the JSON names
_WORDS = 3  # values of a column of words that are named


@dataclass(frozen=True, kw_only=True)
class Made:
    """Rows that a figure is made of, and what these are made of in turn.

    `columns` of `rows` entered; `rows` is a frame of the run's table `table`, and `words` say how
    these columns are made; `worked` works out in numbers what they come to in a single row.
    """

    table: str
    columns: tuple[str, ...]
    rows: pl.DataFrame
    words: tuple[str, ...] = ()
    worked: tuple[str, ...] = ()
    made: tuple[Made, ...] = ()

    @property
    def is_source(self) -> bool:
        """Whether these are input records."""
        return self.table in set(Source)

    @property
    def walk(self) -> Iterator[Made]:
        """This and all that it is made of, depth first."""
        yield self
        for each in self.made:
            yield from each.walk


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A figure, what its definition says, and the rows behind it.

    `value` is exact where `text` is as shown; null with `reason` where there is none. `pages` are
    the pages of the pack that show it, empty for a column that none shows. `worked` is the figure
    worked out in numbers, line by line.
    """

    figure: Figure
    pages: tuple[str, ...]
    value: Any
    reason: str
    lines: tuple[str, ...]
    worked: tuple[str, ...]
    made: tuple[Made, ...]
    settings: tuple[Setting, ...]
    inputs: tuple[InputRecord, ...]
    run: Run

    def records(self) -> dict[str, pl.DataFrame]:
        """Source -> its records behind the figure, each once, with file and row."""
        found: dict[str, list[pl.DataFrame]] = {}
        for each in self._walk():
            if each.is_source:
                found.setdefault(each.table, []).append(each.rows)
        return {
            name: pl.concat(frames).unique(["_file", "_row"]).sort("_file", "_row")
            for name, frames in found.items()
        }

    def as_json(self) -> dict[str, Any]:
        """The explanation as JSON-ready values."""
        manifest = self.run.manifest
        return {
            "id": self.figure.id,
            "label": self.figure.label,
            "text": self.figure.text,
            "value": _json(self.value),
            "reason": self.reason or None,
            "pages": list(self.pages),
            "definitions": [
                {
                    "table": table or None,
                    "column": column,
                    "row": {name: _json(part) for name, part in self.figure.row.items()},
                    "words": each.words,
                    "unit": trace.unit(self.run, each),
                }
                for table, column, each in self.figure.defined
            ],
            "worked_out": list(self.worked),
            "made_of": [_made_json(each) for each in self.made],
            "settings": [
                {"name": s.name, "value": s.value, "origin": s.origin} for s in self.settings
            ],
            "run": {
                "run_id": manifest.run_id,
                "as_of": manifest.as_of.isoformat(),
                "version": manifest.version,
            },
            "inputs": [
                {"source": i.source, "path": i.path, "sha256": i.sha256, "rows": i.rows}
                for i in self.inputs
            ],
        }

    def __str__(self) -> str:
        manifest = self.run.manifest
        head = [f"{self.figure.id}", f"  {self.figure.label}: {self.figure.text}"]
        if self.value is not None and str(self.value) != self.figure.text:
            head.append(f"  exactly {in_words(self.value)}")
        head += [f"  {self.reason}"] if self.reason else []
        head += [f"  on {', '.join(self.pages)}"] if self.pages else []
        made = [line for each in self.made for line in _lines(each, 1)]
        files = [f"  {i.path}: {i.rows:,} records, SHA-256 {i.sha256}" for i in self.inputs]
        return "\n".join(
            plain(line)
            for line in (
                *head,
                "Definition",
                *(f"  {line}" for line in self.lines),
                *(["Worked out", *(f"  {line}" for line in self.worked)] if self.worked else []),
                *(["Made of", *made] if made else []),
                f"Run {manifest.run_id} of mktorch {manifest.version}",
                f"  as of {manifest.as_of:%Y-%m-%d %H:%M:%S} UTC",
                *files,
            )
        )

    def _walk(self) -> Iterator[Made]:
        for each in self.made:
            yield from each.walk


def _lines(made: Made, depth: int) -> Iterator[str]:
    """The tree in lines: table, rows and what its columns hold, deeper ones further in."""
    held = "; ".join(
        f"{column.replace('_', ' ')} {spread(made.rows[column], catalog.adds(made.table, column))}"
        for column in made.columns
        if column not in (catalog.key(made.table) or ())
    )
    where = places(made.rows) if made.is_source else ""
    count = f"{made.rows.height:,} {'row' if made.rows.height == 1 else 'rows'}"
    yield f"{'  ' * depth}{made.table}, {where or count}" + (f": {held}" if held else "")
    for words in made.words:
        yield f"{'  ' * depth}  = {words}"
    for worked in made.worked:
        yield f"{'  ' * depth}  : {worked}"
    for each in made.made:
        yield from _lines(each, depth + 1)


def places(rows: pl.DataFrame) -> str:
    """Input records by file and row, neighbours as one span.

    >>> places(pl.DataFrame({"_file": ["a.json"] * 4, "_row": [4, 2, 5, 6]}))
    'a.json rows 2, 4-6'
    """
    told = []
    for (file,), part in sorted(rows.partition_by("_file", as_dict=True).items()):
        spans = (
            part.sort("_row")
            .group_by((pl.col("_row") - pl.int_range(pl.len())).alias("span"), maintain_order=True)
            .agg(first=pl.col("_row").first(), last=pl.col("_row").last())
        )
        named = [
            f"{first:,}" if first == last else f"{first:,}-{last:,}"
            for first, last in spans.select("first", "last").head(_NAMED).rows()
        ]
        more = f" and more, {part.height:,} in all" if spans.height > _NAMED else ""
        told.append(f"{file} {'row' if part.height == 1 else 'rows'} {', '.join(named)}{more}")
    return "; ".join(told) or "no record"


def spread(values: pl.Series, adds: bool) -> str:
    """What a column holds: its value, its sum where it adds up, its range, or its words.

    >>> spread(pl.Series([1.5, 2.25]), adds=True), spread(pl.Series([0.5, 0.25]), adds=False)
    ('3.75 in all', '0.25 to 0.5')
    """
    known = values.drop_nulls()
    if not known.len():
        return "null"
    nulls = f", {values.null_count():,} null" if values.null_count() else ""
    listed = values.dtype == pl.List
    if not listed and (values.len() == 1 or (known.n_unique() == 1 and not adds)):
        return in_words(known[0]) + nulls
    if adds and values.dtype.is_numeric():
        return f"{in_words(_sum(known))} in all{nulls}"
    if values.dtype.is_numeric() or values.dtype.is_temporal():
        return f"{in_words(known.min())} to {in_words(known.max())}{nulls}"
    words = known.explode().drop_nulls() if listed else known
    counts = (
        words.cast(pl.String)
        .value_counts(sort=True)
        .sort(["count", values.name], descending=[True, False])
    )
    named = [f"{word} ({count:,})" for word, count in counts.head(_WORDS).rows()]
    more = counts.height - _WORDS
    return ", ".join(named) + (f" and {more:,} more" if more > 0 else "") + nulls


def _sum(values: pl.Series) -> int | float:
    """The sum, exact for integers and free of the order's rounding for the rest."""
    return int(values.sum()) if values.dtype.is_integer() else round(fsum(values), DIGITS)


def _made_json(made: Made) -> dict[str, Any]:
    held: dict[str, Any] = {
        "table": made.table,
        "rows": made.rows.height,
        "columns": {
            column: spread(made.rows[column], catalog.adds(made.table, column))
            for column in made.columns
        },
    }
    if made.is_source:
        held["records"] = made.rows.select(file="_file", row="_row").head(_LISTED).to_dicts()
    if made.words:
        held["words"] = list(made.words)
    if made.worked:
        held["worked_out"] = list(made.worked)
    return {**held, "made_of": [_made_json(each) for each in made.made]}


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
