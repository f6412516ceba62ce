"""Segments: gravest first, two records side by side, a map that keeps namesakes apart."""

from __future__ import annotations

import polars as pl

from mktorch import display
from tests.display.made import column, with_config, with_tables


def made(run, **changes):
    """Three rows of the sample's portfolio with some columns set."""
    rows = run.tables["segment_portfolio"].head(3)
    return with_tables(
        run, segment_portfolio=rows.with_columns(**{k: pl.Series(v) for k, v in changes.items()})
    )


def test_title_counts_the_momentum_of_the_scope(sample_run) -> None:
    whole = sample_run.tables["segment_momentum"].filter(scope="portfolio").row(0, named=True)
    assert display.segments(sample_run).title == (
        f"Of {whole['segments']} segments: {whole['improving']} improving, "
        f"{whole['declining']} declining, {whole['stable']} stable and "
        f"{whole['unknown']} without a known trend."
    )
    assert display.segments(sample_run, "CAMP_001").title == (
        "Of 3 segments: 1 improving, 0 declining and 2 stable."
    )


def test_the_graver_of_two_records_orders_the_rows(sample_run) -> None:
    run = made(
        sample_run,
        recommendation=["hold", "hold", "scale"],
        computed_recommendation=["stop", "hold", "scale"],
        recommendations_agree=[False, True, True],
        cost=[1.0, 9.0, 5.0],
    )
    frame = display.segments(run).frame
    # hold that the data would stop, then scale, then a hold both agree on
    assert frame["cost"].to_list() == [1.0, 5.0, 9.0]
    assert frame["advice_detail"][0].startswith("computed says stop: ")
    assert "says" not in frame["advice_detail"][1]


def test_within_one_advice_the_largest_cost_is_first(sample_run) -> None:
    run = made(
        sample_run,
        recommendation=["hold"] * 3,
        computed_recommendation=["hold"] * 3,
        cost=[1.0, 9.0, 5.0],
    )
    assert display.segments(run).frame["cost"].to_list() == [9.0, 5.0, 1.0]


def test_both_kpis_are_shown_where_they_print_differently(sample_run) -> None:
    changes = {
        "primary_kpi": ["conversion_rate"] * 3,
        "kpi_value": [0.0200, 0.0300, 0.0400],
        "supplied_kpi_value": [0.0250, 0.030001, None],
        "standing_kpi_value": [0.0250, 0.030001, 0.0400],
        "kpi_gap": [0.005, 0.000001, None],
        "supplied_rollup_id": ["R1", "R2", None],
        "recommendations_agree": [True, False, None],
        "cost": [3.0, 2.0, 1.0],
        "recommendation": ["hold"] * 3,
        "computed_recommendation": ["hold"] * 3,
    }
    table = display.segments(made(sample_run, **changes))
    assert column(table, "kpi") == ["2.50%", "3.00%", "4.00%"]
    assert table.frame["kpi_detail"].to_list() == [
        "Conversion rate; computed 2.00%",
        "Conversion rate",
        "Conversion rate",
    ]
    # 0.005 / 0.02 = 25 %, beyond the tolerance of 5 %; 0.000001 / 0.03 is not
    (note,) = (note for note in table.notes if note.startswith("A supplied"))
    assert note.startswith(
        "A supplied rollup covers 2 of 3 segments; its advice differs from the computed advice "
        "in 1, its KPI by more than 5.0% in 1, most in "
    )
    assert note.endswith(": 2.50% supplied, 2.00% computed.")


def test_equal_zero_kpis_are_no_gap(sample_run) -> None:
    run = made(
        sample_run,
        kpi_value=[0.0] * 3,
        supplied_kpi_value=[0.0] * 3,
        kpi_gap=[0.0] * 3,
        supplied_rollup_id=["R"] * 3,
    )
    (note,) = (note for note in display.segments(run).notes if note.startswith("A supplied"))
    assert note.endswith("by more than 5.0% in 0.")


def test_where_the_computed_stands_the_supplied_is_beside_it(sample_run) -> None:
    rules = sample_run.config.segment_rules.model_copy(update={"authority": "computed"})
    run = made(
        with_config(sample_run, segment_rules=rules),
        primary_kpi=["conversion_rate"] * 3,
        kpi_value=[0.02] * 3,
        standing_kpi_value=[0.02] * 3,
        supplied_kpi_value=[0.03] * 3,
        recommendation=["hold"] * 3,
        computed_recommendation=["hold"] * 3,
        supplied_recommendation=["scale"] * 3,
        recommendation_source=["computed"] * 3,
        recommendations_agree=[False] * 3,
        rule=["steady"] * 3,
    )
    frame = display.segments(run).frame
    assert frame["kpi_detail"].to_list() == ["Conversion rate; supplied 3.00%"] * 3
    assert frame["advice_detail"].to_list() == ["steady; supplied says scale"] * 3


def test_without_rollups_the_table_says_all_is_computed(sample_run) -> None:
    run = made(sample_run, supplied_rollup_id=pl.Series([None] * 3, dtype=pl.String))
    assert any("all figures are computed" in note for note in display.segments(run).notes)


def test_missing_changes_say_why(sample_run) -> None:
    run = made(
        sample_run, trend_change=[0.1, None, None], trend_reason=[None, "one day", "no delivery"]
    )
    assert "n/a: Change, no delivery or one day." in display.segments(run).all_notes
