"""KPIs: values, then the scorecard against targets.

`kpis` holds what the same input reproduces to the bit; `measured_kpis` adds measured latency.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from mktorch.analysis.scorecard import kpi_status, scorecard
from mktorch.kpis import KPIS, TABLES, values
from mktorch.steps.work import Step, Work


def _kpis(work: Work) -> Mapping[str, Any]:
    config = work.config
    measured = scorecard(
        values({**work.artifacts, "seconds": work.seconds}),
        config.kpi_targets,
        config.kpi_warning_threshold,
        config.kpi_critical_threshold,
    )
    repeatable = [kpi.name for kpi in KPIS if not kpi.measured]
    return {
        "kpis": measured.filter(pl.col("kpi").is_in(repeatable)),
        "measured_kpis": measured,
        "measured_kpi_status": kpi_status(measured),
    }


STEPS: tuple[Step, ...] = (
    Step(
        "kpis",
        "Set the sixteen KPIs against their targets",
        TABLES,
        ("kpis", "measured_kpis", "measured_kpi_status"),
        _kpis,
        switch="enable_kpi_tracking",
    ),
)
