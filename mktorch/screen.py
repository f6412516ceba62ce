"""What is shown at a prompt and in a notebook: text that cannot act, a title and a list."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from html import escape

WIDTH, LINES = 79, 20
# What a terminal acts on: control characters, and those that turn or hide the text around them.
_ACTING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def plain(text: object, *, lines: bool = False) -> str:
    """Text for a terminal: what would act on it is written out, so that nothing does.

    A value cannot forge a line of its own; with `lines`, further lines are the program's and are
    indented.

    >>> plain("red \\x1b[31m\\nerror: forged")
    'red \\\\x1b[31m\\\\nerror: forged'
    """
    if lines:
        return "\n  ".join(plain(line) for line in str(text).split("\n"))
    return _ACTING.sub(lambda found: repr(found[0])[1:-1], str(text))


def rows(title: str, facts: Mapping[str, object]) -> str:
    """A title, and one line a fact.

    >>> print(rows("Run", {"as of": "2026-04-26", "tables": 83}))
    Run
      as of   2026-04-26
      tables  83
    """
    widest = max(map(len, facts), default=0)
    told = (f"  {name:{widest}}  {plain(value)}" for name, value in facts.items())
    return "\n".join((title, *told))


def names(title: str, listed: Iterable[str]) -> str:
    """A title, and names side by side; those beyond a screen are counted.

    >>> print(names("Tables", ["campaigns", "channels"]))
    Tables
      campaigns, channels
    """
    every = list(listed)
    lines = textwrap.wrap(", ".join(every), WIDTH - 2, break_long_words=False)
    if len(lines) > LINES:
        lines = lines[: LINES - 1]
        lines.append(f"and {len(every) - sum(line.count(',') for line in lines)} more")
    return "\n".join((title, *(f"  {line}" for line in lines)))


def html_rows(title: str, facts: Mapping[str, object], *, folded: bool = False) -> str:
    """The same as an HTML table under its title; `folded` shows it only when it is asked for."""
    cells = "".join(
        f'<tr><th style="text-align:left">{escape(name)}</th>'
        f'<td style="text-align:left">{escape(str(value))}</td></tr>'
        for name, value in facts.items()
    )
    opened = "" if folded else " open"
    return f"<details{opened}><summary>{escape(title)}</summary><table>{cells}</table></details>"
