"""Performance by region and day, of the rows that say where: what tests by region are judged by."""

from __future__ import annotations

import narwhals as nw
import polars as pl

from mktorch.rollups.declared import sums
from mktorch.sources.bulk.days import BLANKS, MEASURES, by_day, exact, filled, layout
from mktorch.sources.bulk.scan import Scan
from mktorch.sums import units
from mktorch.tables import day, declare, key

_KEY = ("campaign_id", "geo", "date")
_BY = ("asset_id", "geo", "date")
_BLANK = tuple(f"{measure}{BLANKS}" for measure in MEASURES)

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
    rows = performance_metrics.filter(pl.col("geo").is_not_null())
    of = layout(rows)
    summed = by_day(nw.from_native(rows.lazy()), of, _BY).to_native().collect()
    parts = [filled(summed, of, _BY)]
    parts += [] if bulk is None else [bulk.days.filter(pl.col("geo").is_not_null())]
    owners = creative_assets.select("asset_id", "campaign_id")
    names = [*_BY, *MEASURES, *_BLANK, "snapshots"]
    known = [pl.col(name).sum() < pl.col("snapshots").sum() for name in _BLANK]
    summed = (
        pl.concat(exact(part.lazy()).select(names) for part in parts)
        .collect()
        .join(owners, on="asset_id")
        .group_by(_KEY)
        .agg(
            pl.when(k).then(pl.col(m).sum()).alias(m) for k, m in zip(known, MEASURES, strict=True)
        )
        .sort(_KEY)
    )
    return RollupGeoDay.of(summed.with_columns(units(pl.col(pl.Int128))))
