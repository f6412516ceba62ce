"""Days of the reporting zone: timestamps from UTC to its wall clock."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from mktorch.vocab import Source


def in_zone(frames: Mapping[Source, pl.DataFrame], zone: str) -> dict[Source, pl.DataFrame]:
    """Every timestamp as the naive wall-clock time of `zone`, so that its date is the zone's day.

    The day the clock is put back has 25 hours, and the hour it shows twice is two hours of rows of
    that day; the day it is put forward has 23.
    """
    if zone == "UTC":
        return dict(frames)
    local = (
        pl.col(pl.Datetime("us"))
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone(zone)
        .dt.replace_time_zone(None)
    )
    return {source: frame.with_columns(local) for source, frame in frames.items()}
