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
    Alternative,
    Flags,
    Floats,
    HypothesisTest,
    Interval,
    checked,
    cross,
    floats,
    one_side,
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
def mean_interval(estimate: Estimate, *, alpha: ArrayLike = 0.05) -> Interval:
    """One arm's interval, at Student's quantile, in the unit of the value.

    NaN where the variance is unknown or alpha is outside (0, 1).

    >>> sleep = mean_estimate(10, 23.3, 90.37)
    >>> [round(float(end), 4) for end in mean_interval(sleep)]
    [0.8977, 3.7623]
    """
    reach = critical_t(alpha, estimate.df) * np.sqrt(estimate.variance)
    return Interval(estimate.value - reach, estimate.value + reach)


@quiet
def welch_test(
    control: Estimate, variant: Estimate, *, alternative: str = Alternative.TWO_SIDED
) -> HypothesisTest:
    """Welch's t of equal values; NaN where either arm has n < 2 or neither varies.

    Raises ValueError on an unknown alternative. Source: Welch (1947), Biometrika 34; R's `t.test`.

    >>> sleep = mean_estimate(10, 7.5, 34.43), mean_estimate(10, 23.3, 90.37)
    >>> t, p = welch_test(*sleep)
    >>> round(float(t), 4), round(float(p), 5)
    (1.8608, 0.07939)
    """
    t = (variant.value - control.value) / standard_error(control, variant)
    return HypothesisTest(t, student_p(t, satterthwaite(control, variant), alternative))


@quiet
def welch_interval(
    control: Estimate,
    variant: Estimate,
    *,
    alpha: ArrayLike = 0.05,
    alternative: str = Alternative.TWO_SIDED,
) -> Interval:
    """Welch's interval for variant minus control, in the unit of the value.

    Excludes 0 exactly where `welch_test` gives p < alpha under the same alternative; a one-sided
    one leaves the other end infinite. NaN where that test is NaN.

    >>> sleep = mean_estimate(10, 7.5, 34.43), mean_estimate(10, 23.3, 90.37)
    >>> [round(float(end), 5) for end in welch_interval(*sleep)]
    [-0.20548, 3.36548]
    """
    gap, critical, significant = _decision(control, variant, alpha, alternative)
    reach = critical * standard_error(control, variant)
    interval = settle(Interval(gap - reach, gap + reach), gap > 0, significant, null=0.0)
    return one_side(interval, -np.inf, np.inf, alternative)


@quiet
def relative_difference(control: Estimate, variant: Estimate) -> Floats:
    """Variant over control, minus 1; NaN where the control's value is not positive.

    >>> float(relative_difference(mean_estimate(2, 8.0, 34.0), mean_estimate(2, 10.0, 52.0)))
    0.25
    """
    return np.where(control.value > 0, variant.value / control.value - 1, np.nan)


@quiet
def log_ratio_test(
    control: Estimate, variant: Estimate, *, alternative: str = Alternative.TWO_SIDED
) -> HypothesisTest:
    """Student's t of the log of variant over control; NaN where either value is not positive.

    On the log scale an arm's variance is its squared coefficient of variation, and the degrees of
    freedom are Satterthwaite's of those, not of the variances themselves.

    >>> sales = Estimate(*floats(10.0, 4.0, 4)), Estimate(*floats(30.0, 9.0, 4))
    >>> t, p = log_ratio_test(*sales)
    >>> round(float(t), 4), round(float(p), 4)
    (4.9131, 0.0028)
    """
    on_log = _logs(control), _logs(variant)
    return welch_test(*on_log, alternative=alternative)


def _logs(arm: Estimate) -> Estimate:
    value = np.where(arm.value > 0, arm.value, np.nan)
    return Estimate(np.log(value), arm.variance / value**2, arm.df)


@quiet
def relative_interval(
    control: Estimate,
    variant: Estimate,
    *,
    alpha: ArrayLike = 0.05,
    method: str = Relative.FIELLER,
    alternative: str = Alternative.TWO_SIDED,
) -> Interval:
    """Interval for variant over control, minus 1, at Student's quantile.

    `fieller` inverts `welch_test` and `log` inverts `log_ratio_test`: each excludes 0 exactly where
    its test gives p < alpha under the same alternative. Where the control's value is not itself
    distinguishable from 0, Fieller's set is unbounded, and so is the interval: to the far side of
    a significant difference, else to both. NaN where the control's value is not positive, or for
    `log` where either is not. Raises ValueError on an unknown method or alternative.

    Source: Fieller (1954), JRSS B 16.

    >>> sleep = mean_estimate(10, 7.5, 34.43), mean_estimate(10, 23.3, 90.37)
    >>> [round(float(end), 3) for end in relative_interval(*sleep, method="log")]
    [-0.465, 17.04]
    """
    if method not in list(Relative):
        raise ValueError(f"unknown method {method!r}: use one of {', '.join(Relative)}")
    if method == Relative.LOG:
        logs = welch_interval(_logs(control), _logs(variant), alpha=alpha, alternative=alternative)
        return Interval(np.expm1(logs.low), np.expm1(logs.high))
    gap, critical, significant = _decision(control, variant, alpha, alternative)
    interval = settle(fieller(control, variant, critical), gap > 0, significant, null=0.0)
    return one_side(interval, -np.inf, np.inf, alternative)


@quiet
def fieller(
    control: Estimate, variant: Estimate, critical: Floats, covariance: Floats | float = 0.0
) -> Interval:
    """Ratios minus 1 at which (variant - ratio * control) is within `critical` standard errors.

    `covariance` is that of the two values. NaN where the control's value is not positive or
    neither varies. Where it is not more than `critical` standard errors above 0 the ratios are two
    rays: the one of a gain, or of a loss, where 1 lies between them, else all there is.
    """
    square = critical * critical
    a = control.value**2 - square * control.variance
    c = variant.value**2 - square * variant.variance
    b = control.value * variant.value - square * covariance
    varies = control.variance + variant.variance - 2 * covariance > 0
    defined = (control.value > 0) & varies & np.isfinite(critical)
    # The larger root in size by addition, the other from their product c / a.
    root = np.sqrt(np.where(defined, np.maximum(b * b - a * c, 0.0), np.nan))
    outer = b + np.where(b >= 0, root, -root)
    first, second = outer / a, c / np.where(outer == 0, np.nan, outer)
    second = np.where(outer == 0, 0.0, second)
    low, high = np.minimum(first, second), np.maximum(first, second)
    rays = defined & (a < 0)
    apart = (b * b > a * c) & (low < 1) & (high > 1)
    gain = apart & (variant.value > control.value)
    from_ray = np.where(gain, high, -np.inf), np.where(apart & ~gain, low, np.inf)
    return Interval(np.where(rays, from_ray[0], low) - 1, np.where(rays, from_ray[1], high) - 1)


def two_sided_t(t: Floats, df: Floats) -> Floats:
    """Two-sided Student p of t, accurate in the tail."""
    return np.asarray(2 * special.stdtr(df, -np.abs(t)))


def student_p(t: Floats, df: Floats, alternative: str) -> Floats:
    """p of t under the alternative. Raises ValueError on an unknown one."""
    asked = checked(alternative)
    if asked is Alternative.TWO_SIDED:
        return two_sided_t(t, df)
    return np.asarray(special.stdtr(df, -t if asked is Alternative.GREATER else t))


def critical_t(alpha: ArrayLike, df: Floats) -> Floats:
    """The |t| whose two-sided p is alpha; NaN outside (0, 1)."""
    level, freedom = floats(alpha, df)
    inside = (level > 0) & (level < 1) & ~np.isnan(freedom)
    quantile = special.stdtrit(np.where(inside, freedom, 1.0), np.where(inside, level, 0.5) / 2)
    return np.where(inside, -quantile, np.nan)


def _decision(
    control: Estimate, variant: Estimate, alpha: ArrayLike, alternative: str
) -> tuple[Floats, Floats, Flags]:
    """The difference, its t quantile at alpha, and whether Welch's p is below alpha."""
    (level,) = floats(alpha)
    tails = level if alternative == Alternative.TWO_SIDED else 2 * level
    critical = critical_t(tails, satterthwaite(control, variant))
    significant = welch_test(control, variant, alternative=alternative).p_value < level
    return variant.value - control.value, critical, significant
