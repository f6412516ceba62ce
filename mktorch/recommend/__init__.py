"""From findings to actions: rules as data, one action per target, ranked by what is at stake."""

from __future__ import annotations

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend.candidates import candidates
from mktorch.recommend.rank import recommendations, rules_in_force
from mktorch.recommend.rule import Tables
from mktorch.recommend.rules import RULES
from mktorch.recommend.settle import settle
from mktorch.recommend.views import BUILDERS, views

__all__ = [
    "RULES",
    "candidates",
    "recommendation_candidates",
    "recommendations",
    "rules_in_force",
    "settle",
    "views",
]


def recommendation_candidates(
    tables: Tables, config: MarketingOrchestratorConfig, notes: list[str]
) -> pl.DataFrame:
    """Every candidate that the rules find in a run's tables, with its standing; see `settle`.

    Views that lack a table are left out, and noted.
    """
    built = views(tables, config)
    notes.extend(
        f"recommendations: no rules of {name}, for want of "
        + ", ".join(need for need in builder.needs if need not in tables)
        for name, builder in BUILDERS.items()
        if name not in built
    )
    return settle(candidates(built, RULES, config), built, RULES, tables.get("kpis"), config)
