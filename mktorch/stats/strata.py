"""Two proportions over strata: one odds ratio, rate ratio and difference for all of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mktorch.stats._numeric import (
    Floats,
    HypothesisTest,
    Interval,
    critical_z,
    floats,
    quiet,
    two_sided,
)
from mktorch.stats.proportions import valid_counts


class Stratified(NamedTuple):
    """One answer for all strata of each experiment (arrays): test, estimates, intervals."""

    test: HypothesisTest
    difference: Floats
    difference_interval: Interval
    ratio: Floats
    ratio_interval: Interval
    odds_ratio: Floats
    odds_ratio_interval: Interval


@quiet
def mantel_haenszel(
    x0: ArrayLike,
    n0: ArrayLike,
    x1: ArrayLike,
    n1: ArrayLike,
    *,
    alpha: ArrayLike = 0.05,
    continuity: bool = False,
) -> Stratified:
    """Mantel and Haenszel's test and common effects; counts have shape (..., strata).

    The results have shape (...): the strata are summed over, so that a mix of strata that differs
    between arms misleads nobody. A stratum without trials in an arm, or with NaN, says nothing.
    The statistic is the signed root of the Cochran-Mantel-Haenszel chi-square, up where the variant
    does better; `continuity` takes one half off its numerator. NaN where no stratum tells. The
    intervals have variances of their own: near alpha they may differ from the test.

    Sources: Mantel and Haenszel (1959), JNCI 22; variances: Robins, Breslow and Greenland (1986),
    Biometrics 42 (odds ratio); Greenland and Robins (1985), Biometrics 41 (rate ratio); Sato
    (1989), Biometrics 45 (difference).

    >>> low, high = mantel_haenszel([5, 20], [100, 50], [9, 30], [90, 60]).odds_ratio_interval
    >>> round(float(low), 3), round(float(high), 3)
    (0.891, 3.135)
    """
    x0, n0, x1, n1 = floats(x0, n0, x1, n1)
    told = valid_counts(x0, n0, x1, n1)
    x0, n0, x1, n1 = (np.where(told, value, 0.0) for value in (x0, n0, x1, n1))
    n, x = np.where(told, n0 + n1, 1.0), x0 + x1
    y0, y1 = n0 - x0, n1 - x1
    (z,) = floats(critical_z(alpha))

    def total(values: Floats) -> Floats:
        return np.asarray(np.where(told, values, 0.0).sum(axis=-1))

    gap = total(x1 - n1 * x / n)
    spread = total(n0 * n1 * x * (n - x) / (n * n * np.maximum(n - 1, 1.0)))
    beyond = np.maximum(np.abs(gap) - continuity * 0.5, 0.0)
    statistic = np.copysign(beyond, gap) / np.sqrt(np.where(spread > 0, spread, np.nan))

    weight = total(n0 * n1 / n)
    weight = np.where(weight > 0, weight, np.nan)
    difference = total((x1 * n0 - x0 * n1) / n) / weight
    weighted = total((n0**2 * x1 - n1**2 * x0 + n0 * n1 * (n1 - n0) / 2) / (n * n))
    mixed = total((x0 * y1 + x1 * y0) / (2 * n))
    reach = z * np.sqrt(np.maximum(difference * weighted + mixed, 0.0)) / weight

    up, down = total(x1 * n0 / n), total(x0 * n1 / n)
    both = np.where((up > 0) & (down > 0), up * down, np.nan)
    ratio = up / np.where(down > 0, down, np.nan)
    ratio_error = np.sqrt(total((n0 * n1 * x - x0 * x1 * n) / (n * n)) / both)

    r, s = x1 * y0 / n, x0 * y1 / n
    p, q = (x1 + y0) / n, (x0 + y1) / n
    for_, against = total(r), total(s)
    odds = for_ / np.where(against > 0, against, np.nan)
    odds_variance = (
        total(p * r) / (2 * for_**2)
        + total(p * s + q * r) / (2 * for_ * against)
        + total(q * s) / (2 * against**2)
    )
    return Stratified(
        HypothesisTest(statistic, two_sided(statistic)),
        difference,
        Interval(difference - reach, difference + reach),
        ratio,
        _around(ratio, z * ratio_error),
        odds,
        _around(odds, z * np.sqrt(odds_variance)),
    )


def _around(ratio: Floats, reach: Floats) -> Interval:
    return Interval(ratio * np.exp(-reach), ratio * np.exp(reach))
