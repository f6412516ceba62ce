"""What a table says a column is made of is what it is made of, no more and no less.

Each step of the plan is done on the sample's tables, then again with one column of one of them
changed, in the rows that some definition tells apart from the others. A figure may change only
where its definition names that column and those rows, and must change somewhere where it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import polars as pl
import pytest

from mktorch.catalog import TABLES
from mktorch.clock import Clock
from mktorch.config import MarketingOrchestratorConfig
from mktorch.config.budget_rules import BudgetRules
from mktorch.plan import PLAN
from mktorch.tables import Upstream
from mktorch.vocab import Measure, RiskType, Source
from mktorch.wiring import PipelineContext, Step
from tests.conftest import SAMPLE

STEPS = {step.name: step for step in PLAN}
MAKER = {name: step for step in PLAN for name in step.makes}
ODD = pl.int_range(pl.len()) % 2 == 1


def region() -> pl.Expr:
    """A region for each record: R1 to R3 have least before the sample's tests start, then most."""
    after = pl.col("timestamp").dt.date() >= pl.date(2026, 3, 9)
    place = pl.col("impressions").rank("ordinal").over("asset_id", after)
    share = place * 14 // (pl.len().over("asset_id", after) + 1)
    return pl.format("R{}", pl.when(after).then(14 - share).otherwise(share + 1))


# What the sample lacks: records that name a unit, campaigns without a ledger row, money in another
# currency, findings that nobody signalled, signals that a move of budget answers first, supplied
# rollups without figures, decisions alike in confidence or of no pattern.
CHANGED: Mapping[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    Source.PERFORMANCE_METRICS: lambda records: records.with_columns(
        geo=region(), unit_id=pl.format("U{}", pl.int_range(pl.len()) % 7)
    ),
    Source.EXPERIMENTS: lambda tests: pl.concat([tests, studies(tests)], how="diagonal_relaxed"),
    Source.ROI_LEDGER: lambda ledger: ledger.gather_every(2),
    Source.BUDGET_ACTIONS: lambda moves: moves.with_columns(
        currency=pl.when(pl.int_range(pl.len()) % 4 == 1).then(pl.lit("EUR")).otherwise("currency")
    ),
    Source.SEGMENT_ROLLUPS: lambda supplied: supplied.with_columns(
        pl.when(ODD).then(pl.col("kpi_value", "trend_vs_prior_window"))
    ),
    Source.CAMPAIGN_RISK_SIGNALS: lambda signals: signals.filter(
        ODD | (pl.col("risk_type") == RiskType.POLICY_VIOLATION)
    ),
    Source.ORCHESTRATOR_DECISIONS: lambda decisions: decisions.filter(~ODD).with_columns(
        pl.col("confidence_score").clip(0.77),
        action_taken=pl.when(ODD).then("action_taken").otherwise(pl.lit("Slept on it")),
    ),
}


def studies(tests: pl.DataFrame) -> pl.DataFrame:
    """Two lift studies and a test by region of each measure, as the sample has none."""
    usual = tests.head(1).select("campaign_id", "status", start_date=pl.col("start_date"))
    lift = usual.with_columns(
        type=pl.lit("lift"),
        metric=pl.lit("conversions"),
        test_reached=pl.lit(9_000),
        test_conversions=pl.lit(120.0),
        control_reached=pl.lit(8_000),
        control_conversions=pl.lit(80.0),
        spend=pl.lit(500.0),
    )
    by_region = [
        usual.with_columns(
            type=pl.lit("geo"), metric=pl.lit(str(measure)), test_geos=pl.lit(["R1", "R2", "R3"])
        )
        for measure in Measure
    ]
    made = pl.concat([lift, lift, *by_region], how="diagonal_relaxed")
    return made.with_columns(experiment_id=pl.format("S{}", pl.int_range(pl.len())))


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
    """As by default, but that a campaign on its pace returns enough to take another's money, and
    that campaigns get a note."""
    return MarketingOrchestratorConfig(
        data_dir=str(SAMPLE), budget_rules=BudgetRules(under_pace=0.82), enable_llm_insights=True
    )


@cache
def artifacts() -> Mapping[str, Any]:
    """All that the steps of a run of the sample make, some of its records changed (`CHANGED`)."""
    context = PipelineContext(config())
    for step in PLAN:
        if all(need in context.artifacts for need in step.needs):
            context.artifacts.update(step.run(context))
            for name in set(step.makes) & set(CHANGED):
                context.artifacts[name] = CHANGED[name](context[name])
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
    ups = TABLES[table].definition_of(column).upstream
    return {
        read for up in ups for name in up.columns for read in leaves(step, up, name, seen | {here})
    }


def leaves(step: Step, up: Upstream, column: str, seen: frozenset[str]) -> set[Read]:
    """What of the step's inputs one column of an upstream stands for."""
    if up.table in inputs(step):
        where = frozenset((*up.where.items(), *([(up.within, up.span)] if up.span else ())))
        return {Read(up.table, column, where)}
    if up.table not in TABLES:
        return set()
    told = conditions(up)
    return {
        read._replace(where=read.where | told.get(read.table, frozenset()))
        for read in reads(step, up.table, column, seen)
    }


def conditions(up: Upstream) -> dict[str, frozenset[tuple[str, str]]]:
    """What an upstream says of rows, said of the records whose column its table carries over."""
    found: dict[str, frozenset[tuple[str, str]]] = {}
    for name, value in up.where.items():
        ups = TABLES[up.table].definition_of(name).upstream
        if len(ups) == 1 and len(ups[0].columns) == 1:
            had = found.get(ups[0].table, frozenset())
            found[ups[0].table] = had | {(ups[0].columns[0], value)}
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
    """Rows that have these values or, of a day, lie in this window."""
    spans = {
        str(window): span
        for window, span in Clock(artifacts()["as_of"], config().window_days).windows.items()
    }
    is_so = (
        pl.col(name).is_between(*spans[value])
        if name == "date"
        else pl.col(name).cast(pl.String).eq_missing(pl.lit(value))
        for name, value in where
    )
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
    """Another value in every row, not in proportion to its own."""
    other = pl.col(column) * pl.when(ODD).then(3).otherwise(5) + 1
    return ~pl.col(column) if dtype == pl.Boolean else other.cast(dtype)


def idle(step: Step) -> Iterator[str]:
    """What a figure's definition names, and what neither changed nor taken away changes it.

    Left out is what holds no row of the sample.
    """
    for table, column in figures(step):
        for up in TABLES[table].definition_of(column).upstream:
            for name in up.columns:
                found = leaves(step, up, name, frozenset({f"{table}.{column}"}))
                if found and not any(acts(step.name, read, table, column) for read in found):
                    yield f"{table}.{column} does not change with {up.table}.{name} {up.where}"


def acts(name: str, read: Read, table: str, column: str) -> bool:
    """Whether what is read changes a figure, or holds no row that could."""
    if inputs(STEPS[name])[read.table].filter(meets(read.where)).is_empty() or any(
        (source, other) == (read.table, read.column) and read.where in met
        for source, other, met in moved(name)[table, column]
    ):
        return True
    now = without(name, read.table, read.where)
    return now is None or column in differs(table, usual(name)[table], now[table])


@cache
def usual(name: str) -> Mapping[str, pl.DataFrame]:
    return made(STEPS[name], {})


@cache
def without(name: str, table: str, where: frozenset) -> Mapping[str, pl.DataFrame] | None:
    """What a step makes of its tables without some rows of one; None where it cannot."""
    rest = inputs(STEPS[name])[table].filter(~meets(where))
    try:
        return made(STEPS[name], {table: rest})
    except pl.exceptions.PolarsError:
        return None


@cache
def moved(name: str) -> dict[tuple[str, str], set[tuple[str, str, frozenset]]]:
    """Table and column of a step's figures -> what of its inputs changed them."""
    step = STEPS[name]
    told = figures(step)
    found: dict[tuple[str, str], set[tuple[str, str, frozenset]]] = {each: set() for each in told}
    for source, frame in inputs(step).items():
        mine = {read for each in told.values() for read in each if read.table == source}
        parts = list(groups(frame, mine))
        for column, dtype in frame.schema.items():
            if not (dtype.is_numeric() or dtype == pl.Boolean) or column.startswith("_"):
                continue
            if not changes(step, source, column, pl.lit(value=True)) & set(found):
                continue
            for rows, met in parts:
                for each in changes(step, source, column, rows) & set(found):
                    found[each].add((source, column, frozenset(met)))
    return found


def changes(step: Step, source: str, column: str, rows: pl.Expr) -> set[tuple[str, str]]:
    """Table and column of the step's figures that differ where some values of an input do."""
    frame, was = inputs(step)[source], usual(step.name)
    other = pl.when(rows).then(change(column, frame.schema[column])).otherwise(pl.col(column))
    now = made(step, {source: frame.with_columns(other.alias(column))})
    return {
        (table, each)
        for table in step.makes
        if table in TABLES
        for each in differs(table, was[table], now[table])
    }


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
    assert sorted(idle(STEPS[name])) == []
