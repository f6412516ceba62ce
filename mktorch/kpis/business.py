"""Is it making money?"""

from __future__ import annotations

import polars as pl

from mktorch.kpis.comparison import Side, Sides, change, now_and_then, reduction
from mktorch.kpis.model import DIFFERENCE, REDUCTION, Kpi, Value, both, read
from mktorch.paired import RollupPaired, paired
from mktorch.sums import micros, total, units
from mktorch.vocab import Direction, KpiGroup, Unit, Window


def conversion_rate_delta(
    rollup_campaign: pl.DataFrame,
    rollup_experiment: pl.DataFrame,
    experiments: pl.DataFrame,
    rollup_paired: pl.DataFrame,
) -> Value:
    parts = ("conversions", "impressions")
    return change(
        _sides(rollup_campaign, rollup_experiment, experiments, rollup_paired, *parts), *parts
    )


def cpa_reduction_percentage(
    rollup_campaign: pl.DataFrame,
    rollup_experiment: pl.DataFrame,
    experiments: pl.DataFrame,
    rollup_paired: pl.DataFrame,
) -> Value:
    parts = ("cost", "conversions")
    return reduction(
        _sides(rollup_campaign, rollup_experiment, experiments, rollup_paired, *parts), *parts
    )


def marketing_attributed_revenue(performance_assessment: pl.DataFrame) -> Value:
    return Value(performance_assessment["total_revenue_proxy"].item())


def wasted_spend_reduction(rollup_asset: pl.DataFrame) -> Value:
    cost = pl.col("cost")
    wasted = cost.filter(pl.col("impressions") > 0, pl.col("conversions") == 0)
    sides = now_and_then(rollup_asset, _cost(wasted).alias("wasted"), _cost(cost))
    return reduction(sides, "wasted", "cost")


def roi_estimate(performance_assessment: pl.DataFrame, campaign_goals: pl.DataFrame) -> Value:
    roi = performance_assessment["overall_roi"].item()
    if roi is not None and not campaign_goals["valued"].any():
        return Value(None, reason="no campaign records what its results are worth")
    missing = "spend" if performance_assessment["total_spend"].item() is None else "revenue"
    return Value(roi, reason=f"no {missing} is recorded" if roi is None else None)


def _cost(of: pl.Expr) -> pl.Expr:
    return units(micros(of).sum())


def _sides(
    rollup_campaign: pl.DataFrame,
    rollup_experiment: pl.DataFrame,
    experiments: pl.DataFrame,
    rollup_paired: pl.DataFrame,
    top: str,
    bottom: str,
) -> Sides:
    """Now and then, over the days that know both; without a prior window, variants and controls."""
    present = set(rollup_campaign["window"])
    if Window.PRIOR in present or Window.CURRENT not in present:
        keys = ("campaign_id", "window")
        names = (pl.lit(top), pl.lit(bottom))
        rated = paired(rollup_campaign, rollup_paired, keys, *names, "_rate")
        # Where no day knows both, the denominator that stands alone tells what is wanting.
        whole = pl.coalesce(total("_bottom"), total(bottom)).alias(bottom)
        return now_and_then(rated, total("_top").alias(top), whole)
    arms = rollup_experiment.join(
        experiments.select("experiment_id", "control_asset"), on="experiment_id"
    )
    control = pl.col("asset_id") == pl.col("control_asset")
    variants, controls = (
        Side(name, arms.filter(where).select(total(top), total(bottom)).row(0, named=True))
        for name, where in (("variants", ~control), ("controls", control))
    )
    return Sides(variants, controls, "variants - controls (no prior window)")


# fmt: off
_BLANKS = both("rollup_paired", *(c for c in RollupPaired.dtypes() if c != "window"))
_ARMS = read("experiments", "control_asset")
_GROUP = KpiGroup.BUSINESS_VALUE
BUSINESS = (
    Kpi(conversion_rate_delta, "Conversion rate, change",
        _GROUP, Direction.UP, Unit.FRACTION, target=0.001, points=3, change=True,
        formula=DIFFERENCE,
        words="Conversions / impressions, pooled over campaigns: current window less prior; "
        "variants less controls where there is no prior window",
        upstream=(*both("rollup_campaign", "impressions", "conversions"), *_BLANKS),
        fallback=(read("rollup_experiment", "impressions", "conversions"), _ARMS),
        settings=("window_days",), missing="a side has no impressions"),
    Kpi(cpa_reduction_percentage, "Cost per acquisition, reduction",
        _GROUP, Direction.UP, Unit.FRACTION, target=0.15, change=True, formula=REDUCTION,
        words="1 - cost per conversion in the current window / in the prior one; variants against "
        "controls where there is no prior window",
        upstream=(*both("rollup_campaign", "cost", "conversions"), *_BLANKS),
        fallback=(read("rollup_experiment", "cost", "conversions"), _ARMS),
        settings=("window_days",), missing="a side has no conversions, or the earlier one no cost"),
    Kpi(marketing_attributed_revenue, "Attributed revenue",
        _GROUP, Direction.UP, Unit.CURRENCY, target=0.0,
        words="Revenue of all campaigns, of each from the record that stands",
        upstream=(read("performance_assessment", "total_revenue_proxy"),),
        settings=("money_authority",), missing="no revenue is recorded"),
    Kpi(wasted_spend_reduction, "Wasted spend, reduction",
        _GROUP, Direction.UP, Unit.FRACTION, target=0.10, change=True, formula=REDUCTION,
        words="1 - wasted share of cost in the current window / in the prior one; wasted is the "
        "cost of assets with impressions and without a conversion in the window",
        upstream=both("rollup_asset", "cost", "impressions", "conversions"),
        settings=("window_days",), missing="a window has no cost, or nothing was wasted before"),
    Kpi(roi_estimate, "Return on media spend",
        _GROUP, Direction.UP, Unit.FRACTION, target=0.50, formula="overall_roi",
        words="(Revenue less media spend) / media spend, of all campaigns",
        upstream=(read("performance_assessment", "overall_roi"), read("campaign_goals", "valued")),
        settings=("money_authority",), missing="no spend is recorded"),
)
# fmt: on
