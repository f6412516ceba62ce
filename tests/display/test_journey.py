"""The journey: pooled shares over the campaigns that record both stages, findings in order."""

from __future__ import annotations

import polars as pl
import pytest

from mktorch import display
from mktorch.display.page import Unavailable
from tests.display.made import column, with_tables

STAGES = {"impression": 1, "click": 2, "visit": 3, "signup": 4}


def stages(*rows: tuple[str, str, int]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "campaign_id": [c for c, _, _ in rows],
            "window": "all",
            "stage_order": [STAGES[s] for _, s, _ in rows],
            "stage": [s for _, s, _ in rows],
            "count": [n for _, _, n in rows],
        }
    )


def step(run, campaign: str, segment: str | None = None, **changes) -> pl.DataFrame:
    """One row of the steps table."""
    values = {
        "campaign_id": campaign,
        "window": "all",
        "from_stage": "visit",
        "to_stage": "signup",
        "from_count": 1000,
        "to_count": 20,
        "conversion": 0.02,
        "conversion_low": 0.013,
        "conversion_high": 0.031,
        "lost": 980,
        "usual_conversion": 0.2,
        "money_at_stake": 500.0,
        "money_reason": None,
        "finding": "leak",
        "people_rank": 1,
        **changes,
    }
    table = "funnel_segment_steps" if segment else "funnel_steps"
    schema = run.tables[table].schema
    row = values | ({"segment_id": segment} if segment else {})
    return pl.DataFrame({n: [row.get(n)] for n in schema}, schema=schema)


def none(run) -> dict[str, pl.DataFrame]:
    return {n: run.tables[n].clear() for n in ("funnel_steps", "funnel_segment_steps")}


def test_the_share_that_goes_on_is_of_those_who_record_both(sample_run) -> None:
    # A: 100 clicks, 50 visits, 10 sign-ups. B: 100 clicks, no visits kept, 20 sign-ups.
    made = stages(
        ("A", "impression", 9000),
        ("A", "click", 100),
        ("A", "visit", 50),
        ("A", "signup", 10),
        ("B", "click", 100),
        ("B", "signup", 20),
    )
    chart = display.funnel(with_tables(sample_run, funnel_stages=made, **none(sample_run)))
    # clicks to visits: A's 50 of 100; visits to sign-ups: A's 10 of 50
    assert chart.alt == (
        "People by journey stage. Clicks: 200; 50.0% of them continue. Visits: 50; 20.0% of "
        "them continue. Sign-ups: 30."
    )
    assert "Preceded by 9,000 impressions, which are exposures." in chart.notes
    assert "Of 2 campaigns, some record fewer stages: visits by 1." in chart.notes
    assert chart.title == "No journey step leaks or breaks compared with the typical rate."


def test_counts_that_grow_give_no_share(sample_run) -> None:
    made = stages(("A", "click", 10), ("A", "visit", 30))
    chart = display.funnel(with_tables(sample_run, funnel_stages=made, **none(sample_run)))
    assert "go on" not in chart.alt
    assert "go on" not in chart.svg()


def test_the_worst_step_is_named_and_marked(sample_run) -> None:
    made = stages(
        ("CAMP_001", "click", 2000), ("CAMP_001", "visit", 1000), ("CAMP_001", "signup", 20)
    )
    steps = pl.concat(
        [
            step(sample_run, "CAMP_001", people_rank=2, from_stage="click", to_stage="visit"),
            step(sample_run, "CAMP_001", people_rank=1),
        ]
    )
    chart = display.funnel(with_tables(sample_run, funnel_stages=made, funnel_steps=steps))
    assert chart.title == (
        "Largest loss: in Spring Trial Drive 1,000 visits lead to 20 sign-ups (2.0%, where "
        "20.0% is typical)."
    )
    assert chart.svg().count("largest loss at this step") == 1
    assert "▼ 2.0% continue: largest loss at this step" in chart.svg()


def test_a_break_without_a_usual_conversion_is_told_too(sample_run) -> None:
    steps = step(
        sample_run, "CAMP_001", finding="break", to_count=0, conversion=0.0, usual_conversion=None
    )
    made = stages(("CAMP_001", "visit", 1000), ("CAMP_001", "signup", 0))
    chart = display.funnel(with_tables(sample_run, funnel_stages=made, funnel_steps=steps))
    assert chart.title.endswith("1,000 visits lead to 0 sign-ups (0.0%).")


def test_no_events_no_funnel(sample_run) -> None:
    run = with_tables(sample_run, funnel_stages=sample_run.tables["funnel_stages"].clear())
    assert isinstance(display.funnel(run), Unavailable)
    exposures = stages(("A", "impression", 5))
    assert isinstance(display.funnel(with_tables(sample_run, funnel_stages=exposures)), Unavailable)


def test_one_campaign_has_its_own_funnel(sample_run) -> None:
    chart = display.funnel(sample_run, "CAMP_003")
    counts = dict(
        sample_run.tables["funnel_stages"]
        .filter(campaign_id="CAMP_003", window="all")
        .select("stage", "count")
        .iter_rows()
    )
    passed = counts["signup"] / counts["visit"]
    assert f"Visits: {counts['visit']:,.0f}; {passed:.1%} of" in chart.alt


def test_a_segment_speaks_where_its_campaign_does_not(sample_run) -> None:
    own = step(sample_run, "CAMP_001")
    parts = pl.concat(
        [
            step(sample_run, "CAMP_001", "SEG_001"),  # the same step: its campaign's row says it
            step(sample_run, "CAMP_001", "SEG_002", from_stage="click", to_stage="visit"),
            step(sample_run, "CAMP_002", "SEG_001", lost=5000, finding="break"),
            step(sample_run, "CAMP_002", "SEG_002", finding="as_usual"),
            step(sample_run, "CAMP_002", "SEG_003", window="current"),
            step(sample_run, "CAMP_002", "SEG_005", finding="data_question", lost=None),
        ]
    )
    table = display.journey_leaks(
        with_tables(sample_run, funnel_steps=own, funnel_segment_steps=parts)
    )
    assert table.frame.select("campaign_id", "segment_id").rows() == [
        ("CAMP_002", "SEG_001"),
        ("CAMP_001", "SEG_002"),
        ("CAMP_001", ""),
        ("CAMP_002", "SEG_005"),
    ]
    assert column(table, "finding") == ["Break", "Leak", "Leak", "Data question"]
    assert column(table, "lost") == ["5,000", "980", "980", "n/a"]
    assert table.frame["interval"][0] == "1.30% to 3.10%"
    assert "1 break, 2 leaks and 1 data question" in table.title


def test_the_title_names_the_most_money(sample_run) -> None:
    steps = pl.concat(
        [
            step(sample_run, "CAMP_001", lost=9000, money_at_stake=None, money_reason="no revenue"),
            step(sample_run, "CAMP_002", lost=10, money_at_stake=700.0),
            step(sample_run, "CAMP_003", lost=20, money_at_stake=600.0),
        ]
    )
    run = with_tables(sample_run, **(none(sample_run) | {"funnel_steps": steps}))
    table = display.journey_leaks(run)
    assert table.title == (
        "The journey shows 3 leaks; the largest amount at stake, up to $700, is in Leave the "
        "Spreadsheet."
    )
    assert any("Money at stake, no revenue" in note for note in table.all_notes)


def test_an_unbroken_journey_is_said_to_be_so(sample_run) -> None:
    table = display.journey_leaks(with_tables(sample_run, **none(sample_run)))
    assert table.title == "No journey step loses more than is typical."
    assert table.empty in table.html()
    assert table.typst()


@pytest.mark.parametrize("campaign", ["CAMP_003", "CAMP_005", "CAMP_006"])
def test_planted_leaks_and_the_break_are_on_the_page(sample_run, campaign) -> None:
    assert campaign in display.journey_leaks(sample_run).frame["campaign_id"].to_list()
