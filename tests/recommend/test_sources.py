"""What views share: days ahead, current delivery, and what stands still with an asset."""

from __future__ import annotations

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend.sources import delivery, flights, halted, ids, typed

CONFIG = MarketingOrchestratorConfig()
DELIVERY = pl.DataFrame(
    [
        ("A", "C", "S", "current", 10, 1.0, 2.0),
        ("A", "C", "S", "all", 90, 9.0, 9.0),
        ("B", "C", "S", "current", 10, 1.0, 2.0),
        ("D", "C", "T", "current", 10, 1.0, 2.0),
        ("E", "C", "T", "current", 0, 1.0, 0.0),
        ("F", "C", "U", "all", 10, 1.0, 2.0),
    ],
    ("asset_id", "campaign_id", "segment_id", "window", "impressions", "cost", "revenue"),
    orient="row",
)


def test_days_ahead_are_the_horizon_or_the_rest_of_the_flight() -> None:
    pacing = pl.DataFrame(
        {
            "campaign_id": ["A", "B", "C", "D"],
            "name": ["a", "b", "c", "d"],
            "status": ["active"] * 4,
            "flight_days": [100, 60, 60, None],
            "elapsed_days": [50, 32, 60, None],
        }
    )
    found = flights({"budget_pacing": pacing}, CONFIG)
    assert CONFIG.recommendation_rules.horizon_days == 28
    assert found["days_ahead"].to_list() == [28, 28, 0, None]
    assert found["campaign_runs"].to_list()[0] == ["campaign:A"]


def test_only_the_current_window_is_delivery() -> None:
    found = delivery({"rollup_asset": DELIVERY}, "base_").sort("base_asset")
    assert found["base_asset"].to_list() == ["A", "B", "D", "E"]
    assert found.columns == ["base_asset", "base_impressions", "base_cost", "base_revenue"]


def test_a_segment_stands_still_only_with_all_that_it_delivers() -> None:
    asked = pl.DataFrame(
        {
            "id": ["one", "both", "twice", "last", "idle", "none"],
            "assets": [["A"], ["A", "B"], ["A", "A"], ["D"], ["F"], None],
        },
        {"id": pl.String, "assets": pl.List(pl.String)},
    )
    found = dict(halted({"rollup_asset": DELIVERY}, asked, "id", "assets").iter_rows())
    assert found == {
        "one": ["asset:A"],
        "both": ["asset:A", "asset:B", "segment:C/S"],
        "twice": ["asset:A"],
        "last": ["asset:D", "segment:C/T"],  # E is recorded, but shows nothing
        "idle": ["asset:F"],
    }


def test_an_id_with_a_missing_part_is_left_out() -> None:
    frame = pl.DataFrame({"c": ["C", None], "s": ["S", "S"]})
    found = frame.select(i=ids(typed("segment", "c", "s"), typed("asset", "s")))["i"].to_list()
    assert found == [["segment:C/S", "asset:S"], ["asset:S"]]
