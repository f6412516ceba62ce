"""Segments of campaigns as targets: what stands for them, and what it would bring."""

from __future__ import annotations

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.config.segment_rules import Trend
from mktorch.metrics import attribute_of, registry
from mktorch.recommend.rule import Builder, Origin, Tables, View
from mktorch.recommend.sources import CURRENT, FLIGHT, flights, ids, origins, typed
from mktorch.recommend.worth import undone, with_worth
from mktorch.vocab import Window

_PORTFOLIO = (
    "segment_name",
    "primary_kpi",
    "kpi_value",
    "campaign_kpi_value",
    "kpi_attainment",
    "current_impressions",
    "current_clicks",
    "current_conversions",
    "current_roas",
    "trend",
    "trend_low",
    "trend_change",
    "trend_high",
    "rest_low",
    "rest_high",
    "rule_sentence",
    "computed_recommendation",
    "supplied_recommendation",
    "recommendation",
    "recommendation_source",
)


def segments(tables: Tables, config: MarketingOrchestratorConfig) -> View:
    """One row per segment of a campaign: whose word stands, and the money it concerns.

    `agree` is whether supplied and computed recommendation are one (null where nothing was
    supplied). The impact is the way back to the prior window's KPI, for a segment that declines.
    `why` is the sentence of the rule that the data met, `label` the KPI in words.
    """
    current = (
        tables["rollup_segment"]
        .filter(pl.col("window") == Window.CURRENT)
        .select("campaign_id", "segment_id", base_cost="cost", base_revenue="revenue")
    )
    segment, campaign = (
        typed("segment", "campaign_id", "segment_id"),
        typed("campaign", "campaign_id"),
    )
    frame = (
        tables["segment_portfolio"]
        .join(current, on=("campaign_id", "segment_id"), how="left")
        .join(flights(tables, config), on="campaign_id", how="left")
        .join(tables["campaign_goals"].select("campaign_id", "goal"), on="campaign_id", how="left")
        .with_columns(
            pl.concat_str("campaign_id", "segment_id", separator="/").alias("target_id"),
            pl.format("{} in {}", "segment_name", "campaign_name").alias("target_name"),
            pl.col("recommendations_agree").alias("agree"),
            pl.col("kpi_numerator").alias("numerator"),
            (
                pl.col("rule_sentence").str.head(1).str.to_uppercase()
                + pl.col("rule_sentence").str.slice(1)
            ).alias("why"),
            attribute_of(pl.col("primary_kpi"), "label", registry(config.metrics))
            .str.to_lowercase()
            .alias("label"),
            ids(segment, campaign).alias("scaled_up"),
            ids(segment).alias("stopped"),
        )
    )
    declining = pl.col("trend") == Trend.DECLINING
    low, point, high = undone(*(pl.col(f"trend_{end}") for end in ("low", "change", "high")))
    worth = with_worth(
        frame,
        (
            pl.when(declining).then(low),
            pl.when(declining).then(point),
            pl.when(declining).then(high),
        ),
        config.window_days,
    )
    return View(worth.sort("target_id"), _ORIGINS)


_KEYS = {"campaign_id": "campaign_id", "segment_id": "segment_id"}
_ORIGINS: dict[str, Origin] = {
    **origins("segment_portfolio", _PORTFOLIO, _KEYS),
    **origins(
        "segment_portfolio", {"agree": "recommendations_agree", "numerator": "kpi_numerator"}, _KEYS
    ),
    **FLIGHT,
    **origins("campaign_goals", ("goal",), {"campaign_id": "campaign_id"}),
    **origins("rollup_segment", {"base_cost": "cost", "base_revenue": "revenue"}, _KEYS, CURRENT),
}
VIEWS = {
    "segment": Builder(
        ("segment_portfolio", "rollup_segment", "budget_pacing", "campaign_goals"), segments
    ),
}
