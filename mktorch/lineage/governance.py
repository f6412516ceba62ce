"""Governance: moves of budget, pacing, risks, decisions and what came of them."""

from __future__ import annotations

from mktorch.lineage.model import CAMPAIGN, Definition, Upstream, read

_MOVE = ("budget_action_id",)
_APPROVAL = "budget_rules.approval_required_amount"
_STALE = "budget_rules.proposal_stale_days"
_OUTCOME = ("decision_rules.outcome_days", "decision_rules.alpha", "decision_rules.minimum_days")
_BANDS = ("decision_rules.confidence_bands", *_OUTCOME)


def _moves(words: str, unit: str, *columns: str, config: tuple[str, ...] = ()) -> Definition:
    return Definition(words, unit, (read("budget_moves", *columns),), config)


def _latency(words: str) -> Definition:
    return Definition(
        f"{words} of the minutes from proposal to ruling, over the moves that state them",
        "minutes",
        (read("budget_moves", "approval_latency_minutes"),),
        reason="latency_reason",
    )


def _ruled(words: str, unit: str, *columns: str) -> Definition:
    return Definition(
        f"{words}, of the moves that the person ruled on",
        unit,
        (read("budget_moves", *columns, on=("approver_id",)),),
    )


def _band(words: str, **where: str) -> Definition:
    return Definition(
        f"Number of decisions in the band of confidence{words}",
        "count",
        (read("decision_outcomes", "confidence_score", "verdict", **where),),
        _BANDS,
    )


def _days(*columns: str) -> Upstream:
    return read("rollup_day", *columns, on=CAMPAIGN)


GOVERNANCE = {
    "approvers.moves": _ruled("Number", "count", "status"),
    "approvers.approved": _ruled("Number approved", "count", "approved_by_human"),
    "approvers.refused": _ruled("Number rejected", "count", "status"),
    "approvers.required": _ruled("Number that needed approval", "count", "required_approval"),
    "approvers.median_hours": _ruled(
        "Median of the time from proposal to ruling", "hours", "approval_latency_minutes"
    ),
    "approvers.longest_hours": _ruled(
        "Longest time from proposal to ruling", "hours", "approval_latency_minutes"
    ),
    "budget_governance.approval_rate": Definition(
        "Moves approved / moves a person ruled on",
        "fraction",
        (read("budget_moves", "status", "approved_by_human"),),
        over=("decided_approved", "decided"),
        reason="approval_rate_reason",
    ),
    "budget_governance.latency_median_minutes": _latency("Median"),
    "budget_governance.latency_mean_minutes": _latency("Mean"),
    "budget_governance.latency_p90_minutes": _latency("90th percentile"),
    "budget_governance.violations": _moves(
        "Number of moves executed without the approval they needed",
        "count",
        "violation",
        config=(_APPROVAL,),
    ),
    "budget-governance.amount.executed_below_limit": _moves(
        "Number of moves executed without approval, less those that needed one",
        "count",
        "approved_by_human",
        "violation",
        config=(_APPROVAL,),
    ),
    "budget_governance.pending": _moves(
        "Number of moves proposed and not ruled on", "count", "status"
    ),
    "budget_governance.stale_proposals": _moves(
        "Number of proposals older than the limit", "count", "stale", config=(_STALE,)
    ),
    "budget_governance.same_channel_moves": _moves(
        "Number of moves from a channel to itself", "count", "same_channel"
    ),
    "budget_governance.moved_amount": Definition(
        "Amounts of the executed moves in the reporting currency, summed",
        "currency",
        (read("budget_moves", "amount", status="executed"),),
        ("currency",),
        reason="other_currency_reason",
    ),
    "budget_moves.amount": Definition(
        "The move's amount as its record states it",
        "the move's own currency",
        (read("budget_actions", "amount", on=_MOVE),),
    ),
    "budget_moves.*": Definition(
        "As the move's record states it, with its age and what it breaks",
        "",
        (read("budget_actions", "amount", "status", "approved_by_human", on=_MOVE),),
        (_APPROVAL, _STALE),
    ),
    "channel_flow.executed_net": Definition(
        "Amounts of executed moves to the channel less those from it",
        "currency",
        (
            read("budget_moves", "amount", on={"channel_id": "to_channel_id"}, status="executed"),
            read("budget_moves", "amount", on={"channel_id": "from_channel_id"}, status="executed"),
        ),
        ("currency",),
    ),
    "channel_flow.pending_net": Definition(
        "Amounts of proposed and approved moves to the channel less those from it",
        "currency",
        (
            read("budget_moves", "amount", on={"channel_id": "to_channel_id"}),
            read("budget_moves", "amount", on={"channel_id": "from_channel_id"}),
        ),
        ("currency",),
    ),
    "budget_pacing.budget": Definition(
        "The campaign's budget", "currency", (read("campaigns", "budget", on=CAMPAIGN),)
    ),
    "budget_pacing.spend": Definition(
        "The campaign's spend to date",
        "currency",
        (read("campaign_money", "total_spend", on=CAMPAIGN),),
        ("money_authority",),
    ),
    "budget_pacing.spend_share": Definition(
        "Spend to date / budget",
        "fraction",
        (
            read("campaign_money", "total_spend", on=CAMPAIGN),
            read("campaigns", "budget", on=CAMPAIGN),
        ),
        ("money_authority",),
        ("spend", "budget"),
        "reason",
    ),
    "budget_pacing.elapsed_share": Definition(
        "Days of the flight gone / all its days, first and last day included",
        "fraction",
        (read("campaigns", "start_date", "end_date", on=CAMPAIGN),),
        ("as_of",),
        ("elapsed_days", "flight_days"),
        "reason",
    ),
    "budget_pacing.pace": Definition(
        "Share of the budget spent / share of the flight gone",
        "ratio",
        (
            read("campaign_money", "total_spend", on=CAMPAIGN),
            read("campaigns", "budget", "start_date", "end_date", on=CAMPAIGN),
        ),
        ("budget_rules.over_pace", "budget_rules.under_pace"),
        ("spend_share", "elapsed_share"),
        "reason",
    ),
    "budget_pacing.projected_end_spend": Definition(
        "Spend to date / share of the flight gone; the spend to date where the campaign is paused "
        "or has ended",
        "currency",
        (
            read("campaign_money", "total_spend", on=CAMPAIGN),
            read("campaigns", "start_date", "end_date", on=CAMPAIGN),
        ),
        reason="reason",
    ),
    "risk_inbox.exposure": Definition(
        "Cost of the assets concerned in the current window, of all the campaign's assets where "
        "none is named",
        "currency",
        (read("rollup_asset", "cost", on=CAMPAIGN, window="current"),),
        ("window_days",),
    ),
    "risk_inbox.age_hours": Definition(
        "The report's moment less the moment of the signal or of the last day of the finding",
        "hours",
        (
            read("campaign_risk_signals", "timestamp", on={"id": "risk_id"}),
            read("risk_detected", "last_day", on={"id": "detection_id"}),
        ),
        ("as_of",),
    ),
    "risk-inbox.age_days": Definition(
        "Hours from the signal or finding to the report's moment / 24",
        "days",
        (read("risk_inbox", "age_hours", on=("id",)),),
        ("as_of",),
    ),
    "risk_inbox.hours_to_action": Definition(
        "Hours from the signal to the first later decision or budget action of its campaign",
        "hours",
        (
            read("campaign_risk_signals", "timestamp", on={"id": "risk_id"}),
            read("orchestrator_decisions", "timestamp", on=CAMPAIGN),
            read("budget_actions", "timestamp", on=CAMPAIGN),
        ),
        reason="action_reason",
    ),
    "risk_detected.*": Definition(
        "What the rule of detection found in the performance records",
        "",
        (read("rollup_asset", "clicks", "conversions", "cost", on=CAMPAIGN, window="all"),),
        ("risk_rules",),
    ),
    "policy_violations.*": Definition(
        "A signal, asset or move that breaks a rule of conduct",
        "",
        (
            read("campaign_risk_signals", "risk_type", "status", on={"id": "risk_id"}),
            read("creative_assets", "approved_by_human", "risk_flags", on={"id": "asset_id"}),
            read("budget_actions", "amount", "status", on={"id": "budget_action_id"}),
        ),
        (_APPROVAL,),
    ),
    "experiment_setup_faults.*": Definition(
        "A fault in the setup of the experiment",
        "",
        (read("experiments", "control_asset", "variant_asset", on=("experiment_id",)),),
        ("experiment_rules.allocation_alpha",),
    ),
    "decision_outcomes.confidence_score": Definition(
        "The decision's confidence as its record states it",
        "fraction",
        (read("orchestrator_decisions", "confidence_score", on=("decision_id",)),),
    ),
    "decision_outcomes.lift": Definition(
        "The campaign's primary KPI in the days after the decision / in the days before, less 1",
        "fraction",
        (_days("impressions", "clicks", "conversions", "cost", "revenue"),),
        _OUTCOME,
        reason="lift_reason",
    ),
    "decision_outcomes.*": Definition(
        "The decision with its campaign's primary KPI before and after",
        "",
        (read("orchestrator_decisions", "confidence_score", on=("decision_id",)),),
        _OUTCOME,
    ),
    "decision_calibration.decisions": _band(""),
    "decision_calibration.judged": _band(", less those with too little data"),
    "decision_calibration.improved": _band(" after which the KPI was better", verdict="improved"),
    "decision_calibration.no_detectable_change": _band(
        " after which no change was detectable", verdict="no_detectable_change"
    ),
    "decision_calibration.worsened": _band(" after which the KPI was worse", verdict="worsened"),
    "decision_calibration.share_improved": Definition(
        "Decisions after which the KPI was better / decisions judged, in the band of confidence",
        "fraction",
        (read("decision_outcomes", "confidence_score", "verdict"),),
        _BANDS,
        ("improved", "judged"),
        "reason",
    ),
}
