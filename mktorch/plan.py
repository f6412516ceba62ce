"""The plan: every step by name, and the functions it calls; see `mktorch.wiring`.

What a step needs and makes stands in its functions' signatures, and so does its place.
"""

from __future__ import annotations

from typing import Any

from mktorch import ingest
from mktorch.analysis import experiments as tested
from mktorch.analysis import kpi_tables
from mktorch.analysis.attribution import attribution_shares, attribution_summary
from mktorch.analysis.budget import budget_governance, budget_moves, channel_flow
from mktorch.analysis.calibration import confidence_ranking, decision_calibration
from mktorch.analysis.campaigns import campaign_analysis
from mktorch.analysis.creatives import creative_standing
from mktorch.analysis.decisions import decision_insights, decision_trend
from mktorch.analysis.detection import risk_detected
from mktorch.analysis.funnel import funnel_detail, funnel_stages
from mktorch.analysis.funnel_steps import funnel_segment_steps, funnel_steps
from mktorch.analysis.model_cost import measured_roi_analysis, measured_roi_fully_loaded
from mktorch.analysis.money import campaign_money
from mktorch.analysis.operating import (
    operating_cost,
    operating_totals,
    performance_records,
    roi_fully_loaded,
    value_by_channel,
    value_by_segment,
)
from mktorch.analysis.outcomes import decision_outcomes
from mktorch.analysis.pacing import budget_pacing
from mktorch.analysis.portfolio import performance_assessment
from mktorch.analysis.reconciliations import reconciliations
from mktorch.analysis.returns import campaign_returns, channel_returns
from mktorch.analysis.risk import policy_violations, risk_inbox, risk_summary
from mktorch.analysis.roi import roi_analysis, roi_by_campaign, roi_waterfall
from mktorch.analysis.segment_trends import segment_trends, segment_windows
from mktorch.analysis.segments import segment_momentum, segment_portfolio, segment_summary
from mktorch.clock import clock
from mktorch.metrics import registry
from mktorch.narrative import report, worded
from mktorch.narrative.decisions_asked import decisions_asked
from mktorch.narrative.model import model_cost
from mktorch.narrative.momentum import momentum
from mktorch.narrative.next_steps import next_steps
from mktorch.narrative.page import about
from mktorch.narrative.summary import (
    executive_summary,
    rule_based_summary,
    summary_note,
    summary_text,
)
from mktorch.narrative.verdict import COUNTED, verdict, verdict_signals
from mktorch.recommend import recommendation_candidates, recommendations
from mktorch.recommend.reallocate import campaign_moves, channel_moves
from mktorch.recommend.records import recommendation_records
from mktorch.rollups import rollups
from mktorch.vocab import Source
from mktorch.wiring import Function, Step, wired

# What a step may ask for that no table holds: each is made when it is asked for.
VALUES: dict[str, Function] = {
    function.__name__: function
    for function in (
        about,
        clock,
        ingest.infrastructure_share,
        ingest.known_assets,
        kpi_tables.kpi_targets,
        kpi_tables.kpi_values,
        model_cost,
        operating_totals,
        performance_records,
        registry,
        segment_trends,
        summary_note,
        summary_text,
        tested.arm_sums,
        tested.arm_weekdays,
        tested.arm_weeks,
        tested.terms,
    )
}


def _step(name: str, description: str, *functions: Function, **more: Any) -> Step:
    return Step(name, description, functions, VALUES, **more)


PLAN = wired(
    _step("load", "Read the thirteen sources", ingest.raw, optional=False),
    _step(
        "validate",
        "Check every record; set the failed apart, with reasons",
        ingest.checked,
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
        optional=False,
    ),
    _step(
        "money",
        "Settle each campaign's spend and revenue between ledger and metrics",
        campaign_money,
        optional=False,
    ),
    _step("reconcile", "Set every figure that two records state side by side", reconciliations),
    _step("campaigns", "Judge each campaign's return against its target", campaign_analysis),
    _step("portfolio", "Add the campaigns and experiments up", performance_assessment),
    _step(
        "roi",
        "Compute return on investment, by campaign and in all",
        roi_by_campaign,
        roi_analysis,
    ),
    _step(
        "operating",
        "Model the operating cost and load it on the return",
        operating_cost,
        roi_fully_loaded,
        roi_waterfall,
    ),
    _step(
        "value",
        "Set value against spend by channel and segment",
        value_by_channel,
        value_by_segment,
    ),
    _step(
        "experiments",
        "Evaluate every experiment and walk it through its gates",
        tested.experiment_setup_faults,
        tested.experiment_evaluations,
        tested.experiment_gates,
        tested.experiment_records,
    ),
    _step(
        "segments",
        "Judge each segment of each campaign: KPI, trend, scale or stop",
        segment_windows,
        segment_portfolio,
        segment_momentum,
        segment_summary,
    ),
    _step(
        "creatives",
        "Set each creative against the others of its segment",
        creative_standing,
    ),
    _step(
        "journey",
        "Follow people from stage to stage; find leaks and breaks",
        funnel_detail,
        funnel_stages,
        funnel_steps,
        funnel_segment_steps,
    ),
    _step(
        "attribution",
        "Set the attribution methods side by side",
        attribution_shares,
        attribution_summary,
    ),
    _step(
        "budget",
        "Check budget moves, flows and pacing",
        budget_moves,
        budget_governance,
        channel_flow,
        budget_pacing,
    ),
    _step(
        "risk",
        "Detect risks in the data and match them with the signals",
        risk_detected,
        risk_inbox,
        risk_summary,
        policy_violations,
    ),
    _step(
        "decisions",
        "Ask what came of each decision",
        decision_insights,
        decision_trend,
        decision_outcomes,
        decision_calibration,
        confidence_ranking,
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
        campaign_returns,
        channel_returns,
        campaign_moves,
        channel_moves,
    ),
    _step(
        "recommend",
        "Apply the rules: one action per target, ranked by what is at stake",
        recommendation_candidates,
        recommendations,
        recommendation_records,
        reads=("campaign_analysis",),
    ),
    _step("momentum", "Set the current window against the prior one", momentum),
    _step("next_steps", "Name the gravest recommendations as next steps", next_steps),
    _step(
        "verdict",
        "Give the verdict, its reasons and the decisions it asks for",
        verdict_signals,
        verdict,
        decisions_asked,
        rule_based_summary,
        uses=(
            *COUNTED,
            "momentum",
            "segment_momentum",
            "recommendation_candidates",
            "budget_pacing",
            Source.CHANNELS,
        ),
    ),
    _step(
        "model",
        "Word the summary, by a model where one may, else by rules",
        worded.worded,
        reads=worded.NEEDS,
        uses=worded.READS,
    ),
    _step(
        "model cost",
        "Charge the model's calls to the return",
        measured_roi_analysis,
        measured_roi_fully_loaded,
    ),
    _step(
        "texts",
        "Write the executive summary and the campaign report",
        executive_summary,
        report.campaign_report,
        reads=("verdict", "verdict_signals", "decisions_asked", "failures"),
        uses=tuple(sorted(report.READS)),
    ),
)
"""Every step, in the order it is run."""
