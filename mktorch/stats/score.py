"""Score intervals: every difference, and every ratio, the score test would not reject.

Both intervals invert one statistic. For a hypothesized difference (or ratio) take the
rates that fit best under it; the statistic is the observed difference's distance from it
in standard errors at those rates. At difference 0 and ratio 1 that is the pooled z, so
p < alpha exactly when both intervals exclude no effect.

The constrained rates are reached through the Lagrange multiplier of the hypothesis, in
which each arm solves an equation of its own: a quadratic for the difference, a linear one
for the ratio. That leaves one monotone equation per interval end and avoids the usual
cubic, whose closed form loses its digits at large counts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mktorch.stats._numeric import (
    Flags,
    Floats,
    Interval,
    critical_z,
    floats,
    quiet,
    settle,
    solve_increasing,
)
from mktorch.stats.proportions import difference, score_test, valid_counts

_TINY = float(np.finfo(np.float64).tiny)


def mee(
    x0: ArrayLike, n0: ArrayLike, x1: ArrayLike, n1: ArrayLike, *, alpha: ArrayLike = 0.05
) -> Interval:
    """The score interval for variant rate minus control rate (a rate, within [-1, 1]).

    Excludes 0 exactly where `score_test` gives p < alpha. NaN where counts are invalid;
    defined at zero and full successes. No n / (n - 1) factor: with one it would be the
    Miettinen-Nurminen interval, which does not invert the pooled z.

    Source: Mee (1984), Biometrics 40:1175-1176.

    >>> [round(float(end), 4) for end in mee(48, 80, 56, 70)]
    [0.0533, 0.3377]
    """
    x0, n0, x1, n1, level = floats(x0, n0, x1, n1, alpha)
    significant = score_test(x0, n0, x1, n1).p_value < level
    return invert_difference(x0, n0, x1, n1, critical_z(level), significant)


def koopman(
    x0: ArrayLike, n0: ArrayLike, x1: ArrayLike, n1: ArrayLike, *, alpha: ArrayLike = 0.05
) -> Interval:
    """The score interval for variant rate over control rate (a ratio, within [0, inf]).

    Excludes 1 exactly where `score_test` gives p < alpha. NaN where counts are invalid.
    The high end is infinity where the control has no success: no ratio can be ruled out.

    Source: Koopman (1984), Biometrics 40:513-517.

    >>> [round(float(end), 4) for end in koopman(1, 34, 7, 34)]
    [1.2209, 42.5757]
    """
    x0, n0, x1, n1, level = floats(x0, n0, x1, n1, alpha)
    significant = score_test(x0, n0, x1, n1).p_value < level
    return invert_ratio(x0, n0, x1, n1, critical_z(level), significant)


def koopman_lift(
    x0: ArrayLike, n0: ArrayLike, x1: ArrayLike, n1: ArrayLike, *, alpha: ArrayLike = 0.05
) -> Interval:
    """`koopman` minus 1: the score interval for the relative lift (0.25 is +25 %).

    >>> [round(float(end), 4) for end in koopman_lift(48, 80, 56, 70)]
    [0.0798, 0.6708]
    """
    low, high = koopman(x0, n0, x1, n1, alpha=alpha)
    return Interval(low - 1, high - 1)


@quiet
def invert_difference(
    x0: Floats, n0: Floats, x1: Floats, n1: Floats, critical: Floats, significant: Flags
) -> Interval:
    """Differences whose score statistic is within `critical`, agreeing with `significant`."""
    valid = valid_counts(x0, n0, x1, n1) & np.isfinite(critical)
    x0, x1 = np.where(valid, x0, 0.0), np.where(valid, x1, 0.0)
    n0, n1 = np.where(valid, n0, 1.0), np.where(valid, n1, 1.0)
    delta = difference(x0, n0, x1, n1)
    low = np.maximum(delta - critical * _spread(x0, n0, x1, n1, critical), -1.0)
    high = np.minimum(delta + critical * _spread(x1, n1, x0, n0, critical), 1.0)
    low, high = settle(Interval(low, high), delta > 0, significant, null=0.0)
    return Interval(np.where(valid, low, np.nan), np.where(valid, high, np.nan))


@quiet
def invert_ratio(
    x0: Floats, n0: Floats, x1: Floats, n1: Floats, critical: Floats, significant: Flags
) -> Interval:
    """Ratios whose score statistic is within `critical`, agreeing with `significant`."""
    valid = valid_counts(x0, n0, x1, n1) & np.isfinite(critical)
    x0, x1 = np.where(valid, x0, 0.0), np.where(valid, x1, 0.0)
    n0, n1 = np.where(valid, n0, 1.0), np.where(valid, n1, 1.0)
    # As alpha nears 1 both ends near the ratio itself: it stays between them to the last bit.
    ratio = (x1 / n1) / (x0 / n0)
    low = np.fmin(_lowest_ratio(x0, n0, x1, n1, critical), ratio)
    high = np.fmax(1 / _lowest_ratio(x1, n1, x0, n0, critical), ratio)
    positive = difference(x0, n0, x1, n1) > 0
    low, high = settle(Interval(low, high), positive, significant, null=1.0)
    return Interval(np.where(valid, low, np.nan), np.where(valid, high, np.nan))


def _spread(x0: Floats, n0: Floats, x1: Floats, n1: Floats, critical: Floats) -> Floats:
    """Standard error of the difference at its lower limit, for `critical` standard errors.

    With multiplier m the constrained rates solve x1 - n1 p1 = m p1 q1 and
    x0 - n0 p0 = -m p0 q0, the squared statistic is m**2 V with V = p1 q1 / n1 + p0 q0 / n0,
    and the difference is m V below its estimate. At the limit m = critical / sqrt(V), so the
    unknown is sqrt(V), which lies between 0 and its value at rates of one half.
    """

    def excess(spread: Floats) -> tuple[Floats, Floats]:
        multiplier = critical / np.maximum(spread, _TINY)
        variance1, slope1 = _binomial_variance(x1, n1, multiplier)
        variance0, slope0 = _binomial_variance(x0, n0, -multiplier)
        slope = (slope1 - slope0) * multiplier / np.maximum(spread, _TINY)
        return spread * spread - variance1 - variance0, 2 * spread + slope

    largest = 0.5 * np.sqrt(1 / n0 + 1 / n1)
    observed = np.sqrt(x1 * (n1 - x1) / n1**3 + x0 * (n0 - x0) / n0**3)
    # Control all successes and variant none: the difference is -1, and so is its limit.
    at_bound = (x1 == 0) & (x0 == n0)
    # Neither arm varies: no success in either, or no failure, where the root is closed.
    still = critical / (np.where(x1 == 0, n0, n1) + critical * critical)
    start = np.where(observed > 0, observed, still)
    largest = np.where(at_bound, 0.0, largest)
    return solve_increasing(excess, np.zeros_like(largest), largest, start)


def _binomial_variance(x: Floats, n: Floats, multiplier: Floats) -> tuple[Floats, Floats]:
    """p q / n, and its slope in the multiplier m, where p solves x - n p = m p q.

    Both roots of the quadratic, for p and for q, are taken in the form that adds.
    """
    y, up, down = n - x, n + multiplier, n - multiplier
    square = np.where(
        multiplier > 0, down * down + 4 * multiplier * y, up * up - 4 * multiplier * x
    )
    root = np.sqrt(square)
    p = np.where(up >= 0, 2 * x / np.maximum(up + root, _TINY), (root - up) / (-2 * multiplier))
    q = np.where(
        down >= 0, 2 * y / np.maximum(down + root, _TINY), (root - down) / (2 * multiplier)
    )
    variance = p * q / n
    return variance, -(q - p) * variance / np.maximum(root, _TINY)


def _lowest_ratio(x0: Floats, n0: Floats, x1: Floats, n1: Floats, critical: Floats) -> Floats:
    """The lower limit of p1 / p0: 0 where the variant has no success.

    With multiplier m the constrained rates are p1 = (x1 - m) / (n1 - m) and
    p0 = (x0 + m) / (n0 + m), and the squared statistic is
    m**2 (a / (x1 - m) + b / (x0 + m)), with a and b the observed failure rates. Cleared of
    fractions, critical**2 gives a cubic in m that rises through one root in [0, x1].
    """
    square, a, b = critical * critical, (n1 - x1) / n1, (n0 - x0) / n0

    def excess(m: Floats) -> tuple[Floats, Floats]:
        left, right = x1 - m, x0 + m
        weight = a * right + b * left
        value = m * m * weight - square * left * right
        slope = 2 * m * weight + m * m * (a - b) - square * (left - right)
        return value, slope

    # Either term alone gives a root above the joint one, and the lesser is within a factor 2.
    variant_alone = 2 * x1 / (1 + np.sqrt(1 + 4 * a * x1 / square))
    start = np.fmin(variant_alone, _control_alone(x0, b, square))
    most = np.where(x1 == n1, 0.0, x1)
    m = solve_increasing(excess, np.zeros_like(x1), most, start)
    ratio = (x1 - m) * (n0 + m) / ((n1 - m) * (x0 + m))
    return np.where(x1 == 0, 0.0, np.where(x1 == n1, _lowest_from_one(x0, n0, n1, critical), ratio))


def _lowest_from_one(x0: Floats, n0: Floats, n1: Floats, critical: Floats) -> Floats:
    """The lower limit of p1 / p0 where every trial of the variant succeeded.

    The variant's constrained rate stays 1 until the multiplier reaches n1; from there the
    control's rate stays and the variant's falls.
    """
    square, b = critical * critical, (n0 - x0) / n0
    m = _control_alone(x0, b, square)
    held = (x0 + n1) / (n0 + n1)
    odds_of_failure = n1 * (square / n1**2 - b / (x0 + n1))
    falling = 1 / ((1 + np.maximum(odds_of_failure, 0)) * held)
    return np.where(m <= n1, (n0 + m) / (x0 + m), falling)


def _control_alone(x0: Floats, b: Floats, square: Floats) -> Floats:
    """The multiplier m at which the control's term b m**2 / (x0 + m) alone reaches `square`."""
    return (square + np.sqrt(square * (square + 4 * b * x0))) / (2 * b)
