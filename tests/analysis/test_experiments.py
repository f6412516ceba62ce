"""Evaluations: numbers against hand calculation and other libraries, nulls with their reasons."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy import stats as scipy_stats

from mktorch import stats
from mktorch.analysis.experiments import Terms
from mktorch.config import Metric
from mktorch.config.experiment_rules import ExperimentRules
from tests.analysis.experiment_cases import (
    CPA,
    MONDAY,
    counts,
    day,
    evaluate,
    experiments,
    one,
)


def test_a_proportion_by_a_published_example() -> None:
    # 48 of 80 against 56 of 70: the first example of Newcombe (1998) and Fagerland et al. (2015).
    # z = (0.8 - 0.6) / sqrt(104/150 * 46/150 * (1/80 + 1/70)) = 2.6502
    row = one(evaluate(experiments({}), counts(48, 80, 56, 70))[0])
    assert (row["control_value"], row["variant_value"]) == (0.6, 0.8)
    assert row["difference"] == pytest.approx(0.2)
    assert (row["lift"], row["lift_percentage"]) == pytest.approx((1 / 3, 100 / 3))
    assert row["method"] == "score test"
    assert row["statistic"] == pytest.approx(2.6502, abs=5e-5)
    assert row["p_value"] == pytest.approx(0.008045, abs=5e-7)
    assert (row["difference_low"], row["difference_high"]) == pytest.approx(
        (0.0533, 0.3377), abs=5e-5
    )
    assert (row["lift_low"], row["lift_high"]) == pytest.approx((0.0798, 0.6708), abs=5e-5)
    assert row["probability_to_beat_control"] == pytest.approx(0.99593, abs=5e-6)
    # what is kept minus what is scaled is the posterior means' difference: 57/72 - 49/82
    gap = row["expected_loss_keep"] - row["expected_loss_scale"]
    assert gap == pytest.approx(57 / 72 - 49 / 82)
    assert row["sample"] == 70
    assert (row["undefined_reason"], row["warnings"]) == (None, ["looked early"])


def test_each_metric_counts_its_own_parts() -> None:
    rows = [
        day("A", impressions=1000, clicks=100, conversions=20, cost=50.0, revenue=200.0),
        day("B", impressions=2000, clicks=300, conversions=30, cost=90.0, revenue=270.0),
    ]
    cases = {
        "click_through_rate": (0.1, 0.15),
        "conversion_rate": (0.02, 0.015),
        "click_to_conversion_rate": (0.2, 0.1),
        "cost_per_acquisition": (2.5, 3.0),
        "return_on_ad_spend": (4.0, 3.0),
    }
    for metric, values in cases.items():
        row = one(evaluate(experiments({"metric": metric}), rows)[0])
        assert (row["control_value"], row["variant_value"]) == values
        assert row["difference"] == pytest.approx(values[1] - values[0])
        assert row["lift"] == pytest.approx(values[1] / values[0] - 1)


def test_only_rows_that_name_the_experiment_count() -> None:
    rows = counts(48, 80, 56, 70)
    more = [
        day("A", 3, of=None, clicks=900, impressions=1000),
        day("B", 3, of="E9", clicks=5, impressions=9),
    ]
    plain, beside = (evaluate(experiments({}), r)[0] for r in (rows, rows + more))
    assert_frame_equal(plain, beside)


def daily_costs() -> tuple[list[float], list[int], list[float], list[int]]:
    return (
        [40.0, 52.0, 61.0, 45.0],
        [8, 10, 12, 10],
        [30.0, 41.0, 44.0, 38.0],
        [9, 11, 13, 10],
    )


def test_a_ratio_metric_against_linearized_days() -> None:
    cost0, sold0, cost1, sold1 = daily_costs()
    rows = [
        day("A", i, impressions=99, conversions=n, cost=c)
        for i, (c, n) in enumerate(zip(cost0, sold0, strict=True))
    ]
    rows += [
        day("B", i, impressions=99, conversions=n, cost=c)
        for i, (c, n) in enumerate(zip(cost1, sold1, strict=True))
    ]
    row = one(evaluate(experiments(CPA), rows)[0])

    def linear(cost: list[float], sold: list[int]) -> np.ndarray:
        c, n = np.array(cost), np.array(sold)
        return c.sum() / n.sum() + (c - c.sum() / n.sum() * n) / n.mean()

    # Days are paired; four of them barely show whether they resemble each other.
    reference = scipy_stats.ttest_rel(linear(cost1, sold1), linear(cost0, sold0))
    margin = reference.confidence_interval()
    gap, wider = row["difference"], row["inflation"] ** 0.5
    assert (row["control_value"], row["variant_value"]) == pytest.approx((198 / 40, 153 / 43))
    assert (row["method"], row["clusters"]) == ("delta method over days", 4)
    assert row["statistic"] * wider == pytest.approx(reference.statistic, rel=1e-12)
    p = 2 * scipy_stats.t.sf(abs(reference.statistic) / wider, df=3)
    assert row["p_value"] == pytest.approx(p, rel=1e-11)
    assert (row["difference_low"] - gap, row["difference_high"] - gap) == pytest.approx(
        ((margin.low - gap) * wider, (margin.high - gap) * wider), rel=1e-10
    )
    # cheaper is better: the improvement is the lift turned round, and its ends with it
    assert row["lift"] == pytest.approx(153 / 43 / (198 / 40) - 1)
    assert row["improvement"] == -row["lift"] > 0
    assert (row["improvement_low"], row["improvement_high"]) == (
        -row["lift_high"],
        -row["lift_low"],
    )
    assert row["probability_to_beat_control"] == pytest.approx(1 - p / 2)
    assert row["sample"] == 396  # impressions of the smaller arm: 4 days of 99
    assert row["sample_unit"] == "days"


def test_losses_of_a_ratio_metric_against_quadrature() -> None:
    cost0, sold0, cost1, sold1 = daily_costs()
    rows = [
        day("A", i, impressions=99, conversions=n, cost=c)
        for i, (c, n) in enumerate(zip(cost0, sold0, strict=True))
    ]
    rows += [
        day("B", i, impressions=99, conversions=n, cost=c)
        for i, (c, n) in enumerate(zip(cost1, sold1, strict=True))
    ]
    row = one(evaluate(experiments(CPA), rows)[0])
    error = row["difference"] / row["statistic"]
    better = scipy_stats.norm(-row["difference"], abs(error))  # how much cheaper the variant is
    grid = np.linspace(
        better.mean() - 12 * better.std(), better.mean() + 12 * better.std(), 200_001
    )
    step = grid[1] - grid[0]
    keep = (np.maximum(grid, 0) * better.pdf(grid)).sum() * step
    scale = (np.maximum(-grid, 0) * better.pdf(grid)).sum() * step
    assert row["expected_loss_keep"] == pytest.approx(keep, rel=1e-6)
    assert row["expected_loss_scale"] == pytest.approx(scale, rel=1e-6)


def test_a_small_table_is_corrected_for_continuity_and_says_so() -> None:
    # least expected count 4 * 60 / 120 = 2
    row = one(evaluate(experiments({}), counts(0, 60, 4, 60))[0])
    careful = stats.compare_proportions(0, 60, 4, 60)
    assert row["method"] == "score test, corrected for continuity"
    assert row["p_value"] == float(careful.p_value)
    assert row["warnings"] == ["small counts: corrected for continuity"]
    # the score test alone would have called it; the intervals agree with the p that decides
    assert float(stats.score_test(0, 60, 4, 60).p_value) < 0.05
    assert (row["difference_low"], row["lift_low"]) == (careful.difference.low, careful.lift.low)
    assert row["difference_low"] <= 0 >= row["lift_low"]
    assert row["significant"] is False
    # 10 * 60 / 120 = 5 is no longer small, but for an arm of at most 50
    assert one(evaluate(experiments({}), counts(2, 60, 8, 60))[0])["method"] == "score test"
    assert one(evaluate(experiments({}), counts(20, 50, 28, 60))[0])["method"] == row["method"]


@given(
    n0=st.integers(50, 3000),
    n1=st.integers(50, 3000),
    p0=st.floats(0.01, 0.99),
    p1=st.floats(0.01, 0.99),
    alpha=st.floats(0.001, 0.3),
)
@settings(max_examples=40, deadline=None)
def test_p_and_intervals_never_contradict(n0, n1, p0, p1, alpha) -> None:
    row = one(
        evaluate(
            experiments({}), counts(round(p0 * n0), n0, round(p1 * n1), n1), Terms(alpha=alpha)
        )[0]
    )
    assume(row["method"] == "score test" and row["lift"] is not None)
    for p, kind in (("p_value", ""), ("always_valid_p", "always_valid_")):
        for effect in ("difference", "lift"):
            low, high = row[f"{kind}{effect}_low"], row[f"{kind}{effect}_high"]
            assert (row[p] < alpha) == (low > 0 or high < 0)


def reasons() -> dict[str, tuple[dict, list[tuple]]]:
    ratio = {"metric": "return_on_ad_spend"}
    return {
        "unknown metric": ({"metric": "happiness"}, counts(5, 90, 6, 90)),
        "both arms without data": ({}, []),
        "not started": ({"status": "planned"}, []),
        "control arm without data": ({}, [day("B", impressions=9, clicks=1)]),
        "variant arm without data": ({}, [day("A", impressions=9, clicks=1)]),
        "variant arm has no impressions": ({}, [day("A", impressions=9), day("B")]),
        "control arm has no clicks": (
            {"metric": "click_to_conversion_rate"},
            [day("A", impressions=9), day("B", impressions=9, clicks=3)],
        ),
        "variant arm has more conversions than clicks": (
            {"metric": "click_to_conversion_rate"},
            [day("A", clicks=9, conversions=3), day("B", clicks=3, conversions=4)],
        ),
        "zero variance: every trial ended alike": ({}, counts(0, 90, 0, 80)),
        "zero control: no relative lift": ({}, counts(0, 900, 30, 800)),
        "fewer than two days in an arm": (
            ratio,
            [day("A", cost=5.0, revenue=6.0), day("B", cost=5.0, revenue=7.0)],
        ),
        "zero variance: the gap between the arms is the same every day": (
            ratio,
            [day(a, i, cost=5.0, revenue=r) for a, r in (("A", 10.0), ("B", 15.0)) for i in (0, 1)],
        ),
        "negative control: no relative lift": (
            ratio,
            [
                day(a, i, cost=5.0, revenue=r + i)
                for a, r in (("A", -9.0), ("B", 9.0))
                for i in ((0, 1) if a == "A" else (0, 2))
            ],
        ),
        "control not distinguishable from 0: the lift is unbounded": (
            ratio,
            [day("A", i, cost=5.0, revenue=r) for i, r in enumerate((-20.0, 22.0, 1.0))]
            + [day("B", i, cost=5.0, revenue=9.0 + i) for i in (0, 1)],
        ),
    }


@pytest.mark.parametrize("reason", list(reasons()))
def test_the_undefined_is_null_with_a_reason(reason) -> None:
    change, rows = reasons()[reason]
    evaluations, _, _ = evaluate(experiments(change), rows)
    row = one(evaluations)
    assert row["undefined_reason"] == reason
    assert None in (row["p_value"], row["lift_high"])
    numbers = evaluations.select(pl.col(pl.Float64)).unpivot()["value"].drop_nulls()
    assert numbers.is_finite().all()


def test_zero_control_keeps_what_is_defined() -> None:
    row = one(evaluate(experiments({}), counts(0, 900, 30, 800))[0])
    assert row["difference"] == 30 / 800
    assert row["p_value"] < 1e-6
    assert row["lift"] is row["lift_high"] is row["improvement"] is None
    assert row["planning_reason"] == "zero control: no relative lift"


def test_planning_by_power_prop_test() -> None:
    # R: power.prop.test(p1 = .50, p2 = .75, power = .90) gives n = 76.7: 77 in each arm
    terms = Terms(lift_threshold=0.5, rules=ExperimentRules(power=0.9, first_look_days=2))
    row = one(evaluate(experiments({}), counts(20, 40, 22, 40), terms)[0])
    assert (row["sample_needed_per_arm"], row["sample_still_needed"]) == (77, 37)
    assert row["days_left"] == 2  # 36.7 more at 20 a day
    assert row["planned_sample_reached"] is False
    # power.prop.test(n = 50, p1 = .50, p2 = .75) gives power 0.7401659
    row = one(evaluate(experiments({}), counts(25, 50, 24, 50), terms)[0])
    assert row["power"] == pytest.approx(0.7401659, abs=5e-8)


def test_power_is_of_the_threshold_not_of_the_observed_effect() -> None:
    first, second = (
        one(evaluate(experiments({}), counts(500, 9000, x, 9000))[0]) for x in (400, 900)
    )
    assert first["power"] == second["power"] is not None
    assert first["sample_needed_per_arm"] == second["sample_needed_per_arm"]


def test_an_uneven_split_plans_the_smaller_arm() -> None:
    row = one(evaluate(experiments({}), counts(600, 10_000, 120, 2_000))[0])
    control = float(stats.proportion_sample_size(0.06, 0.066, allocation=0.2))
    assert row["sample_needed_per_arm"] == np.ceil(control / 5)
    assert row["sample_still_needed"] == np.ceil(control / 5 - 2_000)


def test_nothing_to_plan_says_why() -> None:
    zero = one(evaluate(experiments({}), counts(48, 80, 56, 70), Terms(lift_threshold=0.0))[0])
    assert (zero["sample_needed_per_arm"], zero["power"]) == (None, None)
    assert zero["planning_reason"] == "the lift threshold is 0: nothing to plan for"
    high = one(evaluate(experiments({}), counts(76, 80, 60, 70))[0])
    assert high["planning_reason"] == "the rate to be reached is outside 0 to 1"
    done = one(evaluate(experiments({"status": "completed"}), counts(48, 80, 56, 70))[0])
    assert done["days_left"] is None


def test_a_rate_that_should_fall_is_planned_downwards() -> None:
    bounce = Metric(
        numerator="clicks", denominator="impressions", kind="proportion", direction="down"
    )
    terms = Terms(metrics={"bounce": bounce})
    row = one(evaluate(experiments({"metric": "bounce"}), counts(500, 1000, 400, 1000), terms)[0])
    assert row["improvement"] == pytest.approx(0.2)
    assert row["probability_to_beat_control"] > 0.99
    assert row["expected_loss_scale"] < row["expected_loss_keep"]
    # a fall from 0.5 mirrors a rise from 0.5, one from 0.2 a rise from 0.8
    low = one(evaluate(experiments({"metric": "bounce"}), counts(200, 1000, 190, 1000), terms)[0])
    mirrored = float(stats.detectable_rate(0.8, 1000, 1000)) - 0.8
    assert low["minimum_detectable_effect"] == pytest.approx(mirrored / 0.2)
    up = one(evaluate(experiments({}), counts(500, 1000, 400, 1000))[0])
    assert row["minimum_detectable_effect"] == pytest.approx(up["minimum_detectable_effect"])
    assert row["power"] == pytest.approx(up["power"])
    assert row["recommendation"] == "scale_variant"
    assert up["recommendation"] == "stop"


def test_days_are_spanned_over_both_arms() -> None:
    rows = [
        day("A", 0, impressions=100, clicks=50),
        day("A", 4, impressions=100, clicks=50),
        day("B", 2, impressions=100, clicks=50),
    ]
    row = one(evaluate(experiments({}), rows)[0])
    assert (row["first_day"], row["last_day"]) == (MONDAY, MONDAY + timedelta(days=4))
    assert (row["control_days"], row["variant_days"]) == (2, 1)
    needed = float(stats.proportion_sample_size(0.5, 0.55, allocation=0.5)) / 2
    assert row["days_left"] == np.ceil((needed - 100) / (100 / 5))
