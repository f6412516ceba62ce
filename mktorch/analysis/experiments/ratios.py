"""Answers for ratio metrics, such as cost per acquisition: one sum over another, day by day."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import special

from mktorch import stats
from mktorch.analysis.experiments.arrays import arrays, table
from mktorch.analysis.experiments.terms import Method, Terms
from mktorch.stats import Estimate, Floats, Sums


def ratio_effects(pairs: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """The columns of `EFFECTS` for rows of ratio metrics, in their order.

    The unit is the arm's day; with fewer than two in an arm only the effects are defined. The
    ratio's variance is the delta method's, the test Welch's t, the lift's interval Fieller's, which
    inverts that test. Bayesian answers take a flat prior, under which Fieller's interval is also
    the credible one.
    """
    control, variant = estimate(pairs, "control"), estimate(pairs, "variant")
    sign, before, after = arrays(pairs, "sign", "control_value", "variant_value")
    test = stats.welch_test(control, variant)
    difference = stats.welch_interval(control, variant, alpha=terms.alpha)
    lift = stats.relative_interval(control, variant, alpha=terms.alpha)
    always = stats.always_valid_means(
        control, variant, alpha=terms.alpha, tuning_sample=terms.rules.tuning_days
    )
    one_sided = test.p_value / 2
    gain, loss = _losses(control, variant, sign)
    return table(
        {
            "method": np.full(sign.shape, str(Method.WELCH)),
            "difference": after - before,
            "difference_low": difference.low,
            "difference_high": difference.high,
            "lift": after / np.where(before > 0, before, np.nan) - 1,
            "lift_low": lift.low,
            "lift_high": lift.high,
            "statistic": test.statistic,
            "p_value": test.p_value,
            "always_valid_p": always.p_value,
            "always_valid_difference_low": always.difference.low,
            "always_valid_difference_high": always.difference.high,
            "always_valid_lift_low": always.lift.low,
            "always_valid_lift_high": always.lift.high,
            "probability_to_beat_control": np.where(
                sign * test.statistic > 0, 1 - one_sided, one_sided
            ),
            "expected_loss_scale": loss,
            "expected_loss_keep": gain,
            "credible_lift_low": lift.low,
            "credible_lift_high": lift.high,
            **_plan(control, variant, terms),
        }
    )


def estimate(pairs: pl.DataFrame, arm: str) -> Estimate:
    """An arm's ratio over its daily snapshots, with the delta method's variance."""
    return stats.ratio_estimate(Sums(*arrays(pairs, *moments(arm))))


def moments(arm: str) -> tuple[str, ...]:
    """Columns of n, denominators, numerators, their squares and their product, as `Sums` wants."""
    parts = ("days", "denominator", "numerator", "denominator_sq", "numerator_sq", "product")
    return tuple(f"{arm}_{part}" for part in parts)


def _losses(control: Estimate, variant: Estimate, sign: Floats) -> tuple[Floats, Floats]:
    """E[max(g, 0)] and E[max(-g, 0)] for the improvement g, normal about its estimate."""
    gap = sign * (variant.value - control.value)
    error = np.sqrt(control.variance + variant.variance)
    error = np.where(error > 0, error, np.nan)
    z = gap / error
    density = error * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    gain = density + gap * special.ndtr(z)
    loss = density - gap * special.ndtr(-z)
    return np.maximum(gain, 0.0), np.maximum(loss, 0.0)


def _plan(control: Estimate, variant: Estimate, terms: Terms) -> dict[str, Floats]:
    """Power, detectable effect and the smaller arm's days, at the observed spread between days."""
    n0, n1 = control.df + 1, variant.df + 1
    sd0, sd1 = np.sqrt(control.variance * n0), np.sqrt(variant.variance * n1)
    positive = np.where(control.value > 0, control.value, np.nan)
    effect = positive * (terms.lift_threshold if terms.lift_threshold > 0 else np.nan)
    settings = {"power": terms.rules.power, "alpha": terms.alpha}
    share = n1 / n0
    needed = stats.mean_sample_size(effect, sd0, sd1, allocation=share, **settings)
    return {
        "power": stats.mean_power(effect, sd0, sd1, n0, n1, alpha=terms.alpha),
        "minimum_detectable_effect": stats.mean_detectable_effect(sd0, sd1, n0, n1, **settings)
        / positive,
        "needed": needed * np.minimum(1.0, share),
        "collected": np.minimum(n0, n1),
    }
