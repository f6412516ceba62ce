"""Performance by asset, experiment and day: the sums from which every rollup follows.

Written once, in Narwhals, so that Polars, DuckDB and Spark compute the same: counts as they are,
and what may have decimals as whole millionths, in integers, which every engine adds exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import narwhals as nw
import polars as pl

from mktorch.sources.rates import BASES, RATED, VOTES, implied, rated, votes
from mktorch.sums import whole_micros
from mktorch.vocab import Measure

Rows = nw.LazyFrame[Any]
MEASURES = tuple(str(measure) for measure in Measure)
IN_MICROS = (Measure.CONVERSIONS, Measure.COST, Measure.REVENUE)
"""Measures that may have decimals, summed as whole millionths."""
COLUMNS = {**{m: str(m) for m in Measure}, Measure.REVENUE: "revenue_proxy"}
"""Measure -> the column of a performance record that states it."""
KEYS = ("asset_id", "experiment_id", "date")
BLANKS, IMPLIED, OF_RATED = "_blanks", "implied_by_", "rated_"
_RATE = "conversion_rate"
_STATED = ("conversions", *BASES)
SUMS = (
    *MEASURES,
    *(f"{OF_RATED}{name}" for name in _STATED),
    *(f"{IMPLIED}{base}" for base in BASES),
)
"""What is summed over a day; `rated_` and `implied_by_` over its rows that state a rate and all of
what it could be a rate of."""
COUNTS = (
    *(f"{measure}{BLANKS}" for measure in MEASURES),
    RATED,
    *(f"{base}{VOTES}" for base in BASES),
)
"""What is counted of a day's rows: blanks by measure, stated rates, and which base these fit."""


class Layout(NamedTuple):
    """Of rows, the columns they have, those of them in which a value may be missing, and the bases
    by which conversions are implied."""

    names: frozenset[str]
    blank: frozenset[str]
    bases: tuple[str, ...] = BASES

    @property
    def rates(self) -> bool:
        return {_RATE, *_STATED} <= self.names

    @property
    def all_rated(self) -> bool:
        return self.rates and self.blank.isdisjoint((_RATE, *_STATED))


def layout(frame: pl.DataFrame) -> Layout:
    """That of a frame: what is null throughout counts as absent."""
    nulls = frame.null_count().row(0, named=True) if frame.width else {}
    names = {name for name, count in nulls.items() if count < frame.height}
    return Layout(frozenset(names), frozenset(name for name in names if nulls[name]))


def by_day(
    rows: Rows,
    of: Layout,
    keys: Sequence[str] = KEYS,
    flags: Mapping[str, nw.Expr] | None = None,
    integer: type[nw.Int64 | nw.Int128] = nw.Int128,
) -> Rows:
    """Sums and counts of performance rows by `keys`, those that `of` does not settle beforehand.

    Parameters
    ----------
    rows
        asset_id, experiment_id, timestamp (wall clock of the zone whose days are meant), the
        columns of `of`, and what else `keys` names.
    flags
        Further conditions whose rows are counted, by name.
    integer
        Type of the sums. 64 bits do up to 9e12 units of money by key.

    Returns
    -------
    One row per key, for `filled`: `SUMS` and `COUNTS`, null or 0 where nothing is known, and
    `snapshots` (rows), `first` and `last` (timestamps) and `moments` (distinct timestamps).
    """
    counted = {**_counts(of), **(flags or {})}
    summed = _parts(of)
    return (
        rows.with_columns(nw.col("timestamp").dt.date().alias("date"))
        .select(
            *keys,
            "timestamp",
            *(value.cast(integer).alias(name) for name, value in summed.items()),
            *(shown.cast(nw.Int64).alias(name) for name, shown in counted.items()),
        )
        .group_by(*keys)
        .agg(
            *(nw.col(name).sum() for name in (*summed, *counted)),
            nw.len().alias("snapshots"),
            nw.col("timestamp").min().alias("first"),
            nw.col("timestamp").max().alias("last"),
            nw.col("timestamp").n_unique().alias("moments"),
        )
    )


def _parts(of: Layout) -> dict[str, nw.Expr]:
    stated = {
        str(measure): whole_micros(nw.col(column)) if measure in IN_MICROS else nw.col(column)
        for measure, column in COLUMNS.items()
        if column in of.names
    }
    if not of.rates:
        return stated
    of_rates = {f"{IMPLIED}{base}": whole_micros(implied(base)) for base in of.bases}
    if not of.all_rated:
        of_rates |= {f"{OF_RATED}{name}": stated[name] for name in _STATED}
        of_rates = {name: nw.when(rated()).then(part) for name, part in of_rates.items()}
    return {**stated, **of_rates}


def _counts(of: Layout) -> dict[str, nw.Expr]:
    blanks = {
        f"{measure}{BLANKS}": nw.col(column).is_null()
        for measure, column in COLUMNS.items()
        if column in of.blank
    }
    if not of.rates:
        return blanks
    cast = votes()
    return {**blanks, **({n: v for n, v in cast.items() if n != RATED} if of.all_rated else cast)}


def filled(days: pl.DataFrame, of: Layout, keys: Iterable[str] = KEYS) -> pl.DataFrame:
    """What `by_day` gives of a layout, with all of `SUMS` and `COUNTS`, and one type per column
    whatever engine made it: what a layout settles is written in."""
    rows, names = pl.col("snapshots"), set(days.columns)
    settled = {
        **{
            f"{measure}{BLANKS}": pl.lit(0) if column in of.names else rows
            for measure, column in COLUMNS.items()
        },
        RATED: rows if of.all_rated else pl.lit(0),
        **{f"{OF_RATED}{name}": pl.col(name) if of.all_rated else pl.lit(0) for name in _STATED},
    }
    whole = days.with_columns(
        settled.get(name, pl.lit(0)).alias(name) for name in (*SUMS, *COUNTS) if name not in names
    )
    times = ("first", "last")
    others = [n for n in whole.columns if n not in {*keys, *SUMS, *COUNTS, "snapshots", *times}]
    return whole.select(
        *keys,
        *(pl.col(name).fill_null(0) for name in SUMS),
        *(pl.col(n).fill_null(0).cast(pl.Int64) for n in (*COUNTS, "snapshots", *others)),
        pl.col(times).dt.replace_time_zone(None).cast(pl.Datetime("us")),
    )


def days_of(rows: pl.DataFrame, keys: Sequence[str] = KEYS) -> pl.DataFrame:
    """`by_day` of a frame's rows, `filled`."""
    of = layout(rows)
    return filled(by_day(nw.from_native(rows.lazy()), of, keys).to_native().collect(), of, keys)


_KINDS: Mapping[str, type[pl.DataType]] = dict.fromkeys(
    (*BASES, *(f"{OF_RATED}{base}" for base in BASES)), pl.Int64
)


def added(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Frames of `filled` as one row per `KEYS`; sums that may have decimals in 128 bits."""
    names = (*KEYS, *SUMS, *COUNTS, "snapshots")
    stacked = pl.concat([exact(part.lazy().select(names)) for part in parts])
    sums = (pl.col(name).sum() for name in names[len(KEYS) :])
    return stacked.group_by(KEYS).agg(sums).collect(engine="streaming")


def exact(days: pl.LazyFrame) -> pl.LazyFrame:
    """Sums in the types in which they are added up: millionths in 128 bits, counts in 64."""
    return days.with_columns(pl.col(name).cast(_KINDS.get(name, pl.Int128())) for name in SUMS)


def known(days: pl.LazyFrame) -> pl.LazyFrame:
    """Sums with a measure null where no row knows it."""
    return days.with_columns(
        pl.when(pl.col(f"{measure}{BLANKS}") < pl.col("snapshots")).then(measure).alias(measure)
        for measure in MEASURES
    )
