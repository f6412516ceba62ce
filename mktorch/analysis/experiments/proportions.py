"""Answers for proportions, such as a click-through rate: successes out of trials in both arms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from mktorch import stats
from mktorch.analysis.experiments.arrays import arrays, table
from mktorch.analysis.experiments.clusters import too_early
from mktorch.analysis.experiments.terms import Method, Terms
from mktorch.config.experiment_rules import DifferenceInterval, ExperimentRules, RatioInterval
from mktorch.stats import Flags, Floats, Interval

SMALL = 5.0
"""Below this least expected count test and intervals are corrected for continuity."""
FEW = 50.0
"""So are they up to so many trials in an arm."""

_Counts = tuple[Floats, Floats, Floats, Floats]
_DIFFERENCE: dict[DifferenceInterval, Callable[..., Interval]] = {
    DifferenceInterval.NEWCOMBE: stats.newcombe,
    DifferenceInterval.WALD: stats.wald,
    DifferenceInterval.AGRESTI_CAFFO: stats.agresti_caffo,
}


def proportion_effects(pairs: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """The columns of `EFFECTS` for rows of proportions, in their order.

    Every answer is made from the effective counts: those seen, divided by how much more the gap
    varies than single trials tell (`inflation`). Their score statistic is read as Student's with
    the clusters' degrees of freedom; where trials are independent both change nothing. Where an
    expected count is under 5, or an arm has at most 50 trials, test and intervals are corrected for
    continuity. Each interval excludes no effect exactly where p is below the level.
    """
    seen = _columns(pairs)
    inflation, df = arrays(pairs, "inflation", "cluster_df")
    (sign,) = arrays(pairs, "sign")
    trials = np.isnan(df)
    df = np.where(trials, np.inf, df)
    counts = _effective(seen, inflation)
    rules, alpha = terms.rules, terms.alpha
    small = _small(counts)
    statistic, p = _p_values(counts, df, small)
    critical = stats.as_student(stats.critical_z(alpha), df)
    difference, ratio = _intervals(counts, critical, p < alpha, small, rules)
    always = stats.always_valid_proportions(
        *counts, alpha=alpha, tuning_sample=rules.tuning_sample, df=df
    )
    always = stats.withheld(always, too_early(pairs), bound=1.0)
    prior = (rules.prior_alpha, rules.prior_beta)
    belief = stats.beta_binomial(*counts, prior=prior)
    credible = stats.credible_lift(*counts, alpha=alpha, prior=prior)
    beats, lower, higher = belief
    up = sign > 0
    usual = np.where(trials, str(Method.SCORE), str(Method.CLUSTERS))
    return table(
        {
            "method": np.where(small, str(Method.CONTINUITY), usual),
            "difference": stats.difference(*seen),
            "difference_low": difference.low,
            "difference_high": difference.high,
            "lift": stats.lift(*seen),
            "lift_low": ratio.low - 1,
            "lift_high": ratio.high - 1,
            "statistic": statistic,
            "p_value": p,
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
            "lift_error": _lift_error(counts),
            **_plan(seen, inflation, sign, terms),
        }
    )


def _columns(pairs: pl.DataFrame) -> _Counts:
    x0, n0 = arrays(pairs, "control_numerator", "control_denominator")
    x1, n1 = arrays(pairs, "variant_numerator", "variant_denominator")
    return x0, n0, x1, n1


def _effective(seen: _Counts, inflation: Floats) -> _Counts:
    x0, n0, x1, n1 = seen
    return x0 / inflation, n0 / inflation, x1 / inflation, n1 / inflation


def _p_values(counts: _Counts, df: Floats, small: Flags) -> tuple[Floats, Floats]:
    """The statistic and the p that decides: of few trials, corrected for continuity."""
    statistic, p = stats.score_test(*counts)
    careful = stats.score_test(*_some(counts, small), continuity=True)
    statistic[small], p[small] = careful
    return statistic, np.where(np.isinf(df), p, stats.two_sided_t(statistic, df))


def _some(counts: _Counts, chosen: Flags) -> _Counts:
    x0, n0, x1, n1 = counts
    return x0[chosen], n0[chosen], x1[chosen], n1[chosen]


def _small(counts: _Counts) -> Flags:
    """Where the normal approximation needs care: few of a kind expected, or few trials."""
    least = np.minimum(counts[1], counts[3])
    return np.asarray((stats.smallest_expected_count(*counts) < SMALL) | (least <= FEW))


def _intervals(
    counts: _Counts, critical: Floats, significant: Flags, small: Flags, rules: ExperimentRules
) -> tuple[Interval, Interval]:
    """Intervals of the difference and of the ratio, `critical` standard errors to either side.

    One of another statistic than p's ends at no effect where the two would contradict each other.
    """
    up = stats.difference(*counts) > 0
    level = stats.two_sided(critical)
    few = _some(counts, small)
    settled = critical[small], significant[small]
    if rules.difference_interval == DifferenceInterval.MEE:
        difference = stats.invert_difference(*counts, critical, significant)
        _into(difference, small, stats.invert_difference(*few, *settled, continuity=True))
    else:
        other = _DIFFERENCE[rules.difference_interval](*counts, alpha=level)
        difference = stats.settle(other, up, significant, null=0.0)
    if rules.ratio_interval == RatioInterval.KOOPMAN:
        ratio = stats.invert_ratio(*counts, critical, significant)
        _into(ratio, small, stats.invert_ratio(*few, *settled, continuity=True))
    else:
        ratio = stats.settle(stats.katz(*counts, alpha=level), up, significant, null=1.0)
    return difference, ratio


def _into(interval: Interval, where: Flags, other: Interval) -> None:
    interval.low[where], interval.high[where] = other


def _lift_error(counts: _Counts) -> Floats:
    """Standard error of the lift by the delta method, half a success added to each arm."""
    x0, n0, x1, n1 = counts
    with np.errstate(divide="ignore", invalid="ignore"):
        rate0, rate1 = (x0 + 0.5) / (n0 + 1), (x1 + 0.5) / (n1 + 1)
        own0, own1 = rate0 * (1 - rate0) / n0, rate1 * (1 - rate1) / n1
        positive = np.where(x0 > 0, rate0, np.nan)
        return np.asarray(np.sqrt(own1 + (rate1 / positive) ** 2 * own0) / positive)


def _plan(counts: _Counts, inflation: Floats, sign: Floats, terms: Terms) -> dict[str, Floats]:
    """Power and detectable effect of the present sample, at the control's observed rate."""
    x0, n0, _, n1 = counts
    with np.errstate(divide="ignore", invalid="ignore"):
        usable = (n0 > 0) & (n1 > 0) & (x0 > 0) & (x0 <= n0)
        base = np.where(usable, x0 / n0, np.nan)
    n0, n1 = n0 / inflation, n1 / inflation
    # Down to p1 is up to 1 - p1: the same test, with successes and failures exchanged.
    level = np.where(sign > 0, base, 1 - base)
    power, alpha = terms.rules.power, terms.alpha
    detectable, _ = stats.minimum_detectable_effect(level, n0, n1, power=power, alpha=alpha)
    worth = np.where(terms.lift_threshold > 0, base * (1 + sign * terms.lift_threshold), np.nan)
    return {
        "power": stats.proportion_power(base, worth, n0, n1, alpha=alpha),
        "minimum_detectable_effect": detectable / base,
    }
