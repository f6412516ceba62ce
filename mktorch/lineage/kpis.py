"""The sixteen KPIs: each with its own definition; targets and attainment are alike for all."""

from __future__ import annotations

from mktorch.lineage.model import Definition, Upstream, read

_PARTS = ("numerator", "denominator")
_TARGETS = {
    "operational_kpi_targets": (
        "campaign_execution_success_rate",
        "average_latency_seconds",
        "human_review_frequency",
        "policy_violation_count",
        "experiment_setup_errors",
        "data_freshness_hours",
    ),
    "effectiveness_kpi_targets": (
        "experiment_velocity",
        "average_lift_percentage",
        "messaging_consistency_score",
        "insight_to_action_time_hours",
        "targeting_precision_improvement",
    ),
    "business_kpi_targets": (
        "conversion_rate_delta",
        "cpa_reduction_percentage",
        "marketing_attributed_revenue",
        "wasted_spend_reduction",
        "roi_estimate",
    ),
}
_TIERS = ("kpi_warning_threshold", "kpi_critical_threshold")


def _kpi(
    words: str, unit: str, *upstream: Upstream, config: tuple[str, ...] = (), parts: bool = False
) -> Definition:
    return Definition(words, unit, upstream, config, _PARTS if parts else None, "reason")


_NOW_AND_THEN = tuple(
    read("rollup_campaign", "impressions", "conversions", "cost", window=window)
    for window in ("current", "prior")
)

_VALUES = {
    "campaign_execution_success_rate": _kpi(
        "Active or completed campaigns / launched campaigns (status not planned)",
        "fraction",
        read("campaigns", "status"),
        parts=True,
    ),
    "average_latency_seconds": _kpi(
        "Seconds of the executed steps of this run's plan / their number; measured, from the "
        "run's manifest",
        "seconds",
        parts=True,
    ),
    "human_review_frequency": _kpi(
        "Decisions overridden by a person / decisions",
        "fraction",
        read("orchestrator_decisions", "human_override"),
        parts=True,
    ),
    "policy_violation_count": _kpi(
        "Number of policy violations: signals not dismissed, assets delivered without approval or "
        "with risk flags, moves executed without a required approval",
        "count",
        read("policy_violations", "kind", "id", "detail"),
        config=("budget_rules.approval_required_amount",),
    ),
    "experiment_setup_errors": _kpi(
        "Number of experiments with at least one fault in their setup",
        "count",
        read("experiment_setup_faults", "fault", "detail"),
        config=("experiment_rules.allocation_alpha",),
    ),
    "data_freshness_hours": _kpi(
        "The report's moment less the newest timestamp of a performance record or funnel event",
        "hours",
        read("performance_metrics", "timestamp"),
        read("funnel_events", "timestamp"),
        config=("as_of",),
    ),
    "experiment_velocity": _kpi(
        "Experiments started / (campaigns * months since the first one started, at least 1)",
        "per campaign and month",
        read("experiments", "start_date"),
        read("campaigns", "status"),
        parts=True,
    ),
    "average_lift_percentage": _kpi(
        "Sum of the improvements of significant variants, in percent / their number",
        "percentage",
        read("experiment_evaluations", "improvement", "significant"),
        config=("statistical_significance_threshold",),
        parts=True,
    ),
    "messaging_consistency_score": _kpi(
        "Impressions of the dominant call to action of each campaign and segment / impressions",
        "fraction",
        read("rollup_asset", "impressions", window="all"),
        read("creative_assets", "cta"),
        parts=True,
    ),
    "insight_to_action_time_hours": _kpi(
        "Hours from each supplied risk signal to the first later decision or budget action of its "
        "campaign, summed / signals answered",
        "hours",
        read("risk_inbox", "hours_to_action"),
        parts=True,
    ),
    "targeting_precision_improvement": _kpi(
        "Share of impressions served to segments that convert at or above their campaign's rate: "
        "current window less prior",
        "difference of fractions",
        read("rollup_segment", "impressions", "conversions", window="current"),
        read("rollup_segment", "impressions", "conversions", window="prior"),
        config=("window_days",),
    ),
    "conversion_rate_delta": _kpi(
        "Conversions / impressions, pooled over campaigns: current window less prior; variants "
        "less controls where there is no prior window",
        "difference of fractions",
        *_NOW_AND_THEN,
        config=("window_days",),
    ),
    "cpa_reduction_percentage": _kpi(
        "1 - cost per conversion in the current window / in the prior one; variants against "
        "controls where there is no prior window",
        "fraction",
        *_NOW_AND_THEN,
        config=("window_days",),
    ),
    "marketing_attributed_revenue": _kpi(
        "Value of all campaigns",
        "currency",
        read("performance_assessment", "total_revenue_proxy"),
        config=("money_authority",),
    ),
    "wasted_spend_reduction": _kpi(
        "1 - wasted share of cost in the current window / in the prior one; wasted is the cost of "
        "assets with impressions and without a conversion in the window",
        "fraction",
        read("rollup_asset", "cost", "impressions", "conversions", window="current"),
        read("rollup_asset", "cost", "impressions", "conversions", window="prior"),
        config=("window_days",),
    ),
    "roi_estimate": _kpi(
        "(Value - spend) / spend of the portfolio",
        "fraction",
        read("performance_assessment", "overall_roi"),
        config=("money_authority",),
    ),
}
_FIELD = {kpi: f"{table}.{kpi}" for table, kpis in _TARGETS.items() for kpi in kpis}

KPIS = {
    **{f"measured_kpis.value.{kpi}": each for kpi, each in _VALUES.items()},
    **{
        f"measured_kpis.target.{kpi}": Definition(
            "The target as the configuration sets it", each.unit, config=(_FIELD[kpi],)
        )
        for kpi, each in _VALUES.items()
    },
    "measured_kpis.attainment": Definition(
        "Value / target, or target / value where less is better; null without a target",
        "fraction",
        (read("measured_kpis", "value", "target", on=("kpi",)),),
        (*_TARGETS, *_TIERS),
        reason="reason",
    ),
    **{
        f"measured_kpis.attainment.{kpi}": Definition(
            "Value / target, or target / value where less is better; null without a target",
            "fraction",
            (read("measured_kpis", "value", "target", on=("kpi",)),),
            (_FIELD[kpi], *_TIERS),
            reason="reason",
        )
        for kpi in _VALUES
    },
}
