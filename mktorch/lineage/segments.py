"""Segments and creatives: KPI now, change, and standing beside campaign and peers."""

from __future__ import annotations

from mktorch.lineage.model import CAMPAIGN, Definition, read

_CELL = ("campaign_id", "segment_id")
_SUMS = ("impressions", "clicks", "conversions", "cost", "revenue")
_NOW = read("rollup_segment", *_SUMS, on=_CELL, window="current")
_THEN = read("rollup_segment", *_SUMS, on=_CELL, window="prior")
_WHOLE = read("rollup_campaign", *_SUMS, on=CAMPAIGN, window="current")
_SUPPLIED = read("segment_rollups", "kpi_value", on={"supplied_rollup_id": "rollup_id"})
_OF_ASSET = {
    window: read("rollup_asset", *_SUMS, on=("asset_id",), window=window)
    for window in ("all", "current")
}
_OF_SEGMENT = read("rollup_segment", *_SUMS, on=("segment_id",), window="all")

SEGMENTS = {
    "segment_portfolio.standing_kpi_value": Definition(
        "The campaign's primary KPI for the segment: the supplied rollup's or the computed one, "
        "whichever record is in authority; the other where that one is silent",
        "that of the KPI",
        (_SUPPLIED, _NOW),
        ("segment_rules.authority", "window_days"),
        reason="trend_reason",
    ),
    "segment_portfolio.kpi_attainment": Definition(
        "Computed KPI of the segment / the campaign's own, current window, turned so that above 1 "
        "is better",
        "ratio",
        (_NOW, _WHOLE),
        ("window_days", "metrics"),
        reason="trend_reason",
    ),
    "segment_portfolio.trend_change": Definition(
        "Computed KPI of the segment in the current window / in the prior one, less 1",
        "fraction",
        (_NOW, _THEN),
        ("window_days", "segment_rules.trend_alpha", "segment_rules.minimum_impressions"),
        reason="trend_reason",
    ),
    "creative_standing.kpi_value": Definition(
        "The campaign's primary KPI for the asset in the current window",
        "that of the KPI",
        (_OF_ASSET["current"],),
        ("window_days", "metrics"),
        reason="reason",
    ),
    "assets.cost": Definition(
        "Cost, summed over the asset's performance records of all dates",
        "currency",
        (_OF_ASSET["all"],),
    ),
    "assets.roas": Definition(
        "Revenue / cost, each summed over the asset's performance records of all dates first",
        "ratio",
        (_OF_ASSET["all"],),
        over=("revenue", "cost"),
    ),
    "segment-heat.cost": Definition(
        "Cost, summed over the performance records for the segment of all dates",
        "currency",
        (_OF_SEGMENT,),
    ),
    **{
        f"segment-heat.{kpi}": Definition(
            f"{top} / {bottom} for the segment over all dates, each summed first",
            unit,
            (_OF_SEGMENT,),
            ("metrics",),
        )
        for kpi, top, bottom, unit in (
            ("click_through_rate", "Clicks", "impressions", "fraction"),
            ("conversion_rate", "Conversions", "impressions", "fraction"),
            ("cost_per_acquisition", "Cost", "conversions", "currency"),
            ("return_on_ad_spend", "Revenue", "cost", "ratio"),
        )
    },
}
