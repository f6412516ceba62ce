"""The allocation check: whether traffic was split between the arms as declared."""

from __future__ import annotations

import numpy as np
import polars as pl

from mktorch import stats
from mktorch.analysis.experiments.arrays import table
from mktorch.analysis.experiments.terms import Allocation, Terms


def allocation_checks(
    experiments: pl.DataFrame, measured: pl.DataFrame, terms: Terms
) -> pl.DataFrame:
    """One row per experiment, sorted: `allocation` (declared shares), `allocation_p`,
    `allocation_verdict` and `allocation_note`.

    The chi-square test of impressions per arm against the declared shares, control first. A
    declaration that does not fit the arms fails without a test. The verdict is null, with a note,
    where there are no impressions yet or testing is off.
    """
    seen = (
        measured.sort("experiment_id", "arm")
        .group_by("experiment_id", maintain_order=True)
        .agg(pl.col("impressions").fill_null(0), pl.len().alias("arms"))
    )
    shares = pl.col("allocation").cast(pl.List(pl.Float64))
    split = experiments.select("experiment_id", shares).join(seen, on="experiment_id", how="left")
    declared = shares.list.len().fill_null(0) > 0
    fits = (shares.list.len() == pl.col("arms")) & (
        shares.list.eval(pl.element() > 0).list.all().fill_null(value=False)
    )
    has_traffic = pl.col("impressions").list.sum() > 0
    tested = _p_values(split.filter(declared & fits & has_traffic)) if terms.testing else None
    p = pl.col("allocation_p")
    note = (
        pl.when(~declared)
        .then(pl.lit("no allocation declared"))
        .when(~fits)
        .then(
            pl.format(
                "{} shares declared for {} arms; each arm needs a positive one",
                shares.list.len(),
                "arms",
            )
        )
        .when(pl.lit(not terms.testing))
        .then(pl.lit("statistical testing is off"))
        .when(~has_traffic)
        .then(pl.lit("no impressions yet"))
        .when(p < terms.rules.allocation_alpha)
        .then(
            pl.format(
                "impressions are split {} %, declared {} %",
                _percentages(pl.col("impressions")),
                _percentages(shares),
            )
        )
    )
    verdict = (
        pl.when(~declared)
        .then(pl.lit(str(Allocation.NOT_DECLARED)))
        .when(~fits | (p < terms.rules.allocation_alpha))
        .then(pl.lit(str(Allocation.FAILED)))
        .when(p.is_not_null())
        .then(pl.lit(str(Allocation.PASSED)))
    )
    joined = (
        split.with_columns(pl.lit(None, pl.Float64).alias("allocation_p"))
        if tested is None
        else split.join(tested, on="experiment_id", how="left")
    )
    return joined.select(
        "experiment_id",
        "allocation",
        "allocation_p",
        verdict.alias("allocation_verdict"),
        note.alias("allocation_note"),
    ).sort("experiment_id")


def _percentages(parts: pl.Expr) -> pl.Expr:
    """A list's parts of its whole, in percent to one place: `62.1 / 37.9`."""
    part = 100 * pl.element() / pl.element().sum()
    return parts.list.eval(part.round(1).cast(pl.String)).list.join(" / ")


def _p_values(split: pl.DataFrame) -> pl.DataFrame:
    """`allocation_p` of experiments whose shares fit their arms."""
    long = (
        split.with_row_index("_row")
        .with_columns(pl.int_ranges(pl.col("arms")).alias("_arm"))
        .select("_row", "_arm", "allocation", "impressions")
        .explode("_arm", "allocation", "impressions")
    )
    shape = (split.height, int(long.select(pl.col("_arm").max().fill_null(0)).item()) + 1)
    cell = (long["_row"].to_numpy(), long["_arm"].to_numpy())
    trials, weights = np.full(shape, np.nan), np.full(shape, np.nan)
    trials[cell] = long["impressions"].to_numpy()
    weights[cell] = long["allocation"].to_numpy()
    p = stats.allocation_test(trials, weights).p_value
    return split.select("experiment_id").hstack(table({"allocation_p": p}))
