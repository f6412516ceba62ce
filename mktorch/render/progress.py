"""What a terminal is told of a render: how far it is, and at the end a line for each document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import TextIO

from mktorch.render.pack import FORMATS, Progress, Rendered

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
        parts = [_sort(form, files) for form in dict.fromkeys(file.format for file in files)]
        lines.append("  ".join([name.ljust(width), *parts, f"{_seconds(files):.1f} s"]))
    documents = len({name for name, file in named if file.format in FORMATS})
    noun = "document" if documents == 1 else "documents"
    size = _kib(sum(file.bytes for file in made))
    return [*lines, f"{documents} {noun}, {len(made)} files, {size} in {elapsed:.1f} s"]


def _name(file: Rendered) -> str:
    """A page by its file; whatever else was written by its folder."""
    return file.path.stem if file.format in FORMATS else file.path.parent.name


def _sort(form: str, files: Sequence[Rendered]) -> str:
    """All files of one format together: how many, of how many pages, how large."""
    alike = [file for file in files if file.format == form]
    sheets = sum(file.pages or 0 for file in alike)
    many = [str(len(alike))] if len(alike) > 1 else []
    paged = [f"{sheets} {'page' if sheets == 1 else 'pages'}"] if sheets else []
    return " ".join([*many, form, *paged, _kib(sum(file.bytes for file in alike))])


def _seconds(files: Sequence[Rendered]) -> float:
    return sum(file.seconds for file in files)


def _kib(size: int) -> str:
    return f"{size / 1024:,.0f} KiB"
