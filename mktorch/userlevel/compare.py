"""Every variant against the control, from sums alone: conversions, means and ratios."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from mktorch import stats
from mktorch.stats import Estimate, Floats, Interval, Sums
from mktorch.userlevel.metrics import Measure
from mktorch.userlevel.moments import Moments


class Kind(StrEnum):
    """What a metric is: a share of units, a mean over units, or one sum over another."""

    CONVERSION = "conversion"
    MEAN = "mean"
    RATIO = "ratio"


class Asked(NamedTuple):
    """The level of every interval and test, and what the tests ask."""

    alpha: float
    alternative: str


def compare(
    control: Moments, variant: Moments, measure: Measure, asked: Asked
) -> Mapping[str, Floats | list[str]]:
    """Columns of answers, one element per pair of arms; NaN where undefined.

    Conversions without a covariate go by the corrected score statistic, all else by Welch's t with
    Fieller's lift: ratios by the delta method, and where a covariate is given both arms' values
    adjusted for it (CUPED). Values shown are as seen; difference and lift are the adjusted ones.

    Sources: Deng, Xu, Kohavi and Walker (2013), WSDM; Deng, Knoblich and Lu (2018), KDD.
    """
    kind = kind_of(control, measure)
    plain = [_estimate(arm, measure) for arm in (control, variant)]
    size = control.n.size
    columns: dict[str, Floats | list[str]] = {
        "kind": [str(kind)] * size,
        "control_units": control.n,
        "variant_units": variant.n,
        "control_value": plain[0].value,
        "variant_value": plain[1].value,
    }
    if kind is Kind.CONVERSION and not measure.covariate:
        return columns | _conversions(control, variant, measure, asked)
    arms, cut = plain, np.full(size, np.nan)
    method = "Welch's t" if kind is not Kind.RATIO else "delta method"
    if measure.covariate:
        arms = list(stats.cuped_estimates(*(_linear(arm, measure) for arm in (control, variant))))
        method += ", CUPED"
        before = plain[0].variance + plain[1].variance
        after = arms[0].variance + arms[1].variance
        with np.errstate(divide="ignore", invalid="ignore"):
            cut = 1 - after / np.where(before > 0, before, np.nan)
    test = stats.welch_test(*arms, alternative=asked.alternative)
    welch = stats.welch_interval(*arms, alpha=asked.alpha, alternative=asked.alternative)
    lift = stats.relative_interval(*arms, alpha=asked.alpha, alternative=asked.alternative)
    return columns | {
        "method": [method] * size,
        "difference": arms[1].value - arms[0].value,
        **_ends("difference", welch),
        "lift": stats.relative_difference(*arms),
        **_ends("lift", lift),
        "p_value": test.p_value,
        "variance_cut": cut,
    }


def kind_of(moments: Moments, measure: Measure) -> Kind:
    """The kind of a metric, by its columns and by whether its values are all 0 or 1."""
    if len(measure.columns) == 2:
        return Kind.RATIO
    return Kind.CONVERSION if moments.binary else Kind.MEAN


def _conversions(
    control: Moments, variant: Moments, measure: Measure, asked: Asked
) -> dict[str, Floats | list[str]]:
    (name,) = measure.columns
    counts = control.sums[name], control.n, variant.sums[name], variant.n
    answer = stats.compare_proportions(*counts, alpha=asked.alpha, alternative=asked.alternative)
    return {
        "method": ["score"] * control.n.size,
        "difference": stats.difference(*counts),
        **_ends("difference", answer.difference),
        "lift": stats.lift(*counts),
        **_ends("lift", answer.lift),
        "odds_ratio": stats.odds_ratio(*counts),
        **_ends("odds_ratio", answer.odds_ratio),
        "p_value": answer.p_value,
    }


def _ends(name: str, interval: Interval) -> dict[str, Floats | list[str]]:
    return {f"{name}_low": interval.low, f"{name}_high": interval.high}


def _estimate(arm: Moments, measure: Measure) -> Estimate:
    top, under = measure.columns[0], measure.columns[-1] if len(measure.columns) == 2 else ""
    if not under:
        return stats.mean_estimate(arm.n, arm.sums[top], arm.product(top, top))
    return stats.ratio_estimate(
        Sums(
            arm.n,
            arm.sums[under],
            arm.sums[top],
            arm.product(under, under),
            arm.product(top, top),
            arm.product(under, top),
        )
    )


def _linear(arm: Moments, measure: Measure) -> Sums:
    """Sums of the covariate x and of the metric y, both as units move their arm's value.

    A mean is moved by its units' values. A ratio R is moved by (numerator - R denominator) over the
    mean denominator; R is added so that the mean over units is R.
    """
    value, parts = _moved(arm, measure.columns)
    before, before_parts = _moved(arm, measure.covariate)
    n = arm.n
    return Sums(
        n,
        n * before,
        n * value,
        _spread(arm, before_parts, before_parts) + n * before * before,
        _spread(arm, parts, parts) + n * value * value,
        _spread(arm, parts, before_parts) + n * value * before,
    )


_Parts = list[tuple[str, Floats]]


def _moved(arm: Moments, columns: tuple[str, ...]) -> tuple[Floats, _Parts]:
    """An arm's value, and its units' distance from it as columns with their weights."""
    top, under = columns[0], columns[1] if len(columns) == 2 else ""
    with np.errstate(divide="ignore", invalid="ignore"):
        below = arm.product(under, "")
        below = np.where(below > 0, below, np.nan)
        value = arm.sums[top] / below
        scale = arm.n / below
    return value, [(top, scale), (under, -scale * value)]


def _spread(arm: Moments, first: _Parts, second: _Parts) -> Floats:
    total = np.zeros_like(arm.n)
    for a, weight in first:
        for b, other in second:
            total = total + weight * other * arm.product(a, b)
    return total
