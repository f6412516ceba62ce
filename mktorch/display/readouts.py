"""Readouts: one card per judged thing, with its sides, its checks, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

from mktorch.display import trace
from mktorch.display.block import Block
from mktorch.display.nodes import Mark, Node, node, noted, notes, shown
from mktorch.display.nodes import Part as Piece
from mktorch.display.status import Status
from mktorch.display.trace import Entry, Figure

_OPEN = 3  # cards up to which a page shows each whole; of more it folds each under its head
_TOGETHER = 2  # parts of a card up to which it stays on one page; later ones break between parts


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One figure of a card: what it is, how it reads, what it rests on, where it comes from.

    `source` names the run's `table.column`; `where` its row, column by column. `key` tells it apart
    on the page where its row does not.
    """

    label: str
    value: str
    detail: str = ""
    source: str = ""
    where: Mapping[str, str] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check a card passed or not: its value against its threshold, and a note.

    `source`, `where` and `key` as for a `Reading`.
    """

    name: str
    status: Status
    value: str
    threshold: str
    note: str = ""
    source: str = ""
    where: Mapping[str, str] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What is judged on a card; `lines` are label and text, in reading order."""

    name: str
    statuses: tuple[Status, ...]
    readings: tuple[Reading, ...] = ()
    checks: tuple[Check, ...] = ()
    lines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Readout:
    """One card, with its parts one below the other; `id` is fit for HTML."""

    id: str
    heading: str
    subtitle: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True)
class Readouts(Block):
    """Cards one below the other; a card of few parts is never split over two pages.

    `checks` heads the column of checks; `wide` gives them the whole width, below the figures.
    `empty` stands where there is no card.
    """

    id: str
    cards: tuple[Readout, ...]
    title: str
    checks: str = "Checks"
    wide: bool = False
    links: bool = False
    campaign: str = ""
    notes: tuple[str, ...] = ()
    source: str = ""
    empty: str = "Nothing to show."

    @property
    def all_notes(self) -> tuple[str, ...]:
        return (*self.notes, *((f"Source: {self.source}.",) if self.source else ()))

    def linked(self, campaign: str = "") -> Self:
        return replace(self, links=True, campaign=campaign)

    def figures(self) -> tuple[Figure, ...]:
        shown: list[Reading | Check] = []
        for part in (part for card in self.cards for part in card.parts):
            shown += (*part.readings, *part.checks)
        return tuple(self._figure(one) for one in shown if one.source)

    def entry(self, one: Reading | Check) -> tuple[Entry, str] | None:
        """The appendix's entry that a figure leads to, and the figure's own anchor."""
        if not one.source:
            return None
        figure = self._figure(one)
        entry = self._entries.get(figure.id)
        return (entry, figure.anchor) if entry else None

    @cached_property
    def _entries(self) -> dict[str, Entry]:
        made = trace.entries(self.figures()) if self.links else []
        return {figure.id: entry for entry in made for figure in entry.figures}

    def _figure(self, one: Reading | Check) -> Figure:
        column = one.source.rpartition(".")[2]
        return Figure(
            id=trace.address(
                self.id,
                column,
                *([one.key] if one.key else one.where.values()),
                campaign=self.campaign,
            ),
            block=self.id,
            column=one.source,
            label=one.name if isinstance(one, Check) else one.label,
            text=one.value,
            defined=trace.find(self.id, one.source, column),
            row=one.where,
        )

    def tree(self) -> Node:
        if not self.cards:
            return Node("nothing", self.empty)
        small = notes(Node("note", each) for each in self.all_notes)
        title = node("finding", Node("words", self.title))
        return node(self._wide("readouts"), title, *map(self._card, self.cards), small)

    def _wide(self, role: str) -> str:
        return f"{role}-wide" if self.wide else role

    def _card(self, card: Readout) -> Node:
        folds = len(self.cards) > _OPEN
        statuses = dict.fromkeys(part.statuses[0] for part in card.parts if part.statuses)
        head = (
            Node("readout-name", card.heading, {"id": f"{card.id}-name"}),
            node("readout-gist", *(Mark("badge", status) for status in statuses)),
            Node("readout-about", card.subtitle),
        )
        held = (
            *((node("readout-head", *head),) if folds else (head[0], head[2])),
            *map(self._part, card.parts),
        )
        named = {"id": card.id, "aria_labelledby": f"{card.id}-name"}
        role = "readout-folded" if folds else "readout"
        return Node(role, held, named, whole=len(card.parts) <= _TOGETHER)

    def _part(self, part: Part) -> Node:
        badges = node("badges", *(Mark("badge", status) for status in part.statuses))
        readings = tuple(map(self._reading, part.readings))
        columns = 4 if self.wide else 2
        body = (Node("readings", readings, columns=columns), self._checks(part.checks))
        lines = (
            node("line", Node("line-label", label), Node("line-text", text))
            for label, text in part.lines
        )
        return node(
            "part",
            node("part-head", Node("part-name", part.name), badges),
            node(self._wide("part-body"), *(body if part.readings or part.checks else ())),
            node("lines", *lines),
        )

    def _value(self, role: str, one: Reading | Check) -> Piece:
        entry = self.entry(one)
        return shown(role, one.value, *(entry or (None,)))

    def _noted(self, role: str, text: str, one: Reading | Check) -> tuple[Piece, ...]:
        """A figure's name and, on paper, the small number that leads to its entry."""
        entry = self.entry(one)
        return (Node(role, text), *((noted(entry[0]),) if entry else ()))

    def _reading(self, reading: Reading) -> Node:
        value = node("reading-value", self._value("number", reading))
        detail = Node("small", reading.detail) if reading.detail else None
        return node(
            "reading",
            node("reading-label", *self._noted("name", reading.label, reading)),
            node("reading-said", value, detail),
        )

    def _checks(self, checks: tuple[Check, ...]) -> Node:
        heads = (Node("check-head", name) for name in (self.checks, "Found", "Needed"))
        held = (node("check-heads", *heads), node("check-rows", *map(self._check, checks)))
        return node(self._wide("checks"), *(held if checks else ()))

    def _check(self, check: Check) -> Node:
        tone = check.status.tone
        note = Node(self._wide("check-note"), check.note) if check.note else None
        return node(
            "check",
            node(
                "check-name",
                Node("shape", tone.shape, tone=tone),
                node("together", *self._noted("code", check.name, check)),
                Node("outcome", check.status.word.lower()),
            ),
            node("check-found", self._value("code", check), note),
            node("check-needed", Node("code", check.threshold)),
        )
