"""Return on investment to the cent: the totals are the state's, the parts add up to them."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
import pytest

from mktorch import display
from mktorch.analysis.model_cost import measured_roi_analysis, measured_roi_fully_loaded
from mktorch.formats import CURRENCY_EXACT, PERCENT, format_value
from tests.display.made import column, with_tables

MONEY = (
    "total_estimated_value",
    "total_media_spend",
    "total_llm_cost",
    "total_human_review_cost",
    "total_net_roi",
)


def charged_with(run, cost: float):
    """The run as if its calls to the model had cost this much."""
    tables = run.tables
    made = with_tables(
        run,
        measured_roi_analysis=measured_roi_analysis(tables["roi_analysis"], cost),
        measured_roi_fully_loaded=measured_roi_fully_loaded(tables["roi_fully_loaded"], cost),
    )
    made.manifest = SimpleNamespace(model_usage=SimpleNamespace(cost=cost))
    return made


def told(table) -> dict[str, str]:
    return dict(zip(table.frame["column"], column(table, "amount"), strict=True))


def test_totals_are_those_of_the_state(sample_run) -> None:
    shown, state = told(display.roi_totals(sample_run)), sample_run.state
    roi = state["roi_analysis"]
    for name in MONEY:
        assert shown[name] == format_value(roi[name], CURRENCY_EXACT)
    assert shown["roi_percentage"] == format_value(roi["roi_percentage"] / 100, PERCENT)
    overall = state["performance_assessment"]["overall_roi"]
    assert shown["overall_roi"] == format_value(overall, PERCENT)


def test_what_the_model_cost_stands_in_the_totals_and_in_no_campaign(sample_run) -> None:
    # The ledger's model cost is 183.35 and the net return 36,206.81; the calls cost 2.40.
    before, after = sample_run, charged_with(sample_run, 2.4)
    totals = display.roi_totals(after)
    assert told(totals)["total_llm_cost"] == "$185.75"
    assert told(totals)["total_net_roi"] == "$36,204.41"
    assert totals.title == "The net return is $36,204.41, 32.6% of media spend."
    said = dict(totals.frame.select("column", "definition").rows())
    assert said["total_llm_cost"] == "Sum over ledger rows, and $2.40 for this run's calls"
    loaded, was = display.fully_loaded(after), display.fully_loaded(before)
    net = loaded.frame["net"] - was.frame["net"]
    assert net.drop_nulls().to_list() == pytest.approx([0.0] * 6 + [-2.4])
    note = "The total includes $2.40 for this run's language model calls."
    assert note in loaded.notes
    assert note not in display.fully_loaded(after, "CAMP_001").notes


def test_a_run_without_that_table_reads_the_same(sample_run) -> None:
    run = with_tables(sample_run)
    run.tables = {k: v for k, v in sample_run.tables.items() if not k.startswith("measured_roi")}
    for name in ("roi_totals", "fully_loaded"):
        ours, theirs = getattr(display, name)(run), getattr(display, name)(sample_run)
        assert ours.title == theirs.title
        assert ours.notes == theirs.notes
        for each in ours.columns:
            assert ours.texts(each) == theirs.texts(each)


def test_campaigns_add_up_to_the_totals(sample_run) -> None:
    rows, total = display.roi_by_campaign(sample_run).frame, sample_run.state["roi_analysis"]
    for part, whole in (
        ("estimated_value", "total_estimated_value"),
        ("media_spend", "total_media_spend"),
        ("llm_cost", "total_llm_cost"),
        ("human_review_cost", "total_human_review_cost"),
        ("net_roi", "total_net_roi"),
    ):
        assert rows[part].sum() == pytest.approx(total[whole], abs=0.004)


def test_totals_that_cannot_be_drawn_say_so(sample_run) -> None:
    none = sample_run.tables["roi_analysis"].with_columns(
        pl.lit(None, pl.Float64).alias(name) for name in (*MONEY, "roi_percentage")
    )
    table = display.roi_totals(with_tables(sample_run, measured_roi_analysis=none))
    assert table.title == "No return to report; no campaign has both value and spend on record."
    assert told(table)["roi_percentage"] == "n/a"
    assert "n/a: Amount, no value and spend on record." in table.all_notes


def test_the_portfolio_counts_every_campaign_once(sample_run) -> None:
    table = display.portfolio(sample_run)
    assert table.frame["campaigns"].sum() == sample_run.tables["campaigns"].height
    names = ", ".join(table.frame["names"])
    assert all(name in names for name in sample_run.tables["campaign_analysis"]["name"])
