"""Difference in differences over regions: definition, exact permutation, size and coverage."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from mktorch.stats import geo_test, log_changes
from mktorch.stats.geo import MOST_PLACEBOS


def test_the_gap_is_that_of_a_panel_with_region_and_day_effects() -> None:
    # Two-way fixed effects over a balanced panel of log counts: the coefficient of "tested and
    # after" is the difference in mean changes, here by least squares on all dummies.
    rng = np.random.default_rng(3)
    regions, days, start = 9, 12, 7
    y = (
        rng.normal(0, 0.2, (regions, days))
        + rng.normal(0, 1, (regions, 1))
        + rng.normal(0, 1, days)
    )
    tested, after = np.arange(regions) < 3, np.arange(days) >= start
    effect = np.outer(tested, after).astype(float)
    place, day = np.divmod(np.arange(y.size), days)
    columns = [effect.ravel(), *(place == i for i in range(regions))]
    columns += [day == i for i in range(1, days)]
    fitted, *_ = np.linalg.lstsq(np.array(columns, dtype=float).T, y.ravel(), rcond=None)
    changes = y[:, after].mean(axis=1) - y[:, ~after].mean(axis=1)
    found = geo_test(changes[tested], changes[~tested])
    assert found.gap == pytest.approx(fitted[0], rel=1e-9)


def test_p_is_the_share_of_assignments_and_the_interval_inverts_it() -> None:
    rng = np.random.default_rng(4)
    test, control = rng.normal(0.1, 0.05, 3), rng.normal(0, 0.05, 9)

    def p_value(taken_off: float) -> float:
        values = np.concatenate([test - taken_off, control])
        gaps = [
            values[list(chosen)].mean() - np.delete(values, chosen).mean()
            for chosen in combinations(range(12), 3)
        ]
        return float(np.mean(np.abs(gaps) >= abs(gaps[0]) - 1e-12))

    found = geo_test(test, control, alpha=0.1)
    assert found.by_placebos
    assert found.placebos == 220
    assert found.p_value == pytest.approx(p_value(0.0))
    # Just inside either end p is at least alpha, just outside it is below.
    for end, out in ((found.low, -1e-9), (found.high, 1e-9)):
        assert p_value(end - out) >= 0.1 > p_value(end + out)


@pytest.mark.parametrize(("tested", "others"), [(1, 25), (3, 15), (10, 40), (2, 3), (10, 10)])
def test_size_coverage_and_agreement(tested: int, others: int) -> None:
    rng = np.random.default_rng(5)
    rejected = 0
    for values in rng.normal(0, 0.05, (300, tested + others)):
        found = geo_test(values[:tested], values[tested:])
        assert (found.p_value < 0.05) == (not found.low <= 0 <= found.high)
        assert found.low <= found.gap <= found.high
        rejected += found.p_value < 0.05
        enough = tested + others > 6
        assert found.by_placebos == enough
        assert found.placebos <= MOST_PLACEBOS
    # 300 draws at 0.05: 28 or fewer, 99.9 % of the time.
    assert rejected <= scipy_stats.binom.ppf(0.999, 300, 0.05)


def test_what_cannot_be_judged_is_undefined() -> None:
    for test, control in (([], [0.1, 0.2]), ([0.1], [0.2]), ([0.1], [0.1, 0.1])):
        found = geo_test(np.array(test), np.array(control))
        assert np.isnan(found.gap)
        assert np.isnan(found.p_value)
    changes = log_changes(np.array([10.0, 0.0, 5.0]), np.array([30.0, 5.0, 0.0]), 5, 10)
    # 10 in 5 days is 2 a day, 30 in 10 days 3 a day: log 1.5.
    assert changes[0] == pytest.approx(np.log(1.5))
    assert np.isnan(changes[1:]).all()
