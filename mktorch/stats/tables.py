"""Tables of counts: chi-square over k arms, and exact tests for small counts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from mktorch.stats._numeric import Alternative, Floats, HypothesisTest, checked, floats, quiet
from mktorch.stats.proportions import score_test, valid_counts

_RELATIVE_TIE = 1 + 1e-7  # probabilities this close count as equal, as in R's fisher.test
_CELLS = 4_000_000  # cells at once, to keep a batch in a few tens of megabytes
MOST_OUTCOMES = 1_000_000
"""`fisher_exact` enumerates at most this many outcomes of one table."""
MOST_TRIALS = 400
"""`barnard_exact` takes at most this many trials in an arm."""


@quiet
def chi_square(x: ArrayLike, n: ArrayLike, *, yates: bool = False) -> HypothesisTest:
    """Pearson's chi-square of one rate in k arms; `x` and `n` have shape (..., arms).

    An arm NaN in both is absent, so experiments of different sizes share one array; degrees
    of freedom are the present arms less one. `yates` moves each observed count up to one
    half towards its expectation, for two arms only (as R's `prop.test`). NaN where an arm
    is invalid, fewer than two are present, or no arm varies.

    >>> smokers, patients = [83, 90, 129, 70], [86, 93, 136, 82]
    >>> test = chi_square(smokers, patients)
    >>> round(float(test.statistic), 1), round(float(test.p_value), 6)
    (12.6, 0.005585)
    """
    x, n = floats(x, n)
    absent = np.isnan(x) & np.isnan(n)
    valid = (absent | ((n > 0) & (x >= 0) & (x <= n) & np.isfinite(n))).all(axis=-1)
    arms = (~absent).sum(axis=-1)
    rate = np.nansum(x, axis=-1, keepdims=True) / np.nansum(n, axis=-1, keepdims=True)
    gap = np.abs(x - n * rate)
    if yates:
        # One half, or the least gap where that is smaller: R's rule.
        least = np.nanmin(np.where(absent, np.inf, gap), axis=-1, keepdims=True)
        gap = gap - np.where((arms == 2)[..., None], np.minimum(0.5, least), 0.0)
    parts = gap * gap / (n * rate * (1 - rate))
    defined = valid & (arms >= 2) & (rate[..., 0] > 0) & (rate[..., 0] < 1)
    statistic = np.where(defined, np.nansum(parts, axis=-1), np.nan)
    return HypothesisTest(statistic, np.asarray(special.chdtrc(arms - 1, statistic)))


@quiet
def fisher_exact(
    x0: ArrayLike,
    n0: ArrayLike,
    x1: ArrayLike,
    n1: ArrayLike,
    *,
    alternative: str = Alternative.TWO_SIDED,
) -> Floats:
    """Fisher's exact p: two-sided, of tables with these margins no likelier than the observed.

    All tables at once: outcomes are enumerated, so cost grows with the rarer of total
    successes and failures. NaN where counts are invalid or that is above `MOST_OUTCOMES`.
    1 where there are no successes, or no failures: only one table has those margins. Raises
    ValueError on an unknown alternative.

    Source: Fisher (1935); R's `fisher.test`.

    >>> round(float(fisher_exact(1, 4, 3, 4)), 4)
    0.4857
    """
    asked = checked(alternative)
    x0, n0, x1, n1 = floats(x0, n0, x1, n1)
    shape = x0.shape
    x0, n0, x1, n1 = (array.ravel() for array in (x0, n0, x1, n1))
    lowest = np.maximum(0.0, x0 + x1 - n0)
    outcomes = np.minimum(n1, x0 + x1) - lowest + 1
    usable = valid_counts(x0, n0, x1, n1) & (outcomes <= MOST_OUTCOMES)
    p = np.full(x0.shape, np.nan)
    order = np.flatnonzero(usable)[np.argsort(outcomes[usable], kind="stable")]
    for rows in _batches(order, outcomes[order]):
        arms = x0[rows], n0[rows], x1[rows], n1[rows]
        p[rows] = _fisher(*arms, lowest[rows], outcomes[rows], asked)
    return p.reshape(shape)


def _batches(order: NDArray[np.intp], widths: Floats) -> list[NDArray[np.intp]]:
    """Rows of rising width, cut so that each padded batch stays within `_CELLS`."""
    batches = []
    while order.size:
        # Rows times the last (widest) row's width: the padded size of each prefix.
        padded = np.arange(1, order.size + 1) * widths
        taken = max(1, int(np.searchsorted(padded, _CELLS, side="right")))
        batches.append(order[:taken])
        order, widths = order[taken:], widths[taken:]
    return batches


def _fisher(
    x0: Floats,
    n0: Floats,
    x1: Floats,
    n1: Floats,
    lowest: Floats,
    outcomes: Floats,
    asked: Alternative,
) -> Floats:
    """p of each table; a row of a matrix enumerates the variant's successes."""
    step = np.arange(int(outcomes.max()))
    successes = (x0 + x1)[:, None]
    count = lowest[:, None] + step
    # Log of P(k + 1) / P(k), summed up: no log-gamma, whose digits fail at large counts.
    ratio = (successes - count) * (n1[:, None] - count)
    ratio = ratio / ((count + 1) * (n0[:, None] - successes + count + 1))
    log_p = np.zeros(count.shape)
    log_p[:, 1:] = np.cumsum(np.log(ratio[:, :-1]), axis=1)
    log_p = np.where(step < outcomes[:, None], log_p, -np.inf)
    weight = np.exp(log_p - log_p.max(axis=1, keepdims=True))
    observed = (x1 - lowest).astype(np.intp)[:, None]
    if asked is Alternative.TWO_SIDED:
        beyond = weight <= np.take_along_axis(weight, observed, axis=1) * _RELATIVE_TIE
    else:
        beyond = step >= observed if asked is Alternative.GREATER else step <= observed
    extreme = np.where(beyond, weight, 0.0).sum(axis=1)
    return np.asarray(np.minimum(extreme / weight.sum(axis=1), 1.0))


@quiet
def barnard_exact(x0: ArrayLike, n0: ArrayLike, x1: ArrayLike, n1: ArrayLike) -> Floats:
    """Barnard's two-sided exact p, ordering tables by the pooled z of `score_test`.

    The greatest probability, over the common rate, of a table with |z| at least the
    observed. Unconditional, so more powerful than Fisher's at small counts. NaN where
    counts are invalid, z is undefined, or an arm has more than `MOST_TRIALS` trials.

    Source: Barnard (1947), Biometrika 34; Suissa and Shuster (1985), JRSS A 148.

    >>> round(float(barnard_exact(7, 15, 12, 15)), 4)
    0.0682
    """
    x0, n0, x1, n1 = floats(x0, n0, x1, n1)
    z = np.abs(score_test(x0, n0, x1, n1).statistic)
    return _unconditional(-z, n0, n1, _negative_z)


@quiet
def boschloo_exact(
    x0: ArrayLike,
    n0: ArrayLike,
    x1: ArrayLike,
    n1: ArrayLike,
    *,
    alternative: str = Alternative.TWO_SIDED,
) -> Floats:
    """Boschloo's exact p, ordering tables by Fisher's one-sided p: never above it.

    The greatest probability, over the common rate, of a table whose Fisher p is at most the
    observed. Two-sided it is twice the lesser of both sides, as in scipy. NaN where counts are
    invalid or an arm has more than `MOST_TRIALS` trials. Raises ValueError on an unknown
    alternative.

    Source: Boschloo (1970), Statistica Neerlandica 24.

    >>> round(float(boschloo_exact(31, 63, 74, 117, alternative="greater")), 4)
    0.0356
    """
    x0, n0, x1, n1 = floats(x0, n0, x1, n1)
    asked = checked(alternative)
    if asked is Alternative.TWO_SIDED:
        sides = (
            boschloo_exact(x0, n0, x1, n1, alternative=side)
            for side in (Alternative.GREATER, Alternative.LESS)
        )
        return np.asarray(np.minimum(2 * np.minimum(*sides), 1.0))
    order = partial(fisher_exact, alternative=asked)
    small = np.maximum(n0, n1) <= MOST_TRIALS
    observed = np.full(x0.shape, np.nan)
    observed[small] = order(x0[small], n0[small], x1[small], n1[small])
    return _unconditional(observed, n0, n1, order)


def _negative_z(x0: Floats, n0: Floats, x1: Floats, n1: Floats) -> Floats:
    return -np.abs(score_test(x0, n0, x1, n1).statistic)


def _unconditional(
    observed: Floats, n0: Floats, n1: Floats, order: Callable[..., Floats]
) -> Floats:
    """The greatest chance, over the common rate, of a table that `order` puts at or below."""
    shape = observed.shape
    observed, n0, n1 = observed.ravel(), n0.ravel(), n1.ravel()
    usable = ~np.isnan(observed) & (np.maximum(n0, n1) <= MOST_TRIALS)
    p = np.full(observed.shape, np.nan)
    cells = (n0 + 1) * (n1 + 1)
    rising = np.flatnonzero(usable)[np.lexsort((n1[usable], n0[usable], cells[usable]))]
    widest = (np.maximum.accumulate(n0[rising]) + 1) * (np.maximum.accumulate(n1[rising]) + 1)
    for rows in _batches(rising, widest):
        p[rows] = _greatest_tail(n0[rows], n1[rows], observed[rows], order)
    return p.reshape(shape)


def _greatest_tail(
    n0: Floats, n1: Floats, observed: Floats, order: Callable[..., Floats]
) -> Floats:
    """The greatest tail probability over the common rate, zooming three times into a grid."""
    first = np.arange(n0.max() + 1)
    second = np.arange(n1.max() + 1)
    arms, index = np.unique(np.stack([n0, n1]), axis=1, return_inverse=True)
    tables = order(
        first[None, :, None], arms[0][:, None, None], second[None, None, :], arms[1][:, None, None]
    )
    # Outcomes beyond an arm's trials are NaN and, like an undefined z, never extreme.
    limit = observed + np.abs(observed) * 1e-12
    extreme = (tables[index.ravel()] <= limit[:, None, None]).astype(np.float64)
    low, high = np.zeros(n0.size), np.ones(n0.size)
    best = np.zeros(n0.size)
    for _ in range(4):
        rate = low[:, None] + (high - low)[:, None] * np.linspace(0.0, 1.0, 101)
        left, right = _binomial(first, n0, rate), _binomial(second, n1, rate)
        tail = ((left @ extreme) * right).sum(axis=-1)
        top = np.argmax(tail, axis=1)[:, None]
        best = np.maximum(best, np.take_along_axis(tail, top, axis=1)[:, 0])
        low = np.take_along_axis(rate, np.maximum(top - 1, 0), axis=1)[:, 0]
        high = np.take_along_axis(rate, np.minimum(top + 1, 100), axis=1)[:, 0]
    return np.minimum(best, 1.0)


def _binomial(count: Floats, n: Floats, rate: Floats) -> Floats:
    """Binomial probabilities of shape (tables, rates, counts), 0 beyond n."""
    n, rate = n[:, None, None], rate[:, :, None]
    choose = special.gammaln(n + 1) - special.gammaln(count + 1) - special.gammaln(n - count + 1)
    rest = np.maximum(n - count, 0)
    log_p = choose + special.xlogy(count, rate) + special.xlog1py(rest, -rate)
    return np.where(count <= n, np.exp(log_p), 0.0)
