"""The one heavy pass: sums of the performance records, by asset, campaign, segment and channel."""

from __future__ import annotations

from mktorch.lineage.model import CAMPAIGN, Definition, read

_SUMS = {
    "impressions": "impressions",
    "clicks": "clicks",
    "conversions": "conversions",
    "cost": "cost",
    "revenue": "revenue_proxy",
}
"""Column of a rollup -> column of the records that it sums."""


def _of_records(table: str, of: str, *on: str, within: str = "") -> dict[str, Definition]:
    return {
        f"{table}.{name}": Definition(
            f"Sum over the performance records of {of}",
            _UNITS[name],
            (read("performance_metrics", record, on=on, within=within),),
            ("window_days",) if of.endswith("window") else (),
        )
        for name, record in _SUMS.items()
    }


def _of_assets(table: str, of: str, *keys: str) -> dict[str, Definition]:
    return {
        f"{table}.{name}": Definition(
            f"Sum over the performance records of {of} in the window, each record once",
            _UNITS[name],
            (read("rollup_asset", name, on=(*keys, "window")),),
            ("window_days",),
        )
        for name in _SUMS
    }


_UNITS = dict.fromkeys(_SUMS, "count") | {"cost": "currency", "revenue": "currency"}
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
            (read("rollup_campaign", name, window="current"),),
            ("window_days",),
        )
        for name, (words, unit) in _CARDS.items()
    },
    "kpi-cards.*": Definition(
        "The metric's numerator / its denominator, each summed over the current window and the "
        "campaigns in scope first",
        "that of the metric",
        (read("rollup_campaign", *_SUMS, window="current"),),
        ("window_days", "metrics"),
    ),
    **_of_records("rollup_asset", "the asset in the window", "asset_id", within="timestamp"),
    **_of_records("rollup_asset_day", "the asset on the day", "asset_id", within="timestamp"),
    **_of_records(
        "rollup_experiment", "the asset within the experiment", "experiment_id", "asset_id"
    ),
    **_of_assets("rollup_campaign", "the campaign's assets", "campaign_id"),
    **_of_assets(
        "rollup_segment", "the campaign's assets for the segment", "campaign_id", "segment_id"
    ),
    **_of_assets(
        "rollup_channel", "the campaign's assets on the channel", "campaign_id", "channel_id"
    ),
    **{
        f"rollup_day.{name}": Definition(
            "Sum over the performance records of the campaign's assets for the segment on the "
            "channel, on the day",
            _UNITS[name],
            (read("rollup_asset_day", name, on=(*CAMPAIGN, "segment_id", "channel_id", "date")),),
        )
        for name in _SUMS
    },
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
