"""Answers for ratio metrics, such as cost per acquisition: one sum over another, day by day."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import special

from mktorch import stats
from mktorch.analysis.experiments.arrays import array, arrays, table
from mktorch.analysis.experiments.clusters import too_early
from mktorch.analysis.experiments.terms import Cluster, Method, Terms
from mktorch.stats import Floats, Gap


def ratio_effects(pairs: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """The columns of `EFFECTS` for rows of ratio metrics, in their order.

    The unit is the day; with fewer than two in an arm only the effects are defined. The variance
    of the gap is the delta method's over days, paired where both arms ran and widened for days
    that resemble their neighbours (`with_clusters`); the test is Student's t, the lift's interval
    Fieller's, which inverts that test. Bayesian answers take a flat prior, under which Fieller's
    interval is also the credible one.
    """
    gap = _gap(pairs)
    sign, before, after = arrays(pairs, "sign", "control_value", "variant_value")
    test = stats.gap_test(gap)
    critical = stats.as_student(stats.critical_z(terms.alpha), gap.df)
    difference, lift = stats.gap_intervals(gap, critical, test.p_value < terms.alpha)
    number, tuned = _units(pairs, terms)
    always = stats.always_valid_gap(gap, number, alpha=terms.alpha, tuning_sample=tuned)
    always = stats.withheld(always, too_early(pairs))
    one_sided = test.p_value / 2
    gain, loss = _losses(gap, sign)
    return table(
        {
            "method": np.full(sign.shape, str(Method.DELTA)),
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
            "lift_error": _lift_error(gap),
            **_plan(gap, terms),
        }
    )


def _gap(pairs: pl.DataFrame) -> Gap:
    value0, value1, df = arrays(pairs, "control_value", "variant_value", "cluster_df")
    variance0, variance1, covariance = arrays(pairs, "_variance0", "_variance1", "_covariance")
    return Gap(value0, value1, variance0, variance1, covariance, df)


def _units(pairs: pl.DataFrame, terms: Terms) -> tuple[Floats, Floats]:
    """Days, or units, of both arms together, and how many the sequence is tuned to."""
    days0, days1, units0, units1 = arrays(
        pairs, "control_days", "variant_days", "_control_clusters", "_variant_clusters"
    )
    named = array(pairs.select(named=pl.col("cluster") == Cluster.UNITS), "named") == 1
    tuned = np.where(named, terms.rules.tuning_sample, terms.rules.tuning_days)
    return np.where(named, units0 + units1, days0 + days1), tuned


def _losses(gap: Gap, sign: Floats) -> tuple[Floats, Floats]:
    """E[max(g, 0)] and E[max(-g, 0)] for the improvement g, normal about its estimate."""
    middle, error = sign * gap.difference, gap.error
    z = middle / error
    density = error * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    gain = density + middle * special.ndtr(z)
    loss = density - middle * special.ndtr(-z)
    return np.maximum(gain, 0.0), np.maximum(loss, 0.0)


def _lift_error(gap: Gap) -> Floats:
    """Standard error of the lift by the delta method."""
    positive = np.where(gap.value0 > 0, gap.value0, np.nan)
    ratio = gap.value1 / positive
    variance = gap.variance1 + ratio**2 * gap.variance0 - 2 * ratio * gap.covariance
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)) / positive)


def _plan(gap: Gap, terms: Terms) -> dict[str, Floats]:
    """Power and detectable effect of the present days, at their observed spread."""
    positive = np.where(gap.value0 > 0, gap.value0, np.nan)
    effect = positive * (terms.lift_threshold if terms.lift_threshold > 0 else np.nan)
    # The gap's spread as that of two equal arms of its clusters: the same error and df.
    n = gap.df / 2 + 1
    sd = gap.error * np.sqrt(n / 2)
    settings = {"power": terms.rules.power, "alpha": terms.alpha}
    return {
        "power": stats.mean_power(effect, sd, sd, n, n, alpha=terms.alpha),
        "minimum_detectable_effect": stats.mean_detectable_effect(sd, sd, n, n, **settings)
        / positive,
    }
