"""Returns: every cost counted, the total last, each list adding up to the portfolio."""

from __future__ import annotations

import polars as pl
import pytest

from mktorch import display
from tests.display.made import column, with_tables


def test_operating_cost_is_the_sum_of_its_four_parts(sample_run) -> None:
    frame = display.fully_loaded(sample_run).frame
    for row in frame.iter_rows(named=True):
        media = row["media_spend"] or 0.0
        assert row["running_cost"] == pytest.approx(row["total_cost"] - media)


def test_rows_stand_by_the_size_of_their_net_and_the_total_last(sample_run) -> None:
    frame = display.fully_loaded(sample_run).frame
    nets = frame["net"][:-1].drop_nulls()
    assert nets.abs().is_sorted(descending=True)
    assert frame["campaign_id"][-1] is None
    assert frame["net"][-2] is None  # no record of value: after those that have one


def test_title_gives_the_portfolio_and_those_who_lose(sample_run) -> None:
    rows = pl.DataFrame(
        {
            "campaign_id": ["A", "B", "C", None],
            "name": ["a", "b", "c", "All campaigns"],
            "net": [100.0, -30.0, None, 70.0],
            "roi_fully_loaded": [0.5, -0.1, None, 0.14],
        }
    )
    schema = sample_run.tables["roi_fully_loaded"].schema
    filled = rows.with_columns(
        pl.lit(0.0, dtype=schema[n]).alias(n) for n in schema if n not in rows.columns
    ).select(list(schema))
    run = with_tables(sample_run, measured_roi_fully_loaded=filled)
    assert display.fully_loaded(run).title == (
        "Fully loaded ROI is 14.0% ($70.00 net); 1 of 2 campaigns loses money."
    )


def test_one_campaign_stands_without_a_total(sample_run) -> None:
    table = display.fully_loaded(sample_run, "CAMP_001")
    assert table.frame["campaign_id"].to_list() == ["CAMP_001"]
    assert table.title.startswith("Fully loaded ROI of Spring Trial Drive is ")
    nothing = display.fully_loaded(sample_run, "CAMP_007")
    assert nothing.title == "No campaign has value on record to compare with its costs."


def by(run, name: str, *rows: tuple[str | None, str, float, float, float | None]) -> pl.DataFrame:
    """Rows of `value_by_...`, each with its share of their spend."""
    whole = sum(row[2] for row in rows) or None
    shared = [(*row[:4], whole and row[2] / whole, row[4]) for row in rows]
    return pl.DataFrame(shared, schema=run.tables[f"value_by_{name}"].schema, orient="row")


def test_value_stands_from_best_to_worst_with_the_rest_last(sample_run) -> None:
    run = with_tables(
        sample_run,
        value_by_channel=by(
            sample_run,
            "channel",
            ("CH_01", "x", 10.0, 5.0, 0.5),
            ("CH_02", "x", 20.0, 60.0, 3.0),
            ("CH_03", "x", 0.0, 7.0, None),
            (None, "Not allocated", 10.0, 0.0, 0.0),
        ),
        value_by_segment=by(
            sample_run,
            "segment",
            ("S1", "Firms", 40.0, 72.0, 1.8),
            (None, "Not allocated", 0.0, 0.0, None),
        ),
    )
    table = display.value_per_unit(run)
    assert column(table, "name") == ["paid search", "email", "social", "Not allocated", "Firms"]
    assert column(table, "spend_share") == ["50.0%", "25.0%", "0.0%", "25.0%", "100.0%"]
    assert column(table, "value_per_unit")[2] == "n/a"
    assert table.frame["by"].to_list() == ["By channel"] * 4 + ["By segment"]
    assert table.title == (
        "Return on ad spend: paid search 3.00× to email 0.50× by channel; Firms 1.80× by segment."
    )


def test_each_list_adds_up_to_the_portfolio(sample_run) -> None:
    total = sample_run.tables["performance_assessment"].row(0, named=True)
    sums = (
        display.value_per_unit(sample_run)
        .frame.group_by("by")
        .agg(pl.col("spend").sum(), pl.col("revenue").sum(), pl.col("spend_share").sum())
    )
    for row in sums.iter_rows(named=True):
        assert row["spend"] == pytest.approx(total["total_spend"], abs=0.005)
        assert row["revenue"] == pytest.approx(total["total_revenue_proxy"], abs=0.005)
        assert row["spend_share"] == pytest.approx(1)


def test_without_spend_there_is_no_share(sample_run) -> None:
    none = {
        f"value_by_{name}": by(sample_run, name, (None, "Not allocated", 0.0, 0.0, None))
        for name in ("channel", "segment")
    }
    table = display.value_per_unit(with_tables(sample_run, **none))
    assert table.frame.is_empty()
    assert table.title == "No channel or segment has spend on record."
