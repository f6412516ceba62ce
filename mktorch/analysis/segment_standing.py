"""Supplied segment rollups beside the computed figures: which stand, and the gap."""

from __future__ import annotations

from datetime import date

import polars as pl

from mktorch.analysis.segment_trends import KEYS
from mktorch.config.segment_rules import RollupAuthority

_SPEAKS = {
    "rollup_id": "supplied_rollup_id",
    "window_start": "supplied_window_start",
    "window_end": "supplied_window_end",
    "primary_kpi": "supplied_kpi",
    "kpi_value": "supplied_kpi_value",
    "trend_vs_prior_window": "supplied_trend",
    "recommendation": "supplied_recommendation",
}


def supplied_rollups(segment_rollups: pl.DataFrame, window: tuple[date, date]) -> pl.DataFrame:
    """The supplied rollup that speaks for each campaign and segment in `window` (both ends in).

    One row per campaign and segment, sorted: the newest rollup whose own window overlaps it (the
    later end, then the later start, then the later id), its columns under `supplied_` names.
    """
    first, last = window
    return (
        segment_rollups.filter(pl.col("window_start") <= last, pl.col("window_end") >= first)
        .sort("window_end", "window_start", "rollup_id")
        .unique(KEYS, keep="last", maintain_order=True)
        .select(*KEYS, *(pl.col(name).alias(alias) for name, alias in _SPEAKS.items()))
        .sort(KEYS)
    )


def stand(
    segments: pl.DataFrame, window: tuple[date, date], authority: RollupAuthority
) -> pl.DataFrame:
    """Add the gaps, and the KPI value, trend and recommendation that stand.

    Reads the columns of `supplied_rollups`, `primary_kpi`, `kpi_value`, `trend_change`, `cost`
    and `computed_recommendation`. `kpi_gap` and `trend_gap` are supplied minus computed; null,
    with `supplied_reason`, where nothing was supplied or the windows or metrics differ. Where the
    record in authority is silent the other stands; a supplied figure of another metric never
    does. `recommendations_agree` is null where nothing was supplied.
    """
    return segments.with_columns(*_gaps(*window), *_standing(authority))


def _gaps(first: date, last: date) -> list[pl.Expr]:
    """Supplied minus computed, where both speak of one metric and one window."""
    supplied = pl.col("supplied_rollup_id").is_not_null()
    same_kpi = _same_kpi()
    same_window = (pl.col("supplied_window_start") == first) & (
        pl.col("supplied_window_end") == last
    )
    comparable = supplied & same_kpi & same_window
    return [
        pl.when(comparable)
        .then(pl.col("supplied_kpi_value") - pl.col("kpi_value"))
        .alias("kpi_gap"),
        pl.when(comparable)
        .then(pl.col("supplied_trend") - pl.col("trend_change"))
        .alias("trend_gap"),
        pl.when(~supplied)
        .then(pl.lit("no supplied rollup overlaps the current window"))
        .when(~same_kpi)
        .then(pl.format("the supplied rollup states {}", "supplied_kpi"))
        .when(~same_window)
        .then(
            pl.format(
                f"the supplied window is {{}} to {{}}, the current one {first} to {last}",
                "supplied_window_start",
                "supplied_window_end",
            )
        )
        .alias("supplied_reason"),
    ]


def _same_kpi() -> pl.Expr:
    """Whether the supplied figures are of the campaign's KPI; unnamed, they are taken to be."""
    return (pl.col("supplied_kpi") == pl.col("primary_kpi")).fill_null(value=True)


def _standing(authority: RollupAuthority) -> list[pl.Expr]:
    """The figures that stand; a supplied figure of another metric never does."""
    by_supply = authority == RollupAuthority.SUPPLIED

    def first(supplied: pl.Expr, computed: pl.Expr) -> pl.Expr:
        return pl.coalesce(*((supplied, computed) if by_supply else (computed, supplied)))

    def own(column: str) -> pl.Expr:
        return pl.when(_same_kpi()).then(pl.col(column))

    supplied_word = pl.col("supplied_recommendation")
    stands = supplied_word.is_not_null() & (by_supply | pl.col("cost").is_null())
    return [
        first(own("supplied_kpi_value"), pl.col("kpi_value")).alias("standing_kpi_value"),
        first(own("supplied_trend"), pl.col("trend_change")).alias("standing_trend"),
        pl.when(stands)
        .then(supplied_word)
        .otherwise(pl.col("computed_recommendation"))
        .alias("recommendation"),
        pl.when(stands)
        .then(pl.lit(str(RollupAuthority.SUPPLIED)))
        .otherwise(pl.lit(str(RollupAuthority.COMPUTED)))
        .alias("recommendation_source"),
        (supplied_word == pl.col("computed_recommendation")).alias("recommendations_agree"),
    ]
