"""The rows that a figure is made of, table by table, as the definitions of its columns lead."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import and_
from typing import Any

import polars as pl

from mktorch import catalog
from mktorch.explain.sums import working
from mktorch.explain.told import Made
from mktorch.runs import Run
from mktorch.tables import Definition, Upstream
from mktorch.vocab import Source, Window

PAGE = "_page"  # the campaign whose page shows the figure
_INDEX = "_index"  # a row's place in its table


def made_of(run: Run, held: Iterable[tuple[str, Definition, pl.DataFrame]]) -> tuple[Made, ...]:
    """What rows of tables are made of, by their definitions; alike rows of one table once."""
    found: dict[tuple[object, ...], tuple[dict[str, None], list[pl.DataFrame]]] = {}

    def enter(key: tuple[object, ...], columns: Sequence[str], rows: pl.DataFrame) -> None:
        names, frames = found.setdefault(key, ({}, []))
        names.update(dict.fromkeys(name for name in columns if name in rows.columns))  # rare ones
        frames.append(rows)

    for table, each, rows in held:
        if each.over and table:
            enter((table, "over"), each.over, rows)
        if each.evidence:
            for source, columns, facts in _evidence(run, rows):
                enter((source, "evidence"), columns, facts)
        for up in each.upstream:
            key = (up.table, *up.on.items(), *up.where.items(), up.within, up.span)
            enter(key, up.columns, _upstream(run, rows, up))
    return tuple(
        _made(run, str(key[0]), tuple(names), _together(frames))
        for key, (names, frames) in found.items()
    )


def _made(run: Run, table: str, columns: tuple[str, ...], rows: pl.DataFrame) -> Made:
    defined = [
        (table, found, held) for column in columns for found, held in _defined(rows, table, column)
    ]
    told = table not in set(Source)  # a record states its columns itself
    words = tuple(dict.fromkeys(found.words for _, found, _ in defined if told))
    worked = [
        f"{column.replace('_', ' ')}: {said}"
        for column in columns
        for found, held in _defined(rows, table, column)
        if told and (said := worked_in(run, column, found, held)).count("=") > 1
    ]
    return Made(
        table=table,
        columns=columns,
        rows=rows,
        words=words,
        worked=tuple(dict.fromkeys(worked)),
        made=made_of(run, defined),
    )


def worked_in(run: Run, column: str, definition: Definition, row: pl.DataFrame) -> str:
    """The figure of one row worked out in numbers, empty where it has no sum of its own."""
    if row.height != 1:
        return ""
    read = [(up, _upstream(run, row, up)) for up in definition.upstream]
    return working(run, column, definition, row, read)


def _defined(
    rows: pl.DataFrame, table: str, column: str
) -> Iterator[tuple[Definition, pl.DataFrame]]:
    """The definitions of a column, each with its rows: a row may have one of its own."""
    first = next(iter(catalog.key(table) or ()), "")
    own = catalog.rows(table, column)
    parts = rows.partition_by(first, maintain_order=True) if own and first else [rows]
    for part in parts:
        key = str(part[first][0]) if own and first else ""
        found = catalog.definition(table, column, key)
        if found and part.height:
            yield found, part


def _upstream(run: Run, rows: pl.DataFrame, up: Upstream) -> pl.DataFrame:
    """The rows of the upstream's table that agree with these rows.

    What the page of one campaign makes of a table is made of that campaign's rows; a row without a
    campaign is that of all.
    """
    frame = indexed(run, up.table)
    if PAGE in rows.columns and "campaign_id" in frame.columns:
        frame = frame.filter(pl.col("campaign_id") == rows[PAGE][0])
    for name, value in up.where.items():
        frame = frame.filter(pl.col(name).cast(pl.String).eq_missing(pl.lit(value, pl.String)))
    whole = "campaign_id" in rows.columns and rows["campaign_id"].has_nulls()
    pairs = {
        own: theirs
        for own, theirs in up.on.items()
        if own in rows.columns and not (whole and own == "campaign_id")
    }
    if up.span:
        day = pl.col(up.within).dt.date()
        frame = frame.filter(day.is_between(*run.clock.windows[Window(up.span)]))
    listed = [own for own in pairs if rows.schema[own] == pl.List]
    if listed and rows.select(listed).null_count().sum_horizontal().item():
        pairs = {own: theirs for own, theirs in pairs.items() if own not in listed}
        listed = []
    rows = rows.explode(listed) if listed else rows
    days = ("first_day", "last_day") if up.within and not up.span else ()
    wanted = rows.select(*(pl.col(own).alias(f":{own}") for own in pairs), *days).unique()
    if not wanted.width:
        return frame
    if pairs:
        left = [pl.col(theirs).cast(pl.String) for theirs in pairs.values()]
        right = [pl.col(f":{own}").cast(pl.String) for own in pairs]
        joined = frame.join(wanted, left_on=left, right_on=right, nulls_equal=True)
    else:
        joined = frame.join(wanted, how="cross")
    if days:
        day = pl.col(up.within).dt.date()
        joined = joined.filter(day.is_between(pl.col("first_day"), pl.col("last_day")))
    return _together([joined.select(frame.columns)])


def _evidence(run: Run, rows: pl.DataFrame) -> Iterator[tuple[str, tuple[str, ...], pl.DataFrame]]:
    """Table, columns and row of the facts that these rows name as what they rest on."""
    facts = rows.select(pl.col("evidence").explode()).drop_nulls().unnest("evidence")
    for (table, keys), part in facts.group_by("table", "keys", maintain_order=True):
        columns = tuple(dict.fromkeys(part["column"]))
        yield str(table), columns, own_rows(indexed(run, str(table)), json.loads(str(keys)))


def own_rows(frame: pl.DataFrame, row: Mapping[str, Any]) -> pl.DataFrame:
    """The rows whose key is this one, null meaning null; all of them without a key."""
    conditions = [pl.col(name).eq_missing(pl.lit(value)) for name, value in row.items()]
    return frame.filter(reduce(and_, conditions)) if conditions else frame


def indexed(run: Run, table: str) -> pl.DataFrame:
    """A table of the run, each row with its place."""
    return run.tables[table].with_row_index(_INDEX)


def _together(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Rows of one table, each once, in the table's order."""
    return pl.concat(frames).unique(_INDEX).sort(_INDEX)
