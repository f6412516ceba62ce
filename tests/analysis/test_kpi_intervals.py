"""Intervals of KPIs: by hand, against scipy, and how often they cover what made the days."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from scipy import stats

from mktorch.analysis.kpi_intervals import INTERVALS, Known, kpi_intervals
from mktorch.clock import Clock
from mktorch.config.recommendation_rules import RecommendationRules
from mktorch.kpis import NAMED

LAST = date(2026, 4, 14)
CLOCK = Clock.on(LAST)  # 8 to 14 April against 1 to 7 April
NONE = pl.DataFrame()


def days(**measures: list[float] | np.ndarray) -> pl.DataFrame:
    """Days up to 14 April of one campaign, one segment, one channel."""
    length = len(next(iter(measures.values())))
    plain = {"impressions": 1000, "clicks": 10, "conversions": 1.0, "cost": 10.0, "revenue": 20.0}
    return pl.DataFrame(
        {
            "campaign_id": ["C"] * length,
            "segment_id": ["S"] * length,
            "channel_id": ["H"] * length,
            "date": [LAST - timedelta(days=length - 1 - n) for n in range(length)],
            **{name: measures.get(name, [value] * length) for name, value in plain.items()},
        },
        schema_overrides=dict.fromkeys(("conversions", "cost", "revenue"), pl.Float64),
    )


def ends(kpi: str, value: float, rollup_day: pl.DataFrame = NONE, **held: object):
    known = Known(
        value, None, rollup_day, NONE, NONE, NONE, NONE, CLOCK, alpha=0.05, least_days=7
    )._replace(**held)
    return INTERVALS[kpi](known)


def test_a_change_in_rate_is_welch_on_equal_days() -> None:
    """With equal impressions a day the ratio of sums is the mean of rates, and Welch is scipy's."""
    rng = np.random.default_rng(1)
    came = rng.poisson(30, 14).astype(float)
    now, then = came[7:] / 1000, came[:7] / 1000
    low, high, reason = ends(
        "conversion_rate_delta", now.mean() - then.mean(), days(conversions=came)
    )
    expected = stats.ttest_ind(now, then, equal_var=False).confidence_interval()
    assert reason is None
    assert (low, high) == pytest.approx((expected.low, expected.high))


def test_a_return_is_bounded_by_the_spread_of_its_days_and_scaled_to_the_ledger() -> None:
    """Cost 10 a day, revenue as drawn: the ratio's error is that of the mean over 10."""
    revenue = np.random.default_rng(2).normal(20, 3, 28)
    point = revenue.sum() / 280 - 1
    expected = stats.t.interval(0.95, 27, revenue.mean() / 10, stats.sem(revenue) / 10)
    low, high, _ = ends("roi_estimate", point, days(revenue=revenue))
    assert (low + 1, high + 1) == pytest.approx(expected)
    # The ledger states twice the value: the interval is twice as wide.
    wide = ends("roi_estimate", 2 * (point + 1) - 1, days(revenue=revenue))
    assert wide[1] - wide[0] == pytest.approx(2 * (high - low))


def test_a_few_days_bound_no_return() -> None:
    assert ends("roi_estimate", 0.5, days(cost=[10.0] * 6)) == (
        None,
        None,
        "6 days with delivery, 7 are needed",
    )


def test_what_the_days_do_not_vary_is_not_bounded_but_for_a_return() -> None:
    assert ends("conversion_rate_delta", 0.0, days(cost=[10.0] * 14))[:2] == (None, None)
    assert ends("roi_estimate", 1.0, days(cost=[10.0] * 14))[:2] == (1.0, 1.0)


def test_precision_is_sure_of_what_lies_far_off_and_of_what_is_alone() -> None:
    """S1 converts at 3 % and S2 at 1 %, of as many impressions: half is surely precise, always."""
    apart = pl.concat(
        days(
            conversions=[rate + day % 3 for day in range(14)], impressions=[1000] * 14
        ).with_columns(segment_id=pl.lit(segment))
        for segment, rate in (("S1", 30.0), ("S2", 10.0))
    )
    assert ends("targeting_precision_improvement", 0.0, apart)[:2] == (0.0, 0.0)
    more = pl.when(pl.col("date").dt.day() % 2 == 0).then(25.0).otherwise(15.0)
    alike = apart.with_columns(
        conversions=pl.col("conversions") + pl.when(segment_id="S2").then(more).otherwise(0.0)
    )
    low, high, _ = ends("targeting_precision_improvement", 0.0, alike)
    assert (low, high) == (-1.0, 1.0)  # either may be on either side, in each window
    alone = alike.filter(segment_id="S1")
    assert ends("targeting_precision_improvement", 0.0, alone)[:2] == (0.0, 0.0)


def test_wasted_spend_is_bounded_by_which_assets_are_wasted() -> None:
    """The jackknife by hand: each of four assets left out in turn."""
    held = pl.DataFrame(
        {
            "asset_id": list("ABCD") * 2,
            "window": ["current"] * 4 + ["prior"] * 4,
            "impressions": [10] * 8,
            "conversions": [0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0],
            "cost": [10.0, 20.0, 30.0, 40.0, 10.0, 20.0, 30.0, 40.0],
        }
    )
    now, then, cost = np.array([10, 20, 0, 0]), np.array([10, 0, 0, 40]), np.array([10, 20, 30, 40])
    left = [
        1 - (np.delete(now, i).sum() / np.delete(cost, i).sum())
        / (np.delete(then, i).sum() / np.delete(cost, i).sum())
        for i in range(4)
    ]  # fmt: skip
    reach = stats.t.ppf(0.975, 3) * np.sqrt(3 / 4 * ((left - np.mean(left)) ** 2).sum())
    value = 1 - 30 / 50
    low, high, _ = ends("wasted_spend_reduction", value, rollup_asset=held)
    assert (low, high) == pytest.approx((value - reach, value + reach))


@pytest.mark.parametrize("kpi", ["conversion_rate_delta", "cpa_reduction_percentage"])
def test_nineteen_of_twenty_steady_weeks_hold_no_change(kpi) -> None:
    """Days drawn alike in both windows, overdispersed: 0 is left out in about one of twenty."""
    rng, missed, tries = np.random.default_rng(3), 0, 100
    for _ in range(tries):
        rates = rng.gamma(50, 0.6, 14)
        drawn = days(conversions=rng.poisson(rates).astype(float), cost=rng.normal(100, 5, 14))
        low, high, _ = ends(kpi, _value(kpi, drawn), drawn)
        missed += not low <= 0 <= high
    assert missed / tries < 0.115  # 0.05 and three standard errors


def _value(kpi: str, drawn: pl.DataFrame) -> float:
    now, then = (
        part.select("conversions", "cost", "impressions").sum().row(0, named=True)
        for part in (drawn.tail(7), drawn.head(7))
    )
    if kpi == "conversion_rate_delta":
        return (now["conversions"] - then["conversions"]) / 7000
    return 1 - (now["cost"] / now["conversions"]) / (then["cost"] / then["conversions"])


def test_counts_are_exact_and_without_a_prior_window_no_change_is_bounded() -> None:
    values = pl.DataFrame(
        {
            "kpi": ["policy_violation_count", "conversion_rate_delta", "roi_estimate"],
            "value": [3.0, 0.01, None],
            "numerator": [None, 0.02, None],
            "window": ["all", "variants - controls (no prior window)", "all"],
        },
        schema_overrides={"numerator": pl.Float64},
    )
    rules = RecommendationRules()
    found = kpi_intervals(values, NONE, NONE, NONE, NONE, NONE, CLOCK, 0.05, rules)
    assert found.select("kpi", "low", "high").rows() == [
        ("policy_violation_count", 3.0, 3.0),
        ("conversion_rate_delta", None, None),
    ]
    assert found["interval_reason"][1] == "there is no prior window to compare days with"


def test_every_change_has_an_interval_and_every_name_is_a_kpi() -> None:
    assert set(INTERVALS) <= set(NAMED)
    assert {kpi.name for kpi in NAMED.values() if kpi.change} <= set(INTERVALS)


def test_the_ends_of_the_sample_hold_the_value(sample_run) -> None:
    held = sample_run.tables["kpis"].drop_nulls("low")
    assert held.height > 12
    assert held.filter(
        (pl.col("low") > pl.col("value")) | (pl.col("high") < pl.col("value"))
    ).is_empty()
