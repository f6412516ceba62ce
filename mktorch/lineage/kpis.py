"""Definitions of the KPIs' figures, from their own declarations."""

from __future__ import annotations

from mktorch.kpis import KPIS as DECLARED
from mktorch.kpis import TARGET_TABLES, Kpi
from mktorch.lineage.model import Definition, read

_TIERS = ("kpi_warning_threshold", "kpi_critical_threshold")


def _unit(kpi: Kpi) -> str:
    return kpi.unit if kpi.points is None else "difference of fractions"


def _attainment(*settings: str) -> Definition:
    return Definition(
        "Value / target, or target / value where less is better; null without a target",
        "fraction",
        (read("measured_kpis", "value", "target", on=("kpi",)),),
        (*settings, *_TIERS),
        reason="reason",
    )


_FIELD = {kpi.name: f"{TARGET_TABLES[kpi.group]}.{kpi.name}" for kpi in DECLARED}

KPIS = {
    **{
        f"measured_kpis.value.{kpi.name}": Definition(
            kpi.words,
            _unit(kpi),
            tuple(read(up.table, *up.columns, **up.where) for up in kpi.upstream),
            kpi.settings,
            ("numerator", "denominator") if kpi.quotient else None,
            "reason",
        )
        for kpi in DECLARED
    },
    **{
        f"measured_kpis.target.{kpi.name}": Definition(
            "The target as the configuration sets it", _unit(kpi), config=(_FIELD[kpi.name],)
        )
        for kpi in DECLARED
    },
    "measured_kpis.attainment": _attainment(*TARGET_TABLES.values()),
    **{f"measured_kpis.attainment.{kpi.name}": _attainment(_FIELD[kpi.name]) for kpi in DECLARED},
}
