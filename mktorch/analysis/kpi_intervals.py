"""What the days say of a KPI: between which values it may lie, given how they vary.

A count, an amount and a share of what is all on record are exact: both ends are the value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl

from mktorch.analysis.before_after import daily
from mktorch.analysis.comparisons import MOMENTS, moments
from mktorch.clock import Clock, Span
from mktorch.config.recommendation_rules import RecommendationRules
from mktorch.kpis import NAMED
from mktorch.kpis.comparison import NOW_AND_THEN
from mktorch.stats import Interval, Sums, mean_estimate, ratio_estimate, relative_interval, wilson
from mktorch.stats.means import Estimate, critical_t, satterthwaite, standard_error
from mktorch.sums import micros, units
from mktorch.vocab import Measure, Window

_UNBOUND = "the days vary too much, or not at all, to bound it"
_SCHEMA = {"kpi": pl.String, "low": pl.Float64, "high": pl.Float64, "interval_reason": pl.String}


class Known(NamedTuple):
    """What intervals are made of: the values, the days and the records behind them."""

    value: float
    numerator: float | None
    rollup_day: pl.DataFrame
    rollup_asset: pl.DataFrame
    experiment_evaluations: pl.DataFrame
    risk_inbox: pl.DataFrame
    decisions: pl.DataFrame
    clock: Clock
    alpha: float
    least_days: int


Ends = tuple[float | None, float | None, str | None]


def kpi_intervals(
    kpi_values: pl.DataFrame,
    rollup_day: pl.DataFrame,
    rollup_asset: pl.DataFrame,
    experiment_evaluations: pl.DataFrame,
    risk_inbox: pl.DataFrame,
    orchestrator_decisions: pl.DataFrame,
    clock: Clock,
    statistical_significance_threshold: float,
    recommendation_rules: RecommendationRules,
) -> pl.DataFrame:
    """One row per KPI that has a value: `kpi`, `low`, `high`, `interval_reason`.

    Both ends are null, and the reason says why, where the days cannot bound the value.
    """
    rows: list[tuple[str, float | None, float | None, str | None]] = []
    for kpi, value, numerator, window in (
        kpi_values.drop_nulls("value").select("kpi", "value", "numerator", "window").iter_rows()
    ):
        known = Known(
            value,
            numerator,
            rollup_day,
            rollup_asset,
            experiment_evaluations,
            risk_inbox,
            orchestrator_decisions,
            clock,
            statistical_significance_threshold,
            recommendation_rules.minimum_return_days,
        )
        if NAMED[kpi].change and window != NOW_AND_THEN:
            rows.append((kpi, None, None, "there is no prior window to compare days with"))
        else:
            rows.append((kpi, *INTERVALS.get(kpi, _exact)(known)))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _exact(known: Known) -> Ends:
    return known.value, known.value, None


def _bounded(low: float, high: float) -> Ends:
    if np.isfinite(low) and np.isfinite(high):
        return float(low), float(high), None
    return None, None, _UNBOUND


def _around(value: float, reach: float) -> Ends:
    return _bounded(value - reach, value + reach)


def _days(known: Known, top: str, bottom: str) -> pl.DataFrame:
    """Sums of all campaigns a day, of the rows that know both: `numerator` and `denominator`."""
    rows = known.rollup_day.drop_nulls([top, bottom]).with_columns(_all=pl.lit("all"))
    return daily(rows, "_all").select(
        "date",
        pl.col(top).cast(pl.Float64).alias("numerator"),
        pl.col(bottom).cast(pl.Float64).alias("denominator"),
    )


def _estimates(days: pl.DataFrame, clock: Clock) -> tuple[Estimate, Estimate]:
    """The ratio of the days of the current and of the prior window, each with its variance."""
    return _estimate(_within(days, clock.current)), _estimate(_within(days, clock.prior))


def _within(days: pl.DataFrame, span: Span) -> pl.DataFrame:
    return days.filter(pl.col("date").is_between(*span))


def _estimate(days: pl.DataFrame) -> Estimate:
    summed = moments(days.with_columns(_all=pl.lit("all")), "_all")
    values = summed.row(0, named=True) if summed.height else dict.fromkeys(MOMENTS, 0.0)
    return ratio_estimate(Sums(*(np.array([values[name]], dtype=float) for name in MOMENTS)))


def _conversion_rate(known: Known) -> Ends:
    """Welch (1947) on the two ratios of daily sums, whose variance is Cochran's (1977, ch. 6)."""
    now, then = _estimates(_days(known, "conversions", "impressions"), known.clock)
    reach = critical_t(known.alpha, satterthwaite(then, now)) * standard_error(then, now)
    return _around(known.value, float(reach[0]))


def _cost_per_acquisition(known: Known) -> Ends:
    """Fieller (1954) on the two ratios of daily sums."""
    now, then = _estimates(_days(known, "cost", "conversions"), known.clock)
    return _turned(relative_interval(then, now, alpha=known.alpha))


def _turned(change: Interval) -> Ends:
    """A reduction is the relative change with its sign turned, its ends exchanged."""
    return _bounded(-float(change.high[0]), -float(change.low[0]))


def _precision(known: Known) -> Ends:
    """From the share of impressions surely on the right side of the rate to that possibly so.

    A segment is surely on a side where Student's t of its daily conversions less what its
    campaign's rate gives its impressions is beyond `alpha`; one alone in its campaign is its rate.
    """
    shares = [_sure_share(_within(known.rollup_day, span), known.alpha)
              for span in (known.clock.current, known.clock.prior)]  # fmt: skip
    (low, high), (low_then, high_then) = shares
    return _bounded(low - high_then, high - low_then)


def _sure_share(rows: pl.DataFrame, alpha: float) -> tuple[float, float]:
    keys, campaign = ("campaign_id", "segment_id"), ("campaign_id",)
    shown, came = pl.col("impressions"), pl.col("conversions")
    rate = units(micros(came).sum().over(campaign)) / shown.sum().over(campaign)
    segments = (
        daily(rows.drop_nulls([Measure.IMPRESSIONS, Measure.CONVERSIONS]), *keys)
        .filter(shown > 0)
        .with_columns(beyond=came - rate * shown)
        .group_by(keys)
        .agg(
            shown.sum(),
            n=pl.len(),
            total=units(micros(pl.col("beyond")).sum()),
            squares=units(micros(pl.col("beyond").pow(2)).sum()),
        )
        .with_columns(alone=pl.len().over(campaign) == 1)
        .sort(keys)
    )
    estimate = mean_estimate(*(segments[c].to_numpy() for c in ("n", "total", "squares")))
    reach = critical_t(alpha, estimate.df) * np.sqrt(estimate.variance)
    alone = segments["alone"].to_numpy()
    weight = segments["impressions"].to_numpy().astype(float)
    sure_above, sure_below = estimate.value > reach, estimate.value < -reach
    served = weight.sum() or np.nan
    return (
        float((weight * (alone | sure_above)).sum() / served),
        float((weight * (alone | ~sure_below)).sum() / served),
    )


def _wasted(known: Known) -> Ends:
    """The jackknife over assets, with Student's quantile: which are wasted is what varies.

    Source: Tukey (1958); Efron and Stein (1981), Annals of Statistics 9.
    """
    cost, idle = pl.col("cost"), (pl.col("impressions") > 0) & (pl.col("conversions") == 0)
    sides = (
        known.rollup_asset.filter(window=str(window)).select(
            "asset_id",
            pl.when(idle).then(cost).otherwise(0.0).alias(f"wasted_{window}"),
            cost.fill_null(0.0).alias(f"cost_{window}"),
        )
        for window in (Window.CURRENT, Window.PRIOR)
    )
    now, then = sides
    held = now.join(then, on="asset_id", how="full", coalesce=True).fill_null(0.0).sort("asset_id")
    if held.height < 2:
        return None, None, "one asset alone has no spread to make an interval from"
    columns = [held[name].to_numpy() for name in held.columns[1:]]
    with np.errstate(all="ignore"):
        w1, c1, w0, c0 = (each.sum() - each for each in columns)
        values = 1 - (w1 / c1) / (w0 / c0)
        n = held.height
        variance = (n - 1) / n * ((values - values.mean()) ** 2).sum()
        reach = critical_t(known.alpha, np.array([n - 1.0]))[0] * np.sqrt(variance)
    return _around(known.value, float(reach))


def _return(known: Known) -> Ends:
    """Cochran's ratio of daily sums, all days, scaled to the account that stands."""
    days = _days(known, "revenue", "cost")
    if days.height < known.least_days:
        return None, None, f"{days.height} days with delivery, {known.least_days} are needed"
    estimate = _estimate(days)
    reach = critical_t(known.alpha, estimate.df) * np.sqrt(estimate.variance)
    with np.errstate(all="ignore"):
        scale = (1 + known.value) / estimate.value
    scaled = 1.0 if known.value == -1 else float(scale[0])
    return _around(known.value, float(reach[0]) * scaled)


def _overridden(known: Known) -> Ends:
    """Wilson (1927) on overridden of all decisions."""
    held = known.decisions
    ends = wilson(
        np.array([held["human_override"].sum()], dtype=float),
        np.array([held.height], dtype=float),
        alpha=known.alpha,
    )
    return _bounded(float(ends.low[0]), float(ends.high[0]))


def _hours(known: Known) -> Ends:
    """Student's interval of the mean over answered signals."""
    hours = known.risk_inbox.filter(pl.col("origin") != "detected")["hours_to_action"]
    held = hours.drop_nulls().sort()
    estimate = mean_estimate(held.len(), float(held.sum()), float((held * held).sum()))
    reach = critical_t(known.alpha, estimate.df) * np.sqrt(estimate.variance)
    return _around(known.value, float(reach))


def _lift(known: Known) -> Ends:
    """The means of the ends of each significant improvement: no narrower than that of the mean."""
    proven = known.experiment_evaluations.filter(
        pl.col("significant") & pl.col("improvement").is_not_null()
    )
    ends = proven.select(
        (pl.col(f"improvement_{end}") * 100).sort().mean() for end in ("low", "high")
    )
    if proven.select("improvement_low", "improvement_high").null_count().sum_horizontal().item():
        return None, None, "an interval of them has no end on one side"
    low, high = ends.row(0)
    return _bounded(low, high)


INTERVALS: Mapping[str, Callable[[Known], Ends]] = {
    "human_review_frequency": _overridden,
    "average_lift_percentage": _lift,
    "insight_to_action_time_hours": _hours,
    "targeting_precision_improvement": _precision,
    "conversion_rate_delta": _conversion_rate,
    "cpa_reduction_percentage": _cost_per_acquisition,
    "wasted_spend_reduction": _wasted,
    "roi_estimate": _return,
}
"""KPI -> how its ends are made, where it is not exact."""
