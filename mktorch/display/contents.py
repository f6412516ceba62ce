"""What a pack holds: its documents by name, each with its files, and a word on what is in them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from mktorch.display.block import Block
from mktorch.display.nodes import Mark, Node, node
from mktorch.display.status import Status

EXPORTS = "exports"  # the folder of a pack that holds its tables as files
BY_CAMPAIGN = "-by-campaign"  # ends the name of an export that holds a table of each deep dive
WORKBOOK = f"{EXPORTS}/tables.xlsx"
SOURCES = f"{EXPORTS}/sources.csv"


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing of the pack; `files` are the words a link bears and the file it leads to."""

    name: str
    detail: str = ""
    status: Status | None = None
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Group:
    """Entries under one heading, and what there is more of."""

    heading: str
    entries: tuple[Item, ...]
    more: str = ""


@dataclass(frozen=True, kw_only=True)
class Contents(Block):
    """The pack's contents. Only files in `present` are linked; paper has no links."""

    groups: tuple[Group, ...]
    present: Collection[str]

    def tree(self) -> Node:
        return node("contents", *map(self._group, self.groups))

    def _group(self, group: Group) -> Node:
        entries = node("group-entries", *map(self._entry, group.entries))
        more = Node("note", group.more) if group.more else None
        return node("group", Node("group-name", group.heading), entries, more)

    def _entry(self, item: Item) -> Node:
        links = (
            Node("entry-file", word, {"href": file, "aria_label": f"{item.name}, {word}"})
            for word, file in item.files
            if file in self.present
        )
        status = Mark("badge", item.status) if item.status else None
        return node(
            "group-entry",
            Node("entry-name", item.name),
            node("entry-about", status, Node("name", item.detail)),
            node("entry-files", *links),
        )
