"""Confidence sequences: the formula by hand, agreement of p and interval, and real peeking."""

from __future__ import annotations

import numpy as np
import pytest

from mktorch.stats import (
    TUNING_SAMPLE,
    always_valid_means,
    always_valid_p,
    always_valid_proportions,
    confidence_sequence,
    mean_estimate,
    score_test,
    sequential_critical,
    tuning,
)
from mktorch.stats.sequential import AlwaysValid
from tests.stats.tables import random_tables


def test_formula_by_hand() -> None:
    # rho**2 = (-2 ln 0.05 + ln(1 - 2 ln 0.05)) / 5000 = (5.991465 + 1.944690) / 5000.
    rho2 = (5.991464547107979 + 1.9446901) / 5000
    assert float(tuning(0.05)) ** 2 == pytest.approx(rho2, rel=1e-7)
    n, error = 20_000, 0.004
    scaled = n * rho2
    # Waudby-Smith et al.: sigma sqrt(2 (n rho^2 + 1) / (n^2 rho^2) ln(sqrt(n rho^2 + 1) / alpha)),
    # with sigma = error * sqrt(n).
    half = (
        error
        * np.sqrt(n)
        * np.sqrt(2 * (scaled + 1) / (n * scaled) * np.log(np.sqrt(scaled + 1) / 0.05))
    )
    ours = confidence_sequence(0.01, error, n)
    assert tuple(ours) == pytest.approx((0.01 - half, 0.01 + half), rel=1e-7)
    assert float(sequential_critical(n)) == pytest.approx(half / error, rel=1e-7)


def test_tightest_near_the_tuning_sample() -> None:
    # Width relative to a fixed interval is least where n is about N*.
    n = np.geomspace(100, 1e6, 400)
    best = n[np.argmin(sequential_critical(n))]
    assert 0.8 * TUNING_SAMPLE < best < 1.25 * TUNING_SAMPLE
    best = n[np.argmin(sequential_critical(n, tuning_sample=50_000))]
    assert 40_000 < best < 62_500


def excludes(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return (low > 0) | (high < 0)


def test_p_and_both_intervals_agree_on_100_000_tables() -> None:
    tables = random_tables(100_000, seed=41, largest=1e7)
    for alpha in (0.05, 0.3, 1e-6):
        result = always_valid_proportions(*tables, alpha=alpha)
        significant = result.p_value < alpha
        assert 0.005 < significant.mean() < 0.995
        assert (excludes(*result.difference) == significant).all()
        assert (excludes(*result.lift) == significant).all()


def test_generic_interval_agrees_with_its_p() -> None:
    rng = np.random.default_rng(42)
    z, n = rng.normal(0, 4, 50_000), rng.integers(2, 10**7, 50_000)
    p = always_valid_p(z, n)
    assert (excludes(*confidence_sequence(z * 0.01, 0.01, n)) == (p < 0.05)).all()


def test_p_of_z_at_the_critical_value_is_alpha() -> None:
    n = np.array([10.0, 1e3, 1e6, 1e12])
    for alpha in (0.5, 0.05, 1e-9):
        p = always_valid_p(sequential_critical(n, alpha=alpha), n, alpha=alpha)
        assert p == pytest.approx(np.full(4, alpha), rel=1e-9)


def test_always_wider_than_one_look() -> None:
    tables = random_tables(20_000, seed=43)
    p = score_test(*tables).p_value
    known = ~np.isnan(p)
    assert (always_valid_proportions(*tables).p_value[known] >= p[known]).all()


def test_means_agree_with_the_generic_form() -> None:
    rng = np.random.default_rng(44)
    a, b = rng.normal(10, 2, (2_000, 50)), rng.normal(10.8, 2, (2_000, 60))
    control, variant = (
        mean_estimate(v.shape[1], v.sum(axis=1), (v * v).sum(axis=1)) for v in (a, b)
    )
    result: AlwaysValid = always_valid_means(control, variant, tuning_sample=100)
    error = np.sqrt(a.var(axis=1, ddof=1) / 50 + b.var(axis=1, ddof=1) / 60)
    low, high = confidence_sequence(b.mean(1) - a.mean(1), error, 110, tuning_sample=100)
    assert np.allclose(result.difference.low, low, rtol=1e-7, atol=1e-9)
    assert np.allclose(result.difference.high, high, rtol=1e-7, atol=1e-9)
    assert (excludes(*result.difference) == (result.p_value < 0.05)).all()
    assert (excludes(*result.lift) == (result.p_value < 0.05)).all()


def test_twenty_looks_stay_below_alpha_where_the_fixed_test_does_not() -> None:
    # 3,000 A/A experiments of 10,000 trials an arm, looked at 20 times.
    rng = np.random.default_rng(45)
    n = 500.0 * np.arange(1, 21)
    x0, x1 = (rng.binomial(500, 0.1, (3_000, 20)).cumsum(axis=1) for _ in range(2))
    fixed = (score_test(x0, n, x1, n).p_value < 0.05).any(axis=1).mean()
    valid = (always_valid_proportions(x0, n, x1, n).p_value < 0.05).any(axis=1).mean()
    assert fixed > 0.15
    assert valid <= 0.05


def test_undefined_sequences() -> None:
    assert np.isnan(always_valid_p(np.nan, 100))
    assert np.isnan(always_valid_p(2.0, 0))
    assert np.isnan(confidence_sequence(0.1, 0.0, 100).low)
    assert np.isnan(tuning(1.0))
    assert np.isnan(tuning(0.05, tuning_sample=0))
    nothing = always_valid_proportions(0, 10, 0, 20)
    assert np.isnan(nothing.p_value)
    assert not excludes(*nothing.difference)
