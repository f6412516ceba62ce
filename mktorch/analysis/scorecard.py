"""KPIs against their targets: attainment, tier, what a tier forces, and each group's word."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from mktorch.kpis import KPIS
from mktorch.vocab import Direction, Escalation, KpiStatus, Tier

ATTAINMENT_CAP = 2.0
EXCEEDED = 1.2


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
        [(k.name, *map(str, (k.group, k.better, k.unit)), targets.get(k.name)) for k in KPIS],
        schema={
            "kpi": pl.String,
            "group": pl.String,
            "better": pl.String,
            "unit": pl.String,
            "target": pl.Float64,
        },
        orient="row",
    )
    return (
        declared.join(values, on="kpi", maintain_order="left")
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
