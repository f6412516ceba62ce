"""KPIs against their targets: attainment, tier, what the evidence makes of it, each group's word.

The tier is arithmetic on the target. What a KPI stands at, and what that forces, is decided by the
interval of its value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import dataframely as dy
import polars as pl

from mktorch.kpis import KPIS, TARGET_TABLES
from mktorch.kpis.model import QUOTIENT
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


# What a standing forces; a freeze besides, where the KPI is one that may freeze.
ESCALATIONS: Mapping[Tier, tuple[Escalation, ...]] = {
    Tier.AT_RISK: (Escalation.NOTIFY,),
    Tier.CRITICAL: (Escalation.NOTIFY, Escalation.HUMAN_REVIEW),
    Tier.UNMEASURED: (Escalation.NOTIFY,),
}


class Limits(NamedTuple):
    """What KPIs are set against.

    `targets`: KPI -> target, 0 for an upward KPI: shown, not scored. Attainment below `warning` is
    at risk, below `critical` critical. `freeze_on` names the KPIs that may freeze budgets. A change
    of less than `steady`, relative to before, is none worth telling.
    """

    targets: Mapping[str, float]
    warning: float
    critical: float
    freeze_on: tuple[str, ...]
    steady: float


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
                parts if k.formula == QUOTIENT else None, "reason",
                formula=k.formula) for k in KPIS}),
        "unit": word(Unit, "Unit of value and target"),
        "better": word(Direction, "Which way is better"),
        "target": number(_OWN, _SET, config=tuple(TARGET_TABLES.values()), null="none is set",
            rows={k: Definition(_SET, units[k], config=(field,)) for k, field in _FIELD.items()}),
        "attainment": fraction(_ATTAINED, *of, config=(*TARGET_TABLES.values(), *_TIERS),
            null="reason", rows={k: Definition(_ATTAINED, "fraction", of, (field, *_TIERS),
                reason="reason") for k, field in _FIELD.items()}),
        "tier": word(Tier, "How the KPI stands to its target"),
        "low": number(_OWN, "Low end of the interval of the value, from how the days vary; of a "
            "count and what else is exact the value itself", null="interval_reason",
            config=("statistical_significance_threshold",)),
        "high": number(_OWN, "High end of the interval of the value", null="interval_reason",
            config=("statistical_significance_threshold",)),
        "interval_reason": reason("the interval"),
        "standing": word(Tier, "What the evidence makes of the tier: critical where the whole "
            "interval is, steady where a change cannot be told from none",
            config=("narrative_rules.steady_change",)),
        "escalation": text("What the standing forces", config=("freeze_on",),
            null="it forces nothing"),
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
    steady = count("Number of KPIs whose change cannot be told from none")
    at_risk = count("Number of KPIs at risk")
    critical = count("Number of critical KPIs")
    not_scored = count("Number of KPIs without a target")
    unmeasured = count("Number of KPIs that cannot be measured")
    mean_attainment = fraction("Mean attainment, each at most 2", null="none is scored")
    troubled = texts("The KPIs at risk or critical")
    status = word(KpiStatus, "The group in a word")
# fmt: on


def scorecard(values: pl.DataFrame, intervals: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Set KPI values against their targets.

    Parameters
    ----------
    values
        One row per KPI: kpi, value, numerator, denominator, window, reason.
    intervals
        Of those that have a value: kpi, low, high, interval_reason.

    Returns
    -------
    `MeasuredKpis`: the same rows in the order of `KPIS`. A downward target of 0 is met by 0 alone
    (attainment 1, else 0); a downward value of 0 against a positive target attains the cap of 2.

    A KPI whose tier is critical stands so where both ends of its interval are below `critical` too,
    and, of a change, where both are for the worse; else it is at risk. One at risk or critical
    whose change is smaller than `steady`, or has 0 in its interval, or no interval, is steady; one
    that was full before and is full now is on track.
    """
    declared = pl.DataFrame(
        [
            (
                k.name,
                *map(str, (k.group, k.better, k.unit)),
                limits.targets.get(k.name),
                k.change,
                k.full,
                k.name in limits.freeze_on,
            )
            for k in KPIS
        ],
        schema={
            "kpi": pl.String,
            "group": pl.String,
            "better": pl.String,
            "unit": pl.String,
            "target": pl.Float64,
            "is_change": pl.Boolean,
            "full": pl.Float64,
            "freezes": pl.Boolean,
        },
        orient="row",
    )
    return (
        declared.join(values, on="kpi", maintain_order="left")
        .join(intervals, on="kpi", how="left", maintain_order="left")
        .with_columns(
            _attainment(pl.col("value")).alias("attainment"),
            pl.when(pl.col("value").is_null())
            .then(pl.lit("there is no value"))
            .otherwise("interval_reason")
            .alias("interval_reason"),
        )
        .with_columns(_tier(limits).alias("tier"))
        .with_columns(_standing(limits).alias("standing"))
        .with_columns(_escalation().alias("escalation"))
        .pipe(MeasuredKpis.of)
    )


def kpi_status(scored: pl.DataFrame) -> pl.DataFrame:
    """One row per group: the seed's word for it, and why.

    `at_risk` where any KPI stands at risk or critical, or none is measured; `exceeded` where all
    are measured and the mean attainment, each capped at 2, is at least 1.2; else `on_track`.
    """
    tier, capped = pl.col("standing"), pl.col("attainment").clip(upper_bound=ATTAINMENT_CAP)
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


def _attainment(value: pl.Expr) -> pl.Expr:
    target = pl.col("target")
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


def _standing(limits: Limits) -> pl.Expr:
    """The tier as far as the evidence bears it."""
    low, high, now, then = (pl.col(c) for c in ("low", "high", "numerator", "denominator"))
    sign = pl.when(pl.col("better") == Direction.UP).then(1.0).otherwise(-1.0)
    small = ((now / then - 1).abs() < limits.steady).fill_null(value=False)
    untold = small | ((low <= 0) & (high >= 0)).fill_null(value=True)
    best = pl.max_horizontal(_attainment(low), _attainment(high))
    worse = ~pl.col("is_change") | (pl.max_horizontal(low * sign, high * sign) < 0)
    proven = ((best < limits.critical) & worse).fill_null(value=False)
    full = ((now == pl.col("full")) & (then == pl.col("full"))).fill_null(value=False)
    tier = pl.col("tier")
    return (
        pl.when(~tier.is_in([Tier.AT_RISK, Tier.CRITICAL]))
        .then(tier)
        .when(full)
        .then(pl.lit(str(Tier.ON_TRACK)))
        .when(pl.col("is_change") & untold)
        .then(pl.lit(str(Tier.STEADY)))
        .when((tier == Tier.CRITICAL) & proven)
        .then(pl.lit(str(Tier.CRITICAL)))
        .otherwise(pl.lit(str(Tier.AT_RISK)))
    )


def _escalation() -> pl.Expr:
    standing = pl.col("standing")
    frozen = (standing == Tier.CRITICAL) & pl.col("freezes")
    forced = standing.replace_strict(
        {str(tier): ", ".join(words) for tier, words in ESCALATIONS.items()},
        default=None,
        return_dtype=pl.String,
    )
    freeze = pl.when(frozen).then(pl.lit(str(Escalation.BUDGET_FREEZE)))
    return pl.concat_str(forced, freeze, separator=", ", ignore_nulls=True).replace("", None)


def _tier(limits: Limits) -> pl.Expr:
    attained = pl.col("attainment")
    return (
        pl.when(pl.col("value").is_null())
        .then(pl.lit(str(Tier.UNMEASURED)))
        .when(attained.is_null())
        .then(pl.lit(str(Tier.NOT_SCORED)))
        .when(attained >= EXCEEDED)
        .then(pl.lit(str(Tier.EXCEEDED)))
        .when(attained >= limits.warning)
        .then(pl.lit(str(Tier.ON_TRACK)))
        .when(attained >= limits.critical)
        .then(pl.lit(str(Tier.AT_RISK)))
        .otherwise(pl.lit(str(Tier.CRITICAL)))
    )
