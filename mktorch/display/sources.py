"""The appendix "Sources of the figures": where each figure of a document comes from."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from mktorch.display import escape, trace
from mktorch.display.block import Block
from mktorch.display.brand import load_brand
from mktorch.display.shell import rgb
from mktorch.display.trace import Entry
from mktorch.runs import Run
from mktorch.tables import Definition

COUNTER = 'counter("mk-source")'


@dataclass(frozen=True, kw_only=True)
class Sources(Block):
    """One entry per block and column: definition, table and rows, what it is made of, settings.

    In HTML a figure's link leads here and the entry links back; in PDF the note at a column's
    head, a card's or a chart's title bears the entry's number.
    """

    run: Run
    entries: tuple[Entry, ...]

    def html(self) -> str:
        if not self.entries:
            return '<p class="mk-empty">This document shows no figure.</p>'
        blocks = groupby(self.entries, key=lambda entry: entry.block)
        return (
            '<div class="mk-sources">'
            + "".join(
                f'<p class="mk-sources-of">{escape.html(_title(block))}</p>'
                f"<dl>{''.join(self._html(entry) for entry in group)}</dl>"
                for block, group in blocks
            )
            + "</div>"
        )

    def typst(self) -> str:
        if not self.entries:
            return f"#{escape.typst_string('This document shows no figure.')}"
        muted = rgb(load_brand().color("secondary"))
        blocks = groupby(self.entries, key=lambda entry: entry.block)
        return (
            "#[#set text(size: 7.5pt)\n#set par(leading: 0.45em, justify: false)\n"
            + "".join(
                f"#block(above: 9pt, below: 4pt, sticky: true)[#text(weight: 600, size: 8.5pt)"
                f"[{escape.typst_prose(_title(block))}]]\n"
                + "".join(self._typst(entry, muted) for entry in group)
                for block, group in blocks
            )
            + "]"
        )

    def _html(self, entry: Entry) -> str:
        back = escape.html(entry.figures[0].anchor)
        lines = "".join(f"<p>{escape.html(line)}</p>" for line in lines_of(self.run, entry))
        return (
            f'<div class="mk-source" id="{escape.html(entry.anchor)}">'
            f'<dt><a href="#{back}"><bdi>{escape.html(entry.label)}</bdi></a></dt>'
            f"<dd>{lines}</dd></div>"
        )

    def _typst(self, entry: Entry, muted: str) -> str:
        first, *rest = lines_of(self.run, entry)
        small = " ".join(escape.typst_prose(line) for line in rest)
        number = f"#{COUNTER}.step()#context {COUNTER}.display()"
        return (
            f"#grid(columns: (7mm, 1fr), inset: (y: 1.5pt), "
            f"[#text(fill: {muted})[{number}]#metadata(none)#label({_label(entry)})],\n"
            f"[#strong[{escape.typst_prose(entry.label)}]: {escape.typst_prose(first)}"
            + (f" \\\n#text(fill: {muted})[{small}]" if small else "")
            + "])\n"
        )


def lines_of(run: Run, entry: Entry) -> list[str]:
    """An entry in sentences: definition; table and rows; what it is made of; settings."""
    lines = []
    for table, column, each in entry.defined:
        unit = trace.unit(run, each)
        lines.append(f"{each.words}." + (f" Unit: {unit}." if unit else ""))
        made = trace.sources(each)
        if table:
            rows = trace.rows(entry)
            lines.append(f"From {table}.{column}" + (f", {rows}." if rows else "."))
        if made:
            lines.append(f"Made of {made}.")
        lines.extend(f"{setting}." for setting in [_settings(run, each)] if setting)
    return lines


def _settings(run: Run, each: Definition) -> str:
    found = trace.settings(run, each)
    return f"Settings: {'; '.join(map(str, found))}" if found else ""


def note(*entries: Entry) -> str:
    """Typst markup of the small number that leads to an entry, of several the first and last.

    It shows nothing in a document without the appendix.
    """
    if not entries:
        return ""
    ends = entries if len(entries) == 1 else (entries[0], entries[-1])
    numbers = "; [\u2013]; ".join(
        f"link({place}, str({COUNTER}.at({place}).first()))"
        for place in (f"locate(label({_label(entry)}))" for entry in ends)
    )
    return f"#context if query(label({_label(ends[0])})).len() > 0 {{super({{{numbers}}})}}"


def link(entry: Entry, anchor: str, shown: str) -> str:
    """HTML of a figure that leads to its entry; `shown` is HTML already."""
    return (
        f'<a class="mk-figure" id="{escape.html(anchor)}" '
        f'href="#{escape.html(entry.anchor)}">{shown}</a>'
    )


def _label(entry: Entry) -> str:
    return escape.typst_string(entry.anchor)


def _title(block: str) -> str:
    """A block's id as a heading.

    >>> _title("roi-by-campaign")
    'Roi by campaign'
    """
    return block.replace("-", " ").capitalize()
