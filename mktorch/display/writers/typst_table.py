"""A table specification as a native Typst table, sized and split so that it fits the page."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mktorch.display import escape
from mktorch.display.status import status_of
from mktorch.display.writers.typst import note, rgb

if TYPE_CHECKING:
    from mktorch.display.tables import Column, Table
    from mktorch.display.trace import Entry

# Sizes in points: a table shrinks from the first to the second until its figures fit the line, and
# is then split into panels of columns.
_SIZE, _SMALLEST, _DENSE = 8.5, 6.5, 7.2
_LINE = 104  # digits across the text width of A4 at `_SIZE`
_TEXT = 15  # characters of a text column, which may wrap; narrower ones are hard to read
_GAP = 3  # characters between two columns of figures


def typst_table(table: Table) -> str:
    """The table as Typst code, in as many panels of columns as it takes, the first in each."""
    widths = [_width(table, column) for column in table.columns]
    panels = [_panel(table, columns, needed) for columns, needed in _panels(table.columns, widths)]
    return "\n#v(4pt)\n".join(panels)


def _panels(columns: Sequence[Column], widths: Sequence[int]) -> list[tuple[list[Column], int]]:
    """Columns and the characters they need, within what a line holds at the smallest size."""
    most = round(_LINE * _SIZE / _SMALLEST)
    first, rest = (columns[0], widths[0]), list(zip(columns[1:], widths[1:], strict=True))
    if sum(widths) <= most:
        return [(list(columns), sum(widths))]
    panels: list[tuple[list[Column], int]] = [([first[0]], first[1])]
    for column, width in rest:
        held, used = panels[-1]
        if used + width > most and len(held) > 1:
            panels.append(([first[0], column], first[1] + width))
        else:
            panels[-1] = ([*held, column], used + width)
    return panels


def _width(table: Table, column: Column) -> int:
    if column.flexible:
        return _TEXT
    words = column.label.split() or [""]
    return max(map(len, (*table.texts(column), *words))) + _GAP


def _panel(table: Table, columns: Sequence[Column], needed: int) -> str:
    largest, air = (_DENSE, 0.38) if table.dense else (_SIZE, 0.48)
    size = round(min(largest, _SIZE * _LINE / needed), 2)
    tracks = ", ".join(f"{c.weight}fr" if c.flexible else "auto" for c in columns)
    sides = ", ".join(c.side for c in columns)
    header = ", ".join(_label(table, column) for column in columns)
    line = rgb(table.brand.tint("secondary", 0.28))
    ink = rgb(table.brand.color("foreground"))
    return (
        f"#[#set text(size: {size}pt)\n"
        "#set par(leading: 0.45em, justify: false)\n"
        "#set table.cell(breakable: false)\n"
        f"#table(columns: ({tracks},), align: ({sides},), inset: (x: 0.47em, y: {air}em),\n"
        f"  stroke: (x, y) => (bottom: if y == 0 {{ 0.9pt + {ink} }} else {{ 0.4pt + {line} }}),\n"
        f"  table.header({header}),\n{_rows(table, columns)})]"
    )


def _rows(table: Table, columns: Sequence[Column]) -> str:
    cells = [
        [
            _cell(table, column, *parts)
            for parts in zip(
                table.frame[column.name].to_list(),
                table.texts(column),
                table.details(column),
                table.fills(column),
                strict=True,
            )
        ]
        for column in columns
    ]
    lines = [", ".join(row) + "," for row in zip(*cells, strict=True)]
    if not table.group:
        return "\n".join(lines)
    heads = [str(head) for head in table.frame[table.group].to_list()]
    changed = [True, *(before != here for before, here in pairwise(heads))]
    fill = rgb(table.brand.color("light"))
    return "\n".join(
        f"table.header(level: 2, table.cell(colspan: {len(columns)}, fill: {fill}, align: left)"
        f"[#strong({escape.typst_string(head)})]),\n{line}"
        if new
        else line
        for new, head, line in zip(changed, heads, lines, strict=True)
    )


def _sources(table: Table, column: Column) -> list[Entry]:
    """The entries of the appendix that a column's figures lead to, each once, in its order."""
    figures = table.traced.get(column.name, ())
    found = (table.entries[figure.id] for figure in figures if figure.id in table.entries)
    return list({entry.anchor: entry for entry in found}.values())


def _cell(table: Table, column: Column, value: Any, text: str, detail: str, fill: str) -> str:
    brand = table.brand
    muted = rgb(brand.color("foreground" if fill else "secondary"))
    below = (
        f" \\ #text(size: 0.85em, fill: {muted})[{escape.typst(escape.breakable(detail))}]"
        if detail
        else ""
    )
    if column.statuses is not None and value is not None:
        tone = status_of(value, column.statuses).tone
        ink = rgb(brand.color(tone.color))
        return (
            f"table.cell(fill: {rgb(brand.tint(tone.color))})[#text(fill: {ink}, weight: 600)"
            f"[{escape.typst(f'{tone.shape} {text}')}]{below}]"
        )
    if value is None:
        return f"[#text(fill: {rgb(brand.color('secondary'))})[{escape.typst(text)}]{below}]"
    if fill:
        return f"table.cell(fill: {rgb(fill)})[{escape.typst(text)}{below}]"
    if not column.flexible:
        return f"[{escape.typst(text)}{below}]"
    # Text that may wrap: long words get places to break, set in a fixed pitch where they are codes.
    shown = escape.typst(escape.breakable(text))
    return (
        f"[#raw({escape.typst_string(escape.breakable(text))}){below}]"
        if column.mono
        else f"[{shown}{below}]"
    )


def _label(table: Table, column: Column) -> str:
    longest = max(map(len, table.texts(column)))
    lines = (
        [column.label]
        if column.flexible
        else textwrap.wrap(
            column.label, max(longest, 9), break_long_words=False, break_on_hyphens=False
        )
    )
    words = " \\ ".join(escape.typst(line) for line in lines)
    # At the head, not beside the figures: a small number after a number reads as a part of it.
    mark = note(*_sources(table, column))
    return f"[#text(size: 0.92em, weight: 600)[{words}]{mark}]"
