"""One table specification, two renderings: Great Tables for HTML, a native Typst table for PDF."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Self

import polars as pl

from mktorch import catalog
from mktorch.display import trace
from mktorch.display.block import Block
from mktorch.display.brand import Brand, load_brand
from mktorch.display.contents import BY_CAMPAIGN, EXPORTS
from mktorch.display.escape import slug
from mktorch.display.nodes import Node, folded, framed
from mktorch.display.status import Statuses, status_of
from mktorch.display.trace import Figure
from mktorch.formats import NOT_AVAILABLE, TEXT, Format, Locale, format_value
from mktorch.words import count

if TYPE_CHECKING:
    from great_tables import GT

    from mktorch.display.trace import Entry

Align = Literal["left", "right", "center"]

_COUNTS = "No."  # heads a column that only counts the rows
READ, LOOKED_UP = 12, 60  # rows on a page of a table that is read, and of one that is looked up
_WHOLE = 6  # rows up to which a table stays on one page
_SLICE = 500  # rows worded at once
_LONG = 24  # rows up to which one that is read is not
_OPEN = 3  # rows up to which a table that is looked up is not folded


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: where its values come from and how they read.

    `detail` names a column set small under each value. `missing` says why a null stands there and
    becomes a note of the table. `statuses` shows values as word, shape and colour. `shade` names a
    column of numbers between -1 and 1 that colours the cells behind the values, amber to blue.
    `weight` is the share of the free width that a text column takes in PDF. `origin` names the
    figure's column in the run as `table.column`, where it is not the column of the same name in
    the table's `source`; `{name}` in it stands for the row's value of that frame column. It also
    makes a figure of a column of text. `where` are keys of its row that no column of the frame has.
    """

    name: str
    label: str
    format: Format = TEXT
    align: Align | None = None
    detail: str = ""
    detail_format: Format = TEXT
    missing: str = ""
    statuses: Statuses | None = None
    shade: str = ""
    weight: float = 1.0
    mono: bool = False
    origin: str = ""
    where: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def is_figure(self) -> bool:
        """Whether the column holds figures, each with an id and a source."""
        return bool(self.origin) or self.format.numeric

    @property
    def side(self) -> Align:
        return self.align or ("right" if self.format.numeric else "left")

    @property
    def flexible(self) -> bool:
        """Whether the column's text may wrap."""
        return bool(self.detail) or (self.format == TEXT and self.statuses is None)


@dataclass(frozen=True, kw_only=True)
class Table(Block):
    """A table as data: what it says (title), what it shows (frame, columns) and where it is from.

    `group` names a column whose values head groups of rows; `source` the run's table, kept in the
    page beside every figure. `key` names the columns that tell its rows apart, by default the
    first one shown; they end the ids of the figures and select rows of the source.

    `frame` holds every row, those that matter most first. A page shows the first `most` of them,
    of each group where there are groups, and the `last` ones, which are totals; by default `READ`,
    or `LOOKED_UP` where the table is `dense`: looked up and not read, so that it is set small and
    close on paper and folded on a page. A note says how many more the exports hold.

    `words` adds columns of text that take long to word, to the rows that are shown or exported.
    """

    id: str
    frame: pl.DataFrame
    columns: tuple[Column, ...]
    title: str
    subtitle: str = ""
    notes: tuple[str, ...] = ()
    group: str = ""
    source: str = ""
    key: tuple[str, ...] = ()
    empty: str = "Nothing to show."
    locale: Locale = field(default_factory=Locale)
    links: bool = False
    campaign: str = ""
    dense: bool = False
    most: int = 0
    last: int = 0
    words: Callable[[pl.DataFrame], pl.DataFrame] | None = None

    def __post_init__(self) -> None:
        if self.words is not None:
            return  # the columns are there once they are worded
        named = [n for c in self.columns for n in (c.name, c.detail, c.shade)]
        absent = [n for n in [*named, self.group, *self.key] if n and n not in self.frame.columns]
        if absent:
            raise KeyError(f"table {self.id}: the frame has no column {', '.join(absent)}")

    @cached_property
    def brand(self) -> Brand:
        return load_brand()

    @property
    def heading(self) -> Column:
        """The column that names a row: the first, or the widest where the first counts rows."""
        first, *rest = self.columns
        words = [column for column in rest if column.flexible]
        return max(words, key=lambda c: c.weight) if first.label == _COUNTS and words else first

    def linked(self, campaign: str = "") -> Self:
        return replace(self, links=True, campaign=campaign)

    @cached_property
    def shown(self) -> Self:
        """The table with the rows that a page has room for."""
        most = self.most or (LOOKED_UP if self.dense else READ)
        if self.frame.height <= most + self.last:
            return self.worded
        place, rows = pl.int_range(pl.len()), pl.len()
        if self.group:
            place, rows = place.over(self.group), rows.over(self.group)
        kept = self.frame.filter((place < most) | (place >= rows - self.last))
        return self.worded if kept.height == self.frame.height else replace(self, frame=kept).worded

    @property
    def worded(self) -> Self:
        """The table with every column: some hundred rows at a time, whose parts take much room."""
        if self.words is None:
            return self
        slices = tuple(self.frame.iter_slices(_SLICE)) or (self.frame,)
        return replace(self, frame=pl.concat(map(self.words, slices)), words=None)

    @property
    def export(self) -> str:
        """The file of the pack's exports, without its ending, that holds every row."""
        apart = self.campaign and "campaign_id" not in self.frame.columns
        return slug(self.id) + (BY_CAMPAIGN if apart else "")

    def figures(self) -> tuple[Figure, ...]:
        return tuple(figure for held in self.shown.traced.values() for figure in held)

    @cached_property
    def traced(self) -> dict[str, list[Figure]]:
        """The figures of each column that holds figures, row by row."""
        return {c.name: self._traced(c) for c in self.columns if c.is_figure}

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """The entry of the appendix that each figure's id leads to; none where nothing links."""
        made = trace.entries(self.figures()) if self.links else []
        return {figure.id: entry for entry in made for figure in entry.figures}

    def _traced(self, column: Column) -> list[Figure]:
        names = self.key or (self.columns[0].name,)
        keys = self.frame.select(names).rows()
        ids = trace.addresses(self.id, column.name, keys, self.campaign)
        origin = column.origin or f"{self.source.split(', ')[0]}.{column.name}"
        cells = self.frame.rows(named=True)
        made = []
        for name, key, text, row in zip(ids, keys, self.texts(column), cells, strict=True):
            defined = trace.find(self.id, origin.format_map(row), column.name, key[0])
            table = defined[0][0] if defined else ""
            held = catalog.key(table)
            known = names if held is None else held
            made.append(
                Figure(
                    id=name,
                    block=self.id,
                    column=column.name,
                    label=column.label,
                    text=text,
                    defined=defined,
                    row={**column.where}
                    | {n: part for n, part in zip(names, key, strict=True) if n in known},
                    cells=row,
                    value=row[column.name],
                    format=column.format if column.format.numeric else None,
                )
            )
        return made

    def texts(self, column: Column) -> list[str]:
        """The column's display text, row by row."""
        values = self.frame[column.name].to_list()
        if column.statuses is not None:
            return [
                status_of(v, column.statuses).word if v is not None else NOT_AVAILABLE
                for v in values
            ]
        return [format_value(value, column.format, self.locale) for value in values]

    def details(self, column: Column) -> list[str]:
        """The small text under each value; empty where there is none."""
        if not column.detail:
            return [""] * self.frame.height
        values = self.frame[column.detail].to_list()
        return [
            "" if v is None else format_value(v, column.detail_format, self.locale) for v in values
        ]

    def fills(self, column: Column) -> list[str]:
        """The colour behind each value, deeper the farther from 0; empty where there is none."""
        if not column.shade:
            return [""] * self.frame.height
        return [
            "" if v is None else self.brand.tint("primary" if v > 0 else "warning", 0.35 * abs(v))
            for v in self.frame[column.shade].to_list()
        ]

    @property
    def all_notes(self) -> tuple[str, ...]:
        """The table's own notes, then why values are missing, then the source.

        A table without rows needs no reading aid: only its source is named.
        """
        gaps = [
            f"{c.label}, {c.missing}"
            for c in self.columns
            if c.missing and c.name in self.frame.columns and self.frame[c.name].null_count()
        ]
        reasons = (f"{NOT_AVAILABLE}: {'; '.join(gaps)}.",) if gaps else ()
        source = (f"Source: {self.source}.",) if self.source else ()
        return source if self.frame.is_empty() else (*self.notes, *reasons, *source)

    def as_gt(self, heading: bool = True) -> GT:
        """The table as a Great Tables object; `heading` adds title and notes to it."""
        from mktorch.display.writers.html_table import great_table

        return great_table(self.worded, heading)

    def tree(self) -> Node:
        rows, rest = self.shown.frame.height, self.frame.height - self.shown.frame.height
        more = (f"{count(rest, 'more row')} in {EXPORTS}/{self.export}.csv.",) if rest else ()
        body = Grid(self.shown) if rows else Node("nothing", self.empty)
        if rows > (_OPEN if self.dense else _LONG):
            body = folded(f"Show the {rows:,} rows", body)
        return framed(
            "table",
            f"{self.id}-block",
            self.title,
            self.subtitle,
            (body,),
            (*self.all_notes, *more),
            whole=rows <= _WHOLE,
        )


@dataclass(frozen=True)
class Grid:
    """A table's rows and columns, without its title and notes."""

    table: Table
