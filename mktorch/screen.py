"""What an object looks like at a prompt and in a notebook: a title and a list, at most a screen."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from html import escape

WIDTH, LINES = 79, 20


def rows(title: str, facts: Mapping[str, object]) -> str:
    """A title, and one line a fact.

    >>> print(rows("Run", {"as of": "2026-04-26", "tables": 83}))
    Run
      as of   2026-04-26
      tables  83
    """
    widest = max(map(len, facts), default=0)
    return "\n".join((title, *(f"  {name:{widest}}  {value}" for name, value in facts.items())))


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
