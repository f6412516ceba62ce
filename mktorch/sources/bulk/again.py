"""Records that a run summed where they are, read again from the parts it saw."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import polars as pl

from mktorch.manifest import Manifest
from mktorch.sources.bulk.scan import PAIR, hashed
from mktorch.sources.rules import SourceError
from mktorch.sources.schemas import FILE, ROW


def summed_records(
    manifest: Manifest, schema: Mapping[str, pl.DataType], without: pl.DataFrame, assets: pl.Series
) -> pl.DataFrame:
    """The records of a run's scan, in order, with part and row.

    `without` are the assets' days (asset_id, date) whose records were read into the run's table, of
    `schema`; `assets` are the run's.

    Raises
    ------
    SourceError
        Where a part is no longer the one that the run saw.
    """
    if manifest.scan is None:
        return pl.DataFrame(schema=schema)
    hashes = {record.path: record.sha256 for record in manifest.inputs}
    folder = Path(str(manifest.config["data_dir"]))
    parts = {name: folder / name for name in manifest.scan.parts}
    for name, path in parts.items():
        try:
            same = hashed(path)[0] == hashes[name]
        except OSError:
            same = False
        if not same:
            raise SourceError(f"{path} is not the part that the run summed; put that one back")
    frames = [
        _standing(name, path, schema, without, assets, manifest.scan.as_of)
        for name, path in parts.items()
    ]
    return pl.concat(frames).collect()


def _standing(
    name: str,
    path: Path,
    schema: Mapping[str, pl.DataType],
    without: pl.DataFrame,
    assets: pl.Series,
    as_of: datetime | None,
) -> pl.LazyFrame:
    part = pl.scan_parquet(path, glob=False)
    moment = pl.col("timestamp").dt.replace_time_zone(None)
    rows = (
        part.with_row_index(ROW, offset=1)
        .with_columns(pl.lit(name).alias(FILE), moment)
        .filter(pl.col("asset_id").is_in(assets.implode()), pl.col("timestamp").is_not_null())
        .filter(pl.lit(value=True) if as_of is None else pl.col("timestamp") <= as_of)
        .join(
            without.lazy(),
            left_on=["asset_id", pl.col("timestamp").dt.date()],
            right_on=list(PAIR),
            how="anti",
            maintain_order="left",
        )
    )
    names = {*part.collect_schema().names(), FILE, ROW}
    return rows.select(
        (pl.col(column) if column in names else pl.lit(None)).cast(dtype).alias(column)
        for column, dtype in schema.items()
    )
