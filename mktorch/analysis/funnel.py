"""The journey: how many people reach each stage, by campaign, segment, channel and window."""

from __future__ import annotations

from datetime import date

import polars as pl

from mktorch.config.funnel_rules import FunnelRules
from mktorch.exact import micros, units
from mktorch.rollups import windows
from mktorch.vocab import Window

CELL = ("campaign_id", "segment_id", "channel_id")


def funnel_detail(
    events: pl.DataFrame, as_of: date, window_days: int, rules: FunnelRules
) -> pl.DataFrame:
    """Stage counts by campaign, segment, channel, window and stage.

    Parameters
    ----------
    events
        `funnel_events`. An event belongs to its `date`, or to its timestamp's day without one.
    as_of, window_days
        The windows; see `mktorch.rollups.windows`.
    rules
        Its `stages` set the order.

    Returns
    -------
    One row per key that somebody recorded, sorted, `stage_order` in the place of the stage's
    name: `count`, `weighted_count` (the sum of count times confidence), `events`, and `sources`
    (how many kinds of system reported it; where above 1 their counts may overlap). A recorded 0
    is a row with count 0; a stage nobody recorded is no row.
    """
    dated = events.with_columns(day=pl.coalesce("date", pl.col("timestamp").dt.date()))
    spans = windows(as_of, window_days)
    order = {stage: rules.order(stage) for stage in rules.stages}
    parts = {
        Window.ALL: dated,
        **{w: dated.filter(pl.col("day").is_between(*span)) for w, span in spans.items()},
    }
    return (
        pl.concat(
            part.group_by(*CELL, "stage")
            .agg(
                micros(pl.col("count")).sum(),
                micros(pl.col("count") * pl.col("confidence")).sum().alias("weighted_count"),
                pl.len().cast(pl.Int64).alias("events"),
                pl.col("source").n_unique().cast(pl.Int64).alias("sources"),
            )
            .with_columns(window=pl.lit(str(window)))
            for window, part in parts.items()
        )
        .with_columns(
            units(pl.col("count", "weighted_count")),
            stage_order=pl.col("stage").replace_strict(order, return_dtype=pl.Int64),
        )
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


def funnel_stages(detail: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """`funnel_detail` summed to `keys` (such as campaign_id), window and stage, sorted so.

    `count`, `weighted_count`, `events`; `sources`, the most of any part; `cells`, how many
    pairs of segment and channel recorded the stage.
    """
    return (
        detail.group_by(*keys, "window", "stage_order", "stage")
        .agg(
            micros(pl.col("count", "weighted_count")).sum(),
            pl.col("events").sum(),
            pl.col("sources").max(),
            pl.len().cast(pl.Int64).alias("cells"),
        )
        .with_columns(units(pl.col("count", "weighted_count")))
        .sort(*keys, "window", "stage_order")
    )
