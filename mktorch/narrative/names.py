"""What campaigns and channels are called in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from mktorch.recommend.names import channel_names
from mktorch.words import spaces

_NO_CAMPAIGNS = pl.DataFrame(schema=dict.fromkeys(("campaign_id", "name"), pl.String()))


def with_campaigns(frame: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The frame with `campaign`: the name of its `campaign_id`, the id where none is known.

    Reads `campaign_analysis` where it was made; a frame without campaigns stays as it is.
    """
    if "campaign_id" not in frame.columns:
        return frame
    known = tables.get("campaign_analysis", _NO_CAMPAIGNS)
    names = known.select("campaign_id", campaign="name")
    return frame.join(names, on="campaign_id", how="left", maintain_order="left").with_columns(
        pl.col("campaign").fill_null(pl.col("campaign_id"))
    )


def channels(tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """What each channel is called, by id: its platform, and its id where that is not its own.

    Empty where the channels were not read.
    """
    known = tables.get("channels")
    if known is None:
        return {}
    alone = pl.col("platform").is_unique() & pl.col("platform").is_not_null()
    short = known.select("channel_id", short=pl.when(alone).then(spaces(pl.col("platform"))))
    names = channel_names(known).join(short, on="channel_id")
    return dict(names.select("channel_id", pl.coalesce("short", "channel_name")).rows())
