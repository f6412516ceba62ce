"""Score intervals: published tables, an independent inversion, and agreement with the p-value."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize, special
from scipy import stats as scipy_stats
from statsmodels.stats import proportion as sm

from mktorch.stats import (
    Comparison,
    Interval,
    compare_proportions,
    koopman,
    koopman_lift,
    mee,
    odds_ratio,
    score_test,
)
from tests.stats.tables import NEWCOMBE_CASES, random_tables

Z95 = float(special.ndtri(0.975))

# Rates at which coverage is enumerated: dense towards 0 and 1, where it dips.
COVERED = np.concatenate(
    [np.geomspace(0.001, 0.1, 8), np.linspace(0.15, 0.85, 8), 1 - np.geomspace(0.1, 0.002, 5)]
)

# Newcombe (1998), Statistics in Medicine 17:873-890, Table II, method 5 (Mee). Its printed
# upper limit for 5/56 - 0/29 is left to the inversion test below.
MEE = [
    (0.0533, 0.3377),
    (0.1821, 0.8370),
    (0.0544, 0.8478),
    (-0.0313, np.nan),
    (-0.1611, 0.2775),
    (-0.2775, 0.2775),
    (0.7225, 1.0000),
    (0.6777, 1.0000),
]


def farrington_manning(x0: float, n0: float, x1: float, n1: float, delta: float) -> float:
    """The score statistic by the textbook cubic (Farrington and Manning 1990), one table."""
    n, x = n0 + n1, x0 + x1
    a = n
    b = (n1 + 2 * n0) * delta - n - x
    c = (n0 * delta - n - 2 * x0) * delta + x
    d = x0 * delta * (1 - delta)
    v = (b / (3 * a)) ** 3 - b * c / (6 * a * a) + d / (2 * a)
    u = np.copysign(np.sqrt(max((b / (3 * a)) ** 2 - c / (3 * a), 0.0)), v)
    angle = (np.pi + np.arccos(np.clip(v / u**3 if u else 0.0, -1, 1))) / 3
    p0 = np.clip(2 * u * np.cos(angle) - b / (3 * a), 0, 1)
    p1 = np.clip(p0 + delta, 0, 1)
    variance = p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0
    return float((x1 / n1 - x0 / n0 - delta) / np.sqrt(variance))


def test_newcombe_1998_table_ii_method_5() -> None:
    low, high = mee(*NEWCOMBE_CASES)
    published = np.array(MEE)
    ours = np.where(np.isnan(published), np.nan, np.column_stack([low, high]))
    assert ours == pytest.approx(published, abs=5.1e-5, nan_ok=True)


def test_hiv_trial_of_sas_documentation() -> None:
    # SAS FREQ, 84/101 - 89/105: Mee (Farrington-Manning) limits -0.1188 and 0.0857.
    assert tuple(mee(89, 105, 84, 101)) == pytest.approx((-0.1188, 0.0857), abs=5.1e-5)


def test_fagerland_2015_and_r_propcis_koopman() -> None:
    # Fagerland et al. (2015): 1.21 to 43. R package PropCIs, riskscoreci(7, 34, 1, 34, 0.95):
    # 1.220853 and 42.575718, as recorded in statsmodels' tests.
    assert tuple(koopman(1, 34, 7, 34)) == pytest.approx((1.21, 43), rel=0.01)
    assert tuple(koopman(1, 34, 7, 34)) == pytest.approx((1.220853, 42.575718), abs=6e-7)


def test_koopman_agrees_with_statsmodels_on_10_000_tables() -> None:
    tables = random_tables(10_000, seed=5, largest=1e3)
    inside = (tables[0] > 0) & (tables[2] > 0) & (tables[0] < tables[1]) & (tables[2] < tables[3])
    x0, n0, x1, n1 = (column[inside] for column in tables)
    low, high = koopman(x0, n0, x1, n1)
    for limit, sign in ((low, 1.0), (high, -1.0)):
        # statsmodels' statistic at our limit must be the quantile: its own root finder is
        # coarser than the tolerance asked for here.
        z = np.array(
            [
                sm.score_test_proportions_2indep(
                    *row[:4], compare="ratio", value=row[4], correction=False
                ).statistic
                for row in zip(x1, n1, x0, n0, limit, strict=True)
            ]
        )
        assert np.allclose(z, sign * Z95, rtol=1e-6)


def test_mee_agrees_with_the_cubic_inverted_by_brent_on_random_tables() -> None:
    tables = random_tables(1_000, seed=6, largest=1e3)
    inside = (tables[0] > 0) & (tables[2] > 0) & (tables[0] < tables[1]) & (tables[2] < tables[3])
    columns = [column[inside] for column in tables]
    low, high = mee(*columns)
    for row, (x0, n0, x1, n1) in enumerate(zip(*columns, strict=True)):
        estimate = x1 / n1 - x0 / n0

        def statistic(delta: float, table: tuple[float, ...] = (x0, n0, x1, n1)) -> float:
            return farrington_manning(*table, delta)

        expected = optimize.brentq(lambda d: statistic(d) - Z95, -1 + 1e-12, estimate, xtol=1e-12)
        assert low[row] == pytest.approx(expected, rel=1e-6, abs=1e-8)
        expected = optimize.brentq(lambda d: statistic(d) + Z95, estimate, 1 - 1e-12, xtol=1e-12)
        assert high[row] == pytest.approx(expected, rel=1e-6, abs=1e-8)


def exact_ratio_statistic(x0: int, n0: int, x1: int, n1: int, ratio: float) -> float:
    """Koopman's signed statistic by Miettinen and Nurminen's quadratic, in 60 digits."""
    with localcontext() as context:
        context.prec = 60
        r = Decimal(ratio)
        a = (n0 + n1) * r
        b = -(n1 * r + x1 + n0 + x0 * r)
        p0 = (-b - (b * b - 4 * a * (x0 + x1)).sqrt()) / (2 * a)
        p1 = p0 * r
        gap = Decimal(x1) / n1 - r * Decimal(x0) / n0
        return float(gap / (p1 * (1 - p1) / n1 + r * r * p0 * (1 - p0) / n0).sqrt())


@pytest.mark.parametrize(
    ("table", "tolerance"),
    [
        ((123_456_789_012, 10**12 - 1, 123_457_789_013, 10**12 - 3), 1e-8),
        # Every trial of one arm a success: the variant's rate held at 1, then falling.
        ((3, 10, 10, 10), 1e-12),
        ((300, 1000, 50, 50), 1e-12),
        ((8, 10, 3, 3), 1e-12),
        ((10, 10, 3, 10), 1e-12),
        ((3, 3, 8, 10), 1e-12),
    ],
)
def test_koopman_against_sixty_digits(table: tuple[int, ...], tolerance: float) -> None:
    for limit, sign in zip(koopman(*table), (1, -1), strict=True):
        z = exact_ratio_statistic(*table, float(limit))
        assert z == pytest.approx(sign * Z95, rel=tolerance)


def test_zero_and_full_successes_by_hand() -> None:
    # No success in either of 10: one arm's rate is 0, the other's solves Wilson's equation,
    # p = z**2 / (n + z**2) = 3.8415 / 13.8415 = 0.2775.
    reach = Z95**2 / (10 + Z95**2)
    assert tuple(mee(0, 10, 0, 10)) == pytest.approx((-reach, reach), rel=1e-12)
    assert tuple(koopman(0, 10, 0, 10)) == (0.0, np.inf)
    # Every trial a success: mirrored for the difference, and for the ratio 1 - reach.
    assert tuple(mee(10, 10, 10, 10)) == pytest.approx((-reach, reach), rel=1e-12)
    assert tuple(koopman(10, 10, 10, 10)) == pytest.approx((1 - reach, 1 / (1 - reach)), rel=1e-12)
    assert float(mee(10, 10, 0, 10).low) == -1.0
    assert float(koopman(0, 10, 5, 10).high) == np.inf
    assert float(koopman(0, 10, 5, 10).low) > 1
    assert float(koopman(5, 10, 0, 10).low) == 0.0


def disagreements(
    tables: tuple[NDArray[np.float64], ...], alpha: NDArray[np.float64] | float
) -> int:
    """Rows where the p-value, the difference and the lift do not tell one story."""
    significant = score_test(*tables).p_value < alpha
    gap, gain = mee(*tables, alpha=alpha), koopman_lift(*tables, alpha=alpha)
    assert (gap.low <= gap.high).all()
    assert (gain.low <= gain.high).all()
    by_difference = (gap.low > 0) | (gap.high < 0)
    by_lift = (gain.low > 0) | (gain.high < 0)
    return int(((by_difference != significant) | (by_lift != significant)).sum())


@pytest.mark.parametrize("largest", [30.0, 1e5, 1e12])
def test_intervals_never_contradict_the_p_value_on_100_000_tables(largest: float) -> None:
    tables = random_tables(100_000, seed=int(largest) % 97, largest=largest)
    p = score_test(*tables).p_value
    for alpha in (0.05, 0.001, 0.5, 1e-12, 1e-250):
        assert disagreements(tables, alpha) == 0
    # At the boundary itself: alpha equal to each table's own p, and the floats beside it.
    own = np.where((p > 0) & (p < 1), p, 0.3)
    for alpha in (own, np.nextafter(own, 0), np.minimum(np.nextafter(own, 1), 0.999)):
        assert disagreements(tables, alpha) == 0


counts = st.integers(1, 10**12).flatmap(
    lambda n: st.tuples(st.integers(0, n) | st.sampled_from([0, 1, n - 1, n]), st.just(n))
)


@settings(max_examples=300, deadline=None)
@given(counts, counts, st.floats(1e-300, 1, exclude_max=True))
@example((1, 1), (18, 47), 0.9999999999999998)
def test_intervals_agree_with_p_for_any_counts_and_alpha(
    control: tuple[int, int], variant: tuple[int, int], alpha: float
) -> None:
    tables = tuple(np.array([value], dtype=np.float64) for value in (*control, *variant))
    assert disagreements(tables, alpha) == 0


def test_swapping_arms_flips_the_difference_and_inverts_the_ratio() -> None:
    x0, n0, x1, n1 = random_tables(20_000, seed=9)
    gap, swapped = mee(x0, n0, x1, n1), mee(x1, n1, x0, n0)
    assert np.allclose(gap.low, -swapped.high, rtol=1e-10, atol=1e-14)
    ratio, inverse = koopman(x0, n0, x1, n1), koopman(x1, n1, x0, n0)
    with np.errstate(divide="ignore"):
        assert np.allclose(ratio.low, 1 / inverse.high, rtol=1e-12)
        assert np.allclose(ratio.high, 1 / inverse.low, rtol=1e-12)
    forward, backward = score_test(x0, n0, x1, n1), score_test(x1, n1, x0, n0)
    assert np.array_equal(forward.statistic, -backward.statistic, equal_nan=True)
    assert np.array_equal(forward.p_value, backward.p_value, equal_nan=True)


def test_counting_failures_instead_flips_the_difference() -> None:
    x0, n0, x1, n1 = random_tables(20_000, seed=10)
    gap, mirrored = mee(x0, n0, x1, n1), mee(n0 - x0, n0, n1 - x1, n1)
    assert np.allclose(gap.low, -mirrored.high, rtol=1e-10, atol=1e-14)


def test_more_data_and_larger_alpha_tighten_both_intervals() -> None:
    tables = random_tables(20_000, seed=12)
    tenfold = tuple(10 * column for column in tables)
    for interval in (mee, koopman):
        wide = interval(*tables)
        for narrow in (interval(*tenfold), interval(*tables, alpha=0.2)):
            assert (narrow.low >= wide.low - 1e-12).all()
            assert (narrow.high <= wide.high + 1e-12 * np.abs(wide.high)).all()


def test_each_row_stands_alone() -> None:
    tables = random_tables(3_000, seed=13)
    order = np.random.default_rng(1).permutation(3_000)
    shuffled = tuple(column[order] for column in tables)
    for interval in (mee, koopman):
        together, apart = interval(*tables), interval(*shuffled)
        assert np.array_equal(together.low[order], apart.low)
        assert np.array_equal(together.high[order], apart.high)
        first = interval(*(column[:1] for column in tables))
        assert (first.low[0], first.high[0]) == (together.low[0], together.high[0])


def test_invalid_counts_and_alpha_are_undefined() -> None:
    for table in ((np.nan, 10, 1, 10), (1, 0, 1, 10), (11, 10, 1, 10), (1, 10, -1, 10)):
        assert np.isnan(mee(*table)).all()
        assert np.isnan(koopman(*table)).all()
    assert np.isnan(mee(1, 10, 2, 10, alpha=0.0)).all()
    assert np.isnan(koopman(1, 10, 2, 10, alpha=1.0)).all()


def excludes(answer: Comparison) -> list[NDArray[np.bool_]]:
    """Whether each interval excludes no effect: difference, lift, odds ratio."""
    ends = ((answer.difference, 0.0), (answer.lift, 0.0), (answer.odds_ratio, 1.0))
    return [(interval.low > null) | (interval.high < null) for interval, null in ends]


@pytest.mark.parametrize(
    ("count", "largest", "alternative"),
    [
        (100_000, 60.0, "two_sided"),
        (100_000, 1e5, "two_sided"),
        (10_000, 200.0, "greater"),
        (10_000, 200.0, "less"),
    ],
)
def test_corrected_p_and_all_intervals_agree_on_generated_tables(
    count: int, largest: float, alternative: str
) -> None:
    tables = random_tables(count, seed=int(largest) % 89, largest=largest)
    own = score_test(*tables, alternative=alternative, continuity=True).p_value
    own = np.where((own > 0) & (own < 0.45), own, 0.3)
    for alpha in (0.05, own):
        answer = compare_proportions(*tables, alpha=alpha, alternative=alternative)
        significant = answer.p_value < alpha
        for excluded in excludes(answer):
            assert (excluded == significant).all()


def corrected_statistic(table: tuple[float, ...], null: float, *, ratio: bool) -> float:
    """The corrected score statistic from its definition, the likelihood maximized numerically."""
    x0, n0, x1, n1 = table

    def rates(p0: float) -> tuple[float, float]:
        return p0, p0 * null if ratio else p0 + null

    def deficit(p0: float) -> float:
        first, second = rates(p0)
        return -sum(
            special.xlogy(x, p) + special.xlog1py(n - x, -p)
            for x, n, p in ((x0, n0, first), (x1, n1, second))
        )

    bounds = (0.0, min(1.0, 1 / null)) if ratio else (max(0.0, -null), min(1.0, 1.0 - null))
    best = optimize.minimize_scalar(deficit, bounds=bounds, options={"xatol": 1e-12})
    p0, p1 = rates(float(best.x))
    scale = null if ratio else 1.0
    gap = x1 / n1 - scale * x0 / n0 - (0.0 if ratio else null)
    step = max(1 / n1, scale / n0) / 2
    error = np.sqrt(p1 * (1 - p1) / n1 + scale**2 * p0 * (1 - p0) / n0)
    return float(np.sign(gap) * max(abs(gap) - step, 0.0) / error)


def test_corrected_limits_by_their_definition() -> None:
    tables = random_tables(300, seed=14, largest=80)
    answer = compare_proportions(*tables)
    checked = 0
    for row, table in enumerate(zip(*tables, strict=True)):
        for interval, least, most, ratio in (
            (answer.difference, -1.0, 1.0, False),
            (Interval(*(end + 1 for end in answer.lift)), 0.0, np.inf, True),
        ):
            for limit, sign in ((interval.low[row], 1), (interval.high[row], -1)):
                if least < limit < most:
                    z = corrected_statistic(table, float(limit), ratio=ratio)
                    assert z == pytest.approx(sign * Z95, rel=2e-4)
                    checked += 1
    assert checked > 700


def test_odds_ratio_limits_by_cornfields_equation() -> None:
    # Without correction, 56/70 against 48/80: statsmodels inverts the same statistic.
    low, high = compare_proportions(48, 80, 56, 70, continuity=False).odds_ratio
    for limit, sign in ((low, 1), (high, -1)):
        test = sm.score_test_proportions_2indep(
            56, 70, 48, 80, compare="odds-ratio", value=float(limit), correction=False
        )
        assert test.statistic == pytest.approx(sign * Z95, rel=1e-6)
    assert float(odds_ratio(48, 80, 56, 70)) == pytest.approx(8 / 3)
    assert float(low) < 8 / 3 < float(high)


def coverage(n0: int, n1: int, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """The chance that difference and lift hold the truth, for every pair of rates, exactly."""
    first, second = np.arange(n0 + 1.0), np.arange(n1 + 1.0)
    answer = compare_proportions(first[:, None], n0, second, n1)
    chance0, chance1 = (
        scipy_stats.binom.pmf(count, n, rates[:, None]) for count, n in ((first, n0), (second, n1))
    )
    held = np.empty((2, rates.size, rates.size))
    for i, base in enumerate(rates):
        truths = ((answer.difference, rates - base), (answer.lift, rates / base - 1))
        for k, (interval, truth) in enumerate(truths):
            inside = (interval.low[..., None] <= truth) & (truth <= interval.high[..., None])
            held[k, i] = np.einsum("a,abj,jb->j", chance0[i], inside, chance1)
    return held


@pytest.mark.parametrize("arms", [(10, 10), (17, 17), (30, 30), (50, 50)])
def test_equal_arms_are_covered_by_exact_enumeration(arms: tuple[int, int]) -> None:
    assert coverage(*arms, COVERED).min() >= 0.94


@pytest.mark.parametrize("arms", [(20, 10), (10, 50), (200, 10), (1000, 10)])
def test_unequal_arms_are_covered_by_exact_enumeration(arms: tuple[int, int]) -> None:
    assert coverage(*arms, COVERED).min() >= 0.93
