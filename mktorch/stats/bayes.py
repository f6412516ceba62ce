"""Bayes for two proportions: exact beta-binomial answers by deterministic quadrature.

Each arm's rate has a beta posterior. The integrals over both rates are done exactly over
one (its distribution function, the incomplete beta) and by the trapezoidal rule over the
other on the logit scale, where a beta density is smooth and falls off at least
exponentially, so the rule converges geometrically. The rule runs over the narrower of the
two posteriors, which resolves both.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from mktorch.stats._numeric import Floats, Interval, floats, quiet, solve_increasing
from mktorch.stats.proportions import valid_counts

UNIFORM = (1.0, 1.0)
"""The prior Beta(1, 1): every rate equally likely."""

_REACH = 36.0  # the rule stops where the density is exp(-36) of its peak
_LIFT_REACH = 20.0  # the same for a quantile, whose ends hold their probability to 1e-8
_NODES, _LIFT_NODES = 40, 36
_SKEWED_NODES = 160  # for fewer than _SKEWED successes or failures, prior included
_SKEWED = 12.0
_BATCH = 20_000  # rows at once, to keep a batch's nodes in a few tens of megabytes


class Posterior(NamedTuple):
    """Answers from both posteriors (arrays); losses are in the unit of the rate."""

    probability_to_beat: Floats
    loss_of_variant: Floats
    loss_of_control: Floats


class _Beta(NamedTuple):
    a: Floats
    b: Floats

    @property
    def mean(self) -> Floats:
        return self.a / (self.a + self.b)

    @property
    def logit_sd(self) -> Floats:
        """Of the normal that matches the logit density's curvature at its peak."""
        return np.sqrt((self.a + self.b) / self.a / self.b)

    def rows(self, chosen: NDArray[np.intp]) -> _Beta:
        return _Beta(self.a[chosen], self.b[chosen])

    def columns(self) -> _Beta:
        return _Beta(self.a[:, None], self.b[:, None])


@quiet
def beta_binomial(
    x0: ArrayLike,
    n0: ArrayLike,
    x1: ArrayLike,
    n1: ArrayLike,
    *,
    prior: tuple[float, float] = UNIFORM,
) -> Posterior:
    """Probability that the variant's rate is higher, and the expected loss of either choice.

    `loss_of_variant` is E[max(p0 - p1, 0)], what choosing the variant gives up on average;
    `loss_of_control` is E[max(p1 - p0, 0)]. `prior` is a beta's two shapes, shared by both
    arms. NaN where counts are invalid. Raises ValueError where a shape is not positive.
    Accurate to about 1e-11.

    Source: Stucchio (2015), "Bayesian A/B testing at VWO", for the two losses.

    >>> answers = beta_binomial(48, 80, 56, 70)
    >>> round(float(answers.probability_to_beat), 5)
    0.99593
    >>> round(float(answers.loss_of_control - answers.loss_of_variant), 6)
    0.194106
    """
    arrays = floats(x0, n0, x1, n1)
    control, variant, valid = _posteriors(arrays, prior)
    answers = np.full((3, valid.size), np.nan)
    for rows in _batches(control, variant, valid):
        answers[:, rows] = _answers(control.rows(rows), variant.rows(rows))
    shape = arrays[0].shape
    return Posterior(*(answer.reshape(shape) for answer in answers))


@quiet
def relative_loss(
    x0: ArrayLike,
    n0: ArrayLike,
    x1: ArrayLike,
    n1: ArrayLike,
    *,
    prior: tuple[float, float] = UNIFORM,
) -> tuple[Floats, Floats]:
    """Expected lift given up by choosing the variant, and by keeping the control (fractions).

    E[max(1 - p1 / p0, 0)] and E[max(p1 / p0 - 1, 0)]: the losses of `beta_binomial` in percent of
    the control. Under beta posteriors E[p1 / p0; p1 > p0] is a probability to beat with one
    success moved from control to variant. NaN where counts are invalid, or where the control's
    successes and prior come to 1 or less: then the mean of 1 / p0 is infinite. Errors and accuracy
    as there.

    >>> [round(float(loss), 4) for loss in relative_loss(48, 80, 56, 70)]
    [0.0001, 0.3361]
    """
    arrays = floats(x0, n0, x1, n1)
    control, variant, valid = _posteriors(arrays, prior)
    valid &= control.a > 1
    moved = _Beta(control.a - 1, control.b), _Beta(variant.a + 1, variant.b)
    scale = variant.mean * (control.a + control.b - 1) / (control.a - 1)
    losses = np.full((2, valid.size), np.nan)
    for rows in _batches(*moved, valid):
        beats, moved_beats = (
            _answers(*(arm.rows(rows) for arm in pair))[0] for pair in ((control, variant), moved)
        )
        losses[0, rows] = (1 - beats) - scale[rows] * (1 - moved_beats)
        losses[1, rows] = scale[rows] * moved_beats - beats
    losses = np.maximum(losses, 0.0).reshape(2, *arrays[0].shape)
    return losses[0], losses[1]


@quiet
def credible_lift(
    x0: ArrayLike,
    n0: ArrayLike,
    x1: ArrayLike,
    n1: ArrayLike,
    *,
    alpha: float = 0.05,
    prior: tuple[float, float] = UNIFORM,
) -> Interval:
    """The equal-tailed 1 - alpha credible interval of the lift p1 / p0 - 1.

    `prior` and errors as in `beta_binomial`, of which it is the costlier sibling: some tens
    of microseconds per experiment. NaN where counts are invalid.

    >>> [round(float(end), 3) for end in credible_lift(48, 80, 56, 70)]
    [0.076, 0.658]
    """
    arrays = floats(x0, n0, x1, n1)
    control, variant, valid = _posteriors(arrays, prior)
    ends = np.full((2, valid.size), np.nan)
    for rows in _batches(control, variant, valid):
        pair = control.rows(rows), variant.rows(rows)
        ends[0, rows] = _lift_quantile(*pair, alpha / 2)
        ends[1, rows] = _lift_quantile(*pair, 1 - alpha / 2)
    shape = arrays[0].shape
    return Interval(ends[0].reshape(shape), ends[1].reshape(shape))


def _posteriors(
    arrays: tuple[Floats, ...], prior: tuple[float, float]
) -> tuple[_Beta, _Beta, NDArray[np.bool_]]:
    """Both posteriors as flat arrays, and which rows have valid counts."""
    if not (prior[0] > 0 and prior[1] > 0):
        raise ValueError(f"prior {prior} is not a beta distribution: both shapes must be positive")
    x0, n0, x1, n1 = (array.ravel() for array in arrays)
    control = _Beta(x0 + prior[0], n0 - x0 + prior[1])
    variant = _Beta(x1 + prior[0], n1 - x1 + prior[1])
    return control, variant, valid_counts(x0, n0, x1, n1)


def _batches(control: _Beta, variant: _Beta, valid: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    """Valid rows in batches, those with a skewed posterior apart: they need more nodes."""
    skewed = _is_skewed(control, variant)
    groups = [np.flatnonzero(valid & skewed), np.flatnonzero(valid & ~skewed)]
    return [
        batch
        for group in groups
        for batch in np.array_split(group, group.size // _BATCH + 1)
        if batch.size
    ]


def _log_shape(beta: _Beta, distance: Floats) -> Floats:
    """Log of the logit density over its peak, at a logit distance from the peak."""
    mean = beta.mean
    return (beta.a + beta.b) * (mean * distance - np.log1p(mean * np.expm1(distance)))


def _span(beta: _Beta, fall: float) -> tuple[Floats, Floats]:
    """Logit distances from the peak, to the left and to the right, that hold all mass."""

    def reach(sign: float, tail: Floats) -> Floats:
        def fallen(distance: Floats) -> tuple[Floats, Floats]:
            mean, total = beta.mean, beta.a + beta.b
            growth = np.expm1(sign * distance)
            slope = total * mean * (1 - mean) * growth / (1 + mean * growth)
            return -_log_shape(beta, sign * distance) - fall, sign * slope

        normal = np.sqrt(2 * fall) * beta.logit_sd
        # Convex, and beyond this bound by its exponential tail.
        most = 2 * normal + 2 * fall / tail + 2
        return solve_increasing(fallen, normal * 0, most, normal, tolerance=normal / 100)

    return reach(-1.0, beta.a), reach(1.0, beta.b)


def _is_skewed(control: _Beta, variant: _Beta) -> NDArray[np.bool_]:
    return np.asarray(np.minimum.reduce([*control, *variant]) < _SKEWED)


def _by_width(control: _Beta, variant: _Beta) -> tuple[NDArray[np.bool_], _Beta, _Beta]:
    """Where the variant's posterior is the narrower, then the narrower and the wider."""
    first = variant.logit_sd <= control.logit_sd
    pairs = list(zip(variant, control, strict=True))
    narrow = _Beta(*(np.where(first, ours, theirs) for ours, theirs in pairs))
    wide = _Beta(*(np.where(first, theirs, ours) for ours, theirs in pairs))
    return first, narrow, wide


def _rate(beta: _Beta, distance: Floats) -> Floats:
    """The rate at a logit distance from the posterior mean, where the logit density peaks."""
    grown = beta.mean * np.exp(distance)
    return np.asarray(grown / (1 - beta.mean + grown))


def _peak(beta: _Beta) -> Floats:
    """The logit density's peak, sqrt(ab / (2 pi (a + b))) times Stirling's corrections."""
    correction = _stirling(beta.a + beta.b) - _stirling(beta.a) - _stirling(beta.b)
    return np.asarray(np.exp(correction) / (beta.logit_sd * np.sqrt(2 * np.pi)))


def _stirling(z: Floats) -> Floats:
    """log Gamma(z) less its Stirling approximation."""
    series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * z**2)) / z**2) / z**2) / z
    near = np.minimum(z, 20.0)
    direct = special.gammaln(near) - (near - 0.5) * np.log(near) + near - np.log(2 * np.pi) / 2
    return np.where(z > 20, series, direct)


def _logit_density(beta: _Beta, rate: Floats) -> Floats:
    """The logit density at a rate: p (1 - p) times the beta density."""
    mean = beta.mean
    surplus = rate - mean
    log_shape = beta.a * np.log1p(surplus / mean) + beta.b * np.log1p(-surplus / (1 - mean))
    return np.asarray(_peak(beta) * np.exp(log_shape))


def _answers(control: _Beta, variant: _Beta) -> Floats:
    """Probability to beat, loss of the variant, loss of the control: three rows."""
    over_variant, narrow, wide = _by_width(control, variant)
    left, right = _span(narrow, _REACH)
    nodes = _SKEWED_NODES if _is_skewed(control, variant).any() else _NODES
    distance = -left[:, None] + (left + right)[:, None] * np.linspace(0.0, 1.0, nodes)
    weight = np.exp(_log_shape(narrow.columns(), distance))
    weight /= weight.sum(axis=1, keepdims=True)
    rate, other = _rate(narrow.columns(), distance), wide.columns()
    below = special.betainc(other.a, other.b, rate)
    # E[(t - p)+] and E[(p - t)+] for p from the wide posterior, by parts.
    edge = _logit_density(other, rate) / (other.a + other.b)
    shortfall = (rate - other.mean) * below + edge
    surplus = (other.mean - rate) * (1 - below) + edge
    higher, gain, loss = ((weight * part).sum(axis=1) for part in (below, shortfall, surplus))
    return np.stack(
        [
            np.where(over_variant, higher, 1 - higher),
            np.maximum(np.where(over_variant, loss, gain), 0.0),
            np.maximum(np.where(over_variant, gain, loss), 0.0),
        ]
    )


def _lift_quantile(control: _Beta, variant: _Beta, level: float) -> Floats:
    """The lift at which P(p1 <= (1 + lift) p0) is `level`.

    Solved for the log of the ratio r, on the probit scale, where it is nearly a line. Given
    p0, p1 is at most r p0; given p1, p0 is at least p1 / r. Where that bound passes 1 the
    integrand has a corner, so the rule (Gauss-Legendre) ends there and the rest is a tail.
    """
    over_variant, narrow, wide = _by_width(control, variant)
    left, right = _span(narrow, _LIFT_REACH)
    skewed = _is_skewed(control, variant).any()
    points, shares = np.polynomial.legendre.leggauss(_SKEWED_NODES if skewed else _LIFT_NODES)
    sign, column, other = np.where(over_variant, -1.0, 1.0), narrow.columns(), wide.columns()
    peak, target = _peak(narrow)[:, None], special.ndtri(level)

    def excess(log_ratio: Floats) -> tuple[Floats, Floats]:
        scale = np.exp(sign * log_ratio)
        corner = np.where(scale > 1, -np.log(scale - 1) - special.logit(narrow.mean), np.inf)
        half = np.maximum(np.minimum(right, corner) + left, 0.0)[:, None] / 2
        distance = half * (points + 1) - left[:, None]
        weight = half * shares * peak * np.exp(_log_shape(column, distance))
        bound = np.minimum(_rate(column, distance) * scale[:, None], 1.0)
        within = (weight * special.betainc(other.a, other.b, bound)).sum(axis=1)
        beyond = special.betaincc(narrow.a, narrow.b, np.minimum(1 / scale, 1.0))
        below = np.clip(within + beyond, 0.0, 1.0)
        density = np.where(bound < 1, _logit_density(other, bound) / (1 - bound), 0.0)
        probit = special.ndtri(below)
        slope = (weight * density).sum(axis=1) / np.exp(-probit * probit / 2) * np.sqrt(2 * np.pi)
        return np.where(over_variant, -probit, probit) - target, slope

    middle = special.digamma(variant.a) - special.digamma(variant.a + variant.b)
    middle -= special.digamma(control.a) - special.digamma(control.a + control.b)
    spread = np.sqrt(_log_cumulant(2, control) + _log_cumulant(2, variant))
    skew = (_log_cumulant(3, variant) - _log_cumulant(3, control)) / spread**3
    tilt = np.clip(skew, -1.0, 1.0) * (target * target - 1) / 6  # Cornish and Fisher (1938)
    low, high, start = (middle + count * spread for count in (-60, 60, target + tilt))
    log_ratio = solve_increasing(excess, low, high, start, tolerance=1e-4 * spread)
    return np.asarray(np.expm1(log_ratio))


def _log_cumulant(order: int, beta: _Beta) -> Floats:
    """The second or third cumulant of the log of a beta variable."""
    whole = special.polygamma(order - 1, beta.a + beta.b)
    return np.asarray(special.polygamma(order - 1, beta.a) - whole)
