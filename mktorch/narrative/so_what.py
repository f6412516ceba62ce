"""What the figures mean in money, in at most three sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from mktorch.formats import Locale
from mktorch.narrative.prose import Prose, counted
from mktorch.sums import ratio

_LOW, _POINT, _HIGH = (
    ("savings_low", "revenue_low"),
    ("cost_savings", "revenue_impact"),
    ("savings_high", "revenue_high"),
)


def so_what(tables: Mapping[str, pl.DataFrame], locale: Locale) -> tuple[str | None, str | None]:
    """Net return, value against spend and the largest effects asked for; or why it is not known.

    Reads `roi_analysis` and, where it is there, `recommendations`. Effects are never added up:
    two recommendations may work on the same money and state different horizons, so the largest
    single one is named with its own basis.
    """
    roi = tables.get("roi_analysis")
    if roi is None:
        return None, "roi_analysis was not made"
    total = roi.with_columns(
        returned=ratio(pl.col("total_estimated_value"), pl.col("total_media_spend"))
    ).row(0, named=True)
    if total["total_net_roi"] is None:
        missing = "value" if total["total_media_spend"] is not None else "media spend and value"
        return None, f"no {missing} on record"
    prose = Prose(locale)
    sentences = [
        prose.format(
            "Net return {total_net_roi:cents}: {total_estimated_value:cents} of value on "
            "{total_media_spend:cents} of media spend, a return of {returned:ratio}.",
            **total,
        )
    ]
    asked = tables.get("recommendations")
    if asked is not None:
        sentences += [*_at_stake(asked, prose), *_largest_effect(asked, prose)]
    return " ".join(sentences), None


def _at_stake(asked: pl.DataFrame, prose: Prose) -> list[str]:
    stands = (
        f"{counted(asked.height, 'recommendation')} {'stands' if asked.height == 1 else 'stand'}"
    )
    known = asked.filter(pl.col("stake") > 0).sort("stake", "rank", descending=[True, False])
    if known.is_empty():
        return [f"{stands}."]
    row = known.row(0, named=True)
    return [
        prose.format(
            "{stands}, most at stake {stake:currency} ({name}).",
            stands=stands,
            name=_name(row),
            **row,
        )
    ]


def _largest_effect(asked: pl.DataFrame, prose: Prose) -> list[str]:
    """The largest net effect in money: savings and revenue of one recommendation together."""
    effects = asked.with_columns(
        pl.when(pl.any_horizontal(pl.col(ends).is_not_null()))
        .then(pl.sum_horizontal(ends))
        .alias(name)
        for name, ends in (("low", _LOW), ("point", _POINT), ("high", _HIGH))
    )
    largest = effects.filter(pl.col("point") > 0).sort("point", "rank", descending=[True, False])
    if largest.is_empty():
        return []
    row = largest.row(0, named=True)
    return [
        prose.format(
            "Largest expected net effect of one: {point:currency}, {low:currency} to "
            "{high:currency} ({name}).",
            name=_name(row),
            **row,
        )
    ]


def _name(row: Mapping[str, Any]) -> str:
    return str(row["target_name"] or row["target_id"])
