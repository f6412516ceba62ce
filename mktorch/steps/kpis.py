"""KPIs: values, then the scorecard against targets.

`kpis` holds what the same input reproduces to the bit; `measured_kpis` adds measured latency.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from mktorch.analysis.kpis import (
    business_kpis,
    effectiveness_kpis,
    latency_kpi,
    operational_kpis,
)
from mktorch.analysis.scorecard import kpi_status, scorecard
from mktorch.steps.work import Step, Work
from mktorch.vocab import Source


def _kpis(work: Work) -> Mapping[str, Any]:
    config = work.config
    values = pl.concat(
        (
            operational_kpis(
                work[Source.CAMPAIGNS],
                work[Source.ORCHESTRATOR_DECISIONS],
                work["policy_violations"],
                work["experiment_setup_faults"],
                work[Source.PERFORMANCE_METRICS],
                work[Source.FUNNEL_EVENTS],
                work["as_of"],
            ),
            effectiveness_kpis(
                work[Source.CAMPAIGNS],
                work[Source.CREATIVE_ASSETS],
                work[Source.EXPERIMENTS],
                work["experiment_evaluations"],
                work["risk_inbox"],
                work["rollup_asset"],
                work["rollup_segment"],
                work.day,
            ),
            business_kpis(
                work["performance_assessment"],
                work["rollup_campaign"],
                work["rollup_asset"],
                work["rollup_experiment"],
                work[Source.EXPERIMENTS],
                work["rollup_paired"],
            ),
        )
    )
    targets = {
        **config.operational_kpi_targets,
        **config.effectiveness_kpi_targets,
        **config.business_kpi_targets,
    }
    limits = (config.kpi_warning_threshold, config.kpi_critical_threshold)
    measured = scorecard(pl.concat((values, latency_kpi(work.seconds))), targets, *limits)
    return {
        "kpis": scorecard(values, targets, *limits),
        "measured_kpis": measured,
        "measured_kpi_status": kpi_status(measured),
    }


STEPS: tuple[Step, ...] = (
    Step(
        "kpis",
        "Set the sixteen KPIs against their targets",
        (
            Source.CAMPAIGNS,
            Source.ORCHESTRATOR_DECISIONS,
            Source.PERFORMANCE_METRICS,
            Source.FUNNEL_EVENTS,
            Source.CREATIVE_ASSETS,
            Source.EXPERIMENTS,
            "policy_violations",
            "experiment_setup_faults",
            "experiment_evaluations",
            "risk_inbox",
            "rollup_asset",
            "rollup_segment",
            "rollup_campaign",
            "rollup_experiment",
            "performance_assessment",
        ),
        ("kpis", "measured_kpis", "measured_kpi_status"),
        _kpis,
        switch="enable_kpi_tracking",
    ),
)
