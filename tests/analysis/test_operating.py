"""Operating cost, fully loaded return and value by channel, by hand."""

from __future__ import annotations

import polars as pl
import pytest

from mktorch.analysis.operating import operating_cost, roi_fully_loaded, value_by
from mktorch.config.operating_rules import OperatingRules
from mktorch.paired import RollupPaired

MONEY = pl.DataFrame(
    {
        "campaign_id": ["C1", "C2"],
        "llm_cost": [38.5, None],
        "human_review_cost": [120.0, None],
        "spend_source": ["ledger", "metrics"],
    }
)
DECISIONS = pl.DataFrame({"campaign_id": ["C1", "C2", "C2"], "human_override": [True, True, False]})
ASSETS = pl.DataFrame({"campaign_id": ["C2", "C2"], "approved_by_human": [True, False]})
MOVES = pl.DataFrame({"campaign_id": ["C2"], "approved_by_human": [True]})
RECORDS = pl.DataFrame({"campaign_id": ["C1", "C2"], "records": [1000, 500]})


def costs(**rules) -> pl.DataFrame:
    return operating_cost(
        MONEY,
        DECISIONS,
        ASSETS,
        MOVES,
        RECORDS,
        OperatingRules(**rules),
        cost_per_human_review_hour=60.0,
        cost_per_llm_call=0.01,
        cost_per_api_call=0.001,
        infrastructure_share=250.0,
    )


def test_recorded_cost_stands_and_the_rest_is_modelled() -> None:
    first, second = costs().rows(named=True)
    assert (first["model_cost"], first["model_cost_origin"]) == (38.5, "ledger")
    assert (first["review_cost"], first["review_cost_origin"]) == (120.0, "ledger")
    assert (first["api_cost"], first["infrastructure_cost"]) == (1.0, 250.0)
    # C2: 10 minutes for one decision, 15 for one asset, 20 for one move: 45 minutes at 60 an hour
    assert (second["review_cost"], second["review_cost_origin"]) == (45.0, "modelled")
    assert (second["model_cost"], second["model_cost_origin"]) == (0.02, "modelled")
    assert second["api_cost"] == 0.5


def test_a_rule_moves_the_cost() -> None:
    assert costs(review_minutes_per_asset=30.0)["review_cost"].to_list() == [120.0, 60.0]
    assert costs(llm_calls_per_decision=5.0)["model_cost"].to_list() == [38.5, 0.1]


def test_fully_loaded_by_hand() -> None:
    by_campaign = pl.DataFrame(
        {
            "campaign_id": ["C1", "C2"],
            "name": ["One", "Two"],
            "media_spend": [4200.0, None],
            "estimated_value": [9350.0, None],
        },
        schema_overrides={"media_spend": pl.Float64, "estimated_value": pl.Float64},
    )
    one, two, every = roi_fully_loaded(by_campaign, costs()).rows(named=True)
    # 4200 + 38.5 + 120 + 1 + 250 = 4609.5
    assert one["total_cost"] == 4609.5
    assert one["net"] == 4740.5
    assert one["roi_fully_loaded"] == pytest.approx(4740.5 / 4609.5)
    assert one["cost_efficiency"] == pytest.approx(9350 / 4609.5)
    assert one["break_even_roas"] == pytest.approx(4609.5 / 4200)
    # nobody recorded C2's media or value: 0.02 + 45 + 0.5 + 250 of cost, and no return to speak of
    assert two["total_cost"] == 295.52
    assert (two["net"], two["roi_fully_loaded"], two["break_even_roas"]) == (None, None, None)
    assert (every["campaign_id"], every["total_cost"]) == (None, 4905.02)
    assert every["net"] == 4444.98


def test_value_by_channel_adds_up_to_the_portfolio() -> None:
    rollup = pl.DataFrame(
        {
            "campaign_id": ["C1", "C2", "C1", "C1"],
            "channel_id": ["H1", "H1", "H2", "H1"],
            "window": ["all", "all", "all", "current"],
            "cost": [100.0, 50.0, 0.0, 7.0],
            "revenue": [300.0, 30.0, 20.0, 7.0],
        }
    )
    names = pl.DataFrame({"channel_id": ["H1", "H2"], "platform": ["Search", "Mail"]})
    assessment = pl.DataFrame({"total_spend": [180.3], "total_revenue_proxy": [340.0]})
    names = names.rename({"platform": "name"})
    table = value_by("channel_id", rollup, RollupPaired.create_empty(), names, assessment)
    assert table.select("channel_id", "name", "spend", "revenue").rows() == [
        ("H1", "Search", 150.0, 330.0),
        ("H2", "Mail", 0.0, 20.0),
        (None, "Not allocated", 30.3, -10.0),
    ]
    assert table["value_per_unit"].to_list() == [2.2, None, pytest.approx(-10 / 30.3)]
    assert table["spend"].sum() == pytest.approx(180.3)


def test_value_per_unit_is_of_the_days_that_know_both() -> None:
    """Of 150 on H1 only 60, in C1, have a known revenue of 300: 5 per unit, not 300 / 150."""
    rollup = pl.DataFrame(
        {
            "campaign_id": ["C1", "C2", "C1"],
            "channel_id": ["H1", "H1", "H2"],
            "window": ["all"] * 3,
            "cost": [100.0, 50.0, 40.0],
            "revenue": [300.0, None, 20.0],
        }
    )
    told = {"channel_id": "H1", "window": "all", "numerator_name": "revenue"}
    rows = [
        {"campaign_id": "C1", **told, "numerator": 300.0, "denominator": 60.0},
        {"campaign_id": "C2", **told, "numerator": None, "denominator": None},
    ]
    blanks = pl.DataFrame(
        [{**each, "denominator_name": "cost"} for each in rows], schema=RollupPaired.dtypes()
    )
    names = pl.DataFrame({"channel_id": ["H1", "H2"], "name": ["Search", "Mail"]})
    unknown = pl.DataFrame({"total_spend": [190.0], "total_revenue_proxy": [None]})
    assessment = unknown.cast({"total_revenue_proxy": pl.Float64})
    table = value_by("channel_id", rollup, blanks, names, assessment)
    assert table.select("spend", "revenue", "value_per_unit").rows() == [
        (150.0, 300.0, 5.0),
        (40.0, 20.0, 0.5),
        (0.0, None, None),
    ]
