"""Where things are moving: the current window against the prior one, segments by trend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from mktorch.formats import Locale
from mktorch.narrative.prose import Prose
from mktorch.sums import ratio, total
from mktorch.vocab import Measure, Window
from mktorch.words import joined

MEASURES = ("revenue", "spend", "return")
_NO_WINDOW = "no record falls in the {} window"


def momentum(rollup_campaign: pl.DataFrame) -> pl.DataFrame:
    """Revenue, spend and return on spend of the portfolio, current window against prior.

    In: `rollup_campaign`. Out: one row per measure in the order of `MEASURES`: `measure`,
    `current`, `prior`, `change` (difference), `relative` (change over prior), `reason` where a
    value is null. Money as the performance records state it, whoever has the authority over
    totals: a ledger row knows no window.
    """
    sums = (
        rollup_campaign.lazy()
        .group_by("window")
        .agg(total(m) for m in (Measure.REVENUE, Measure.COST))
        .select(
            "window",
            pl.col("revenue"),
            pl.col("cost").alias("spend"),
            ratio(pl.col("revenue"), pl.col("cost")).alias("return"),
        )
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
    return (
        measures.join(current, on="measure", how="left", maintain_order="left")
        .join(prior, on="measure", how="left", maintain_order="left")
        .with_columns(change=change, relative=ratio(change, pl.col("prior")))
        .with_columns(
            reason=pl.when(pl.lit(bool(absent)))
            .then(pl.lit("; ".join(_NO_WINDOW.format(w) for w in absent)))
            .when(pl.col("change").is_null() & (pl.col("measure") != "return"))
            .then(pl.format("{} is not known in both windows", "measure"))
            .when(pl.col("change").is_null())
            .then(pl.lit("no return where nothing was spent"))
            .when(pl.col("relative").is_null())
            .then(pl.lit("no share of a prior value of zero"))
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
