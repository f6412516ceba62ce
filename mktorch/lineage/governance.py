"""Governance: moves of budget, pacing, risks, decisions and what came of them."""

from __future__ import annotations

from mktorch.lineage.model import Definition, read

_APPROVAL = "budget_rules.approval_required_amount"
_OUTCOME = ("decision_rules.outcome_days", "decision_rules.alpha", "decision_rules.minimum_days")
_BANDS = ("decision_rules.confidence_bands", *_OUTCOME)


def _moves(words: str, unit: str, *columns: str, config: tuple[str, ...] = ()) -> Definition:
    return Definition(words, unit, (read("budget_moves", *columns),), config)


def _ruled(words: str, unit: str, *columns: str) -> Definition:
    return Definition(
        f"{words}, of the moves that the person ruled on",
        unit,
        (read("budget_moves", *columns, on=("approver_id",)),),
    )


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
    "budget-governance.amount.executed_below_limit": _moves(
        "Number of moves executed without approval, less those that needed one",
        "count",
        "approved_by_human",
        "violation",
        config=(_APPROVAL,),
    ),
    "risk-inbox.age_days": Definition(
        "Hours from the signal or finding to the report's moment / 24",
        "days",
        (read("risk_inbox", "age_hours", on=("id",)),),
        ("as_of",),
    ),
    "experiment_setup_faults.*": Definition(
        "A fault in the setup of the experiment",
        "",
        (read("experiments", "control_asset", "variant_asset", on=("experiment_id",)),),
        ("experiment_rules.allocation_alpha",),
    ),
}
