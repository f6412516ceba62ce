"""What a table says a column is made of is what it is made of, no more and no less.

Each step of the plan is done on the sample's tables, then again with one column of one of them
changed, in the rows that some definition tells apart from the others. A figure may change only
where its definition names that column and those rows, and must change somewhere where it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import polars as pl
import pytest

from mktorch.catalog import TABLES
from mktorch.config import MarketingOrchestratorConfig
from mktorch.plan import PLAN
from mktorch.vocab import Source
from mktorch.wiring import PipelineContext, Step
from tests.conftest import SAMPLE

STEPS = {step.name: step for step in PLAN}
MAKER = {name: step for step in PLAN for name in step.makes}
CHECKED = [
    step.name
    for step in PLAN
    if any(name in TABLES and name not in set(Source) for name in step.makes)
]


class Read(NamedTuple):
    """A column of a step's input that a figure is made of, in the rows that hold these values."""

    table: str
    column: str
    where: frozenset[tuple[str, str]]


@cache
def config() -> MarketingOrchestratorConfig:
    return MarketingOrchestratorConfig(data_dir=str(SAMPLE))


@cache
def artifacts() -> Mapping[str, Any]:
    """All that the steps of a run of the sample make; half of the campaigns have no ledger row."""
    context = PipelineContext(config())
    for step in PLAN:
        if all(need in context.artifacts for need in step.needs):
            context.artifacts.update(step.run(context))
            if Source.ROI_LEDGER in step.makes:
                context.artifacts[Source.ROI_LEDGER] = context[Source.ROI_LEDGER].gather_every(2)
            context.seconds.append(1.0)
    return context.artifacts


def made(step: Step, changed: Mapping[str, pl.DataFrame]) -> Mapping[str, pl.DataFrame]:
    """What a step makes of the sample's tables, some of them changed."""
    held = {**artifacts(), **changed}
    return step.run(PipelineContext(config(), artifacts=held, seconds=[1.0]))


def inputs(step: Step) -> dict[str, pl.DataFrame]:
    held = {name: artifacts().get(name) for name in step.awaits}
    return {name: frame for name, frame in held.items() if isinstance(frame, pl.DataFrame)}


def reads(step: Step, table: str, column: str, seen: frozenset[str] = frozenset()) -> set[Read]:
    """The columns of the step's inputs that a figure is made of, as definitions lead to them."""
    here = f"{table}.{column}"
    if here in seen or column not in TABLES[table].described():
        return set()
    found: set[Read] = set()
    for up in TABLES[table].definition_of(column).upstream:
        if up.table in inputs(step):
            where = frozenset(up.where.items())
            found |= {Read(up.table, name, where) for name in up.columns}
        elif up.table in TABLES:
            for name in up.columns:
                found |= reads(step, up.table, name, seen | {here})
    return found


def figures(step: Step) -> dict[tuple[str, str], set[Read]]:
    """Table and column of each number of the step that is said to be made of something."""
    return {
        (table, column): found
        for table in step.makes
        if table in TABLES
        for column, held in TABLES[table].columns().items()
        if held.dtype.is_numeric() and (found := reads(step, table, column))
    }


def groups(frame: pl.DataFrame, told: set[Read]) -> Iterator[tuple[pl.Expr, set[frozenset]]]:
    """Rows by which of the conditions told of their table they meet, with those conditions."""
    conditions = sorted({read.where for read in told}, key=sorted)
    met = [meets(where) for where in conditions]
    for each in frame.select(m.alias(str(i)) for i, m in enumerate(met)).unique().rows():
        rows = pl.all_horizontal(m.eq(pl.lit(value)) for m, value in zip(met, each, strict=True))
        yield rows, {c for c, value in zip(conditions, each, strict=True) if value}


def meets(where: frozenset[tuple[str, str]]) -> pl.Expr:
    is_so = (pl.col(name).cast(pl.String).eq_missing(pl.lit(value)) for name, value in where)
    return pl.all_horizontal(pl.lit(value=True), *is_so)


def differs(table: str, was: pl.DataFrame, now: pl.DataFrame) -> set[str]:
    """The columns of a table that are not the same in the rows that both have."""
    key = list(TABLES[table].key_columns())
    if key:
        now = was.select(key).join(now, on=key, how="left", nulls_equal=True, maintain_order="left")
    if was.height != now.height:
        return set(was.columns)
    return {name for name in was.columns if not was[name].equals(now[name], null_equal=True)}


def change(column: str, dtype: pl.DataType) -> pl.Expr:
    return ~pl.col(column) if dtype == pl.Boolean else (pl.col(column) * 3 + 1).cast(dtype)


def idle(step: Step, was: Mapping[str, pl.DataFrame]) -> dict[tuple[str, str], set[Read]]:
    """Table and column of the step's figures -> what does not change them, changed or taken away.

    Left out is what holds no row of the sample.
    """
    found: dict[tuple[str, str], set[Read]] = {}
    without: dict[tuple[str, frozenset], Mapping[str, pl.DataFrame]] = {}
    for (table, column), told in figures(step).items():
        for read in told:
            frame, place = inputs(step)[read.table], (read.table, read.where)
            rows = meets(read.where)
            if frame.filter(rows).is_empty() or any(
                (source, other) == (read.table, read.column) and read.where in met
                for source, other, met in moved(step.name)[table, column]
            ):
                continue
            if place not in without:
                try:
                    without[place] = made(step, {read.table: frame.filter(~rows)})
                except pl.exceptions.PolarsError:
                    without[place] = {}  # it cannot do without the rows
            now = without[place].get(table)
            if now is not None and column not in differs(table, was[table], now):
                found.setdefault((table, column), set()).add(read)
    return found


@cache
def moved(name: str) -> dict[tuple[str, str], set[tuple[str, str, frozenset]]]:
    """Table and column of a step's figures -> what of its inputs changed them."""
    step = STEPS[name]
    was, told = made(step, {}), figures(step)
    found: dict[tuple[str, str], set[tuple[str, str, frozenset]]] = {each: set() for each in told}
    for source, frame in inputs(step).items():
        mine = {read for each in told.values() for read in each if read.table == source}
        parts = list(groups(frame, mine))
        for column, dtype in frame.schema.items():
            if not (dtype.is_numeric() or dtype == pl.Boolean) or column.startswith("_"):
                continue
            for rows, met in parts:
                other = pl.when(rows).then(change(column, dtype)).otherwise(pl.col(column))
                now = made(step, {source: frame.with_columns(other.alias(column))})
                for table in {table for table, _ in told}:
                    for each in differs(table, was[table], now[table]):
                        if (table, each) in found:
                            found[table, each].add((source, column, frozenset(met)))
    return found


@pytest.mark.parametrize("name", CHECKED)
def test_a_figure_is_made_of_nothing_else(name) -> None:
    step = STEPS[name]
    told = figures(step)
    loose = sorted(
        f"{table}.{column} changes with {source}.{other} where {sorted(map(sorted, met))}"
        for (table, column), found in moved(name).items()
        for source, other, met in found
        if not any(
            (read.table, read.column) == (source, other) and read.where in met
            for read in told[table, column]
        )
    )
    assert loose == []


@pytest.mark.parametrize("name", CHECKED)
def test_what_a_figure_is_made_of_changes_it(name) -> None:
    step = STEPS[name]
    without = sorted(
        f"{table}.{column} does not change with {read.table}.{read.column} {sorted(read.where)}"
        for (table, column), found in idle(step, made(step, {})).items()
        for read in found
    )
    assert without == []
