"""Segments and creatives: KPI now, change, and standing beside campaign and peers."""

from __future__ import annotations

from mktorch.lineage.model import Definition, read

_SUMS = ("impressions", "clicks", "conversions", "cost", "revenue")
_OF_ASSET = {
    window: read("rollup_asset", *_SUMS, on=("asset_id",), window=window)
    for window in ("all", "current")
}
_OF_SEGMENT = read("rollup_segment", *_SUMS, on=("segment_id",), window="all")

SEGMENTS = {
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
