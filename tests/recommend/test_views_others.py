"""Creatives, segments, journeys and moves as targets: by hand on the sample."""

from __future__ import annotations

import polars as pl
import pytest

from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend.views import BUILDERS

CONFIG = MarketingOrchestratorConfig()


def row(frame: pl.DataFrame, target: str) -> dict:
    return frame.row(by_predicate=pl.col("target_id") == target, named=True)


def test_a_creative_knows_its_approval_its_flags_and_what_stands_still_with_it(
    sample_views,
) -> None:
    frame = sample_views["creative"].frame
    flagged, unapproved, silent = (row(frame, f"ASSET_0{n}") for n in (18, 41, 51))
    assert (flagged["approved"], flagged["flags"]) == (True, 2.0)
    assert flagged["halts"] == ["asset:ASSET_018", "segment:CAMP_002/SEG_003"]
    assert (unapproved["approved"], unapproved["flags"]) == (False, None)
    assert (silent["approved"], silent["base_impressions"]) == (False, None)


def test_a_dragging_creative_is_priced_by_its_way_to_the_others(sample_views) -> None:
    found = row(sample_views["creative"].frame, "ASSET_026")
    # 14 days of CAMP_003's flight are left: two windows of its revenue of 20.67.
    assert found["days_ahead"] == 14
    assert found["revenue"] == pytest.approx(2 * 20.67 * (1 / (1 + found["difference"]) - 1))
    assert found["shortfall"] == found["difference_high"] < 0


def test_a_segment_s_word_and_its_money(sample_views) -> None:
    frame = sample_views["segment"].frame
    disputed = row(frame, "CAMP_002/SEG_002")
    assert disputed["agree"] is False
    assert (disputed["recommendation"], disputed["computed_recommendation"]) == ("hold", "revise")
    assert disputed["why"] == "Declining against the prior window, beyond noise"
    # Declining from 0.00902 to 0.00580, three windows ahead, on 963.55 of revenue now.
    back = 1 / (1 + disputed["trend_change"]) - 1
    assert disputed["revenue"] == pytest.approx(3 * disputed["base_revenue"] * back)
    steady = row(frame, "CAMP_001/SEG_001")
    assert (steady["agree"], steady["revenue"]) == (True, None)
    unsupplied = row(frame, "CAMP_004/SEG_004")
    assert unsupplied["agree"] is None


def test_a_journey_is_judged_now_where_it_is_recorded_now(sample_views) -> None:
    frame = sample_views["journey"].frame
    assert row(frame, "CAMP_005/signup>demo_request")["window"] == "current"
    paused = row(frame, "CAMP_006/demo_request>purchase")
    assert (paused["window"], paused["finding"], paused["to_count"]) == ("all", "break", 0)
    assert frame.group_by("campaign_id").agg(pl.col("window").n_unique())["window"].max() == 1


def test_a_move_in_another_currency_states_no_stake(sample_tables) -> None:
    moves = sample_tables["budget_moves"].with_columns(
        pl.when(pl.col("budget_action_id") == "BA_006")
        .then(pl.lit("EUR"))
        .otherwise("currency")
        .alias("currency")
    )
    frame = BUILDERS["proposal"].build({**sample_tables, "budget_moves": moves}, CONFIG).frame
    assert row(frame, "BA_006")["stake"] is None
    assert row(frame, "BA_013")["stake"] == 7000.0
