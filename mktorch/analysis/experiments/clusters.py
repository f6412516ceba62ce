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

    `pair` is the row of the pair, `day` counts from its first; the parts are of `_PARTS`, NaN
    where the arm did not run.
    """

    pair: np.ndarray
    day: np.ndarray
    parts: tuple[Floats, Floats, Floats, Floats]


def days(pairs: pl.DataFrame, arm_days: pl.DataFrame, terms: Terms) -> Days:
    """The days of every pair, its metric's parts in each arm."""
    metric = pl.col("metric")
    listed = pairs.select("experiment_id", "arm", "metric").with_row_index("_pair")
    parts = [measure_of(metric, part, terms.metrics).cast(pl.Float64) for part in _ARM_PARTS]
    sides = {
        "variant": listed.join(arm_days, on=["experiment_id", "arm"]),
        "control": listed.drop("arm").join(arm_days.filter(pl.col("arm") == 0), on="experiment_id"),
    }
    variant, control = (
        frame.select(
            "_pair",
            "date",
            *(p.alias(f"{side}_{name}") for p, name in zip(parts, _ARM_PARTS, strict=True)),
        ).drop_nulls()
        for side, frame in sides.items()
    )
    both = variant.join(control, on=["_pair", "date"], how="full", coalesce=True).sort(
        "_pair", "date"
    )
    since = (pl.col("date") - pl.col("date").min().over("_pair")).dt.total_days()
    return Days(
        both["_pair"].to_numpy().astype(np.intp),
        both.select(since.alias("day"))["day"].to_numpy(),
        tuple(array(both, part) for part in _PARTS),  # type: ignore[arg-type]
    )


def with_clusters(pairs: pl.DataFrame, days: Days) -> pl.DataFrame:
    """`pairs` with what varies and by how much.

    `cluster` is the word of `Cluster` that says what is taken for independent, `clusters` how many
    there are. `dispersion` is the gap's variance over the clusters by that of independent trials,
    null for a ratio metric. `inflation` is the factor by which the variance that is used exceeds
    that of independent trials (of independent days, for a ratio metric), `cluster_df` its degrees
    of freedom, null where they do not matter. `_variance0`, `_variance1` and `_covariance` are
    those of a ratio metric's values, inflated.
    """
    found = stats.cluster(days.pair, pairs.height, days.parts)
    proportion = (pairs["metric_kind"] == MetricKind.PROPORTION).fill_null(value=False).to_numpy()
    independent = declared(pairs)
    x0, n0, x1, n1 = arrays(pairs, *_PARTS)
    seen = stats.dispersion(found, (x0, n0, x1, n1), independent)
    strength = stats.long_run(found.clusters, found.lag)
    inflation = np.where(proportion, seen.inflation, strength)
    df = np.where(proportion, seen.df, found.df)
    trials = proportion & np.isinf(seen.df)
    gap = stats.spread(found, inflation)
    words = np.select(
        [~proportion & seen.single, ~trials, independent, seen.single],
        [str(Cluster.NONE), str(Cluster.DAYS), str(Cluster.DECLARED), str(Cluster.SINGLE)],
        str(Cluster.NEAR_ONE),
    )
    return pairs.hstack(
        table(
            {
                "cluster": words,
                "clusters": found.clusters,
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
