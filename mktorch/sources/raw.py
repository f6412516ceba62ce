"""A source as it was read: typed rows, what could not be read beside, and its files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import dataframely as dy
import polars as pl

from mktorch.sources.bulk.scan import Scan
from mktorch.sources.convert import (
    DATE_ONLY,
    NUMERIC_STRING,
    OFFSET,
    TIME_DROPPED,
    UNKNOWN_FIELD,
    Habits,
    stacked,
    zone_of,
)
from mktorch.sources.files import FileRead
from mktorch.sources.rules import FOUND, Rule, SourceError, failures, found, no_failures
from mktorch.sources.schemas import FILE, ROW, SourceSpec, frame_schema
from mktorch.sources.settled import present


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
    bad = pl.concat([failures_of(file, path, declared) for path, file in read])
    return RawSource(
        spec=spec,
        frame=frame,
        failures=with_keys(bad, frame, spec),
        files=tuple(
            InputFile(spec.source, path, file.sha256, file.size, file.batch.frame.height)
            for path, file in read
        ),
        notes=tuple(note for path, file in read for note in notes_of(file, path, spec)),
    )


def _placed(frame: pl.DataFrame, path: str) -> pl.DataFrame:
    return frame.with_columns(
        pl.lit(path).alias(FILE), pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(ROW)
    )


def failures_of(file: FileRead, path: str, spec: SourceSpec) -> pl.DataFrame:
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


def notes_of(file: FileRead, path: str, spec: SourceSpec) -> Iterator[str]:
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
