"""The plan: how large a sample an experiment needs, fixed at its first look, and how far it is."""

from __future__ import annotations

import numpy as np
import polars as pl

from mktorch import stats
from mktorch.analysis.experiments.arrays import array, arrays, table
from mktorch.analysis.experiments.clusters import Days, Units, declared, of_units
from mktorch.analysis.experiments.terms import Plan, Terms
from mktorch.stats import Clusters, Flags, Floats
from mktorch.sums import ratio
from mktorch.vocab import ExperimentStatus, MetricKind


def with_plan(effects: pl.DataFrame, days: Days, units: Units, terms: Terms) -> pl.DataFrame:
    """Adds `plan`, `sample_unit`, `sample_needed_per_arm`, `sample_still_needed`, `days_left`,
    `planned_sample_reached` and `sample_reached`, the share of the sample that is there.

    The sample counts trials of the smaller arm (days of it for a ratio metric, or units that the
    rows name). It is the declared
    `planned_sample`, or else what gives the planned power at the rate, split and dispersion of the
    experiment's first `first_look_days`: rows that no later run changes, so that the plan cannot
    follow the result. It is reached on a declared `planned_end` where there is one, else with the
    sample, and not before the first look is over. `days_left` is for a running experiment, at the
    rate so far; null with `planned_sample_reached` where no sample can be planned.
    """
    proportion = array(effects.select(p=pl.col("metric_kind") == MetricKind.PROPORTION), "p") == 1
    first = _first_look(days, units, terms.rules.first_look_days)
    needed = np.full(effects.height, np.nan)
    needed[proportion] = _trials(effects, first, terms)[proportion]
    needed[~proportion] = _days(first[0], ~proportion, terms)
    sample = _declared(effects, "planned_sample")
    needed = np.where(np.isnan(sample), needed, sample)
    control, variant = (
        np.where(proportion, trials, np.where(units.whole, named, ran))
        for trials, named, ran in (
            arrays(effects, f"{arm}_denominator", f"_{arm}_clusters", f"{arm}_days")
            for arm in ("control", "variant")
        )
    )
    collected = np.minimum(control, variant)
    ran = effects.select(
        span=(pl.col("last_day") - pl.col("first_day")).dt.total_days() + 1,
        left=(_planned_end(effects) - pl.col("last_day")).dt.total_days(),
    )
    span, to_end = array(ran, "span"), array(ran, "left")
    with np.errstate(divide="ignore", invalid="ignore"):
        by_sample = stats.days_left(needed, collected, collected / span)
    looked = np.where(np.isnan(sample), terms.rules.first_look_days - span, 0.0)
    left = np.where(
        np.isnan(to_end), np.maximum(by_sample, np.maximum(looked, 0.0)), np.maximum(to_end, 0.0)
    )
    known = ~np.isnan(needed) | ~np.isnan(to_end)
    plan = np.select(
        [~np.isnan(to_end), ~np.isnan(sample), looked <= 0],
        [str(Plan.END), str(Plan.SAMPLE), str(Plan.FIRST_LOOK)],
        str(Plan.OPEN),
    )
    running = pl.col("status") == ExperimentStatus.RUNNING
    found = table({"_needed": needed, "_collected": collected, "_left": left, "plan": plan})
    whole = {
        "sample_needed_per_arm": pl.col("_needed").ceil(),
        "sample_still_needed": (pl.col("_needed") - pl.col("_collected"))
        .clip(lower_bound=0)
        .ceil(),
        "days_left": pl.when(running).then(pl.col("_left")).ceil(),
    }
    unit = (
        pl.when(pl.Series(proportion))
        .then("denominator_name")
        .when(pl.Series(units.whole))
        .then(pl.lit("units"))
        .otherwise(pl.lit("days"))
    )
    return (
        effects.hstack(found)
        .with_columns(
            *(value.cast(pl.Int64, strict=False).alias(name) for name, value in whole.items()),
            unit.alias("sample_unit"),
            pl.when(pl.Series(known) & pl.col("_collected").is_not_null())
            .then(pl.col("_left").eq_missing(0.0))
            .alias("planned_sample_reached"),
            pl.when(pl.Series(known)).then("plan").alias("plan"),
        )
        .with_columns(
            sample_reached=ratio(
                pl.col("sample_needed_per_arm") - pl.col("sample_still_needed"),
                pl.col("sample_needed_per_arm"),
            )
        )
        .drop("_needed", "_collected", "_left")
    )


def _first_look(
    days: Days, units: Units, length: int
) -> tuple[Clusters, tuple[Floats, ...], Flags]:
    """Clusters and sums of the days of the first look, and where the clusters are units."""
    pairs = units.whole.size
    early = days.day < length
    pair, parts = days.pair[early], tuple(part[early] for part in days.parts)
    sums = tuple(
        np.bincount(pair, weights=np.nan_to_num(part), minlength=pairs).astype(np.float64)
        for part in parts
    )
    x0, n0, x1, n1 = parts
    by_day = stats.cluster(pair, pairs, (x0, n0, x1, n1))
    return of_units(by_day, units, length), sums, units.whole


def _trials(
    effects: pl.DataFrame, first: tuple[Clusters, tuple[Floats, ...], Flags], terms: Terms
) -> Floats:
    """Trials of the smaller arm, by the control's rate and the dispersion of the gap."""
    found, (x0, n0, x1, n1), units = first
    (sign,) = arrays(effects, "sign")
    with np.errstate(divide="ignore", invalid="ignore"):
        usable = (n0 > 0) & (n1 > 0) & (x0 > 0)
        base = np.where(usable, x0 / n0, np.nan)
        share = np.where(usable, n1 / n0, np.nan)
    seen = stats.dispersion(found, (x0, n0, x1, n1), declared(effects) & ~units, units)
    spread = np.fmax(seen.gap, 1.0) ** seen.doubt
    threshold = terms.lift_threshold if terms.lift_threshold > 0 else np.nan
    needed = stats.proportion_sample_size(
        base,
        base * (1 + sign * threshold),
        power=terms.rules.power,
        alpha=terms.alpha,
        allocation=share,
    )
    return needed * np.minimum(1.0, share) * spread


def _days(found: Clusters, chosen: Flags, terms: Terms) -> Floats:
    """Days of the smaller arm, by the spread of the gap between days, of the chosen pairs."""
    threshold = terms.lift_threshold if terms.lift_threshold > 0 else np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.where(found.value0 > 0, found.value0, np.nan)[chosen]
        spread = np.sqrt(found.variance * found.clusters / 2)[chosen]
    return stats.mean_sample_size(
        level * threshold, spread, spread, power=terms.rules.power, alpha=terms.alpha
    )


def _declared(effects: pl.DataFrame, column: str) -> Floats:
    """A number that the experiment declares, NaN where it does not."""
    if column not in effects.columns:
        return np.full(effects.height, np.nan)
    return array(effects, column)


def _planned_end(effects: pl.DataFrame) -> pl.Expr:
    return pl.col("planned_end") if "planned_end" in effects.columns else pl.lit(None, pl.Date)
