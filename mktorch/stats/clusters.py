"""Sums that come in clusters, such as the days of two arms: what the arms' gap varies by.

Trials of one day share that day's audience, auction and season, so they are not independent, and
the binomial variance of a rate is too small. Each arm's ratio of sums is therefore linearized: a
cluster's influence is (x - R n) / sum(n), and the variance of R is their sum of squares (the delta
method). Two arms are paired in the clusters where both ran, so that a shock they share cancels.

Days in a row may resemble each other, and then the mean varies by more than the days tell. Their
long-run variance is that of an autoregression of the first order. Its coefficient is taken not at
its estimate but a margin above it, since a few days hardly show it; the margin is settled by
simulation (`benchmarks/experiment_inference.py`).

Sources: Cochran (1977), Sampling Techniques, ch. 6; Deng, Knoblich and Lu (2018), KDD; the bias of
an estimated autocorrelation: Marriott and Pope (1954), Biometrika 41; tests of means of dependent
data: Zwiers and von Storch (1995), Journal of Climate 8.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mktorch.stats._numeric import (
    EPSILON,
    Flags,
    Floats,
    HypothesisTest,
    Interval,
    quiet,
    settle,
)
from mktorch.stats.means import Estimate, fieller, two_sided_t

STRONGEST = (0.8, 0.95)
"""Greatest autocorrelation of days that a variance allows for: of few days, and of many."""


class Clusters(NamedTuple):
    """What clusters say of two ratios of sums, per pair of arms (arrays).

    `value*` are the ratios, `variance*` and `covariance` theirs over the clusters as if no cluster
    resembled its neighbour; `clusters*` count each arm's, `clusters` those of either, `paired`
    those of both. `df` are the degrees of freedom of the gap's variance, `lag` is the
    autocorrelation of the gap from one cluster to the next, in their order. `shape0` and `shape1`
    are each arm's variance with its neighbours' covariance, which shows dispersion best.
    """

    value0: Floats
    value1: Floats
    variance0: Floats
    variance1: Floats
    covariance: Floats
    clusters0: Floats
    clusters1: Floats
    clusters: Floats
    paired: Floats
    df: Floats
    lag: Floats
    shape0: Floats
    shape1: Floats

    @property
    def variance(self) -> Floats:
        """Of the difference between the ratios."""
        return np.maximum(self.variance0 + self.variance1 - 2 * self.covariance, 0.0)


@quiet
def cluster(
    pair: NDArray[np.intp], pairs: int, arms: tuple[Floats, Floats, Floats, Floats]
) -> Clusters:
    """Sum clusters up by pair: one element per cluster and pair, pairs together and in order.

    `arms` are numerator and denominator of the control, then of the variant; NaN where that arm
    did not run. NaN for a pair of which an arm has no denominator, and variances of an arm with
    fewer than two clusters.

    >>> x = np.array([2.0, 4.0, 6.0]), np.array([10.0, 20.0, 30.0])
    >>> found = cluster(np.zeros(3, dtype=np.intp), 1, (*x, x[0] + 1, x[1]))
    >>> found.value1.round(3).tolist(), found.clusters.tolist(), found.df.tolist()
    ([0.25], [3.0], [2.0])
    """

    def total(values: Floats) -> Floats:
        return np.bincount(pair, weights=values, minlength=pairs).astype(np.float64)

    follows = pair[1:] == pair[:-1]

    def neighbours(values: Floats) -> Floats:
        products = np.where(follows, values[1:] * values[:-1], 0.0)
        return total(np.concatenate(([0.0], products))[: pair.size])

    (value0, count0, moved0, there0), (value1, count1, moved1, there1) = (
        _influence(pair, x, n, total) for x, n in (arms[:2], arms[2:])
    )
    both = total((there0 & there1).astype(float))
    clusters = count0 + count1 - both
    joint = both > 0
    scale0, scale1 = (
        np.where(joint, _unbiased(clusters), _unbiased(count)) for count in (count0, count1)
    )
    variance0, variance1 = scale0 * total(moved0**2), scale1 * total(moved1**2)
    gap = moved1 - moved0
    whole = variance0 + variance1
    apart = whole**2 / (variance0**2 / (count0 - 1) + variance1**2 / (count1 - 1))
    return Clusters(
        value0=value0,
        value1=value1,
        variance0=variance0,
        variance1=variance1,
        covariance=np.where(joint, scale0 * total(moved0 * moved1), 0.0),
        clusters0=count0,
        clusters1=count1,
        clusters=clusters,
        paired=both,
        df=np.where(joint, clusters - 1, apart),
        lag=neighbours(gap) / total(gap**2),
        shape0=_unbiased(count0) * (total(moved0**2) + neighbours(moved0)),
        shape1=_unbiased(count1) * (total(moved1**2) + neighbours(moved1)),
    )


def _influence(
    pair: NDArray[np.intp], x: Floats, n: Floats, total: Callable[[Floats], Floats]
) -> tuple[Floats, Floats, Floats, Flags]:
    """An arm's ratio, its clusters, each cluster's influence on the ratio, and where it ran.

    Influences that only rounding tells from 0 are 0.
    """
    there = ~np.isnan(n)
    x, n = np.where(there, x, 0.0), np.where(there, n, 0.0)
    whole = total(n)
    whole = np.where(whole > 0, whole, np.nan)
    ratio = total(x) / whole
    expected = ratio[pair] * n
    moved = x - expected
    rounding = 8 * EPSILON * (np.abs(x) + np.abs(expected))
    moved = np.where(np.abs(moved) <= rounding, 0.0, moved) / whole[pair]
    return ratio, total(there.astype(float)), moved, there


def _unbiased(count: Floats) -> Floats:
    return count / np.where(count >= 2, count - 1, np.nan)


@quiet
def long_run(clusters: Floats, lag: Floats) -> Floats:
    """How much more a mean of days varies than their own spread tells, at least 1.

    The ratio of the mean's variance under an autoregression to what the days' variance, which
    misses what neighbours share, would make it. The autocorrelation is freed of its bias and taken
    a margin higher: 1.4 standard errors, and more where days are few.

    >>> long_run(np.array([7.0, 28.0, 28.0]), np.array([0.0, -0.3, 0.4])).round(2).tolist()
    [10.69, 1.0, 8.2]
    """
    count = np.where(clusters >= 2, clusters, np.nan)
    margin = (1.4 + 2.4 / (count - 1)) / np.sqrt(count - 1)
    strongest = np.clip(1 - 3 / count, *STRONGEST)
    strength = np.clip(lag + (1 + 3 * lag) / count + margin, 0.0, strongest)
    rest = 1 - strength
    shared = 2 * (strength / rest - strength * (1 - strength**count) / (count * rest * rest))
    return np.asarray((1 + shared) / (1 - shared / (count - 1)))


@quiet
def doubt(dispersion: Floats, clusters: Floats) -> Floats:
    """How much arms' days speak against varying as independent trials do: 0 not at all, 1 fully.

    `dispersion` is the mean over both arms of `shape` over the binomial variance. It counts for
    nothing up to 1.38 - 2.45 / clusters**0.6, and at most 1.4 / sqrt(clusters) above 1, and fully
    from 1.2 / sqrt(clusters) above that, about its standard error: few days must vary less than
    trials would to show that there is no more to them. 1 where unknown.

    >>> doubt(np.array([0.5, 1.1, 1.0, 1.1, 1.6]), np.array([7.0, 7.0, 28.0, 28.0, 28.0])).round(2)
    array([0.  , 1.  , 0.  , 0.23, 1.  ])
    """
    root = np.sqrt(clusters)
    harmless = np.minimum(1.38 - 2.45 / clusters**0.6, 1 + 1.4 / root)
    return np.nan_to_num(np.clip((dispersion - harmless) * root / 1.2, 0.0, 1.0), nan=1.0)


class Dispersion(NamedTuple):
    """How much more the gap of two proportions varies than independent trials would (arrays).

    `gap` is its variance over the clusters by the binomial one, NaN where an arm has fewer than
    two. `near` says that the arms' days vary as trials do: nothing speaks against it by `doubt`.
    `inflation` is the factor that the variance of trials takes, at least 1, and `df` the degrees of
    freedom it then has: 1 and infinity where trials are as good as independent or there is nothing
    to tell, what the clusters give where doubt is full, between them (by the logarithm, and by the
    inverse) where it is partial.
    """

    gap: Floats
    near: Flags
    single: Flags
    inflation: Floats
    df: Floats


@quiet
def dispersion(
    found: Clusters,
    counts: tuple[Floats, Floats, Floats, Floats],
    independent: Flags | bool = False,
) -> Dispersion:
    """Judge clusters of `counts` (successes and trials of control, then variant) against trials.

    `independent` marks pairs whose trials are declared so.
    """
    x0, n0, x1, n1 = counts
    rate0, rate1, pooled = x0 / n0, x1 / n1, (x0 + x1) / (n0 + n1)
    own0, own1 = rate0 * (1 - rate0) / n0, rate1 * (1 - rate1) / n1
    single = ~((found.clusters0 >= 2) & (found.clusters1 >= 2))
    gap = found.variance / (pooled * (1 - pooled) * (1 / n0 + 1 / n1))
    gap = np.where(single, np.nan, gap)

    def both(variance0: Floats, variance1: Floats) -> Floats:
        # An arm without a success, or a failure, shows no dispersion: the other's stands for both.
        seen0, seen1 = variance0 / own0, variance1 / own1
        return (np.where(own0 > 0, seen0, seen1) + np.where(own1 > 0, seen1, seen0)) / 2

    # A swing from day to day cancels among neighbours: alone it counts a margin later.
    alone = both(found.variance0, found.variance1) - 1.4 / np.sqrt(found.clusters)
    share = doubt(np.fmax(both(found.shape0, found.shape1), alone), found.clusters)
    near = share == 0
    share = np.where(independent | single, 0.0, share)
    widest = np.maximum(gap, 1.0) * long_run(found.clusters, found.lag)
    return Dispersion(
        gap=gap,
        near=near,
        single=single,
        inflation=np.where(share > 0, widest**share, 1.0),
        df=np.where(share > 0, found.df / share, np.inf),
    )


class Gap(NamedTuple):
    """Two estimates that may share shocks: values, variances, covariance, degrees of freedom."""

    value0: Floats
    value1: Floats
    variance0: Floats
    variance1: Floats
    covariance: Floats
    df: Floats

    @property
    def difference(self) -> Floats:
        """Variant minus control."""
        return self.value1 - self.value0

    @property
    def error(self) -> Floats:
        """Standard error of the difference; NaN where it does not vary."""
        variance = self.variance0 + self.variance1 - 2 * self.covariance
        return np.sqrt(np.where(variance > 0, variance, np.nan))


def spread(found: Clusters, inflation: Floats) -> Gap:
    """The gap of clusters, its variance times an inflation such as `long_run`'s."""
    scaled = (found.variance0, found.variance1, found.covariance)
    variance0, variance1, covariance = (each * inflation for each in scaled)
    return Gap(found.value0, found.value1, variance0, variance1, covariance, found.df)


@quiet
def gap_test(gap: Gap) -> HypothesisTest:
    """Two-sided t of no difference; NaN where it does not vary."""
    t = gap.difference / gap.error
    return HypothesisTest(t, two_sided_t(t, gap.df))


@quiet
def gap_intervals(gap: Gap, critical: Floats, significant: Flags) -> tuple[Interval, Interval]:
    """The difference and the lift within `critical` standard errors, agreeing with `significant`.

    The lift's is Fieller's: ratios r at which value1 - r value0 is within `critical` of its own
    standard errors. NaN where value0 is not distinguishable from 0.
    """
    reach = critical * gap.error
    up = gap.difference > 0
    difference = Interval(gap.difference - reach, gap.difference + reach)
    control = Estimate(gap.value0, gap.variance0, gap.df)
    variant = Estimate(gap.value1, gap.variance1, gap.df)
    lift = fieller(control, variant, critical, gap.covariance)
    return (
        settle(difference, up, significant, null=0.0),
        settle(lift, up, significant, null=0.0),
    )
