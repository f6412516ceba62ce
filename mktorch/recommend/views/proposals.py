"""Recorded moves of budget as targets: what waits for a decision, and what went without one."""

from __future__ import annotations

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend.rule import Builder, Tables, View
from mktorch.recommend.sources import flights, origins

_MOVE = (
    "from_channel_id",
    "to_channel_id",
    "amount",
    "currency",
    "reason_code",
    "proposed_by",
    "status",
    "age_days",
)
_FLAGS = ("stale", "violation", "same_channel", "required_approval")


def proposals(tables: Tables, config: MarketingOrchestratorConfig) -> View:
    """One row per budget action. Money as stated, in the action's own `currency`; `stake` is the
    amount where that is the reporting currency."""
    frame = (
        tables["budget_moves"]
        .join(flights(tables, config), on="campaign_id", how="left")
        .select(
            "campaign_id",
            *_MOVE,
            *_FLAGS,
            "campaign_name",
            target_id="budget_action_id",
            target_name=pl.format(
                "{} to {} in {}", "from_channel_id", "to_channel_id", "campaign_name"
            ),
            stake=pl.when(pl.col("currency") == config.currency).then("amount"),
        )
    )
    return View(frame.sort("target_id"), _ORIGINS)


_KEY = {"budget_action_id": "target_id"}
_ORIGINS = {
    **origins("budget_moves", (*_MOVE, *_FLAGS), _KEY),
}
VIEWS = {"proposal": Builder(("budget_moves", "budget_pacing"), proposals)}
