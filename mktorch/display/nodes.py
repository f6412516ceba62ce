"""What blocks are made of: words in a role, figures that lead to their source, what frames them.

A node names the role of what it holds, never how that looks: each writer has one form per role.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mktorch.display.status import Status, Tone

if TYPE_CHECKING:
    from mktorch.display.trace import Entry

Part = Any
"""A node, a leaf below, or a block."""


@dataclass(frozen=True)
class Node:
    """Text from the data, or parts, in a role; `attributes` are what a web page says of it.

    `columns` is how many stand beside each other on paper, `whole` whether it stays on one page.
    """

    role: str
    of: str | tuple[Part, ...]
    attributes: Mapping[str, str] = field(default_factory=dict)
    tone: Tone | None = None
    columns: int = 1
    whole: bool = False


@dataclass(frozen=True)
class Mark:
    """A status as word, shape and colour."""

    role: str
    status: Status


@dataclass(frozen=True)
class Linked:
    """A figure that leads to its entry of the appendix, from the `anchor` that leads back."""

    of: Part
    entry: Entry
    anchor: str


@dataclass(frozen=True)
class Noted:
    """On paper, where nothing is clicked: the numbers of the appendix's entries."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Numbered:
    """The number of an entry, in the appendix itself."""

    entry: Entry


def node(role: str, *parts: Part, tone: Tone | None = None, **attributes: str) -> Node:
    """A node of the parts that are there."""
    return Node(role, tuple(part for part in parts if part is not None), attributes, tone)


def shown(role: str, text: str, entry: Entry | None, anchor: str = "") -> Part:
    """A figure's text in its role, linked where there is an entry for it."""
    words = Node(role, text)
    return Linked(words, entry, anchor or entry.figures[0].anchor) if entry else words


def noted(entry: Entry | None) -> Noted | None:
    return Noted((entry,)) if entry else None


def folded(words: str, *parts: Part) -> Node:
    """Parts that a page folds away until they are asked for; paper shows them as they are."""
    return node("fold", Node("fold-name", words), *parts)


def notes(texts: Iterable[Node]) -> Node:
    """The small lines below a table, a chart or a card."""
    return Node("notes", tuple(texts))


def framed(
    kind: str,
    anchor: str,
    title: str,
    subtitle: str,
    body: Iterable[Part],
    small: Iterable[str | Node],
    *,
    whole: bool = True,
    mark: Noted | None = None,
) -> Node:
    """What every table, chart and panel wears: the finding as its title above, notes below."""
    held = (
        node("finding", Node("words", title), mark),
        *((Node("subtitle", subtitle),) if subtitle else ()),
        *body,
        notes(Node("note", each) if isinstance(each, str) else each for each in small),
    )
    return Node(kind, held, {"id": anchor}, whole=whole)
