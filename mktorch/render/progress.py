"""What a terminal is told of a render: how far it is, and at the end a line for each document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import TextIO

from mktorch.render.pack import Progress, Rendered

_CLEAR = "\r\x1b[K"


@contextmanager
def shown(stream: TextIO, wanted: bool = True) -> Iterator[Callable[[Progress], None] | None]:
    """What to call with each `Progress`: one line that rewrites itself, on a terminal alone."""
    if not (wanted and stream.isatty()):
        yield None
        return

    def tell(progress: Progress) -> None:
        stream.write(f"{_CLEAR}{progress.done} of {progress.total} files: {progress.file}")
        stream.flush()

    try:
        yield tell
    finally:
        stream.write(_CLEAR)
        stream.flush()


def summary(made: Sequence[Rendered], elapsed: float) -> list[str]:
    """A line for each document, its formats side by side, and one for the whole.

    >>> from pathlib import Path
    >>> files = [
    ...     Rendered("executive", "html", Path("executive.html"), 512_000, 1.25),
    ...     Rendered("executive", "pdf", Path("executive.pdf"), 256_000, 0.75, pages=12),
    ... ]
    >>> print(*summary(files, 1.5), sep=chr(10))
    executive  html 500 KiB  pdf 12 pages 250 KiB  2.0 s
    1 document, 2 files, 750 KiB in 1.5 s
    """
    named = [(_name(file), file) for file in made]
    width = max((len(name) for name, _ in named), default=0)
    lines = []
    for name, group in groupby(named, key=lambda pair: pair[0]):
        files = [file for _, file in group]
        parts = [_file(file) for file in files]
        lines.append("  ".join([name.ljust(width), *parts, f"{_seconds(files):.1f} s"]))
    documents, size = len(lines), sum(file.bytes for file in made)
    noun = "document" if documents == 1 else "documents"
    return [*lines, f"{documents} {noun}, {len(made)} files, {_kib(size)} in {elapsed:.1f} s"]


def _name(file: Rendered) -> str:
    """A page by its file; whatever else was written by its folder."""
    return file.path.stem if file.format in ("html", "pdf") else file.path.parent.name


def _file(file: Rendered) -> str:
    sheets = [f"{file.pages} {'page' if file.pages == 1 else 'pages'}"] if file.pages else []
    return " ".join([file.format, *sheets, _kib(file.bytes)])


def _seconds(files: Sequence[Rendered]) -> float:
    return sum(file.seconds for file in files)


def _kib(size: int) -> str:
    return f"{size / 1024:,.0f} KiB"
