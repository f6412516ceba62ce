"""Performance of experiments by unit and day, of the rows that name the unit chance assigned."""

from __future__ import annotations

import polars as pl

from mktorch.config.experiment_rules import Assignment
from mktorch.rollups.declared import sums
from mktorch.sources.bulk.days import MEASURES, days_of, exact, known
from mktorch.sources.bulk.scan import Scan
from mktorch.sums import known_sum, units
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
    performance_metrics: pl.DataFrame, experiments: pl.DataFrame, bulk: Scan | None = None
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
    keys = ("asset_id", "experiment_id", "date", *sorted(held))
    rows = performance_metrics.filter(pl.col("experiment_id").is_not_null())
    parts = [days_of(rows, keys)]
    parts += [] if bulk is None else [bulk.days.select(parts[0].columns)]
    summed = (
        known(pl.concat(exact(part.lazy()) for part in parts))
        .join(regions, on="experiment_id")
        .with_columns(unit=pl.coalesce(named[name] for name in named if name in held))
        .filter(pl.col("unit").is_not_null())
        .group_by(_KEY)
        .agg(map(known_sum, MEASURES))
        .sort(_KEY)
        .collect()
    )
    return RollupExperimentUnit.of(summed.with_columns(units(pl.col(pl.Int128))))
