"""The parts of a report's first page: masthead, lead sentence, big values."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

from mktorch.display import escape, trace
from mktorch.display.block import Block
from mktorch.display.brand import Brand, load_brand
from mktorch.display.fonts import font_faces
from mktorch.display.shell import html_shell, rgb, typst_shell
from mktorch.display.sources import link, note
from mktorch.display.sparkline import Sparkline
from mktorch.display.status import Status
from mktorch.display.trace import Entry, Figure

_MEDIA = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


@dataclass(frozen=True, kw_only=True)
class Masthead(Block):
    """Whose report this is, of what and as of when; brings the brand's colours to the page."""

    company: str
    facts: tuple[str, ...]
    brand: Brand

    def html(self) -> str:
        facts = "".join(f"<li><bdi>{escape.html(fact)}</bdi></li>" for fact in self.facts)
        company = (
            f'<p class="mk-company"><bdi>{escape.html(self.company)}</bdi></p>'
            if self.company
            else ""
        )
        line = self.brand.confidentiality
        secret = f'<p class="mk-confidential">{escape.html(line)}</p>' if line else ""
        return (
            f"<style>{font_faces(self.brand.font, self.brand.page_fonts)}{self.brand.css}</style>"
            f'<div class="mk-masthead">{self._logo_html()}<div>{company}'
            f'<ul class="mk-facts">{facts}</ul>{secret}</div></div>'
        )

    def typst(self) -> str:
        facts = " #h(3pt)·#h(3pt) ".join(escape.typst_prose(fact) for fact in self.facts)
        company = (
            f"#text(weight: 600)[{escape.typst_prose(self.company)}] \\\n" if self.company else ""
        )
        words = (
            f"#running-company.update({escape.typst_string(self.company)})\n"
            f"#running-line.update({escape.typst_string(self.brand.confidentiality)})\n"
            f"#block(above: 8pt, below: 4pt)[#text(size: 9pt, fill: "
            f"{rgb(self.brand.color('secondary'))})[{company}{facts}]]"
        )
        if self.brand.logo is None:
            return words
        return (
            "#grid(columns: (auto, 1fr), column-gutter: 12pt, align: (left + horizon),\n"
            f"[{self._logo_typst()}], [{words}])"
        )

    def _logo_html(self) -> str:
        logo = self.brand.logo
        if logo is None:
            return ""
        content = base64.b64encode(logo.read_bytes()).decode()
        alt = escape.html(self.brand.logo_alt or self.company)
        media = _MEDIA[logo.suffix.lower()]
        return f'<img class="mk-logo" alt="{alt}" src="data:{media};base64,{content}">'

    def _logo_typst(self) -> str:
        logo = self.brand.logo
        assert logo is not None
        content = ",".join(map(str, logo.read_bytes()))
        form = {".svg": "svg", ".png": "png"}.get(logo.suffix.lower(), "jpg")
        alt = escape.typst_string(self.brand.logo_alt or self.company or "Logo")
        return f'#image(bytes(({content},)), format: "{form}", height: 28pt, alt: {alt})'


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
    where: Mapping[str, str] = field(default_factory=dict)


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

    def html(self) -> str:
        brand = load_brand()
        cards = "".join(_html_card(card, brand, self._entry(card)) for card in self.cards)
        body = f'<div class="mk-cards">{cards}</div>'
        if not self.title:
            return body
        return html_shell("panel", f"{self.id}-block", self.title, "", body, self.notes)

    def typst(self) -> str:
        brand = load_brand()
        line = rgb(brand.tint("secondary", 0.28))
        cards = ",\n".join(_typst_card(card, brand, self._entry(card)) for card in self.cards)
        body = (
            "#block(above: 9pt, below: 9pt)[#set par(leading: 0.45em, spacing: 0.55em)\n"
            f"#grid(columns: (1fr,) * {min(len(self.cards), 3)}, gutter: 7pt, inset: 8pt,\n"
            f"stroke: (top: 2pt + {rgb(brand.color('primary'))}, rest: 0.6pt + {line}),\n{cards})]"
        )
        return typst_shell(brand, self.title, "", body, self.notes, False) if self.title else body

    def _entry(self, card: Card) -> Entry | None:
        return self.entries.get(_figure(self.id, card, self.campaign).id)


@dataclass(frozen=True, kw_only=True)
class Lead(Block):
    """The answer in one sentence, under its verdict where there is one, then what follows."""

    sentence: str
    points: tuple[str, ...] = ()
    status: Status | None = None

    def html(self) -> str:
        verdict, edge = "", ""
        if self.status:
            tone = self.status.tone
            edge = f" mk-edge mk-edge-{tone.name.lower()}"
            verdict = (
                f'<p class="mk-status mk-verdict mk-{tone.name.lower()}"><span aria-hidden="true">'
                f"{tone.shape}</span> {escape.html(self.status.word)}</p>"
            )
        points = "".join(f"<li>{escape.html_prose(point)}</li>" for point in self.points)
        return (
            f'<div class="mk-lead{edge}">{verdict}'
            f'<p class="mk-sentence">{escape.html_prose(self.sentence)}</p>'
            + (f"<ul>{points}</ul>" if points else "")
            + "</div>"
        )

    def typst(self) -> str:
        points = "\n".join(f"- {escape.typst_prose(point)}" for point in self.points)
        sentence = (
            "#block(above: 7pt, below: 8pt)[#set par(leading: 0.5em, justify: false)\n"
            f"#text(size: 13pt, weight: 600)[{escape.typst_prose(self.sentence)}]]"
        )
        if self.status is None:
            return f"#block(above: 14pt, below: 10pt)[{sentence}]\n{points}"
        brand, tone = load_brand(), self.status.tone
        ink = rgb(brand.color(tone.color))
        word = escape.typst(f"{tone.shape} {self.status.word}")
        return (
            "#block(width: 100%, above: 10pt, below: 12pt, breakable: false, "
            f"inset: (left: 10pt, y: 1pt), stroke: (left: 3pt + {ink}))["
            f"#box(fill: {rgb(brand.tint(tone.color))}, inset: (x: 6pt, y: 3.5pt), radius: 7pt)"
            f"[#text(size: 10pt, weight: 600, fill: {ink})[{word}]]\n"
            f"{sentence}\n{points}\n]"
        )


@dataclass(frozen=True, kw_only=True)
class Prose(Block):
    """Paragraphs of running text, and in small who or what wrote them."""

    paragraphs: tuple[str, ...]
    note: str = ""

    def html(self) -> str:
        text = "".join(f"<p>{escape.html_prose(paragraph)}</p>" for paragraph in self.paragraphs)
        note = f'<div class="mk-notes"><p>{escape.html(self.note)}</p></div>' if self.note else ""
        return f'<div class="mk-prose">{text}{note}</div>'

    def typst(self) -> str:
        text = "\n\n".join(escape.typst_prose(paragraph) for paragraph in self.paragraphs)
        fill = rgb(load_brand().color("secondary"))
        note = f"#text(size: 7.5pt, fill: {fill})[{escape.typst_prose(self.note)}]"
        return (
            "#block(above: 8pt, below: 8pt)[#set par(leading: 0.55em, spacing: 0.7em)\n"
            f"#set text(size: 9pt)\n{text}\n\n{note if self.note else ''}]"
        )


@dataclass(frozen=True, kw_only=True)
class Unavailable(Block):
    """In place of a block whose tables the run does not hold: which, and why."""

    reason: str

    def html(self) -> str:
        return f'<p class="mk-empty">{escape.html(self.reason)}</p>'

    def typst(self) -> str:
        # Bare text: a block alone within a float would be tagged as a picture without a name.
        ink = rgb(load_brand().color("secondary"))
        return f"#text(fill: {ink})[{escape.typst_prose(self.reason)}]"


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


def _html_card(card: Card, brand: Brand, entry: Entry | None) -> str:
    source = f' data-source="{escape.html(card.source)}"' if card.source and not entry else ""
    value = escape.html_prose(card.value)
    shown = link(entry, entry.figures[0].anchor, value) if entry else value
    status = ""
    if card.status:
        tone = card.status.tone
        status = (
            f'<p class="mk-status mk-{tone.name.lower()}"><span aria-hidden="true">{tone.shape}'
            f"</span> {escape.html(card.status.word)}</p>"
        )
    change = ""
    if card.change:
        tone = card.change.tone
        word = escape.html(card.change.word)
        change = f'<p class="mk-change mk-ink-{tone.name.lower()}">{word}</p>'
    line = card.line.html(brand) if card.line else ""
    return (
        f'<div class="mk-card"><p class="mk-label">{escape.html(card.label)}</p>'
        f'<div class="mk-row"><p class="mk-value"{source}>{shown}</p>{line}</div>'
        f"{status}{change}"
        f'<p class="mk-detail">{escape.html_prose(card.detail)}</p></div>'
    )


def _typst_card(card: Card, brand: Brand, entry: Entry | None) -> str:
    muted = rgb(brand.color("secondary"))
    said = (
        *(((card.status, f"{card.status.tone.shape} "),) if card.status else ()),
        *(((card.change, ""),) if card.change else ()),
    )
    below = (
        f"#text(size: 8pt, weight: 600, fill: {rgb(brand.color(status.tone.color))})"
        f"[{escape.typst(shape + status.word)}]"
        for status, shape in said
    )
    detail = f"#text(size: 7.5pt, fill: {muted})[{escape.typst_prose(card.detail)}]"
    value = (
        f"#text(size: 18pt, weight: 600, fill: {rgb(brand.color('primary'))})"
        f"[{escape.typst(card.value)}]"
    )
    if card.line:
        value = (
            "#grid(columns: (1fr, 24mm), inset: 0pt, stroke: none, align: (left + bottom, right + "
            f"bottom), [{value}], [{card.line.typst(brand)}])"
        )
    return (
        f"[#text(size: 8.5pt, fill: {muted})[{escape.typst_prose(card.label)}"
        f"{note(entry) if entry else ''}]\n\n{value}\n\n" + " \\\n".join((*below, detail)) + "]"
    )
