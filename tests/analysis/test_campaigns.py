"""Campaign verdicts, by hand on the tiny set and at the thresholds."""

from __future__ import annotations

import polars as pl
import pytest

import mktorch
from mktorch.analysis.campaigns import performance

LIMITS = {"exceeding_expectations": 1.2, "meeting_expectations": 0.8, "below_expectations": 0.0}


@pytest.mark.parametrize(
    ("attainment", "verdict"),
    [
        (9350 / 4200, "exceeding_expectations"),
        (1.2000001, "exceeding_expectations"),
        (1.2, "meeting_expectations"),  # "more than 120 % of target" exceeds
        (0.8, "meeting_expectations"),
        (0.7999999, "below_expectations"),
        (0.0, "below_expectations"),
        (None, "insufficient_data"),
    ],
)
def test_verdict_at_the_thresholds(attainment, verdict) -> None:
    frame = pl.DataFrame({"x": [attainment]}, schema={"x": pl.Float64})
    assert frame.select(performance(pl.col("x"), LIMITS)).item() == verdict


def test_the_seeds_campaign(tiny_run: mktorch.Run) -> None:
    first = tiny_run.state["campaign_analysis"][0]
    assert {
        "campaign_id": "CAMP_001",
        "status": "active",
        "total_assets": 3,
        "active_experiments": 2,
        "completed_experiments": 1,
        "total_spend": 4200.0,
        "total_revenue_proxy": 9350.0,
        "overall_performance": "exceeding_expectations",
    }.items() <= first.items()
    # metrics: 4 x 1000 + 200 of cost; 1600 + 1600 + 2400 + 2560 + 800 of revenue
    assert (first["metrics_spend"], first["spend_gap"]) == (4200.0, 0.0)
    assert (first["metrics_revenue"], first["revenue_gap"]) == (8960.0, 390.0)
    assert first["budget_used"] == pytest.approx(4200 / 15000)
    assert (first["impressions"], first["clicks"], first["conversions"]) == (21000, 1310, 112)


def test_verdicts_of_the_tiny_set(tiny_run: mktorch.Run) -> None:
    table = tiny_run.tables.campaign_analysis
    # 9350 / 4200 = 2.23; 6800 / 3800 = 1.79; 3000 / 2500 = 1.2 exactly, which meets
    assert table["overall_performance"].to_list() == [
        "exceeding_expectations",
        "exceeding_expectations",
        "meeting_expectations",
    ]
    assert table["roi"].to_list() == pytest.approx([5150 / 4200, 3000 / 3800, 0.2])


def test_the_target_moves_the_verdict(tiny, tmp_path) -> None:
    run = mktorch.run(tiny, out=tmp_path / "runs", target_roas=2.0)
    # 2.23 / 2 = 1.11 meets; 1.79 / 2 = 0.89 meets; 1.2 / 2 = 0.6 is below
    assert run.tables.campaign_analysis["overall_performance"].to_list() == [
        "meeting_expectations",
        "meeting_expectations",
        "below_expectations",
    ]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("planned", "not launched: no spend recorded"),
        ("active", "no ledger row and no performance rows"),
    ],
)
def test_a_campaign_nobody_recorded_is_null_with_a_reason(edit, tmp_path, status, reason) -> None:
    def add(rows):
        rows.append({**rows[0], "campaign_id": "CAMP_009", "status": status})

    run = mktorch.run(edit("campaigns", add), out=tmp_path / "runs")
    last = run.tables.campaign_analysis.row(-1, named=True)
    assert last["campaign_id"] == "CAMP_009"
    assert (last["total_spend"], last["roas"], last["roi"]) == (None, None, None)
    assert (last["overall_performance"], last["performance_reason"]) == (
        "insufficient_data",
        reason,
    )
    assert run.state["performance_assessment"]["insufficient"] == 1
    assert run.state["roi_analysis"]["total_net_roi"] == 8052.45


def test_zero_spend_has_no_return(edit, tmp_path) -> None:
    def free(rows):
        rows[2].update(media_spend=0.0, net_roi=2801.0)

    run = mktorch.run(edit("roi_ledger", free), out=tmp_path / "runs")
    last = run.tables.campaign_analysis.row(-1, named=True)
    assert (last["total_spend"], last["roas"], last["performance_reason"]) == (
        0.0,
        None,
        "spend is 0",
    )
