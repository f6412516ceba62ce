"""Input files on disk: which file or folder holds a source, and reading it whole, with its hash."""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from mktorch.errors import in_a_line, is_failure
from mktorch.sources.convert import UNKNOWN_FIELD, Batch
from mktorch.sources.limits import (
    Unpacked,
    opened,
    refuse_fields,
    refuse_files,
    refuse_special,
    refuse_texts,
)
from mktorch.sources.readers import ending, endings, reader_of
from mktorch.sources.readers.protocol import PACKED
from mktorch.sources.rules import SourceError
from mktorch.sources.schemas import SourceSpec


@dataclass(frozen=True)
class FileRead:
    """One file's records, with the hash and size of its bytes on disk."""

    batch: Batch
    sha256: str
    size: int


class MissingError(SourceError):
    """No file or folder holds the source."""


def stem(name: str) -> str:
    """A file's name without the ending that tells its format.

    >>> stem("campaigns.json.gz")
    'campaigns'
    """
    return name.removesuffix(ending(name) or "")


def parts(folder: Path, name: str) -> tuple[Path, ...]:
    """The files that hold a source whose configured file is `name`, in order of name.

    Looks for the file itself, the same stem with another ending, and a folder of the stem's name.

    Raises
    ------
    SourceError
        Where there is none (`MissingError`), more than one candidate, or a folder without parts.
    """
    base = folder / name
    plain = base.with_name(stem(base.name))
    names = dict.fromkeys([base, *(plain.with_name(plain.name + e) for e in endings()), plain])
    candidates = [path for path in names if path.exists()]
    if not candidates:
        raise MissingError(
            f"{base} does not exist; write it as JSON, NDJSON or Parquet "
            f"({', '.join(endings())}), or as a folder {plain.name}/ of such parts"
        )
    if len(candidates) > 1:
        listed = ", ".join(path.name + "/" * path.is_dir() for path in candidates)
        raise SourceError(f"{base}: more than one candidate ({listed}); keep one of them")
    chosen = candidates[0]
    try:
        refuse_special(chosen)
    except SourceError as error:
        raise SourceError(f"{chosen} {error}") from None
    if not chosen.is_dir():
        return (chosen,)
    inside = sorted(p for p in chosen.iterdir() if ending(p.name) and p.is_file())
    if not inside:
        raise SourceError(
            f"{chosen}/ holds no parts; put files in it ending {', '.join(endings())}"
        )
    try:
        refuse_files(len(inside))
    except SourceError as error:
        raise SourceError(f"{chosen}/ {error}") from None
    return tuple(inside)


def relative(path: Path, folder: Path) -> str:
    """A file's name within the data folder, with forward slashes."""
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()


class _Hashed:
    """A binary stream that hashes and counts what is read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self._hash.update(content)
        self.size += len(content)
        return content

    def tell(self) -> int:
        return self.size

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


@contextmanager
def _unpacked(stream: _Hashed, name: str) -> Iterator[IO[bytes]]:
    if not name.endswith(PACKED):
        yield cast("IO[bytes]", stream)
        return
    with gzip.GzipFile(fileobj=stream) as unpacked:  # type: ignore[call-overload]
        yield cast("IO[bytes]", Unpacked(unpacked, cast("IO[bytes]", stream)))


def read_file(path: Path, spec: SourceSpec, *, fast: bool = True) -> FileRead:
    """Read one file by its ending.

    Raises
    ------
    SourceError
        Where it cannot be opened, unpacked or read.
    """
    try:
        with opened(path) as file:
            stream = _Hashed(file)
            with _unpacked(stream, path.name) as content:
                batch = reader_of(path.name).read(content, path, spec.columns, fast=fast)
            while stream.read(1 << 20):  # what the reader left, or read by the path
                pass
        refuse_fields(sum(habit.name == UNKNOWN_FIELD for habit in batch.habits.seen))
        refuse_texts(batch.frame)
        return FileRead(batch, stream.hexdigest(), stream.size)
    except SourceError as error:
        raise SourceError(f"{path} {error}") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(f"{path} is not whole gzip ({error}); pack it again") from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise SourceError(f"{path} cannot be read ({reason}); check its permissions") from None
    except BaseException as error:  # of a library, which may even panic
        if not is_failure(error):
            raise
        raise SourceError(
            f"{path} cannot be read ({type(error).__name__}: {in_a_line(error)}); write it again"
        ) from None
