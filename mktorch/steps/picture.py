"""The operating picture: segments, journey, attribution, budget, risk, decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mktorch.analysis.attribution import attribution_shares, attribution_summary
from mktorch.analysis.budget import budget_governance, budget_moves, channel_flow
from mktorch.analysis.calibration import confidence_ranking, decision_calibration
from mktorch.analysis.creatives import creative_standing
from mktorch.analysis.decisions import decision_insights, decision_trend
from mktorch.analysis.detection import risk_detected
from mktorch.analysis.funnel import funnel_detail, funnel_stages
from mktorch.analysis.funnel_steps import funnel_steps
from mktorch.analysis.outcomes import decision_outcomes
from mktorch.analysis.pacing import budget_pacing
from mktorch.analysis.risk import policy_violations, risk_inbox, risk_summary
from mktorch.analysis.segment_trends import segment_trends, segment_windows
from mktorch.analysis.segments import segment_momentum, segment_portfolio, segment_summary
from mktorch.metrics import registry
from mktorch.steps.work import Step, Work
from mktorch.vocab import Source


def _segments(work: Work) -> Mapping[str, Any]:
    config, metrics = work.config, registry(work.config.metrics)
    campaigns, segments = work[Source.CAMPAIGNS], work[Source.AUDIENCE_SEGMENTS]
    windows = segment_windows(campaigns, work["rollup_segment"], metrics, work["rollup_paired"])
    trends = segment_trends(
        campaigns,
        work["rollup_day"],
        work.day,
        config.window_days,
        metrics,
        config.segment_rules.trend_alpha,
    )
    portfolio = segment_portfolio(
        windows,
        trends,
        work[Source.SEGMENT_ROLLUPS],
        campaigns,
        segments,
        work.day,
        config.window_days,
        config.segment_rules,
    )
    return {
        "segment_windows": windows,
        "segment_portfolio": portfolio,
        "segment_momentum": segment_momentum(portfolio),
        "segment_summary": segment_summary(portfolio, segments),
    }


def _creatives(work: Work) -> Mapping[str, Any]:
    config = work.config
    return {
        "creative_standing": creative_standing(
            work[Source.CAMPAIGNS],
            work["rollup_asset_day"],
            work[Source.EXPERIMENTS],
            work.day,
            config.window_days,
            registry(config.metrics),
            config.segment_rules.trend_alpha,
        )
    }


def _journey(work: Work) -> Mapping[str, Any]:
    config = work.config
    detail = funnel_detail(
        work[Source.FUNNEL_EVENTS], work.day, config.window_days, config.funnel_rules
    )
    by_campaign, by_segment = ("campaign_id",), ("campaign_id", "segment_id")
    stages = funnel_stages(detail, *by_campaign)
    alpha = config.statistical_significance_threshold
    return {
        "funnel_detail": detail,
        "funnel_stages": stages,
        "funnel_steps": funnel_steps(
            stages, work["rollup_campaign"], by_campaign, config.funnel_rules, alpha
        ),
        "funnel_segment_steps": funnel_steps(
            funnel_stages(detail, *by_segment),
            work["rollup_segment"],
            by_segment,
            config.funnel_rules,
            alpha,
        ),
    }


def _attribution(work: Work) -> Mapping[str, Any]:
    shares = attribution_shares(work[Source.ATTRIBUTION_HINTS], work["rollup_channel"])
    summary = attribution_summary(
        work[Source.CAMPAIGNS], shares, work["rollup_campaign"], work.config.attribution_rules
    )
    return {"attribution_shares": shares, "attribution_summary": summary}


def _budget(work: Work) -> Mapping[str, Any]:
    config = work.config
    moves = budget_moves(
        work[Source.BUDGET_ACTIONS],
        work["rollup_day"],
        work["as_of"],
        config.budget_rules,
        config.currency,
    )
    return {
        "budget_moves": moves,
        "budget_governance": budget_governance(moves, config.currency),
        "channel_flow": channel_flow(moves, work[Source.CHANNELS], config.currency),
        "budget_pacing": budget_pacing(
            work[Source.CAMPAIGNS], work["campaign_money"], work.day, config.budget_rules
        ),
    }


def _risk(work: Work) -> Mapping[str, Any]:
    rules = work.config.risk_rules
    signals = work[Source.CAMPAIGN_RISK_SIGNALS]
    detected = risk_detected(
        work["rollup_asset_day"],
        work["rollup_asset"],
        work["rollup_segment"],
        work[Source.CREATIVE_ASSETS],
        work[Source.CAMPAIGNS],
        work.day,
        rules,
    )
    inbox = risk_inbox(
        signals,
        detected,
        work["rollup_asset"],
        work[Source.ORCHESTRATOR_DECISIONS],
        work[Source.BUDGET_ACTIONS],
        work["as_of"],
        rules,
    )
    return {
        "risk_detected": detected,
        "risk_inbox": inbox,
        "risk_summary": risk_summary(inbox, work["rollup_asset"]),
        "policy_violations": policy_violations(signals, detected, work["budget_moves"]),
    }


def _decisions(work: Work) -> Mapping[str, Any]:
    rules, metrics = work.config.decision_rules, registry(work.config.metrics)
    campaigns, decisions = work[Source.CAMPAIGNS], work[Source.ORCHESTRATOR_DECISIONS]
    outcomes = decision_outcomes(campaigns, decisions, work["rollup_day"], rules, metrics)
    return {
        "decision_insights": decision_insights(campaigns, decisions, rules),
        "decision_trend": decision_trend(decisions, rules),
        "decision_outcomes": outcomes,
        "decision_calibration": decision_calibration(outcomes, rules),
        "confidence_ranking": confidence_ranking(outcomes, rules),
    }


STEPS: tuple[Step, ...] = (
    Step(
        "segments",
        "Judge each segment of each campaign: KPI, trend, scale or stop",
        (
            Source.CAMPAIGNS,
            Source.AUDIENCE_SEGMENTS,
            Source.SEGMENT_ROLLUPS,
            "rollup_segment",
            "rollup_paired",
            "rollup_day",
            "as_of",
        ),
        ("segment_windows", "segment_portfolio", "segment_momentum", "segment_summary"),
        _segments,
    ),
    Step(
        "creatives",
        "Set each creative against the others of its segment",
        (Source.CAMPAIGNS, Source.EXPERIMENTS, "rollup_asset_day", "as_of"),
        ("creative_standing",),
        _creatives,
    ),
    Step(
        "journey",
        "Follow people from stage to stage; find leaks and breaks",
        (Source.FUNNEL_EVENTS, "rollup_campaign", "rollup_segment", "as_of"),
        ("funnel_detail", "funnel_stages", "funnel_steps", "funnel_segment_steps"),
        _journey,
    ),
    Step(
        "attribution",
        "Set the attribution methods side by side",
        (Source.CAMPAIGNS, Source.ATTRIBUTION_HINTS, "rollup_channel", "rollup_campaign"),
        ("attribution_shares", "attribution_summary"),
        _attribution,
    ),
    Step(
        "budget",
        "Check budget moves, flows and pacing",
        (
            Source.BUDGET_ACTIONS,
            Source.CHANNELS,
            Source.CAMPAIGNS,
            "campaign_money",
            "rollup_day",
            "as_of",
        ),
        ("budget_moves", "budget_governance", "channel_flow", "budget_pacing"),
        _budget,
    ),
    Step(
        "risk",
        "Detect risks in the data and match them with the signals",
        (
            Source.CAMPAIGN_RISK_SIGNALS,
            Source.CREATIVE_ASSETS,
            Source.CAMPAIGNS,
            Source.ORCHESTRATOR_DECISIONS,
            Source.BUDGET_ACTIONS,
            "rollup_asset_day",
            "rollup_asset",
            "rollup_segment",
            "budget_moves",
            "as_of",
        ),
        ("risk_detected", "risk_inbox", "risk_summary", "policy_violations"),
        _risk,
    ),
    Step(
        "decisions",
        "Ask what came of each decision",
        (Source.CAMPAIGNS, Source.ORCHESTRATOR_DECISIONS, "rollup_day"),
        (
            "decision_insights",
            "decision_trend",
            "decision_outcomes",
            "decision_calibration",
            "confidence_ranking",
        ),
        _decisions,
    ),
)
