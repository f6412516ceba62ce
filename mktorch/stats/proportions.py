"""Two proportions: the pooled score test, effect sizes and closed-form intervals.

Everywhere `x0` of `n0` is the control's successes and trials, `x1` of `n1` the variant's.
Differences are variant minus control, ratios variant over control. Arguments broadcast;
counts may be as large as 1e12. A result that is undefined is NaN, and `why_undefined`
says why.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from mktorch.stats._numeric import (
    Alternative,
    Flags,
    Floats,
    HypothesisTest,
    Interval,
    critical_z,
    cross,
    floats,
    normal_p,
    quiet,
)


class Undefined(StrEnum):
    """Why a two-proportion result is undefined, the first that applies."""

    INVALID_COUNT = "invalid_count"
    ARM_WITHOUT_DATA = "arm_without_data"
    NUMERATOR_ABOVE_DENOMINATOR = "numerator_above_denominator"
    ZERO_VARIANCE = "zero_variance"
    ZERO_CONTROL = "zero_control"


def valid_counts(x0: Floats, n0: Floats, x1: Floats, n1: Floats) -> Flags:
    """True where both arms have trials and 0 <= successes <= trials."""
    first = (n0 > 0) & (x0 >= 0) & (x0 <= n0) & np.isfinite(n0)
    second = (n1 > 0) & (x1 >= 0) & (x1 <= n1) & np.isfinite(n1)
    return np.asarray(first & second)


def why_undefined(x0: ArrayLike, n0: ArrayLike, x1: ArrayLike, n1: ArrayLike) -> NDArray[np.str_]:
    """The `Undefined` word for each table, empty where every result is defined.

    `zero_variance` (no successes at all, or no failures) leaves the test undefined but not
    the score intervals; `zero_control` leaves only the lift and its upper end undefined.

    >>> why_undefined([0, 5, 0, 9], [10, 0, 10, 8], [0, 5, 2, 1], 10).tolist()
    ['zero_variance', 'arm_without_data', 'zero_control', 'numerator_above_denominator']
    """
    x0, n0, x1, n1 = floats(x0, n0, x1, n1)
    finite = np.isfinite(x0) & np.isfinite(n0) & np.isfinite(x1) & np.isfinite(n1)
    successes, trials = x0 + x1, n0 + n1
    rules: dict[Undefined, Flags] = {
        Undefined.INVALID_COUNT: ~finite | (x0 < 0) | (x1 < 0) | (n0 < 0) | (n1 < 0),
        Undefined.ARM_WITHOUT_DATA: (n0 == 0) | (n1 == 0),
        Undefined.NUMERATOR_ABOVE_DENOMINATOR: (x0 > n0) | (x1 > n1),
        Undefined.ZERO_VARIANCE: (successes == 0) | (successes == trials),
        Undefined.ZERO_CONTROL: x0 == 0,
    }
    return np.select(list(rules.values()), [str(rule) for rule in rules], default="")


@quiet
def score_test(
    x0: ArrayLike,
    n0: ArrayLike,
    x1: ArrayLike,
    n1: ArrayLike,
    *,
    alternative: str = Alternative.TWO_SIDED,
    continuity: bool = False,
) -> HypothesisTest:
    """The pooled two-proportion z (score) test of no difference.

    z = (p1 - p0) / sqrt(p (1 - p) (1/n0 + 1/n1)) with p the pooled rate; z**2 is Pearson's
    chi-square without correction. `continuity` brings the difference 1 / (2 min(n0, n1)) closer
    to 0. NaN where counts are invalid or the pooled variance is 0. The numerator is an exact
    cross product, so z keeps its digits at any count. Raises ValueError on an unknown alternative.

    Sources: Pearson (1900); R's `prop.test(correct = FALSE)`; Hauck and Anderson (1986), The
    American Statistician 40, for the correction.

    >>> test = score_test(48, 80, 56, 70)
    >>> round(float(test.statistic), 4), round(float(test.p_value), 6)
    (2.6502, 0.008045)
    """
    x0, n0, x1, n1 = floats(x0, n0, x1, n1)
    successes, failures = x0 + x1, (n0 - x0) + (n1 - x1)
    spread = np.sqrt(n0 * n1) * np.sqrt(successes * failures) / np.sqrt(n0 + n1)
    gap = cross(x1, n0, x0, n1)
    if continuity:
        gap = np.copysign(np.maximum(np.abs(gap) - np.maximum(n0, n1) / 2, 0.0), gap)
    z = gap / np.where(valid_counts(x0, n0, x1, n1), spread, np.nan)
    z = np.where(spread > 0, z, np.nan)
    return HypothesisTest(z, normal_p(z, alternative))


@quiet
def difference(x0: ArrayLike, n0: ArrayLike, x1: ArrayLike, n1: ArrayLike) -> Floats:
    """Variant rate minus control rate (a rate); NaN where counts are invalid.

    >>> float(difference(48, 80, 56, 70))
    0.2
    """
    x0, n0, x1, n1 = floats(x0, n0, x1, n1)
    return np.where(valid_counts(x0, n0, x1, n1), cross(x1, n0, x0, n1) / (n0 * n1), np.nan)


@quiet
def lift(x0: ArrayLike, n0: ArrayLike, x1: ArrayLike, n1: ArrayLike) -> Floats:
    """Variant rate over control rate, minus 1; NaN where invalid or control has no success.

    >>> round(float(lift(48, 80, 56, 70)), 6)
    0.333333
    """
    x0, n0, x1, n1 = floats(x0, n0, x1, n1)
    defined = valid_counts(x0, n0, x1, n1) & (x0 > 0)
    return np.where(defined, cross(x1, n0, x0, n1) / (x0 * n1), np.nan)


@quiet
def odds_ratio(x0: ArrayLike, n0: ArrayLike, x1: ArrayLike, n1: ArrayLike) -> Floats:
    """The variant's odds over the control's; NaN where invalid or neither of two cells is filled.

    Infinite where the control has no success, or the variant no failure, and the rest is there.
    Its interval is `compare_proportions`'s.

    >>> round(float(odds_ratio(48, 80, 56, 70)), 4)
    2.6667
    """
    x0, n0, x1, n1 = floats(x0, n0, x1, n1)
    ratio = x1 * (n0 - x0) / ((n1 - x1) * x0)
    return np.where(valid_counts(x0, n0, x1, n1), ratio, np.nan)


@quiet
def wilson(x: ArrayLike, n: ArrayLike, *, alpha: ArrayLike = 0.05) -> Interval:
    """The one-sample score interval for a rate; NaN where 0 <= x <= n, n > 0 fails.

    Source: Wilson (1927), JASA 22.

    >>> [round(float(end), 4) for end in wilson(0, 10)]
    [0.0, 0.2775]
    """
    x, n, z = floats(x, n, critical_z(alpha))
    z2 = z * z
    x = np.where((n > 0) & (x >= 0) & (x <= n), x, np.nan)
    y = n - x
    root = z * np.sqrt(z2 + 4 * x * y / n)
    # The low end in its conjugate form: no subtraction, so no cancellation near 0.
    low = 2 * x * (x / n) / (2 * x + z2 + root)
    return Interval(low, (2 * x + z2 + root) / (2 * (n + z2)))


@quiet
def clopper_pearson(x: ArrayLike, n: ArrayLike, *, alpha: ArrayLike = 0.05) -> Interval:
    """The one-sample exact interval for a rate, by beta quantiles; NaN where counts are invalid.

    Source: Clopper and Pearson (1934), Biometrika 26.

    >>> [round(float(end), 4) for end in clopper_pearson(0, 10)]
    [0.0, 0.3085]
    """
    x, n, level = floats(x, n, alpha)
    x = np.where((n > 0) & (x >= 0) & (x <= n) & (level > 0) & (level < 1), x, np.nan)
    y = n - x
    low = special.betaincinv(np.maximum(x, 1), y + 1, level / 2)
    high = special.betainccinv(x + 1, np.maximum(y, 1), level / 2)
    return Interval(np.where(x == 0, 0.0, low), np.where(y == 0, 1.0, high))


@quiet
def newcombe(
    x0: ArrayLike, n0: ArrayLike, x1: ArrayLike, n1: ArrayLike, *, alpha: ArrayLike = 0.05
) -> Interval:
    """The difference interval that combines two Wilson intervals; NaN where counts are invalid.

    Source: Newcombe (1998), Statistics in Medicine 17:873-890, method 10.

    >>> [round(float(end), 4) for end in newcombe(48, 80, 56, 70)]
    [0.0524, 0.3339]
    """
    x0, n0, x1, n1, level = floats(x0, n0, x1, n1, alpha)
    delta, p0, p1 = difference(x0, n0, x1, n1), x0 / n0, x1 / n1
    control, variant = wilson(x0, n0, alpha=level), wilson(x1, n1, alpha=level)
    return Interval(
        delta - np.hypot(p1 - variant.low, control.high - p0),
        delta + np.hypot(variant.high - p1, p0 - control.low),
    )


@quiet
def wald(
    x0: ArrayLike, n0: ArrayLike, x1: ArrayLike, n1: ArrayLike, *, alpha: ArrayLike = 0.05
) -> Interval:
    """The textbook unpooled difference interval, kept for comparison: it covers badly near 0.

    NaN where counts are invalid. Ends are not clipped to [-1, 1].

    >>> [round(float(end), 4) for end in wald(48, 80, 56, 70)]
    [0.0575, 0.3425]
    """
    x0, n0, x1, n1, z = floats(x0, n0, x1, n1, critical_z(alpha))
    delta, reach = difference(x0, n0, x1, n1), z * standard_error(x0, n0, x1, n1)
    return Interval(delta - reach, delta + reach)


@quiet
def agresti_caffo(
    x0: ArrayLike, n0: ArrayLike, x1: ArrayLike, n1: ArrayLike, *, alpha: ArrayLike = 0.05
) -> Interval:
    """Wald's difference interval after adding one success and one failure to each arm.

    NaN where counts are invalid; ends are clipped to [-1, 1].
    Source: Agresti and Caffo (2000), The American Statistician 54.

    >>> [round(float(end), 4) for end in agresti_caffo(48, 80, 56, 70)]
    [0.0525, 0.3358]
    """
    x0, n0, x1, n1 = floats(x0, n0, x1, n1)
    added = np.where(valid_counts(x0, n0, x1, n1), 1.0, np.nan)
    low, high = wald(x0 + added, n0 + 2, x1 + added, n1 + 2, alpha=alpha)
    return Interval(np.maximum(low, -1), np.minimum(high, 1))


@quiet
def katz(
    x0: ArrayLike, n0: ArrayLike, x1: ArrayLike, n1: ArrayLike, *, alpha: ArrayLike = 0.05
) -> Interval:
    """The ratio interval, symmetric on the log scale; NaN where either arm has no success.

    Source: Katz, Baptista, Azen and Pike (1978), Biometrics 34.

    >>> [round(float(end), 2) for end in katz(1, 34, 7, 34)]
    [0.91, 53.87]
    """
    x0, n0, x1, n1, z = floats(x0, n0, x1, n1, critical_z(alpha))
    defined = valid_counts(x0, n0, x1, n1) & (x0 > 0) & (x1 > 0)
    middle = np.where(defined, np.log(x1) - np.log(n1) - np.log(x0) + np.log(n0), np.nan)
    reach = z * np.sqrt((n1 - x1) / (n1 * x1) + (n0 - x0) / (n0 * x0))
    return Interval(np.exp(middle - reach), np.exp(middle + reach))


@quiet
def standard_error(x0: ArrayLike, n0: ArrayLike, x1: ArrayLike, n1: ArrayLike) -> Floats:
    """The unpooled standard error of the difference (a rate); NaN where counts are invalid.

    >>> round(float(standard_error(48, 80, 56, 70)), 6)
    0.072703
    """
    x0, n0, x1, n1 = floats(x0, n0, x1, n1)
    variance = x1 * (n1 - x1) / n1**3 + x0 * (n0 - x0) / n0**3
    return np.where(valid_counts(x0, n0, x1, n1), np.sqrt(variance), np.nan)


@quiet
def smallest_expected_count(x0: ArrayLike, n0: ArrayLike, x1: ArrayLike, n1: ArrayLike) -> Floats:
    """The least of the four expected counts under no difference; NaN where counts are invalid.

    Below 5, prefer an exact p-value (`fisher_exact`, `barnard_exact`) over `score_test`.

    >>> float(smallest_expected_count(1, 40, 3, 10))
    0.8
    """
    x0, n0, x1, n1 = floats(x0, n0, x1, n1)
    rarer = np.minimum(x0 + x1, (n0 - x0) + (n1 - x1))
    share = np.minimum(n0, n1) / (n0 + n1)
    return np.where(valid_counts(x0, n0, x1, n1), rarer * share, np.nan)
