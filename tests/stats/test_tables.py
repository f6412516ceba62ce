"""Tables of counts against R's documented examples and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from mktorch.stats import barnard_exact, boschloo_exact, chi_square, fisher_exact, score_test
from mktorch.stats.tables import MOST_OUTCOMES, MOST_TRIALS
from tests.stats.tables import random_tables

SMOKERS, PATIENTS = [83, 90, 129, 70], [86, 93, 136, 82]


def test_r_prop_test_smokers() -> None:
    # R, ?prop.test: X-squared = 12.6, df = 3, p-value = 0.005585 (Fleiss 1981, p. 139).
    statistic, p = chi_square(SMOKERS, PATIENTS)
    assert float(statistic) == pytest.approx(12.6, abs=0.005)
    assert float(p) == pytest.approx(0.005585, abs=5e-7)


def test_r_prop_test_with_continuity_correction() -> None:
    # R, prop.test(c(490, 400), c(500, 500)): X-squared = 80.909 with Yates, as printed by
    # Emory's course notes. By hand: (90 / 2 - 1/2)**2 * 4 terms = 80.909.
    statistic, _ = chi_square([490, 400], [500, 500], yates=True)
    assert float(statistic) == pytest.approx(80.909, abs=5e-4)


def test_r_fisher_test_examples() -> None:
    # R, ?fisher.test: TeaTasting two-sided p = 0.4857; Convictions p = 0.0005367.
    assert float(fisher_exact(1, 4, 3, 4)) == pytest.approx(0.4857, abs=5e-5)
    assert float(fisher_exact(15, 18, 2, 12)) == pytest.approx(0.0005367, abs=5e-8)
    # By hand: tables with margins 4, 4 have probabilities 1, 16, 36, 16, 1 of 70.
    assert float(fisher_exact(1, 4, 3, 4)) == pytest.approx(34 / 70, rel=1e-14)


def test_chi_square_of_two_arms_is_the_squared_score() -> None:
    x0, n0, x1, n1 = random_tables(5_000, seed=21)
    both = chi_square(np.stack([x0, x1], axis=1), np.stack([n0, n1], axis=1))
    z, p = score_test(x0, n0, x1, n1)
    assert np.allclose(both.statistic, z * z, rtol=1e-7, atol=1e-9, equal_nan=True)
    assert np.allclose(both.p_value, p, rtol=1e-6, atol=1e-12, equal_nan=True)


@pytest.mark.parametrize("yates", [False, True])
def test_chi_square_agrees_with_scipy(yates: bool) -> None:
    rng = np.random.default_rng(22)
    for arms in (2, 3, 5):
        n = rng.integers(5, 500, (300, arms)).astype(np.float64)
        x = rng.binomial(n.astype(np.int64), rng.uniform(0.2, 0.8, (300, 1))).astype(np.float64)
        ours = chi_square(x, n, yates=yates)
        expected = np.array(
            [
                scipy_stats.chi2_contingency([a, b - a], correction=yates)[:2]
                for a, b in zip(x, n, strict=True)
            ]
        )
        assert np.allclose(ours.statistic, expected[:, 0], rtol=1e-9, atol=1e-12)
        assert np.allclose(ours.p_value, expected[:, 1], rtol=1e-9)


def test_absent_arms_do_not_count() -> None:
    three = chi_square([83, 90, 129], [86, 93, 136])
    padded = chi_square([83, 90, 129, np.nan], [86, 93, 136, np.nan])
    assert three == padded
    assert np.isnan(chi_square([83, np.nan], [86, np.nan]).p_value)
    assert np.isnan(chi_square([83, 90, np.nan], [86, 93, 100]).p_value)
    assert np.isnan(chi_square([0, 0], [10, 20]).p_value)


def test_fisher_agrees_with_scipy_on_random_tables() -> None:
    x0, n0, x1, n1 = random_tables(2_000, seed=23, largest=300)
    expected = [
        scipy_stats.fisher_exact([[b, d - b], [a, c - a]]).pvalue
        for a, c, b, d in zip(x0, n0, x1, n1, strict=True)
    ]
    assert np.allclose(fisher_exact(x0, n0, x1, n1), expected, rtol=1e-8)


def test_fisher_at_large_arms_and_small_counts() -> None:
    # 0 of N against 3 of N: 2 * C(N, 3) / C(2N, 3), which tends to 1/4; exact at N = 1e9:
    # 2 N (N - 1) (N - 2) / (2N (2N - 1) (2N - 2)) = (N - 2) / (4N - 2).
    n = 10**9
    assert float(fisher_exact(0, n, 3, n)) == pytest.approx((n - 2) / (4 * n - 2), rel=1e-12)


def test_fisher_limits() -> None:
    assert float(fisher_exact(0, 10, 0, 10)) == 1.0
    assert np.isnan(fisher_exact(MOST_OUTCOMES, 1e7, MOST_OUTCOMES, 1e7))
    assert np.isnan(fisher_exact([11, np.nan], 10, 1, 10)).all()
    assert fisher_exact(np.full((2, 3), 1.0), 4, 3, 4).shape == (2, 3)


SMALL_TABLES = [
    (7, 15, 12, 15),  # vaccine example of scipy's documentation, [[7, 12], [8, 3]]
    (3, 4, 1, 4),
    (1, 9, 8, 10),
    (0, 12, 4, 9),
    (5, 5, 1, 8),
    (2, 30, 9, 25),
]


@pytest.mark.parametrize("table", SMALL_TABLES)
def test_barnard_is_the_greatest_tail_over_a_fine_grid(table: tuple[int, ...]) -> None:
    _, n0, _, n1 = table
    first, second = np.meshgrid(np.arange(n0 + 1.0), np.arange(n1 + 1.0), indexing="ij")
    z = np.abs(score_test(first, n0, second, n1).statistic)
    extreme = z >= abs(float(score_test(*table).statistic)) - 1e-9
    rate = np.linspace(0, 1, 20_001)[:, None]
    left = scipy_stats.binom.pmf(np.arange(n0 + 1), n0, rate)
    right = scipy_stats.binom.pmf(np.arange(n1 + 1), n1, rate)
    tail = np.einsum("gi,ij,gj->g", left, extreme, right)
    assert float(barnard_exact(*table)) == pytest.approx(tail.max(), rel=1e-6)


@pytest.mark.parametrize("table", SMALL_TABLES)
def test_barnard_agrees_with_scipy(table: tuple[int, ...]) -> None:
    x0, n0, x1, n1 = table
    expected = scipy_stats.barnard_exact([[x0, x1], [n0 - x0, n1 - x1]], n=512).pvalue
    # scipy samples the common rate and may stop a little short of the maximum.
    ours = float(barnard_exact(*table))
    assert expected * (1 - 1e-9) <= ours <= expected * 1.002


def test_barnard_in_one_batch_is_barnard_one_by_one() -> None:
    x0, n0, x1, n1 = random_tables(200, seed=24, largest=40)
    together = barnard_exact(x0, n0, x1, n1)
    apart = [float(barnard_exact(*row)) for row in zip(x0, n0, x1, n1, strict=True)]
    assert np.allclose(together, apart, rtol=1e-9, equal_nan=True)
    undefined = (x0 + x1 == 0) | (x0 + x1 == n0 + n1)
    assert (np.isnan(together) == undefined).all()
    assert np.isnan(barnard_exact(1, MOST_TRIALS + 1, 3, 10))


def test_barnard_is_at_most_as_large_as_needed_and_at_least_the_nominal_size() -> None:
    # An exact test never rejects more often than its level: at rate 0.3 and arms of 12 and 9
    # the chance of p < 0.05, summed over every table, is below 0.05.
    x0, x1 = (grid.ravel() for grid in np.meshgrid(np.arange(13.0), np.arange(10.0)))
    p = barnard_exact(x0, 12, x1, 9)
    for rate in (0.1, 0.3, 0.5):
        chance = scipy_stats.binom.pmf(x0, 12, rate) * scipy_stats.binom.pmf(x1, 9, rate)
        assert 0 < chance[p < 0.05].sum() < 0.05


@pytest.mark.parametrize("alternative", ["two_sided", "greater", "less"])
def test_one_sided_fisher_and_boschloo_agree_with_scipy(alternative: str) -> None:
    word = alternative.replace("_", "-")
    for x0, n0, x1, n1 in SMALL_TABLES:
        table = [[x1, x0], [n1 - x1, n0 - x0]]
        fisher = scipy_stats.fisher_exact(table, alternative=word).pvalue
        assert float(fisher_exact(x0, n0, x1, n1, alternative=alternative)) == pytest.approx(fisher)
        expected = scipy_stats.boschloo_exact(table, alternative=word, n=512).pvalue
        ours = float(boschloo_exact(x0, n0, x1, n1, alternative=alternative))
        # scipy samples the common rate and may stop a little short of the maximum.
        assert expected * (1 - 1e-9) <= ours <= expected * 1.002
        assert ours <= fisher * (2 if alternative == "two_sided" else 1) + 1e-9


def test_boschloo_of_scipys_documentation() -> None:
    # Employees who quit: 74 of 117 against 31 of 63, p of "greater" 0.0355 with 100 points.
    assert float(boschloo_exact(31, 63, 74, 117, alternative="greater")) == pytest.approx(
        0.0355, abs=2e-4
    )


def test_boschloo_in_one_batch_holds_its_level() -> None:
    x0, x1 = (grid.ravel() for grid in np.meshgrid(np.arange(13.0), np.arange(10.0)))
    p = boschloo_exact(x0, 12, x1, 9, alternative="greater")
    assert float(p[17]) == pytest.approx(
        float(boschloo_exact(x0[17], 12, x1[17], 9, alternative="greater"))
    )
    for rate in (0.1, 0.3, 0.5):
        chance = scipy_stats.binom.pmf(x0, 12, rate) * scipy_stats.binom.pmf(x1, 9, rate)
        assert 0 < chance[p < 0.05].sum() < 0.05
    assert np.isnan(boschloo_exact(1, MOST_TRIALS + 1, 3, 10))
    with pytest.raises(
        ValueError, match="unknown alternative 'more': use two_sided, greater, less"
    ):
        boschloo_exact(1, 4, 3, 4, alternative="more")
