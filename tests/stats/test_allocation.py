"""The allocation check, by hand and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from mktorch.stats import SRM_ALPHA, allocation_test


def test_published_example() -> None:
    # Fabijan et al. (2019), KDD: 821,588 users against 815,482 on a 50/50 split, p = 1.8e-6.
    _, p = allocation_test([821_588, 815_482], [0.5, 0.5])
    assert float(p) == pytest.approx(1.8e-6, abs=0.05e-6)
    assert float(p) < SRM_ALPHA


def test_by_hand() -> None:
    # 9,000 over 2:1 expects 6,000 and 3,000: 100**2 / 6000 + 100**2 / 3000 = 5.
    statistic, p = allocation_test([6100, 2900], [2, 1])
    assert float(statistic) == pytest.approx(5.0)
    assert float(p) == pytest.approx(scipy_stats.chi2.sf(5, 1), rel=1e-12)


def test_a_split_declared_unequal_raises_no_alarm() -> None:
    assert float(allocation_test([9000, 1000], [0.9, 0.1]).p_value) == pytest.approx(1.0)


def test_agrees_with_scipy() -> None:
    rng = np.random.default_rng(81)
    shares = rng.dirichlet([5.0] * 4, 500)
    trials = np.array([rng.multinomial(10_000, share) for share in shares])
    ours = allocation_test(trials, shares)
    expected = scipy_stats.chisquare(trials, 10_000 * shares, axis=1)
    assert np.allclose(ours.statistic, expected.statistic, rtol=1e-9)
    assert np.allclose(ours.p_value, expected.pvalue, rtol=1e-9)


def test_absent_arms_and_undeclared_shares() -> None:
    nan = np.nan
    assert allocation_test([60, 40, nan], [0.5, 0.5, nan]) == allocation_test([60, 40], [1, 1])
    for trials, shares in (
        ([60, 40], [nan, nan]),
        ([60, 40], [1, nan]),
        ([60, nan], [1, 1]),
        ([60, 40], [1, 0]),
        ([0, 0], [1, 1]),
        ([60, nan], [1, nan]),
    ):
        assert np.isnan(allocation_test(trials, shares).p_value)
