"""The parts of a report's first page: masthead, lead sentence, big values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

from mktorch.display import escape, trace
from mktorch.display.block import Block
from mktorch.display.brand import Brand
from mktorch.display.nodes import Mark, Node, Noted, framed, node, noted, shown
from mktorch.display.sparkline import Sparkline
from mktorch.display.status import Status, Tone
from mktorch.display.trace import Entry, Figure


@dataclass(frozen=True, kw_only=True)
class Masthead(Block):
    """Whose report this is, of what and as of when; brings the brand's colours to the page."""

    company: str
    facts: tuple[str, ...]
    brand: Brand


@dataclass(frozen=True, kw_only=True)
class Card:
    """One big value: what it is, how it reads, how it moved, what it means, where it is from.

    `change` says by its own word which way the value went and whether that is good. `source` names
    the run's `table.column` and `where` the row of it, column by column.
    """

    label: str
    value: str
    detail: str = ""
    status: Status | None = None
    change: Status | None = None
    line: Sparkline | None = None
    id: str = ""
    source: str = ""
    where: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Cards(Block):
    """Rows of cards; with a `title` they state a finding, as tables and charts do.

    A card's figure has the id `<id of the cards>.<id of the card, default its label>`.
    """

    cards: tuple[Card, ...]
    id: str = "cards"
    title: str = ""
    notes: tuple[str, ...] = ()
    links: bool = False
    campaign: str = ""

    def linked(self, campaign: str = "") -> Self:
        return replace(self, links=True, campaign=campaign)

    def figures(self) -> tuple[Figure, ...]:
        return tuple(_figure(self.id, card, self.campaign) for card in self.cards if card.source)

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """The entry of the appendix that each figure's id leads to; none where nothing links."""
        made = trace.entries(self.figures()) if self.links else []
        return {figure.id: entry for entry in made for figure in entry.figures}

    def tree(self) -> Node:
        columns = min(len(self.cards), 3)
        body = Node("cards", tuple(map(self._card, self.cards)), columns=columns)
        if not self.title:
            return body
        return framed("panel", f"{self.id}-block", self.title, "", (body,), self.notes)

    def _card(self, card: Card) -> Node:
        entry = self._entry(card)
        said = {"data_source": card.source} if card.source and not entry else {}
        value = Node("value", (shown("number", card.value, entry),), said)
        return node(
            "card",
            node("label", Node("words", card.label), noted(entry)),
            node("row-line", value, card.line) if card.line else node("row", value),
            node(
                "below",
                Mark("status", card.status) if card.status else None,
                Node("change", card.change.word, tone=card.change.tone) if card.change else None,
                Node("detail", card.detail),
            ),
        )

    def _entry(self, card: Card) -> Entry | None:
        return self.entries.get(_figure(self.id, card, self.campaign).id)


@dataclass(frozen=True, kw_only=True)
class Notice(Cards):
    """A sentence with a status, whose figures are the cards; nothing where there is no sentence."""

    sentence: str = ""
    status: Status | None = None

    def tree(self) -> Node:
        if not self.sentence:
            return node("together")
        parts, entries, rest = [], [], self.sentence
        for card in self.cards:
            before, found, after = rest.partition(card.value)
            if found:
                entry = self._entry(card)
                parts += [Node("words", before), shown("number", found, entry)]
                entries += [entry] if entry else []
                rest = after
        mark = Mark("status", self.status) if self.status else None
        # At the end: a small number after a figure reads as a part of it.
        notes = Noted(tuple(entries)) if entries else None
        words = node("paragraph", *parts, Node("words", rest), notes)
        return node("judged", mark, words, tone=self.status.tone if self.status else Tone.NONE)


@dataclass(frozen=True, kw_only=True)
class Lead(Block):
    """The answer in one sentence, under its verdict where there is one, then what follows."""

    sentence: str
    points: tuple[str, ...] = ()
    status: Status | None = None

    def tree(self) -> Node:
        sentence = Node("sentence", self.sentence)
        points = node("points", *(Node("point", point) for point in self.points))
        if self.status is None:
            return node("lead", node("opening", sentence), points)
        tone = self.status.tone
        return node("judged", Mark("verdict", self.status), sentence, points, tone=tone)


@dataclass(frozen=True, kw_only=True)
class Prose(Block):
    """Paragraphs of running text, and in small who or what wrote them."""

    paragraphs: tuple[str, ...]
    note: str = ""

    def tree(self) -> Node:
        text = (Node("paragraph", paragraph) for paragraph in self.paragraphs)
        return node("prose", *text, Node("aside", self.note) if self.note else None)


@dataclass(frozen=True, kw_only=True)
class Unavailable(Block):
    """In place of a block whose tables the run does not hold: which, and why."""

    reason: str

    def tree(self) -> Node:
        return Node("unavailable", self.reason)


def _figure(block: str, card: Card, campaign: str) -> Figure:
    """The card's figure; a card of several columns is defined by the block itself."""
    name = card.id or escape.slug(card.label)
    origin = card.source if "." in card.source else f"{card.source}.{name}"
    return Figure(
        id=trace.address(block, name, campaign=campaign),
        block=block,
        column=name,
        label=card.label,
        text=card.value,
        defined=trace.find(block, origin, name, next(iter(card.where.values()), "")),
        row=card.where,
    )
