"""Return on investment: the seed's arithmetic, the waterfall, and missing records."""

from __future__ import annotations

import polars as pl
import pytest

import mktorch
from mktorch.analysis.model_cost import measured_roi_analysis
from mktorch.analysis.roi import roi_analysis, roi_waterfall
from mktorch.sums import total
from tests.conftest import TINY

# 500 * 10 / (365.25 / 12), in three shares of whole millionths: 54.757016 each
INFRASTRUCTURE = 164.271048
NO_OPERATING = pl.DataFrame(
    {"total_modelled_cost": [0.0], "total_api_cost": [0.0], "total_infrastructure_cost": [0.0]}
)


def test_the_seeds_arithmetic(tiny_run: mktorch.Run) -> None:
    roi = tiny_run.state["roi_analysis"]
    assert roi["total_llm_cost"] == 102.55
    assert roi["total_human_review_cost"] == 495.0
    assert roi["total_media_spend"] == 10500.0
    assert roi["total_estimated_value"] == 19150.0
    assert roi["total_net_roi"] == 8052.45
    assert round(roi["roi_percentage"], 1) == 76.7
    assert roi["roi_status"] == "positive"
    assert round(tiny_run.state["performance_assessment"]["overall_roi"], 2) == 0.82


def test_portfolio_counts(tiny_run: mktorch.Run) -> None:
    assert tiny_run.state["performance_assessment"] == {
        "total_campaigns": 3,
        "active_campaigns": 2,
        "total_experiments": 5,
        "running_experiments": 3,
        "completed_experiments": 2,
        "total_spend": 10500.0,
        "total_revenue_proxy": 19150.0,
        "overall_roi": pytest.approx(8650 / 10500),
        "exceeding": 2,
        "meeting": 1,
        "below": 0,
        "insufficient": 0,
    }


def test_the_fully_loaded_return_of_one_campaign_is_its_share_of_the_whole(
    tiny_run: mktorch.Run, tmp_path
) -> None:
    alone = mktorch.run(TINY, out=tmp_path, campaign="CAMP_002").tables.roi_fully_loaded
    whole = tiny_run.tables.roi_fully_loaded.filter(campaign_id="CAMP_002")
    assert alone.filter(campaign_id="CAMP_002").equals(whole)


def test_value_by_channel_and_segment_add_up_to_the_portfolio(tiny_run: mktorch.Run) -> None:
    for table in (tiny_run.tables.value_by_channel, tiny_run.tables.value_by_segment):
        assert table.select(total("spend"), total("revenue")).row(0) == (10500.0, 19150.0)
    # search: assets 3, 4 and 5; 200 + 1900 + 1900 of cost, 800 + 3200 + 3600 of revenue
    search = tiny_run.tables.value_by_channel.row(1, named=True)
    assert (search["name"], search["spend"], search["revenue"]) == (
        "Google Ads (search)",
        4000.0,
        7600.0,
    )


def test_the_waterfall_ends_where_the_net_return_stands(tiny_run: mktorch.Run) -> None:
    columns = ["label", "kind", "amount", "start", "end"]
    assert tiny_run.tables.roi_waterfall.select(columns).rows() == [
        ("Estimated value", "value", 19150.0, 0.0, 19150.0),
        ("Media spend", "cost", -10500.0, 19150.0, 8650.0),
        ("Model cost", "cost", -102.55, 8650.0, 8547.45),
        ("Human review", "cost", -495.0, 8547.45, 8052.45),
        ("Net return", "net", 8052.45, 0.0, 8052.45),
        # nine performance rows at 0.001; 500 a month from 6 to 15 March, 10 days
        ("Modeled model and review cost", "cost", 0.0, 8052.45, 8052.45),
        ("Service calls", "cost", -0.009, 8052.45, 8052.441),
        ("Infrastructure share", "cost", -INFRASTRUCTURE, 8052.441, 8052.441 - INFRASTRUCTURE),
        ("Fully loaded net", "net", 8052.441 - INFRASTRUCTURE, 0.0, 8052.441 - INFRASTRUCTURE),
    ]


def totals(**columns) -> pl.DataFrame:
    base = {"llm_cost": 0.0, "human_review_cost": 0.0, "media_spend": 0.0, "estimated_value": 0.0}
    row = {**base, "net_roi": 0.0, **columns}
    campaign = pl.DataFrame({k: [v] for k, v in row.items()}).cast(pl.Float64)
    rated = {"media_spend": "rated_spend", "estimated_value": "rated_revenue"}
    return roi_analysis(campaign, campaign.rename(rated))


@pytest.mark.parametrize(
    ("net", "status"),
    [(0.01, "positive"), (-0.01, "negative"), (0.0, "neutral"), (None, None)],
)
def test_status_is_the_sign_of_the_net_return(net, status) -> None:
    assert totals(net_roi=net)["roi_status"].item() == status


def test_no_spend_gives_no_percentage_and_no_record_gives_no_chart() -> None:
    assert totals(net_roi=5.0)["roi_percentage"].item() is None
    unknown = totals(net_roi=None, media_spend=None, estimated_value=None)
    assert unknown["total_media_spend"].item() is None
    assert roi_waterfall(unknown, NO_OPERATING).is_empty()


def test_a_campaign_without_a_ledger_row_counts_its_metrics(edit, tmp_path) -> None:
    run = mktorch.run(edit("roi_ledger", lambda rows: rows[:2]), out=tmp_path / "runs")
    last = run.tables.roi_by_campaign.row(-1, named=True)
    assert (last["source"], last["llm_cost"], last["media_spend"]) == ("metrics", None, 2500.0)
    assert last["net_roi"] == 500.0  # 3000 of revenue less 2500 of cost; no review is recorded
    assert run.state["roi_analysis"]["total_net_roi"] == 4991.5 + 2759.95 + 500.0


def test_the_percentage_is_of_what_knows_both() -> None:
    """C1: 60 of its 100 with a value of 150, less 10 of review; C2 has no value: 80 / 60."""
    by_campaign = pl.DataFrame(
        {
            "llm_cost": [None, None],
            "human_review_cost": [10.0, None],
            "media_spend": [100.0, 50.0],
            "estimated_value": [150.0, None],
            "net_roi": [40.0, None],
        },
        schema_overrides={"llm_cost": pl.Float64},
    )
    rated = by_campaign.with_columns(
        rated_spend=pl.Series([60.0, None]), rated_revenue=pl.Series([150.0, None])
    )
    made = roi_analysis(by_campaign, rated)
    assert made["roi_percentage"].item() == pytest.approx(100 * 80 / 60)
    assert made["total_llm_cost"].item() is None  # nobody recorded one: not 0
    assert measured_roi_analysis(made, 5.0)["total_llm_cost"].item() == 5.0
    left = measured_roi_analysis(made, 5.0)["roi_percentage"].item()
    assert left == pytest.approx(100 * 80 / 60 - 100 * 5 / 150)
