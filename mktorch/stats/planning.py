"""Planning: power, sample size, smallest detectable effect, and days left to run.

Rates and effects are fractions, `n0` and `n1` trials per arm, `allocation` the variant's
trials per control trial. Power is the probability of a significant result in the effect's
own direction at two-sided level alpha; a significant result in the wrong direction is no
success, so it is not counted (as R's `power.prop.test(strict = FALSE)`). It is computed at
an effect worth detecting, never at the observed one.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from mktorch.stats._numeric import Floats, critical_z, floats, quiet, solve_increasing
from mktorch.stats.means import critical_t


class Form(StrEnum):
    """Whose variance the test of two proportions uses."""

    POOLED = "pooled"
    """One rate under no difference: the form of `score_test` and R's `power.prop.test`."""
    UNPOOLED = "unpooled"
    """Each arm's own rate, under both hypotheses."""
    ARCSINE = "arcsine"
    """Variance-stabilized rates: Cohen's h."""


def _form(form: str) -> Form:
    if form not in list(Form):
        raise ValueError(f"unknown form {form!r}: use one of {', '.join(Form)}")
    return Form(form)


def _quantile(power: ArrayLike) -> Floats:
    """The normal quantile of a power; NaN outside (0, 1)."""
    (chance,) = floats(power)
    return np.asarray(special.ndtri(np.where((chance > 0) & (chance < 1), chance, np.nan)))


def _rates(p0: Floats, p1: Floats) -> tuple[Floats, Floats]:
    """The rates, NaN where outside [0, 1]."""
    inside0, inside1 = (p0 >= 0) & (p0 <= 1), (p1 >= 0) & (p1 <= 1)
    return np.where(inside0, p0, np.nan), np.where(inside1, p1, np.nan)


def _arcsine(p: Floats) -> Floats:
    return np.asarray(2 * np.arcsin(np.sqrt(p)))


def _null_variance(p0: Floats, p1: Floats, share0: Floats, share1: Floats, form: Form) -> Floats:
    """Variance of the difference under no difference, times the total trials."""
    pooled = share0 * p0 + share1 * p1
    if form is Form.POOLED:
        return np.asarray(pooled * (1 - pooled) / (share0 * share1))
    return _own_variance(p0, p1, share0, share1)


def _own_variance(p0: Floats, p1: Floats, share0: Floats, share1: Floats) -> Floats:
    """Variance of the difference at these rates, times the total trials."""
    return np.asarray(p0 * (1 - p0) / share0 + p1 * (1 - p1) / share1)


@quiet
def proportion_power(
    p0: ArrayLike,
    p1: ArrayLike,
    n0: ArrayLike,
    n1: ArrayLike,
    *,
    alpha: ArrayLike = 0.05,
    form: str = Form.POOLED,
) -> Floats:
    """Power of a two-proportion test to detect rates p0 against p1 with n0 and n1 trials.

    NaN where a rate is outside [0, 1], an arm is empty, or neither rate varies.
    Raises ValueError on an unknown form. Source: Fleiss, Levin and Paik (2003), ch. 4.

    >>> round(float(proportion_power(0.50, 0.75, 50, 50)), 7)
    0.7401659
    """
    form = _form(form)
    p0, p1, n0, n1, z = floats(p0, p1, n0, n1, critical_z(alpha))
    p0, p1 = _rates(p0, p1)
    total = np.where((n0 > 0) & (n1 > 0), n0 + n1, np.nan)
    share0, share1 = n0 / total, n1 / total
    if form is Form.ARCSINE:
        effect = np.abs(_arcsine(p1) - _arcsine(p0)) * np.sqrt(share0 * share1 * total)
        return np.asarray(special.ndtr(effect - z))
    null = _null_variance(p0, p1, share0, share1, form)
    own = _own_variance(p0, p1, share0, share1)
    return np.asarray(
        special.ndtr((np.abs(p1 - p0) * np.sqrt(total) - z * np.sqrt(null)) / np.sqrt(own))
    )


@quiet
def proportion_sample_size(
    p0: ArrayLike,
    p1: ArrayLike,
    *,
    power: ArrayLike = 0.8,
    alpha: ArrayLike = 0.05,
    allocation: ArrayLike = 1.0,
    form: str = Form.POOLED,
) -> Floats:
    """Control trials needed to detect p0 against p1, not rounded; the variant needs
    `allocation` times as many.

    NaN where a rate is outside [0, 1] or the rates are equal. Raises ValueError on an
    unknown form.

    >>> round(float(proportion_sample_size(0.50, 0.75, power=0.90)), 1)
    76.7
    """
    form = _form(form)
    p0, p1, ratio, z, reach = floats(p0, p1, allocation, critical_z(alpha), _quantile(power))
    p0, p1 = _rates(p0, p1)
    share0 = 1 / (1 + np.where(ratio > 0, ratio, np.nan))
    share1 = 1 - share0
    if form is Form.ARCSINE:
        effect = np.abs(_arcsine(p1) - _arcsine(p0))
        total = ((z + reach) / effect) ** 2 / (share0 * share1)
    else:
        null = _null_variance(p0, p1, share0, share1, form)
        own = _own_variance(p0, p1, share0, share1)
        total = ((z * np.sqrt(null) + reach * np.sqrt(own)) / (p1 - p0)) ** 2
    return np.where(p0 == p1, np.nan, total * share0)


@quiet
def detectable_rate(
    p0: ArrayLike,
    n0: ArrayLike,
    n1: ArrayLike,
    *,
    power: ArrayLike = 0.8,
    alpha: ArrayLike = 0.05,
    form: str = Form.POOLED,
) -> Floats:
    """The least variant rate above p0 that n0 and n1 trials detect with this power.

    NaN where even a rate of 1 would not be detected, p0 is outside [0, 1), an arm is empty,
    or power is not above alpha / 2. Raises ValueError on an unknown form.

    >>> round(float(detectable_rate(0.50, 50, 50, power=0.90)), 4)
    0.8026
    """
    form = _form(form)
    p0, n0, n1, level, chance = floats(p0, n0, n1, alpha, power)
    p0 = np.where((p0 >= 0) & (p0 < 1), p0, np.nan)
    z, reach = critical_z(level), _quantile(np.where(chance > level / 2, chance, np.nan))
    total = np.where((n0 > 0) & (n1 > 0), n0 + n1, np.nan)
    share0, share1 = n0 / total, n1 / total
    if form is Form.ARCSINE:
        angle = _arcsine(p0) + (z + reach) / np.sqrt(share0 * share1 * total)
        return np.where(angle <= np.pi, np.sin(angle / 2) ** 2, np.nan)

    def shortfall(p1: Floats) -> tuple[Floats, Floats]:
        null = np.sqrt(_null_variance(p0, p1, share0, share1, form))
        own = np.sqrt(_own_variance(p0, p1, share0, share1))
        own_slope = (1 - 2 * p1) / share1 / (2 * own)
        pooled = share0 * p0 + share1 * p1
        null_slope = (1 - 2 * pooled) / share0 / (2 * null) if form is Form.POOLED else own_slope
        value = (p1 - p0) * np.sqrt(total) - z * null - reach * own
        return value, np.sqrt(total) - z * null_slope - reach * own_slope

    highest = np.ones_like(p0)
    reachable = shortfall(highest)[0] >= 0
    start = p0 + (z + reach) * np.sqrt(_own_variance(p0, p0, share0, share1) / total)
    rate = solve_increasing(shortfall, p0, highest, start)
    return np.where(reachable, rate, np.nan)


@quiet
def minimum_detectable_effect(
    p0: ArrayLike,
    n0: ArrayLike,
    n1: ArrayLike,
    *,
    power: ArrayLike = 0.8,
    alpha: ArrayLike = 0.05,
    form: str = Form.POOLED,
) -> tuple[Floats, Floats]:
    """The absolute and the relative form of `detectable_rate`: p1 - p0 and p1 / p0 - 1.

    NaN as there; the relative form also where p0 is 0.

    >>> [round(float(effect), 4) for effect in minimum_detectable_effect(0.05, 10000, 10000)]
    [0.009, 0.1799]
    """
    (base,) = floats(p0)
    absolute = detectable_rate(base, n0, n1, power=power, alpha=alpha, form=form) - base
    return absolute, absolute / np.where(base > 0, base, np.nan)


@quiet
def mean_power(
    effect: ArrayLike,
    sd0: ArrayLike,
    sd1: ArrayLike,
    n0: ArrayLike,
    n1: ArrayLike,
    *,
    alpha: ArrayLike = 0.05,
) -> Floats:
    """Power of Welch's t to detect a difference of means `effect`, in the unit of the sds.

    From the noncentral t with Satterthwaite's degrees of freedom. NaN where an arm has
    fewer than 2 units or neither varies. Source: R's `power.t.test`.

    >>> round(float(mean_power(1.0, 1.0, 1.0, 20, 20)), 7)
    0.8689528
    """
    effect, sd0, sd1, n0, n1, level = floats(effect, sd0, sd1, n0, n1, alpha)
    error, df = _error_and_df(sd0, sd1, n0, n1)
    critical = critical_t(level, df)
    return np.asarray(1 - special.nctdtr(df, np.abs(effect) / error, critical))


@quiet
def mean_sample_size(
    effect: ArrayLike,
    sd0: ArrayLike,
    sd1: ArrayLike,
    *,
    power: ArrayLike = 0.8,
    alpha: ArrayLike = 0.05,
    allocation: ArrayLike = 1.0,
) -> Floats:
    """Control units needed to detect a difference of means, not rounded.

    The variant needs `allocation` times as many. NaN where the effect is 0 or neither sd is
    positive.

    >>> round(float(mean_sample_size(1.0, 1.0, 1.0, power=0.90)), 3)
    22.021
    """
    effect, sd0, sd1, chance, level, ratio = floats(effect, sd0, sd1, power, alpha, allocation)
    ratio = np.where(ratio > 0, ratio, np.nan)
    unit = (sd0**2 + sd1**2 / ratio) / np.where(effect == 0, np.nan, effect) ** 2
    n = (critical_z(level) + _quantile(chance)) ** 2 * unit
    # Degrees of freedom barely move with n, so the fixed point is reached at once.
    parts = [each.ravel() for each in (sd0, sd1, ratio, chance, level, unit)]
    found = n.flatten()
    moving = np.arange(found.size)
    for _ in range(30):
        first, second, share, asked, at, scale = (each[moving] for each in parts)
        last = found[moving]
        _, df = _error_and_df(first, second, np.maximum(last, 2), np.maximum(last * share, 2))
        following = _noncentrality(df, asked, at) ** 2 * scale
        found[moving] = following
        moving = moving[np.abs(following - last) > 1e-12 * following]
        if not moving.size:
            break
    return np.asarray(np.maximum(found.reshape(n.shape), 2))


@quiet
def mean_detectable_effect(
    sd0: ArrayLike,
    sd1: ArrayLike,
    n0: ArrayLike,
    n1: ArrayLike,
    *,
    power: ArrayLike = 0.8,
    alpha: ArrayLike = 0.05,
) -> Floats:
    """The least difference of means that n0 and n1 units detect, in the unit of the sds.

    NaN where an arm has fewer than 2 units, neither varies, or power is not above alpha / 2.
    Divide by the control's mean for the relative form.

    >>> round(float(mean_detectable_effect(1.0, 1.0, 20, 20, power=0.90)), 4)
    1.052
    """
    sd0, sd1, n0, n1, chance, level = floats(sd0, sd1, n0, n1, power, alpha)
    error, df = _error_and_df(sd0, sd1, n0, n1)
    return np.asarray(_noncentrality(df, chance, level) * error)


def _error_and_df(sd0: Floats, sd1: Floats, n0: Floats, n1: Floats) -> tuple[Floats, Floats]:
    variance0, variance1 = sd0**2 / n0, sd1**2 / n1
    total = variance0 + variance1
    total = np.where((total > 0) & (n0 >= 2) & (n1 >= 2), total, np.nan)
    df = 1 / ((variance0 / total) ** 2 / (n0 - 1) + (variance1 / total) ** 2 / (n1 - 1))
    return np.sqrt(total), df


def _noncentrality(df: Floats, power: Floats, alpha: Floats) -> Floats:
    """Standard errors an effect must be for this power; NaN unless alpha / 2 < power < 1."""
    possible = (power > alpha / 2) & (power < 1)
    critical = critical_t(alpha, df)
    return np.where(possible, special.nctdtrinc(df, 1 - power, critical), np.nan)


@quiet
def days_left(needed: ArrayLike, collected: ArrayLike, per_day: ArrayLike) -> Floats:
    """Days until `needed` trials at the observed rate per day, 0 where already reached.

    All three count the same trials: of one arm, or of both. NaN where more are needed and
    none arrive, or where anything is missing.

    >>> days_left([1000, 1000, 1000], [400, 1200, 400], [50, 50, 0]).tolist()
    [12.0, 0.0, nan]
    """
    needed, collected, rate = floats(needed, collected, per_day)
    missing = np.maximum(needed - collected, 0.0)
    days = missing / np.where(rate > 0, rate, np.nan)
    return np.where((missing == 0) & ~np.isnan(rate), 0.0, days)
