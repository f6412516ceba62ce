"""Looking early: intervals and p-values that stay valid however often one looks.

The asymptotic confidence sequence of the normal mixture: with n trials in both arms
together, the interval at every look is the estimate +- c(n) standard errors, where

    c(n)**2 = 2 (n rho**2 + 1) / (n rho**2) * log(sqrt(n rho**2 + 1) / alpha)

and rho, which sets where the sequence is tightest, comes from a sample size N* by
rho**2 = (-2 log(alpha) + log(-2 log(alpha) + 1)) / N*.

rho belongs to the design: it is set once by the configured alpha and N*, and held. The
always-valid p is then the least level at which the interval with that rho excludes no
effect, so p < alpha exactly when the interval at alpha excludes it.

Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), "Time-uniform central limit
theory and asymptotic confidence sequences", Annals of Statistics 52; the two-sample form
and N* = 5000 as GrowthBook documents them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from mktorch.stats._numeric import Flags, Floats, Interval, floats, quiet, settle
from mktorch.stats.clusters import Gap, gap_intervals
from mktorch.stats.means import Estimate, fieller, standard_error
from mktorch.stats.proportions import score_test, smallest_expected_count
from mktorch.stats.score import invert_difference, invert_ratio

TUNING_SAMPLE = 5000.0
"""N*: trials in both arms together at which the sequence is about tightest."""
LEAST_COUNT = 5.0
"""Least expected count from which the sequence of two proportions concludes anything."""


class AlwaysValid(NamedTuple):
    """An always-valid p-value with the intervals that agree with it (arrays)."""

    p_value: Floats
    difference: Interval
    lift: Interval


@quiet
def tuning(alpha: ArrayLike = 0.05, *, tuning_sample: ArrayLike = TUNING_SAMPLE) -> Floats:
    """The mixture's rho for a level and a sample size N*; NaN outside their ranges.

    >>> round(float(tuning(0.05)), 5)
    0.03984
    """
    level, sample = floats(alpha, tuning_sample)
    doubled = -2 * np.log(np.where((level > 0) & (level < 1), level, np.nan))
    return np.asarray(np.sqrt((doubled + np.log1p(doubled)) / np.where(sample > 0, sample, np.nan)))


@quiet
def sequential_critical(
    n: ArrayLike, *, alpha: ArrayLike = 0.05, tuning_sample: ArrayLike = TUNING_SAMPLE
) -> Floats:
    """c(n), the standard errors to either side at n trials: what 1.96 is to one look.

    >>> sequential_critical([1000, 5000, 100000]).round(3).tolist()
    [3.364, 3.035, 3.337]
    """
    n, level, sample = floats(n, alpha, tuning_sample)
    scaled = np.where(n > 0, n, np.nan) * tuning(level, tuning_sample=sample) ** 2
    return np.asarray(np.sqrt((1 + 1 / scaled) * (np.log1p(scaled) - 2 * np.log(level))))


@quiet
def always_valid_p(
    z: ArrayLike,
    n: ArrayLike,
    *,
    alpha: ArrayLike = 0.05,
    tuning_sample: ArrayLike = TUNING_SAMPLE,
) -> Floats:
    """The always-valid p of a standardized effect z at n trials: below alpha where |z| > c(n).

    p = min(1, sqrt(n rho**2 + 1) exp(-z**2 / 2 * n rho**2 / (n rho**2 + 1))). The minimum over
    looks is itself valid. NaN where z is NaN or n is not positive.

    >>> round(float(always_valid_p(4.0, 5000)), 5)
    0.00245
    """
    z, n, level, sample = floats(z, n, alpha, tuning_sample)
    scaled = np.where(n > 0, n, np.nan) * tuning(level, tuning_sample=sample) ** 2
    log_p = np.log1p(scaled) / 2 - z * z / 2 * scaled / (scaled + 1)
    return np.asarray(np.exp(np.minimum(log_p, 0.0)))


@quiet
def as_normal(t: ArrayLike, df: ArrayLike) -> Floats:
    """The normal z in whose tail as much lies as in that of Student's t; t itself at infinite df.

    >>> as_normal([2.776, -2.776, 2.0], [4, 4, float("inf")]).round(2).tolist()
    [1.96, -1.96, 2.0]
    """
    t, df = floats(t, df)
    z = -special.ndtri(special.stdtr(df, -np.abs(t)))
    return np.asarray(np.where(np.isinf(df), t, np.sign(t) * z))


@quiet
def as_student(z: ArrayLike, df: ArrayLike) -> Floats:
    """The t of a z: undoes `as_normal`."""
    z, df = floats(z, df)
    t = -special.stdtrit(df, special.ndtr(-np.abs(z)))
    return np.asarray(np.where(np.isinf(df), z, np.sign(z) * t))


@quiet
def confidence_sequence(
    estimate: ArrayLike,
    standard_error: ArrayLike,
    n: ArrayLike,
    *,
    alpha: ArrayLike = 0.05,
    tuning_sample: ArrayLike = TUNING_SAMPLE,
) -> Interval:
    """The always-valid interval of any asymptotically normal estimate, in its unit.

    `standard_error` is of the estimate, n the trials behind it. NaN where either is not positive.

    >>> [round(float(end), 4) for end in confidence_sequence(0.02, 0.005, 5000)]
    [0.0048, 0.0352]
    """
    middle, error, n, level, sample = floats(estimate, standard_error, n, alpha, tuning_sample)
    error = np.where(error > 0, error, np.nan)
    reach = sequential_critical(n, alpha=level, tuning_sample=sample) * error
    significant = always_valid_p(middle / error, n, alpha=level, tuning_sample=sample) < level
    return settle(Interval(middle - reach, middle + reach), middle > 0, significant, null=0.0)


def always_valid_proportions(
    x0: ArrayLike,
    n0: ArrayLike,
    x1: ArrayLike,
    n1: ArrayLike,
    *,
    alpha: ArrayLike = 0.05,
    tuning_sample: ArrayLike = TUNING_SAMPLE,
    df: ArrayLike = np.inf,
) -> AlwaysValid:
    """The confidence sequence for two proportions, by the score statistic.

    Where the counts were divided by a dispersion seen over few clusters, `df` are its degrees of
    freedom: the statistic is then read as Student's.

    The difference and ratio intervals of `mee` and `koopman` with c(n0 + n1) in place of the
    normal quantile: p < alpha exactly when both exclude no effect, and small counts are
    handled as there. NaN as there; the lift's high end is infinity where the control has no
    success. While an expected count is below `LEAST_COUNT` nothing is concluded: p is 1 and the
    intervals are all there is, since the limit theorem behind the sequence has not begun to hold.

    >>> result = always_valid_proportions(500, 10000, 650, 10000)
    >>> round(float(result.p_value), 6), [round(float(end), 4) for end in result.difference]
    (0.000244, [0.0047, 0.0254])
    """
    x0, n0, x1, n1, level, sample, df = floats(x0, n0, x1, n1, alpha, tuning_sample, df)
    z = as_normal(score_test(x0, n0, x1, n1).statistic, df)
    p = always_valid_p(z, n0 + n1, alpha=level, tuning_sample=sample)
    critical = as_student(sequential_critical(n0 + n1, alpha=level, tuning_sample=sample), df)
    few = smallest_expected_count(x0, n0, x1, n1) < LEAST_COUNT
    significant = p < level
    low, high = invert_ratio(x0, n0, x1, n1, critical, significant)
    gap = invert_difference(x0, n0, x1, n1, critical, significant)
    found = AlwaysValid(p, gap, Interval(low - 1, high - 1))
    return withheld(found, few, bound=1.0)


def withheld(found: AlwaysValid, where: Flags, *, bound: float = np.inf) -> AlwaysValid:
    """The answer with nothing concluded where told: p is 1, the intervals all that can be.

    `bound` is the greatest difference there is. NaN stays.
    """

    def opened(interval: Interval, low: float, high: float) -> Interval:
        known = where & ~np.isnan(interval.low)
        return Interval(np.where(known, low, interval.low), np.where(known, high, interval.high))

    return AlwaysValid(
        np.where(where & ~np.isnan(found.p_value), 1.0, found.p_value),
        opened(found.difference, -bound, bound),
        opened(found.lift, -1.0, np.inf),
    )


@quiet
def always_valid_means(
    control: Estimate,
    variant: Estimate,
    *,
    alpha: ArrayLike = 0.05,
    tuning_sample: ArrayLike = TUNING_SAMPLE,
) -> AlwaysValid:
    """The confidence sequence for two means or two ratios of sums, with Fieller's lift.

    n is the units behind both variances, such as snapshots: choose `tuning_sample` on that
    scale. NaN where neither arm varies; the lift is NaN where the control's value is not
    distinguishable from 0.

    >>> arms = Estimate(*floats(10.0, 0.04, 59)), Estimate(*floats(12.0, 0.05, 59))
    >>> p, difference, lift = always_valid_means(*arms, tuning_sample=120)
    >>> float(p) < 0.001, [round(float(end), 3) for end in difference]
    (True, [1.089, 2.911])
    """
    error = standard_error(control, variant)
    gap = variant.value - control.value
    n = control.df + variant.df + 2
    critical = sequential_critical(n, alpha=alpha, tuning_sample=tuning_sample)
    p = always_valid_p(gap / error, n, alpha=alpha, tuning_sample=tuning_sample)
    interval = confidence_sequence(gap, error, n, alpha=alpha, tuning_sample=tuning_sample)
    lift = settle(fieller(control, variant, critical), gap > 0, p < floats(alpha)[0], null=0.0)
    return AlwaysValid(p, interval, lift)


@quiet
def always_valid_gap(
    gap: Gap, n: ArrayLike, *, alpha: ArrayLike = 0.05, tuning_sample: ArrayLike = TUNING_SAMPLE
) -> AlwaysValid:
    """The confidence sequence of two estimates that may share shocks, with Fieller's lift.

    n is the units behind both, such as days: choose `tuning_sample` on that scale. The statistic
    is read as Student's with the gap's degrees of freedom. NaN where the gap does not vary.

    >>> gap = Gap(*floats(10.0, 12.0, 0.04, 0.05, 0.02, 59))
    >>> p, difference, lift = always_valid_gap(gap, 120, tuning_sample=120)
    >>> float(p) < 0.001, [round(float(end), 3) for end in difference]
    (True, [1.291, 2.709])
    """
    level, n, sample, df = floats(alpha, n, tuning_sample, gap.df)
    p = always_valid_p(
        as_normal(gap.difference / gap.error, df), n, alpha=level, tuning_sample=sample
    )
    critical = as_student(sequential_critical(n, alpha=level, tuning_sample=sample), df)
    return AlwaysValid(p, *gap_intervals(gap, critical, p < level))
