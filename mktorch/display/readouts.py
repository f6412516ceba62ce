"""Readouts: one card per judged thing, with its sides, its checks, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

from mktorch.display import escape, trace
from mktorch.display.block import Block
from mktorch.display.brand import Brand, load_brand
from mktorch.display.shell import rgb
from mktorch.display.sources import link, note
from mktorch.display.status import Status
from mktorch.display.trace import Entry, Figure

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

    def html(self) -> str:
        if not self.cards:
            return f'<p class="mk-empty">{escape.html(self.empty)}</p>'
        cards = "".join(_html_card(card, self) for card in self.cards)
        notes = "".join(f"<p>{escape.html(note)}</p>" for note in self.all_notes)
        title = f'<p class="mk-finding">{escape.html(self.title)}</p>'
        kind = "mk-readouts mk-wide" if self.wide else "mk-readouts"
        return f'<div class="{kind}">{title}{cards}<div class="mk-notes">{notes}</div></div>'

    def typst(self) -> str:
        if not self.cards:
            return f"#{escape.typst_string(self.empty)}"
        brand = load_brand()
        notes = " \\\n".join(map(escape.typst_prose, self.all_notes))
        below = (
            "#block(above: 6pt)[#set par(leading: 0.5em, justify: false)\n"
            f"#text(size: 7.5pt, fill: {rgb(brand.color('secondary'))})[{notes}]]"
        )
        cards = (_typst_card(card, self, brand) for card in self.cards)
        title = (
            "#block(below: 7pt, sticky: true)[#text(size: 10.5pt, weight: 600)"
            f"[{escape.typst_prose(self.title)}]]"
        )
        return "\n".join((title, *cards, below))


def _html_card(card: Readout, among: Readouts) -> str:
    anchor = escape.html(card.id)
    parts = "".join(_html_part(part, among) for part in card.parts)
    return (
        f'<section class="mk-readout" id="{anchor}" aria-labelledby="{anchor}-name">'
        f'<h3 id="{anchor}-name"><bdi>{escape.html(card.heading)}</bdi></h3>'
        f'<p class="mk-subtitle"><bdi>{escape.html(card.subtitle)}</bdi></p>{parts}</section>'
    )


def _html_part(part: Part, among: Readouts) -> str:
    badges = " ".join(map(_html_badge, part.statuses))
    figures = "".join(_html_reading(reading, among) for reading in part.readings)
    rows = "".join(_html_check(check, among) for check in part.checks)
    table = (
        f'<table class="mk-checks"><thead><tr><th scope="col">{escape.html(among.checks)}</th>'
        '<th scope="col">Found</th><th scope="col">Needed</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
        if rows
        else ""
    )
    shown = f'<dl class="mk-figures">{figures}</dl>' if figures else ""
    lines = "".join(
        f"<div><dt>{escape.html(label)}</dt><dd><bdi>{escape.html(text)}</bdi></dd></div>"
        for label, text in part.lines
    )
    return (
        f'<div class="mk-part"><p class="mk-part-name"><bdi>{escape.html(part.name)}</bdi> '
        f'<span class="mk-badges">{badges}</span></p>'
        f'<div class="mk-part-body">{shown}{table}</div><dl class="mk-lines">{lines}</dl></div>'
    )


def _html_badge(status: Status) -> str:
    tone = status.tone
    return (
        f'<span class="mk-status mk-{tone.name.lower()}"><span aria-hidden="true">{tone.shape}'
        f"</span> {escape.html(status.word)}</span>"
    )


def _html_value(one: Reading | Check, among: Readouts) -> str:
    """The value, leading to its entry of the appendix where there is one."""
    found, words = among.entry(one), escape.html(one.value)
    return link(*found, words) if found else words


def _html_reading(reading: Reading, among: Readouts) -> str:
    detail = (
        f'<span class="mk-detail">{escape.html(reading.detail)}</span>' if reading.detail else ""
    )
    return (
        f"<div><dt><bdi>{escape.html(reading.label)}</bdi></dt>"
        f'<dd><span class="mk-value">{_html_value(reading, among)}</span>{detail}</dd></div>'
    )


def _html_check(check: Check, among: Readouts) -> str:
    tone = check.status.tone
    below = f'<span class="mk-detail">{escape.html(check.note)}</span>' if check.note else ""
    return (
        f'<tr><th scope="row"><span class="mk-shape mk-{tone.name.lower()}" aria-hidden="true">'
        f"{tone.shape}</span> {escape.html(check.name)} "
        f'<span class="mk-outcome">{escape.html(check.status.word.lower())}</span></th>'
        f"<td>{_html_value(check, among)}{below}</td>"
        f"<td>{escape.html(check.threshold)}</td></tr>"
    )


def _typst_card(card: Readout, among: Readouts, brand: Brand) -> str:
    muted, line = rgb(brand.color("secondary")), rgb(brand.tint("secondary", 0.28))
    parts = "\n".join(_typst_part(part, among, brand) for part in card.parts)
    whole = str(len(card.parts) > _TOGETHER).lower()
    return (
        f"#block(width: 100%, breakable: {whole}, above: 9pt, below: 9pt, inset: 9pt,\n"
        f"stroke: (top: 2pt + {rgb(brand.color('primary'))}, rest: 0.6pt + {line}))[\n"
        "#set par(leading: 0.45em, spacing: 0.6em, justify: false)\n#set text(size: 8.5pt)\n"
        "#block(sticky: true, below: 4pt)["
        f"#heading(level: 3, outlined: false, bookmarked: true)[{_breaks(card.heading)}]]\n"
        f"#block(sticky: true, below: 6pt)[#text(fill: {muted})"
        f"[{escape.typst_prose(card.subtitle)}]]\n{parts}]"
    )


def _typst_part(part: Part, among: Readouts, brand: Brand) -> str:
    muted, line = rgb(brand.color("secondary")), rgb(brand.tint("secondary", 0.28))
    badges = " #h(4pt) ".join(_typst_badge(status, brand) for status in part.statuses)
    readings = ",\n".join(_typst_reading(reading, among, muted) for reading in part.readings)
    lines = ",\n".join(
        f"[#text(fill: {muted})[{escape.typst(label)}]], [{_breaks(text)}]"
        for label, text in part.lines
    )
    tracks, columns = ("(1fr,)", 4) if among.wide else ("(1fr, 1.35fr)", 2)
    body = (
        f"#grid(columns: {tracks}, column-gutter: 14pt, row-gutter: 7pt,\n"
        f"grid(columns: (1fr,) * {columns}, column-gutter: 8pt, row-gutter: 9pt,\n{readings}),\n"
        f"[{_typst_checks(part, among, brand)}])\n"
        if part.readings
        else ""
    )
    return (
        f"#block(width: 100%, breakable: false, inset: (top: 5pt), stroke: (top: 0.4pt + {line}))["
        "#grid(columns: (1fr, auto), column-gutter: 8pt, align: horizon,\n"
        f"[#text(weight: 600)[{_breaks(part.name)}]], [{badges}])\n{body}"
        "#set text(size: 8pt)\n"
        f"#grid(columns: (auto, 1fr), column-gutter: 8pt, row-gutter: 4pt,\n{lines})]"
    )


def _breaks(text: str) -> str:
    return escape.typst(escape.breakable(escape.clean(text)))


def _typst_badge(status: Status, brand: Brand) -> str:
    tone = status.tone
    return (
        f"#box(fill: {rgb(brand.tint(tone.color))}, inset: (x: 4pt, y: 1pt), "
        f"outset: (y: 2pt), radius: 5pt)[#text(size: 8pt, weight: 600, "
        f"fill: {rgb(brand.color(tone.color))})[{escape.typst(f'{tone.shape} {status.word}')}]]"
    )


def _typst_number(one: Reading | Check, among: Readouts) -> str:
    """The small number that leads to a figure's entry of the appendix."""
    found = among.entry(one)
    return note(found[0]) if found else ""


def _typst_reading(reading: Reading, among: Readouts, muted: str) -> str:
    detail = (
        f" \\\n#text(size: 7.5pt, fill: {muted})[{escape.typst_prose(reading.detail)}]"
        if reading.detail
        else ""
    )
    return (
        f"[#text(size: 7.5pt, fill: {muted})[{_breaks(reading.label)}"
        f"{_typst_number(reading, among)}] \\\n"
        f"#text(size: 13pt, weight: 600)[{escape.typst(reading.value)}]{detail}]"
    )


def _typst_checks(part: Part, among: Readouts, brand: Brand) -> str:
    if not part.checks:
        return ""
    muted, line = rgb(brand.color("secondary")), rgb(brand.tint("secondary", 0.28))
    heads = ", ".join(
        f"[#text(fill: {muted})[{escape.typst(name)}]]"
        for name in (among.checks, "Found", "Needed")
    )
    rows = "\n".join(_typst_check(check, among, muted, brand) for check in part.checks)
    tracks = "(1.4fr, 2fr, 2fr)" if among.wide else "(1.4fr, 1.3fr, 1fr)"
    return (
        "#set text(size: 7.5pt)\n"
        f"#table(columns: {tracks}, inset: (x: 2pt, y: 3pt), align: left,\n"
        f"stroke: (x, y) => (bottom: 0.4pt + {line}), table.header({heads}),\n{rows})"
    )


def _typst_check(check: Check, among: Readouts, muted: str, brand: Brand) -> str:
    tone = check.status.tone
    shape = f"#text(weight: 600, fill: {rgb(brand.color(tone.color))})[{escape.typst(tone.shape)}]"
    word = f" #text(fill: {muted})[{escape.typst(check.status.word.lower())}]"
    gap = "#h(6pt)" if among.wide else "\\ "
    below = f" {gap}#text(fill: {muted})[{_breaks(check.note)}]" if check.note else ""
    return (
        f"[{shape} {_breaks(check.name)}{_typst_number(check, among)}{word}], "
        f"[{_breaks(check.value)}{below}], [{_breaks(check.threshold)}],"
    )
