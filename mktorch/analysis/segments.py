"""The segment portfolio: what each segment brings, where it goes, and what to do about it."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.money import total
from mktorch.analysis.segment_rule import recommend
from mktorch.analysis.segment_standing import stand, supplied_rollups
from mktorch.analysis.segment_trends import KEYS
from mktorch.clock import Clock
from mktorch.config.segment_rules import SegmentRules, Trend
from mktorch.metrics import ratio, roas
from mktorch.rollups import MEASURES
from mktorch.vocab import Measure, Window

_COUNTS = (Measure.IMPRESSIONS, Measure.CLICKS, Measure.CONVERSIONS)
_NOW = (*_COUNTS, "roas")
_TRENDS = tuple(str(trend) for trend in Trend)


def segment_portfolio(
    segment_windows: pl.DataFrame,
    segment_trends: pl.DataFrame,
    segment_rollups: pl.DataFrame,
    campaigns: pl.DataFrame,
    audience_segments: pl.DataFrame,
    clock: Clock,
    segment_rules: SegmentRules,
) -> pl.DataFrame:
    """One row per campaign and segment that delivered or has a supplied rollup, sorted.

    Parameters
    ----------
    segment_windows, segment_trends
        From `mktorch.analysis.segment_trends`, made with `rules.trend_alpha`.
    segment_rollups, campaigns, audience_segments
        The input tables.
    clock, segment_rules
        The current window, and the limits of the rule.

    Returns
    -------
    Names; measures and `roas` over all time; `current_impressions`, `current_clicks`,
    `current_conversions` and `current_roas`; the columns of `segment_trends`; what `recommend`
    adds; the supplied rollup that speaks for the current window (`supplied_rollups`); and what
    stands, with the gap (`stand`). `trend`, the word, is always computed: a supplied trend has no
    interval, so it cannot be told from noise. A segment known from a supplied rollup alone has
    null measures and an `unknown` trend, with the reason.
    """
    current = clock.current
    ever = segment_windows.filter(pl.col("window") == Window.ALL)
    now = segment_windows.filter(pl.col("window") == Window.CURRENT)
    supplied = supplied_rollups(segment_rollups, current)
    joined = (
        pl.concat([ever.select(KEYS), supplied.select(KEYS)])
        .unique()
        .join(
            campaigns.select("campaign_id", "primary_kpi", campaign_name="name"),
            on="campaign_id",
            how="left",
        )
        .join(
            audience_segments.select("segment_id", segment_name="name"), on="segment_id", how="left"
        )
        .join(ever.select(*KEYS, *MEASURES, "roas"), on=KEYS, how="left")
        .join(
            now.select(*KEYS, *(pl.col(c).alias(f"current_{c}") for c in _NOW)), on=KEYS, how="left"
        )
        .join(segment_trends.drop("primary_kpi"), on=KEYS, how="left")
        .join(supplied, on=KEYS, how="left")
        .with_columns(
            *(_nothing_now(f"current_{measure}") for measure in _COUNTS),
            pl.col("trend").fill_null(str(Trend.UNKNOWN)),
            *(_unrecorded(column) for column in ("trend_reason", "rest_reason")),
        )
    )
    judged = stand(recommend(joined, segment_rules), current, segment_rules.authority)
    return judged.select(_COLUMNS).sort(KEYS)


def segment_momentum(segment_portfolio: pl.DataFrame) -> pl.DataFrame:
    """How many segments improve, hold steady, decline or cannot be told.

    One row per campaign (`scope` campaign) and one over all of them (`scope` portfolio, with a
    null `campaign_id`), sorted: `segments` and a count per `Trend` word, which add up to it.
    """
    counts = [pl.len().cast(pl.Int64).alias("segments"), *_by_trend()]
    every = segment_portfolio.select(
        pl.lit("portfolio").alias("scope"), pl.lit(None, pl.String).alias("campaign_id"), *counts
    )
    each = segment_portfolio.group_by(pl.lit("campaign").alias("scope"), "campaign_id").agg(counts)
    return pl.concat([each, every]).sort("scope", "campaign_id", nulls_last=True)


def segment_summary(
    segment_portfolio: pl.DataFrame, audience_segments: pl.DataFrame
) -> pl.DataFrame:
    """Each audience segment over all campaigns and all time, sorted by id.

    `campaigns` it was delivered in or supplied for; measures; `share_of_spend` and
    `share_of_revenue` of the portfolio's (fractions); `roas`; a count per `Trend` word. A segment
    without performance has null money, shares and `roas`, and `reason` says so.
    """
    sums = segment_portfolio.group_by("segment_id").agg(
        pl.len().cast(pl.Int64).alias("campaigns"),
        *(pl.col(measure).sum() for measure in _COUNTS),
        total("cost"),
        total("revenue"),
        *_by_trend(),
    )
    filled = ("campaigns", *_COUNTS, *_TRENDS)
    cost, revenue = pl.col("cost"), pl.col("revenue")
    return (
        audience_segments.select("segment_id", "name", "priority", "size_estimate")
        .join(sums, on="segment_id", how="left")
        .with_columns(
            *(pl.col(column).fill_null(0) for column in filled),
            *(total(money).alias(f"total_{money}") for money in ("cost", "revenue")),
        )
        .with_columns(
            ratio(cost, pl.col("total_cost")).alias("share_of_spend"),
            ratio(revenue, pl.col("total_revenue")).alias("share_of_revenue"),
            roas(revenue, cost).alias("roas"),
            pl.when(cost.is_null())
            .then(pl.lit("no performance recorded for this segment"))
            .when(cost <= 0)
            .then(pl.lit("no cost recorded: no return to state"))
            .alias("reason"),
        )
        .select(
            "segment_id",
            "name",
            "priority",
            "size_estimate",
            "campaigns",
            *MEASURES,
            "share_of_spend",
            "share_of_revenue",
            "roas",
            *_TRENDS,
            "reason",
        )
        .sort("segment_id")
    )


_COLUMNS = (
    "campaign_id",
    "campaign_name",
    "segment_id",
    "segment_name",
    *MEASURES,
    "roas",
    "current_impressions",
    "current_clicks",
    "current_conversions",
    "current_roas",
    "primary_kpi",
    "kpi_direction",
    "kpi_numerator",
    "kpi_denominator",
    "kpi_value",
    "prior_kpi_value",
    "trend_change",
    "trend_low",
    "trend_high",
    "trend_method",
    "trend",
    "trend_reason",
    "campaign_kpi_value",
    "kpi_against_campaign",
    "kpi_attainment",
    "rest_low",
    "rest_high",
    "rest_reason",
    "rule",
    "rule_sentence",
    "computed_recommendation",
    "supplied_rollup_id",
    "supplied_window_start",
    "supplied_window_end",
    "supplied_kpi_value",
    "supplied_trend",
    "supplied_recommendation",
    "kpi_gap",
    "trend_gap",
    "supplied_reason",
    "standing_kpi_value",
    "standing_trend",
    "recommendation",
    "recommendation_source",
    "recommendations_agree",
)


def _by_trend() -> list[pl.Expr]:
    return [(pl.col("trend") == word).sum().cast(pl.Int64).alias(word) for word in _TRENDS]


def _nothing_now(column: str) -> pl.Expr:
    """0 where the segment has performance, but none in the current window."""
    return pl.when(pl.col("impressions").is_not_null()).then(pl.col(column).fill_null(0))


def _unrecorded(reason: str) -> pl.Expr:
    """Why a segment that stands in a supplied rollup alone has no computed figure."""
    none = pl.when(pl.col("impressions").is_null()).then(pl.lit("no performance recorded"))
    return none.otherwise(pl.col(reason)).alias(reason)
