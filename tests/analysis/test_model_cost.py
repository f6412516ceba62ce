"""A run's model cost on its returns: by hand, and to the bit where there is none."""

from __future__ import annotations

import polars as pl
import pytest

from mktorch.analysis.model_cost import measured_roi_analysis, measured_roi_fully_loaded

# The seed's totals: 19150.00 - 102.55 - 495.00 - 10500.00 = 8052.45, which is 76.69 % of media.
SEED = pl.DataFrame(
    {
        "total_llm_cost": [102.55],
        "total_human_review_cost": [495.0],
        "total_media_spend": [10500.0],
        "total_estimated_value": [19150.0],
        "total_net_roi": [8052.45],
        "roi_percentage": [100 * 8052.45 / 10500],
        "roi_status": ["positive"],
    }
)


def test_the_cost_leaves_the_net_return():
    after = measured_roi_analysis(SEED, 52.45).row(0, named=True)
    assert after["total_llm_cost"] == 155.0
    assert after["total_net_roi"] == 8000.0
    assert after["roi_percentage"] == pytest.approx(100 * 8000 / 10500)
    assert after["roi_status"] == "positive"
    kept = ("total_human_review_cost", "total_media_spend", "total_estimated_value")
    assert [after[name] for name in kept] == [495.0, 10500.0, 19150.0]


@pytest.mark.parametrize(
    ("cost", "status"), [(8052.44, "positive"), (8052.45, "neutral"), (8052.46, "negative")]
)
def test_the_status_follows(cost, status):
    assert measured_roi_analysis(SEED, cost)["roi_status"].item() == status


def test_no_cost_changes_no_bit(sample_run, tiny_run):
    for run in (sample_run, tiny_run):
        roi, loaded = run.tables["roi_analysis"], run.tables["roi_fully_loaded"]
        assert measured_roi_analysis(roi, 0.0).equals(roi)
        assert measured_roi_fully_loaded(loaded, 0.0).equals(loaded)


def test_unknown_stays_unknown():
    unknown = SEED.with_columns(
        pl.lit(None, pl.Float64).alias(name)
        for name in ("total_media_spend", "total_estimated_value", "total_net_roi")
    )
    after = measured_roi_analysis(unknown, 1.0).row(0, named=True)
    assert after["total_llm_cost"] == 103.55
    assert (after["total_net_roi"], after["roi_percentage"], after["roi_status"]) == (None,) * 3


def test_fully_loaded_the_total_alone_bears_it():
    costs = {"review_cost": 1.0, "api_cost": 1.0, "infrastructure_cost": 6.0}
    money = {"media_spend": 40.0, "estimated_value": 100.0, "model_cost": 2.0}
    rows = [{"campaign_id": key, "name": "One", **money, **costs} for key in ("C1", None)]
    before = pl.DataFrame(
        [{**row, "running_cost": 9.0, "total_cost": 50.0} for row in rows]
    ).with_columns(
        net=50.0,
        break_even_roas=1.25,
        roi_fully_loaded=1.0,
        cost_efficiency=2.0,
    )
    after = measured_roi_fully_loaded(before, 30.0)
    assert after.filter(campaign_id="C1").equals(before.filter(campaign_id="C1"))
    total = after.filter(pl.col("campaign_id").is_null()).row(0, named=True)
    assert (total["model_cost"], total["running_cost"]) == (32.0, 39.0)
    assert (total["total_cost"], total["net"]) == (80.0, 20.0)
    # 80 / 40, 20 / 80, 100 / 80
    assert total["break_even_roas"] == 2.0
    assert (total["roi_fully_loaded"], total["cost_efficiency"]) == (0.25, 1.25)
