"""What a reader of one format is, and which readers there are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import IO, Protocol

import dataframely as dy

from mktorch.sources.convert import Batch

PACKED = ".gz"


class Reader(Protocol):
    """A file format: the endings that name it, and its records as typed columns.

    A reader is one module of this package that ends with `register(...)`; nothing else names it but
    the import in the package. `convert.convert` turns written values into the declared types.
    """

    @property
    def endings(self) -> tuple[str, ...]:
        """Endings of its files' names, each with its dot."""

    @property
    def packed(self) -> bool:
        """Whether a file of it may also be gzipped, as `.json.gz`."""

    def read(
        self, stream: IO[bytes], path: Path, columns: Mapping[str, dy.Column], *, fast: bool
    ) -> Batch:
        """Every record of a file, from its unpacked bytes or, where bytes may be sought, its path.

        `fast` False asks for the most careful way, where there are several; they give one result.

        Raises
        ------
        SourceError
            Where the file cannot be read; the message goes on after the file's name.
        """


_READERS: dict[str, Reader] = {}


def register(reader: Reader) -> None:
    """Read files of the reader's endings from now on.

    Raises
    ------
    ValueError
        For an ending that another reader has.
    """
    names = [*reader.endings, *(e + PACKED for e in reader.endings if reader.packed)]
    if taken := [name for name in names if name in _READERS]:
        raise ValueError(f"{', '.join(taken)}: already read by {_READERS[taken[0]]!r}")
    _READERS.update(dict.fromkeys(names, reader))


def endings() -> tuple[str, ...]:
    """Every ending that is read, packed ones first, in the order of registration."""
    return tuple(sorted(_READERS, key=lambda name: not name.endswith(PACKED)))


def ending(name: str) -> str | None:
    """The longest ending of a file's name that is read; None where there is none.

    >>> ending("campaigns.json.gz")
    '.json.gz'
    """
    return max((e for e in _READERS if name.endswith(e)), key=len, default=None)


def reader_of(name: str) -> Reader:
    """The reader of a file, by the ending of its name; one without an ending is taken as JSON."""
    return _READERS[ending(name) or ".json"]
