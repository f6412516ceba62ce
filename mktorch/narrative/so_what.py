"""What the figures mean in money, in at most three sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from mktorch.formats import Locale
from mktorch.metrics import ratio
from mktorch.narrative.prose import Prose, counted

NO_MONEY = "no media spend and value on record"


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
        return None, NO_MONEY
    prose = Prose(locale)
    sentences = [
        prose.format(
            "Net return {total_net_roi:cents}: {total_estimated_value:cents} of value on "
            "{total_media_spend:cents} of media spend",
            **total,
        )
        + (prose.format(", {returned:ratio}", **total) if total["returned"] is not None else "")
        + "."
    ]
    asked = tables.get("recommendations")
    if asked is not None:
        sentences += [*_at_stake(asked, prose), *_largest_effect(asked, prose)]
    return " ".join(sentences), None


def _at_stake(asked: pl.DataFrame, prose: Prose) -> list[str]:
    known = asked.filter(pl.col("stake") > 0).sort("stake", "rank", descending=[True, False])
    if known.is_empty():
        return []
    return [
        prose.format(
            "{how_many}; most at stake: {stake:currency} in {name}.",
            how_many=counted(asked.height, "recommendation") + _stands(asked.height),
            name=_name(known.row(0, named=True)),
            stake=known["stake"][0],
        )
    ]


def _largest_effect(asked: pl.DataFrame, prose: Prose) -> list[str]:
    """The largest expected effect in money, of what is saved and what is gained."""
    effects = pl.concat(
        asked.select(
            "rank",
            "target_name",
            "target_id",
            "impact_basis",
            low=pl.col(low),
            point=pl.col(point),
            high=pl.col(high),
            verb=pl.lit(verb),
        )
        for low, point, high, verb in (
            ("savings_low", "cost_savings", "savings_high", "saves"),
            ("revenue_low", "revenue_impact", "revenue_high", "gains"),
        )
    )
    largest = effects.filter(pl.col("point") > 0).sort(
        "point", "rank", "verb", descending=[True, False, False]
    )
    if largest.is_empty():
        return []
    row = largest.row(0, named=True)
    span = " ({low:currency} to {high:currency})" if None not in (row["low"], row["high"]) else ""
    basis = ", {impact_basis}" if row["impact_basis"] else ""
    return [
        prose.format(
            f"The largest expected effect {{verb}} {{point:currency}}{span} in {{name}}{basis}.",
            name=_name(row),
            **row,
        )
    ]


def _name(row: Mapping[str, Any]) -> str:
    return str(row["target_name"] or row["target_id"])


def _stands(number: int) -> str:
    return " stands" if number == 1 else " stand"
