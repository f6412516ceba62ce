"""KPIs against their targets: attainment, tier, what a tier forces, and each group's word."""

from __future__ import annotations

from collections.abc import Mapping

import dataframely as dy
import polars as pl

from mktorch.kpis import KPIS, TARGET_TABLES
from mktorch.tables import (
    Definition,
    Table,
    count,
    declare,
    fraction,
    key,
    number,
    read,
    reason,
    text,
    texts,
    word,
)
from mktorch.vocab import Direction, Escalation, KpiGroup, KpiStatus, Tier, Unit

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


_FIELD = {kpi.name: f"{TARGET_TABLES[kpi.group]}.{kpi.name}" for kpi in KPIS}
_TIERS = ("kpi_warning_threshold", "kpi_critical_threshold")
_ATTAINED = "Value / target, or target / value where less is better; null without a target"
_SET = "The target as the configuration sets it"
_OWN = "that of the KPI"


# fmt: off
def _scored() -> dict[str, dy.Column]:
    """Columns of a scorecard; value and target mean something else in the row of each KPI."""
    units = {k.name: k.unit if k.points is None else "difference of fractions" for k in KPIS}
    parts = ("numerator", "denominator")
    of = (read("measured_kpis", "value", "target", on=("kpi",)),)
    return {
        "kpi": key("The KPI"),
        "group": word(KpiGroup, "What the KPI is about"),
        "value": number(_OWN, "The KPI, as its own definition has it", null="reason", rows={
            k.name: Definition(k.words, units[k.name],
                tuple(read(up.table, *up.columns, **up.where) for up in k.upstream), k.settings,
                parts if k.quotient else None, "reason") for k in KPIS}),
        "unit": word(Unit, "Unit of value and target"),
        "better": word(Direction, "Which way is better"),
        "target": number(_OWN, _SET, config=tuple(TARGET_TABLES.values()), null="none is set",
            rows={k: Definition(_SET, units[k], config=(field,)) for k, field in _FIELD.items()}),
        "attainment": fraction(_ATTAINED, *of, config=(*TARGET_TABLES.values(), *_TIERS),
            null="reason", rows={k: Definition(_ATTAINED, "fraction", of, (field, *_TIERS),
                reason="reason") for k, field in _FIELD.items()}),
        "tier": word(Tier, "How the KPI stands to its target"),
        "escalation": text("What the tier forces", null="it forces nothing"),
        "numerator": number(_OWN, "What the value is a quotient or difference of", null="of none"),
        "denominator": number(_OWN, "What it is divided by or compared with", null="of none"),
        "window": text("The dates the KPI looks at"),
        "reason": reason("the value"),
    }


MeasuredKpis = declare("measured_kpis", "One row per KPI against its target.", _scored())
Kpis = declare("kpis", "As `measured_kpis`, without what is measured on each run.", _scored())


class MeasuredKpiStatus(Table):
    """One row per group of KPIs: the seed's word for it, and why."""

    group = key("The group of KPIs")
    kpis = count("Number of KPIs")
    exceeded = count("Number of KPIs that exceed their target")
    on_track = count("Number of KPIs on track")
    at_risk = count("Number of KPIs at risk")
    critical = count("Number of critical KPIs")
    not_scored = count("Number of KPIs without a target")
    unmeasured = count("Number of KPIs that cannot be measured")
    mean_attainment = fraction("Mean attainment, each at most 2", null="none is scored")
    troubled = texts("The KPIs at risk or critical")
    status = word(KpiStatus, "The group in a word")
# fmt: on


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
    `MeasuredKpis`: the same rows in the order of `KPIS`. A downward target of 0 is met by 0 alone
    (attainment 1, else 0); a downward value of 0 against a positive target attains the cap of 2.
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
        .pipe(MeasuredKpis.of)
    )


def kpi_status(scored: pl.DataFrame) -> pl.DataFrame:
    """One row per group: the seed's word for it, and why.

    `at_risk` where any KPI is at risk or critical, or none is measured; `exceeded` where all are
    measured and the mean attainment, each capped at 2, is at least 1.2; else `on_track`.
    """
    tier, capped = pl.col("tier"), pl.col("attainment").clip(upper_bound=ATTAINMENT_CAP)
    troubled = tier.is_in([Tier.AT_RISK, Tier.CRITICAL])
    return MeasuredKpiStatus.of(
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
