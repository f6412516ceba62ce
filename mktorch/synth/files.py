"""JSON arrays, NDJSON and Parquet written a chunk at a time: one record per line, `\\n` endings."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, Protocol, Self

import polars as pl
import pyarrow.parquet as pq

Format = Literal["json", "ndjson", "parquet"]


class ChunkFile(Protocol):
    """A file that grows by frames of one schema."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...
    def add(self, frame: pl.DataFrame) -> None: ...


class LineFile:
    """A JSON array with one record per line, or NDJSON, written chunk by chunk."""

    def __init__(self, path: Path, *, array: bool = True) -> None:
        self._file = path.open("wb")
        self._array = array
        self._empty = True

    def __enter__(self) -> Self:
        if self._array:
            self._file.write(b"[")
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is None:  # a file cut short by an error is left visibly unfinished
            self._file.write(b"\n]\n" if self._array else b"\n")
        self._file.close()

    def add(self, frame: pl.DataFrame) -> None:
        """Append a frame's rows."""
        self.add_lines(frame.write_ndjson().encode().rstrip(b"\n"))

    def add_records(self, records: Iterable[dict[str, Any]]) -> None:
        """Append records that need not share a shape."""
        self.add_lines("\n".join(json.dumps(r, ensure_ascii=False) for r in records).encode())

    def add_lines(self, lines: bytes) -> None:
        """Append records that are JSON already, one a line."""
        if not lines:
            return
        comma = b"," if self._array else b""
        if not self._empty:
            self._file.write(comma)
        if self._array or not self._empty:
            self._file.write(b"\n")
        self._file.write(lines.replace(b"\n", comma + b"\n"))
        self._empty = False


class ParquetFile:
    """A Parquet file written one row group per chunk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def add(self, frame: pl.DataFrame) -> None:
        """Append a frame as one row group."""
        table = frame.to_arrow()
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema)
        self._writer.write_table(table)


def chunk_file(path: Path, form: Format) -> ChunkFile:
    """Open `path` for chunks of frames in the given format."""
    if form == "parquet":
        return ParquetFile(path)
    return LineFile(path, array=form == "json")


def write_records(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """Write a whole source as a JSON array.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "r.json"
    >>> write_records(path, [{"a": 1}, {"a": None}])
    >>> path.read_text().splitlines()
    ['[', '{"a": 1},', '{"a": null}', ']']
    """
    with LineFile(path) as file:
        file.add_records(records)
