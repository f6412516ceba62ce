"""The one heavy pass: sums of the performance records, by asset, campaign, segment and channel."""

from __future__ import annotations

from mktorch.lineage.model import Definition, read

_SUMS = ("impressions", "clicks", "conversions", "cost", "revenue")


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
}
