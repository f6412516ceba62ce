"""Is the system healthy?"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from mktorch.kpis.model import Kpi, Value, read, share
from mktorch.vocab import CampaignStatus, Direction, KpiGroup, Unit

_SUCCEEDING = (CampaignStatus.ACTIVE, CampaignStatus.COMPLETED)


def campaign_execution_success_rate(campaigns: pl.DataFrame) -> Value:
    launched = campaigns.filter(pl.col("status") != CampaignStatus.PLANNED)
    return share(launched.filter(pl.col("status").is_in(_SUCCEEDING)).height, launched.height)


def average_latency_seconds(seconds: list[float]) -> Value:
    return share(sum(seconds), len(seconds), "this run")


def human_review_frequency(orchestrator_decisions: pl.DataFrame) -> Value:
    overridden = orchestrator_decisions.filter("human_override")
    return share(overridden.height, orchestrator_decisions.height)


def policy_violation_count(policy_violations: pl.DataFrame) -> Value:
    return Value(policy_violations.height)


def experiment_setup_errors(experiment_setup_faults: pl.DataFrame) -> Value:
    return Value(experiment_setup_faults["experiment_id"].n_unique())


def data_freshness_hours(
    performance_metrics: pl.DataFrame, funnel_events: pl.DataFrame, as_of: datetime
) -> Value:
    stamped = pl.concat(frame.select("timestamp") for frame in (performance_metrics, funnel_events))
    newest = stamped["timestamp"].max()
    age = (as_of - newest).total_seconds() / 3600 if isinstance(newest, datetime) else None
    return Value(age)


OPERATIONAL = (
    Kpi(
        compute=campaign_execution_success_rate,
        label="Campaigns active or completed",
        group=KpiGroup.OPERATIONAL_HEALTH,
        better=Direction.UP,
        unit=Unit.FRACTION,
        target=0.95,
        words="Active or completed campaigns / launched campaigns (status not planned)",
        missing="no campaign has been launched",
        upstream=(read("campaigns", "status"),),
        quotient=True,
    ),
    Kpi(
        compute=average_latency_seconds,
        label="Average latency of a step",
        group=KpiGroup.OPERATIONAL_HEALTH,
        better=Direction.DOWN,
        unit=Unit.SECONDS,
        target=5.0,
        words="Mean seconds per executed step of this run; measured, from the run's manifest",
        missing="no step has run",
        quotient=True,
    ),
    Kpi(
        compute=human_review_frequency,
        label="Decisions overridden by people",
        group=KpiGroup.OPERATIONAL_HEALTH,
        better=Direction.DOWN,
        unit=Unit.FRACTION,
        target=0.30,
        words="Decisions overridden by a person / decisions",
        missing="no decision is recorded",
        upstream=(read("orchestrator_decisions", "human_override"),),
        quotient=True,
    ),
    Kpi(
        compute=policy_violation_count,
        label="Policy violations",
        group=KpiGroup.OPERATIONAL_HEALTH,
        better=Direction.DOWN,
        unit=Unit.COUNT,
        target=0.0,
        words="Brand safety and policy signals not dismissed, assets delivered without approval or "
        "with risk flags, and budget moves executed without a required approval",
        upstream=(read("policy_violations", "kind", "id"),),
        settings=("budget_rules.approval_required_amount",),
    ),
    Kpi(
        compute=experiment_setup_errors,
        label="Experiments set up wrongly",
        group=KpiGroup.OPERATIONAL_HEALTH,
        better=Direction.DOWN,
        unit=Unit.COUNT,
        target=0.0,
        words="Experiments with at least one fault in their setup",
        upstream=(read("experiment_setup_faults", "experiment_id"),),
        settings=("experiment_rules.allocation_alpha",),
    ),
    Kpi(
        compute=data_freshness_hours,
        label="Age of the newest data",
        group=KpiGroup.OPERATIONAL_HEALTH,
        better=Direction.DOWN,
        unit=Unit.HOURS,
        target=2.0,
        words="The report's moment less the newest timestamp of a performance record or funnel "
        "event",
        missing="no performance or funnel record",
        upstream=(read("performance_metrics", "timestamp"), read("funnel_events", "timestamp")),
        settings=("as_of",),
    ),
)
