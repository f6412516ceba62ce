"""Whether budgets may rise: what freezes them, and what lifts the freeze."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.formats import Locale
from mktorch.kpis import PHRASES, TARGET_TABLES, figure
from mktorch.vocab import Direction, Escalation

FREEZE = (
    "recommendation_rules.budget_freeze",
    "freeze_on",
    "kpi_critical_threshold",
    "statistical_significance_threshold",
    "recommendation_rules.minimum_return_days",
    *TARGET_TABLES.values(),
)
"""The settings that decide whether budgets are frozen."""


def freezing(kpis: pl.DataFrame | None, config: MarketingOrchestratorConfig) -> list[str]:
    """Each KPI that freezes budgets, with its figure and the one that lifts the freeze."""
    if kpis is None:
        return []
    forced = pl.col("escalation").str.split(", ").list.contains(str(Escalation.BUDGET_FREEZE))
    return [_lifts(row, config) for row in kpis.filter(forced).iter_rows(named=True)]


def freeze(kpis: pl.DataFrame | None, config: MarketingOrchestratorConfig) -> str | None:
    """Why budgets may not rise, and what lifts that; null if they may."""
    if config.recommendation_rules.budget_freeze:
        return "budget increases are frozen by recommendation_rules.budget_freeze"
    held = freezing(kpis, config)
    return f"budget increases are frozen: {'; '.join(held)}" if held else None


def _lifts(row: Mapping[str, Any], config: MarketingOrchestratorConfig) -> str:
    locale = Locale(config.currency, config.locale)
    limit, up = config.kpi_critical_threshold, row["better"] == Direction.UP
    bound = row["target"] * limit if up else row["target"] / limit if limit else row["target"]
    side = "" if not bound else " or higher" if up else " or lower"
    kpi, value = row["kpi"], figure(row["value"], row["kpi"], locale)
    return f"{PHRASES[kpi]} critical at {value}, lifts at {figure(bound, kpi, locale)}{side}"
