"""A table specification as a Great Tables object, and that object as a part of a page."""

from __future__ import annotations

import re
from itertools import cycle
from typing import TYPE_CHECKING, Any

import polars as pl

from mktorch.display import escape
from mktorch.display.brand import Brand
from mktorch.display.status import status_of
from mktorch.display.writers.html import link
from mktorch.formats import TEXT

if TYPE_CHECKING:
    from great_tables import GT

    from mktorch.display.tables import Column, Table
    from mktorch.display.trace import Figure

_LINE = 165  # characters across a page on a wide screen
_SENTENCE = 50  # characters from which a column's text is to wrap
_GAP = 3  # characters between two columns
_ROLES = {
    "table": "table",
    "thead": "rowgroup",
    "tbody": "rowgroup",
    "tr": "row",
    "th": "columnheader",
}


def great_table(table: Table, heading: bool) -> GT:
    """The table with its formats, alignment and statuses; `heading` adds title and notes."""
    from great_tables import GT, html, loc, style

    cells = {column.name: _cells(table, column) for column in table.columns}
    groups = {table.group: table.frame[table.group].to_list()} if table.group else {}
    shown = pl.DataFrame(groups | cells, schema=dict.fromkeys((*groups, *cells), pl.String))
    made = GT(shown, id=f"{table.id}-table", groupname_col=table.group or None)
    made = made.fmt(fns=str, columns=[c.name for c in table.columns])
    made = made.cols_label({c.name: html(escape.html(c.label)) for c in table.columns})
    for side in ("left", "right", "center"):
        made = made.cols_align(side, [c.name for c in table.columns if c.side == side])
    for column in table.columns:
        for row, color in enumerate(table.fills(column)):
            if color:
                made = made.tab_style(style.fill(color), loc.body(column.name, [row]))
    if heading:
        made = made.tab_header(html(escape.html(table.title)), html(escape.html(table.subtitle)))
        for note in table.all_notes:
            made = made.tab_source_note(html(escape.html(note)))
    return made.tab_options(**_gt_options(table.brand))


def page_table(table: Table) -> str:
    """The table as a page holds it: its style comes from the page, and every part has its role.

    On a narrow screen the page's style stacks a row's cells, each after its `data-label`. Browsers
    forget what is a table once its parts are laid out otherwise, so the roles are written out.
    """
    made = great_table(table, heading=False).as_raw_html()
    heads, columns, shares = iter(table.columns), cycle(table.columns), _shares(table)

    def named(tag: re.Match[str]) -> str:
        name, rest = tag.groups()
        if name == "td":
            column = next(columns)
            role = "rowheader" if column == table.heading else "cell"
            return f'<td role="{role}" data-label="{escape.html(column.label)}"{rest}'
        if "gt_col_heading " in rest and (share := shares.get(next(heads).name)):
            rest += f' style="width: {share}%"'
        return f'<{name} role="{_ROLES[name]}"{rest}'

    bare = made[made.index("<table") : made.rindex("</table>")] + "</table>"
    return re.sub(r"<(table|thead|tbody|tr|th|td)\b([^>]*)", named, bare)


def _shares(table: Table) -> dict[str, int]:
    """Column -> per cent of the table's width, by weight, where several columns hold sentences.

    Left alone, a browser gives most to the column of the longest sentence.
    """
    longest = {
        c.name: max(map(len, (c.label, *table.texts(c), *table.details(c)))) for c in table.columns
    }
    wordy = [c for c in table.columns if c.flexible and longest[c.name] > _SENTENCE]
    taken = sum(longest[c.name] + _GAP for c in table.columns if c not in wordy)
    free = 100 * max(0.4, 1 - taken / _LINE) / sum(c.weight for c in wordy or table.columns)
    return {c.name: round(free * c.weight) for c in wordy} if len(wordy) > 1 else {}


def _cells(table: Table, column: Column) -> list[str]:
    figures = table.traced.get(column.name, [None] * table.frame.height)
    return [
        _cell(table, column, *parts)
        for parts in zip(
            table.frame[column.name].to_list(),
            table.texts(column),
            table.details(column),
            figures,
            strict=True,
        )
    ]


def _cell(
    table: Table, column: Column, value: Any, text: str, detail: str, figure: Figure | None
) -> str:
    entry = table.entries.get(figure.id) if figure else None
    words = escape.html_cell(text) if column.format == TEXT else escape.html_prose(text)
    if value is None:
        shown = f'<span class="mk-na">{words}</span>'
    elif column.statuses is not None:
        tone = status_of(value, column.statuses).tone
        shown = (
            f'<span class="mk-status mk-{tone.name.lower()}">'
            f'<span aria-hidden="true">{tone.shape}</span> {words}</span>'
        )
    elif column.format.numeric:
        said = table.source and not entry
        source = f' data-source="{table.source}.{column.name}"' if said else ""
        shown = f'<data value="{value}"{source}>{words}</data>'
    elif column.mono:
        shown = f"<code>{words}</code>"
    else:
        whole = "" if column.format == TEXT else ' class="mk-whole"'
        shown = f"<bdi{whole}>{words}</bdi>"
    if figure and entry:
        shown = link(entry, figure.anchor, shown)
    below = (
        f'<span class="mk-detail"><bdi>{escape.html_cell(detail)}</bdi></span>' if detail else ""
    )
    return shown + below


def _gt_options(brand: Brand) -> dict[str, Any]:
    line, ink, muted = (
        brand.tint("secondary", 0.28),
        brand.color("foreground"),
        brand.color("secondary"),
    )
    return {
        "container_overflow_x": "visible",
        "container_overflow_y": "visible",
        "container_padding_x": "0px",
        "container_padding_y": "0px",
        "table_width": "100%",
        "table_font_names": [brand.font, "system-ui", "sans-serif"],
        "table_font_size": "14px",
        "table_font_color": ink,
        "table_border_top_style": "none",
        "table_border_bottom_color": line,
        "table_border_bottom_width": "1px",
        "heading_align": "left",
        "heading_title_font_weight": "600",
        "column_labels_font_size": "12px",
        "column_labels_font_weight": "600",
        "column_labels_border_top_style": "none",
        "column_labels_border_bottom_color": ink,
        "column_labels_border_bottom_width": "1.5px",
        "column_labels_padding_horizontal": "10px",
        "table_body_border_top_style": "none",
        "table_body_border_bottom_style": "none",
        "table_body_hlines_color": line,
        "row_group_font_weight": "600",
        "row_group_border_top_color": line,
        "row_group_border_bottom_color": line,
        "data_row_padding": "8px",
        "data_row_padding_horizontal": "10px",
        "source_notes_font_size": "12px",
        "table_font_color_light": muted,
        "quarto_disable_processing": True,
    }
