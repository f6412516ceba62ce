"""Difference in differences over regions, with placebo intervals from where nothing ran.

Each region is reduced to the log of its total after the start over its total before, per day. What
all regions share, and their size, cancels; what is left between test and control regions is the
lift, where without the test all would have moved alike in percent. A region counts once, however
many days it has, so that correlated days feign no precision (Bertrand, Duflo and Mullainathan 2004,
Quarterly Journal of Economics 119).

How far such a gap comes from nothing is seen in space: any other regions in the place of the test
ones, again and again (Abadie, Diamond and Hainmueller 2010, JASA 105). All regions take part, which
makes the test exact where chance chose the regions (Fisher 1935).
"""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mktorch.stats._numeric import Floats, quiet

MOST_PLACEBOS = 2_000
"""Placebos made at most; of more a fixed choice."""


class GeoTest(NamedTuple):
    """A gap of log changes with its interval and p, and the placebos behind them.

    Without enough placebos for the level interval and p are those of the regression.
    """

    gap: float
    low: float
    high: float
    p_value: float
    placebos: int
    by_placebos: bool


@quiet
def log_changes(before: Floats, after: Floats, days_before: int, days_after: int) -> Floats:
    """The log change per day of each region's total; NaN where either total is not positive.

    >>> log_changes(np.array([100.0, 0.0]), np.array([110.0, 5.0]), 10, 10).round(4).tolist()
    [0.0953, nan]
    """
    known = (before > 0) & (after > 0)
    per_day = np.log(days_before) - np.log(days_after)
    return np.where(known, np.log(after) - np.log(before) + per_day, np.nan)


def geo_test(test: Floats, control: Floats, *, alpha: float = 0.05) -> GeoTest:
    """The gap between test and control regions' log changes, by regression and by placebos.

    The estimate is the ordinary least squares coefficient of the test (statsmodels). p is the share
    of placebos, the test itself among them, whose gap is at least as far from 0; the interval holds
    every gap that, taken off the test regions, leaves p at alpha or above, so that p < alpha
    exactly when it excludes 0. That takes about 1 / alpha placebos; with fewer, Student's p and
    interval of the regression stand. All NaN where there is no test region or fewer than two
    control regions, or no region differs from another.

    >>> found = geo_test(np.full(2, 0.2), np.linspace(-0.05, 0.05, 12))
    >>> found.placebos, round(found.gap, 3), round(found.p_value, 4)
    (91, 0.2, 0.011)
    """
    from statsmodels.regression.linear_model import OLS

    size = test.size + control.size
    values = np.concatenate([test, control])
    if not test.size or control.size < 2 or np.ptp(values) == 0:
        return GeoTest(np.nan, np.nan, np.nan, np.nan, 0, by_placebos=False)
    treated = (np.arange(size) < test.size).astype(np.float64)
    fitted = OLS(values, np.column_stack([np.ones(size), treated])).fit()
    gap = float(fitted.params[1])
    lows, highs = _excused(values, test.size, gap)
    rank = int(np.ceil(alpha * lows.size - 1e-9)) - 1
    low, high = float(np.sort(lows)[rank]), float(np.sort(highs)[::-1][rank])
    if not np.isfinite([low, high]).all():
        low, high = (float(end) for end in fitted.conf_int(alpha)[1])
        p = float(fitted.pvalues[1])
        return GeoTest(gap, low, high, p, lows.size, by_placebos=False)
    p = float(((lows <= 0) & (highs >= 0)).mean())
    return GeoTest(gap, low, high, p, lows.size, by_placebos=True)


@quiet
def _excused(values: Floats, tested: int, gap: float) -> tuple[Floats, Floats]:
    """Per placebo the ends of the gaps that it excuses: taken off, they leave it at least as far.

    With a gap t taken off the test regions a placebo's own gap is g - t w, w the share of the test
    regions in it less their share outside; it is at least as far from 0 as the test's, gap - t,
    between the two t that make them equal. The test itself excuses any.
    """
    size = values.size
    members = _choices(size, tested)
    inside = values[members].sum(axis=1)
    real = (members < tested).sum(axis=1)
    gaps = inside / tested - (values.sum() - inside) / (size - tested)
    weight = real / tested - (tested - real) / (size - tested)
    first, second = (gap - gaps) / (1 - weight), (gap + gaps) / (1 + weight)
    any_gap = (real == tested) | (np.isclose(weight, -1))
    low, high = np.minimum(first, second), np.maximum(first, second)
    return np.where(any_gap, -np.inf, low), np.where(any_gap, np.inf, high)


def _choices(size: int, chosen: int) -> NDArray[np.intp]:
    """Every choice of regions, or `MOST_PLACEBOS` of them with the first ones' among them."""
    if comb(size, chosen) <= MOST_PLACEBOS:
        return np.array(list(combinations(range(size), chosen)), dtype=np.intp)
    # The same choice on every machine and at every run.
    keys = np.random.Generator(np.random.PCG64(0)).random((MOST_PLACEBOS - 1, size))
    drawn = np.argsort(keys, axis=1)[:, :chosen]
    return np.concatenate([np.arange(chosen)[None, :], drawn])
