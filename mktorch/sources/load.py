"""Files to raw frames: every record with its file and row, and what could not be read beside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import dataframely as dy
import polars as pl

from mktorch.errors import is_failure
from mktorch.sources.bulk.cache import cache_of
from mktorch.sources.bulk.doubt import Terms, splits
from mktorch.sources.bulk.engines import engine as engine_of
from mktorch.sources.bulk.engines import rows_of
from mktorch.sources.bulk.scan import Part, Scan, drawn, first_days, scanned
from mktorch.sources.convert import (
    DATE_ONLY,
    NUMERIC_STRING,
    OFFSET,
    TIME_DROPPED,
    UNKNOWN_FIELD,
    Batch,
    Habits,
    Seen,
    stacked,
    zone_of,
)
from mktorch.sources.files import FileRead, MissingError, parts, read_file, relative
from mktorch.sources.limits import limited, refuse_fields
from mktorch.sources.readers import ending
from mktorch.sources.readers.parquet_files import PARQUET, as_text, from_frame
from mktorch.sources.rules import FOUND, Rule, SourceError, failures, found, no_failures
from mktorch.sources.schemas import FILE, ROW, SPECS, SourceSpec, frame_schema
from mktorch.sources.settled import SourcesConfig, present, settled
from mktorch.vocab import Source


@dataclass(frozen=True)
class InputFile:
    """A file that was read: its source, name in the data folder, hash, bytes and records."""

    source: str
    path: str
    sha256: str
    bytes: int
    rows: int


@dataclass(frozen=True)
class RawSource:
    """A source as read: typed rows, failures of reading, its files, and what was noted.

    A record that could not be read keeps its place in `frame`, as nulls. `spec` declares the
    columns of `frame`. Of a big source `frame` holds the rows in doubt alone, once `looked_into`
    has drawn them; `scan` holds the sums of the others.
    """

    spec: SourceSpec
    frame: pl.DataFrame
    failures: pl.DataFrame
    files: tuple[InputFile, ...]
    notes: tuple[str, ...]
    scan: Scan | None = None


PLACES = {FILE: dy.String(), ROW: dy.Int64()}
_NOTES = {
    OFFSET: "had an offset, converted to UTC",
    DATE_ONLY: "had no time of day, taken as midnight {zone}",
    TIME_DROPPED: "had a time of day, dropped",
}


def load(config: SourcesConfig) -> dict[Source, RawSource]:
    """Read all sources from `config.data_dir`, in `Source` order.

    Every frame has the declared columns and types, and `_file` and `_row` last; a sparse column
    only where a row has it. A missing optional source is an empty frame and a note.

    Raises
    ------
    SourceError
        Naming every file that cannot be read at all, and every required one that is missing.
    """
    folder = Path(config.data_dir)
    if not folder.is_dir():
        raise SourceError(f"{folder} is no folder; give the folder that holds the input files")
    loaded: dict[Source, RawSource] = {}
    problems: list[str] = []
    for source in SPECS:
        try:
            with limited(config.input_limits):
                loaded[source] = own_source(source, config, loaded)
        except SourceError as error:
            problems.append(str(error))
    if problems:
        raise SourceError("\n".join(problems))
    return loaded


def own_source(
    source: Source, config: SourcesConfig, loaded: Mapping[Source, RawSource]
) -> RawSource:
    """One source of the data folder: summed where it is if it is big, else read.

    `loaded` are the sources before it.

    Raises
    ------
    SourceError
        As `load_source`.
    """
    spec, folder, name = settled(source, config), Path(config.data_dir), config.file_of(source)
    summed = None
    if source == Source.PERFORMANCE_METRICS:
        campaigns = loaded[Source.CAMPAIGNS].frame if Source.CAMPAIGNS in loaded else None
        summed = summed_source(spec, folder, name, config, campaigns)
    return summed or load_source(spec, folder, name)


def load_source(spec: SourceSpec, folder: Path, name: str, *, fast: bool = True) -> RawSource:
    """Read one source from its file or its folder of parts.

    Raises
    ------
    SourceError
        Where a file cannot be read, or a required one is missing.
    """
    try:
        paths = parts(folder, name)
    except MissingError as error:
        return missing(spec, name, error)
    except OSError as error:
        raise SourceError(f"{folder / name} cannot be read ({error.strerror})") from None
    return raw_source(
        spec, [(relative(path, folder), read_file(path, spec, fast=fast)) for path in paths]
    )


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
        if rows_of(paths) < config.scale.rows:
            return None
        scan = scanned(named, spec, engine_of(config.scale), terms, cache_of(config.scale))
    except BaseException as error:  # of a library: reading whole says what is wrong
        if not is_failure(error) or isinstance(error, SourceError):
            raise
        return None
    if scan is None:
        return None
    read = [(part.name, _unread(part, spec)) for part in scan.parts]
    empty = stacked([], {**spec.columns, **PLACES})
    return RawSource(
        spec=spec,
        frame=empty,
        failures=pl.concat([_failures(file, path, spec) for path, file in read]),
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
    places = places.select(
        pl.col(FILE).cast(pl.String).replace(names), pl.col(ROW).cast(pl.Int64)
    )
    split = [n for n in splits(own.spec, scan.days.columns) if scan.days[n].null_count() < scan.days.height]
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


def missing(spec: SourceSpec, name: str, error: SourceError) -> RawSource:
    """An optional source that is not there: no rows, and a note; a required one is the error."""
    if spec.required:
        raise error
    note = f"{name}: missing; {spec.source} is optional and taken as empty"
    frame = pl.DataFrame(schema=frame_schema(spec.source))
    spec = replace(spec, only=tuple(frame.columns[:-2]))
    return RawSource(spec, frame, no_failures(), (), (note,))


def raw_source(spec: SourceSpec, read: Sequence[tuple[str, FileRead]]) -> RawSource:
    """A source from the named files, or parts, that hold its records."""
    frame = stacked(
        [_placed(file.batch.frame, path) for path, file in read], {**spec.columns, **PLACES}
    )
    declared, spec = spec, present(spec, frame)
    bad = pl.concat([_failures(file, path, declared) for path, file in read])
    return RawSource(
        spec=spec,
        frame=frame,
        failures=with_keys(bad, frame, spec),
        files=tuple(
            InputFile(spec.source, path, file.sha256, file.size, file.batch.frame.height)
            for path, file in read
        ),
        notes=tuple(note for path, file in read for note in _notes(file, path, spec)),
    )


def _placed(frame: pl.DataFrame, path: str) -> pl.DataFrame:
    return frame.with_columns(
        pl.lit(path).alias(FILE), pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(ROW)
    )


def _failures(file: FileRead, path: str, spec: SourceSpec) -> pl.DataFrame:
    """What could not be read, and habits worth a warning, with rows from 1."""
    rows = found([file.batch.failures, *_warnings(file.batch.habits, spec)])
    return rows.select(pl.lit(path).alias("file"), pl.col("row") + 1, *FOUND[1:])


def _warnings(habits: Habits, spec: SourceSpec) -> Iterator[pl.DataFrame]:
    messages = {
        NUMERIC_STRING: "{field} is a number in quotes in {rows:,} rows, the first here; it was "
        "read as a number: write it without quotes",
        UNKNOWN_FIELD: "{field} is no field of {source}; found in {rows:,} rows, the first here, "
        "and left out: known are {known}",
    }
    for (name, field), seen in sorted(habits.seen.items()):
        if name in messages:
            message = messages[name].format(
                field=field, rows=seen.rows, source=spec.source, known=", ".join(spec.columns)
            )
            example = pl.Series([seen.example], dtype=pl.String)
            yield failures(
                seen.first, rule=Rule(name), field=field, values=example, message=message
            )


def _notes(file: FileRead, path: str, spec: SourceSpec) -> Iterator[str]:
    if file.batch.bom:
        yield f"{path}: began with a byte order mark, which was left out"
    if not file.batch.frame.height:
        weight = "is required but" if spec.required else ""
        yield f"{path}: {spec.source} {weight} holds no records".replace("  ", " ")
    for (name, field), seen in sorted(file.batch.habits.seen.items()):
        if name in _NOTES:
            values = "1 value" if seen.rows == 1 else f"{seen.rows:,} values"
            zone = zone_of(spec.columns[field]) if field in spec.columns else "UTC"
            yield f"{spec.source}.{field}: {values} {_NOTES[name].format(zone=zone)} ({path})"


def with_keys(bad: pl.DataFrame, frame: pl.DataFrame, spec: SourceSpec) -> pl.DataFrame:
    """Give failures (columns file, row, field ...) the source and the key of their rows."""
    if bad.is_empty():
        return no_failures()
    named = frame.lazy().select(
        pl.col(FILE).alias("file"), pl.col(ROW).alias("row"), key_text(spec).alias("key")
    )
    rows = bad.lazy().select("file", "row").unique()
    keys = named.join(rows, on=["file", "row"], how="semi", maintain_order="none")
    return (
        bad.lazy()
        .join(keys, on=["file", "row"], how="left")
        .select(
            pl.lit(spec.source.value).alias("source"),
            "file",
            "row",
            "key",
            "field",
            "value",
            "rule",
            pl.lit(None, pl.String).alias("severity"),
            "message",
        )
        .collect()
    )


def key_text(spec: SourceSpec) -> pl.Expr:
    """A row's key as text, its present parts joined by ` | `; null where none is."""
    parts_ = [
        pl.col(c).dt.to_string("%Y-%m-%dT%H:%M:%S%.f")
        if spec.dtypes[c].is_temporal()
        else pl.col(c)
        for c in spec.key
    ]
    joined = pl.concat_str(parts_, separator=" | ", ignore_nulls=True)
    return pl.when(joined != "").then(joined)
