"""The plan: every step by name, and the functions it calls; see `mktorch.wiring`.

What a step needs and makes stands in its functions' signatures, and so does its place.
"""

from __future__ import annotations

from typing import Any

from mktorch import ingest
from mktorch.analysis import (
    attribution,
    budget,
    calibration,
    decisions,
    experiments,
    funnel,
    funnel_steps,
    kpi_intervals,
    kpi_tables,
    metric_values,
    model_cost,
    operating,
    returns,
    risk,
    roi,
    segment_trends,
    segments,
)
from mktorch.analysis.campaigns import campaign_analysis
from mktorch.analysis.creatives import creative_standing, creative_totals
from mktorch.analysis.detection import risk_detected
from mktorch.analysis.goals import campaign_goals, channel_goals
from mktorch.analysis.money import campaign_money
from mktorch.analysis.outcomes import decision_outcomes
from mktorch.analysis.pacing import budget_pacing
from mktorch.analysis.portfolio import performance_assessment
from mktorch.analysis.reconciliations import reconciliation_summary, reconciliations
from mktorch.analysis.studies import incrementality_studies
from mktorch.clock import clock
from mktorch.display import texts
from mktorch.metrics import registry
from mktorch.narrative import grounds, llm_calls, llm_text, summary, verdict
from mktorch.narrative.decisions_asked import decisions_asked
from mktorch.narrative.momentum import momentum
from mktorch.narrative.next_steps import next_steps
from mktorch.recommend import (
    reallocate,
    recommendation_candidates,
    recommendations,
    rules_in_force,
)
from mktorch.recommend.records import recommendation_records
from mktorch.rollups import rollups
from mktorch.rollups.assigned import rollup_experiment_unit
from mktorch.rollups.geo import rollup_geo_day
from mktorch.sources.rules import failure_summary
from mktorch.vocab import Source
from mktorch.wiring import Function, Step, wired

# What a step may ask for that no table holds: each is made when it is asked for.
VALUES: dict[str, Function] = {
    function.__name__: function
    for function in (
        clock,
        registry,
        ingest.known_assets,
        ingest.infrastructure_share,
        ingest.newest_summed,
        operating.performance_records,
        operating.operating_totals,
        experiments.terms,
        experiments.arm_sums,
        experiments.arm_days,
        experiments.arm_weekdays,
        experiments.arm_units,
        experiments.arm_totals,
        experiments.allocation_checks,
        experiments.guardrail_checks,
        segment_trends.segment_trends,
        kpi_tables.kpi_values,
        kpi_intervals.kpi_intervals,
        kpi_tables.kpi_targets,
        kpi_tables.kpi_limits,
        llm_calls.model_cost,
        texts.draft,
    )
}


def _step(name: str, description: str, *functions: Function, **more: Any) -> Step:
    return Step(name, description, functions, VALUES, **more)


_STEPS = (
    _step("load", "Read the thirteen sources", ingest.raw, optional=False),
    _step(
        "validate",
        "Check every record; set the failed apart, with reasons",
        ingest.checked,
        failure_summary,
        ingest.input_files,
        optional=False,
    ),
    _step(
        "scope",
        "Keep what was known at as_of, of the campaign asked for",
        ingest.scope,
        optional=False,
    ),
    _step(
        "rollups",
        "Sum performance by asset, experiment, campaign, segment, channel and day",
        rollups,
        rollup_geo_day,
        rollup_experiment_unit,
        optional=False,
    ),
    _step(
        "money",
        "Settle each campaign's spend and revenue between ledger and metrics",
        campaign_money,
        optional=False,
    ),
    _step(
        "reconcile",
        "Set every figure that two records state side by side",
        reconciliations,
        reconciliation_summary,
    ),
    _step(
        "campaigns",
        "Judge each campaign's return, and its own KPI, against their targets",
        campaign_analysis,
        campaign_goals,
        channel_goals,
    ),
    _step(
        "portfolio",
        "Add the campaigns and experiments up",
        performance_assessment,
        metric_values.window_metrics,
    ),
    _step(
        "roi",
        "Compute return on investment, by campaign and in all",
        roi.roi_by_campaign,
        roi.roi_analysis,
    ),
    _step(
        "operating",
        "Model the operating cost and load it on the return",
        operating.operating_cost,
        operating.roi_fully_loaded,
        roi.roi_waterfall,
    ),
    _step(
        "value",
        "Set value against spend by channel and segment",
        operating.value_by_channel,
        operating.value_by_segment,
    ),
    _step(
        "experiments",
        "Evaluate every experiment and walk it through its gates",
        experiments.experiment_setup_faults,
        experiments.experiment_evaluations,
        experiments.experiment_gates,
        experiments.experiment_records,
    ),
    _step(
        "studies",
        "Judge lift studies and tests by region",
        incrementality_studies,
    ),
    _step(
        "segments",
        "Judge each segment of each campaign: KPI, trend, scale or stop",
        segment_trends.segment_windows,
        segments.segment_portfolio,
        segments.segment_momentum,
        segments.segment_summary,
        metric_values.segment_metrics,
    ),
    _step(
        "creatives",
        "Set each creative against the others of its segment",
        creative_standing,
        creative_totals,
    ),
    _step(
        "journey",
        "Follow people from stage to stage; find leaks and breaks",
        funnel.funnel_detail,
        funnel.funnel_stages,
        funnel_steps.funnel_steps,
        funnel_steps.funnel_segment_steps,
    ),
    _step(
        "attribution",
        "Set the attribution methods side by side",
        attribution.attribution_shares,
        attribution.attribution_summary,
    ),
    _step(
        "budget",
        "Check budget moves, flows and pacing",
        budget.budget_moves,
        budget.budget_governance,
        budget.budget_approvers,
        budget.channel_flow,
        budget_pacing,
    ),
    _step(
        "risk",
        "Detect risks in the data and match them with the signals",
        risk_detected,
        risk.risk_inbox,
        risk.risk_summary,
        risk.policy_violations,
    ),
    _step(
        "decisions",
        "Ask what came of each decision",
        decisions.decision_insights,
        decisions.decision_trend,
        decision_outcomes,
        calibration.decision_calibration,
        calibration.confidence_ranking,
    ),
    _step(
        "kpis",
        "Set the sixteen KPIs against their targets",
        kpi_tables.kpis,
        kpi_tables.measured_kpis,
        kpi_tables.measured_kpi_status,
        switch="enable_kpi_tracking",
    ),
    _step(
        "returns",
        "Bound what each campaign and channel returns; find money to move",
        returns.campaign_returns,
        returns.channel_returns,
        reallocate.campaign_moves,
        reallocate.channel_moves,
    ),
    _step(
        "recommend",
        "Apply the rules: one action per target, ranked by what is at stake",
        recommendation_candidates,
        recommendations,
        recommendation_records,
        rules_in_force,
        reads=("campaign_analysis",),
    ),
    _step("momentum", "Set the current window against the prior one", momentum),
    _step("next_steps", "Name the most serious recommendations as next steps", next_steps),
    _step(
        "verdict",
        "Give the verdict, its reasons and the decisions it asks for",
        grounds.verdict_grounds,
        verdict.verdict,
        decisions_asked,
        summary.rule_based_summary,
        uses=(
            *grounds.COUNTED,
            *("momentum", "segment_momentum", "recommendation_candidates", "budget_pacing"),
            Source.CHANNELS,
        ),
    ),
    _step(
        "model",
        "Word the summary, by a model where one may, else by rules",
        llm_text.worded,
        reads=llm_text.NEEDS,
        uses=llm_text.READS,
    ),
    _step(
        "model cost",
        "Charge the model's calls to the return",
        model_cost.measured_roi_analysis,
        model_cost.measured_roi_fully_loaded,
    ),
)

PLAN = wired(
    *_STEPS,
    _step(
        "texts",
        "Write the executive summary and the campaign report",
        texts.executive_summary,
        texts.campaign_report,
        reads=("verdict", "verdict_grounds", "decisions_asked", "failures"),
        uses=tuple(made for step in _STEPS for made in step.makes),
    ),
)
"""Every step, in the order it is run."""
