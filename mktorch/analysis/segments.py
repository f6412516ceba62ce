"""The segment portfolio: what each segment brings, where it goes, and what to do about it."""

from __future__ import annotations

from enum import StrEnum

import dataframely as dy
import polars as pl

from mktorch.analysis.segment_rule import recommend
from mktorch.analysis.segment_standing import stand, supplied_rollups
from mktorch.analysis.segment_trends import KEYS, SegmentWindows
from mktorch.clock import Clock
from mktorch.config.segment_rules import (
    RollupAuthority,
    SegmentRule,
    SegmentRules,
    Trend,
    TrendMethod,
)
from mktorch.paired import pooled
from mktorch.rollups import MEASURES
from mktorch.sources.schemas import AudienceSegments, Campaigns, SegmentRollups
from mktorch.sums import known_sum, ratio, total
from mktorch.tables import (
    CAMPAIGN,
    Upstream,
    count,
    declare,
    flag,
    fraction,
    key,
    multiple,
    number,
    read,
    reason,
    same,
    text,
    word,
)
from mktorch.vocab import Direction, Measure, SegmentRecommendation, Window

_COUNTS = (Measure.IMPRESSIONS, Measure.CLICKS, Measure.CONVERSIONS)
_NOW = (*_COUNTS, "roas")
_TRENDS = tuple(str(trend) for trend in Trend)
_KPI = ("metrics", "window_days")
_TREND = (*_KPI, "segment_rules.trend_alpha")
_JUDGED = (*_KPI, "segment_rules")
_AUTHORITY = (*_KPI, "segment_rules.authority")
_UNDELIVERED = "no performance is recorded"
_UNSUPPLIED = "no supplied rollup that speaks for the current window states it"
_OWN, _THEN, _WHOLE = (
    read("rollup_day", *MEASURES, on=on, within="date", span=span)
    for on, span in ((KEYS, Window.CURRENT), (KEYS, Window.PRIOR), (CAMPAIGN, Window.CURRENT))
)
_STATED = {"supplied_rollup_id": "rollup_id"}
_RULED = (
    read("segment_portfolio", "trend", "kpi_attainment", "rest_low", "rest_high", on=KEYS),
    read("segment_portfolio", *(f"current_{name}" for name in _NOW), on=KEYS),
)
_WORD = read("segment_rollups", "recommendation", on=_STATED)
_SUPPLIED = {
    "window_start": "window_start",
    "window_end": "window_end",
    "kpi_value": "kpi_value",
    "trend": "trend_vs_prior_window",
    "recommendation": "recommendation",
}
_OF_TREND = {
    Trend.IMPROVING: "improve beyond noise",
    Trend.STABLE: "hold steady",
    Trend.DECLINING: "decline beyond noise",
    Trend.UNKNOWN: "cannot be told",
}


# fmt: off
def _in(window: str, null: str, prefix: str = "", *names: str) -> dict[str, dy.Column]:
    """Columns of `segment_windows` in the rows of one window."""
    return {f"{prefix}{name}": same(SegmentWindows, name, KEYS, {"window": window}, null=null,
        label="" if prefix else SegmentWindows.label_of(name)) for name in names}


def _kpi(words: str, *made: Upstream, null: str) -> dy.Float64:
    return number("that of the KPI", words, *made, config=_KPI, null=null)


def _change(words: str, *made: Upstream, null: str) -> dy.Float64:
    return fraction(words, *made, config=_TREND, null=null)


def _of_kpi(of: type[StrEnum], what: str) -> dy.String:
    return word(of, what, read("campaigns", "primary_kpi", on=CAMPAIGN), config=("metrics",),
        null=f"the metric is not in the registry, or {_UNDELIVERED}")


SegmentPortfolio = declare("segment_portfolio",
    "One row per campaign and segment that delivered or has a supplied rollup: what it brings, "
    "where it goes, and what to do about it.", {
    "campaign_id": key("The campaign"),
    "campaign_name": same(Campaigns, "name", label="Campaign"),
    "segment_id": key("The segment"),
    "segment_name": same(AudienceSegments, "name", ("segment_id",), label="Segment"),
    **_in(Window.ALL, _UNDELIVERED, "", *MEASURES, "roas"),
    **_in(Window.CURRENT, _UNDELIVERED, "current_", *_NOW),
    "primary_kpi": same(Campaigns, "primary_kpi", label="Primary KPI"),
    "kpi_direction": _of_kpi(Direction, "Which way of the KPI is better"),
    "kpi_numerator": _of_kpi(Measure, "The measure that the KPI divides"),
    "kpi_denominator": _of_kpi(Measure, "The measure that the KPI divides by"),
    "kpi_value": _kpi("The campaign's primary KPI for the segment in the current window", _OWN,
        null="trend_reason"),
    "prior_kpi_value": _kpi("The campaign's primary KPI for the segment in the prior window",
        _THEN, null="trend_reason"),
    "trend_change": _change("Computed KPI of the segment in the current window / in the prior "
        "one, less 1", _OWN, _THEN, null="trend_reason"),
    "trend_low": _change("Lower end of the change's interval", _OWN, _THEN, null="trend_reason"),
    "trend_high": _change("Upper end of the change's interval", _OWN, _THEN, null="trend_reason"),
    "trend_method": word(TrendMethod, "How the interval is made", _OWN, _THEN, config=_TREND,
        null="trend_reason"),
    "trend": word(Trend, "Where the KPI goes, always as computed: a supplied trend has no "
        "interval, so it cannot be told from noise", _OWN, _THEN, config=_TREND),
    "trend_reason": reason("the change or an end of its interval"),
    "campaign_kpi_value": _kpi("The campaign's primary KPI in the current window", _WHOLE,
        null="trend_reason"),
    "kpi_against_campaign": multiple("Computed KPI of the segment / the campaign's own, current "
        "window", _OWN, _WHOLE, config=_KPI, null="trend_reason"),
    "kpi_attainment": multiple("Computed KPI of the segment / the campaign's own, current window, "
        "turned so that above 1 is better", _OWN, _WHOLE, config=_KPI, null="trend_reason"),
    "rest_low": _change("Lower end of the interval for the KPI over that of the campaign's other "
        "segments, less 1", _WHOLE, null="rest_reason"),
    "rest_high": _change("Upper end of the interval for the KPI over that of the campaign's other "
        "segments, less 1", _WHOLE, null="rest_reason"),
    "rest_reason": reason("an end of the interval against the rest"),
    "rule": word(SegmentRule, "The first rule that applies", *_RULED, config=_JUDGED),
    "rule_sentence": text("The rule in words", *_RULED, config=_JUDGED),
    "computed_recommendation": word(SegmentRecommendation, "What the rule recommends", *_RULED,
        config=_JUDGED),
    "supplied_rollup_id": text("The supplied rollup that speaks for the current window: the newest "
        "that overlaps it", read("segment_rollups", "rollup_id", on=KEYS), null="supplied_reason"),
    **{f"supplied_{name}": same(SegmentRollups, column, _STATED, null=_UNSUPPLIED, label="")
        for name, column in _SUPPLIED.items()},
    "kpi_gap": _kpi("Supplied KPI less the computed one",
        read("segment_rollups", "kpi_value", on=_STATED), _OWN, null="supplied_reason"),
    "trend_gap": _change("Supplied trend less the computed change",
        read("segment_rollups", "trend_vs_prior_window", on=_STATED), _OWN, _THEN,
        null="supplied_reason"),
    "supplied_reason": reason("the supplied rollup or a gap"),
    "standing_kpi_value": number("that of the KPI", "The campaign's primary KPI for the segment: "
        "the supplied rollup's or the computed one, whichever record is in authority; the other "
        "where that one is silent", read("segment_rollups", "kpi_value", on=_STATED), _OWN,
        config=_AUTHORITY, null="trend_reason"),
    "standing_trend": fraction("The supplied trend or the computed change, whichever record is in "
        "authority; the other where that one is silent",
        read("segment_rollups", "trend_vs_prior_window", on=_STATED), _OWN, _THEN,
        config=_AUTHORITY, null="trend_reason"),
    "recommendation": word(SegmentRecommendation, "The supplied recommendation or the computed "
        "one, whichever record is in authority", _WORD, *_RULED, config=(*_JUDGED, *_AUTHORITY)),
    "recommendation_source": word(RollupAuthority, "Whose recommendation stands", _WORD,
        config=_AUTHORITY),
    "recommendations_agree": flag("Whether supplied and computed recommendation are one", _WORD,
        *_RULED, config=_JUDGED, null=_UNSUPPLIED),
})


def _by_trend_of(*on: str) -> dict[str, dy.Column]:
    return {str(trend): count(f"Number of segments of campaigns that {words}",
        read("segment_portfolio", "trend", on=on, trend=trend), config=_TREND)
        for trend, words in _OF_TREND.items()}


SegmentMomentum = declare("segment_momentum",
    "One row per campaign, then one for the portfolio: how many segments go which way.", {
    "scope": word(("campaign", "portfolio"), "What the row is of", key=True),
    "campaign_id": key("The campaign", null="the row is of the portfolio"),
    "segments": count("Number of segments of campaigns",
        read("segment_portfolio", "segment_id", on=CAMPAIGN)),
    **_by_trend_of(*CAMPAIGN),
})


def _summed(*names: str) -> dict[str, dy.Column]:
    return {name: same(SegmentPortfolio, name, ("segment_id",), null=_UNDELIVERED)
        for name in names}


def _share(measure: str, words: str) -> dy.Float64:
    return fraction(f"{words} of the segment / of all segments, over all dates",
        read("segment_portfolio", measure), null="reason")


SegmentSummary = declare("segment_summary",
    "One row per audience segment, over all campaigns and all dates.", {
    "segment_id": key("The segment"),
    "name": same(AudienceSegments, "name", ("segment_id",), label="Segment"),
    "priority": same(AudienceSegments, "priority", ("segment_id",)),
    "size_estimate": same(AudienceSegments, "size_estimate", ("segment_id",)),
    "campaigns": count("Number of campaigns it was delivered in or has a supplied rollup for",
        read("segment_portfolio", "campaign_id", on=("segment_id",))),
    **_summed(*MEASURES),
    "share_of_spend": _share("cost", "Cost"),
    "share_of_revenue": _share("revenue", "Revenue"),
    "roas": multiple("Revenue / cost of the days that know both, each summed over campaigns first",
        read("segment_portfolio", "revenue", "cost", on=("segment_id",)),
        read("rollup_paired", "numerator", "denominator", on=("segment_id",), window="all",
            numerator_name="revenue", denominator_name="cost"),
        over=("revenue", "cost"), label="Return on ad spend", null="reason"),
    **_by_trend_of("segment_id"),
    "reason": text("Why shares and return are missing", null="they are there"),
})
# fmt: on


def segment_portfolio(
    segment_windows: pl.DataFrame,
    segment_trends: pl.DataFrame,
    segment_rollups: pl.DataFrame,
    campaigns: pl.DataFrame,
    audience_segments: pl.DataFrame,
    clock: Clock,
    segment_rules: SegmentRules,
) -> pl.DataFrame:
    """`SegmentPortfolio`, sorted by its key.

    A segment known from a supplied rollup alone has null measures and an `unknown` trend, with the
    reason.
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
        .join(ever.select(*KEYS, *MEASURES, "roas", _ever=True), on=KEYS, how="left")
        .join(
            now.select(*KEYS, *(pl.col(c).alias(f"current_{c}") for c in _NOW), _now=True),
            on=KEYS,
            how="left",
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
    return SegmentPortfolio.of(judged.sort(KEYS))


def segment_momentum(segment_portfolio: pl.DataFrame) -> pl.DataFrame:
    """`SegmentMomentum`, sorted by its key; the counts by trend add up to `segments`."""
    counts = [pl.len().cast(pl.Int64).alias("segments"), *_by_trend()]
    every = segment_portfolio.select(
        pl.lit("portfolio").alias("scope"), pl.lit(None, pl.String).alias("campaign_id"), *counts
    )
    each = segment_portfolio.group_by(pl.lit("campaign").alias("scope"), "campaign_id").agg(counts)
    return SegmentMomentum.of(
        pl.concat([each, every]).sort("scope", "campaign_id", nulls_last=True)
    )


def segment_summary(
    segment_portfolio: pl.DataFrame, audience_segments: pl.DataFrame, rollup_paired: pl.DataFrame
) -> pl.DataFrame:
    """`SegmentSummary`, sorted by id."""
    ever = segment_portfolio.select(*KEYS, "revenue", "cost", window=pl.lit(str(Window.ALL)))
    keys = (*KEYS, "window")
    rated = pooled(ever, rollup_paired, keys, ("segment_id",), "revenue", "cost", "roas")
    sums = segment_portfolio.group_by("segment_id").agg(
        pl.len().cast(pl.Int64).alias("campaigns"),
        *map(known_sum, _COUNTS),
        total("cost"),
        total("revenue"),
        *_by_trend(),
    )
    filled = ("campaigns", *_COUNTS, *_TRENDS)
    cost, revenue = pl.col("cost"), pl.col("revenue")
    return SegmentSummary.of(
        audience_segments.select("segment_id", "name", "priority", "size_estimate")
        .join(sums, on="segment_id", how="left")
        .join(rated.select("segment_id", "roas"), on="segment_id", how="left")
        .with_columns(
            *(
                pl.when(pl.col("campaigns").is_null()).then(0).otherwise(column).alias(column)
                for column in filled
            ),
            *(total(money).alias(f"total_{money}") for money in ("cost", "revenue")),
        )
        .with_columns(
            ratio(cost, pl.col("total_cost")).alias("share_of_spend"),
            ratio(revenue, pl.col("total_revenue")).alias("share_of_revenue"),
            pl.when((pl.col("impressions").fill_null(0) == 0) & cost.is_null())
            .then(pl.lit("no performance recorded for this segment"))
            .when(cost.fill_null(0) <= 0)
            .then(pl.lit("no cost recorded: no return to state"))
            .when(pl.col("roas").is_null())
            .then(pl.lit("no day states both value and spend"))
            .alias("reason"),
        )
        .sort("segment_id")
    )


def _by_trend() -> list[pl.Expr]:
    return [(pl.col("trend") == word).sum().cast(pl.Int64).alias(word) for word in _TRENDS]


def _nothing_now(column: str) -> pl.Expr:
    """0 where the segment has performance, but none in the current window; unknown stays null."""
    ever, now = pl.col("_ever").is_not_null(), pl.col("_now").is_not_null()
    return pl.when(ever & ~now).then(0).otherwise(column).alias(column)


def _unrecorded(reason: str) -> pl.Expr:
    """Why a segment that stands in a supplied rollup alone has no computed figure."""
    none = pl.when(pl.col("impressions").is_null()).then(pl.lit("no performance recorded"))
    return none.otherwise(pl.col(reason)).alias(reason)
