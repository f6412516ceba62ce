"""Performance of experiments by unit and day, of the rows that name the unit chance assigned."""

from __future__ import annotations

import polars as pl

from mktorch.config.experiment_rules import Assignment
from mktorch.rollups.declared import COLUMNS, IN_MICROS, MEASURES, sums
from mktorch.sums import known_sum, micros, units
from mktorch.tables import day, declare, key

_KEY = ("experiment_id", "asset_id", "unit", "date")

# fmt: off
RollupExperimentUnit = declare("rollup_experiment_unit",
    "One row per experiment, asset, unit and day of records that name experiment and unit.", {
        "experiment_id": key("The experiment"),
        "asset_id": key("The asset"),
        "unit": key("What chance assigned, as the records name it: their `unit_id` or, where "
            "regions were assigned, their `geo`"),
        "date": day("The day", key=True),
        **sums("the asset shown to the unit, on the day", "performance_metrics", "experiment_id",
            "asset_id"),
    })
# fmt: on


def rollup_experiment_unit(
    performance_metrics: pl.DataFrame, experiments: pl.DataFrame
) -> pl.DataFrame:
    """`RollupExperimentUnit`, sorted by its key; no row where no record names a unit.

    A blank cell is left out of its sum alone; a sum of blanks is null.
    """
    held = {"unit_id", "geo"} & set(performance_metrics.columns)
    by_geo = pl.lit(value=False)
    if "assignment" in experiments.columns:
        by_geo = (pl.col("assignment") == Assignment.GEO).fill_null(value=False)
    if not held or ("unit_id" not in held and not experiments.select(by_geo.any()).item()):
        return RollupExperimentUnit.create_empty()
    regions = experiments.lazy().select("experiment_id", by_geo.alias("_by_geo"))
    named = {
        "unit_id": pl.col("unit_id"),
        "geo": pl.when("_by_geo").then(pl.col("geo")),
    }
    measures = (
        (micros(pl.col(column)) if measure in IN_MICROS else pl.col(column)).alias(measure)
        for measure, column in COLUMNS.items()
    )
    summed = (
        performance_metrics.lazy()
        .join(regions, on="experiment_id")
        .with_columns(unit=pl.coalesce(named[name] for name in named if name in held))
        .filter(pl.col("unit").is_not_null())
        .select(*_KEY[:3], pl.col("timestamp").dt.date().alias("date"), *measures)
        .group_by(_KEY)
        .agg(map(known_sum, MEASURES))
        .sort(_KEY)
        .collect()
    )
    return RollupExperimentUnit.of(summed.with_columns(units(pl.col(pl.Int128))))
