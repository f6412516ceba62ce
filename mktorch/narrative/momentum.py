"""Where things are moving: the current window against the prior one, segments by trend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from mktorch.formats import Locale
from mktorch.narrative.templates import Prose
from mktorch.paired import pooled
from mktorch.sums import ratio, total
from mktorch.tables import Table, fraction, number, read, reason, word
from mktorch.vocab import Measure, Window
from mktorch.words import joined

MEASURES = ("revenue", "spend", "return")
_NO_WINDOW = "no records in the {} window"
_NOW, _THEN = (
    read("rollup_campaign", "revenue", "cost", window=window)
    for window in (Window.CURRENT, Window.PRIOR)
)
_NOW_BOTH, _THEN_BOTH = (
    read("rollup_paired", "numerator", "denominator", window=window, numerator_name="revenue",
        denominator_name="cost", segment_id=None, channel_id=None, asset_id=None)
    for window in (Window.CURRENT, Window.PRIOR)
)  # fmt: skip
_UNIT = "that of the measure"
_CONFIG = ("window_days",)


# fmt: off
class Momentum(Table):
    """One row per measure of the portfolio, current window against prior.

    Money as the performance records state it, regardless of the authority over totals: a ledger row
    knows no window. The return is of the days that know both revenue and spend.
    """

    measure = word(MEASURES, "Revenue, spend, or revenue / spend", key=True)
    current = number(_UNIT, "The measure in the current window", _NOW, _NOW_BOTH, config=_CONFIG,
        null="reason")
    prior = number(_UNIT, "The measure in the prior window", _THEN, _THEN_BOTH, config=_CONFIG,
        null="reason")
    change = number(_UNIT, "Current window less prior", _NOW, _THEN, _NOW_BOTH, _THEN_BOTH,
        config=_CONFIG, null="reason")
    relative = fraction("Current window less prior, over prior", _NOW, _THEN, _NOW_BOTH,
        _THEN_BOTH, config=_CONFIG, over=("change", "prior"), null="reason")
    reason = reason("a value")
# fmt: on


_UNSPENT = pl.lit("no spend to divide by")
_UNPAIRED = pl.lit("no day of a window states both revenue and spend")


def momentum(rollup_campaign: pl.DataFrame, rollup_paired: pl.DataFrame) -> pl.DataFrame:
    """`Momentum`, in the order of `MEASURES`."""
    parts, keys = (Measure.REVENUE, Measure.COST), ("campaign_id", "window")
    rated = pooled(rollup_campaign, rollup_paired, keys, ("window",), *parts, "return")
    sums = (
        rollup_campaign.lazy()
        .group_by("window")
        .agg(map(total, parts))
        .join(rated.lazy(), on="window")
        .select("window", "revenue", pl.col("cost").alias("spend"), "return")
        .unpivot(index="window", variable_name="measure")
    )
    sides = (
        sums.filter(window=window).select("measure", pl.col("value").alias(window))
        for window in (Window.CURRENT, Window.PRIOR)
    )
    current, prior = sides
    measures = pl.LazyFrame({"measure": list(MEASURES)})
    present = sums.select("window").unique().collect()["window"].to_list()
    absent = [w for w in (Window.CURRENT, Window.PRIOR) if w not in present]
    change = pl.col("current") - pl.col("prior")
    return Momentum.of(
        measures.join(current, on="measure", how="left", maintain_order="left")
        .join(prior, on="measure", how="left", maintain_order="left")
        .with_columns(change=change, relative=ratio(change, pl.col("prior")))
        .with_columns(
            _unspent=pl.min_horizontal("current", "prior").filter(measure="spend").first() <= 0
        )
        .with_columns(
            reason=pl.when(pl.lit(bool(absent)))
            .then(pl.lit("; ".join(_NO_WINDOW.format(w) for w in absent)))
            .when(pl.col("change").is_null() & (pl.col("measure") != "return"))
            .then(pl.format("{} is not on record in both windows", "measure"))
            .when(pl.col("change").is_null())
            .then(pl.when("_unspent").then(_UNSPENT).otherwise(_UNPAIRED))
            .when(pl.col("relative").is_null())
            .then(pl.lit("the prior value is zero"))
        )
        .collect()
    )


def momentum_line(
    tables: Mapping[str, pl.DataFrame], locale: Locale
) -> tuple[str | None, str | None]:
    """The momentum in a sentence, or why there is none.

    Reads `momentum` and, where it is there, the portfolio's row of `segment_momentum`.
    """
    moves = tables.get("momentum")
    if moves is None:
        return None, "momentum was not made"
    if moves["change"].null_count() == moves.height:
        return None, moves["reason"][0]
    prose = Prose(locale)
    revenue, spend, returned = moves.rows(named=True)
    parts = [_moved("revenue", revenue, prose), _moved("spend", spend, prose)]
    if returned["change"] is not None:
        parts.append(prose.format("return was {current:ratio}, from {prior:ratio}", **returned))
    line = f"Since the prior window, {joined(parts)}."
    return f"{line}{_segments(tables.get('segment_momentum'))}", None


def _moved(measure: str, row: dict[str, Any], prose: Prose) -> str:
    """How one measure moved, in words.

    >>> _moved("spend", {"current": 50.0, "prior": 40.0, "relative": 0.25}, Prose(Locale()))
    'spend rose 25.0% to $50'
    """
    if row["relative"] is None:
        return prose.format(
            "{measure} was {current:rounded}, from {prior:rounded}",
            measure=measure,
            **{name: row[name] for name in ("current", "prior")},
        )
    if not row["relative"]:
        return prose.format(
            "{measure} held at {current:rounded}", measure=measure, current=row["current"]
        )
    return prose.format(
        "{measure} {verb} {size:percent} to {current:rounded}",
        measure=measure,
        verb="rose" if row["relative"] > 0 else "fell",
        size=abs(row["relative"]),
        current=row["current"],
    )


def _segments(trends: pl.DataFrame | None) -> str:
    if trends is None or trends.filter(scope="portfolio").is_empty():
        return ""
    row = trends.filter(scope="portfolio").row(0, named=True)
    known = [
        f"{row[trend]} {words}"
        for trend, words in (
            ("improving", "improving"),
            ("stable", "stable"),
            ("declining", "declining"),
            ("unknown", "not yet measurable"),
        )
        if row[trend]
    ]
    return f" Segments: {joined(known)}." if known else ""
