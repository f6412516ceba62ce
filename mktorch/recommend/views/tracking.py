"""Records that should agree as targets: one row per campaign and kind of check."""

from __future__ import annotations

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend.names import creative_names, reads
from mktorch.recommend.rule import Builder, Tables, View
from mktorch.recommend.sources import FLIGHT, flights, origins
from mktorch.vocab import Window

_DIFFERS = "differs"
_RECONCILED = (
    "check",
    "source",
    "figure",
    "supplied",
    "computed",
    "gap",
    "relative_gap",
    "tolerance",
    "verdict",
)


def tracking(tables: Tables, config: MarketingOrchestratorConfig) -> View:
    """One row per campaign and check of `reconciliations`, spoken for by its worst pair.

    The worst is one that differs, by the size of its relative gap, then of its gap, then by key
    and figure. `differing` counts the pairs that differ, of `pairs`. `whose` is what the key is
    called, `reads` how its figures are written. `window_cost` is what the campaign cost in the
    current window.
    """
    cost = (
        tables["rollup_campaign"]
        .filter(pl.col("window") == Window.CURRENT)
        .select("campaign_id", window_cost="cost")
    )
    differs = pl.col("verdict") == _DIFFERS
    group = ("campaign_id", "check")
    worst = (
        tables["reconciliations"]
        .join(_campaigns(tables), on=("source", "key"), how="inner")
        .with_columns(
            differs.sum().over(group).cast(pl.Int64).alias("differing"),
            pl.len().over(group).cast(pl.Int64).alias("pairs"),
        )
        .sort(
            *group,
            ~differs,
            -pl.col("relative_gap").abs(),
            -pl.col("gap").abs(),
            "key",
            "figure",
            nulls_last=True,
        )
        .unique(group, keep="first", maintain_order=True)
    )
    frame = (
        worst.with_columns(pl.Series("reads", list(map(reads, worst["figure"])), pl.String))
        .join(flights(tables, config), on="campaign_id", how="left")
        .join(cost, on="campaign_id", how="left")
        .with_columns(
            pl.concat_str("campaign_id", "check", separator="/").alias("target_id"),
            pl.format("{} in {}", pl.col("check").str.replace_all("_", " "), "campaign_name").alias(
                "target_name"
            ),
            pl.col("relative_gap").abs().alias("off"),
            pl.col("figure").str.replace_all("_", " ", literal=True).alias("what"),
        )
    )
    return View(frame.sort("target_id"), _ORIGINS)


def _campaigns(tables: Tables) -> pl.DataFrame:
    """The campaign of every key that a reconciliation may name, and what the key is called."""
    campaigns, assets = tables["campaigns"], tables["creative_assets"]
    names = campaigns.select("campaign_id", "name")
    segments = tables["audience_segments"].select("segment_id", segment="name")
    period = pl.concat_str("campaign_id", "period", separator=" ", ignore_nulls=True)
    parts = (
        names.select("campaign_id", source=pl.lit("roi_ledger"), key="campaign_id", whose="name"),
        tables["roi_ledger"]
        .join(names, on="campaign_id")
        .drop_nulls("period")
        .select(
            "campaign_id",
            source=pl.lit("roi_ledger"),
            key=period,
            whose=pl.format("{} in {}", "name", "period"),
        ),
        assets.join(creative_names(assets), on="asset_id").select(
            "campaign_id", source=pl.lit("performance_metrics"), key="asset_id", whose="asset_name"
        ),
        tables["segment_rollups"]
        .join(segments, on="segment_id", how="left")
        .select(
            "campaign_id",
            source=pl.lit("segment_rollups"),
            key="rollup_id",
            whose=pl.coalesce(pl.format("{} ({})", "segment", "rollup_id"), "rollup_id"),
        ),
    )
    return pl.concat(parts).unique(("source", "key"), keep="first", maintain_order=True)


_ROW = {"check": "check", "source": "source", "key": "key", "figure": "figure"}
_ORIGINS = {
    **origins("reconciliations", _RECONCILED, _ROW),
    **origins(
        "rollup_campaign",
        {"window_cost": "cost"},
        {"campaign_id": "campaign_id"},
        {"window": str(Window.CURRENT)},
    ),
    **FLIGHT,
}
VIEWS = {
    "record": Builder(
        (
            "reconciliations",
            "campaigns",
            "creative_assets",
            "audience_segments",
            "roi_ledger",
            "segment_rollups",
            "budget_pacing",
            "rollup_campaign",
        ),
        tracking,
    )
}
