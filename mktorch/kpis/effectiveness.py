"""Is the marketing getting better?"""

from __future__ import annotations

from datetime import date

import polars as pl

from mktorch.clock import DAYS_PER_MONTH, Clock
from mktorch.kpis.comparison import change, now_and_then
from mktorch.kpis.model import DIFFERENCE, QUOTIENT, Kpi, Value, both, read, share
from mktorch.sums import micros
from mktorch.vocab import Direction, KpiGroup, Unit, Window


def experiment_velocity(experiments: pl.DataFrame, campaigns: pl.DataFrame, clock: Clock) -> Value:
    if experiments.is_empty() and not campaigns.is_empty():
        return Value(None, reason="no experiment is recorded")
    started = experiments.filter(pl.col("start_date") <= clock.day)
    first = started["start_date"].min()
    if not isinstance(first, date):
        return Value(None, reason="no experiment has started" if campaigns.height else None)
    days = (clock.day - first).days
    return share(started.height, campaigns.height * max(days / DAYS_PER_MONTH, 1.0))


def average_lift_percentage(experiment_evaluations: pl.DataFrame) -> Value:
    proven = experiment_evaluations.filter(
        pl.col("significant") & pl.col("improvement").is_not_null()
    )
    lifts = proven.sort("experiment_id", "variant_asset")["improvement"]
    return share(100 * float(lifts.sum()), lifts.len())


def messaging_consistency_score(rollup_asset: pl.DataFrame, creative_assets: pl.DataFrame) -> Value:
    cell = ("campaign_id", "segment_id")
    by_cta = (
        rollup_asset.filter(window=str(Window.ALL))
        .join(creative_assets.select("asset_id", "cta").drop_nulls(), on="asset_id")
        .group_by(*cell, "cta")
        .agg(pl.col("impressions").sum())
    )
    dominant = by_cta.group_by(cell).agg(pl.col("impressions").max())
    return share(float(dominant["impressions"].sum()), float(by_cta["impressions"].sum()))


def insight_to_action_time_hours(risk_inbox: pl.DataFrame) -> Value:
    supplied = risk_inbox.filter(pl.col("origin") != "detected")["hours_to_action"]
    hours, unanswered = supplied.drop_nulls().sort(), supplied.null_count()
    are = "signal is" if unanswered == 1 else "signals are"
    note = f"{unanswered} unanswered {are} not in the mean"
    answered = share(float(hours.sum()), hours.len())
    return answered._replace(reason=note) if unanswered and hours.len() else answered


def targeting_precision_improvement(rollup_segment: pl.DataFrame) -> Value:
    impressions, conversions = pl.col("impressions"), pl.col("conversions")
    campaign = ("campaign_id", "window")
    # conv_s / imp_s >= conv_c / imp_c, multiplied out so that equality is exact
    wide = pl.Int128
    counted = micros(conversions)
    at_or_above = counted * impressions.sum().over(campaign).cast(wide) >= counted.sum().over(
        campaign
    ) * impressions.cast(wide)
    served = rollup_segment.filter(impressions > 0).with_columns(precise=at_or_above)
    known = conversions.is_not_null()
    # A segment whose conversions are not known yet is on neither side.
    some = known.any() | (pl.len() == 0)
    sums = (
        pl.when(some).then(impressions.filter("precise").sum()).alias("conversions"),
        pl.when(some).then(impressions.filter(known).sum()).otherwise(impressions.sum()),
    )
    return change(
        now_and_then(served, *sums, name="the {} window"), top="conversions", bottom="impressions"
    )


# fmt: off
_GROUP = KpiGroup.CAMPAIGN_IMPACT
EFFECTIVENESS = (
    Kpi(experiment_velocity, "Experiments per campaign-month",
        _GROUP, Direction.UP, Unit.RATIO, target=1.5, formula=QUOTIENT,
        words="Experiments started / (campaigns x months since the first one started, at least 1)",
        upstream=(read("experiments", "start_date"), read("campaigns", "campaign_id")),
        settings=("as_of",), missing="there is no campaign"),
    Kpi(average_lift_percentage, "Average lift when significant",
        _GROUP, Direction.UP, Unit.PERCENTAGE, target=15.0, formula=QUOTIENT,
        words="Mean lift of significant variants in percent, with the sign turned where lower is "
        "better",
        upstream=(read("experiment_evaluations", "improvement", "significant"),),
        settings=("statistical_significance_threshold",), missing="no experiment is significant"),
    Kpi(messaging_consistency_score, "Messaging consistency",
        _GROUP, Direction.UP, Unit.FRACTION, target=0.85, formula=QUOTIENT,
        words="Impressions of the dominant call to action of each campaign and segment / "
        "impressions",
        upstream=(read("rollup_asset", "impressions", "campaign_id", "segment_id", window="all"),
                  read("creative_assets", "cta")),
        missing="no asset that states a call to action was served"),
    Kpi(insight_to_action_time_hours, "Time from signal to action",
        _GROUP, Direction.DOWN, Unit.HOURS, target=6.0, formula=QUOTIENT,
        words="Mean hours from a supplied risk signal to the first later decision or budget "
        "action of its campaign; unanswered signals are counted apart",
        upstream=(read("risk_inbox", "hours_to_action", "origin"),),
        missing="no risk signal was answered"),
    Kpi(targeting_precision_improvement, "Targeting precision, change",
        _GROUP, Direction.UP, Unit.FRACTION, target=0.10, points=1, change=True, full=1.0,
        formula=DIFFERENCE,
        words="Share of impressions in segments converting at or above their campaign's rate: "
        "current window less prior",
        upstream=both("rollup_segment", "impressions", "conversions"),
        settings=("window_days",), missing="a window has no impressions"),
)
# fmt: on
