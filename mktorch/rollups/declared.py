"""The rollups, declared: their keys, what each sums and the rows it is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import dataframely as dy

from mktorch.paired import RollupPaired
from mktorch.sources.bulk.days import COLUMNS, IN_MICROS, MEASURES
from mktorch.sources.rates import BASES
from mktorch.sums import known_sum, total
from mktorch.tables import Table, count, day, declare, flag, key, money, number, read, text, word
from mktorch.vocab import Measure, Window

ADDED = tuple(total(m) if m in IN_MICROS else known_sum(m) for m in MEASURES)
"""The measures of rows that were rolled up, summed; null where no row knows one."""
BEFORE = "_before"
"""Suffix of a measure summed over the days just before the experiment."""
BEFORE_DAYS = 28
"""Length of that stretch: four whole weeks, so that every weekday counts alike."""
ASSET = ("campaign_id", "segment_id", "channel_id")
# Rollup -> its key columns; those in BY_WINDOW also carry `window` (all, current, prior).
BY_WINDOW = {
    "rollup_asset": ("asset_id", *ASSET),
    "rollup_campaign": ("campaign_id",),
    "rollup_segment": ("campaign_id", "segment_id"),
    "rollup_channel": ("campaign_id", "channel_id"),
}
BY_KEY = {
    "rollup_experiment": ("experiment_id", "asset_id", *ASSET),
    "rollup_experiment_day": ("experiment_id", "asset_id", "date"),
    "rollup_experiment_weekday": ("experiment_id", "asset_id", "weekday"),
    "rollup_day": (*ASSET, "date"),
    "rollup_asset_day": ("asset_id", *ASSET, "date"),
}
_RECORDS = "performance_metrics"
_OF_ASSET = {
    "campaign_id": text("The asset's campaign"),
    "segment_id": text("The asset's segment"),
    "channel_id": text("The asset's channel"),
}
_CAMPAIGN = {"campaign_id": key("The campaign")}
_SEGMENT = {"segment_id": key("The segment")}
_CHANNEL = {"channel_id": key("The channel")}
_DAY = {"date": day("The day", key=True)}
_ARM = {"experiment_id": key("The experiment"), "asset_id": key("The asset")}
_WINDOW = {"window": word(Window, "All dates, the current window or the one before", key=True)}
_SPAN = {
    "snapshots": count("Number of performance records summed"),
    "first_day": day("Day of the first record summed"),
    "last_day": day("Day of the last record summed"),
}
_DAYS_HELD = {"days": count("Number of daily snapshots", unit="days")}
_BLANK = "no record states it"
_MEASURED = "that of the measure"
_parted = partial(number, "count")  # a part of a conversion may count
_KINDS: Mapping[Measure, Callable[..., dy.Column]] = {
    Measure.IMPRESSIONS: count,
    Measure.CLICKS: count,
    Measure.CONVERSIONS: _parted,
    Measure.COST: money,
    Measure.REVENUE: money,
}


# fmt: off
def sums(
    of: str, table: str, *on: str, within: str = "", suffix: str = "", null: str = ""
) -> dict[str, dy.Column]:
    """The measures of something, summed over the rows of a table that belong to it."""
    read_as = COLUMNS if table == _RECORDS else {}
    return {f"{measure}{suffix}": _KINDS[measure](
        f"Sum over the performance records of {of}",
        read(table, read_as.get(measure, str(measure)), on=on, within=within),
        config=("window_days",) if "window" in of else (), null=null or _BLANK)
        for measure in Measure}


def _of_assets(table: str, row: str, of: str, keys: Mapping[str, dy.Column]) -> type[Table]:
    summed = sums(f"the campaign's {of} in the window, each record once", "rollup_asset",
        *keys, "window")
    return declare(table, f"One row per {row} and window.", {**keys, **summed, **_SPAN, **_WINDOW})


def _of_an_arm(table: str, row: str, of: str, *columns: Mapping[str, dy.Column]) -> type[Table]:
    keys, *last = columns
    summed = sums(f"the asset within the experiment{of}", _RECORDS, *_ARM)
    held: dict[str, dy.Column] = {**_ARM, **keys, **summed}
    for more in last:
        held |= more
    return declare(table, f"One row per experiment, asset{row}.", held)


_TABLES = (
    declare("rollup_rate", "One row per asset with records that state a rate of conversion.", {
        "asset_id": key("The asset"),
        "impressions": count("Impressions of the records that state a rate"),
        "conversions": _parted("Conversions of the records that state a rate"),
        "implied_conversions": _parted("Conversions that the stated rates imply, each times what "
            "it is a rate of"),
        "rate_denominator": word(BASES, "What all the stated rates fit best as a rate of"),
        "rate_base": count("Sum of that over the records that state a rate")}),
    declare("rollup_correction",
        "One row per campaign, window and measure of which rows take something back.", {
        **_CAMPAIGN, **_WINDOW, "measure": word(Measure, "The measure", key=True),
        "rows": count("Number of performance records that take something back"),
        "corrected": number(_MEASURED, "Sum of what is negative"),
        "total": number(_MEASURED, "The whole sum"),
        "below_zero": flag("Whether even the whole sum is negative")}),
    RollupPaired,
    declare("rollup_asset", "One row per asset and window.", {
        "asset_id": key("The asset"), **_OF_ASSET,
        **sums("the asset in the window", _RECORDS, "asset_id", within="timestamp"),
        **_SPAN, **_WINDOW}),
    _of_assets("rollup_campaign", "campaign", "assets", _CAMPAIGN),
    _of_assets("rollup_segment", "campaign, segment", "assets for the segment",
        {**_CAMPAIGN, **_SEGMENT}),
    _of_assets("rollup_channel", "campaign, channel", "assets on the channel",
        {**_CAMPAIGN, **_CHANNEL}),
    _of_an_arm("rollup_experiment", "", "", _OF_ASSET, _SPAN, _DAYS_HELD),
    _of_an_arm("rollup_experiment_day", " and day", ", on the day", _DAY, {"claimed": flag(
        "Whether no record names the experiment, so that those of its assets are taken")}),
    _of_an_arm("rollup_experiment_weekday", " and day of the week", ", on the weekday",
        {"weekday": count("Day of the week, 1 (Monday) to 7", unit="", key=True)}, _DAYS_HELD,
        sums(f"the asset, on the weekday, in the {BEFORE_DAYS} days before the experiment",
            _RECORDS, "asset_id", suffix=BEFORE, null="the asset has no record in those days")),
    declare("rollup_day", "One row per campaign, segment, channel and day.", {
        **_CAMPAIGN, **_SEGMENT, **_CHANNEL, **_DAY,
        **sums("the campaign's assets for the segment on the channel, on the day",
            "rollup_asset_day", *ASSET, "date"), **_SPAN}),
    declare("rollup_asset_day", "One row per asset and day.", {
        "asset_id": key("The asset"), **_OF_ASSET, **_DAY,
        **sums("the asset on the day", _RECORDS, "asset_id", within="timestamp"), **_SPAN}),
)
# fmt: on
ROLLUPS: Mapping[str, type[Table]] = MappingProxyType({each.table: each for each in _TABLES})
"""Rollup -> its declaration."""
