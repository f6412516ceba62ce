"""Returns with intervals and the days ahead, against sums made by hand and an independent t."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from scipy import stats

from mktorch.analysis.returns import campaign_returns, cents, channel_returns
from mktorch.clock import Clock
from mktorch.config.recommendation_rules import RecommendationRules

TODAY = date(2026, 4, 26)
RULES = RecommendationRules(return_days=10, minimum_return_days=3, horizon_days=14)
COST = [100.0, 120.0, 80.0, 110.0]
REVENUE = [210.0, 230.0, 170.0, 190.0]


def days(cost=COST, revenue=REVENUE, campaign="C1", channel="H1", first=TODAY - timedelta(days=3)):
    return pl.DataFrame(
        {
            "campaign_id": campaign,
            "segment_id": "S1",
            "channel_id": channel,
            "date": [first + timedelta(days=n) for n in range(len(cost))],
            "impressions": 1000,
            "clicks": 10,
            "conversions": 1,
            "cost": cost,
            "revenue": revenue,
        },
        schema_overrides={"cost": pl.Float64, "revenue": pl.Float64},
    )


def run(daily, spend=None, revenue=None, budget=1000.0, status="active", end=6, rules=RULES):
    """One campaign: its account that stands, and what remains of its budget."""
    total, earned = daily["cost"].sum(), daily["revenue"].sum()
    spend, revenue = (
        spend if spend is not None else total,
        revenue if revenue is not None else earned,
    )
    money = pl.DataFrame(
        {
            "campaign_id": ["C1"],
            "total_spend": [spend],
            "metrics_spend": [total],
            "total_revenue_proxy": [revenue],
            "metrics_revenue": [earned],
        }
    )
    pacing = pl.DataFrame(
        {
            "campaign_id": ["C1"],
            "status": [status],
            "end_date": [TODAY + timedelta(days=end)],
            "remaining": [budget - spend],
        }
    )
    window = daily.filter(pl.col("date") > TODAY - timedelta(days=7))
    rollup = (
        window.group_by("campaign_id", "channel_id")
        .agg(pl.col("conversions", "cost", "revenue").sum())
        .with_columns(window=pl.lit("current"))
    )
    by_campaign = rollup.group_by("campaign_id", "window").agg(pl.col("conversions", "cost").sum())
    done = campaign_returns(daily, by_campaign, money, pacing, Clock.on(TODAY), 0.05, 2.0, rules)
    everything = pl.concat([rollup, rollup.with_columns(window=pl.lit("all"))])
    return done, channel_returns(daily, everything, done, Clock.on(TODAY), 0.05, 2.0, rules)


def test_the_return_is_a_ratio_of_sums_with_its_delta_method_interval() -> None:
    row = run(days())[0].row(0, named=True)
    ratio = 800 / 410
    residuals = np.array(REVENUE) - ratio * np.array(COST)
    error = np.sqrt(4 / 3 * (residuals**2).sum()) / 410
    reach = stats.t.ppf(0.975, 3) * error
    assert row["days"] == 4
    assert (row["spend"], row["revenue"]) == (410.0, 800.0)
    assert [row[c] for c in ("roas_low", "roas", "roas_high")] == pytest.approx(
        [ratio - reach, ratio, ratio + reach], rel=1e-12
    )
    assert row["attainment"] == pytest.approx(ratio / 2)
    assert row["attainment_high"] == row["roas_high"] / 2
    assert row["return_reason"] is None


def test_the_account_that_stands_scales_every_day() -> None:
    plain = run(days())[0].row(0, named=True)
    scaled = run(days(), spend=410.0 * 1.25, revenue=800.0 * 0.5)[0].row(0, named=True)
    assert (scaled["spend_scale"], scaled["revenue_scale"]) == (1.25, 0.5)
    for end in ("roas_low", "roas", "roas_high"):
        assert scaled[end] == pytest.approx(plain[end] * 0.5 / 1.25)
    assert scaled["window_spend"] == 512.5


def test_the_days_ahead_bound_the_plan() -> None:
    # 410 in 7 days; 6 days left: 410 * 6 / 7 = 351.428...
    row = run(days())[0].row(0, named=True)
    assert (row["days_left"], row["horizon_days"]) == (6, 6)
    assert (row["run_rate"], row["planned_spend"], row["remaining"]) == (351.42, 351.42, 590.0)
    short, channels = run(days(), budget=510.0)
    assert short["planned_spend"].item() == 100.0
    assert short["run_rate"].item() == 351.42
    assert channels["planned_spend"].item() == 100.0
    over = run(days(), budget=300.0)[0].row(0, named=True)
    assert (over["remaining"], over["planned_spend"]) == (0.0, 0.0)
    late = run(days(), end=60)[0].row(0, named=True)
    assert (late["days_left"], late["horizon_days"], late["run_rate"]) == (60, 14, 820.0)
    ended = run(days(), end=-2)[0].row(0, named=True)
    assert (ended["days_left"], ended["run_rate"], ended["planned_spend"]) == (0, 0.0, 0.0)


def test_channels_share_what_the_campaign_can_afford() -> None:
    both = pl.concat([days(), days(COST[::-1], [0.0] * 4, channel="H2")])
    campaign, channels = run(both, budget=920.0)
    assert campaign["planned_spend"].item() == 100.0
    assert channels["planned_spend"].to_list() == [49.99, 49.99]  # half each, rounded down
    assert channels["roas_high"].to_list()[1] == 0.0
    assert channels["window_conversions"].to_list() == [4, 4]


@pytest.mark.parametrize(
    ("daily", "arguments", "reason"),
    [
        (days(COST[:2], REVENUE[:2]), {}, "2 days with delivery, 3 are needed"),
        (days(first=TODAY - timedelta(days=40)), {}, "no delivery in the last 10 days"),
        (days([0.0] * 4, REVENUE), {}, "the ledger states money that no day shows"),
        (days([0.0] * 4, [0.0] * 4), {}, "no spend in the last 10 days"),
        (days(COST, [0.0] * 4), {"revenue": 9.0}, "the ledger states money that no day shows"),
    ],
)
def test_no_interval_without_a_reason(daily, arguments, reason) -> None:
    if daily["cost"].sum() == 0 and daily["revenue"].sum() > 0:
        arguments = {"spend": 50.0}
    row = run(daily, **arguments)[0].row(0, named=True)
    assert row["return_reason"] == reason
    assert row["roas_low"] is None
    assert row["roas_high"] is None


def test_no_revenue_at_all_is_a_return_of_nothing() -> None:
    row = run(days(COST, [0.0] * 4))[0].row(0, named=True)
    assert [row[c] for c in ("roas_low", "roas", "roas_high")] == [0.0, 0.0, 0.0]
    assert row["return_reason"] is None


def test_the_low_end_is_never_below_nothing() -> None:
    row = run(days(COST, [0.0, 500.0, 0.0, 0.0]))[0].row(0, named=True)
    assert row["roas_low"] == 0.0
    assert row["roas_high"] > 1.0


@pytest.mark.parametrize("status", ["paused", "completed", "planned"])
def test_only_active_campaigns_have_days_ahead(status) -> None:
    row = run(days(), status=status)[0].row(0, named=True)
    assert row["outlook_reason"] == f"the campaign is {status}"
    assert row["planned_spend"] is None
    assert row["roas"] is not None


def test_only_the_last_days_count() -> None:
    old = days([1.0], [999.0], first=TODAY - timedelta(days=10))
    kept = days([1.0], [999.0], first=TODAY - timedelta(days=9))
    assert run(pl.concat([old, days()]))[0]["days"].item() == 4
    assert run(pl.concat([kept, days()]))[0]["days"].item() == 5


def test_row_order_and_empty_tables() -> None:
    both = pl.concat([days(), days(COST[::-1], REVENUE, channel="H2")])
    assert run(both)[0].equals(run(both.reverse())[0])
    assert run(both)[1].equals(run(both.reverse())[1])
    campaigns, channels = run(days().clear(), spend=0.0, revenue=0.0)
    assert campaigns["return_reason"].to_list() == ["no delivery in the last 10 days"]
    assert channels.height == 0


def test_cents_are_rounded_down() -> None:
    frame = pl.DataFrame({"x": [0.019999999, 1.005, 10.0, None, 0.29]})
    assert frame.select(cents(pl.col("x")))["x"].to_list() == [0.02, 1.0, 10.0, None, 0.29]


def test_the_sample_tells_its_stories(sample_run) -> None:
    returns = sample_run.tables["campaign_returns"].rows_by_key(
        "campaign_id", named=True, unique=True
    )
    assert returns["CAMP_003"]["attainment_high"] < 0.25  # spend without return
    assert returns["CAMP_001"]["attainment_low"] > 1.2
    assert returns["CAMP_002"]["spend_scale"] == pytest.approx(1.18, rel=1e-6)  # the ledger's word
    assert returns["CAMP_007"]["return_reason"] == "no delivery in the last 28 days"
    channels = sample_run.tables["channel_returns"]
    per_campaign = channels.group_by("campaign_id").agg(pl.col("planned_spend").sum())
    joined = per_campaign.join(
        sample_run.tables["campaign_returns"], on="campaign_id", suffix="_campaign"
    ).drop_nulls("planned_spend_campaign")
    gap = joined["planned_spend_campaign"] - joined["planned_spend"]
    assert gap.min() >= 0
    assert gap.max() < 0.01 * 8  # each channel rounds down
