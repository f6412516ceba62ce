"""Declared tables and what a run writes: columns, types, keys, missing values, words, upstreams."""

from __future__ import annotations

from pathlib import Path

import dataframely as dy
import polars as pl
import pytest

from mktorch import catalog
from mktorch.catalog import TABLES
from mktorch.dictionary import dictionary
from mktorch.runs import FAILURES
from mktorch.sources.columns import metadata
from mktorch.tables import Definition, Table, count, key, money, read, reason, same
from mktorch.vocab import Source

SOURCES = set(Source)
# Tables whose columns are still told elsewhere, or nowhere; each leaves as it is declared.
UNDECLARED = {
    "experiment_evaluations",
    "experiment_gates",
    "experiment_records",
    "experiment_setup_faults",
}
COLUMNS = [
    (table, column)
    for table, held in TABLES.items()
    if table not in SOURCES
    for column in held.described()
]


def every(run) -> dict[str, pl.DataFrame]:
    return {name: run.tables[name] for name in run.tables}


@pytest.fixture(scope="module", params=["sample_run", "tiny_run"])
def any_run(request):
    return request.getfixturevalue(request.param)


def test_a_table_has_the_columns_and_types_it_declares(any_run) -> None:
    for name, frame in every(any_run).items():
        if name in TABLES:
            held = {n: d for n, d in frame.schema.items() if not n.startswith("_")}
            declared = {
                n: c.dtype
                for n, c in TABLES[name].columns().items()
                if n in held or not metadata(c, "sparse")
            }
            assert list(held.items()) == list(declared.items()), name


def test_a_value_is_missing_only_where_a_column_says_why(any_run) -> None:
    loose = {
        f"{name}.{column}"
        for name, frame in every(any_run).items()
        if name in TABLES and name not in SOURCES
        for column, held in TABLES[name].columns().items()
        if not held.nullable and frame[column].null_count()
    }
    assert loose == set()


def test_a_key_tells_the_rows_of_its_table_apart(any_run) -> None:
    for name, frame in every(any_run).items():
        keys = catalog.key(name)
        if keys:
            assert not frame.select(keys).is_duplicated().any(), name
        elif keys is not None:
            assert frame.height <= 1, name


def test_every_table_and_column_says_what_it_is() -> None:
    assert [name for name, held in TABLES.items() if name not in SOURCES and not held.__doc__] == []
    silent = [f"{t}.{c}" for t, c in COLUMNS if not TABLES[t].definition_of(c).words]
    assert silent == []
    ended = [f"{t}.{c}" for t, c in COLUMNS if TABLES[t].definition_of(c).words.endswith(".")]
    assert ended == []


def test_upstreams_lead_to_columns_and_values_that_are(sample_run) -> None:
    """Of tables still defined elsewhere the run tells the columns; a source has rare ones too."""

    def columns(table: str) -> set[str]:
        if table in TABLES and table not in SOURCES:
            return set(TABLES[table].described())
        rare = {
            name
            for name, column in (TABLES[table].columns() if table in SOURCES else {}).items()
            if (column.metadata or {}).get("sparse")
        }
        return {*sample_run.tables[table].columns, *rare}

    for table, column, row, each in catalog.definitions():
        name = f"{table}.{column}.{row}"
        own = columns(table) if table in TABLES else set()
        for up in each.upstream:
            assert {*up.columns, *up.on.values(), *up.where} <= columns(up.table), name
            assert not own or set(up.on) <= own, name
            assert not up.within or up.within in columns(up.table), name
            for other, value in up.where.items():
                assert has(sample_run, up.table, other, value), f"{name}: {value}"
        assert not own or {*(each.over or ()), *filter(None, [each.reason])} <= own, name
        assert not own or not each.evidence or "evidence" in own, name


def has(run, table: str, column: str, value: str | None) -> bool:
    """Whether a column may have a value, or none."""
    if value is None:
        return TABLES[table].columns()[column].nullable
    held = run.tables[table]
    if table not in TABLES and held.is_empty():  # nothing was set aside: any source may be there
        return column in held.columns
    return value in possible(run, table, column)


def possible(run, table: str, column: str) -> set[str]:
    """The values that a column may have: its vocabulary, or those that the sample has."""
    words = (TABLES[table].columns()[column].metadata or {}).get("words") if table in TABLES else ()
    return {*(words or ()), *run.tables[table][column].cast(pl.String).drop_nulls()}


class Spend(Table):
    """One row per campaign."""

    campaign_id = key("The campaign")
    spend = money(
        "Spend", read("roi_ledger", "media_spend"), label="Media spend", null="spend_reason"
    )
    spend_reason = reason("spend")


class Doubled(Table):
    """One row per campaign."""

    about = Definition("All of it", upstream=(read("spend", "spend"),), config=("currency",))
    campaign_id = same(Spend, "campaign_id")
    spend = same(Spend, "spend")
    clicks = count()
    twice = money("Twice the spend", rows={"C1": Definition("Of one campaign", "currency")})


def test_of_puts_columns_in_order_and_refuses_another_type() -> None:
    frame = pl.DataFrame({"spend": [1.0], "more": [1], "campaign_id": ["C1"]})
    whole = frame.with_columns(spend_reason=pl.lit(None, pl.String))
    assert Spend.of(whole).columns == ["campaign_id", "spend", "spend_reason"]
    with pytest.raises(TypeError, match="table spend: spend is Int64, declared Float64"):
        Spend.of(whole.with_columns(pl.col("spend").cast(pl.Int64)))
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        Spend.of(frame)


def test_what_a_column_does_not_say_the_table_says() -> None:
    assert Spend.key_columns() == ("campaign_id",)
    assert (Spend.label_of("spend"), Spend.label_of("spend_reason")) == (
        "Media spend",
        "Spend reason",
    )
    assert Spend.definition_of("spend").reason == "spend_reason"
    assert Doubled.definition_of("clicks") == Definition(
        "All of it", "count", (read("spend", "spend"),), ("currency",)
    )
    assert Doubled.definition_of("twice", "C1").words == "Of one campaign"
    assert Doubled.definition_of("twice", "C2") is Doubled.definition_of("twice")


def test_a_column_carried_over_is_told_as_it_is_there() -> None:
    there, here = Spend.definition_of("spend"), Doubled.definition_of("spend")
    assert (here.words, here.unit) == (there.words, there.unit)
    assert here.upstream == (read("spend", "spend", on=("campaign_id",)),)
    assert Doubled.label_of("spend") == "Media spend"
    assert isinstance(Doubled.columns()["spend"], dy.Float64)


def test_every_table_of_the_run_is_declared(sample_run) -> None:
    assert {*sample_run.tables, FAILURES} - set(TABLES) <= UNDECLARED


def test_the_data_dictionary_is_that_of_the_declarations() -> None:
    page = Path(__file__).parents[1] / "docs" / "tables.md"
    assert page.read_text(encoding="utf-8") == dictionary(), (
        "python -m mktorch.dictionary writes it"
    )


def test_a_page_takes_label_unit_and_format_from_the_declaration() -> None:
    assert catalog.label("roi_by_campaign", "llm_cost") == "Model cost"
    assert catalog.unit("roi_analysis", "roi_percentage") == "percentage"
    assert catalog.format_of("campaign_analysis", "roi").kind == "percent"
    assert catalog.format_of("campaign_analysis", "start_date").kind == "date"
