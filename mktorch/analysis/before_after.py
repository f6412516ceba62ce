"""What was measured before and after an event: sums over as many days on either side of it."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.comparisons import CONTROL, moments
from mktorch.rollups import ADDED


def daily(rollup_day: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """`rollup_day` summed to one row per `keys` and date, sorted so; money sums are exact."""
    return rollup_day.group_by(*keys, "date").agg(ADDED).sort(*keys, "date")


def before_after(
    events: pl.DataFrame, days: pl.DataFrame, event_id: str, keys: tuple[str, ...], length: int
) -> pl.DataFrame:
    """Sum a numerator and a denominator over the `length` days before and after each event.

    Parameters
    ----------
    events
        `event_id` (unique), the `keys`, and `day`, which itself counts to neither side.
    days
        The `keys`, `date`, `numerator` and `denominator` (Float64); one row per key and date.

    Returns
    -------
    One row per event, sorted by id: the `MOMENTS` of the days after, and, with the suffix
    `_control`, of those before. `n` counts the days that have a row; a side without one is null.
    """
    offsets = pl.Series("offset", range(-length, length + 1), pl.Int64)
    near = (
        events.select(event_id, *keys, "day")
        .join(offsets.to_frame(), how="cross")
        .with_columns(date=pl.col("day") + pl.duration(days="offset"))
        .join(days, on=[*keys, "date"])
    )
    before, after = (
        moments(near.filter(side), event_id)
        for side in (pl.col("offset") < 0, pl.col("offset") > 0)
    )
    return (
        events.select(event_id)
        .join(after, on=event_id, how="left")
        .join(before, on=event_id, how="left", suffix=CONTROL)
        .sort(event_id)
    )
