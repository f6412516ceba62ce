"""The allocation check: whether traffic was split between the arms as declared."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import special

from mktorch import stats
from mktorch.analysis.experiments.arrays import table
from mktorch.analysis.experiments.terms import Allocation, Terms
from mktorch.config.experiment_rules import Assignment


def allocation_checks(
    experiments: pl.DataFrame, arm_totals: pl.DataFrame, arm_days: pl.DataFrame, terms: Terms
) -> pl.DataFrame:
    """One row per experiment, sorted: `allocation` (declared shares), `allocation_p`,
    `allocation_verdict` and `allocation_note`.

    The chi-square test of units per arm against the declared shares, control first. Units are those
    `assigned` where the experiment states them. Else they are impressions, an outcome of delivery:
    the statistic is divided by what their split varies by from day to day, and where delivery split
    the audience a failure is a warning. A split within `allocation_floor` of the declared one is
    none whatever its p. A declaration that does not fit the arms fails without a test. The verdict
    is null, with a note, where there are no units yet or testing is off.
    """
    seen = (
        arm_totals.sort("experiment_id", "arm")
        .group_by("experiment_id", maintain_order=True)
        .agg(pl.col("impressions").fill_null(0).cast(pl.Float64), pl.len().alias("arms"))
        .join(_dispersion(arm_days), on="experiment_id", how="left")
    )
    shares = pl.col("allocation").cast(pl.List(pl.Float64))
    split = (
        experiments.select("experiment_id", shares, _assigned(experiments), delivered(experiments))
        .join(seen, on="experiment_id", how="left")
        .with_columns(
            units=pl.coalesce("assigned", "impressions"),
            dispersion=pl.when(pl.col("assigned").is_null()).then("dispersion").fill_null(1.0),
            what=pl.when(pl.col("assigned").is_null())
            .then(pl.lit("impressions are"))
            .otherwise(pl.lit("assigned units are")),
        )
    )
    declared = shares.list.len().fill_null(0) > 0
    fits = (shares.list.len() == pl.col("arms")) & (
        shares.list.eval(pl.element() > 0).list.all().fill_null(value=False)
    )
    has_traffic = pl.col("units").list.sum() > 0
    off = (pl.col("allocation_p") < terms.rules.allocation_alpha) & (
        pl.col("off") > terms.rules.allocation_floor
    )
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
        .when(off)
        .then(
            pl.format(
                "{} split {} %, declared {} %",
                "what",
                _percentages(pl.col("units")),
                _percentages(shares),
            )
        )
    )
    verdict = (
        pl.when(~declared)
        .then(pl.lit(str(Allocation.NOT_DECLARED)))
        .when(fits & off & pl.col("delivered") & pl.col("assigned").is_null())
        .then(pl.lit(str(Allocation.WARNED)))
        .when(~fits | off)
        .then(pl.lit(str(Allocation.FAILED)))
        .when(p.is_not_null())
        .then(pl.lit(str(Allocation.PASSED)))
    )
    joined = (
        split.with_columns(pl.lit(None, pl.Float64).alias(name) for name in ("allocation_p", "off"))
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


def _assigned(experiments: pl.DataFrame) -> pl.Expr:
    held = "assigned" in experiments.columns
    stated = pl.col("assigned") if held else pl.lit(None)
    return stated.cast(pl.List(pl.Float64)).alias("assigned")


def delivered(experiments: pl.DataFrame) -> pl.Expr:
    """Whether delivery, not chance, split the audience, as the experiment declares."""
    held = "assignment" in experiments.columns
    how = pl.col("assignment") if held else pl.lit(None, pl.String)
    return how.eq_missing(str(Assignment.DELIVERY)).alias("delivered")


def _dispersion(arm_days: pl.DataFrame) -> pl.DataFrame:
    """By how much the days' split of impressions varies about the whole one, at least 1.

    Pearson's chi-square of arms by days over its degrees of freedom.
    """
    rows = arm_days.select(
        experiment=pl.col("experiment_id").rle_id(),
        arm=pl.struct("experiment_id", "arm").rle_id(),
        day=pl.col("date").to_physical().cast(pl.Int64),
        n=pl.col("impressions").fill_null(0).cast(pl.Float64),
    )
    of, arm, day, n = (rows[name].to_numpy() for name in rows.columns)
    dates, day = np.unique(of * np.int64(2**32) + day, return_inverse=True)
    by_arm, by_day, whole = (np.bincount(each, weights=n) for each in (arm, day, of))
    arms = np.bincount(of[np.flatnonzero(np.diff(arm, prepend=-1))], minlength=whole.size)
    days = np.bincount(dates // 2**32, minlength=whole.size)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = by_arm[arm] * by_day[day] / whole[of]
        gap = np.where(expected > 0, (n - expected) ** 2 / expected, 0.0)
        dispersion = np.bincount(of, weights=gap) / ((arms - 1) * (days - 1))
    names = arm_days.select(pl.col("experiment_id").rle().struct.field("value"))
    return pl.DataFrame(
        {
            "experiment_id": names["value"],
            "dispersion": np.maximum(np.where(np.isfinite(dispersion), dispersion, 1.0), 1.0),
        }
    )


def _p_values(split: pl.DataFrame) -> pl.DataFrame:
    """`allocation_p` of experiments whose shares fit their arms, and the greatest relative
    deviation of an arm's share from the declared one (`off`)."""
    long = (
        split.with_row_index("_row")
        .with_columns(pl.int_ranges(pl.col("arms")).alias("_arm"))
        .select("_row", "_arm", "allocation", "units")
        .explode("_arm", "allocation", "units")
    )
    shape = (split.height, int(long.select(pl.col("_arm").max().fill_null(0)).item()) + 1)
    cell = (long["_row"].to_numpy(), long["_arm"].to_numpy())
    trials, weights = np.full(shape, np.nan), np.full(shape, np.nan)
    trials[cell] = long["units"].to_numpy()
    weights[cell] = long["allocation"].to_numpy()
    statistic = stats.allocation_test(trials, weights).statistic / split["dispersion"].to_numpy()
    p = special.chdtrc(split["arms"].to_numpy() - 1, statistic)
    seen, asked = (part / np.nansum(part, axis=1, keepdims=True) for part in (trials, weights))
    off = np.nanmax(np.abs(seen / asked - 1), axis=1, initial=0.0)
    return split.select("experiment_id").hstack(table({"allocation_p": p, "off": off}))
