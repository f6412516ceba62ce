"""Clusters: the days of both arms, and how much more their gap varies than single trials tell."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from mktorch import stats
from mktorch.analysis.experiments.arrays import array, arrays, table
from mktorch.analysis.experiments.terms import Cluster, Terms
from mktorch.config.experiment_rules import TrialUnit
from mktorch.metrics import measure_of
from mktorch.stats import Flags, Floats
from mktorch.vocab import MetricKind

LEAST_CLUSTERS = 7
"""Clusters from which the always-valid test concludes anything: a whole week of days."""
_PARTS = ("control_numerator", "control_denominator", "variant_numerator", "variant_denominator")
_TRIALS = (TrialUnit.USER, TrialUnit.SESSION, TrialUnit.IMPRESSION)
_ARM_PARTS = ("numerator", "denominator")


class Days(NamedTuple):
    """One element per pair and day, pairs together and days in order (arrays).

    `pair` is the row of the pair, `day` counts from its first, `week` is the calendar week; the
    parts are of `_PARTS`, NaN where the arm did not run.
    """

    pair: np.ndarray
    day: np.ndarray
    week: np.ndarray
    parts: tuple[Floats, Floats, Floats, Floats]


class Units(NamedTuple):
    """One element per pair, unit and day, pairs together (arrays): as `Days`, but that `unit`
    numbers what was assigned and `day` counts from the pair's first. `whole` marks the pairs all
    of whose rows name their unit: units, not days, are what varies there."""

    pair: np.ndarray
    unit: np.ndarray
    day: np.ndarray
    parts: tuple[Floats, Floats, Floats, Floats]
    whole: Flags

    def clusters(self, until: float = np.inf) -> stats.Clusters:
        """Each unit's days before one added up, and what that says of the pairs."""
        kept = self.day < until
        pair, parts = self.pair[kept], [part[kept] for part in self.parts]
        most = int(self.unit.max(initial=0)) + 1
        named, unit = np.unique(pair * most + self.unit[kept], return_inverse=True)
        owner, size = named // most, named.size

        def added(part: Floats) -> Floats:
            known = ~np.isnan(part)
            whole = np.bincount(unit[known], weights=part[known], minlength=size)
            return np.where(np.bincount(unit[known], minlength=size) > 0, whole, np.nan)

        x0, n0, x1, n1 = map(added, parts)
        return stats.cluster(owner, self.whole.size, (x0, n0, x1, n1))


def days(pairs: pl.DataFrame, arm_days: pl.DataFrame, terms: Terms) -> Days:
    """The days of every pair, its metric's parts in each arm."""
    both = _both(pairs, arm_days, terms, "date")
    since = (pl.col("date") - pl.col("date").min().over("_pair")).dt.total_days()
    week = (pl.col("date").dt.epoch("d") + 3) // 7  # 1 January 1970 was a Thursday
    return Days(
        both["_pair"].to_numpy().astype(np.intp),
        both.select(since.alias("day"))["day"].to_numpy(),
        both.select(week.alias("week"))["week"].to_numpy(),
        tuple(array(both, part) for part in _PARTS),  # type: ignore[arg-type]
    )


def units(pairs: pl.DataFrame, arm_units: pl.DataFrame, terms: Terms) -> Units:
    """The units of every pair, where its rows name them."""
    both = _both(pairs, arm_units, terms, "unit", "date").join(
        pairs.select("first_day").with_row_index("_pair"), on="_pair", maintain_order="left"
    )
    since = (pl.col("date") - pl.col("first_day")).dt.total_days()
    pair = both["_pair"].to_numpy().astype(np.intp)
    parts = tuple(array(both, part) for part in _PARTS)
    summed = (np.bincount(pair, np.nan_to_num(part), pairs.height) for part in parts)
    same = [
        np.isclose(s, t, rtol=1e-9) for s, t in zip(summed, arrays(pairs, *_PARTS), strict=True)
    ]
    return Units(
        pair,
        both["unit"].rank("dense").to_numpy().astype(np.intp),
        both.select(since.alias("day"))["day"].to_numpy(),
        parts,  # type: ignore[arg-type]
        np.asarray(np.all(same, axis=0) & (np.bincount(pair, minlength=pairs.height) > 0)),
    )


def _both(pairs: pl.DataFrame, rows: pl.DataFrame, terms: Terms, *by: str) -> pl.DataFrame:
    """The metric's parts in both arms of every pair, side by side, sorted by pair and `by`."""
    metric = pl.col("metric")
    listed = pairs.select("experiment_id", "arm", "metric").with_row_index("_pair")
    parts = [measure_of(metric, part, terms.metrics).cast(pl.Float64) for part in _ARM_PARTS]
    sides = {
        "variant": listed.join(rows, on=["experiment_id", "arm"]),
        "control": listed.drop("arm").join(rows.filter(pl.col("arm") == 0), on="experiment_id"),
    }
    variant, control = (
        frame.select(
            "_pair",
            *by,
            *(p.alias(f"{side}_{name}") for p, name in zip(parts, _ARM_PARTS, strict=True)),
        ).drop_nulls()
        for side, frame in sides.items()
    )
    return variant.join(control, on=["_pair", *by], how="full", coalesce=True).sort("_pair", *by)


def with_clusters(pairs: pl.DataFrame, days: Days, units: Units) -> pl.DataFrame:
    """`pairs` with what varies and by how much.

    `cluster` is the word of `Cluster` that says what is taken for independent, `clusters` how many
    there are. `dispersion` is the gap's variance over the clusters by that of independent trials,
    null for a ratio metric. `inflation` is the factor by which the variance that is used exceeds
    that of independent trials (of independent days, for a ratio metric), `cluster_df` its degrees
    of freedom, null where they do not matter. `_variance0`, `_variance1` and `_covariance` are
    those of a ratio metric's values, inflated.
    """
    found = of_units(stats.cluster(days.pair, pairs.height, days.parts), units)
    proportion = (pairs["metric_kind"] == MetricKind.PROPORTION).fill_null(value=False).to_numpy()
    independent = declared(pairs) & ~units.whole
    x0, n0, x1, n1 = arrays(pairs, *_PARTS)
    seen = stats.dispersion(found, (x0, n0, x1, n1), independent, units.whole)
    strength = np.where(units.whole, 1.0, stats.long_run(found.clusters, found.lag))
    inflation = np.where(proportion, seen.inflation, strength)
    df = np.where(proportion, seen.df, found.df)
    trials = proportion & np.isinf(seen.df)
    gap = stats.spread(found, inflation)
    words = np.select(
        [~proportion & seen.single, ~trials & units.whole, ~trials, independent, seen.single],
        list(
            map(
                str,
                (Cluster.NONE, Cluster.UNITS, Cluster.DAYS, Cluster.DECLARED, Cluster.SINGLE),
            )
        ),
        str(Cluster.NEAR_ONE),
    )
    return pairs.hstack(
        table(
            {
                "cluster": words,
                "clusters": found.clusters,
                "_control_clusters": found.clusters0,
                "_variant_clusters": found.clusters1,
                "dispersion": np.where(proportion, seen.gap, np.nan),
                "inflation": inflation,
                "cluster_df": df,
                "_variance0": gap.variance0,
                "_variance1": gap.variance1,
                "_covariance": gap.covariance,
            }
        )
    ).with_columns(
        pl.when(pl.col("control_value").is_not_null() & pl.col("variant_value").is_not_null())
        .then("cluster")
        .alias("cluster"),
        pl.col("clusters").cast(pl.Int64),
    )


def of_units(by_day: stats.Clusters, units: Units, until: float = np.inf) -> stats.Clusters:
    """What the days say, or the units where every row names its own."""
    if not units.whole.any():
        return by_day
    by_unit = units.clusters(until)
    chosen = (np.where(units.whole, unit, day) for unit, day in zip(by_unit, by_day, strict=True))
    return stats.Clusters(*chosen)


def too_early(pairs: pl.DataFrame) -> Flags:
    """Where fewer than a week's clusters are all there is to tell how much the gap varies."""
    early = (pl.col("clusters") < LEAST_CLUSTERS) & (pl.col("cluster") != Cluster.DECLARED)
    return pairs.select(early.fill_null(value=True).alias("early"))["early"].to_numpy()


def declared(pairs: pl.DataFrame) -> Flags:
    """Where the declared unit is what chance assigned: its trials are independent."""
    if "unit" not in pairs.columns or "assignment" not in pairs.columns:
        return np.zeros(pairs.height, dtype=np.bool_)
    same = (pl.col("unit") == pl.col("assignment")) & pl.col("unit").is_in(_TRIALS)
    return pairs.select(same.fill_null(value=False).alias("same"))["same"].to_numpy()
