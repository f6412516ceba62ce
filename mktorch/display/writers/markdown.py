"""Blocks as Markdown that a terminal or a mail can show; text from the data does nothing in it."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import polars as pl
from rich.cells import cell_len

from mktorch.display.block import Stack
from mktorch.display.charts import Drawing
from mktorch.display.nodes import Linked, Mark, Node, Noted, Numbered
from mktorch.display.page import Masthead
from mktorch.display.sparkline import Sparkline
from mktorch.display.tables import Column, Grid, Table
from mktorch.display.ways import Navigation
from mktorch.display.writers.forms import Form, filled
from mktorch.narrative import markdown
from mktorch.narrative.markdown import inert

_BLOCKS, _LINES, _WORDS = Form(join="\n\n"), Form(join="\n"), Form(join=" ")
_IN, _LABEL, _STRONG = Form(), Form("{}:"), Form("**{}**", " ")
_NONE = Form("", text=lambda _: "")
FORMS = {
    # What every table, chart and panel wears.
    "table": _BLOCKS,
    "chart": _BLOCKS,
    "panel": _BLOCKS,
    "finding": _STRONG,
    "subtitle": _IN,
    "fold": _BLOCKS,
    "fold-name": _NONE,
    "notes": _BLOCKS,
    "note": _IN,
    "paper-note": _IN,
    "chart-source": _NONE,
    # Words.
    "words": _IN,
    "number": _IN,
    "name": _IN,
    "code": _IN,
    "small": Form("({})"),
    "detail": _IN,
    "nothing": _IN,
    "unavailable": _IN,
    "prose": _BLOCKS,
    "paragraph": _IN,
    "aside": _IN,
    # The lead of a page.
    "lead": _BLOCKS,
    "judged": _BLOCKS,
    "verdict": _STRONG,
    "opening": _IN,
    "sentence": _IN,
    "points": _LINES,
    "point": _IN,
    # Cards of one value.
    "cards": _LINES,
    "card": _WORDS,
    "label": _LABEL,
    "row": _IN,
    "row-line": _IN,
    "value": _STRONG,
    "below": Form(join="; "),
    "status": _IN,
    "change": _IN,
    # Readouts: a card with its parts, their figures and checks.
    "readouts": _BLOCKS,
    "readouts-wide": _BLOCKS,
    "readout": _BLOCKS,
    "readout-folded": _BLOCKS,
    "readout-head": _BLOCKS,
    "readout-gist": Form("", void=""),
    "readout-name": Form("### {}"),
    "readout-about": _IN,
    "part": _BLOCKS,
    "part-head": Form(join=": "),
    "part-name": _STRONG,
    "badges": Form(join=", "),
    "badge": _IN,
    "part-body": _LINES,
    "part-body-wide": _LINES,
    "readings": _LINES,
    "reading": _WORDS,
    "reading-label": _LABEL,
    "reading-said": _WORDS,
    "reading-value": _IN,
    "checks": _LINES,
    "checks-wide": _LINES,
    "check-heads": _NONE,
    "check-head": _NONE,
    "check-rows": _LINES,
    "check": Form(join="; "),
    "check-name": _WORDS,
    "check-found": Form("found {}", " "),
    "check-needed": Form("needed {}"),
    "check-note": Form("({})"),
    "check-note-wide": Form("({})"),
    "shape": _IN,
    "outcome": _IN,
    "together": _IN,
    "lines": _LINES,
    "line": _WORDS,
    "line-label": _LABEL,
    "line-text": _IN,
    # The contents of a pack.
    "contents": _BLOCKS,
    "group": _BLOCKS,
    "group-name": _STRONG,
    "group-entries": _LINES,
    "group-entry": Form(join=": "),
    "entry-name": _IN,
    "entry-about": _WORDS,
    "entry-files": _NONE,
    "entry-file": _NONE,
    # The appendix of sources.
    "sources": _BLOCKS,
    "sources-brief": _BLOCKS,
    "source-brief": _IN,
    "source-lines-brief": _WORDS,
    "source-places": _NONE,
    "sources-of": _STRONG,
    "sources-entries": _LINES,
    "source": _IN,
    "source-said": _WORDS,
    "source-name": _LABEL,
    "source-lines": _WORDS,
    "source-first": _IN,
    "source-rest": _WORDS,
    "source-line": _IN,
}
# Roles that are a paragraph, or an item of a list, in lines of a terminal's width.
_PARAGRAPHS = frozenset(
    (
        *("finding", "subtitle", "note", "paper-note", "nothing", "unavailable", "paragraph"),
        *("aside", "verdict", "sentence", "readout-about", "part-head", "group-name", "sources-of"),
    )
)
_ITEMS = frozenset(
    ("point", "card", "reading", "check", "line", "group-entry", "source", "source-brief")
)


@singledispatch
def write(part: Any) -> str:
    """A block, a node or a leaf as Markdown; without a form of its own it is what it is made of."""
    return write(part.tree())


@write.register
def _(part: Node) -> str:
    return _broken(part.role, filled(part, FORMS[part.role], write, _within))


@write.register
def _(part: Mark) -> str:
    words = inert(f"{part.status.tone.shape} {part.status.word}")
    return _broken(part.role, FORMS[part.role].frame.format(words))


@write.register
def _(part: Linked) -> str:
    return write(part.of)


@write.register(Noted)
@write.register(Numbered)
@write.register(Sparkline)
@write.register(Navigation)
def _(_part: Noted | Numbered | Sparkline | Navigation) -> str:
    return ""


@write.register
def _(part: Stack) -> str:
    return "\n\n".join(map(write, part.blocks))


@write.register
def _(part: Drawing) -> str:
    """A chart in words."""
    return markdown.wrapped(inert(part.chart.alt))


@write.register
def _(part: Masthead) -> str:
    return markdown.wrapped(inert(" · ".join(filter(None, (part.company, *part.facts)))))


@write.register
def _(part: Grid) -> str:
    """A table where a terminal has the width, else an item for each row."""
    table = part.table
    heads = [
        markdown.Column(column.name, column.label, right=column.side == "right")
        for column in table.columns
    ]
    texts = {column.name: _cells(table, column) for column in table.columns}
    if table.group and table.group not in texts:
        heads.insert(0, markdown.Column(table.group, table.group.replace("_", " ").capitalize()))
        texts[table.group] = [str(head) for head in table.frame[table.group]]
    frame = pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String))
    made = markdown.table(frame, heads, table.locale)
    if max(map(cell_len, made.splitlines())) <= markdown.WIDTH:
        return made
    first = table.heading.name
    return markdown.bullets(
        f"{_closed(inert(row[first]))} "
        + "; ".join(
            f"{inert(head.label)}: {inert(row[head.name])}" for head in heads if head.name != first
        )
        for row in frame.iter_rows(named=True)
    )


def _closed(text: str) -> str:
    return text if text.endswith((".", "?", "!", "…")) else f"{text}."


def _within(text: str) -> str:
    """A part of a sentence: inert, with the spaces that part it from its neighbours."""
    before, after = text[: len(text) - len(text.lstrip(" "))], text[len(text.rstrip(" ")) :]
    return before[:1] + inert(text) + after[:1] if text.strip(" ") else text[:1]


def _cells(table: Table, column: Column) -> list[str]:
    """A column's texts, each with the small text that stands under it elsewhere."""
    return [
        f"{text} ({detail})" if detail else text
        for text, detail in zip(table.texts(column), table.details(column), strict=True)
    ]


def _broken(role: str, text: str) -> str:
    if role in _ITEMS:
        return markdown.wrapped(text, "- ", "  ") if text else ""
    return markdown.wrapped(text) if role in _PARAGRAPHS and text else text
