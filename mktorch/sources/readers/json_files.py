"""JSON files, whole or newline-delimited, plain or gzipped, read in pieces of bounded memory.

Each piece goes to the fast reader first and to the careful one where the fast one declines. A piece
ends where a record seems to end; the careful reader finds out whether it did, and if not carries
the unfinished record over into the next piece.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

import dataframely as dy
import polars as pl

from mktorch.sources.clean_json import can_be_clean, read_clean
from mktorch.sources.convert import Batch, Habits, stacked
from mktorch.sources.json_records import Malformed, elements, lines, to_batch
from mktorch.sources.limits import refuse_failures, refuse_record
from mktorch.sources.readers.protocol import register
from mktorch.sources.rules import SourceError, found

PIECE = 8 << 20
"""Bytes read at a time: few enough to bound memory, enough to outweigh the cost of a call."""

_BOM = b"\xef\xbb\xbf"
_END = re.compile(rb"\}\s*,")


class Piece(NamedTuple):
    """Some bytes of a file, from absolute byte `start`; `last` where the file ends with them."""

    start: int
    content: bytes
    last: bool


@dataclass(frozen=True)
class Shape:
    """How a file is laid out: an array or lines, its objects over many lines or one, and a BOM."""

    array: bool
    flatten: bool
    bom: bool


def read_json(stream: IO[bytes], columns: Mapping[str, dy.Column], *, fast: bool = True) -> Batch:
    """Read every record of a JSON stream.

    Raises
    ------
    SourceError
        Where the stream is empty, no array or lines of objects, cut off, no JSON, or not UTF-8; the
        message gives the byte.
    """
    head = stream.read(PIECE)
    shape, start = _shape(head, columns)
    pieces = _pieces(stream, head[start:], start, shape)
    assembly = _Assembly(shape, columns)
    if fast and can_be_clean(columns):
        for piece, batch in _in_parallel(pieces, shape, columns):
            assembly.add(piece, batch)
    else:
        for piece in pieces:
            assembly.add(piece, None)
    return assembly.finish()


def _shape(head: bytes, columns: Mapping[str, dy.Column]) -> tuple[Shape, int]:
    """Layout of a file from its first bytes, and where its records begin."""
    bom = head.startswith(_BOM)
    text = head[len(_BOM) if bom else 0 :]
    body = text.lstrip()
    skip = len(head) - len(body)
    if not body:
        raise SourceError("is empty; write at least an empty array: []")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceError("is not UTF-8 at byte 0 but seems to be UTF-16; save it as UTF-8")
    if body.startswith(b"["):
        first = body[: body.find(b"}") + 1]
        return Shape(array=True, flatten=b"\n" in first[first.find(b"{") :], bom=bom), skip + 1
    if body.startswith(b"{") and _is_lines(body, columns):
        return Shape(array=False, flatten=False, bom=bom), skip
    raise SourceError(
        f"is not an array of objects: byte {skip} is {body[:1].decode('utf-8', 'replace')!r}; "
        "write [{...}, {...}], or one object per line"
    )


def _is_lines(body: bytes, columns: Mapping[str, dy.Column]) -> bool:
    """Whether the first line is a record of this source, rather than an object around them."""
    line = body.split(b"\n", 1)[0].decode("utf-8", "replace")
    record: Any = next(lines(line), None)
    return isinstance(record, dict) and not columns.keys().isdisjoint(record)


def _pieces(stream: IO[bytes], head: bytes, start: int, shape: Shape) -> Iterator[Piece]:
    """Cut a stream after what looks like the end of a record."""
    end = _record_end if shape.array else _line_end
    held: list[bytes] = []
    chunk = head
    while ahead := stream.read(PIECE):
        if cut := end(chunk):
            content = b"".join((*held, memoryview(chunk)[:cut]))
            yield Piece(start, content, last=False)
            start, held = start + len(content), []
        held.append(chunk[cut:])
        refuse_record(sum(map(len, held)))
        chunk = ahead
    yield Piece(start, b"".join((*held, chunk)), last=True)


def _line_end(content: bytes) -> int:
    """Byte after the last newline, or 0."""
    return content.rfind(b"\n") + 1


def _record_end(content: bytes) -> int:
    """Byte after the last `}` and comma, or 0."""
    end = content.rfind(b"}")
    while end >= 0:
        if match := _END.match(content, end):
            return match.end()
        end = content.rfind(b"}", 0, end)
    return 0


def _in_parallel(
    pieces: Iterable[Piece], shape: Shape, columns: Mapping[str, dy.Column]
) -> Iterator[tuple[Piece, Batch | None]]:
    """Read pieces fast, a few at a time and in order."""
    workers = (os.cpu_count() or 1) + 1  # one waits for the interpreter while the others parse
    waiting: deque[tuple[Piece, Future[Batch | None]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for piece in pieces:
            waiting.append((piece, pool.submit(_read_fast, piece, shape, columns)))
            if len(waiting) > workers:
                done, batch = waiting.popleft()
                yield done, batch.result()
        while waiting:
            done, batch = waiting.popleft()
            yield done, batch.result()


def _read_fast(piece: Piece, shape: Shape, columns: Mapping[str, dy.Column]) -> Batch | None:
    content = piece.content
    if shape.array and piece.last:
        content = content.rstrip()
        if not content.endswith(b"]"):
            return None
        content = content[:-1]
    return read_clean(content, columns, array=shape.array, flatten=shape.flatten)


class _Assembly:
    """Batches put together in the order of the file."""

    def __init__(self, shape: Shape, columns: Mapping[str, dy.Column]) -> None:
        self._shape = shape
        self._columns = columns
        self._frames: list[pl.DataFrame] = []
        self._failures: list[pl.DataFrame] = []
        self._habits = Habits()
        self._rows = 0
        self._carried = b""
        self._closed = False

    def add(self, piece: Piece, batch: Batch | None) -> None:
        """Append a piece's batch, or read the piece carefully where there is none."""
        if batch is not None and not self._carried and not self._closed:
            self._closed = piece.last
            self._append(batch)
            return
        refuse_record(len(self._carried))
        start = piece.start - len(self._carried)
        content = self._carried + piece.content
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            raise SourceError(
                f"is not UTF-8 at byte {start + error.start} "
                f"({content[error.start : error.start + 4].hex(' ')}); save it as UTF-8"
            ) from None
        if self._shape.array:
            self._carried = self._elements(text, start, last=piece.last)
        else:
            self._append(to_batch(self._lines(text, start, last=piece.last), self._columns))

    def _elements(self, text: str, start: int, *, last: bool) -> bytes:
        """Read records of an array; what is left of an unfinished one is given back."""
        if self._closed:
            raise SourceError(self._broken("Text after the end of the array", start))
        records: list[Any] = []
        stop = elements(text, records)
        fault = stop.fault
        unfinished = fault is not None and (
            fault.position >= len(text.rstrip()) or fault.problem.startswith("Unterminated string")
        )
        rows = self._rows + len(records)
        if fault is not None and not (unfinished and not stop.closed):
            raise SourceError(
                self._broken(fault.problem, start + _bytes(text, fault.position), rows)
            )
        if last and not stop.closed:
            raise SourceError(
                f"is cut off: it ends at byte {start + _bytes(text, len(text))} inside "
                f"{f'record {rows + 1}' if fault else 'the array'}, before the closing ]; "
                "write or copy the file again"
            )
        self._append(to_batch(records, self._columns))
        self._closed = stop.closed
        return text[stop.end :].encode() if unfinished else b""

    def _lines(self, text: str, start: int, *, last: bool) -> list[Any]:
        records = list(lines(text))
        if last and records and not text.endswith("\n") and isinstance(records[-1], Malformed):
            raise SourceError(
                f"is cut off: it ends at byte {start + _bytes(text, len(text))} inside "
                f"record {self._rows + len(records)}; write or copy the file again"
            )
        return records

    def _broken(self, problem: str, byte: int, rows: int | None = None) -> str:
        record = "" if rows is None else f", record {rows + 1}"
        return f"is not JSON at byte {byte}{record}: {problem}; correct the text there"

    def _append(self, batch: Batch) -> None:
        if not batch.frame.height:
            return
        self._frames.append(batch.frame)
        refuse_failures(batch.failures.height + sum(part.height for part in self._failures))
        self._failures.append(batch.failures.with_columns(pl.col("row") + self._rows))
        self._habits.merge(batch.habits, self._rows)
        self._rows += batch.frame.height

    def finish(self) -> Batch:
        """All records read, in order."""
        frame = stacked(self._frames, self._columns)
        return Batch(frame, found(self._failures), self._habits, self._shape.bom)


def _bytes(text: str, position: int) -> int:
    return len(text[:position].encode())


class _JsonFiles:
    """Arrays of objects, and one object per line: the first byte tells which."""

    endings = (".json", ".ndjson", ".jsonl")
    packed = True

    def read(
        self,
        stream: IO[bytes],
        path: Path,  # noqa: ARG002
        columns: Mapping[str, dy.Column],
        *,
        fast: bool,
    ) -> Batch:
        return read_json(stream, columns, fast=fast)


register(_JsonFiles())
