"""Recorded moves of budget as targets: what waits for a decision, and what went without one."""

from __future__ import annotations

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend.names import channel_names
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
    names = channel_names(tables["channels"])
    giver, taker = (
        names.rename({"channel_id": f"{way}_channel_id", "channel_name": f"{way}_channel"})
        for way in ("from", "to")
    )
    frame = (
        tables["budget_moves"]
        .join(flights(tables, config), on="campaign_id", how="left")
        .join(giver, on="from_channel_id", how="left")
        .join(taker, on="to_channel_id", how="left")
        .with_columns(
            pl.col(f"{way}_channel").fill_null(pl.col(f"{way}_channel_id"))
            for way in ("from", "to")
        )
        .select(
            "campaign_id",
            *_MOVE,
            *_FLAGS,
            "campaign_name",
            "from_channel",
            "to_channel",
            target_id="budget_action_id",
            target_name=pl.format("{} to {} in {}", "from_channel", "to_channel", "campaign_name"),
            stake=pl.when(pl.col("currency") == config.currency).then("amount"),
        )
    )
    return View(frame.sort("target_id"), _ORIGINS)


_KEY = {"budget_action_id": "target_id"}
_ORIGINS = {
    **origins("budget_moves", (*_MOVE, *_FLAGS), _KEY),
}
VIEWS = {"proposal": Builder(("budget_moves", "budget_pacing", "channels"), proposals)}
