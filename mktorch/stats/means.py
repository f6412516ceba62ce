"""Means and ratios of sums from sufficient statistics: Welch's t and relative intervals.

An arm is reduced to an `Estimate`: a value, the variance of that value, and the degrees of
freedom of that variance. Plain means, ratios of sums and covariate-adjusted means differ
only in how the estimate is made; the test and the intervals are the same for all.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from mktorch.stats._numeric import (
    EPSILON,
    Flags,
    Floats,
    HypothesisTest,
    Interval,
    cross,
    floats,
    quiet,
    settle,
)


class Estimate(NamedTuple):
    """One arm's value, the variance of that value and its degrees of freedom (arrays)."""

    value: Floats
    variance: Floats
    df: Floats


class Sums(NamedTuple):
    """Sufficient statistics of paired observations (x, y) over n units, such as snapshots."""

    n: ArrayLike
    x: ArrayLike
    y: ArrayLike
    xx: ArrayLike
    yy: ArrayLike
    xy: ArrayLike


class Relative(StrEnum):
    """Ways to bound a relative difference."""

    LOG = "log"
    DELTA = "delta"
    FIELLER = "fieller"


@quiet
def mean_estimate(n: ArrayLike, total: ArrayLike, squares: ArrayLike) -> Estimate:
    """The mean of n units from their sum and sum of squares; NaN where n < 2.

    A variance below the rounding error of `squares` is taken as 0.

    >>> value, variance, df = mean_estimate(4, 10.0, 30.0)
    >>> float(value), round(float(variance), 6), float(df)
    (2.5, 0.416667, 3.0)
    """
    n, total, squares = floats(n, total, squares)
    n = np.where(n >= 2, n, np.nan)
    return Estimate(total / n, _centred(n, total, total, squares) / (n * n * (n - 1)), n - 1)


@quiet
def ratio_estimate(sums: Sums) -> Estimate:
    """The ratio sum(y) / sum(x) with its delta-method variance over n units.

    Variance: n / (n - 1) * sum((y - R x)**2) / sum(x)**2. NaN where n < 2 or sum(x) <= 0.

    Source: Cochran (1977), Sampling Techniques, ch. 6; Deng, Knoblich and Lu (2018), KDD.

    >>> estimate = ratio_estimate(Sums(n=3, x=6.0, y=12.0, xx=14.0, yy=50.0, xy=26.0))
    >>> round(float(estimate.value), 6), round(float(estimate.variance), 6)
    (2.0, 0.083333)
    """
    n, x, y, xx, yy, xy = floats(*sums)
    n = np.where((n >= 2) & (x > 0), n, np.nan)
    ratio = y / x
    residual = yy - 2 * ratio * xy + ratio * ratio * xx
    noise = 8 * EPSILON * (yy + ratio * ratio * xx)
    residual = np.where(residual > noise, residual, np.where(np.isnan(residual), np.nan, 0.0))
    return Estimate(np.where(n >= 2, ratio, np.nan), n / (n - 1) * residual / x**2, n - 1)


@quiet
def cuped_estimates(control: Sums, variant: Sums) -> tuple[Estimate, Estimate]:
    """Both arms' means of y adjusted for a covariate x measured before the experiment (CUPED).

    adjusted mean = mean(y) - theta (mean(x) - overall mean(x)), with theta the pooled
    within-arm slope of y on x. Randomization makes mean(x) equal in expectation, so the
    difference keeps its meaning and loses the variance that x explains. Where x does not
    vary, theta is 0 and the estimates are the plain means. NaN where an arm has n < 2.

    Source: Deng, Xu, Kohavi and Walker (2013), WSDM.

    >>> one = Sums(n=3, x=6.0, y=12.0, xx=14.0, yy=56.0, xy=28.0)
    >>> [float(arm.variance) for arm in cuped_estimates(one, one)]
    [0.0, 0.0]
    """
    columns = floats(*control, *variant)
    arms = [Sums(*columns[:6]), Sums(*columns[6:])]
    centred = [
        (
            _centred(n, x, x, xx) / n,
            _centred(n, y, y, yy) / n,
            cross(n, xy, x, y) / n,
        )
        for n, x, y, xx, yy, xy in (floats(*arm) for arm in arms)
    ]
    explained = centred[0][0] + centred[1][0]
    theta = np.where(explained > 0, (centred[0][2] + centred[1][2]) / explained, 0.0)
    overall = (columns[1] + columns[7]) / (columns[0] + columns[6])

    def adjusted(arm: Sums, parts: tuple[Floats, Floats, Floats]) -> Estimate:
        n, x, y, _, _, _ = floats(*arm)
        n = np.where(n >= 2, n, np.nan)
        sxx, syy, sxy = parts
        residual = syy - 2 * theta * sxy + theta * theta * sxx
        noise = 8 * EPSILON * (syy + theta * theta * sxx)
        residual = np.where(residual <= noise, 0.0, residual)
        return Estimate(y / n - theta * (x / n - overall), residual / (n * (n - 1)), n - 1)

    return adjusted(arms[0], centred[0]), adjusted(arms[1], centred[1])


def _centred(n: Floats, a: Floats, b: Floats, ab: Floats) -> Floats:
    """n sum(ab) - sum(a) sum(b) for a sum of squares; 0 where rounding is all it holds."""
    spread = cross(n, ab, a, b)
    noise = 4 * EPSILON * np.abs(n * ab)
    return np.where(spread <= noise, 0.0, spread)


@quiet
def standard_error(control: Estimate, variant: Estimate) -> Floats:
    """Standard error of the difference, in the unit of the value; NaN where it is 0."""
    variance = control.variance + variant.variance
    return np.sqrt(np.where(variance > 0, variance, np.nan))


@quiet
def satterthwaite(control: Estimate, variant: Estimate) -> Floats:
    """Degrees of freedom of the difference's variance. Source: Satterthwaite (1946), Welch (1947).

    >>> sleep = mean_estimate(10, 7.5, 34.43), mean_estimate(10, 23.3, 90.37)
    >>> round(float(satterthwaite(*sleep)), 5)
    17.77647
    """
    total = control.variance + variant.variance
    share0, share1 = control.variance / total, variant.variance / total
    return np.asarray(1 / (share0**2 / control.df + share1**2 / variant.df))


@quiet
def welch_test(control: Estimate, variant: Estimate) -> HypothesisTest:
    """Welch's two-sided t of equal values; NaN where either arm has n < 2 or neither varies.

    Source: Welch (1947), Biometrika 34; R's `t.test`.

    >>> sleep = mean_estimate(10, 7.5, 34.43), mean_estimate(10, 23.3, 90.37)
    >>> t, p = welch_test(*sleep)
    >>> round(float(t), 4), round(float(p), 5)
    (1.8608, 0.07939)
    """
    t = (variant.value - control.value) / standard_error(control, variant)
    return HypothesisTest(t, two_sided_t(t, satterthwaite(control, variant)))


@quiet
def welch_interval(control: Estimate, variant: Estimate, *, alpha: ArrayLike = 0.05) -> Interval:
    """Welch's interval for variant minus control, in the unit of the value.

    Excludes 0 exactly where `welch_test` gives p < alpha. NaN where that test is NaN.

    >>> sleep = mean_estimate(10, 7.5, 34.43), mean_estimate(10, 23.3, 90.37)
    >>> [round(float(end), 5) for end in welch_interval(*sleep)]
    [-0.20548, 3.36548]
    """
    gap, critical, significant = _decision(control, variant, alpha)
    reach = critical * standard_error(control, variant)
    return settle(Interval(gap - reach, gap + reach), gap > 0, significant, null=0.0)


@quiet
def relative_difference(control: Estimate, variant: Estimate) -> Floats:
    """Variant over control, minus 1; NaN where the control's value is not positive.

    >>> float(relative_difference(mean_estimate(2, 8.0, 34.0), mean_estimate(2, 10.0, 52.0)))
    0.25
    """
    return np.where(control.value > 0, variant.value / control.value - 1, np.nan)


@quiet
def relative_interval(
    control: Estimate, variant: Estimate, *, alpha: ArrayLike = 0.05, method: str = Relative.FIELLER
) -> Interval:
    """Interval for variant over control, minus 1, at Welch's t quantile.

    `fieller` inverts the test of `welch_test` and so excludes 0 exactly where p < alpha; it
    is NaN where the control's value is not itself distinguishable from 0, for then the set
    of ratios is unbounded. `delta` is symmetric about the estimate, `log` about its log.
    NaN where the control's value is not positive, or for `log` where either is not.
    Raises ValueError on an unknown method.

    Sources: Fieller (1954), JRSS B 16; delta method as in Deng et al. (2018).

    >>> sleep = mean_estimate(10, 7.5, 34.43), mean_estimate(10, 23.3, 90.37)
    >>> [round(float(end), 3) for end in relative_interval(*sleep, method="delta")]
    [-3.131, 7.344]
    """
    if method not in list(Relative):
        raise ValueError(f"unknown method {method!r}: use one of {', '.join(Relative)}")
    gap, critical, significant = _decision(control, variant, alpha)
    if method == Relative.FIELLER:
        return settle(fieller(control, variant, critical), gap > 0, significant, null=0.0)
    ratio = np.where(control.value > 0, variant.value / control.value, np.nan)
    if method == Relative.DELTA:
        reach = critical * np.sqrt(variant.variance + ratio**2 * control.variance) / control.value
        return Interval(ratio - reach - 1, ratio + reach - 1)
    ratio = np.where(ratio > 0, ratio, np.nan)
    relative = variant.variance / variant.value**2 + control.variance / control.value**2
    reach = critical * np.sqrt(relative)
    return Interval(np.expm1(np.log(ratio) - reach), np.expm1(np.log(ratio) + reach))


@quiet
def fieller(
    control: Estimate, variant: Estimate, critical: Floats, covariance: Floats | float = 0.0
) -> Interval:
    """Ratios minus 1 at which (variant - ratio * control) is within `critical` standard errors.

    `covariance` is that of the two values. NaN where the control's value is not more than
    `critical` standard errors above 0.
    """
    square = critical * critical
    a = control.value**2 - square * control.variance
    c = variant.value**2 - square * variant.variance
    b = control.value * variant.value - square * covariance
    varies = control.variance + variant.variance - 2 * covariance > 0
    bounded = (control.value > 0) & (a > 0) & varies
    root = np.sqrt(np.where(bounded, np.maximum(b * b - a * c, 0.0), np.nan))
    # The larger root in size by addition, the other from their product c / a.
    outer = b + np.where(b >= 0, root, -root)
    first, second = outer / a, c / np.where(outer == 0, np.nan, outer)
    second = np.where(outer == 0, 0.0, second)
    return Interval(np.minimum(first, second) - 1, np.maximum(first, second) - 1)


def two_sided_t(t: Floats, df: Floats) -> Floats:
    """Two-sided Student p of t, accurate in the tail."""
    return np.asarray(2 * special.stdtr(df, -np.abs(t)))


def critical_t(alpha: ArrayLike, df: Floats) -> Floats:
    """The |t| whose two-sided p is alpha; NaN outside (0, 1)."""
    level, freedom = floats(alpha, df)
    inside = (level > 0) & (level < 1) & ~np.isnan(freedom)
    quantile = special.stdtrit(np.where(inside, freedom, 1.0), np.where(inside, level, 0.5) / 2)
    return np.where(inside, -quantile, np.nan)


def _decision(
    control: Estimate, variant: Estimate, alpha: ArrayLike
) -> tuple[Floats, Floats, Flags]:
    """The difference, its t quantile at alpha, and whether Welch's p is below alpha."""
    (level,) = floats(alpha)
    critical = critical_t(level, satterthwaite(control, variant))
    significant = welch_test(control, variant).p_value < level
    return variant.value - control.value, critical, significant
