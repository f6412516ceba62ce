"""A big source as raw rows and sums: which one is summed where it is, and its rows in doubt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import polars as pl

from mktorch.errors import in_a_line, is_failure
from mktorch.sources.bulk.cache import cache_of
from mktorch.sources.bulk.doubt import Terms, splits
from mktorch.sources.bulk.engines import engine as engine_of
from mktorch.sources.bulk.engines import rows_of
from mktorch.sources.bulk.scan import Part, drawn, first_days, scanned
from mktorch.sources.convert import UNKNOWN_FIELD, Batch, Habits, Seen, stacked
from mktorch.sources.files import FileRead, parts, relative
from mktorch.sources.limits import refuse_fields, refuse_rows
from mktorch.sources.raw import PLACES, InputFile, RawSource, failures_of, with_keys
from mktorch.sources.readers import ending
from mktorch.sources.readers.parquet_files import PARQUET, as_text, from_frame
from mktorch.sources.rules import FOUND, SourceError, found
from mktorch.sources.schemas import FILE, ROW, SourceSpec
from mktorch.sources.settled import SourcesConfig, present
from mktorch.vocab import EngineName


def summed_source(
    spec: SourceSpec,
    folder: Path,
    name: str,
    config: SourcesConfig,
    campaigns: pl.DataFrame | None,
) -> RawSource | None:
    """A big source in Parquet, summed where it is; None where it must be read: it is small, not of
    the declared types, or its money has to be exchanged."""
    try:
        paths = parts(folder, name)
    except (SourceError, OSError):
        return None
    if any(ending(path.name) != PARQUET for path in paths) or _exchanged(campaigns, config):
        return None
    terms = Terms("", config.rate_tolerance, config.reporting_timezone, config.as_of)
    named = [(relative(path, folder), path) for path in paths]
    try:
        rows = [rows_of(path) for path in paths]
        if sum(rows) < config.scale.rows or _refused(rows, paths):
            return None
        scan = scanned(named, spec, engine_of(config.scale), terms, cache_of(config.scale))
    except BaseException as error:  # of a library, which may even panic
        if not is_failure(error) or isinstance(error, SourceError):
            raise
        if config.scale.engine == EngineName.POLARS:
            return None  # reading the parts says what is wrong with them
        raise SourceError(
            f"{config.scale.engine} could not sum {name} ({in_a_line(error)}); see to the engine, "
            "or set scale.engine to polars"
        ) from None
    if scan is None:
        return None
    read = [(part.name, _unread(part, spec)) for part in scan.parts]
    empty = stacked([], {**spec.columns, **PLACES})
    return RawSource(
        spec=spec,
        frame=empty,
        failures=pl.concat([failures_of(file, path, spec) for path, file in read]),
        files=tuple(
            InputFile(spec.source, part.name, part.sha256, part.size, part.rows)
            for part in scan.parts
        ),
        notes=(),
        scan=scan,
    )


def looked_into(own: RawSource, assets: pl.Series, experiments: pl.Series) -> RawSource:
    """A big source with the rows in doubt as its frame; any other as it is."""
    if own.scan is None:
        return own
    first = [part for part in own.scan.parts if part.name in set(own.failures["file"])]
    scan, rows = drawn(own.scan, assets, experiments, first_days(first))
    batch = from_frame(rows.drop(FILE, ROW, strict=False), own.spec.columns)
    places = rows.select(FILE, ROW) if rows.width else pl.DataFrame(schema=[FILE, ROW])
    names = {str(part.path): part.name for part in scan.parts}
    places = places.select(pl.col(FILE).cast(pl.String).replace(names), pl.col(ROW).cast(pl.Int64))
    split = [
        n
        for n in splits(own.spec, scan.days.columns)
        if scan.days[n].null_count() < scan.days.height
    ]
    frame = batch.frame.with_columns(
        pl.lit(None, pl.String).alias(name) for name in split if name not in batch.frame.columns
    ).select(n for n in own.spec.columns if n in {*batch.frame.columns, *split})
    frame = pl.concat([frame, places], how="horizontal")
    spec = present(own.spec, frame)
    bad = pl.concat(
        [
            own.failures,
            batch.failures.select(
                places[FILE].gather(batch.failures["row"]).alias("file"),
                places[ROW].gather(batch.failures["row"]).alias("row"),
                *FOUND[1:],
            ),
        ]
    )
    return replace(own, spec=spec, frame=frame, failures=with_keys(bad, frame, spec), scan=scan)


def _exchanged(campaigns: pl.DataFrame | None, config: SourcesConfig) -> bool:
    """Whether a campaign is in another currency than the report."""
    if campaigns is None or "currency" not in campaigns.columns:
        return False
    return bool((campaigns["currency"] != config.currency).any())


def _refused(rows: Iterable[int], paths: Iterable[Path]) -> bool:
    """Whether a part has too many rows for its size: reading it says so."""
    try:
        for count, path in zip(rows, paths, strict=True):
            refuse_rows(count, path)
    except SourceError:
        return True
    return False


def _unread(part: Part, spec: SourceSpec) -> FileRead:
    """A part of which nothing was read but what it has beside the declared columns."""
    habits = Habits()
    scan = pl.scan_parquet(part.path, glob=False)
    others = [name for name in scan.collect_schema().names() if name not in spec.columns]
    refuse_fields(len(others))
    for name, values in scan.select(others).head(1).collect().to_dict().items():
        habits.add(UNKNOWN_FIELD, name, Seen(part.rows, 0, as_text(values)[0]))
    empty = pl.DataFrame(schema=spec.dtypes)
    return FileRead(Batch(empty, found([]), habits), part.sha256, part.size)
