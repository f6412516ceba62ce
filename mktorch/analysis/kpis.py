"""The sixteen KPIs: each a value with its numerator, denominator and window, or a reason for none.

Fractions are fractions (0.20 is 20 %) but for names of the effectiveness group that end in
`_percentage` (15.0 is 15 %). docs/kpis.md holds every definition.
"""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from mktorch.analysis.money import total
from mktorch.analysis.paired import paired
from mktorch.metrics import ratio
from mktorch.rollups import DAYS_PER_MONTH, micros, units
from mktorch.vocab import CampaignStatus, Window

_SUCCEEDING = (CampaignStatus.ACTIVE, CampaignStatus.COMPLETED)
_SCHEMA = {
    "kpi": pl.String,
    "value": pl.Float64,
    "numerator": pl.Float64,
    "denominator": pl.Float64,
    "window": pl.String,
    "reason": pl.String,
}


def operational_kpis(
    campaigns: pl.DataFrame,
    decisions: pl.DataFrame,
    policy_violations: pl.DataFrame,
    setup_faults: pl.DataFrame,
    performance: pl.DataFrame,
    funnel: pl.DataFrame,
    as_of: datetime,
) -> pl.DataFrame:
    """Is the system healthy? One row per KPI; latency, being measured, is `latency_kpi`."""
    launched = campaigns.filter(pl.col("status") != CampaignStatus.PLANNED)
    succeeding = launched.filter(pl.col("status").is_in(_SUCCEEDING))
    newest = pl.concat(f.select("timestamp") for f in (performance, funnel))["timestamp"].max()
    age = (as_of - newest).total_seconds() / 3600 if isinstance(newest, datetime) else None
    return pl.concat(
        (
            _share(
                "campaign_execution_success_rate",
                succeeding.height,
                launched.height,
                "no campaign has been launched",
            ),
            _share(
                "human_review_frequency",
                _sum(decisions["human_override"]),
                decisions.height,
                "no decision is recorded",
            ),
            _value("policy_violation_count", float(policy_violations.height)),
            _value("experiment_setup_errors", float(setup_faults["experiment_id"].n_unique())),
            _value("data_freshness_hours", age, reason="no performance or funnel record"),
        )
    )


def latency_kpi(seconds: list[float]) -> pl.DataFrame:
    """Mean seconds per executed plan step: the one KPI that is measured, not computed."""
    return _share(
        "average_latency_seconds", sum(seconds), len(seconds), "no step has run", "this run"
    )


def effectiveness_kpis(
    campaigns: pl.DataFrame,
    assets: pl.DataFrame,
    experiments: pl.DataFrame,
    evaluations: pl.DataFrame,
    risk_inbox: pl.DataFrame,
    rollup_asset: pl.DataFrame,
    rollup_segment: pl.DataFrame,
    today: date,
) -> pl.DataFrame:
    """Is the marketing getting better? One row per KPI."""
    return pl.concat(
        (
            _velocity(campaigns, experiments, today),
            _average_lift(evaluations),
            _consistency(assets, rollup_asset),
            _time_to_action(risk_inbox),
            _precision(rollup_segment),
        )
    )


def business_kpis(
    assessment: pl.DataFrame,
    rollup_campaign: pl.DataFrame,
    rollup_asset: pl.DataFrame,
    rollup_experiment: pl.DataFrame,
    experiments: pl.DataFrame,
    rollup_paired: pl.DataFrame,
) -> pl.DataFrame:
    """Is it making money? One row per KPI.

    Conversion rate and cost per acquisition compare the current window with the prior one; where
    the prior window has no rows, variants with controls, and `window` says so.
    """
    now, then, window = _comparison(rollup_campaign, rollup_experiment, experiments)
    sides = {
        top: [_pooled(side, rollup_paired, top, bottom) for side in (now, then)]
        for top, bottom in (("conversions", "impressions"), ("cost", "conversions"))
    }
    (a, b), (c, d) = sides["conversions"], sides["cost"]
    revenue, roi = (assessment[name].item() for name in ("total_revenue_proxy", "overall_roi"))
    missing = "spend" if assessment["total_spend"].item() is None else "revenue"
    return pl.concat(
        (
            _change("conversion_rate_delta", a, b, "conversions", "impressions", window),
            _reduction("cpa_reduction_percentage", c, d, "cost", "conversions", window),
            _value("marketing_attributed_revenue", revenue, reason="no revenue is recorded"),
            _wasted(rollup_asset),
            _value("roi_estimate", roi, reason=f"no {missing} is recorded"),
        )
    )


def _velocity(campaigns: pl.DataFrame, experiments: pl.DataFrame, today: date) -> pl.DataFrame:
    if experiments.is_empty() and not campaigns.is_empty():
        return _value("experiment_velocity", None, reason="no experiment is recorded")
    started = experiments.filter(pl.col("start_date") <= today)
    first = started["start_date"].min()
    days = (today - first).days if isinstance(first, date) else 0
    months = max(days / DAYS_PER_MONTH, 1.0)
    return _share(
        "experiment_velocity", started.height, campaigns.height * months, "there is no campaign"
    )


def _average_lift(evaluations: pl.DataFrame) -> pl.DataFrame:
    proven = evaluations.filter(pl.col("significant") & pl.col("improvement").is_not_null())
    lifts = proven.sort("experiment_id", "variant_asset")["improvement"]
    return _share(
        "average_lift_percentage", 100 * _sum(lifts), lifts.len(), "no experiment is significant"
    )


def _consistency(assets: pl.DataFrame, rollup_asset: pl.DataFrame) -> pl.DataFrame:
    by_cta = (
        rollup_asset.filter(pl.col("window") == Window.ALL)
        .join(assets.select("asset_id", "cta").drop_nulls(), on="asset_id")
        .group_by("campaign_id", "segment_id", "cta")
        .agg(pl.col("impressions").sum())
    )
    dominant = by_cta.group_by("campaign_id", "segment_id").agg(pl.col("impressions").max())
    return _share(
        "messaging_consistency_score",
        _sum(dominant["impressions"]),
        _sum(by_cta["impressions"]),
        "no impression was served",
    )


def _time_to_action(risk_inbox: pl.DataFrame) -> pl.DataFrame:
    supplied = risk_inbox.filter(pl.col("origin") != "detected")
    hours = supplied["hours_to_action"].drop_nulls().sort()
    unanswered = supplied["hours_to_action"].null_count()
    kpi = _share(
        "insight_to_action_time_hours", _sum(hours), hours.len(), "no risk signal was answered"
    )
    note = (
        "1 unanswered signal is not in the mean"
        if unanswered == 1
        else f"{unanswered} unanswered signals are not in the mean"
    )
    return kpi.with_columns(pl.coalesce("reason", pl.lit(note if unanswered else None)))


def _precision(rollup_segment: pl.DataFrame) -> pl.DataFrame:
    """Share of impressions in segments at or above their campaign's conversion rate."""
    campaign = pl.struct("campaign_id", "window")
    impressions, conversions = pl.col("impressions"), pl.col("conversions")
    # conv_s / imp_s >= conv_c / imp_c, multiplied out so that equality is exact
    wide = pl.Int128
    counted = micros(conversions)
    at_or_above = counted * impressions.sum().over(campaign).cast(wide) >= counted.sum().over(
        campaign
    ) * impressions.cast(wide)
    shares = (
        rollup_segment.filter(impressions > 0)
        .with_columns(at_or_above.alias("precise"))
        .group_by("window")
        .agg(
            impressions.filter(pl.col("precise")).sum().alias("hit"),
            impressions.sum().alias("served"),
        )
        .select("window", ratio(pl.col("hit"), pl.col("served")).alias("share"))
    )
    now, then = (
        shares.filter(window=str(w)).select("share") for w in (Window.CURRENT, Window.PRIOR)
    )
    name = "targeting_precision_improvement"
    if now.is_empty() or then.is_empty():
        return _value(name, None, reason=_missing(now.is_empty()), window="current - prior")
    return _row(name, now.item() - then.item(), now.item(), then.item(), "current - prior", None)


def _comparison(
    rollup_campaign: pl.DataFrame, rollup_experiment: pl.DataFrame, experiments: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, str]:
    now, then = (rollup_campaign.filter(window=str(w)) for w in (Window.CURRENT, Window.PRIOR))
    if not then.is_empty() or now.is_empty():
        return now, then, "current - prior"
    arms = rollup_experiment.join(
        experiments.select("experiment_id", "control_asset"), on="experiment_id"
    )
    is_control = pl.col("asset_id") == pl.col("control_asset")
    return (
        arms.filter(~is_control),
        arms.filter(is_control),
        "variants - controls (no prior window)",
    )


def _pooled(side: pl.DataFrame, rollup_paired: pl.DataFrame, top: str, bottom: str) -> pl.DataFrame:
    """One row: both measures over all rows of a side; of a window, over days that know both."""
    if "window" not in side.columns:  # an experiment's days know all that it records
        return side.select(total(top), total(bottom))
    keys = ("campaign_id", "window")
    rated = paired(side, rollup_paired, keys, pl.lit(top), pl.lit(bottom), "_rate")
    # Where no day knows both, the denominator that stands alone tells what is wanting: the other.
    whole = pl.coalesce(total("_bottom"), total(bottom))
    return rated.select(total("_top").alias(top), whole.alias(bottom))


def _change(
    name: str, now: pl.DataFrame, then: pl.DataFrame, top: str, bottom: str, window: str
) -> pl.DataFrame:
    a, b = (_rate(side, top, bottom) for side in (now, then))
    if a is None or b is None:
        return _value(name, None, reason=_unknown(now, then, top, bottom, window), window=window)
    return _row(name, a - b, a, b, window, None)


def _reduction(
    name: str, now: pl.DataFrame, then: pl.DataFrame, top: str, bottom: str, window: str
) -> pl.DataFrame:
    a, b = (_rate(side, top, bottom) for side in (now, then))
    if a is None or b is None:
        return _value(name, None, reason=_unknown(now, then, top, bottom, window), window=window)
    if b == 0:
        return _value(name, None, reason=f"{top} was 0 before: nothing to reduce", window=window)
    return _row(name, 1 - a / b, a, b, window, None)


def _wasted(rollup_asset: pl.DataFrame) -> pl.DataFrame:
    wasted = (pl.col("impressions") > 0) & (pl.col("conversions") == 0)
    sides = [
        rollup_asset.filter(window=str(w)).select(
            units(micros(pl.col("cost")).filter(wasted).sum()).alias("wasted"),
            units(micros(pl.col("cost")).sum()).alias("cost"),
        )
        for w in (Window.CURRENT, Window.PRIOR)
    ]
    return _reduction(
        "wasted_spend_reduction", sides[0], sides[1], "wasted", "cost", "current - prior"
    )


def _rate(side: pl.DataFrame, top: str, bottom: str) -> float | None:
    value = side.select(ratio(pl.col(top).cast(pl.Float64), pl.col(bottom))).item()
    return None if value is None else float(value)


def _unknown(now: pl.DataFrame, then: pl.DataFrame, top: str, bottom: str, window: str) -> str:
    """Which side has no rate, and whether for want of a denominator or of a numerator."""
    missing = _rate(now, top, bottom) is None
    side = window.split(" - ")[0 if missing else 1].removesuffix(" (no prior window)")
    where = side + (" window" if side in ("current", "prior") else "")
    values = now if missing else then
    if values[top].item() is None and values[bottom].item() is not None:
        return f"{top} are not known yet in {where}"
    return f"no {bottom} in {where}"


def _missing(current: bool) -> str:
    return f"no impressions in the {'current' if current else 'prior'} window"


def _sum(series: pl.Series) -> float:
    return float(series.sum())


def _share(
    name: str, numerator: float, denominator: float, reason: str, window: str = Window.ALL
) -> pl.DataFrame:
    """`numerator / denominator`, or null with `reason` where there is nothing to divide by."""
    if not denominator:
        return _row(name, None, numerator, denominator, window, reason)
    return _row(name, numerator / denominator, numerator, denominator, window, None)


def _value(
    name: str, value: float | None, reason: str | None = None, window: str = Window.ALL
) -> pl.DataFrame:
    return _row(name, value, None, None, window, reason if value is None else None)


def _row(
    name: str,
    value: float | None,
    numerator: float | None,
    denominator: float | None,
    window: str,
    reason: str | None,
) -> pl.DataFrame:
    row = (name, value, numerator, denominator, str(window), reason)
    return pl.DataFrame([row], schema=_SCHEMA, orient="row")
