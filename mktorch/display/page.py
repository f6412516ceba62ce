"""The parts of a report's first page: masthead, lead sentence, big values."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from mktorch.display import escape
from mktorch.display.block import Block
from mktorch.display.brand import Brand, load_brand
from mktorch.display.fonts import font_faces
from mktorch.display.shell import rgb
from mktorch.display.status import Status

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
    """One big value: what it is, how it reads, what it means, and where it comes from."""

    label: str
    value: str
    detail: str = ""
    status: Status | None = None
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Cards(Block):
    """A row of cards."""

    cards: tuple[Card, ...]

    def html(self) -> str:
        return f'<div class="mk-cards">{"".join(map(_html_card, self.cards))}</div>'

    def typst(self) -> str:
        brand = load_brand()
        line = rgb(brand.tint("secondary", 0.28))
        cards = ",\n".join(_typst_card(card, brand) for card in self.cards)
        return (
            "#block(above: 14pt, below: 14pt)[#set par(leading: 0.45em, spacing: 0.6em)\n"
            f"#grid(columns: (1fr,) * {min(len(self.cards), 3)}, gutter: 8pt, inset: 9pt,\n"
            f"stroke: (top: 2pt + {rgb(brand.color('primary'))}, rest: 0.6pt + {line}),\n{cards})]"
        )


@dataclass(frozen=True, kw_only=True)
class Lead(Block):
    """The answer in one sentence, then what follows from it."""

    sentence: str
    points: tuple[str, ...] = ()

    def html(self) -> str:
        points = "".join(f"<li>{escape.html(point)}</li>" for point in self.points)
        return (
            f'<div class="mk-lead"><p class="mk-sentence">{escape.html(self.sentence)}</p>'
            + (f"<ul>{points}</ul>" if points else "")
            + "</div>"
        )

    def typst(self) -> str:
        points = "\n".join(f"- {escape.typst_prose(point)}" for point in self.points)
        return (
            "#block(above: 14pt, below: 10pt)[#set par(leading: 0.55em, justify: false)\n"
            f"#text(size: 14pt, weight: 600)[{escape.typst_prose(self.sentence)}]]\n{points}"
        )


@dataclass(frozen=True, kw_only=True)
class Unavailable(Block):
    """In place of a block whose tables the run does not hold: which, and why."""

    reason: str

    def html(self) -> str:
        return f'<p class="mk-empty">{escape.html(self.reason)}</p>'

    def typst(self) -> str:
        fill = rgb(load_brand().color("light"))
        return f"#block(width: 100%, inset: 8pt, fill: {fill})[{escape.typst_prose(self.reason)}]"


def _html_card(card: Card) -> str:
    source = f' data-source="{escape.html(card.source)}"' if card.source else ""
    status = ""
    if card.status:
        tone = card.status.tone
        status = (
            f'<p class="mk-status mk-{tone.name.lower()}"><span aria-hidden="true">{tone.shape}'
            f"</span> {escape.html(card.status.word)}</p>"
        )
    return (
        f'<div class="mk-card"><p class="mk-label">{escape.html(card.label)}</p>'
        f'<p class="mk-value"{source}>{escape.html(card.value)}</p>{status}'
        f'<p class="mk-detail">{escape.html(card.detail)}</p></div>'
    )


def _typst_card(card: Card, brand: Brand) -> str:
    muted = rgb(brand.color("secondary"))
    status = ""
    if card.status:
        tone = card.status.tone
        words = escape.typst(f"{tone.shape} {card.status.word}")
        ink = rgb(brand.color(tone.color))
        status = f"#text(size: 8pt, weight: 600, fill: {ink})[{words}] \\\n"
    return (
        f"[#text(size: 8.5pt, fill: {muted})[{escape.typst_prose(card.label)}]\n\n"
        f"#text(size: 19pt, weight: 600, fill: {rgb(brand.color('primary'))})"
        f"[{escape.typst(card.value)}]\n\n"
        f"{status}#text(size: 8pt, fill: {muted})[{escape.typst_prose(card.detail)}]]"
    )
