"""Where one figure comes from: its definition, its rows, what these are made of, down to records.

```python
told = mktorch.load_run("output/runs/20260412-0123456789").explain("campaigns.roi.CAMP_001")
print(told)
told.records()["performance_metrics"]  # the input records behind it, as a frame
```
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from math import fsum
from operator import and_
from typing import Any

import polars as pl

from mktorch.display import trace
from mktorch.display.documents import figures
from mktorch.display.sources import lines_of
from mktorch.display.trace import Entry, Figure, Setting
from mktorch.errors import MktorchError
from mktorch.lineage import ADDITIVE, DEFINITIONS, KEYS, Definition, Upstream, definition
from mktorch.runs import InputRecord, Run
from mktorch.vocab import Source

_NAMED = 10  # records that the text names by their rows in the file
_LISTED = 1000  # records that the JSON names
_WORDS = 3  # values of a column of words that are named
_DIGITS = 6  # of a sum: no input has more
_INDEX = "_index"  # a row's place in its table
_PAGE = "_page"  # the campaign whose page shows the figure


class ExplainError(MktorchError):
    """No figure bears the id; the message names the nearest ones."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """Rows that a figure is made of, and what these are made of in turn.

    `columns` of `rows` entered; `rows` is a frame of the run's table `table`, and `words` say how
    these columns are made.
    """

    table: str
    columns: tuple[str, ...]
    rows: pl.DataFrame
    words: tuple[str, ...] = ()
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
    the pages of the pack that show it, empty for a column that none shows.
    """

    figure: Figure
    pages: tuple[str, ...]
    value: Any
    reason: str
    lines: tuple[str, ...]
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
            head.append(f"  exactly {_words(self.value)}")
        head += [f"  {self.reason}"] if self.reason else []
        head += [f"  on {', '.join(self.pages)}"] if self.pages else []
        made = [line for each in self.made for line in _lines(each, 1)]
        files = [f"  {i.path}: {i.rows:,} records, SHA-256 {i.sha256}" for i in self.inputs]
        return "\n".join(
            [
                *head,
                "Definition",
                *(f"  {line}" for line in self.lines),
                *(["Made of", *made] if made else []),
                f"Run {manifest.run_id} of mktorch {manifest.version}",
                f"  as of {manifest.as_of:%Y-%m-%d %H:%M:%S} UTC",
                *files,
            ]
        )

    def _walk(self) -> Iterator[Made]:
        for each in self.made:
            yield from each.walk


def explain(run: Run, name: str) -> Explanation:
    """Where the figure of an id comes from.

    Parameters
    ----------
    run
        The run.
    name
        The figure's id, as its link on a page has it (`f-` in front is allowed), or a column of
        the run, `table.column` or `table.column.<row key>`.

    Raises
    ------
    ExplainError
        Where no figure and no column of the run is named so, with the nearest ids.
    """
    wanted = name.removeprefix("#").removeprefix("f-")
    page, _ = trace.within(wanted)
    campaigns = {trace.address(each): each for each in run.tables["campaigns"]["campaign_id"]}
    if page and page not in campaigns:
        raise ExplainError(f"{name}: the run has no campaign {page!r}{_near(page, campaigns)}")
    campaign = campaigns.get(page, "")
    shown: dict[str, Figure] = {}
    pages: dict[str, list[str]] = {}
    for document, each in figures(run, campaign):
        shown.setdefault(each.id, each)
        pages.setdefault(each.id, []).append(document)
    if wanted in shown:
        return _explained(run, shown[wanted], campaign, tuple(dict.fromkeys(pages[wanted])))
    if not page and wanted.partition(".")[0] in run.tables:
        return _explained(run, _column(run, wanted), "", ())
    raise ExplainError(
        f"{name}: no figure of run {run.run_id} has this id{_near(wanted, shown)}; an id is "
        "the end of a figure's link on a page, or table.column.key of the run's tables"
    )


def _near(wanted: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(wanted, list(names), n=3, cutoff=0.5)
    return f"; near it: {', '.join(near)}" if near else ""


def _column(run: Run, wanted: str) -> Figure:
    """A column of the run's own tables, or one row's value of it, as a figure."""
    table, _, rest = wanted.partition(".")
    column, _, key = rest.partition(".")
    frame = run.tables[table].select(pl.exclude("^_.*$"))
    if column not in frame.columns:
        raise ExplainError(
            f"{wanted}: table {table} has no column {column!r}{_near(column, frame.columns)}"
        )
    names = [name for name in KEYS.get(table, ()) if name in frame.columns]
    row: Mapping[str, Any] = {}
    if key:
        rows = frame.select(names).rows(named=True) if names else []
        ids = trace.addresses(table, column, [tuple(each.values()) for each in rows])
        if wanted not in ids:
            raise ExplainError(f"{wanted}: no such row of {table}{_near(wanted, ids)}")
        row = rows[ids.index(wanted)]
    held = _own(frame, row)
    first = str(next(iter(row.values()), ""))
    found = definition(table, column, first)
    values = held[column]
    return Figure(
        id=wanted,
        block=table,
        column=column,
        label=column.replace("_", " ").capitalize(),
        text=_words(values[0]) if held.height == 1 else _spread(values, column),
        defined=((table, column, found),) if found else (),
        row=row,
        value=values[0] if held.height == 1 else None,
    )


def _explained(run: Run, figure: Figure, campaign: str, pages: tuple[str, ...]) -> Explanation:
    if not figure.defined:
        raise ExplainError(f"{figure.id}: this column has no definition; it is kept as computed")
    made = _made_of(
        run,
        [(table, found, _rows(run, figure, table, campaign)) for table, _, found in figure.defined],
    )
    value, reason = _value(run, figure)
    entry = Entry(anchor="", block=figure.block, label=figure.label, figures=(figure,))
    settings = dict.fromkeys(s for *_, found in figure.defined for s in trace.settings(run, found))
    sources = {each.table for one in made for each in one.walk if each.is_source}
    return Explanation(
        figure=figure,
        pages=pages,
        value=value,
        reason=reason,
        lines=tuple(lines_of(run, entry)),
        made=made,
        settings=tuple(settings),
        inputs=tuple(i for i in run.manifest.inputs if i.source in sources),
        run=run,
    )


def _rows(run: Run, figure: Figure, table: str, campaign: str) -> pl.DataFrame:
    """The figure's own row: of its table, or the block's where no table holds the figure."""
    if table:
        return _own(_indexed(run, table), figure.row)
    page = {_PAGE: campaign} if campaign else {}
    return pl.DataFrame([{**page, **figure.row, **figure.cells}], strict=False)


def _own(frame: pl.DataFrame, row: Mapping[str, Any]) -> pl.DataFrame:
    conditions = [pl.col(name).eq_missing(pl.lit(value)) for name, value in row.items()]
    return frame.filter(reduce(and_, conditions)) if conditions else frame


def _value(run: Run, figure: Figure) -> tuple[Any, str]:
    """The exact value and, where it is null, the reason."""
    table, column, found = figure.defined[0]
    if len(figure.defined) > 1 or not column:
        return None, ""
    if not table:
        return figure.value, ""
    held = _own(run.tables[table], figure.row)
    if held.is_empty():
        return None, f"n/a: {trace.place(table, column, figure.row)} has no row"
    if held.height > 1 or column not in held.columns:
        return figure.value, ""
    value = held[column][0]
    told = [held[name][0] for name in (found.reason, "reason") if name in held.columns]
    reason = next(filter(None, told), "") if value is None else ""
    return value, f"n/a: {reason.replace('_', ' ')}" if reason else ""


def _made_of(run: Run, held: Iterable[tuple[str, Definition, pl.DataFrame]]) -> tuple[Made, ...]:
    """What rows of tables are made of, by their definitions; alike rows of one table once."""
    found: dict[tuple[object, ...], tuple[dict[str, None], list[pl.DataFrame]]] = {}

    def enter(key: tuple[object, ...], columns: Sequence[str], rows: pl.DataFrame) -> None:
        names, frames = found.setdefault(key, ({}, []))
        names.update(dict.fromkeys(columns))
        frames.append(rows)

    for table, each, rows in held:
        if each.over and table:
            enter((table, "over"), each.over, rows)
        if each.evidence:
            for source, columns, facts in _evidence(run, rows):
                enter((source, "evidence"), columns, facts)
        for up in each.upstream:
            key = (up.table, *up.on.items(), *up.where.items(), up.within)
            enter(key, up.columns, _upstream(run, rows, up))
    return tuple(
        _made(run, str(key[0]), tuple(names), _together(frames))
        for key, (names, frames) in found.items()
    )


def _made(run: Run, table: str, columns: tuple[str, ...], rows: pl.DataFrame) -> Made:
    defined = [
        (table, found, held) for column in columns for found, held in _defined(rows, table, column)
    ]
    words = tuple(dict.fromkeys(found.words for _, found, _ in defined))
    return Made(table=table, columns=columns, rows=rows, words=words, made=_made_of(run, defined))


def _defined(
    rows: pl.DataFrame, table: str, column: str
) -> Iterator[tuple[Definition, pl.DataFrame]]:
    """The definitions of a column, each with its rows: a row may have one of its own."""
    start = f"{table}.{column}."
    first = next(iter(KEYS.get(table, ())), "")
    own = {name.removeprefix(start) for name in DEFINITIONS if name.startswith(start)}
    parts = rows.partition_by(first, maintain_order=True) if own and first else [rows]
    for part in parts:
        key = str(part[first][0]) if own and first else ""
        found = definition(table, column, key)
        if found and part.height:
            yield found, part


def _upstream(run: Run, rows: pl.DataFrame, up: Upstream) -> pl.DataFrame:
    """The rows of the upstream's table that agree with these rows.

    What the page of one campaign makes of a table is made of that campaign's rows; a row without a
    campaign is that of all.
    """
    frame = _indexed(run, up.table)
    if _PAGE in rows.columns and "campaign_id" in frame.columns:
        frame = frame.filter(pl.col("campaign_id") == rows[_PAGE][0])
    for name, value in up.where.items():
        frame = frame.filter(pl.col(name).cast(pl.String) == value)
    whole = "campaign_id" in rows.columns and rows["campaign_id"].has_nulls()
    pairs = {
        own: theirs
        for own, theirs in up.on.items()
        if own in rows.columns and not (whole and own == "campaign_id")
    }
    days = ("first_day", "last_day") if up.within else ()
    wanted = rows.select(*(pl.col(own).alias(f":{own}") for own in pairs), *days).unique()
    if not wanted.width:
        return frame
    if pairs:
        left = [pl.col(theirs).cast(pl.String) for theirs in pairs.values()]
        right = [pl.col(f":{own}").cast(pl.String) for own in pairs]
        joined = frame.join(wanted, left_on=left, right_on=right, nulls_equal=True)
    else:
        joined = frame.join(wanted, how="cross")
    if up.within:
        day = pl.col(up.within).dt.date()
        joined = joined.filter(day.is_between(pl.col("first_day"), pl.col("last_day")))
    return _together([joined.select(frame.columns)])


def _evidence(run: Run, rows: pl.DataFrame) -> Iterator[tuple[str, tuple[str, ...], pl.DataFrame]]:
    """Table, columns and row of the facts that these rows name as what they rest on."""
    facts = rows.select(pl.col("evidence").explode()).drop_nulls().unnest("evidence")
    for (table, keys), part in facts.group_by("table", "keys", maintain_order=True):
        columns = tuple(dict.fromkeys(part["column"]))
        yield str(table), columns, _own(_indexed(run, str(table)), json.loads(str(keys)))


def _indexed(run: Run, table: str) -> pl.DataFrame:
    return run.tables[table].with_row_index(_INDEX)


def _together(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Rows of one table, each once, in the table's order."""
    return pl.concat(frames).unique(_INDEX).sort(_INDEX)


def _lines(made: Made, depth: int) -> Iterator[str]:
    """The tree in lines: table, rows and what its columns hold, deeper ones further in."""
    held = "; ".join(
        f"{column.replace('_', ' ')} {_spread(made.rows[column], column)}"
        for column in made.columns
        if column not in KEYS.get(made.table, ())
    )
    where = _places(made.rows) if made.is_source else ""
    count = f"{made.rows.height:,} {'row' if made.rows.height == 1 else 'rows'}"
    yield f"{'  ' * depth}{made.table}, {where or count}" + (f": {held}" if held else "")
    for words in made.words:
        yield f"{'  ' * depth}  = {words}"
    for each in made.made:
        yield from _lines(each, depth + 1)


def _places(rows: pl.DataFrame) -> str:
    """Input records by file and row, neighbours as one span.

    >>> _places(pl.DataFrame({"_file": ["a.json"] * 4, "_row": [4, 2, 5, 6]}))
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


def _spread(values: pl.Series, column: str) -> str:
    """What a column holds: its value, its sum where it adds up, its range, or its words.

    >>> _spread(pl.Series([1.5, 2.25]), "cost"), _spread(pl.Series([0.5, 0.25, None]), "roas")
    ('3.75 in all', '0.25 to 0.5, 1 null')
    """
    known = values.drop_nulls()
    if not known.len():
        return "null"
    nulls = f", {values.null_count():,} null" if values.null_count() else ""
    if values.len() == 1 or (known.n_unique() == 1 and column not in ADDITIVE):
        return _words(known[0]) + nulls
    if column in ADDITIVE and values.dtype.is_numeric():
        return f"{_words(_sum(known))} in all{nulls}"
    if values.dtype.is_numeric() or values.dtype.is_temporal():
        return f"{_words(known.min())} to {_words(known.max())}{nulls}"
    words = known.explode().drop_nulls() if known.dtype == pl.List else known
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
    return int(values.sum()) if values.dtype.is_integer() else round(fsum(values), _DIGITS)


def _words(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.{_DIGITS}f}".rstrip("0").rstrip(".") if abs(value) >= 1 else repr(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return str(value)


def _made_json(made: Made) -> dict[str, Any]:
    held: dict[str, Any] = {
        "table": made.table,
        "rows": made.rows.height,
        "columns": {column: _spread(made.rows[column], column) for column in made.columns},
    }
    if made.is_source:
        held["records"] = made.rows.select(file="_file", row="_row").head(_LISTED).to_dicts()
    if made.words:
        held["words"] = list(made.words)
    return {**held, "made_of": [_made_json(each) for each in made.made]}


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
