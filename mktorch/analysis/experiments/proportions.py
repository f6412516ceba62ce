"""Answers for proportions, such as a click-through rate: successes out of trials in both arms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from mktorch import stats
from mktorch.analysis.experiments.arrays import arrays, table
from mktorch.analysis.experiments.terms import Method, Terms
from mktorch.config.experiment_rules import DifferenceInterval, RatioInterval
from mktorch.stats import Floats, Interval

SMALL = 5.0
"""Below this least expected count the p-value is Fisher's exact one."""

_Counts = tuple[Floats, Floats, Floats, Floats]
_DIFFERENCE: dict[DifferenceInterval, Callable[..., Interval]] = {
    DifferenceInterval.MEE: stats.mee,
    DifferenceInterval.NEWCOMBE: stats.newcombe,
    DifferenceInterval.WALD: stats.wald,
    DifferenceInterval.AGRESTI_CAFFO: stats.agresti_caffo,
}
_RATIO: dict[RatioInterval, Callable[..., Interval]] = {
    RatioInterval.KOOPMAN: stats.koopman,
    RatioInterval.KATZ: stats.katz,
}


def proportion_effects(pairs: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """The columns of `EFFECTS` for rows of proportions, in their order.

    The p-value is the pooled score test's; Fisher's exact one where an expected count is under 5,
    and then that p decides although the intervals stay those of the score test.
    """
    counts = _counts(pairs)
    (sign,) = arrays(pairs, "sign")
    rules = terms.rules
    score = stats.score_test(*counts)
    small = stats.smallest_expected_count(*counts) < SMALL
    exact = np.full(small.shape, np.nan)
    exact[small] = stats.fisher_exact(*(count[small] for count in counts))
    difference = _DIFFERENCE[rules.difference_interval](*counts, alpha=terms.alpha)
    ratio = _RATIO[rules.ratio_interval](*counts, alpha=terms.alpha)
    always = stats.always_valid_proportions(
        *counts, alpha=terms.alpha, tuning_sample=rules.tuning_sample
    )
    prior = (rules.prior_alpha, rules.prior_beta)
    belief = stats.beta_binomial(*counts, prior=prior)
    credible = stats.credible_lift(*counts, alpha=terms.alpha, prior=prior)
    beats, lower, higher = belief
    up = sign > 0
    return table(
        {
            "method": np.where(small, str(Method.FISHER), str(Method.SCORE)),
            "difference": stats.difference(*counts),
            "difference_low": difference.low,
            "difference_high": difference.high,
            "lift": stats.lift(*counts),
            "lift_low": ratio.low - 1,
            "lift_high": ratio.high - 1,
            "statistic": score.statistic,
            "p_value": np.where(small & ~np.isnan(score.p_value), exact, score.p_value),
            "always_valid_p": always.p_value,
            "always_valid_difference_low": always.difference.low,
            "always_valid_difference_high": always.difference.high,
            "always_valid_lift_low": always.lift.low,
            "always_valid_lift_high": always.lift.high,
            "probability_to_beat_control": np.where(up, beats, 1 - beats),
            "expected_loss_scale": np.where(up, lower, higher),
            "expected_loss_keep": np.where(up, higher, lower),
            "credible_lift_low": credible.low,
            "credible_lift_high": credible.high,
            **_plan(counts, sign, terms),
        }
    )


def _counts(pairs: pl.DataFrame) -> _Counts:
    x0, n0 = arrays(pairs, "control_numerator", "control_denominator")
    x1, n1 = arrays(pairs, "variant_numerator", "variant_denominator")
    return x0, n0, x1, n1


def _plan(counts: _Counts, sign: Floats, terms: Terms) -> dict[str, Floats]:
    """Power, detectable effect and the smaller arm's sample, at the control's observed rate."""
    x0, n0, _, n1 = counts
    with np.errstate(divide="ignore", invalid="ignore"):
        usable = (n0 > 0) & (n1 > 0) & (x0 > 0) & (x0 <= n0)
        base = np.where(usable, x0 / n0, np.nan)
        share = np.where(usable, n1 / n0, np.nan)
    # Down to p1 is up to 1 - p1: the same test, with successes and failures exchanged.
    level = np.where(sign > 0, base, 1 - base)
    power, alpha = terms.rules.power, terms.alpha
    detectable, _ = stats.minimum_detectable_effect(level, n0, n1, power=power, alpha=alpha)
    worth = np.where(terms.lift_threshold > 0, base * (1 + sign * terms.lift_threshold), np.nan)
    needed = stats.proportion_sample_size(base, worth, power=power, alpha=alpha, allocation=share)
    return {
        "power": stats.proportion_power(base, worth, n0, n1, alpha=alpha),
        "minimum_detectable_effect": detectable / base,
        "needed": needed * np.minimum(1.0, share),
        "collected": np.minimum(n0, n1),
    }
