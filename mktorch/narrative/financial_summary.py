"""What the figures mean in money, in at most two sentences."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from mktorch.formats import Locale
from mktorch.narrative.templates import Prose
from mktorch.sums import ratio
from mktorch.words import shortened

_NAME = 48  # letters of a target's name
_LOW, _POINT, _HIGH = (
    ("savings_low", "revenue_low"),
    ("cost_savings", "revenue_impact"),
    ("savings_high", "revenue_high"),
)


def financial_summary(
    tables: Mapping[str, pl.DataFrame], locale: Locale
) -> tuple[str | None, str | None]:
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
    told = prose.format(
        "Net return is {total_net_roi:rounded}: {total_estimated_value:rounded} of value on "
        "{total_media_spend:rounded} of media spend"
        + ("." if total["returned"] is None else ", a {returned:ratio} return."),
        **total,
    )
    asked = tables.get("recommendations")
    gain = "" if asked is None else _largest_effect(asked, prose)
    return f"{told} {gain}".rstrip(), None


def _largest_effect(asked: pl.DataFrame, prose: Prose) -> str:
    """The largest net effect in money: savings and revenue of one recommendation together."""
    effects = asked.with_columns(
        pl.when(pl.any_horizontal(pl.col(ends).is_not_null()))
        .then(pl.sum_horizontal(ends))
        .alias(name)
        for name, ends in (("low", _LOW), ("point", _POINT), ("high", _HIGH))
    )
    largest = effects.filter(pl.col("point") > 0).sort("point", "rank", descending=[True, False])
    if largest.is_empty():
        return ""
    row = largest.row(0, named=True)
    return prose.format(
        "The largest expected gain from one recommendation is {point:rounded} ({low:rounded} to "
        "{high:rounded}, {name}).",
        name=shortened(str(row["target_name"] or row["target_id"]), _NAME),
        **row,
    )
