"""Two proportions against published tables, statsmodels, scipy and the definitions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats import proportion as sm

from mktorch.stats import (
    agresti_caffo,
    clopper_pearson,
    difference,
    katz,
    lift,
    newcombe,
    score_test,
    smallest_expected_count,
    wald,
    why_undefined,
    wilson,
)
from tests.stats.tables import NEWCOMBE_CASES, random_tables

TABLES = random_tables(10_000, seed=11)
X0, N0, X1, N1 = TABLES

# Newcombe (1998), Statistics in Medicine 17:873-890, Table II, method 10.
NEWCOMBE_SCORE = [
    (0.0524, 0.3339),
    (0.1705, 0.8090),
    (0.0582, 0.8062),
    (-0.0381, 0.1926),
    (-0.1611, 0.2775),
    (-0.2775, 0.2775),
    (0.6791, 1.0000),
    (0.6075, 1.0000),
]


def test_newcombe_1998_table_ii_method_10() -> None:
    low, high = newcombe(*NEWCOMBE_CASES)
    assert np.column_stack([low, high]) == pytest.approx(np.array(NEWCOMBE_SCORE), abs=5.1e-5)


def test_newcombe_1998_table_ii_method_1() -> None:
    # The first two rows and the seventh of the table's Wald column, unclipped.
    low, high = wald(*NEWCOMBE_CASES)
    rows = np.column_stack([low, high])[[0, 1, 6]]
    expected = np.array([(0.0575, 0.3425), (0.2605, 0.9395), (1.0, 1.0)])
    assert rows == pytest.approx(expected, abs=5.1e-5)


def test_fagerland_2015_example() -> None:
    # Fagerland, Lydersen and Laake (2015), Stat. Methods Med. Res. 24: 7/34 against 1/34.
    table = (1, 34, 7, 34)
    assert tuple(wald(*table)) == pytest.approx((0.029, 0.32), abs=0.005)
    assert tuple(agresti_caffo(*table)) == pytest.approx((0.012, 0.32), abs=0.005)
    assert tuple(newcombe(*table)) == pytest.approx((0.019, 0.34), abs=0.005)
    assert tuple(katz(*table)) == pytest.approx((0.91, 54), rel=0.01)


def test_r_propcis_wald2ci() -> None:
    # R package PropCIs, wald2ci(7, 34, 1, 34, 0.95): output recorded in statsmodels' tests.
    assert tuple(agresti_caffo(1, 34, 7, 34)) == pytest.approx((0.01161167, 0.32172166), abs=6e-9)
    assert tuple(wald(1, 34, 7, 34)) == pytest.approx((0.02916942, 0.32377176), abs=6e-9)


@pytest.mark.parametrize(
    ("ours", "theirs", "compare"),
    [(newcombe, "newcomb", "diff"), (wald, "wald", "diff"), (katz, "log", "ratio")],
)
def test_intervals_agree_with_statsmodels(ours, theirs, compare) -> None:  # type: ignore[no-untyped-def]
    chosen = (X0 > 0) & (X1 > 0) & (X0 < N0) & (X1 < N1)
    x0, n0, x1, n1 = (column[chosen] for column in TABLES)
    expected = sm.confint_proportions_2indep(x1, n1, x0, n0, method=theirs, compare=compare)
    assert np.allclose(ours(x0, n0, x1, n1), expected, rtol=1e-9, atol=1e-13)


def test_agresti_caffo_agrees_with_statsmodels() -> None:
    low, high = sm.confint_proportions_2indep(X1, N1, X0, N0, method="agresti-caffo")
    ours = agresti_caffo(*TABLES)
    assert np.allclose(ours.low, np.maximum(low, -1), rtol=1e-9, atol=1e-13)
    assert np.allclose(ours.high, np.minimum(high, 1), rtol=1e-9, atol=1e-13)


def test_score_test_agrees_with_scipy_on_10_000_tables() -> None:
    ours = score_test(*TABLES)
    defined = (X0 + X1 > 0) & (X0 + X1 < N0 + N1)
    assert (np.isnan(ours.p_value) == ~defined).all()
    tables = np.stack([X0, N0 - X0, X1, N1 - X1], axis=1).reshape(-1, 2, 2)[defined]
    expected = np.array(
        [scipy_stats.chi2_contingency(table, correction=False)[:2] for table in tables]
    )
    assert np.allclose(ours.statistic[defined] ** 2, expected[:, 0], rtol=1e-9, atol=1e-18)
    assert np.allclose(ours.p_value[defined], expected[:, 1], rtol=1e-9)


def test_score_test_agrees_with_statsmodels() -> None:
    for x0, n0, x1, n1 in zip(*(column[:500] for column in TABLES), strict=True):
        if 0 < x0 + x1 < n0 + n1:
            z, p = sm.proportions_ztest([x1, x0], [n1, n0])
            ours = score_test(x0, n0, x1, n1)
            assert tuple(ours) == pytest.approx((z, p), rel=1e-9, abs=1e-13)


def test_one_sample_intervals_agree_with_statsmodels() -> None:
    for ours, theirs in ((wilson, "wilson"), (clopper_pearson, "beta")):
        expected = sm.proportion_confint(X0, N0, alpha=0.01, method=theirs)
        assert np.allclose(ours(X0, N0, alpha=0.01), expected, rtol=1e-9, atol=1e-14)


def test_effects_by_exact_fractions_at_huge_counts() -> None:
    x0, n0, x1, n1 = 123_456_789_012, 10**12 - 1, 123_456_789_013, 10**12 - 3
    exact = Fraction(x1, n1) - Fraction(x0, n0)
    assert float(difference(x0, n0, x1, n1)) == pytest.approx(float(exact), rel=1e-14)
    assert float(lift(x0, n0, x1, n1)) == pytest.approx(float(exact / Fraction(x0, n0)), rel=1e-14)
    rate = Fraction(x0 + x1, n0 + n1)
    square = exact**2 / (rate * (1 - rate) * (Fraction(1, n0) + Fraction(1, n1)))
    assert float(score_test(x0, n0, x1, n1).statistic) == pytest.approx(
        float(square) ** 0.5, rel=1e-13
    )


def test_p_value_is_accurate_far_into_the_tail() -> None:
    # z = 37: 2 (1 - Phi(37)) = 1.1451142e-299, by the asymptotic series
    # 2 phi(z) / z * (1 - 1/z**2 + 3/z**4 - 15/z**6).
    n = 1e12
    x0 = n / 2
    x1 = x0 + 37 * np.sqrt(n / 2)
    z, p = score_test(x0, n, x1, n)
    density = -z * z / 2 - np.log(2 * np.pi) / 2
    series = 1 - 1 / z**2 + 3 / z**4 - 15 / z**6
    assert float(z) == pytest.approx(37, rel=1e-6)
    assert np.log(p) == pytest.approx(np.log(2) + density - np.log(z) + np.log(series), rel=1e-12)


def test_smallest_expected_count_by_hand() -> None:
    # 4 successes in 50: expected 4 * 40/50 and 4 * 10/50 = 0.8 in the smaller arm.
    assert float(smallest_expected_count(1, 40, 3, 10)) == pytest.approx(0.8)
    # Mirrored, it is failures that are rare.
    assert float(smallest_expected_count(39, 40, 7, 10)) == pytest.approx(0.8)


def test_invalid_counts_are_undefined_with_a_reason() -> None:
    x0 = np.array([-1.0, np.nan, 5.0, 11.0, 0.0, 10.0, 0.0, 5.0])
    n0 = np.array([10.0, 10.0, 0.0, 10.0, 10.0, 10.0, 10.0, 10.0])
    x1 = np.array([1.0, 1.0, 1.0, 1.0, 0.0, 10.0, 1.0, 5.0])
    reasons = why_undefined(x0, n0, x1, 10)
    assert reasons.tolist() == [
        "invalid_count",
        "invalid_count",
        "arm_without_data",
        "numerator_above_denominator",
        "zero_variance",
        "zero_variance",
        "zero_control",
        "",
    ]
    invalid = np.arange(8) < 4
    for interval in (newcombe, wald, agresti_caffo):
        assert (np.isnan(interval(x0, n0, x1, 10).low) == invalid).all()
    assert (np.isnan(score_test(x0, n0, x1, 10).p_value) == (reasons != "") & (x0 + x1 != 1)).all()
    assert (np.isnan(lift(x0, n0, x1, 10)) == invalid | (x0 == 0)).all()
    assert (np.isnan(difference(x0, n0, x1, 10)) == invalid).all()


def test_alpha_outside_its_range_is_undefined() -> None:
    for alpha in (0.0, 1.0, -0.1, np.nan):
        assert np.isnan(wilson(3, 10, alpha=alpha)).all()
        assert np.isnan(clopper_pearson(3, 10, alpha=alpha)).all()
        assert np.isnan(newcombe(3, 10, 4, 10, alpha=alpha)).all()
