"""What is refused as an input: whatever is no regular file, and more than the limits allow."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Protocol

import polars as pl
import polars.selectors as cs

from mktorch.sources.rules import SourceError

_FREE = 64 << 20  # bytes that may come of any packed file
_OTHER = "give the file of this source"
_ROW = 32  # bytes that a row of Parquet counts as


class Limits(Protocol):
    """The limits in force; see `mktorch.config.input_limits`."""

    @property
    def files(self) -> int: ...
    @property
    def unpacked_bytes(self) -> int: ...
    @property
    def packed_ratio(self) -> int: ...
    @property
    def record_bytes(self) -> int: ...
    @property
    def field_bytes(self) -> int: ...
    @property
    def fields(self) -> int: ...
    @property
    def nesting(self) -> int: ...
    @property
    def failures(self) -> int: ...


_in_force: ContextVar[Limits | None] = ContextVar("input_limits", default=None)


@contextmanager
def limited(limits: Limits) -> Iterator[None]:
    """Read under these limits, on this thread; without, there are none."""
    token = _in_force.set(limits)
    try:
        yield
    finally:
        _in_force.reset(token)


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """A regular file to read, which nobody changes while it is read.

    Raises
    ------
    SourceError
        For a pipe, a device or another special file, and where the file was changed or replaced.
    """
    refuse_special(path)
    with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        before = _identity(os.fstat(file.fileno()))
        yield file
        if not before == _identity(os.fstat(file.fileno())) == _identity(path.stat()):
            raise SourceError("changed while it was read; run again once it is written")


def refuse_special(path: Path) -> None:
    """Let nothing through but regular files and folders: others have no end, or wait forever."""
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise SourceError("is no regular file; give a file or a folder")


def _identity(found: os.stat_result) -> tuple[int, int, int, int]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


class Unpacked:
    """A stream of what a packed file unpacks to, counted against what was read of the file."""

    def __init__(self, unpacked: IO[bytes], packed: IO[bytes]) -> None:
        self._unpacked, self._packed, self._read = unpacked, packed, 0

    def read(self, size: int = -1) -> bytes:
        content = self._unpacked.read(size)
        self._read += len(content)
        refuse_unpacked(self._read, self._packed.tell())
        return content


def refuse_unpacked(unpacked: int, packed: int) -> None:
    """Let a file unpack to so many times its size, and to no more than that."""
    limits = _in_force.get()
    if limits is None:
        return
    _refuse("unpacked_bytes", unpacked, limits.unpacked_bytes, "bytes unpacked")
    if unpacked > _FREE:
        ratio = unpacked // max(packed, 1)
        _refuse("packed_ratio", ratio, limits.packed_ratio, "times its size unpacked")


def refuse_rows(rows: int, path: Path) -> None:
    """Let a Parquet file hold so many rows for its size."""
    refuse_unpacked(rows * _ROW, path.stat().st_size)


def refuse_files(count: int) -> None:
    """Let a folder hold so many parts."""
    if limits := _in_force.get():
        _refuse("files", count, limits.files, "parts")


def refuse_record(size: int) -> None:
    """Let a record be so long."""
    if limits := _in_force.get():
        _refuse("record_bytes", size, limits.record_bytes, "bytes of one record")


def refuse_failures(count: int, source: str = "") -> None:
    """Let so many records or fields fail."""
    if limits := _in_force.get():
        try:
            _refuse("failures", count, limits.failures, "failures", _OTHER)
        except SourceError as error:
            raise SourceError(f"{source} {error}".strip()) from None


def refuse_fields(count: int) -> None:
    """Let a file hold so many fields that its source does not have."""
    if limits := _in_force.get():
        _refuse("fields", count, limits.fields, "unknown fields", _OTHER)


def refuse_nesting(levels: int) -> None:
    """Let lists and objects lie so deep within each other."""
    if limits := _in_force.get():
        _refuse("nesting", levels, limits.nesting, "levels of nesting in one field")


def refuse_texts(frame: pl.DataFrame) -> None:
    """Let a text be so long."""
    limits = _in_force.get()
    if limits is None or frame.is_empty():
        return
    longest: Mapping[str, int | None] = frame.select(cs.string().str.len_bytes().max()).row(
        0, named=True
    )
    for name, size in longest.items():
        _refuse("field_bytes", size or 0, limits.field_bytes, f"bytes in one {name}")


def _refuse(limit: str, found: int, most: int, what: str, doubt: str = "correct the file") -> None:
    if found > most:
        raise SourceError(
            f"holds {found:,} {what}, over the limit of {most:,}; {doubt}, or raise "
            f"input_limits.{limit}"
        )
