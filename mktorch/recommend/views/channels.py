"""The channel view: each channel within its campaign, its return, and what a move would change."""

from __future__ import annotations

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend.names import channel_names
from mktorch.recommend.rule import Builder, Origin, Tables, View
from mktorch.recommend.views.campaigns import GOALS, MOVE, forgone
from mktorch.sums import ratio

_KEYS = {"campaign_id": "campaign_id", "channel_id": "channel_id"}
_RETURNS = (
    "status",
    "days",
    "roas_low",
    "roas",
    "roas_high",
    "attainment_low",
    "attainment",
    "attainment_high",
    "window_spend",
    "window_conversions",
    "days_left",
    "horizon_days",
    "planned_spend",
)
ORIGINS = {
    **{name: Origin("channel_returns", name, _KEYS) for name in _RETURNS},
    **{name: Origin("channel_goals", name, _KEYS) for name in GOALS},
    **{
        name: Origin("channel_moves", name, {"scope": "campaign_id", "donor_id": "channel_id"})
        for name in MOVE
    },
}


def channel_view(tables: Tables, _config: MarketingOrchestratorConfig) -> View:
    """One row per campaign and channel with any delivery; `target_id` joins the two ids."""
    named = channel_names(tables["channels"])
    frame = (
        tables["channel_returns"]
        .select("campaign_id", "channel_id", *_RETURNS, "return_reason")
        .join(named, on="channel_id", how="left")
        .join(tables["channel_goals"].select(*_KEYS, *GOALS), on=list(_KEYS), how="left")
        .join(
            tables["campaign_analysis"].select("campaign_id", campaign_name="name"),
            on="campaign_id",
            how="left",
        )
        .join(
            tables["channel_moves"].select("scope", "donor_id", *MOVE),
            left_on=("campaign_id", "channel_id"),
            right_on=("scope", "donor_id"),
            how="left",
        )
        .with_columns(
            *forgone("planned_spend", "pause"),
            target_id=pl.format("{}/{}", "campaign_id", "channel_id"),
            target_name=pl.format("{} in {}", "channel_name", "campaign_name"),
            move_reason=pl.lit("the donor's return may be 0: its lift has no upper end"),
            amount_share=ratio(pl.col("amount"), pl.col("rest")),
        )
        .with_columns(
            own_money=pl.concat_list(pl.format("channel:{}", "target_id")),
            campaign_runs=pl.concat_list(pl.format("campaign:{}", "campaign_id")),
            recipient_money=pl.concat_list(
                pl.format("campaign:{}", "campaign_id"),
                pl.format("channel:{}/{}", "campaign_id", "recipient_id"),
            ).list.drop_nulls(),
        )
        .sort("target_id")
    )
    return View(frame, ORIGINS)


VIEWS = {
    "channel": Builder(
        ("channels", "channel_goals", "channel_returns", "campaign_analysis", "channel_moves"),
        channel_view,
    )
}
