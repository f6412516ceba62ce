"""Means and ratios of sums against R, scipy and the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from mktorch.stats import (
    Estimate,
    Relative,
    Sums,
    cuped_estimates,
    log_ratio_test,
    mean_estimate,
    mean_interval,
    ratio_estimate,
    relative_difference,
    relative_interval,
    welch_interval,
    welch_test,
)
from mktorch.stats.means import satterthwaite, standard_error

# Student's sleep data, as in R's datasets (Cushny and Peebles 1905).
SLEEP = (
    np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]),
    np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]),
)


def estimate(values: np.ndarray) -> Estimate:
    return mean_estimate(values.shape[-1], values.sum(axis=-1), (values**2).sum(axis=-1))


def sums(x: np.ndarray, y: np.ndarray) -> Sums:
    return Sums(len(x), x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), (x * y).sum())


def test_r_t_test_sleep() -> None:
    # R, ?t.test, t.test(extra ~ group, data = sleep): t = -1.8608, df = 17.776,
    # p-value = 0.07939, interval -3.3654832 to 0.2054832 for group 1 minus group 2.
    first, second = (estimate(group) for group in SLEEP)
    t, p = welch_test(first, second)
    assert float(t) == pytest.approx(1.8608, abs=5e-5)
    assert float(satterthwaite(first, second)) == pytest.approx(17.776, abs=5e-4)
    assert float(p) == pytest.approx(0.07939, abs=5e-6)
    assert tuple(welch_interval(first, second)) == pytest.approx((-0.2054832, 3.3654832), abs=5e-8)


def test_welch_agrees_with_scipy_on_10_000_samples() -> None:
    rng = np.random.default_rng(31)
    a = rng.gamma(2.0, 3.0, (10_000, 12))
    b = rng.gamma(2.0, 3.3, (10_000, 25))
    t, p = welch_test(estimate(a), estimate(b))
    expected = scipy_stats.ttest_ind(b, a, axis=1, equal_var=False)
    assert np.allclose(t, expected.statistic, rtol=1e-9, atol=1e-12)
    assert np.allclose(p, expected.pvalue, rtol=1e-9)
    low, high = welch_interval(estimate(a), estimate(b), alpha=0.1)
    reference = expected.confidence_interval(0.9)
    assert np.allclose(low, reference.low, rtol=1e-9, atol=1e-11)
    assert np.allclose(high, reference.high, rtol=1e-9, atol=1e-11)


def test_ratio_of_sums_by_its_residuals() -> None:
    rng = np.random.default_rng(32)
    x, y = rng.uniform(50, 150, 30), rng.uniform(1, 9, 30)
    ours = ratio_estimate(sums(x, y))
    ratio = y.sum() / x.sum()
    residual = y - ratio * x
    expected = 30 / 29 * (residual**2).sum() / x.sum() ** 2
    assert float(ours.value) == pytest.approx(ratio, rel=1e-14)
    assert float(ours.variance) == pytest.approx(expected, rel=1e-10)
    # With x all 1 it is the mean and its squared standard error.
    plain, ones = mean_estimate(30, y.sum(), (y * y).sum()), ratio_estimate(sums(np.ones(30), y))
    assert float(ones.value) == pytest.approx(float(plain.value), rel=1e-14)
    assert float(ones.variance) == pytest.approx(float(plain.variance), rel=1e-9)


def test_ratio_variance_covers_in_simulation() -> None:
    # 4,000 samples of 60 snapshots with a known ratio of 0.05: the 95 % interval covers it
    # about 95 % of the time.
    rng = np.random.default_rng(33)
    x = rng.gamma(4.0, 25.0, (4_000, 60))
    y = rng.poisson(0.05 * x).astype(np.float64)
    columns = (x.sum(1), y.sum(1), (x * x).sum(1), (y * y).sum(1), (x * y).sum(1))
    ours = ratio_estimate(Sums(60, *columns))
    reach = scipy_stats.t.ppf(0.975, 59) * np.sqrt(ours.variance)
    assert 0.935 < float((np.abs(ours.value - 0.05) < reach).mean()) < 0.965


def test_cuped_removes_what_the_covariate_explains() -> None:
    rng = np.random.default_rng(34)
    before = rng.normal(100, 20, (2, 400))
    after = 0.8 * before + rng.normal(0, 5, (2, 400)) + np.array([[0.0], [2.0]])
    arms = [sums(x, y) for x, y in zip(before, after, strict=True)]
    control, variant = cuped_estimates(*arms)
    # By hand: the pooled slope, then plain means and variances of the adjusted values.
    centred_x = before - before.mean(axis=1, keepdims=True)
    centred_y = after - after.mean(axis=1, keepdims=True)
    theta = (centred_x * centred_y).sum() / (centred_x**2).sum()
    adjusted = after - theta * (before - before.mean())
    for ours, values in zip((control, variant), adjusted, strict=True):
        assert float(ours.value) == pytest.approx(values.mean(), rel=1e-12)
        assert float(ours.variance) == pytest.approx(values.var(ddof=1) / 400, rel=1e-9)
    plain = estimate(after)
    assert float(standard_error(control, variant)) < 0.4 * float(plain.variance.sum() ** 0.5)


def test_cuped_without_a_varying_covariate_is_the_plain_mean() -> None:
    y = np.array([1.0, 4.0, 2.0])
    constant = sums(np.full(3, 7.0), y)
    control, _ = cuped_estimates(constant, constant)
    assert float(control.value) == pytest.approx(7 / 3)
    assert float(control.variance) == pytest.approx(y.var(ddof=1) / 3)


def test_relative_intervals_by_hand() -> None:
    # Control 10 with variance 0.04, variant 12 with 0.09, many degrees of freedom: z = 1.96.
    control = Estimate(np.array(10.0), np.array(0.04), np.array(1e9))
    variant = Estimate(np.array(12.0), np.array(0.09), np.array(1e9))
    z = 1.959963984540054
    relative = np.sqrt(0.09 / 144 + 0.04 / 100)
    expected = {
        Relative.LOG: (1.2 * np.exp(-z * relative) - 1, 1.2 * np.exp(z * relative) - 1),
    }
    for method, ends in expected.items():
        ours = relative_interval(control, variant, method=method)
        assert tuple(ours) == pytest.approx(ends, rel=1e-6)
    # Fieller: (12 - r 10)**2 = z**2 (0.09 + r**2 0.04) at both ends.
    for end in relative_interval(control, variant):
        r = float(end) + 1
        assert (12 - 10 * r) ** 2 == pytest.approx(z * z * (0.09 + r * r * 0.04), rel=1e-6)
    assert float(relative_difference(control, variant)) == pytest.approx(0.2)


def test_fieller_and_welch_never_contradict() -> None:
    rng = np.random.default_rng(35)
    a, b = rng.gamma(3.0, 2.0, (20_000, 8)), rng.gamma(3.0, 2.4, (20_000, 8))
    control, variant = estimate(a), estimate(b)
    p = welch_test(control, variant).p_value
    for alpha in (0.05, 0.3, p):
        gap = welch_interval(control, variant, alpha=alpha)
        gain = relative_interval(control, variant, alpha=alpha)
        assert (((gap.low > 0) | (gap.high < 0)) == (p < alpha)).all()
        assert (((gain.low > 0) | (gain.high < 0)) == (p < alpha)).all()


def generated_arms(count: int, seed: int) -> tuple[Estimate, Estimate]:
    """Arms of 2 to 12 units and of any spread: many controls are not distinguishable from 0."""
    rng = np.random.default_rng(seed)

    def arm() -> Estimate:
        value, spread = rng.normal(1, 1, count), rng.lognormal(-1, 1.5, count)
        return Estimate(value, spread**2, rng.integers(1, 12, count).astype(np.float64))

    return arm(), arm()


@pytest.mark.parametrize("alternative", ["two_sided", "greater", "less"])
@pytest.mark.parametrize("method", list(Relative))
def test_no_method_contradicts_its_p_on_100_000_experiments(method: str, alternative: str) -> None:
    control, variant = generated_arms(100_000, seed=36)
    test = {Relative.FIELLER: welch_test, Relative.LOG: log_ratio_test}[Relative(method)]
    p = test(control, variant, alternative=alternative).p_value
    for alpha in (0.05, 0.2):
        asked = {"alpha": alpha, "alternative": alternative}
        gain = relative_interval(control, variant, method=method, **asked)
        defined = control.value > 0
        if method == Relative.LOG:
            defined &= variant.value > 0
        assert np.isnan(gain.low[~defined]).all()
        assert not np.isnan(gain.low[defined]).any()
        assert (((gain.low > 0) | (gain.high < 0)) == (p < alpha))[defined].all()
        if method == Relative.FIELLER:
            gap = welch_interval(control, variant, **asked)
            assert (((gap.low > 0) | (gap.high < 0)) == (p < alpha)).all()


def test_fieller_beyond_a_control_that_may_be_zero() -> None:
    # Control 1 with variance 1, variant 40 with variance 1, z = 1.96: r**2 (1 - 3.8415) - 80 r +
    # 1600 - 3.8415 = 0 has the roots -41.64 and 13.49, and ratios between them are excluded.
    control, variant = (Estimate(np.array(v), np.array(1.0), np.array(1e9)) for v in (1.0, 40.0))
    low, high = relative_interval(control, variant)
    a, b, c = 1 - 3.841458821, -80.0, 1600 - 3.841458821
    root = (-b - np.sqrt(b * b - 4 * a * c)) / (2 * a)
    assert float(low) + 1 == pytest.approx(root, rel=1e-6)
    assert root == pytest.approx(13.49, abs=5e-3)
    assert float(high) == np.inf
    # Without a significant difference anything goes.
    assert tuple(relative_interval(control, control)) == (-np.inf, np.inf)


def test_log_interval_has_the_degrees_of_freedom_of_its_own_variances() -> None:
    # Five units an arm, values 2 and 10 with variances 0.16 and 1: squared coefficients of
    # variation 0.04 and 0.01, so df = 0.05**2 / (0.04**2 / 4 + 0.01**2 / 4) = 5.882, t = 2.4591.
    # The difference's own df would be 1.16**2 / ((0.16**2 + 1) / 4) = 5.248, t = 2.5337: 3 % wider.
    control, variant = (
        Estimate(np.array(value), np.array(variance), np.array(4.0))
        for value, variance in ((2.0, 0.16), (10.0, 1.0))
    )
    low, high = relative_interval(control, variant, method="log")
    reach = scipy_stats.t.ppf(0.975, 100 / 17) * np.sqrt(0.05)
    assert float(low) + 1 == pytest.approx(5 * np.exp(-reach), rel=1e-12)
    assert float(high) + 1 == pytest.approx(5 * np.exp(reach), rel=1e-12)


def test_one_sided_welch_and_one_arm_agree_with_scipy() -> None:
    first, second = (estimate(group) for group in SLEEP)
    expected = scipy_stats.ttest_ind(SLEEP[1], SLEEP[0], equal_var=False, alternative="greater")
    assert float(welch_test(first, second, alternative="greater").p_value) == pytest.approx(
        expected.pvalue, rel=1e-12
    )
    interval = welch_interval(first, second, alternative="greater")
    assert tuple(interval) == pytest.approx(tuple(expected.confidence_interval()), rel=1e-12)
    # R, t.test(extra ~ 1, subset group 2): 0.8976 to 3.7624.
    alone = scipy_stats.ttest_1samp(SLEEP[1], 0).confidence_interval()
    assert tuple(mean_interval(second)) == pytest.approx(tuple(alone), rel=1e-12)


def test_undefined_means() -> None:
    constant = mean_estimate(5, 10.0, 20.0)
    assert np.isnan(mean_estimate(1, 3.0, 9.0).variance)
    assert float(constant.variance) == 0.0
    assert np.isnan(welch_test(constant, constant).p_value)
    assert np.isnan(welch_interval(constant, constant).low)
    assert np.isnan(ratio_estimate(Sums(3, 0.0, 1.0, 0.0, 1.0, 0.0)).value)
    negative = Estimate(np.array(-1.0), np.array(0.1), np.array(9.0))
    assert np.isnan(relative_difference(negative, constant))
    for method in Relative:
        assert np.isnan(relative_interval(negative, constant, method=method).low)
    with pytest.raises(ValueError, match="unknown method 'wald': use one of log, fieller"):
        relative_interval(negative, constant, method="wald")


def test_rounding_noise_is_not_variance() -> None:
    # 0.1 added a thousand times: the sums are inexact, the observations do not vary.
    values = np.full(1000, 0.1)
    assert float(estimate(values).variance) == 0.0
