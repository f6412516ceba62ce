"""The KPIs: one list, from which tables, targets, labels, definitions and docs follow.

A KPI is one entry of the module of its group, beside the function that computes it. Fractions are
fractions (0.20 is 20 %) but for `average_lift_percentage` (15.0 is 15 %).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from mktorch.formats import CURRENCY, INTEGER, Format, Kind, Locale, format_value
from mktorch.kpis.business import BUSINESS
from mktorch.kpis.effectiveness import EFFECTIVENESS
from mktorch.kpis.model import GROUPS, Kpi
from mktorch.kpis.operational import OPERATIONAL
from mktorch.vocab import KpiGroup, Unit

__all__ = [
    "BESIDE",
    "INPUTS",
    "KPIS",
    "LABELS",
    "NAMED",
    "PHRASES",
    "STATE_GROUPS",
    "TARGET_TABLES",
    "Kpi",
    "default_targets",
    "figure",
    "values",
]

KPIS: tuple[Kpi, ...] = (*OPERATIONAL, *EFFECTIVENESS, *BUSINESS)
NAMED: Mapping[str, Kpi] = {kpi.name: kpi for kpi in KPIS}
LABELS: Mapping[str, str] = {kpi.name: kpi.label for kpi in KPIS}
PHRASES: Mapping[str, str] = {kpi.name: kpi.phrase for kpi in KPIS}
INPUTS: tuple[str, ...] = tuple(dict.fromkeys(name for kpi in KPIS for name in kpi.inputs))
"""Everything that a KPI is computed from: tables by name, `clock`, `seconds`."""
BESIDE: frozenset[str] = frozenset(name for kpi in KPIS for name in kpi.beside)
"""What of it a run may lack."""
TARGET_TABLES: Mapping[KpiGroup, str] = {g: f"{word}_kpi_targets" for g, word in GROUPS.items()}
"""Group -> the setting that holds its targets."""
STATE_GROUPS: Mapping[str, KpiGroup] = {f"{word}_kpis": group for group, word in GROUPS.items()}
"""Key of the state -> the group of KPIs it holds, name to value."""

_SCHEMA = {
    "kpi": pl.String,
    "value": pl.Float64,
    "numerator": pl.Float64,
    "denominator": pl.Float64,
    "window": pl.String,
    "reason": pl.String,
}
_PERCENT = Format(Kind.PERCENT, decimals=1)
_UNITS: Mapping[Unit, tuple[Format, float, str]] = {
    Unit.FRACTION: (_PERCENT, 1, ""),
    Unit.PERCENTAGE: (_PERCENT, 0.01, ""),
    Unit.RATIO: (Format(Kind.DECIMAL, decimals=2), 1, ""),
    Unit.CURRENCY: (CURRENCY, 1, ""),
    Unit.COUNT: (INTEGER, 1, ""),
    Unit.SECONDS: (Format(Kind.DECIMAL, decimals=2), 1, " s"),
    Unit.HOURS: (Format(Kind.DECIMAL, decimals=2), 1, " h"),
}
"""How figures of a unit read: the format, what the value is multiplied by, and the suffix."""


def values(inputs: Mapping[str, Any]) -> pl.DataFrame:
    """One row per KPI, in the order of `KPIS`, from tables by name, `clock` and `seconds`.

    Columns: `kpi`, `value` (null where the data cannot answer), `numerator` and `denominator` (null
    where it is no quotient), `window`, `reason` (why it is null, or what it leaves out).
    """
    rows = [(kpi.name, *kpi.of(inputs)) for kpi in KPIS]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def default_targets(group: KpiGroup) -> dict[str, float]:
    """KPI -> default target, of one group.

    >>> default_targets(KpiGroup.CAMPAIGN_IMPACT)["average_lift_percentage"]
    15.0
    """
    return {kpi.name: kpi.target for kpi in KPIS if kpi.group == group}


def figure(value: float | None, kpi: str, locale: Locale) -> str:
    """A KPI's figure in its own unit; `n/a` for null.

    >>> figure(15.0, "average_lift_percentage", Locale())
    '15.0%'
    >>> figure(-0.00065, "conversion_rate_delta", Locale())
    '\u22120.065 points'
    """
    if value is None:
        return format_value(None)
    points = NAMED[kpi].points
    form, scale, suffix = (
        _UNITS[NAMED[kpi].unit]
        if points is None
        else (Format(Kind.DECIMAL, decimals=points, signed=True), 100, " points")
    )
    return format_value(value * scale, form, locale) + suffix
