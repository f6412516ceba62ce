"""The one heavy pass: sums of the performance records, by asset, campaign, segment and channel."""

from __future__ import annotations

from mktorch.lineage.model import CAMPAIGN, Definition, read

_SUMS = ("impressions", "clicks", "conversions", "cost", "revenue")
_RECORDS = ("impressions", "clicks", "conversions", "cost", "revenue_proxy")


def _of_assets(of: str, *keys: str) -> Definition:
    return Definition(
        f"Sum over the performance records of {of} in the window, each record once",
        "that of the records",
        (read("rollup_asset", *_SUMS, on=(*keys, "window")),),
        ("window_days",),
    )


_NOW = (read("rollup_campaign", *_SUMS, on=(), window="current"),)
_CARDS = {
    "cost": ("Cost", "currency"),
    "revenue": ("Value, the revenue proxy,", "currency"),
    "conversions": ("Conversions", "count"),
}

ROLLUPS = {
    **{
        f"kpi-cards.{name}": Definition(
            f"{words} of the current window, summed over the campaigns in scope",
            unit,
            _NOW,
            ("window_days",),
        )
        for name, (words, unit) in _CARDS.items()
    },
    "kpi-cards.*": Definition(
        "The metric's numerator / its denominator, each summed over the current window and the "
        "campaigns in scope first",
        "that of the metric",
        _NOW,
        ("window_days", "metrics"),
    ),
    "rollup_asset.*": Definition(
        "Sum over the performance records of the asset in the window",
        "that of the records",
        (read("performance_metrics", *_RECORDS, on=("asset_id",), within="timestamp"),),
        ("window_days",),
    ),
    "rollup_campaign.*": _of_assets("the campaign's assets", "campaign_id"),
    "rollup_segment.*": _of_assets(
        "the campaign's assets for the segment", "campaign_id", "segment_id"
    ),
    "rollup_channel.*": _of_assets(
        "the campaign's assets on the channel", "campaign_id", "channel_id"
    ),
    "rollup_asset_day.*": Definition(
        "Sum over the performance records of the asset on the day",
        "that of the records",
        (read("performance_metrics", *_RECORDS, on=("asset_id",), within="timestamp"),),
    ),
    "rollup_day.*": Definition(
        "Sum over the performance records of the campaign's assets for the segment on the channel, "
        "on the day",
        "that of the records",
        (read("rollup_asset_day", *_SUMS, on=(*CAMPAIGN, "segment_id", "channel_id", "date")),),
    ),
    "rollup_experiment.*": Definition(
        "Sum over the performance records of the asset within the experiment",
        "that of the records",
        (read("performance_metrics", *_RECORDS, on=("experiment_id", "asset_id")),),
    ),
    "funnel_detail.*": Definition(
        "Sum over the funnel events of the stage in the window",
        "count",
        (
            read(
                "funnel_events",
                "count",
                "confidence",
                on=("campaign_id", "segment_id", "channel_id", "stage"),
            ),
        ),
        ("window_days",),
    ),
}
