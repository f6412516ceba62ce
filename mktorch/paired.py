"""Rates over the days on which both parts are known, where some cells are blank."""

from __future__ import annotations

import polars as pl

from mktorch.sums import ratio, total
from mktorch.tables import Table, key, number, word
from mktorch.vocab import Measure, Window

_BOTH = "over the days that know both"
_APART = "no day knows both"
_WIDER = "the row is of none of its own"
_MEASURED = "that of the measure"


# fmt: off
class RollupPaired(Table):
    """One row per campaign, or segment, channel or asset of it, window and two measures of which
    either has blanks: what a rate divides. Of assets only revenue and cost."""

    campaign_id = key("The campaign")
    segment_id = key("The segment", null=_WIDER)
    channel_id = key("The channel", null=_WIDER)
    asset_id = key("The asset", null=_WIDER)
    window = word(Window, "All dates, the current window or the one before", key=True)
    numerator_name = word(Measure, "The measure that is divided", key=True)
    denominator_name = word(Measure, "The measure that it is divided by", key=True)
    numerator = number(_MEASURED, f"Sum of what is divided, {_BOTH}", null=_APART)
    denominator = number(_MEASURED, f"Sum of what it is divided by, {_BOTH}", null=_APART)
# fmt: on


WITHIN = ("segment_id", "channel_id", "asset_id")
"""What a row of `rollup_paired` may be of, within its campaign; a whole campaign has none."""
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
    campaign, the campaign and a segment or channel of it, or the asset. Without a row there,
    nothing is blank and the sums are divided as they are. Null without a positive denominator.
    """
    level = pl.all_horizontal(pl.col(c).is_not_null() == (c in keys) for c in WITHIN)
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


def pooled(
    rollup: pl.DataFrame,
    rollup_paired: pl.DataFrame,
    keys: tuple[str, ...],
    by: tuple[str, ...],
    numerator: str,
    denominator: str,
    name: str,
) -> pl.DataFrame:
    """The ratio `name` of two measures summed over the rows of a rollup that know both.

    `keys` are the rollup's, as for `paired`; `by` are the columns of it that the result has a row
    of each of, sorted: `by`, `numerator` and `denominator` (the sums), `name`. A row that knows but
    one of the two is in neither sum.
    """
    rated = paired(rollup, rollup_paired, keys, pl.lit(numerator), pl.lit(denominator), "_rate")
    both = pl.all_horizontal(pl.col("_top", "_bottom").is_not_null())
    parts = {"numerator": "_top", "denominator": "_bottom"}
    return (
        rated.select(*by, *(pl.when(both).then(part).alias(n) for n, part in parts.items()))
        .group_by(by)
        .agg(map(total, parts))
        .with_columns(ratio(pl.col("numerator"), pl.col("denominator")).alias(name))
        .sort(by)
    )
