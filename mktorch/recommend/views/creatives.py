"""Creative assets as targets: their approval, their flags, and how they stand in their segment."""

from __future__ import annotations

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.config.risk_rules import Detection
from mktorch.metrics import attribute_of, registry
from mktorch.recommend.names import channel_names
from mktorch.recommend.rule import Builder, Origin, Tables, View
from mktorch.recommend.sources import (
    FLIGHT,
    delivery,
    delivery_origins,
    flights,
    halted,
    origins,
)
from mktorch.recommend.worth import undone, with_worth

_STANDING = (
    "peers",
    "running_experiments",
    "primary_kpi",
    "kpi_value",
    "rest_value",
    "difference_low",
    "difference",
    "difference_high",
    "attainment",
    "shortfall",
)


def creatives(tables: Tables, config: MarketingOrchestratorConfig) -> View:
    """One row per asset: its record, its current delivery, and its standing in its segment.

    `halts` are the typed ids that stand still where it is paused. The impact is the way from its
    own KPI to that of the segment's other creatives.
    """
    standing = tables["creative_standing"].drop("campaign_id", "segment_id")
    assets = tables["creative_assets"].select(
        pl.col("asset_id").alias("target_id"),
        pl.coalesce(
            pl.format("{}, variant {}", pl.col("message_theme"), pl.col("variant")),
            "message_theme",
            "asset_id",
        ).alias("target_name"),
        "campaign_id",
        "segment_id",
        "channel_id",
        "cta",
        pl.col("approved_by_human").alias("approved"),
        pl.concat_list("asset_id").alias("own"),
    )
    frame = (
        assets.join(standing, left_on="target_id", right_on="asset_id", how="left")
        .join(delivery(tables, "base_"), left_on="target_id", right_on="base_asset", how="left")
        .join(_flags(tables), left_on="target_id", right_on="asset_id", how="left")
        .join(flights(tables, config), on="campaign_id", how="left")
        .join(halted(tables, assets, "target_id", "own"), on="target_id", how="left")
        .join(channel_names(tables["channels"]), on="channel_id", how="left")
        .join(
            tables["audience_segments"].select("segment_id", segment_name="name"),
            on="segment_id",
            how="left",
        )
        .with_columns(
            pl.col("kpi_numerator").alias("numerator"),
            attribute_of(pl.col("primary_kpi"), "label", registry(config.metrics))
            .str.to_lowercase()
            .alias("label"),
        )
    )
    change = undone(*(pl.col(f"difference{end}") for end in ("_low", "", "_high")))
    worth = with_worth(frame, change, config.window_days)
    return View(worth.drop("own").sort("target_id"), _ORIGINS)


def _flags(tables: Tables) -> pl.DataFrame:
    """How many risk flags stand on each asset that was delivered with some, and which."""
    found = tables["risk_detected"].filter(
        pl.col("detection") == Detection.DELIVERY_WITH_RISK_FLAGS
    )
    return found.select(asset_id="subject", flags="value", flags_detail="detail")


_ASSET = {"asset_id": "target_id"}
_FLAGGED = {"detection": str(Detection.DELIVERY_WITH_RISK_FLAGS)}
_ORIGINS: dict[str, Origin] = {
    **origins("creative_standing", _STANDING, _ASSET),
    **origins("creative_standing", {"numerator": "kpi_numerator"}, _ASSET),
    **origins(
        "creative_assets",
        {
            "segment_id": "segment_id",
            "channel_id": "channel_id",
            "approved": "approved_by_human",
        },
        _ASSET,
    ),
    **origins(
        "risk_detected",
        {"flags": "value", "flags_detail": "detail"},
        {"subject": "target_id"},
        _FLAGGED,
    ),
    **FLIGHT,
    **delivery_origins("base_", "target_id"),
}
VIEWS = {
    "creative": Builder(
        (
            "creative_assets",
            "creative_standing",
            "risk_detected",
            "budget_pacing",
            "rollup_asset",
            "channels",
            "audience_segments",
        ),
        creatives,
    )
}
