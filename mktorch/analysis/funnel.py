"""The journey: how many people reach each stage, by campaign, segment, channel and window."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from mktorch.clock import Clock
from mktorch.config.funnel_rules import FunnelRules
from mktorch.sums import micros, units
from mktorch.tables import CAMPAIGN, count, declare, key, number, read, text, word
from mktorch.vocab import Window

CELL = ("campaign_id", "segment_id", "channel_id")
_STAGES = ("funnel_rules.stages",)


# fmt: off
def _people(source: str, of: str, *on: str) -> dict[str, dy.Column]:
    """The stage of a row and how many people reached it, summed over rows of `source`."""
    weighed = ("count", "confidence") if source == "funnel_events" else ("weighted_count",)
    words = f"People (events before the first stage of people) at the stage, summed over {of}"
    return {
        "window": word(Window, "All dates, the current window or the one before", key=True),
        "stage_order": count("Place of the stage in the journey", unit="place", config=_STAGES),
        "stage": text("The stage", key=True),
        "count": number("count", words, read(source, "count", on=on), config=("window_days",)),
        "weighted_count": number("count", f"{words}, each times its confidence",
            read(source, *weighed, on=on), config=("window_days",)),
    }


FunnelDetail = declare("funnel_detail",
    "One row per campaign, segment, channel, window and recorded stage. A recorded 0 is a row "
    "with count 0; a stage that is not recorded has no row.", {
    **{name: key(f"The {name.removesuffix('_id')}") for name in CELL},
    **_people("funnel_events", "the funnel events of the window", *CELL, "stage"),
    "events": count("Number of funnel events", read("funnel_events", "event_id",
        on=(*CELL, "stage"))),
    "sources": count("Number of kinds of system that reported the stage; where above 1 their "
        "counts may overlap", read("funnel_events", "source", on=(*CELL, "stage")), adds=False),
})
_PARTS = (*CAMPAIGN, "window", "stage")
FunnelStages = declare("funnel_stages", "One row per campaign, window and stage.", {
    "campaign_id": key("The campaign"),
    **_people("funnel_detail", "segments and channels", *_PARTS),
    "events": count("Number of funnel events", read("funnel_detail", "events", on=_PARTS)),
    "sources": count("Number of kinds of system that reported the stage, the most of any part",
        read("funnel_detail", "sources", on=_PARTS), adds=False),
    "cells": count("Number of pairs of segment and channel that recorded the stage",
        read("funnel_detail", "count", on=_PARTS)),
})
# fmt: on


def funnel_detail(
    funnel_events: pl.DataFrame, clock: Clock, funnel_rules: FunnelRules
) -> pl.DataFrame:
    """`FunnelDetail`, sorted by its key, `stage_order` in the place of the stage's name.

    An event belongs to its `date`, or to its timestamp's day without one.
    """
    dated = funnel_events.with_columns(day=pl.coalesce("date", pl.col("timestamp").dt.date()))
    spans = clock.windows
    order = {stage: funnel_rules.order(stage) for stage in funnel_rules.stages}
    parts = {
        Window.ALL: dated,
        **{w: dated.filter(pl.col("day").is_between(*span)) for w, span in spans.items()},
    }
    return FunnelDetail.of(
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
        .sort(*CELL, "window", "stage_order")
    )


def funnel_stages(funnel_detail: pl.DataFrame) -> pl.DataFrame:
    """`FunnelStages`: `stages_by` campaign."""
    return FunnelStages.of(stages_by(funnel_detail, "campaign_id"))


def stages_by(detail: pl.DataFrame, *keys: str) -> pl.DataFrame:
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
