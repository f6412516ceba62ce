"""What every finder of risks returns, and how single days are joined into episodes."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from mktorch.config.risk_rules import Detection

FOUND: dict[str, pl.DataType] = {
    "detection": pl.String(),
    "subject": pl.String(),
    "campaign_id": pl.String(),
    "segment_id": pl.String(),
    "channel_id": pl.String(),
    "asset_ids": pl.List(pl.String()),
    "first_day": pl.Date(),
    "last_day": pl.Date(),
    "spend": pl.Float64(),
    "value": pl.Float64(),
    "threshold": pl.Float64(),
    "detail": pl.String(),
}


def found(frame: pl.DataFrame, detection: Detection) -> pl.DataFrame:
    """The columns of a finding, in order; those a finder does not state are null."""
    stated = frame.with_columns(pl.lit(str(detection)).alias("detection"))
    missing = (pl.lit(None).alias(name) for name in FOUND if name not in stated.columns)
    return stated.with_columns(*missing).select(
        pl.col(name).cast(dtype) for name, dtype in FOUND.items()
    )


def episodes(days: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Sorted by `keys` and date, with `episode`: the number of the run of adjoining days.

    >>> from datetime import date
    >>> seen = pl.DataFrame({"k": ["a"] * 3, "date": [date(2026, 4, d) for d in (1, 2, 5)]})
    >>> episodes(seen, "k")["episode"].to_list()
    [1, 1, 2]
    """
    step = pl.col("date").diff().over(keys)
    breaks = (step != timedelta(days=1)).fill_null(value=True)
    return days.sort(*keys, "date").with_columns(breaks.cum_sum().over(keys).alias("episode"))
