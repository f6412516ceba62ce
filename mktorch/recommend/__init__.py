"""From findings to actions: rules as data, one action per target, ranked by what is at stake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend.candidates import candidates
from mktorch.recommend.rank import rank
from mktorch.recommend.rule import Rule, View
from mktorch.recommend.rules import RULES
from mktorch.recommend.settle import settle
from mktorch.recommend.views import views

__all__ = ["RULES", "candidates", "rank", "recommendations", "settle", "views"]


def recommendations(
    views: Mapping[str, View],
    kpis: pl.DataFrame | None,
    config: MarketingOrchestratorConfig,
    rules: Iterable[Rule] = RULES,
) -> pl.DataFrame:
    """Every candidate that the rules find in the views, with its standing; see `settle`."""
    rules = tuple(rules)
    return settle(candidates(views, rules, config), views, rules, kpis, config)
