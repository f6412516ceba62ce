"""Numerical ground shared by the statistics: exact products, tails, one root finder."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

quiet = np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore")

EPSILON = float(np.finfo(np.float64).eps)
_SPLIT = 134217729.0  # 2**27 + 1: halves a 53-bit significand (Dekker 1971)


class Alternative(StrEnum):
    """What a test asks: whether the arms differ, or whether the variant is on one side."""

    TWO_SIDED = "two_sided"
    GREATER = "greater"
    LESS = "less"


class Interval(NamedTuple):
    """Two arrays of one shape: the interval's ends, in the unit of the estimate."""

    low: Floats
    high: Floats


class HypothesisTest(NamedTuple):
    """Two arrays of one shape: the statistic and its p-value, two-sided unless asked otherwise."""

    statistic: Floats
    p_value: Floats


def floats(*values: ArrayLike) -> tuple[Floats, ...]:
    """The values as float64 arrays of one broadcast shape."""
    arrays = (np.asarray(value, dtype=np.float64) for value in values)
    return tuple(np.broadcast_arrays(*arrays))


def two_sided(z: Floats) -> Floats:
    """Two-sided normal p of z, accurate to |z| = 37 (p near 1e-299)."""
    return np.asarray(special.erfc(np.abs(z) / np.sqrt(2.0)))


def normal_p(z: Floats, alternative: str) -> Floats:
    """p of z under the alternative. Raises ValueError on an unknown one."""
    asked = checked(alternative)
    if asked is Alternative.TWO_SIDED:
        return two_sided(z)
    return np.asarray(special.ndtr(-z if asked is Alternative.GREATER else z))


def checked(alternative: str) -> Alternative:
    """The alternative as a word of `Alternative`; ValueError names the allowed ones."""
    if alternative not in list(Alternative):
        raise ValueError(f"unknown alternative {alternative!r}: use {', '.join(Alternative)}")
    return Alternative(alternative)


def one_side(interval: Interval, least: float, most: float, alternative: str) -> Interval:
    """The interval without the end that a one-sided test leaves open; NaN stays NaN."""
    low, high = interval
    if alternative == Alternative.GREATER:
        return Interval(low, np.where(np.isnan(high), np.nan, most))
    if alternative == Alternative.LESS:
        return Interval(np.where(np.isnan(low), np.nan, least), high)
    return interval


def critical_z(alpha: ArrayLike) -> Floats:
    """The |z| whose two-sided p is alpha; NaN outside (0, 1)."""
    (level,) = floats(alpha)
    inside = (level > 0) & (level < 1)
    return np.where(inside, -special.ndtri(np.where(inside, level, 0.5) / 2), np.nan)


def settle(interval: Interval, positive: Flags, significant: Flags, *, null: float) -> Interval:
    """The interval with its last bit settled: it excludes `null` exactly where significant.

    An interval and a p-value made from one statistic may, within rounding of the boundary,
    fall on different sides of it; the p-value decides. `positive` says on which side of
    `null` the estimate is. NaN ends stay NaN.
    """
    above, below = np.nextafter(null, np.inf), np.nextafter(null, -np.inf)
    gain, loss = significant & positive, significant & ~positive
    low = np.minimum(interval.low, np.where(loss, below, np.where(gain, np.inf, null)))
    high = np.maximum(interval.high, np.where(gain, above, np.where(loss, -np.inf, null)))
    return Interval(
        np.maximum(low, np.where(gain, above, -np.inf)),
        np.minimum(high, np.where(loss, below, np.inf)),
    )


def _product(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """a * b as a rounded product and its exact rounding error (Dekker 1971)."""
    product = a * b
    a_high = _SPLIT * a - (_SPLIT * a - a)
    b_high = _SPLIT * b - (_SPLIT * b - b)
    a_low, b_low = a - a_high, b - b_high
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, error


def cross(a: Floats, b: Floats, c: Floats, d: Floats) -> Floats:
    """a * b - c * d without cancellation: exact but for the last rounding.

    >>> float(cross(*floats(1e12 + 1, 1e12 - 1, 1e12, 1e12)))
    -1.0
    """
    left, left_error = _product(a, b)
    right, right_error = _product(c, d)
    return np.asarray((left - right) + (left_error - right_error))


def solve_increasing(
    function: Callable[[Floats], tuple[Floats, Floats]],
    low: Floats,
    high: Floats,
    start: Floats,
    *,
    tolerance: Floats | float = 0.0,
) -> Floats:
    """The root in [low, high] of each increasing function, all solved together.

    `function` maps points to (value, slope). Newton's step where it stays inside the
    bracket and at least halves the last one, else the midpoint, so every root is found to
    the last few bits, or until its step is within `tolerance`. Where the sign never
    changes, the end it points to is returned.
    """
    point, last = np.clip(start, low, high), high - low
    found = np.zeros(point.shape, dtype=np.bool_)
    for _ in range(200):
        value, slope = function(point)
        low, high = np.where(value <= 0, point, low), np.where(value >= 0, point, high)
        newton = -value / np.where(slope > 0, slope, np.nan)
        close = np.abs(newton) <= 64 * EPSILON * np.abs(point) + tolerance
        inside = (point + newton >= low) & (point + newton <= high)
        accepted = close | (inside & (np.abs(newton) <= last / 2))
        following = np.clip(np.where(accepted, point + newton, (low + high) / 2), low, high)
        # A found root stays put, so a row's answer does not depend on its neighbours.
        following = np.where(found, point, following)
        last = np.abs(following - point)
        point = following
        found |= ~(last > 64 * EPSILON * np.abs(point) + tolerance)
        if found.all():
            break
    return point
