"""The campaign deep dive: trend, pacing, creatives, segment heat, recommendations, profile."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from mktorch import display
from mktorch.analysis.metric_values import segment_metrics
from mktorch.display.page import Unavailable
from mktorch.display.sections import progress
from mktorch.display.status import Tone
from mktorch.metrics import registry
from tests.display.made import column, with_tables

HOSTILE = '<script>alert(1)</script>#eval("1") \u202eevil ' + "y" * 60
PARTS = ("trend", "pacing", "assets", "segment_heat", "recommendations", "held_back")


def test_the_trend_compares_the_windows_and_names_its_last_day(sample_run) -> None:
    sums = {
        window: sample_run.tables["rollup_campaign"]
        .filter(campaign_id="CAMP_002", window=window)
        .row(0, named=True)
        for window in ("current", "prior")
    }
    now, before = (sums[w]["revenue"] / sums[w]["cost"] for w in ("current", "prior"))
    chart = display.trend(sample_run, "CAMP_002")
    assert f": {now:.2f}× return, compared with {before:.2f}× in the prior window." in chart.title
    assert f"value ${sums['current']['revenue']:,.0f}" in chart.alt
    assert "Prior" in chart.svg()
    silent = display.trend(sample_run, "CAMP_006")
    assert silent.title == (
        "No delivery in the current window; the last record is dated Apr 5, 2026."
    )


def test_a_day_without_record_is_a_gap_not_a_zero(sample_run) -> None:
    days = sample_run.tables["rollup_day"].filter(
        pl.col("campaign_id") == "CAMP_001", pl.col("date") != date(2026, 4, 10)
    )
    drawn = progress._by_day(with_tables(sample_run, rollup_day=days), "CAMP_001")
    assert drawn.filter(date=date(2026, 4, 10)).select("value", "spend").row(0) == (None, None)
    assert drawn.height == 56


def test_the_plan_spreads_each_budget_over_its_own_flight() -> None:
    # 100 over ten days from 1 March, 60 over two days from 10 March:
    # on the 5th 50; on the 10th 100 and 30; from the 11th on 160
    flights = pl.DataFrame(
        {
            "start_date": [date(2026, 3, 1), date(2026, 3, 10)],
            "flight_days": [10, 2],
            "budget": [100.0, 60.0],
        }
    )
    plan = dict(progress._plan(flights, date(2026, 3, 12)).rows())
    assert plan[date(2026, 3, 5)] == pytest.approx(50)
    assert plan[date(2026, 3, 10)] == pytest.approx(130)
    assert plan[date(2026, 3, 12)] == pytest.approx(160)


def test_pacing_tells_shares_the_end_and_the_other_record(sample_run) -> None:
    chart = display.pacing(sample_run, "CAMP_002")
    row = sample_run.tables["budget_pacing"].filter(campaign_id="CAMP_002").row(0, named=True)
    assert chart.title == (
        f"{row['spend_share']:.1%} of the budget is spent {row['elapsed_share']:.1%} of the way "
        f"through the flight, on pace for ${row['projected_end_spend']:,.0f} of "
        f"${row['budget']:,.0f}."
    )
    assert any("$31,861 is used, per the ledger." in note for note in chart.notes)
    ended = display.pacing(sample_run, "CAMP_004")
    assert ended.title == "The flight has ended: $10,817 of $18,000 was spent."


@pytest.mark.parametrize("name", [*PARTS, "kpi_cards", "campaign_profile", "funnel", "forest"])
def test_a_campaign_without_records_has_every_part_say_so(sample_run, name: str) -> None:
    block = getattr(display, name)(sample_run, "CAMP_007")
    assert block.html()
    assert block.typst()
    if name in ("trend", "pacing"):
        assert isinstance(block, Unavailable)


def standing(run, **changes):
    """The first three creatives with some columns of their standing set."""
    assets = run.tables["creative_assets"].head(3)
    beside = run.tables["creative_standing"].join(assets, on="asset_id", how="semi")
    beside = beside.with_columns(**{k: pl.Series(v, strict=False) for k, v in changes.items()})
    return with_tables(run, creative_assets=assets, creative_standing=beside)


def test_creatives_are_behind_or_ahead_where_the_interval_leaves_out_zero(sample_run) -> None:
    run = standing(
        sample_run,
        kpi_direction=["up", "up", "down"],
        shortfall=[-0.01, 0.1, 0.0],
        difference_low=[-0.3, 0.1, -0.2],
        difference_high=[-0.1, 0.3, 0.0],
    )
    shown = dict(display.assets(run).frame.select("asset_id", "badge").rows())
    # the third's interval touches 0, where less is better: neither
    assert sorted(shown.values()) == ["better", "level", "worse"]


def test_an_unapproved_creative_comes_first(sample_run) -> None:
    table = display.assets(sample_run)
    assert table.frame["badge"][0] == "unapproved"
    assert table.title == "52 creatives: 2 not approved, 1 flagged, 3 behind and 5 ahead."


def heat(run):
    rows = pl.DataFrame(
        {
            "campaign_id": ["CAMP_001"] * 2,
            "segment_id": ["SEG_001", "SEG_002"],
            "window": ["all"] * 2,
            "impressions": [1000, 1000],
            "clicks": [10, 30],
            "conversions": [4, 4],
            "cost": [10.0, 30.0],
            "revenue": [40.0, 40.0],
        }
    )
    unpaired = run.tables["rollup_paired"].clear()
    return display.segment_heat(
        with_tables(run, segment_metrics=segment_metrics(rows, unpaired, registry()))
    )


def test_heat_sets_each_segment_against_the_whole(sample_run) -> None:
    # click-through 1 % and 3 % against 40 / 2000 = 2 %: 0.5 and 1.5 times;
    # cost per conversion 7.5 and 2.5 against 40 / 8 = 5, less is better: 5 / 7.5 and 5 / 2.5
    table = heat(sample_run)
    assert column(table, "click_through_rate_text") == ["3.00%", "1.00%"]
    assert table.frame["click_through_rate_beside"].to_list() == ["1.50\u00d7", "0.50\u00d7"]
    assert table.frame["cost_per_acquisition_beside"].to_list() == ["0.67\u00d7", "2.00\u00d7"]
    assert table.frame["cost_per_acquisition_shade"][1] == pytest.approx(1.0)
    assert table.frame["click_through_rate_shade"][1] == pytest.approx(-1.0)
    assert table.frame["conversion_rate_shade"].to_list() == [0.0, 0.0]


def test_shades_are_in_both_formats_and_deeper_the_farther(sample_run) -> None:
    table = heat(sample_run)
    fills = {c.name: table.fills(c) for c in table.columns}
    deepest = fills["cost_per_acquisition_text"][1]
    assert deepest == table.brand.tint("primary", 0.35)
    assert fills["click_through_rate_text"][1] == table.brand.tint("warning", 0.35)
    assert fills["cost"] == ["", ""]
    assert deepest in table.html()
    assert deepest in table.typst()


def test_a_profile_brings_verdict_result_and_purpose(sample_run) -> None:
    lead = display.campaign_profile(sample_run, "CAMP_001")
    assert lead.status.tone == Tone.GOOD
    assert lead.sentence == (
        "Spring Trial Drive generated $69,357 of value on $27,084 of spend, a 2.56× return."
    )
    assert "primary KPI: conversion rate" in lead.points[0]
    none = display.campaign_profile(sample_run, "CAMP_007")
    assert none.sentence.startswith("Mobile App Launch cannot be rated: ")


def asked(run, **changes):
    """Two standing recommendations of the sample with some columns set."""
    rows = run.tables["recommendations"].sort("rank").head(2)
    return with_tables(
        run, recommendations=rows.with_columns(**{k: pl.Series(v) for k, v in changes.items()})
    )


def test_an_effect_is_its_point_its_range_and_its_confidence(sample_run) -> None:
    none = [None, None]
    blank = {
        name: pl.Series(none, dtype=pl.Float64)
        for name in ("roi_lift_low", "roi_lift_percentage", "roi_lift_high")
    }
    table = display.recommendations(
        asked(
            sample_run,
            savings_low=[100.0, None],
            cost_savings=[200.0, None],
            savings_high=[300.0, None],
            revenue_low=[-20.0, None],
            revenue_impact=[-10.0, None],
            revenue_high=[-5.0, None],
            confidence=["high", None],
            impact_reason=[None, "nobody measured it"],
            **blank,
        )
    )
    assert column(table, "effect") == ["Savings $200; revenue \u2212$10", "n/a"]
    assert table.frame["effect_detail"].to_list() == [
        "$100 to $300; \u2212$20 to \u2212$5, high confidence",
        "nobody measured it",
    ]


def test_the_executive_shows_the_first_and_a_campaign_its_own(sample_run) -> None:
    every = sample_run.tables["recommendations"]
    shown = display.recommendations(sample_run)
    assert shown.shown.frame["rank"].to_list() == list(range(1, 7))
    assert f"{every.height - 6} more rows" in shown.html()
    own = display.recommendations(sample_run, "CAMP_002").frame
    assert set(own["campaign_id"]) == {"CAMP_002"}


def test_what_was_overridden_names_the_graver_action(sample_run) -> None:
    frame = display.held_back(sample_run, "CAMP_003").frame
    row = frame.filter(rule_id="decrease_budget_of_poor_return").row(0, named=True)
    assert row["why"] == "Overridden by pause campaign without return, Finance Team Video Reach"
    blocked = display.held_back(sample_run).frame.filter(standing="blocked")
    assert blocked["why"][0].startswith("Budget increases are frozen: ")


def test_next_steps_say_what_to_do_first(sample_run) -> None:
    table = display.next_steps(sample_run)
    steps = sample_run.tables["next_steps"].sort("order")
    assert table.frame.height == steps.height
    assert table.frame["first"][0].lower() == steps["first_action"][0].lower()
    assert table.title.startswith(f"{steps.height} steps assigned to ")


@pytest.mark.parametrize("name", [*PARTS, "campaign_profile"])
def test_hostile_names_are_text_in_every_part(sample_run, name: str) -> None:
    campaigns, segments = (
        sample_run.tables[t].with_columns(name=pl.lit(HOSTILE))
        for t in ("campaigns", "audience_segments")
    )
    words = {"target_name": pl.lit(HOSTILE), "description": pl.lit(HOSTILE)}
    changed = {
        "campaigns": campaigns.with_columns(hypothesis=pl.lit(HOSTILE)),
        "audience_segments": segments,
        "campaign_analysis": sample_run.tables["campaign_analysis"].with_columns(
            name=pl.lit(HOSTILE), objective=pl.lit(HOSTILE)
        ),
        "creative_assets": sample_run.tables["creative_assets"].with_columns(
            cta=pl.lit(HOSTILE), message_theme=pl.lit(HOSTILE)
        ),
        "recommendations": sample_run.tables["recommendations"].with_columns(**words),
        "recommendation_candidates": sample_run.tables["recommendation_candidates"].with_columns(
            **words
        ),
    }
    block = getattr(display, name)(with_tables(sample_run, **changed), "CAMP_003")
    assert "<script" not in block.html()
    assert "\u202e" not in block.html() + block.typst()
    assert "#eval" not in block.typst()
