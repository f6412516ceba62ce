"""The winner: the one variant of an experiment that every page and rule names."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.experiments.terms import Verdict


def winner() -> pl.Expr:
    """`winner`: the variant of the experiment to scale, the same in each of its rows.

    Of those that passed every gate the highest low end of the interval, then the highest
    improvement, then the first arm; null where none passed.
    """
    passed = pl.col("recommendation") == Verdict.SCALE
    order = (-pl.col("improvement_low"), -pl.col("improvement"), pl.col("arm"))
    best = pl.col("variant_asset").filter(passed).sort_by(
        *(each.filter(passed) for each in order), nulls_last=True
    )  # fmt: skip
    return best.first().over("experiment_id").alias("winner")
