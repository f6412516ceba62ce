"""Blocks as HTML fragments. Text from the data is escaped by the time it is in one."""

from __future__ import annotations

import base64
import re
from functools import singledispatch
from typing import Any

from mktorch.display import escape
from mktorch.display.block import Stack
from mktorch.display.brand import Brand, load_brand
from mktorch.display.charts import Drawing
from mktorch.display.fonts import font_faces
from mktorch.display.nodes import Linked, Mark, Node, Noted, Numbered
from mktorch.display.page import Masthead
from mktorch.display.sparkline import Sparkline
from mktorch.display.status import Status
from mktorch.display.tables import Grid
from mktorch.display.trace import Entry
from mktorch.display.ways import Navigation, Way
from mktorch.display.writers.forms import Form, filled

_MEDIA = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
_SCALE = 1.2  # of a drawing on a page that has the room: its text is about as large as a table's

_IN = Form(text=escape.html)
FORMS = {
    # What every table, chart and panel wears.
    "table": Form('<div class="mk-table"{attributes}>{}</div>'),
    "chart": Form('<div class="mk-chart"{attributes}>{}</div>'),
    "panel": Form('<div class="mk-panel"{attributes}>{}</div>'),
    "finding": Form('<p class="mk-finding">{}</p>'),
    "subtitle": Form('<p class="mk-subtitle">{}</p>'),
    "fold": Form('<details class="mk-fold">{}</details>'),
    "fold-name": Form("<summary>{}</summary>", text=escape.html),
    "notes": Form('<div class="mk-notes">{}</div>'),
    "note": Form("<p>{}</p>"),
    "paper-note": Form("{}", text=lambda _: ""),
    "chart-source": Form('<p class="mk-chart-source">{}</p>'),
    # Words.
    "words": Form(),
    "number": Form(),
    "name": Form("<bdi>{}</bdi>", text=escape.html),
    "code": _IN,
    "small": Form('<span class="mk-detail">{}</span>', text=escape.html),
    "detail": Form('<p class="mk-detail">{}</p>'),
    "nothing": Form('<p class="mk-empty">{}</p>', text=escape.html),
    "unavailable": Form('<p class="mk-empty">{}</p>', text=escape.html),
    "prose": Form('<div class="mk-prose">{}</div>'),
    "paragraph": Form("<p>{}</p>"),
    "aside": Form('<div class="mk-notes"><p>{}</p></div>', text=escape.html),
    # The lead of a page.
    "lead": Form('<div class="mk-lead">{}</div>'),
    "judged": Form('<div class="mk-lead mk-edge mk-edge-{tone}">{}</div>'),
    "verdict": Form('<p class="mk-status mk-verdict mk-{tone}">{}</p>'),
    "opening": Form(),
    "sentence": Form('<p class="mk-sentence">{}</p>'),
    "points": Form("<ul>{}</ul>", void=""),
    "point": Form("<li>{}</li>"),
    # Cards of one value.
    "cards": Form('<div class="mk-cards">{}</div>'),
    "card": Form('<div class="mk-card">{}</div>'),
    "label": Form('<p class="mk-label">{}</p>'),
    "row": Form('<div class="mk-row">{}</div>'),
    "row-line": Form('<div class="mk-row">{}</div>'),
    "value": Form('<p class="mk-value"{attributes}>{}</p>'),
    "below": Form(),
    "status": Form('<p class="mk-status mk-{tone}">{}</p>'),
    "change": Form('<p class="mk-change mk-ink-{tone}">{}</p>'),
    # Readouts: a card with its parts, their figures and checks.
    "readouts": Form('<div class="mk-readouts">{}</div>'),
    "readouts-wide": Form('<div class="mk-readouts mk-wide">{}</div>'),
    "readout": Form('<section class="mk-readout"{attributes}>{}</section>'),
    "readout-folded": Form('<details class="mk-readout"{attributes}>{}</details>'),
    "readout-head": Form("<summary>{}</summary>"),
    "readout-gist": Form('<span class="mk-badges">{}</span>', " ", void=""),
    "readout-name": Form("<h3{attributes}><bdi>{}</bdi></h3>", text=escape.html),
    "readout-about": Form('<p class="mk-subtitle"><bdi>{}</bdi></p>', text=escape.html),
    "part": Form('<div class="mk-part">{}</div>'),
    "part-head": Form('<p class="mk-part-name">{}</p>', " "),
    "part-name": Form("<bdi>{}</bdi>", text=escape.html),
    "badges": Form('<span class="mk-badges">{}</span>', " "),
    "badge": Form('<span class="mk-status mk-{tone}">{}</span>'),
    "part-body": Form('<div class="mk-part-body">{}</div>'),
    "part-body-wide": Form('<div class="mk-part-body">{}</div>'),
    "readings": Form('<dl class="mk-figures">{}</dl>', void=""),
    "reading": Form("<div>{}</div>"),
    "reading-label": Form("<dt>{}</dt>"),
    "reading-said": Form("<dd>{}</dd>"),
    "reading-value": Form('<span class="mk-value">{}</span>'),
    "checks": Form('<table class="mk-checks">{}</table>', void=""),
    "checks-wide": Form('<table class="mk-checks">{}</table>', void=""),
    "check-heads": Form("<thead><tr>{}</tr></thead>"),
    "check-head": Form('<th scope="col">{}</th>', text=escape.html),
    "check-rows": Form("<tbody>{}</tbody>"),
    "check": Form("<tr>{}</tr>"),
    "check-name": Form('<th scope="row">{}</th>', " "),
    "check-found": Form("<td>{}</td>"),
    "check-needed": Form("<td>{}</td>"),
    "check-note": Form('<span class="mk-detail">{}</span>', text=escape.html),
    "check-note-wide": Form('<span class="mk-detail">{}</span>', text=escape.html),
    "shape": Form('<span class="mk-shape mk-{tone}" aria-hidden="true">{}</span>'),
    "outcome": Form('<span class="mk-outcome">{}</span>', text=escape.html),
    "together": Form(),
    "lines": Form('<dl class="mk-lines">{}</dl>'),
    "line": Form("<div>{}</div>"),
    "line-label": Form("<dt>{}</dt>", text=escape.html),
    "line-text": Form("<dd><bdi>{}</bdi></dd>", text=escape.html),
    # The contents of a pack.
    "contents": Form(),
    "group": Form('<div class="mk-contents">{}</div>'),
    "group-name": Form("<h3>{}</h3>", text=escape.html),
    "group-entries": Form("<ul>{}</ul>"),
    "group-entry": Form("<li>{}</li>", " "),
    "entry-name": Form('<span class="mk-entry"><bdi>{}</bdi></span>', text=escape.html),
    "entry-about": Form('<span class="mk-about">{}</span>', " "),
    "entry-files": Form('<span class="mk-files">{}</span>', " "),
    "entry-file": Form("<a{attributes}>{}</a>", text=escape.html),
    # The appendix of sources.
    "sources": Form('<div class="mk-sources">{}</div>'),
    "sources-brief": Form('<div class="mk-sources">{}</div>'),
    "source-brief": Form('<div class="mk-source"{attributes}>{}</div>'),
    "source-lines-brief": Form("<dd>{}</dd>"),
    "source-places": Form("", text=lambda _: ""),
    "sources-of": Form('<p class="mk-sources-of">{}</p>', text=escape.html),
    "sources-entries": Form("<dl>{}</dl>"),
    "source": Form('<div class="mk-source"{attributes}>{}</div>'),
    "source-said": Form(),
    "source-name": Form("<dt><a{attributes}><bdi>{}</bdi></a></dt>", text=escape.html),
    "source-lines": Form("<dd>{}</dd>"),
    "source-first": Form("<p>{}</p>", text=escape.html),
    "source-rest": Form(),
    "source-line": Form("<p>{}</p>", text=escape.html),
}


@singledispatch
def write(part: Any) -> str:
    """A block, a node or a leaf as HTML; a block that is not drawn here is what it is made of."""
    return write(part.tree())


@write.register
def _(part: Node) -> str:
    attributes = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape.html(value)}"'
        for name, value in part.attributes.items()
    )
    tone = part.tone.name.lower() if part.tone else ""
    form = FORMS[part.role]
    return filled(part, form, write, escape.html_prose, attributes=attributes, tone=tone)


@write.register
def _(part: Mark) -> str:
    return FORMS[part.role].frame.format(marked(part.status), tone=part.status.tone.name.lower())


@write.register
def _(part: Linked) -> str:
    return link(part.entry, part.anchor, write(part.of))


@write.register(Noted)
@write.register(Numbered)
def _(_part: Noted | Numbered) -> str:
    return ""


@write.register
def _(part: Stack) -> str:
    return "\n".join(map(write, part.blocks))


@write.register
def _(part: Grid) -> str:
    from mktorch.display.writers.html_table import page_table

    return (
        '<div class="mk-scroll" role="region" tabindex="0" '
        f'aria-label="{escape.html(part.table.title)}">{page_table(part.table)}</div>'
    )


@write.register
def _(part: Drawing) -> str:
    broad, narrow = map(_sized, (part.chart.svg(), part.chart.svg_narrow()))
    return (
        f'<div class="mk-picture" role="img" aria-label="{escape.html(part.chart.alt)}">'
        f'<div class="mk-broad">{broad}</div>'
        f'<div class="mk-narrow" hidden>{narrow}</div></div>'
    )


@write.register
def _(part: Sparkline) -> str:
    named = f'<svg role="img" aria-label="{escape.html(part.alt)}" class="mk-spark" '
    return part.svg(load_brand()).replace("<svg ", named, 1)


@write.register
def _(part: Masthead) -> str:
    brand, secret = part.brand, part.brand.confidentiality
    facts = "".join(f"<li><bdi>{escape.html(fact)}</bdi></li>" for fact in part.facts)
    company = (
        f'<p class="mk-company"><bdi>{escape.html(part.company)}</bdi></p>' if part.company else ""
    )
    small = f'<p class="mk-confidential">{escape.html(secret)}</p>' if secret else ""
    return (
        f"<style>{font_faces(brand.font, brand.page_fonts)}{brand.css}</style>"
        f'<div class="mk-masthead">{_logo(brand, part.company)}<div>{company}'
        f'<ul class="mk-facts">{facts}</ul>{small}</div></div>'
    )


@write.register
def _(part: Navigation) -> str:
    """Links alone open and close the drawer, so that it needs no script."""
    if not (part.pages or part.sections):
        return ""
    cover = "".join(_way(way) for way in part.pages[:1] if not way.here)
    lists = "".join(
        f"<{tag}>{''.join(f'<li>{_way(way)}</li>' for way in ways)}</{tag}>"
        for tag, ways in (("ul", part.pages), ("ol", part.sections))
        if ways
    )
    return (
        '<nav class="mk-nav" id="mk-contents" aria-label="Contents">'
        f'<a class="mk-close" href="#mk-bar">Close</a>{lists}</nav>'
        f'<p class="mk-bar" id="mk-bar"><a href="#mk-contents">Contents</a>{cover}</p>'
    )


def marked(status: Status) -> str:
    """A status's shape, which a screen reader passes over, and its word."""
    return f'<span aria-hidden="true">{status.tone.shape}</span> {escape.html(status.word)}'


def link(entry: Entry, anchor: str, shown: str) -> str:
    """A figure that leads to its entry; `shown` is HTML already."""
    return (
        f'<a class="mk-figure" id="{escape.html(anchor)}" '
        f'href="#{escape.html(entry.anchor)}">{shown}</a>'
    )


def _way(way: Way) -> str:
    here = ' aria-current="page"' if way.here else ""
    return f'<a href="{escape.html(way.target)}"{here}>{escape.html(way.words)}</a>'


def _logo(brand: Brand, company: str) -> str:
    if brand.logo is None:
        return ""
    content = base64.b64encode(brand.logo.read_bytes()).decode()
    alt, media = escape.html(brand.logo_alt or company), _MEDIA[brand.logo.suffix.lower()]
    return f'<img class="mk-logo" alt="{alt}" src="data:{media};base64,{content}">'


def _sized(svg: str) -> str:
    """The SVG as a page shows it where there is room; its text then has one size in all charts."""
    width, height = (float(part) for part in re.findall(r'viewBox="0 0 (\S+) (\S+)"', svg)[0])
    size = f'width="{_SCALE * width:.0f}" height="{_SCALE * height:.0f}"'
    return re.sub(r'width="[^"]*" height="[^"]*"', size, svg, count=1)
