"""The sources that follow from performance: journey, books, segment windows, attribution."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import polars as pl

from mktorch.synth.model import AS_OF, FIRST_DAY, Asset, Campaign, Record

_MEASURES = ("impressions", "clicks", "conversions", "cost", "revenue_proxy")

# stage, who reports it, how sure they are; in funnel order
STAGES = (
    ("impression", "ads_platform", 0.98),
    ("click", "ads_platform", 0.97),
    ("visit", "web_analytics", 0.93),
    ("signup", "web_analytics", 0.95),
    ("demo_request", "crm", 0.90),
    ("purchase", "crm", 0.92),
    ("feature_adopt", "product_analytics", 0.85),
)
VISIT_SHARE = 0.88
ADOPT_SHARE = 0.60

# What each method makes of a channel's conversions: near to even, or each its own story.
_AGREED = {"first_touch": 0.0, "assist": 0.0, "last_touch": 0.0}
_DISPUTED = {"first_touch": -4.0, "assist": 0.0, "last_touch": 4.0}


def weekly(assets: Sequence[Asset], performance: pl.DataFrame) -> pl.DataFrame:
    """Sum snapshots by segment, channel and calendar week (Monday to Sunday), money in cents."""
    places = pl.DataFrame(
        [(a.asset_id, a.segment_id, a.channel_id) for a in assets],
        schema={"asset_id": pl.String, "segment_id": pl.String, "channel_id": pl.String},
        orient="row",
    )
    day = pl.col("timestamp").str.slice(0, 10).str.to_date("%Y-%m-%d")
    cents = [(pl.col(c) * 100).round().cast(pl.Int64) for c in ("cost", "revenue_proxy")]
    return (
        performance.with_columns(*cents, week=(day - FIRST_DAY).dt.total_days() // 7)
        .join(places, on="asset_id")
        .group_by("segment_id", "channel_id", "week")
        .agg(pl.col(_MEASURES).sum())
        .sort("segment_id", "channel_id", "week")
    )


def funnel_events(
    campaign: Campaign, weeks: pl.DataFrame, rng: np.random.Generator
) -> pl.DataFrame:
    """Weekly stage counts per segment and channel; a signup is a reported conversion.

    Columns as `funnel_events`, less `event_id`; one row per cell, week and recorded stage.
    """
    signups = weeks["conversions"].to_numpy()
    visits = rng.binomial(weeks["clicks"].to_numpy(), VISIT_SHARE)
    demos = rng.binomial(signups, campaign.demo_share)
    purchases = rng.binomial(demos, campaign.purchase_share)
    counts = (
        weeks["impressions"].to_numpy(),
        weeks["clicks"].to_numpy(),
        visits,
        signups,
        demos,
        purchases,
        rng.binomial(purchases, ADOPT_SHARE),
    )
    sunday = pl.lit(FIRST_DAY) + pl.duration(days=pl.col("week") * 7 + 6)
    stages = [
        weeks.select(
            sunday.dt.strftime("%Y-%m-%dT23:30:00").alias("timestamp"),
            sunday.dt.strftime("%Y-%m-%d").alias("date"),
            pl.lit(campaign.campaign_id).alias("campaign_id"),
            "segment_id",
            "channel_id",
            pl.lit(stage).alias("stage"),
            pl.Series("count", count, dtype=pl.Int64),
            pl.lit(source).alias("source"),
            pl.Series("confidence", sure + rng.integers(-2, 3, weeks.height) / 100).round(2),
            order=pl.lit(order),
        )
        for order, ((stage, source, sure), count) in enumerate(zip(STAGES, counts, strict=True))
        if stage not in campaign.unrecorded_stages
    ]
    order = ["timestamp", "segment_id", "channel_id", "order"]
    return pl.concat(stages).sort(order).drop("order")


def ledger(campaign: Campaign, performance: pl.DataFrame, rng: np.random.Generator) -> list[Record]:
    """The campaign's `roi_ledger` rows: one, one a month, or none; sums exact to the cent."""
    factor = campaign.ledger_spend_factor
    if factor is None or performance.is_empty():
        return []
    month = pl.col("timestamp").str.slice(0, 7) if campaign.ledger_monthly else pl.lit(None)
    totals = (
        performance.group_by(period=month)
        .agg((pl.col("cost", "revenue_proxy") * 100).round().cast(pl.Int64).sum())
        .sort("period")
    )
    rows = []
    for period, cost, revenue in totals.iter_rows():
        llm = round(float(rng.uniform(18, 60)), 2)
        review = 15.0 * int(rng.integers(6, 17))
        spend = round(cost * factor) / 100
        value = revenue / 100
        net = value - llm - review - (spend if campaign.ledger_adds_up else 0)
        rows.append(
            {
                "campaign_id": campaign.campaign_id,
                "period": period,
                "llm_cost": llm,
                "human_review_cost": review,
                "media_spend": spend,
                "estimated_value": value,
                "net_roi": round(net, 2),
            }
        )
    return rows


def segment_rollups(
    campaign: Campaign, weeks: pl.DataFrame, *, wrong: Sequence[tuple[str, str]] = ()
) -> pl.DataFrame:
    """Weekly `segment_rollups`, less `rollup_id`: KPI, trend and a recommendation per segment.

    The newest window of each (campaign, segment) in `wrong` claims two fifths too much of both
    conversions and spend.
    """
    numerator, denominator = _KPI_PARTS[campaign.primary_kpi]
    better = -1 if campaign.primary_kpi.startswith("cost_per") else 1
    newest = pl.col("week") == pl.col("week").max().over("segment_id")
    segments = [segment for owner, segment in wrong if owner == campaign.campaign_id]
    claimed = pl.when(pl.col("segment_id").is_in(segments) & newest).then(1.4).otherwise(1.0)
    kpi = pl.col(numerator) / pl.when(pl.col(denominator) > 0).then(pl.col(denominator))
    trend = kpi / pl.when(kpi.shift(1) > 0).then(kpi.shift(1)) - 1
    start = pl.lit(FIRST_DAY) + pl.duration(days=pl.col("week") * 7)
    gain = pl.col("trend_vs_prior_window").fill_null(0) * better
    return (
        weeks.group_by("segment_id", "week")
        .agg(pl.col(_MEASURES).sum())
        .sort("segment_id", "week")
        .with_columns((pl.col("conversions") * claimed).round().cast(pl.Int64))
        .with_columns(
            (pl.col("cost") * claimed / 100).round(2), (pl.col("revenue_proxy") / 100).round(2)
        )
        .with_columns(
            kpi.round(6).alias("kpi_value"),
            trend.over("segment_id", order_by="week").round(4).alias("trend_vs_prior_window"),
        )
        .select(
            start.dt.strftime("%Y-%m-%d").alias("window_start"),
            (start + timedelta(days=6)).dt.strftime("%Y-%m-%d").alias("window_end"),
            pl.lit(campaign.campaign_id).alias("campaign_id"),
            "segment_id",
            "impressions",
            "clicks",
            "conversions",
            pl.col("cost").alias("spend"),
            "revenue_proxy",
            pl.lit(campaign.primary_kpi).alias("primary_kpi"),
            "kpi_value",
            "trend_vs_prior_window",
            pl.when((pl.col("conversions") == 0) & (pl.col("clicks") >= 100))
            .then(pl.lit("stop"))
            .when(gain <= -0.25)
            .then(pl.lit("revise"))
            .when(gain >= 0.25)
            .then(pl.lit("scale"))
            .otherwise(pl.lit("hold"))
            .alias("recommendation"),
        )
        .sort("window_start", "segment_id")
    )


def attribution_hints(
    campaign: Campaign, weeks: pl.DataFrame, rng: np.random.Generator
) -> list[Record]:
    """Attributed conversions per channel and method, near nine tenths of those reported.

    Where the methods dispute, first touch favours the first channels, last touch the last.
    """
    totals = weeks.group_by("channel_id").agg(pl.col("conversions").sum()).sort("channel_id")
    channels = totals["channel_id"].to_list()
    reported = totals["conversions"].to_numpy().astype(np.float64)
    if reported.sum() == 0:
        return []
    place = np.linspace(0.0, 1.0, len(channels))
    rows = []
    for method, tilt in (_AGREED if campaign.methods_agree else _DISPUTED).items():
        weight = reported * np.exp(tilt * place) * rng.uniform(0.94, 1.06, len(channels))
        attributed = np.rint(rng.uniform(0.86, 0.94) * reported.sum() * weight / weight.sum())
        sure = {"first_touch": 0.70, "assist": 0.55, "last_touch": 0.80}[method]
        rows += [
            {
                "timestamp": AS_OF,
                "campaign_id": campaign.campaign_id,
                "channel_id": channel,
                "attributed_conversions": int(count),
                "method": method,
                "confidence": round(sure + int(rng.integers(-5, 6)) / 100, 2),
            }
            for channel, count in zip(channels, attributed, strict=True)
        ]
    return rows


_KPI_PARTS = {
    "conversion_rate": ("conversions", "impressions"),
    "demo_request_rate": ("conversions", "impressions"),
    "click_through_rate": ("clicks", "impressions"),
    "cost_per_acquisition": ("cost", "conversions"),
}
