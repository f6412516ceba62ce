"""What ids are called in a sentence: the id with the name it stands for, where that is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from mktorch.words import spaced

_MONEY = ("media_spend", "estimated_value", "net_roi", "spend", "revenue_proxy")


def channel_names(channels: pl.DataFrame) -> pl.DataFrame:
    """`channel_id` and `channel_name`: the platform in words and the id, else the id alone.

    >>> channel_names(pl.DataFrame({"channel_id": ["CH_1", "CH_2"],
    ...                             "platform": ["search_ads", None]}))["channel_name"].to_list()
    ['search ads (CH_1)', 'CH_2']
    """
    platform = pl.col("platform").str.replace_all("_", " ", literal=True)
    return channels.select(
        "channel_id",
        channel_name=pl.coalesce(pl.format("{} ({})", platform, "channel_id"), "channel_id"),
    )


def creative_names(assets: pl.DataFrame) -> pl.DataFrame:
    """`asset_id` and `asset_name`: the id, with theme and variant behind it.

    >>> creative_names(pl.DataFrame({"asset_id": ["A_1"], "message_theme": ["Month end"],
    ...                              "variant": ["B"]}))["asset_name"].item()
    'A_1 (Month end, variant B)'
    """
    return assets.select(
        "asset_id",
        asset_name=pl.coalesce(
            pl.format("{} ({}, variant {})", "asset_id", "message_theme", "variant"), "asset_id"
        ),
    )


def reads(figure: str) -> str:
    """How the figures of a reconciliation are written, a format of `words`.

    >>> reads("media_spend"), reads("conversion_rate")
    ('cents', 'figure')
    """
    return "cents" if figure in _MONEY else "figure"


def called(names: pl.DataFrame, key: str, name: str) -> dict[str, str]:
    """A frame of names as a mapping from id to name."""
    return dict(names.select(key, name).rows())


def told(evidence: str) -> str:
    """Free evidence in words, without the marks of JSON; what is no object stays as it is.

    >>> told('{"times_usual": 5, "days": [1, 2], "held": true, "note": "late_file"}')
    'times usual: 5, days: 1, 2, held: true, note: late_file'
    """
    try:
        found = json.loads(evidence)
    except ValueError:
        return evidence
    return _flat(found) if isinstance(found, Mapping) else evidence


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{spaced(key)}: {_flat(held)}" for key, held in value.items())
    if isinstance(value, list):
        return ", ".join(map(_flat, value))
    return value if isinstance(value, str) else json.dumps(value)
