"""What a KPI is said to read is what it reads: all that is declared moves it, nothing else does.

Each KPI is computed from the tables of the sample run, then again with the values of one column, or
with rows, changed. A table's key is read with its columns.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest

from mktorch.catalog import key
from mktorch.kpis import KPIS, Kpi
from mktorch.kpis.model import Reads, Value
from mktorch.paired import WITHIN
from mktorch.vocab import Window

REPEATABLE = [kpi for kpi in KPIS if not kpi.measured]
FALLBACK = [kpi for kpi in KPIS if kpi.fallback]


def named(kpi: Kpi) -> str:
    return kpi.name


@pytest.fixture(scope="module")
def inputs(sample_run):
    tables = dict(sample_run.tables)
    return {**tables, "rollup_paired": blanks(tables), "clock": sample_run.clock}


def blanks(tables) -> pl.DataFrame:
    """What days without a blank hold of one campaign, as if it had some; the sample has none."""
    one = tables["rollup_campaign"].filter(pl.col("campaign_id") == "CAMP_001")
    return pl.concat(
        one.select(
            "campaign_id",
            *(pl.lit(None, pl.String).alias(part) for part in WITHIN),
            "window",
            pl.lit(top).alias("numerator_name"),
            pl.lit(bottom).alias("denominator_name"),
            (pl.col(top) / 2).cast(pl.Float64).alias("numerator"),
            (pl.col(bottom) / 3).cast(pl.Float64).alias("denominator"),
        )
        for top, bottom in (("conversions", "impressions"), ("cost", "conversions"))
    )


@pytest.fixture(scope="module")
def first_days(inputs):
    """The same without a prior window, and with arms enough to compare."""
    only = inputs["rollup_campaign"].filter(pl.col("window") != Window.PRIOR)
    return {**inputs, "rollup_campaign": only}


def changes(frame: pl.DataFrame, column: str, rows: pl.Expr) -> Iterator[pl.DataFrame]:
    """The frame with that column changed in those rows, one way after the other."""
    dtype, old = frame.schema[column], pl.col(column)
    if dtype.is_numeric():
        ways = [old * 3 + 1, old * 0, (pl.int_range(pl.len()) % 7).cast(dtype)]
    elif dtype.is_temporal():
        ways = [old.dt.offset_by("-400d"), old.dt.offset_by("40d")]
    elif dtype == pl.Boolean:
        ways = [~old, pl.lit(value=False), pl.lit(value=True)]
    elif dtype == pl.String:
        ways = [pl.lit(word) for word in (None, "~", *frame[column].drop_nulls().unique().sort())]
    else:
        ways = [pl.lit(None, dtype)]
    for way in ways:
        yield frame.with_columns(pl.when(rows).then(way).otherwise(old).cast(dtype).alias(column))


def within(reads: list[Reads]) -> pl.Expr:
    """The rows that any of these declarations of one table covers."""
    return pl.any_horizontal(
        pl.all_horizontal(pl.lit(value=True), *(pl.col(c) == v for c, v in up.where.items()))
        for up in reads
    )


def by_table(kpi: Kpi, *, fallback: bool) -> dict[str, list[Reads]]:
    found: dict[str, list[Reads]] = {}
    for up in (*kpi.upstream, *(kpi.fallback if fallback else ())):
        found.setdefault(up.table, []).append(up)
    return found


def unmoved(kpi: Kpi, inputs, *, fallback: bool) -> Iterator[tuple[str, str, Value]]:
    """Every value of the KPI with something changed that it is not said to read."""
    declared = by_table(kpi, fallback=fallback)
    for table in kpi.tables:
        frame = inputs[table]
        reads = declared.get(table, [])
        covered = within(reads) if reads else pl.lit(value=False)
        every = pl.lit(value=True)
        known = {*(key(table) or ()), *(c for up in reads for c in (*up.columns, *up.where))}
        for column in frame.columns:
            if not column.startswith("_"):
                rows = ~covered if column in known else every
                if column in {c for up in reads for c in up.where}:
                    continue  # it says which rows are read
                for changed in changes(frame, column, rows):
                    yield table, column, kpi.of({**inputs, table: changed})
        if reads:
            yield table, "rows", kpi.of({**inputs, table: frame.filter(covered)})


def moved(kpi: Kpi, inputs, up: Reads, column: str) -> bool:
    """Whether some change of that column, or without its rows, makes another value."""
    frame, rows = inputs[up.table], within([up])
    found = kpi.of(inputs).value
    without = [frame.filter(~rows)] if column in (key(up.table) or ()) else []
    tried = (*changes(frame, column, rows), *without)
    return any(kpi.of({**inputs, up.table: changed}).value != found for changed in tried)


@pytest.mark.parametrize("kpi", KPIS, ids=named)
def test_a_kpi_is_said_to_read_the_tables_it_takes(kpi) -> None:
    assert set(by_table(kpi, fallback=True)) == set(kpi.tables)


@pytest.mark.parametrize("kpi", REPEATABLE, ids=named)
def test_what_it_is_not_said_to_read_does_not_move_it(inputs, kpi) -> None:
    found = kpi.of(inputs)
    assert found.value is not None
    moved = [(t, c) for t, c, changed in unmoved(kpi, inputs, fallback=False) if changed != found]
    assert moved == []


@pytest.mark.parametrize(
    ("kpi", "up", "column"),
    [
        pytest.param(
            kpi, up, column, id=f"{kpi.name}-{up.table}-{'-'.join(up.where.values())}-{column}"
        )
        for kpi in REPEATABLE
        for up in kpi.upstream
        for column in up.columns
    ],
)
def test_what_it_is_said_to_read_moves_it(inputs, kpi, up, column) -> None:
    assert moved(kpi, inputs, up, column)


@pytest.mark.parametrize("kpi", FALLBACK, ids=named)
def test_without_a_prior_window_it_reads_the_arms_and_no_more(first_days, kpi) -> None:
    found = kpi.of(first_days)
    assert found.value is not None
    changed = unmoved(kpi, first_days, fallback=True)
    assert [(table, column) for table, column, other in changed if other != found] == []
    for up in kpi.fallback:
        for column in up.columns:
            assert moved(kpi, first_days, up, column), (up.table, column)
