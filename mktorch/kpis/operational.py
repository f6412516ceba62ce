"""Is the system healthy?"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from mktorch.clock import Clock
from mktorch.kpis.model import QUOTIENT, Kpi, Value, read, share
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


def experiment_setup_errors(
    experiment_setup_faults: pl.DataFrame, experiments: pl.DataFrame
) -> Value:
    if experiments.is_empty():
        return Value(None)
    return Value(experiment_setup_faults["experiment_id"].n_unique())


def data_freshness_hours(
    performance_metrics: pl.DataFrame,
    funnel_events: pl.DataFrame,
    clock: Clock,
    newest_summed: datetime | None = None,
) -> Value:
    read = [frame["timestamp"] for frame in (performance_metrics, funnel_events)]
    summed = pl.Series("timestamp", [newest_summed], dtype=pl.Datetime("us"))
    stamped = pl.DataFrame({"timestamp": pl.concat([*read, summed])})
    return Value(stamped.select(clock.hours(pl.max("timestamp"), pl.lit(clock.as_of))).item())


# fmt: off
_GROUP = KpiGroup.OPERATIONAL_HEALTH
OPERATIONAL = (
    Kpi(campaign_execution_success_rate, "Campaigns active or completed",
        _GROUP, Direction.UP, Unit.FRACTION, target=0.95, formula=QUOTIENT,
        words="Active or completed campaigns / launched campaigns (status not planned)",
        upstream=(read("campaigns", "status"),),
        missing="no campaign has been launched"),
    Kpi(average_latency_seconds, "Average latency of a step",
        _GROUP, Direction.DOWN, Unit.SECONDS, target=5.0, formula=QUOTIENT,
        words="Mean seconds per executed step of this run; measured, from the run's manifest",
        missing="no step has run"),
    Kpi(human_review_frequency, "Decisions overridden by people",
        _GROUP, Direction.DOWN, Unit.FRACTION, target=0.30, formula=QUOTIENT,
        words="Decisions overridden by a person / decisions",
        upstream=(read("orchestrator_decisions", "human_override"),),
        missing="no decision is recorded"),
    Kpi(policy_violation_count, "Policy violations",
        _GROUP, Direction.DOWN, Unit.COUNT, target=0.0, formula="policy_violations.rows",
        words="Brand safety and policy signals not dismissed, assets delivered without approval "
        "or with risk flags, and budget moves executed without a required approval",
        upstream=(read("policy_violations", "kind", "id"),),
        settings=("budget_rules.approval_required_amount",)),
    Kpi(experiment_setup_errors, "Experiments set up wrongly",
        _GROUP, Direction.DOWN, Unit.COUNT, target=0.0,
        formula="experiment_setup_faults.experiment_id.distinct",
        words="Experiments with at least one fault in their setup",
        upstream=(read("experiment_setup_faults", "experiment_id"),
            read("experiments", "experiment_id")),
        settings=("experiment_rules.allocation_alpha",),
        missing="no experiment is on record"),
    Kpi(data_freshness_hours, "Age of the newest data",
        _GROUP, Direction.DOWN, Unit.HOURS, target=2.0,
        formula="min(performance_metrics.timestamp.age_hours, funnel_events.timestamp.age_hours)",
        words="From the newest timestamp of a performance record or funnel "
        "event",
        upstream=(read("performance_metrics", "timestamp"), read("funnel_events", "timestamp")),
        settings=("as_of", "reporting_timezone"), missing="no performance or funnel record"),
)
# fmt: on
