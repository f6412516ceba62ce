"""Markdown that reads well raw, in a terminal or a mail; text from the data never acts in it.

Only what could act is escaped, so that names stay legible raw. The targets are CommonMark, GitHub's
and pandoc's dialects; the characters below are those that begin something in one of them.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import polars as pl
from rich.cells import cell_len

from mktorch.formats import TEXT, Format, Locale, clean, format_value

WIDTH = 79  # columns of a terminal, less the one some keep for themselves

# Begin code, emphasis, spans, cells, sub- and superscript, or an escape wherever they stand.
_ACTIVE = r"[\\`*\[{|~^]"
_CONTEXT = (
    r"<(?=[a-z/!?])",  # a tag or an autolink
    r"&(?=#?\w+;)",  # an entity
    r"\$(?!\d)|(?<=\S)\$",  # mathematics: it begins before what is no space, and ends after it
    r"(?<![^\W_])_|_(?![^\W_])",  # emphasis: not between letters
    r":(?=//)|(?<=mailto):|(?<=xmpp):|:(?-i:(?=[a-z0-9_+-]+:))",  # a link's scheme, an emoji
    r"(?<=\w)@(?=\w)|(?<!\w)@(?=[\w{])",  # a mail address, a citation
    r"(?<=\bwww)\.",  # a link without a scheme
    r"(?<=\btable):",  # a caption
)
_ACTS = re.compile("|".join((_ACTIVE, *_CONTEXT)), re.IGNORECASE)
_SPACES = re.compile(r" {2,}")  # two at the end of a line would break it
# At the start of a line: heading, list, quotation, rule, definition, numbered or lettered item.
_STARTS = re.compile(
    r"\(?(?:\d+|[a-z]|[ivxlcdm]+|[@#])(?=[.)](?:\s|$))|(?=[#>%]|=+\s*$|[-+:~](?:[\s+=|:-]|$))",
    re.IGNORECASE,
)


class Column(NamedTuple):
    """A column of a table: where it is from, its heading, how its values are written."""

    name: str
    label: str
    format: Format = TEXT
    right: bool = False  # set for figures that come as text


def inert(text: object) -> str:
    r"""Text that reads the same when rendered and does nothing.

    >>> inert("*R&D* <b>conversion_rate</b> www.example.com")
    '\\*R&D\\* \\<b>conversion_rate\\</b> www\\.example.com'
    """
    return _ACTS.sub(lambda found: f"\\{found[0]}", _SPACES.sub(" ", clean(str(text))).strip(" "))


def heading(level: int, text: str) -> str:
    """A heading; `text` is Markdown."""
    closing = len(text) - len(text.rstrip("#"))  # number signs at the end would be dropped
    return f"{'#' * level} {text[: len(text) - closing]}" + "\\#" * closing


def wrapped(text: str, first: str = "", rest: str = "") -> str:
    r"""Markdown text in lines of a terminal's width; no line begins with what would start a block.

    >>> print(wrapped("word " * 15 + "more # here"))
    word word word word word word word word word word word word word word word more
    \# here
    """
    width = WIDTH - len(rest)
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
    return "\n".join(
        (rest if number else first) + _unstarted(line) for number, line in enumerate(lines)
    )


def bullets(items: Iterable[str], numbered: bool = False) -> str:
    """A list, one item a line; empty for no items."""
    marks = (f"{n}. " if numbered else "- " for n in range(1, 10_000))
    return "\n".join(
        wrapped(item, mark, " " * len(mark)) for mark, item in zip(marks, items, strict=False)
    )


def table(frame: pl.DataFrame, columns: Sequence[Column], locale: Locale) -> str:
    """A pipe table, its columns aligned as they stand in the file: numbers to the right."""
    cells = [
        [
            inert(column.label),
            *(_cell(value, column.format, locale) for value in frame[column.name]),
        ]
        for column in columns
    ]
    widths = [max(3, *map(cell_len, column)) for column in cells]
    right = [column.right or column.format.numeric for column in columns]
    head, *body = (
        _row(_pad(cell, width, side) for cell, width, side in zip(row, widths, right, strict=True))
        for row in zip(*cells, strict=True)
    )
    rule = _row(
        "-" * (width - 1) + (":" if side else "-")
        for width, side in zip(widths, right, strict=True)
    )
    return "\n".join((head, rule, *body))


def document(blocks: Iterable[str]) -> str:
    """Blocks with an empty line between them; empty ones left out."""
    return "\n\n".join(block for block in blocks if block) + "\n"


def _unstarted(line: str) -> str:
    found = _STARTS.match(line)
    return f"{line[: found.end()]}\\{line[found.end() :]}" if found else line


def _cell(value: object, fmt: Format, locale: Locale) -> str:
    """A value in a cell: the dollar of a figure has none to pair with there."""
    written = inert(format_value(value, fmt, locale))
    return written.replace("\\$", "$") if fmt.numeric else written


def _pad(cell: str, width: int, right: bool) -> str:
    gap = " " * (width - cell_len(cell))
    return gap + cell if right else cell + gap


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
