"""KPIs against their targets: attainment, tier, what a tier forces, and each group's word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from mktorch.vocab import Direction, Escalation, KpiGroup, KpiStatus, Tier, Unit

ATTAINMENT_CAP = 2.0
EXCEEDED = 1.2


class Definition(NamedTuple):
    """What a KPI is: its group, which way is better, and its unit."""

    group: KpiGroup
    better: Direction
    unit: Unit


_OPERATIONAL = KpiGroup.OPERATIONAL_HEALTH
_IMPACT = KpiGroup.CAMPAIGN_IMPACT
_BUSINESS = KpiGroup.BUSINESS_VALUE
KPIS: Mapping[str, Definition] = {
    "campaign_execution_success_rate": Definition(_OPERATIONAL, Direction.UP, Unit.FRACTION),
    "average_latency_seconds": Definition(_OPERATIONAL, Direction.DOWN, Unit.SECONDS),
    "human_review_frequency": Definition(_OPERATIONAL, Direction.DOWN, Unit.FRACTION),
    "policy_violation_count": Definition(_OPERATIONAL, Direction.DOWN, Unit.COUNT),
    "experiment_setup_errors": Definition(_OPERATIONAL, Direction.DOWN, Unit.COUNT),
    "data_freshness_hours": Definition(_OPERATIONAL, Direction.DOWN, Unit.HOURS),
    "experiment_velocity": Definition(_IMPACT, Direction.UP, Unit.RATIO),
    "average_lift_percentage": Definition(_IMPACT, Direction.UP, Unit.PERCENTAGE),
    "messaging_consistency_score": Definition(_IMPACT, Direction.UP, Unit.FRACTION),
    "insight_to_action_time_hours": Definition(_IMPACT, Direction.DOWN, Unit.HOURS),
    "targeting_precision_improvement": Definition(_IMPACT, Direction.UP, Unit.FRACTION),
    "conversion_rate_delta": Definition(_BUSINESS, Direction.UP, Unit.FRACTION),
    "cpa_reduction_percentage": Definition(_BUSINESS, Direction.UP, Unit.FRACTION),
    "marketing_attributed_revenue": Definition(_BUSINESS, Direction.UP, Unit.CURRENCY),
    "wasted_spend_reduction": Definition(_BUSINESS, Direction.UP, Unit.FRACTION),
    "roi_estimate": Definition(_BUSINESS, Direction.UP, Unit.RATIO),
}
# What a tier forces, from the lightest to the gravest.
ESCALATIONS: Mapping[Tier, tuple[Escalation, ...]] = {
    Tier.EXCEEDED: (),
    Tier.ON_TRACK: (),
    Tier.AT_RISK: (Escalation.NOTIFY,),
    Tier.CRITICAL: (Escalation.NOTIFY, Escalation.HUMAN_REVIEW, Escalation.BUDGET_FREEZE),
    Tier.NOT_SCORED: (),
    Tier.UNMEASURED: (Escalation.NOTIFY,),
}


def scorecard(
    values: pl.DataFrame, targets: Mapping[str, float], warning: float, critical: float
) -> pl.DataFrame:
    """Set KPI values against their targets.

    Parameters
    ----------
    values
        One row per KPI: kpi, value, numerator, denominator, window, reason.
    targets
        KPI -> target. 0 for an upward KPI: shown, not scored.
    warning, critical
        Attainment below `warning` is at risk, below `critical` critical.

    Returns
    -------
    The same rows in the order of `KPIS`, with group, unit, better, target, `attainment` (value /
    target, or target / value where down is better; null where not measured or not scored), `tier`
    and `escalation`. A downward target of 0 is met by 0 alone (attainment 1, else 0); a downward
    value of 0 against a positive target attains the cap of 2.
    """
    declared = pl.DataFrame(
        [(k, *map(str, d), targets.get(k)) for k, d in KPIS.items()],
        schema={
            "kpi": pl.String,
            "group": pl.String,
            "better": pl.String,
            "unit": pl.String,
            "target": pl.Float64,
        },
        orient="row",
    ).with_row_index("order")
    return (
        values.join(declared, on="kpi")
        .with_columns(_attainment().alias("attainment"))
        .with_columns(_tier(warning, critical).alias("tier"))
        .with_columns(
            pl.col("tier")
            .replace_strict(
                {str(tier): ", ".join(forced) for tier, forced in ESCALATIONS.items()},
                return_dtype=pl.String,
            )
            .replace("", None)
            .alias("escalation")
        )
        .sort("order")
        .select(
            "kpi",
            "group",
            "value",
            "unit",
            "better",
            "target",
            "attainment",
            "tier",
            "escalation",
            "numerator",
            "denominator",
            "window",
            "reason",
        )
    )


def kpi_status(scored: pl.DataFrame) -> pl.DataFrame:
    """One row per group: the seed's word for it, and why.

    `at_risk` where any KPI is at risk or critical, or none is measured; `exceeded` where all are
    measured and the mean attainment, each capped at 2, is at least 1.2; else `on_track`.
    """
    tier, capped = pl.col("tier"), pl.col("attainment").clip(upper_bound=ATTAINMENT_CAP)
    troubled = tier.is_in([Tier.AT_RISK, Tier.CRITICAL])
    return (
        scored.group_by("group", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("kpis"),
            *((tier == t).sum().cast(pl.Int64).alias(t) for t in Tier),
            capped.mean().alias("mean_attainment"),
            pl.col("kpi").filter(troubled).alias("troubled"),
        )
        .with_columns(
            pl.when((pl.col("troubled").list.len() > 0) | pl.col("mean_attainment").is_null())
            .then(pl.lit(str(KpiStatus.AT_RISK)))
            .when((pl.col(Tier.UNMEASURED) == 0) & (pl.col("mean_attainment") >= EXCEEDED))
            .then(pl.lit(str(KpiStatus.EXCEEDED)))
            .otherwise(pl.lit(str(KpiStatus.ON_TRACK)))
            .alias("status")
        )
    )


def _attainment() -> pl.Expr:
    value, target = pl.col("value"), pl.col("target")
    upward = pl.when(target > 0).then(value / target)
    downward = (
        pl.when(target == 0)
        .then((value == 0).cast(pl.Float64))
        .when(value > 0)
        .then(target / value)
        .otherwise(ATTAINMENT_CAP)
    )
    scored = pl.when(pl.col("better") == Direction.UP).then(upward).otherwise(downward)
    # 0.12 against 0.15 is 0.8, not the 0.7999... of binary fractions: a tier must not hang on that.
    return pl.when(value.is_not_null() & target.is_not_null()).then(scored).round(12)


def _tier(warning: float, critical: float) -> pl.Expr:
    attained = pl.col("attainment")
    return (
        pl.when(pl.col("value").is_null())
        .then(pl.lit(str(Tier.UNMEASURED)))
        .when(attained.is_null())
        .then(pl.lit(str(Tier.NOT_SCORED)))
        .when(attained >= EXCEEDED)
        .then(pl.lit(str(Tier.EXCEEDED)))
        .when(attained >= warning)
        .then(pl.lit(str(Tier.ON_TRACK)))
        .when(attained >= critical)
        .then(pl.lit(str(Tier.AT_RISK)))
        .otherwise(pl.lit(str(Tier.CRITICAL)))
    )
