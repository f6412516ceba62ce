"""The appendix "Sources of the figures": where each figure of a document comes from."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from mktorch.display import trace
from mktorch.display.block import Block
from mktorch.display.nodes import Node, Numbered, folded, node
from mktorch.display.trace import Entry
from mktorch.runs import Run
from mktorch.tables import Definition


@dataclass(frozen=True, kw_only=True)
class Sources(Block):
    """One entry per block and column: definition, table and rows, what it is made of, settings.

    In HTML a figure's link leads here and the entry links back; in PDF the note at a column's
    head, a card's or a chart's title bears the entry's number. On paper a `brief` appendix says
    only which tables and columns an entry is from; on the page it says all.
    """

    run: Run
    entries: tuple[Entry, ...]
    brief: bool = False

    def tree(self) -> Node:
        if not self.entries:
            return Node("nothing", "This document shows no figure.")
        parts: list[Node] = []
        for block, entries in groupby(self.entries, key=lambda entry: entry.block):
            parts += (
                Node("sources-of", _title(block)),
                node("sources-entries", *map(self._entry, entries)),
            )
        whole = node(self._role("sources"), *parts)
        return folded(f"Show the {len(self.entries):,} entries", whole)

    def _role(self, role: str) -> str:
        return f"{role}-brief" if self.brief else role

    def _entry(self, entry: Entry) -> Node:
        first, *rest = lines_of(self.run, entry)
        name = Node("source-name", entry.label, {"href": f"#{entry.figures[0].anchor}"})
        more = node("source-rest", *(Node("source-line", line) for line in rest))
        lines = node(self._role("source-lines"), Node("source-first", first), more)
        said = node("source-said", name, self._places(entry), lines)
        return node(self._role("source"), Numbered(entry), said, id=entry.anchor)

    def _places(self, entry: Entry) -> Node | None:
        """The tables and columns of an entry, which a brief appendix shows on paper."""
        if not self.brief:
            return None
        named = (
            f"{table}.{column}" if table else trace.sources(each)
            for table, column, each in entry.defined
        )
        return Node("source-places", "; ".join(dict.fromkeys(named)))


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


def _title(block: str) -> str:
    """A block's id as a heading.

    >>> _title("roi-by-campaign")
    'Roi by campaign'
    """
    return block.replace("-", " ").capitalize()
