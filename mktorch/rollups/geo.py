"""Performance by region and day, of the rows that say where: what tests by region are judged by."""

from __future__ import annotations

import polars as pl

from mktorch.rollups.declared import sums
from mktorch.sources.bulk.days import MEASURES, days_of, exact, known
from mktorch.sources.bulk.scan import Scan
from mktorch.sums import known_sum, units
from mktorch.tables import day, declare, key

_KEY = ("campaign_id", "geo", "date")
_BY = ("asset_id", "geo", "date")

# fmt: off
RollupGeoDay = declare("rollup_geo_day", "One row per campaign, geo and day of records with a geo.",
    {
        "campaign_id": key("The campaign"),
        "geo": key("The region, as the records name it"),
        "date": day("The day", key=True),
        **sums("the campaign's assets in the region, on the day", "performance_metrics", "geo"),
    })
# fmt: on


def rollup_geo_day(
    performance_metrics: pl.DataFrame, creative_assets: pl.DataFrame, bulk: Scan | None = None
) -> pl.DataFrame:
    """`RollupGeoDay`, sorted by its key; no row where no record says where it was.

    A blank cell is left out of its sum alone; a sum of blanks is null.
    """
    if "geo" not in performance_metrics.columns:  # nor is it then in the sums of a big source
        return RollupGeoDay.create_empty()
    parts = [days_of(performance_metrics, _BY)]
    parts += [] if bulk is None else [bulk.days.select(parts[0].columns)]
    owners = creative_assets.lazy().select("asset_id", "campaign_id")
    summed = (
        known(pl.concat(exact(part.lazy()) for part in parts))
        .filter(pl.col("geo").is_not_null())
        .join(owners, on="asset_id")
        .group_by(_KEY)
        .agg(map(known_sum, MEASURES))
        .sort(_KEY)
        .collect()
    )
    return RollupGeoDay.of(summed.with_columns(units(pl.col(pl.Int128))))
