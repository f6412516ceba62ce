"""Rates over the days on which both parts are known, where some cells are blank."""

from __future__ import annotations

import polars as pl

from mktorch.sums import ratio
from mktorch.vocab import Measure

SCHEMA = {
    "campaign_id": pl.String,
    "segment_id": pl.String,
    "window": pl.String,
    "numerator_name": pl.String,
    "denominator_name": pl.String,
    "numerator": pl.Float64,
    "denominator": pl.Float64,
}
"""Columns of `rollup_paired`, which has no row where nothing is blank."""
_NAMES = ["numerator_name", "denominator_name"]


def paired(
    sums: pl.DataFrame,
    rollup_paired: pl.DataFrame,
    keys: tuple[str, ...],
    numerator: pl.Expr,
    denominator: pl.Expr,
    name: str,
) -> pl.DataFrame:
    """`sums` with the ratio of two of its measures as `name`: `numerator` and `denominator` name
    them row by row, and `_top` and `_bottom` hold what is divided.

    `keys` are those of `sums` and, but for the window, of one level of `rollup_paired`: the
    campaign, or the campaign and segment. Without a row there, nothing is blank and the sums are
    divided as they are. Null without a positive denominator.
    """
    level = pl.col("segment_id").is_not_null() == ("segment_id" in keys)
    known = rollup_paired.filter(level).select(
        *keys, *_NAMES, pl.lit(value=True).alias("_paired"), _n="numerator", _d="denominator"
    )
    whole = [
        pl.coalesce(
            pl.when(n == str(m)).then(pl.col(m).cast(pl.Float64))
            for m in Measure
            if m in sums.columns
        )
        for n in map(pl.col, _NAMES)
    ]
    blank = pl.col("_paired").fill_null(value=False)
    return (
        sums.with_columns(numerator.alias(_NAMES[0]), denominator.alias(_NAMES[1]))
        .join(known, on=[*keys, *_NAMES], how="left", maintain_order="left")
        .with_columns(
            pl.when(blank).then("_n").otherwise(whole[0]).alias("_top"),
            pl.when(blank).then("_d").otherwise(whole[1]).alias("_bottom"),
        )
        .with_columns(ratio(pl.col("_top"), pl.col("_bottom")).alias(name))
        .drop("_paired", "_n", "_d", *_NAMES)
    )
