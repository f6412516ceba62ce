"""The public contract of a run's results: one mapping, its keys and records as typed."""

from __future__ import annotations

from types import NoneType
from typing import Any, Literal, NotRequired, get_args, get_origin, get_type_hints

from typing_extensions import TypedDict  # pydantic reads this one alone before Python 3.12

from mktorch.vocab import Source


class Goal(TypedDict):
    """What the run set out to answer."""

    objective: str
    campaign_id: str | None
    as_of: str
    current_window: list[str]
    prior_window: list[str]
    questions: list[str]


class PlannedStep(TypedDict):
    """One declared step of the plan, and how it went."""

    step: int
    name: str
    description: str
    dependencies: list[str]
    outputs: list[str]
    status: str


class CampaignAnalysis(TypedDict):
    campaign_id: str
    status: str
    total_assets: int
    active_experiments: int
    completed_experiments: int
    total_spend: float | None
    total_revenue_proxy: float | None
    overall_performance: str


class PerformanceAssessment(TypedDict):
    total_campaigns: int
    active_campaigns: int
    total_experiments: int
    running_experiments: int
    completed_experiments: int
    total_spend: float | None
    total_revenue_proxy: float | None
    overall_roi: float | None


class RoiAnalysis(TypedDict):
    total_llm_cost: float | None
    total_human_review_cost: float | None
    total_media_spend: float | None
    total_estimated_value: float | None
    total_net_roi: float | None
    roi_percentage: float | None
    roi_status: Literal["positive", "negative", "neutral"] | None


class ExperimentEvaluation(TypedDict):
    experiment_id: str
    campaign_id: str
    status: str
    control_performance: dict[str, Any]
    variant_performance: dict[str, Any]
    lift_percentage: float | None
    statistical_significance: dict[str, Any]
    recommendation: Literal["continue", "scale_variant", "stop"]


class DecisionInsight(TypedDict):
    campaign_id: str
    total_decisions: int
    automated_decisions: int
    human_overrides: int
    average_confidence: float | None
    common_triggers: list[str]
    decision_patterns: list[str]


class ExpectedImpact(TypedDict):
    roi_lift_percentage: float | None
    revenue_impact: float | None
    cost_savings: float | None
    confidence: Literal["high", "medium", "low"] | None
    roi_lift_low: NotRequired[float | None]
    roi_lift_high: NotRequired[float | None]
    revenue_low: NotRequired[float | None]
    revenue_high: NotRequired[float | None]
    savings_low: NotRequired[float | None]
    savings_high: NotRequired[float | None]
    basis: NotRequired[str]
    reason: NotRequired[str | None]


class ImplementationDetails(TypedDict):
    current_value: str
    recommended_value: str
    steps: list[str]


class Evidence(TypedDict):
    """One fact of a recommendation: where it is found, and its number or its word.

    `fact` is the name that thresholds compare by; `keys` is JSON text.
    """

    fact: str
    table: str
    keys: str
    column: str
    number: float | None
    word: str | None


class Threshold(TypedDict):
    """One number or list of words that a recommendation rests on, and the setting that holds it.

    `name` is null for a constant of the rule; `column` names the fact it is compared with.
    """

    name: str | None
    compare: str | None
    number: float | None
    words: list[str]
    column: str | None
    role: Literal["condition", "fact", "cap", "freeze", "graver", "lesser"]


class Recommendation(TypedDict):
    priority: Literal["high", "medium", "low"]
    category: Literal["campaign", "experiment", "budget", "creative", "audience"]
    action: Literal[
        "pause", "scale", "increase_budget", "decrease_budget", "reallocate", "optimize"
    ]
    target_id: str
    target_name: str
    description: str
    rationale: str
    expected_impact: ExpectedImpact
    implementation_details: ImplementationDetails
    rule_id: NotRequired[str]
    evidence: NotRequired[list[Evidence]]
    thresholds: NotRequired[list[Threshold]]
    risk_level: NotRequired[Literal["high", "medium", "low"]]
    depends_on: NotRequired[list[str]]
    what_could_go_wrong: NotRequired[str]


Records = list[dict[str, Any]]
RecordsByKey = dict[str, Records]


class MarketingOrchestratorState(TypedDict):
    """Every key of a run's state, in order: inputs, lookups, analyses, KPIs, actions, output."""

    campaign_id: str | None
    goal: Goal
    plan: list[PlannedStep]

    campaigns: Records
    audience_segments: Records
    channels: Records
    creative_assets: Records
    experiments: Records
    performance_metrics: Records
    orchestrator_decisions: Records
    roi_ledger: Records
    funnel_events: Records
    budget_actions: Records
    campaign_risk_signals: Records
    segment_rollups: Records
    attribution_hints: Records

    campaigns_lookup: dict[str, dict[str, Any]]
    segments_lookup: dict[str, dict[str, Any]]
    channels_lookup: dict[str, dict[str, Any]]
    assets_lookup: dict[str, dict[str, Any]]
    experiments_lookup: dict[str, dict[str, Any]]
    metrics_by_asset: RecordsByKey
    metrics_by_experiment: RecordsByKey
    decisions_by_campaign: RecordsByKey
    risks_by_campaign: RecordsByKey
    budget_actions_by_campaign: RecordsByKey
    segment_rollups_by_campaign: RecordsByKey

    campaign_analysis: list[CampaignAnalysis]
    experiment_evaluations: list[ExperimentEvaluation]
    performance_assessment: PerformanceAssessment | dict[str, Any]
    operational_kpis: dict[str, Any]
    effectiveness_kpis: dict[str, Any]
    business_kpis: dict[str, Any]
    kpi_status: dict[str, str]
    roi_analysis: RoiAnalysis | dict[str, Any]
    decision_insights: list[DecisionInsight]
    recommendations: list[Recommendation]

    campaign_report: str | None
    report_file_path: str | None
    executive_summary: str | None
    summary_file_path: str | None

    errors: list[str]
    processing_time: float | None


STATE_KEYS: tuple[str, ...] = tuple(get_type_hints(MarketingOrchestratorState))

# Lookup -> the table it indexes.
LOOKUPS: dict[str, Source] = {
    "campaigns_lookup": Source.CAMPAIGNS,
    "segments_lookup": Source.AUDIENCE_SEGMENTS,
    "channels_lookup": Source.CHANNELS,
    "assets_lookup": Source.CREATIVE_ASSETS,
    "experiments_lookup": Source.EXPERIMENTS,
    "metrics_by_asset": Source.PERFORMANCE_METRICS,
    "metrics_by_experiment": Source.PERFORMANCE_METRICS,
    "decisions_by_campaign": Source.ORCHESTRATOR_DECISIONS,
    "risks_by_campaign": Source.CAMPAIGN_RISK_SIGNALS,
    "budget_actions_by_campaign": Source.BUDGET_ACTIONS,
    "segment_rollups_by_campaign": Source.SEGMENT_ROLLUPS,
}

# State key -> the table whose rows are its records, and one -> whose single row is its record;
# of several tables the first that was made.
RECORD_TABLES = {
    "campaign_analysis": "campaign_analysis",
    "experiment_evaluations": "experiment_records",
    "decision_insights": "decision_insights",
    "recommendations": "recommendation_records",
}
ROW_TABLES = {
    "performance_assessment": ("performance_assessment",),
    "roi_analysis": ("measured_roi_analysis", "roi_analysis"),
}


def empty_state() -> dict[str, Any]:
    """Every key of the contract with the value of a run that produced nothing.

    >>> list(empty_state()) == list(STATE_KEYS)
    True
    """
    hints = get_type_hints(MarketingOrchestratorState)
    return {key: _empty(hint) for key, hint in hints.items()}


def _empty(hint: Any) -> Any:
    if NoneType in get_args(hint):
        return None
    return [] if get_origin(hint) is list else {}
