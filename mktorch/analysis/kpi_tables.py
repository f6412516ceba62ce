"""The KPIs' tables: values, then the scorecard against targets.

`kpis` holds what the same input reproduces to the bit; `measured_kpis` adds measured latency.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter, Signature
from typing import Any

import polars as pl

from mktorch.analysis.scorecard import Limits, kpi_status, scorecard
from mktorch.config.narrative_rules import NarrativeRules
from mktorch.kpis import BESIDE, INPUTS, KPIS, values


def kpi_values(**inputs: Any) -> pl.DataFrame:
    """Every KPI, one row each, from what the list says they are computed from."""
    return values(inputs)


# What the list of KPIs reads is what the function takes: a KPI that reads more is no change here.
kpi_values.__signature__ = Signature(  # type: ignore[attr-defined]
    [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None if name in BESIDE else Parameter.empty)
        for name in INPUTS
    ]
)


def kpi_targets(
    operational_kpi_targets: Mapping[str, float],
    effectiveness_kpi_targets: Mapping[str, float],
    business_kpi_targets: Mapping[str, float],
) -> dict[str, float]:
    """The targets of all three groups."""
    return {**operational_kpi_targets, **effectiveness_kpi_targets, **business_kpi_targets}


def kpi_limits(
    kpi_targets: Mapping[str, float],
    kpi_warning_threshold: float,
    kpi_critical_threshold: float,
    freeze_on: tuple[str, ...],
    narrative_rules: NarrativeRules,
) -> Limits:
    """What the KPIs are set against."""
    return Limits(
        kpi_targets,
        kpi_warning_threshold,
        kpi_critical_threshold,
        freeze_on,
        narrative_rules.steady_change,
    )


def kpis(kpi_values: pl.DataFrame, kpi_intervals: pl.DataFrame, kpi_limits: Limits) -> pl.DataFrame:
    """The scorecard of what the records give."""
    repeatable = kpi_values.filter(pl.col("kpi").is_in([k.name for k in KPIS if not k.measured]))
    return scorecard(repeatable, kpi_intervals, kpi_limits)


def measured_kpis(
    kpi_values: pl.DataFrame, kpi_intervals: pl.DataFrame, kpi_limits: Limits
) -> pl.DataFrame:
    """The scorecard with the latency of this run's steps."""
    return scorecard(kpi_values, kpi_intervals, kpi_limits)


def measured_kpi_status(measured_kpis: pl.DataFrame) -> pl.DataFrame:
    """Each group's word."""
    return kpi_status(measured_kpis)
