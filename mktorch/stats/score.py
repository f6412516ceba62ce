"""Score intervals: every difference, and every ratio, the score test would not reject.

Both intervals invert one statistic. For a hypothesized difference (or ratio) take the
rates that fit best under it; the statistic is the observed difference's distance from it
in standard errors at those rates. At difference 0 and ratio 1 that is the pooled z, so
p < alpha exactly when both intervals exclude no effect.

`continuity` takes half a step of the coarser arm off the observed distance, 1 / (2 min(n0, n1))
for the difference (Hauck and Anderson 1986), in the test and in both intervals alike. Without
it the intervals hold the truth too seldom at small counts; with it p, difference and lift still
follow from one statistic.

The constrained rates are reached through the Lagrange multiplier of the hypothesis, in
which each arm solves an equation of its own: a quadratic for the difference, a linear one
for the ratio. That leaves one monotone equation per interval end and avoids the usual
cubic, whose closed form loses its digits at large counts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mktorch.stats._numeric import (
    Alternative,
    Flags,
    Floats,
    Interval,
    critical_z,
    floats,
    one_side,
    quiet,
    settle,
    solve_increasing,
)
from mktorch.stats.proportions import difference, score_test, valid_counts

_TINY = 1e-140  # its square is a number still


class Comparison(NamedTuple):
    """A test of no difference with the three intervals that agree with it (arrays)."""

    statistic: Floats
    p_value: Floats
    difference: Interval
    lift: Interval
    odds_ratio: Interval


def compare_proportions(
    x0: ArrayLike,
    n0: ArrayLike,
    x1: ArrayLike,
    n1: ArrayLike,
    *,
    alpha: ArrayLike = 0.05,
    alternative: str = Alternative.TWO_SIDED,
    continuity: bool = True,
) -> Comparison:
    """Test and intervals of two proportions by the score statistic, good at any count.

    p < alpha exactly when the difference excludes 0, the lift 0 and the odds ratio 1. With
    `continuity` each interval holds the truth with at least 1 - alpha at arms of 10 and more
    (measured by enumeration: docs/statistics.md), and p needs no exact test beside it. A
    one-sided `alternative` gives one-sided intervals. NaN where counts are invalid; statistic and
    p also where no trial succeeded, or every one. Raises ValueError on an unknown alternative.

    >>> answer = compare_proportions(48, 80, 56, 70)
    >>> round(float(answer.p_value), 4), [round(float(end), 3) for end in answer.lift]
    (0.0106, [0.069, 0.692])
    """
    x0, n0, x1, n1, level = floats(x0, n0, x1, n1, alpha)
    test = score_test(x0, n0, x1, n1, alternative=alternative, continuity=continuity)
    two_sided = alternative == Alternative.TWO_SIDED
    critical = critical_z(level if two_sided else 2 * level)
    arms, decided = (x0, n0, x1, n1), (critical, test.p_value < level)
    low, high = invert_ratio(*arms, *decided, continuity=continuity)
    ends = (
        invert_difference(*arms, *decided, continuity=continuity),
        Interval(low - 1, high - 1),
        invert_odds(*arms, *decided, continuity=continuity),
    )
    least = (-1.0, -1.0, 0.0)
    most = (1.0, np.inf, np.inf)
    sided = (one_side(*bounds, alternative) for bounds in zip(ends, least, most, strict=True))
    return Comparison(test.statistic, test.p_value, *sided)


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


def _valid(
    x0: Floats, n0: Floats, x1: Floats, n1: Floats, critical: Floats
) -> tuple[Flags, Floats, Floats, Floats, Floats]:
    """Where there is an interval, and the counts, with 0 of 1 where there is none."""
    valid = valid_counts(x0, n0, x1, n1) & np.isfinite(critical)
    x0, x1 = np.where(valid, x0, 0.0), np.where(valid, x1, 0.0)
    n0, n1 = np.where(valid, n0, 1.0), np.where(valid, n1, 1.0)
    return valid, x0, n0, x1, n1


def _where_valid(valid: Flags, interval: Interval) -> Interval:
    return Interval(*(np.where(valid, end, np.nan) for end in interval))


@quiet
def invert_difference(
    x0: Floats,
    n0: Floats,
    x1: Floats,
    n1: Floats,
    critical: Floats,
    significant: Flags,
    *,
    continuity: bool = False,
) -> Interval:
    """Differences whose score statistic is within `critical`, agreeing with `significant`."""
    valid, x0, n0, x1, n1 = _valid(x0, n0, x1, n1, critical)
    delta = difference(x0, n0, x1, n1)
    step = continuity * 0.5 / np.minimum(n0, n1)
    low = np.maximum(delta - step - critical * _spread(x0, n0, x1, n1, critical, step), -1.0)
    high = np.minimum(delta + step + critical * _spread(x1, n1, x0, n0, critical, step), 1.0)
    settled = settle(Interval(low, high), delta > 0, significant, null=0.0)
    return _where_valid(valid, settled)


@quiet
def invert_ratio(
    x0: Floats,
    n0: Floats,
    x1: Floats,
    n1: Floats,
    critical: Floats,
    significant: Flags,
    *,
    continuity: bool = False,
) -> Interval:
    """Ratios whose score statistic is within `critical`, agreeing with `significant`."""
    valid, x0, n0, x1, n1 = _valid(x0, n0, x1, n1, critical)
    # As alpha nears 1 both ends near the ratio itself: it stays between them to the last bit.
    ratio = (x1 / n1) / (x0 / n0)
    low = np.fmin(_lowest_ratio(x0, n0, x1, n1, critical, continuity), ratio)
    high = np.fmax(1 / _lowest_ratio(x1, n1, x0, n0, critical, continuity), ratio)
    positive = difference(x0, n0, x1, n1) > 0
    return _where_valid(valid, settle(Interval(low, high), positive, significant, null=1.0))


@quiet
def invert_odds(
    x0: Floats,
    n0: Floats,
    x1: Floats,
    n1: Floats,
    critical: Floats,
    significant: Flags,
    *,
    continuity: bool = False,
) -> Interval:
    """Odds ratios whose score statistic is within `critical`, agreeing with `significant`."""
    valid, x0, n0, x1, n1 = _valid(x0, n0, x1, n1, critical)
    step = continuity * 0.5 * np.maximum(n0, n1) / (n0 + n1)
    estimate = x1 * (n0 - x0) / ((n1 - x1) * x0)
    low = np.fmin(_lowest_odds(x0, n0, x1, n1, critical, step), estimate)
    high = np.fmax(1 / _lowest_odds(x1, n1, x0, n0, critical, step), estimate)
    positive = difference(x0, n0, x1, n1) > 0
    return _where_valid(valid, settle(Interval(low, high), positive, significant, null=1.0))


def _spread(
    x0: Floats, n0: Floats, x1: Floats, n1: Floats, critical: Floats, step: Floats
) -> Floats:
    """Standard error of the difference at its lower limit, for `critical` standard errors.

    With multiplier m the constrained rates solve x1 - n1 p1 = m p1 q1 and
    x0 - n0 p0 = -m p0 q0, and the difference is m V below its estimate, with
    V = p1 q1 / n1 + p0 q0 / n0. At the limit m V = critical sqrt(V) + step, so the unknown is
    sqrt(V), which lies between 0 and its value at rates of one half.
    """

    def excess(spread: Floats) -> tuple[Floats, Floats]:
        held = np.maximum(spread, _TINY)
        multiplier = critical / held + step / held / held
        variance1, slope1 = _binomial_variance(x1, n1, multiplier)
        variance0, slope0 = _binomial_variance(x0, n0, -multiplier)
        slope = (slope1 - slope0) * (multiplier + step / held / held) / held
        return spread * spread - variance1 - variance0, 2 * spread + slope

    largest = 0.5 * np.sqrt(1 / n0 + 1 / n1)
    observed = np.sqrt(x1 * (n1 - x1) / n1**3 + x0 * (n0 - x0) / n0**3)
    # Control all successes and variant none, within the step: the limit is -1.
    at_bound = x1 / n1 - x0 / n0 - step <= -1
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


def _lowest_ratio(
    x0: Floats, n0: Floats, x1: Floats, n1: Floats, critical: Floats, continuity: bool
) -> Floats:
    """The lower limit of p1 / p0: 0 where the variant has no success.

    With multiplier m the constrained rates are p1 = L / (n1 - m) and p0 = R / (n0 + m), where
    L = x1 - m and R = x0 + m. With a and b the observed failure rates and w = a R + b L, the
    distance is m w to a standard error of sqrt(w L R), both in the unit of L R / p1; in it half
    a step of the variant is (n1 - m) R / 2 n1, of the control (n0 + m) L / 2 n0.
    """
    a, b = (n1 - x1) / n1, (n0 - x0) / n0
    half = continuity * 0.5

    def excess(m: Floats) -> tuple[Floats, Floats]:
        left, right = x1 - m, x0 + m
        weight = a * right + b * left
        error = np.sqrt(weight * left * right)
        first, second = (n1 - m) * right / n1, (n0 + m) * left / n0
        rise = np.where(first >= second, (n1 - m - right) / n1, (left - n0 - m) / n0)
        value = m * weight - half * np.maximum(first, second) - critical * error
        turn = ((a - b) * left * right + weight * (left - right)) / (2 * error)
        return value, weight + m * (a - b) - half * rise - critical * turn

    # Either arm alone gives a root above the joint one, and the lesser is within a factor 2.
    square = critical * critical
    variant_alone = 2 * x1 / (1 + np.sqrt(1 + 4 * a * x1 / square))
    control_alone = (square + np.sqrt(square * (square + 4 * b * x0))) / (2 * b)
    most = np.where(x1 == n1, 0.0, x1)
    m = solve_increasing(excess, np.zeros_like(x1), most, np.fmin(variant_alone, control_alone))
    ratio = (x1 - m) * (n0 + m) / ((n1 - m) * (x0 + m))
    from_one = _lowest_from_one(x0, n0, n1, critical, half)
    return np.where(x1 == 0, 0.0, np.where(x1 == n1, from_one, ratio))


def _lowest_from_one(x0: Floats, n0: Floats, n1: Floats, critical: Floats, half: float) -> Floats:
    """The lower limit of p1 / p0 where every trial of the variant succeeded.

    The variant's constrained rate stays 1 until the multiplier reaches n1; from there the
    control's rate stays and the variant's falls. Half a step of either arm may be the coarser:
    the lower of both limits is the limit.
    """
    b = (n0 - x0) / n0
    root = critical * np.sqrt(b)
    limits = []
    for per_trial, constant, alone, share in (
        (half / n1, 0.0, 1 - half / n1, 0.0),
        (half / n0, half, 1.0, half / n0),
    ):
        # While it stays 1: (b - per_trial) R - root sqrt(R) - b (x0 + constant) = 0.
        lead = b - per_trial
        inside = root * root + 4 * lead * b * (x0 + constant)
        reached = np.where(lead > 0, ((root + np.sqrt(inside)) / (2 * lead)) ** 2, np.inf)
        staying = (n0 - x0 + reached) / reached
        # Once it falls: (alone - slope p)**2 = critical**2 (p (1 - p) / n1 + p**2 b / (x0 + n1)).
        held = (x0 + n1) / (n0 + n1)
        slope = (x0 / n0 + share) / held
        square = critical * critical
        lead = slope * slope + square / n1 - square * b / (x0 + n1)
        middle = 2 * alone * slope + square / n1
        rate = 2 * alone**2 / (middle + np.sqrt(np.maximum(middle**2 - 4 * lead * alone**2, 0.0)))
        limits.append(np.where(reached - x0 <= n1, staying, rate / held))
    return np.minimum(*limits)


def _lowest_odds(
    x0: Floats, n0: Floats, x1: Floats, n1: Floats, critical: Floats, step: Floats
) -> Floats:
    """The lower limit of the odds ratio: 0 where a success less, or one more, is impossible.

    The constrained arms have x1 - m and x0 + m successes, and the squared statistic is
    (m - step)**2 (1 / u1 + 1 / u0), with u an arm's trials times rate times failure rate.
    Source: Cornfield (1956), without his whole step of correction.
    """
    square = critical * critical

    def excess(m: Floats) -> tuple[Floats, Floats]:
        u1, u0 = (x1 - m) * (n1 - x1 + m) / n1, (x0 + m) * (n0 - x0 - m) / n0
        slope1, slope0 = (2 * (x1 - m) - n1) / n1, (n0 - 2 * (x0 + m)) / n0
        beyond = np.maximum(m - step, 0.0)
        value = beyond * beyond * (u0 + u1) - square * u0 * u1
        slope = 2 * beyond * (u0 + u1) + beyond * beyond * (slope0 + slope1)
        return value, slope - square * (slope1 * u0 + u1 * slope0)

    most = np.minimum(x1, n0 - x0)
    least = np.minimum(step, most)
    start = least + critical * np.sqrt(x1 * (n1 - x1 + 1) / n1 * (n0 - x0) * (x0 + 1) / n0)
    start = np.clip(start / np.sqrt(x1 + x0 + 1), least, (least + most) / 2)
    m = solve_increasing(excess, least, most, start)
    low = (x1 - m) * (n0 - x0 - m) / ((n1 - x1 + m) * (x0 + m))
    return np.where(most > step, low, 0.0)
