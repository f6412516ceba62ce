"""One table specification, two renderings: Great Tables for HTML, a native Typst table for PDF."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from mktorch.display import escape
from mktorch.display.block import Block
from mktorch.display.brand import Brand, load_brand
from mktorch.display.formats import NOT_AVAILABLE, TEXT, Format, Locale, format_value
from mktorch.display.shell import html_shell, rgb, typst_shell
from mktorch.display.status import Statuses, status_of

if TYPE_CHECKING:
    from great_tables import GT

Align = Literal["left", "right", "center"]

# Typst sizes in points: a table shrinks from the first to the second until its figures fit.
_SIZE, _SMALLEST = 8.5, 5.5
_LINE_CHARACTERS = 104  # of digits at `_SIZE` across the text width of A4
_TEXT_CHARACTERS = 15  # a text column narrower than this wraps too often to read
_GAP_CHARACTERS = 3
_WHOLE = 12  # rows up to which a table stays on one page


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: where its values come from and how they read.

    `detail` names a column set small under each value. `missing` says why a null stands there and
    becomes a note of the table. `statuses` shows values as word, shape and colour. `weight` is the
    share of the free width that a text column takes in PDF.
    """

    name: str
    label: str
    format: Format = TEXT
    align: Align | None = None
    detail: str = ""
    detail_format: Format = TEXT
    missing: str = ""
    statuses: Statuses | None = None
    weight: float = 1.0
    mono: bool = False

    @property
    def side(self) -> Align:
        return self.align or ("right" if self.format.numeric else "left")

    @property
    def flexible(self) -> bool:
        """Whether the column's text may wrap."""
        return bool(self.detail) or (self.format == TEXT and self.statuses is None)


@dataclass(frozen=True, kw_only=True)
class Table(Block):
    """A table as data: what it says (title), what it shows (frame, columns) and where it is from.

    `group` names a column whose values head groups of rows; `source` the run's table, kept in the
    page beside every figure.
    """

    id: str
    frame: pl.DataFrame
    columns: tuple[Column, ...]
    title: str
    subtitle: str = ""
    notes: tuple[str, ...] = ()
    group: str = ""
    source: str = ""
    empty: str = "Nothing to show."
    locale: Locale = field(default_factory=Locale)

    def __post_init__(self) -> None:
        named = [c.name for c in self.columns] + [c.detail for c in self.columns if c.detail]
        absent = [n for n in [*named, self.group] if n and n not in self.frame.columns]
        if absent:
            raise KeyError(f"table {self.id}: the frame has no column {', '.join(absent)}")

    @cached_property
    def brand(self) -> Brand:
        return load_brand()

    def texts(self, column: Column) -> list[str]:
        """The column's display text, row by row."""
        values = self.frame[column.name].to_list()
        if column.statuses is not None:
            return [
                status_of(v, column.statuses).word if v is not None else NOT_AVAILABLE
                for v in values
            ]
        return [format_value(value, column.format, self.locale) for value in values]

    def details(self, column: Column) -> list[str]:
        """The small text under each value; empty where there is none."""
        if not column.detail:
            return [""] * self.frame.height
        values = self.frame[column.detail].to_list()
        return [
            "" if v is None else format_value(v, column.detail_format, self.locale) for v in values
        ]

    @property
    def all_notes(self) -> tuple[str, ...]:
        """The table's own notes, then why values are missing, then the source."""
        gaps = [
            f"{c.label}, {c.missing}"
            for c in self.columns
            if c.missing and self.frame[c.name].null_count()
        ]
        reasons = (f"{NOT_AVAILABLE}: {'; '.join(gaps)}.",) if gaps else ()
        source = (f"Source: {self.source}.",) if self.source else ()
        return (*self.notes, *reasons, *source)

    def as_gt(self, heading: bool = True) -> GT:
        """The table as a Great Tables object; `heading` adds title and notes to it."""
        from great_tables import GT, html

        cells = {
            c.name: [_html_cell(self, c, i) for i in range(self.frame.height)] for c in self.columns
        }
        groups = {self.group: self.frame[self.group].to_list()} if self.group else {}
        shown = pl.DataFrame(groups | cells, schema=dict.fromkeys((*groups, *cells), pl.String))
        table = GT(shown, id=self.id, groupname_col=self.group or None)
        table = table.fmt(fns=str, columns=[c.name for c in self.columns])
        table = table.cols_label({c.name: html(escape.html(c.label)) for c in self.columns})
        for side in ("left", "right", "center"):
            table = table.cols_align(side, [c.name for c in self.columns if c.side == side])
        if heading:
            table = table.tab_header(
                html(escape.html(self.title)), html(escape.html(self.subtitle))
            )
            for note in self.all_notes:
                table = table.tab_source_note(html(escape.html(note)))
        return table.tab_options(**_gt_options(self.brand))

    def html(self) -> str:
        if self.frame.is_empty():
            body = f'<p class="mk-empty">{escape.html(self.empty)}</p>'
        else:
            label = escape.html(self.title)
            body = (
                f'<div class="mk-scroll" role="region" tabindex="0" aria-label="{label}">'
                f"{self.as_gt(heading=False).as_raw_html()}</div>"
            )
        return html_shell(
            "table", f"{self.id}-block", self.title, self.subtitle, body, self.all_notes
        )

    def typst(self) -> str:
        body = (
            f"#{escape.typst_string(self.empty)}" if self.frame.is_empty() else _typst_table(self)
        )
        long = self.frame.height > _WHOLE
        return typst_shell(self.brand, self.title, self.subtitle, body, self.all_notes, long)


def _html_cell(table: Table, column: Column, row: int) -> str:
    value = table.frame[column.name][row]
    text = escape.html(table.texts(column)[row])
    if value is None:
        shown = f'<span class="mk-na">{text}</span>'
    elif column.statuses is not None:
        tone = status_of(value, column.statuses).tone
        shown = (
            f'<span class="mk-status mk-{tone.name.lower()}">'
            f'<span aria-hidden="true">{tone.shape}</span> {text}</span>'
        )
    elif column.format.numeric:
        source = f' data-source="{table.source}.{column.name}"' if table.source else ""
        shown = f'<data value="{value}"{source}>{text}</data>'
    else:
        shown = f"<code>{text}</code>" if column.mono else f"<bdi>{text}</bdi>"
    detail = table.details(column)[row]
    return shown + (
        f'<span class="mk-detail"><bdi>{escape.html(detail)}</bdi></span>' if detail else ""
    )


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


def _typst_table(table: Table) -> str:
    brand = table.brand
    texts = [table.texts(column) for column in table.columns]
    longest = [max(map(len, column)) for column in texts]
    widths = ", ".join(f"{c.weight}fr" if c.flexible else "auto" for c in table.columns)
    sides = ", ".join(c.side for c in table.columns)
    header = ", ".join(_typst_label(c, n) for c, n in zip(table.columns, longest, strict=True))
    line, ink = rgb(brand.tint("secondary", 0.28)), rgb(brand.color("foreground"))
    return (
        f"#[#set text(size: {_typst_size(table.columns, longest)}pt)\n"
        "#set par(leading: 0.45em, justify: false)\n"
        f"#table(columns: ({widths},), align: ({sides},), inset: (x: 4pt, y: 5pt),\n"
        f"  stroke: (x, y) => (bottom: if y == 0 {{ 0.9pt + {ink} }} else {{ 0.4pt + {line} }}),\n"
        f"  table.header({header}),\n{_typst_rows(table)})]"
    )


def _typst_rows(table: Table) -> str:
    cells = [
        [
            _typst_cell(table, column, *cell)
            for cell in zip(
                table.frame[column.name].to_list(),
                table.texts(column),
                table.details(column),
                strict=True,
            )
        ]
        for column in table.columns
    ]
    lines = [", ".join(row) + "," for row in zip(*cells, strict=True)]
    if not table.group:
        return "\n".join(lines)
    heads = table.frame[table.group].to_list()
    fill, span = rgb(table.brand.color("light")), len(table.columns)
    return "\n".join(
        (
            f"table.cell(colspan: {span}, fill: {fill}, align: left, breakable: false)"
            f"[#strong({escape.typst_string(head)})],\n{line}"
            if i == 0 or head != heads[i - 1]
            else line
        )
        for i, (head, line) in enumerate(zip(heads, lines, strict=True))
    )


def _typst_cell(table: Table, column: Column, value: Any, text: str, detail: str) -> str:
    brand = table.brand
    below = (
        f" \\ #text(size: 0.85em, fill: {rgb(brand.color('secondary'))})"
        f"[{escape.typst(escape.breakable(detail))}]"
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
    if not column.flexible:
        return f"[{escape.typst(text)}{below}]"
    # Text that may wrap: long words get places to break, set in a fixed pitch where they are codes.
    shown = escape.typst(escape.breakable(text))
    return (
        f"[#raw({escape.typst_string(escape.breakable(text))}){below}]"
        if column.mono
        else f"[{shown}{below}]"
    )


def _typst_label(column: Column, longest: int) -> str:
    lines = (
        [column.label]
        if column.flexible
        else textwrap.wrap(
            column.label, max(longest, 9), break_long_words=False, break_on_hyphens=False
        )
    )
    words = " \\ ".join(escape.typst(line) for line in lines)
    return f"[#text(size: 0.92em, weight: 600)[{words}]]"


def _typst_size(columns: tuple[Column, ...], longest: list[int]) -> float:
    needed = sum(
        min(n, _TEXT_CHARACTERS) if c.flexible else n + _GAP_CHARACTERS
        for c, n in zip(columns, longest, strict=True)
    )
    return round(max(_SMALLEST, min(_SIZE, _SIZE * _LINE_CHARACTERS / max(needed, 1))), 2)
