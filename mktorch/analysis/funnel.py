"""The journey: how many people reach each stage, by campaign, segment, channel and window."""

from __future__ import annotations

import polars as pl

from mktorch.clock import Clock
from mktorch.sums import micros, units
from mktorch.vocab import FunnelStage, Window

CELL = ("campaign_id", "segment_id", "channel_id")
STAGES = tuple(str(stage) for stage in FunnelStage)
_ORDER = pl.col("stage").replace_strict(
    {stage: order for order, stage in enumerate(STAGES, start=1)}, return_dtype=pl.Int64
)


def funnel_detail(funnel_events: pl.DataFrame, clock: Clock) -> pl.DataFrame:
    """Stage counts by campaign, segment, channel, window and stage.

    Parameters
    ----------
    funnel_events
        `funnel_events`. An event belongs to its `date`, or to its timestamp's day without one.
    clock
        The windows.

    Returns
    -------
    One row per key that somebody recorded, sorted, `stage_order` in the place of the stage's
    name: `count`, `weighted_count` (the sum of count times confidence), `events`, and `sources`
    (how many kinds of system reported it; where above 1 their counts may overlap). A recorded 0
    is a row with count 0; a stage nobody recorded is no row.
    """
    dated = funnel_events.with_columns(day=pl.coalesce("date", pl.col("timestamp").dt.date()))
    spans = clock.windows
    parts = {
        Window.ALL: dated,
        **{w: dated.filter(pl.col("day").is_between(*span)) for w, span in spans.items()},
    }
    return (
        pl.concat(
            part.group_by(*CELL, "stage")
            .agg(
                pl.col("count").sum(),
                micros(pl.col("count") * pl.col("confidence")).sum().alias("weighted_count"),
                pl.len().cast(pl.Int64).alias("events"),
                pl.col("source").n_unique().cast(pl.Int64).alias("sources"),
            )
            .with_columns(window=pl.lit(str(window)))
            for window, part in parts.items()
        )
        .with_columns(units(pl.col("weighted_count")), stage_order=_ORDER)
        .select(
            *CELL,
            "window",
            "stage_order",
            "stage",
            "count",
            "weighted_count",
            "events",
            "sources",
        )
        .sort(*CELL, "window", "stage_order")
    )


def funnel_stages(funnel_detail: pl.DataFrame) -> pl.DataFrame:
    """`stages_by` campaign."""
    return stages_by(funnel_detail, "campaign_id")


def stages_by(detail: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """`funnel_detail` summed to `keys` (such as campaign_id), window and stage, sorted so.

    `count`, `weighted_count`, `events`; `sources`, the most of any part; `cells`, how many
    pairs of segment and channel recorded the stage.
    """
    return (
        detail.group_by(*keys, "window", "stage_order", "stage")
        .agg(
            pl.col("count").sum(),
            micros(pl.col("weighted_count")).sum(),
            pl.col("events").sum(),
            pl.col("sources").max(),
            pl.len().cast(pl.Int64).alias("cells"),
        )
        .with_columns(units(pl.col("weighted_count")))
        .sort(*keys, "window", "stage_order")
    )
