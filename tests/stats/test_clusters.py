"""Clusters: variances against paired and Welch's t, what is judged near 1, and agreement."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from mktorch import stats
from mktorch.analysis.experiments.proportions import _intervals, _p_values, _small
from mktorch.config.experiment_rules import ExperimentRules

SEED = 4812
COUNT = 100_000


def flat(*series: list[float]) -> tuple[np.ndarray, ...]:
    return tuple(np.array(each, dtype=float) for each in series)


def test_paired_clusters_give_the_paired_t_of_linearized_days() -> None:
    x0, n0, x1, n1 = flat([4, 9, 6, 7], [50, 80, 60, 90], [8, 9, 9, 14], [55, 70, 65, 95])
    found = stats.cluster(np.zeros(4, dtype=np.intp), 1, (x0, n0, x1, n1))

    def linear(x: np.ndarray, n: np.ndarray) -> np.ndarray:
        ratio = x.sum() / n.sum()
        return ratio + (x - ratio * n) / n.mean()

    expected = scipy_stats.ttest_rel(linear(x1, n1), linear(x0, n0))
    gap = stats.spread(found, np.ones(1))
    assert float(stats.gap_test(gap).statistic[0]) == pytest.approx(expected.statistic)
    assert float(stats.gap_test(gap).p_value[0]) == pytest.approx(expected.pvalue)
    assert found.df.tolist() == [3.0]


def test_clusters_apart_give_welch() -> None:
    nan = float("nan")
    x0, n0 = flat([4, 9, 6, 7, nan, nan, nan], [50, 80, 60, 90, nan, nan, nan])
    x1, n1 = flat([nan] * 4 + [8, 9, 14], [nan] * 4 + [55, 70, 95])
    found = stats.cluster(np.zeros(7, dtype=np.intp), 1, (x0, n0, x1, n1))
    control = stats.ratio_estimate(
        stats.Sums(4, 280.0, 26.0, (n0[:4] ** 2).sum(), (x0[:4] ** 2).sum(), (x0 * n0)[:4].sum())
    )
    variant = stats.ratio_estimate(
        stats.Sums(3, 220.0, 31.0, (n1[4:] ** 2).sum(), (x1[4:] ** 2).sum(), (x1 * n1)[4:].sum())
    )
    test = stats.gap_test(stats.spread(found, np.ones(1)))
    assert float(test.p_value[0]) == pytest.approx(
        float(stats.welch_test(control, variant).p_value)
    )


def test_a_shock_that_both_arms_share_cancels() -> None:
    shock = np.array([0.5, 1.6, 0.7, 1.4, 0.9, 1.3, 0.6])
    n = np.full(7, 1000.0)
    found = stats.cluster(
        np.zeros(7, dtype=np.intp), 1, (50 * shock, n, 60 * shock + [1, -1, 0, 1, -1, 0, 0], n)
    )
    assert found.variance[0] < 0.1 * (found.variance0 + found.variance1)[0]


def test_an_arm_without_a_success_is_judged_by_the_other() -> None:
    n = np.full(28, 1000.0)
    even = np.tile([1.0, 1.0, 2.0, 0.0], 7)
    found = stats.cluster(np.zeros(28, dtype=np.intp), 1, (0 * n, n, even, n))
    judged = stats.dispersion(found, tuple(np.array([v]) for v in (0.0, 28e3, 28.0, 28e3)))
    assert (judged.doubt.tolist(), judged.inflation.tolist()) == ([0.0], [1.0])


def swinging(x0: np.ndarray, x1: np.ndarray) -> tuple[stats.Clusters, stats.Dispersion]:
    """Days of 1,000 trials an arm, judged."""
    n = np.full(x0.size, 1000.0)
    found = stats.cluster(np.zeros(x0.size, dtype=np.intp), 1, (x0, n, x1, n))
    sums = tuple(np.array([part.sum()]) for part in (x0, n, x1, n))
    return found, stats.dispersion(found, sums)


def test_a_swing_from_day_to_day_is_doubtful_though_neighbours_cancel_it() -> None:
    up = np.tile([112.0, 88.0], 14)
    found, judged = swinging(up, 200 - up)
    assert float(found.shape0[0]) < 0.1 * float(found.variance0[0])
    assert judged.doubt.tolist() == [1.0]
    # Half as far, the days vary less than trials would.
    calm = 100 + (up - 100) / 2
    assert swinging(calm, 200 - calm)[1].doubt.tolist() == [0.0]


def test_doubt_goes_over_by_degrees_in_variance_and_freedom() -> None:
    rng = np.random.default_rng(SEED)
    partly = 0
    for _ in range(50):
        found, judged = swinging(*(rng.binomial(1000, 0.1, 28).astype(float) for _ in range(2)))
        share = float(judged.doubt[0])
        wide = max(float(judged.gap[0]), 1.0) * float(stats.long_run(found.clusters, found.lag)[0])
        assert float(judged.inflation[0]) == pytest.approx(wide**share)
        assert float(judged.df[0]) == pytest.approx(27 / share if share else np.inf)
        partly += 0 < share < 1
    assert partly >= 5


def test_the_gap_between_arms_is_what_resembles_its_neighbour() -> None:
    # Both arms rise together: their sum is all trend, their gap alternates.
    trend, odd = np.arange(28.0), np.tile([1.0, -1.0], 14)
    found, _ = swinging(100 + trend + odd, 100 + trend - odd)
    assert float(found.lag[0]) < -0.9


def test_days_that_resemble_each_other_widen_and_few_days_do_more() -> None:
    days = np.array([7.0, 14.0, 28.0, 56.0])
    for lag in (-0.2, 0.0, 0.3):
        widened = stats.long_run(days, np.full(4, lag))
        assert (widened >= 1).all()
        assert (np.diff(widened) < 0).all()
    assert stats.long_run(np.full(3, 28.0), np.array([0.0, 0.2, 0.4])).tolist() == sorted(
        stats.long_run(np.full(3, 28.0), np.array([0.0, 0.2, 0.4])).tolist()
    )


def generated() -> tuple[tuple[np.ndarray, ...], np.ndarray, np.ndarray]:
    """Counts from none to a million, inflations and degrees of freedom as clusters give them."""
    rng = np.random.default_rng(SEED)
    n0, n1 = (np.floor(10 ** rng.uniform(1, 6, COUNT)) for _ in range(2))
    rate = 10 ** rng.uniform(-4, -0.1, COUNT)
    x0, x1 = (rng.binomial(n.astype(int), rate).astype(float) for n in (n0, n1))
    inflation = np.where(rng.random(COUNT) < 0.3, 1.0, 1 + rng.exponential(3, COUNT))
    df = np.where(inflation == 1, np.inf, rng.integers(1, 60, COUNT))
    return tuple(c / inflation for c in (x0, n0, x1, n1)), inflation, df


@pytest.mark.parametrize("alpha", [0.05, 0.3])
def test_p_and_intervals_of_clusters_never_contradict(alpha: float) -> None:
    counts, _, df = generated()
    small = _small(counts)
    _, p = _p_values(counts, df, small)
    critical = stats.as_student(stats.critical_z(alpha), df)
    difference, ratio = _intervals(counts, critical, p < alpha, small, ExperimentRules())
    known = ~np.isnan(p)
    assert known.sum() > 80_000
    excluded = (difference.low > 0) | (difference.high < 0)
    assert ((p < alpha) == excluded)[known].all()
    excluded = (ratio.low > 1) | (ratio.high < 1)
    assert ((p < alpha) == excluded)[known].all()
    always = stats.always_valid_proportions(*counts, alpha=alpha, df=df)
    for interval in (always.difference, always.lift):
        excluded = (interval.low > 0) | (interval.high < 0)
        assert ((always.p_value < alpha) == excluded)[known].all()


def test_p_and_intervals_of_ratios_never_contradict() -> None:
    rng = np.random.default_rng(SEED)
    values = rng.lognormal(0, 0.3, (2, COUNT))
    variances = rng.lognormal(-4, 1, (2, COUNT))
    shared = rng.uniform(-0.9, 0.9, COUNT) * np.sqrt(variances[0] * variances[1])
    gap = stats.Gap(*values, *variances, shared, rng.integers(1, 60, COUNT).astype(float))
    p = stats.gap_test(gap).p_value
    critical = stats.as_student(stats.critical_z(0.05), gap.df)
    for interval in stats.gap_intervals(gap, critical, p < 0.05):
        excluded = (interval.low > 0) | (interval.high < 0)
        assert ((p < 0.05) == excluded).all()
    always = stats.always_valid_gap(gap, 56)
    excluded = (always.difference.low > 0) | (always.difference.high < 0)
    assert ((always.p_value < 0.05) == excluded).all()


def test_no_effect_over_days_that_vary_is_judged_as_welch_judges_it() -> None:
    """500 A/A tests of 28 days whose rate varies by arm and day, five times as trials would."""
    rng = np.random.default_rng(SEED)
    shape, n, rate = (2, 500, 28), 1200.0, 0.05
    moved = rate * np.exp(0.29 * rng.standard_normal(shape) - 0.29**2 / 2)
    x = rng.binomial(int(n), moved).astype(float)
    trials = np.full(shape[1:], n)
    pair = np.repeat(np.arange(500), 28)
    found = stats.cluster(pair, 500, tuple(a.ravel() for a in (x[0], trials, x[1], trials)))
    sums = tuple(a.sum(axis=1) for a in (x[0], trials, x[1], trials))
    judged = stats.dispersion(found, sums)
    z = stats.score_test(*sums).statistic
    welch = scipy_stats.ttest_ind(x[1] / n, x[0] / n, axis=1, equal_var=False)
    # The same t but for pairing, which only chance correlates here, and for the margin for
    # neighbours: without both the statistics are one.
    bare = (found.value1 - found.value0) / np.sqrt(found.variance0 + found.variance1)
    assert bare == pytest.approx(welch.statistic, rel=1e-9)
    p = 2 * scipy_stats.t.sf(np.abs(z) / np.sqrt(judged.inflation), judged.df)
    assert (p < 0.05).mean() <= 0.06
    assert 0.03 <= (welch.pvalue < 0.05).mean() <= 0.07
    assert (stats.score_test(*sums).p_value < 0.05).mean() > 0.25


def test_the_sequence_concludes_nothing_from_a_handful() -> None:
    few = stats.always_valid_proportions(0, 100_000, 3, 1_000)
    assert (float(few.p_value), float(few.difference.low)) == (1.0, -1.0)
    assert float(few.lift.high) == np.inf
    assert float(stats.always_valid_proportions(500, 100_000, 40, 1_000).p_value) < 0.05
