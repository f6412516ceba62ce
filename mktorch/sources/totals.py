"""The proof of totals: what the files hold is what was accepted and what was set aside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from mktorch.sources.measures import SUMMED
from mktorch.sources.raw import RawSource
from mktorch.sources.rules import ERROR, Rule
from mktorch.sources.schemas import FILE, ROW
from mktorch.sources.validate import Validated
from mktorch.sums import MICRO, micros, units
from mktorch.vocab import Source

ROWS = "rows"
_PLACE = (FILE, ROW)


def totals(raw: Mapping[Source, RawSource], valid: Validated) -> pl.DataFrame:
    """Per source and summed column, and for its `rows`, the file's own sum and where it went.

    Columns `source`, `column`, `file` (the sum of what could be read), `accepted`, `rejected`,
    `restated` (rows that a newer one of their key replaced) and `difference`, which is 0. Money is
    in the currency of the file. Null: no row states a value.
    """
    parts = [_of_source(own, valid, source) for source, own in raw.items() if own.files]
    sums = pl.concat([pl.DataFrame(schema=_SCHEMA), *parts])
    held = [pl.col(name).fill_null(0) for name in ("accepted", "rejected", "restated")]
    return sums.with_columns(
        (pl.col("file").fill_null(0) - held[0] - held[1] - held[2]).alias("difference")
    ).with_columns(units(pl.col(pl.Int128)))


_SCHEMA: Mapping[str, type[pl.DataType]] = {
    "source": pl.String,
    "column": pl.String,
    **dict.fromkeys(("file", "accepted", "rejected", "restated"), pl.Int128),
}


def _of_source(own: RawSource, valid: Validated, source: Source) -> pl.DataFrame:
    rejected, restated = apart(own.frame, valid.failures.filter(source=str(source)))
    frames = {
        "file": own.frame,
        "accepted": valid.frames[source],
        "rejected": rejected,
        "restated": restated,
    }
    columns = [ROWS, *SUMMED.get(source, ())]
    sums = {name: pl.Series(list(_sums(f, columns)), dtype=pl.Int128) for name, f in frames.items()}
    if own.scan is not None:
        more = [own.scan.rows * MICRO, *(own.scan.total(name) for name in columns[1:])]
        for name in ("file", "accepted"):
            pair = pl.DataFrame([sums[name].alias("a"), pl.Series("b", more, dtype=pl.Int128)])
            known = pl.any_horizontal(pl.col("a", "b").is_not_null())
            sums[name] = pair.select(pl.when(known).then(pl.sum_horizontal("a", "b"))).to_series()
    return pl.DataFrame({"source": [str(source)] * len(columns), "column": columns, **sums})


def _sums(frame: pl.DataFrame, columns: list[str]) -> Iterator[int | None]:
    """The sum of each column in millionths; the number of rows for `rows`."""
    for name in columns:
        if name == ROWS:
            yield frame.height * MICRO
        else:
            known = frame[name].null_count() < frame.height
            yield frame.select(micros(pl.col(name)).sum()).item() if known else None


def apart(frame: pl.DataFrame, failures: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of a source's rows those with an error, and those that only a newer row replaced."""
    rejected, restated = (
        frame.join(places, on=_PLACE, how="semi", maintain_order="left")
        if places.height
        else frame.clear()
        for places in places_apart(failures)
    )
    return rejected, restated


def places_apart(failures: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Where, by file and row, a source's failures are errors, and where a newer row stands."""
    error = pl.col("severity") == ERROR
    rejected, restated = (
        failures.filter(rows).select(pl.col("file").alias(FILE), pl.col("row").alias(ROW)).unique()
        for rows in (error, ~error & (pl.col("rule") == Rule.RESTATED_ROW))
    )
    return rejected, restated.join(rejected, on=_PLACE, how="anti")


def total_lines(sums: pl.DataFrame) -> Iterator[str]:
    """The proof as text, a line per source and column."""
    amounts = ("file", "accepted", "rejected", "restated", "difference")
    yield f"{'source and column':<40}" + "".join(f"{name:>20}" for name in amounts)
    for row in sums.iter_rows(named=True):
        name = f"{row['source']}.{row['column']}"
        yield f"{name:<40}" + "".join(f"{_number(row[amount]):>20}" for amount in amounts)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    text = f"{value:,.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
