"""Blocks as native Typst markup. Text from the data is a string literal by the time it is in it."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from mktorch.display import escape
from mktorch.display.block import Stack
from mktorch.display.brand import Brand, load_brand
from mktorch.display.charts import Drawing
from mktorch.display.contents import Contents, Group, Item
from mktorch.display.nodes import Linked, Mark, Node, Noted, Numbered
from mktorch.display.page import Masthead
from mktorch.display.sparkline import Sparkline
from mktorch.display.status import Status
from mktorch.display.tables import Grid
from mktorch.display.trace import Entry
from mktorch.display.ways import Navigation
from mktorch.display.writers.forms import Form, filled

COUNTER = 'counter("mk-source")'
# The contents on paper, where the cover is one page: entries up to which each has a line of its
# own, entries that two columns hold, and letters of a name in one of them.
_ROOMY, _DENSE, _LETTERS = 12, 24, 40
_CHART = "86%"  # of the text's width: labels about as large as a table's


def name(text: str) -> str:
    """A name, whose long words may break."""
    return escape.typst(escape.breakable(escape.clean(text)))


def rgb(color: str) -> str:
    """A colour as Typst code."""
    return f'rgb("{color}")'


_FRAMED = Form("#block(width: 100%, breakable: {breakable})[\n#set align(left)\n{}\n]", "\n")
_SMALL = Form("#text(size: 7.5pt, fill: {muted})[{}]")
_CHECKS = (
    "[#set text(size: 7.5pt)\n#table(columns: {}, inset: (x: 2pt, y: 3pt), align: left,\n"
    "stroke: (x, y) => (bottom: 0.4pt + {{line}}), "
)
_BODY = "#grid(columns: {}, column-gutter: 14pt, row-gutter: 7pt,\n"
_CARD = Form(
    "#block(width: 100%, breakable: {breakable}, above: 9pt, below: 9pt, inset: 9pt,\n"
    "stroke: (top: 2pt + {primary}, rest: 0.6pt + {line}))[\n"
    "#set par(leading: 0.45em, spacing: 0.6em, justify: false)\n#set text(size: 8.5pt)\n{}]",
    "\n",
)
FORMS = {
    # What every table, chart and panel wears: the title stays with what follows.
    "table": _FRAMED,
    "chart": _FRAMED,
    "panel": _FRAMED,
    "finding": Form("#block(below: 7pt, sticky: true)[#text(size: 10.5pt, weight: 600)[{}]]"),
    "subtitle": Form("#block(above: 3pt, sticky: true)[#text(size: 8.5pt, fill: {muted})[{}]]"),
    "fold": Form(),
    "fold-name": Form(text=lambda _: ""),
    "notes": Form(
        "#block(above: 6pt)[#set par(leading: 0.5em, justify: false)\n"
        "#text(size: 7.5pt, fill: {muted})[{}]]",
        " \\\n",
    ),
    "note": Form(),
    "paper-note": Form(),
    "chart-source": Form(text=lambda _: "", frame=""),
    # Words.
    "words": Form(),
    "number": Form(text=escape.typst),
    "name": Form(text=name),
    "code": Form(text=name),
    "small": _SMALL,
    "detail": _SMALL,
    "nothing": Form(text=lambda text: f"#{escape.typst_string(text)}"),
    # Bare text: a block alone within a float would be tagged as a picture without a name.
    "unavailable": Form("#text(fill: {muted})[{}]"),
    "prose": Form(
        "#block(above: 8pt, below: 8pt)[#set par(leading: 0.55em, spacing: 0.7em)\n"
        "#set text(size: 9pt)\n{}]",
        "\n\n",
    ),
    "paragraph": Form(),
    "aside": _SMALL,
    # The lead of a page.
    "lead": Form(join="\n"),
    "judged": Form(
        "#block(width: 100%, above: 10pt, below: 12pt, breakable: false, "
        "inset: (left: 10pt, y: 1pt), stroke: (left: 3pt + {ink}))[{}\n]",
        "\n",
    ),
    "verdict": Form(
        "#box(fill: {tint}, inset: (x: 6pt, y: 3.5pt), radius: 7pt)"
        "[#text(size: 10pt, weight: 600, fill: {ink})[{}]]"
    ),
    "opening": Form("#block(above: 14pt, below: 10pt)[{}]"),
    "sentence": Form(
        "#block(above: 7pt, below: 8pt)[#set par(leading: 0.5em, justify: false)\n"
        "#text(size: 13pt, weight: 600)[{}]]"
    ),
    "points": Form(join="\n"),
    "point": Form("- {}"),
    # Cards of one value.
    "cards": Form(
        "#block(above: 9pt, below: 9pt)[#set par(leading: 0.45em, spacing: 0.55em)\n"
        "#grid(columns: (1fr,) * {columns}, gutter: 7pt, inset: 8pt,\n"
        "stroke: (top: 2pt + {primary}, rest: 0.6pt + {line}),\n{})]",
        ",\n",
    ),
    "card": Form("[{}]", "\n\n"),
    "label": Form("#text(size: 8.5pt, fill: {muted})[{}]"),
    "row": Form(),
    "row-line": Form(
        "#grid(columns: (1fr, 24mm), inset: 0pt, stroke: none, align: (left + bottom, right + "
        "bottom), [{}])",
        "], [",
    ),
    "value": Form("#text(size: 18pt, weight: 600, fill: {primary})[{}]"),
    "below": Form(join=" \\\n"),
    "status": Form("#text(size: 8pt, weight: 600, fill: {ink})[{}]"),
    "change": Form("#text(size: 8pt, weight: 600, fill: {ink})[{}]", text=escape.typst),
    # Readouts: a card with its parts, their figures and checks.
    "readouts": Form(join="\n"),
    "readouts-wide": Form(join="\n"),
    "readout": _CARD,
    "readout-folded": _CARD,
    "readout-head": Form(join="\n"),
    "readout-gist": Form("", void=""),
    "readout-name": Form(
        "#block(sticky: true, below: 4pt)"
        "[#heading(level: 3, outlined: false, bookmarked: true)[{}]]",
        text=name,
    ),
    "readout-about": Form("#block(sticky: true, below: 6pt)[#text(fill: {muted})[{}]]"),
    "part": Form(
        "#block(width: 100%, breakable: false, inset: (top: 5pt), stroke: (top: 0.4pt + {line}))"
        "[{}]",
        "\n",
    ),
    "part-head": Form(
        "#grid(columns: (1fr, auto), column-gutter: 8pt, align: horizon,\n[{}])", "], ["
    ),
    "part-name": Form("#text(weight: 600)[{}]", text=name),
    "badges": Form(join=" #h(4pt) "),
    "badge": Form(
        "#box(fill: {tint}, inset: (x: 4pt, y: 1pt), outset: (y: 2pt), radius: 5pt)"
        "[#text(size: 8pt, weight: 600, fill: {ink})[{}]]"
    ),
    "part-body": Form(_BODY.format("(1fr, 1.35fr)") + "{})", ",\n", void=""),
    "part-body-wide": Form(_BODY.format("(1fr,)") + "{})", ",\n", void=""),
    "readings": Form(
        "grid(columns: (1fr,) * {columns}, column-gutter: 8pt, row-gutter: 9pt,\n{})",
        ",\n",
        void="",
    ),
    "reading": Form("[{}]", " \\\n"),
    "reading-label": _SMALL,
    "reading-said": Form(join=" \\\n"),
    "reading-value": Form("#text(size: 13pt, weight: 600)[{}]"),
    "checks": Form(_CHECKS.format("(1.4fr, 1.3fr, 1fr)") + "{})]", ",\n", void="[]"),
    "checks-wide": Form(_CHECKS.format("(1.4fr, 2fr, 2fr)") + "{})]", ",\n", void="[]"),
    "check-heads": Form("table.header({})", ", "),
    "check-head": Form("[#text(fill: {muted})[{}]]", text=escape.typst),
    "check-rows": Form(join="\n"),
    "check": Form(join=" "),
    "check-name": Form("[{}],", " "),
    "check-found": Form("[{}],", " "),
    "check-needed": Form("[{}],", " "),
    "check-note": Form("\\ #text(fill: {muted})[{}]", text=name),
    "check-note-wide": Form("#h(6pt)#text(fill: {muted})[{}]", text=name),
    "shape": Form("#text(weight: 600, fill: {ink})[{}]", text=escape.typst),
    "outcome": Form("#text(fill: {muted})[{}]", text=escape.typst),
    "together": Form(),
    "lines": Form(
        "#set text(size: 8pt)\n"
        "#grid(columns: (auto, 1fr), column-gutter: 8pt, row-gutter: 4pt,\n{})",
        ",\n",
    ),
    "line": Form(join=", "),
    "line-label": Form("[#text(fill: {muted})[{}]]", text=escape.typst),
    "line-text": Form("[{}]", text=name),
    # The appendix of sources.
    "sources": Form("#[#set text(size: 7.5pt)\n#set par(leading: 0.45em, justify: false)\n{}]"),
    "sources-of": Form(
        "#block(above: 9pt, below: 4pt, sticky: true)[#text(weight: 600, size: 8.5pt)[{}]]\n"
    ),
    "sources-entries": Form(),
    "source": Form("#grid(columns: (7mm, 1fr), inset: (y: 1.5pt), {})\n", ",\n"),
    # A brief one: a line per entry, in two columns.
    "sources-brief": Form(
        "#columns(2, gutter: 12pt)[#set text(size: 6.5pt)\n"
        "#set par(leading: 0.4em, justify: false)\n{}]"
    ),
    "source-brief": Form("#grid(columns: (6mm, 1fr), inset: (y: 1pt), {})\n", ",\n"),
    "source-lines-brief": Form(""),
    "source-places": Form("#text(fill: {muted})[{}]", text=name),
    "source-said": Form("[{}]", ": "),
    "source-name": Form("#strong[{}]"),
    "source-lines": Form(join=" \\\n"),
    "source-first": Form(),
    "source-rest": Form("#text(fill: {muted})[{}]", " ", void=""),
    "source-line": Form(),
}


@singledispatch
def write(part: Any) -> str:
    """A block, a node or a leaf as Typst; a block that is not drawn here is what it is made of."""
    return write(part.tree())


@write.register
def _(part: Node) -> str:
    brand = load_brand()
    colors = _toned(brand, part.tone.color) if part.tone else {}
    return filled(
        part,
        FORMS[part.role],
        write,
        escape.typst_prose,
        muted=rgb(brand.color("secondary")),
        line=rgb(brand.tint("secondary", 0.28)),
        primary=rgb(brand.color("primary")),
        columns=part.columns,
        breakable=str(not part.whole).lower(),
        **colors,
    )


@write.register
def _(part: Mark) -> str:
    colors = _toned(load_brand(), part.status.tone.color)
    return FORMS[part.role].frame.format(marked(part.status), **colors)


@write.register
def _(part: Linked) -> str:
    return write(part.of)


@write.register
def _(part: Noted) -> str:
    return note(*part.entries)


@write.register
def _(part: Numbered) -> str:
    muted = rgb(load_brand().color("secondary"))
    number = f"#{COUNTER}.step()#context {COUNTER}.display()"
    return f"[#text(fill: {muted})[{number}]#metadata(none)#label({_place(part.entry)})]"


@write.register
def _(part: Stack) -> str:
    return "\n".join(map(write, part.blocks))


@write.register
def _(part: Grid) -> str:
    from mktorch.display.writers.typst_table import typst_table

    return typst_table(part.table)


@write.register
def _(part: Drawing) -> str:
    return _image(part.chart.svg().replace("\\", "\\\\"), part.chart.alt, _CHART)


@write.register
def _(part: Sparkline) -> str:
    return _image(part.svg(load_brand()), part.alt)


@write.register
def _(_part: Navigation) -> str:
    return ""


@write.register
def _(part: Masthead) -> str:
    brand = part.brand
    facts = " #h(3pt)·#h(3pt) ".join(map(escape.typst_prose, part.facts))
    company = f"#text(weight: 600)[{escape.typst_prose(part.company)}] \\\n" if part.company else ""
    words = (
        f"#running-company.update({escape.typst_string(part.company)})\n"
        f"#running-line.update({escape.typst_string(brand.confidentiality)})\n"
        "#block(above: 8pt, below: 4pt)"
        f"[#text(size: 9pt, fill: {rgb(brand.color('secondary'))})[{company}{facts}]]"
    )
    if brand.logo is None:
        return words
    return (
        "#grid(columns: (auto, 1fr), column-gutter: 12pt, align: (left + horizon),\n"
        f"[{_logo(brand, part.company)}], [{words}])"
    )


@write.register
def _(part: Contents) -> str:
    return "\n".join(map(_group, part.groups))


def marked(status: Status) -> str:
    """A status's shape and its word."""
    return escape.typst(f"{status.tone.shape} {status.word}")


def note(*entries: Entry) -> str:
    """The small number that leads to an entry, of several the first and last.

    It shows nothing in a document without the appendix.
    """
    if not entries:
        return ""
    ends = entries if len(entries) == 1 else (entries[0], entries[-1])
    numbers = "; [\u2013]; ".join(
        f"link({place}, str({COUNTER}.at({place}).first()))"
        for place in (f"locate(label({_place(entry)}))" for entry in ends)
    )
    return f"#context if query(label({_place(ends[0])})).len() > 0 {{super({{{numbers}}})}}"


def _place(entry: Entry) -> str:
    return escape.typst_string(entry.anchor)


def _toned(brand: Brand, color: str) -> dict[str, str]:
    return {"ink": rgb(brand.color(color)), "tint": rgb(brand.tint(color))}


def _image(svg: str, alt: str, width: str = "100%") -> str:
    drawn = svg.replace('"', '\\"')
    said = escape.typst_string(alt)
    return f'#image(bytes("{drawn}"), format: "svg", width: {width}, alt: {said})'


def _logo(brand: Brand, company: str) -> str:
    assert brand.logo is not None
    content = ",".join(map(str, brand.logo.read_bytes()))
    form = {".svg": "svg", ".png": "png"}.get(brand.logo.suffix.lower(), "jpg")
    alt = escape.typst_string(brand.logo_alt or company or "Logo")
    return f'#image(bytes(({content},)), format: "{form}", height: 28pt, alt: {alt})'


def _group(group: Group) -> str:
    """A group of the contents, dense where it is long: the cover is one page."""
    heading = f"#text(weight: 600)[{escape.typst(group.heading)}]"
    head = f"#block(above: 9pt, below: 5pt, sticky: true)[{heading}]"
    if len(group.entries) <= _ROOMY:
        cells = ",\n".join(map(_roomy, group.entries))
        grid = "columns: (1fr, 58pt, 1.9fr), column-gutter: 8pt, row-gutter: 5pt"
    else:
        cells = ",\n".join(map(_dense, group.entries[:_DENSE]))
        grid = "columns: (1fr, auto, 1fr, auto), column-gutter: 8pt, row-gutter: 4pt"
    rest = len(group.entries) - _DENSE
    told = filter(None, (f"and {rest} more" if rest > 0 else "", group.more))
    more = "".join(f" \\\n#{escape.typst_string(words)}" for words in told)
    return (
        f"{head}\n#[#set text(size: 8.5pt)\n#set par(leading: 0.45em, justify: false)\n"
        f"#grid({grid},\n{cells}){more}]"
    )


def _roomy(item: Item) -> str:
    muted = rgb(load_brand().color("secondary"))
    about = f"#text(fill: {muted})[{name(item.detail)}]"
    return f"[{name(item.name)}], [{_status(item.status)}], [{about}]"


def _dense(item: Item) -> str:
    clean = escape.clean(item.name)
    short = clean if len(clean) <= _LETTERS else f"{clean[: _LETTERS - 1].rstrip()}\u2026"
    return ", ".join(
        f"[#text(size: 7.5pt)[{cell}]]" for cell in (name(short), _status(item.status))
    )


def _status(status: Status | None) -> str:
    if status is None:
        return ""
    ink = rgb(load_brand().color(status.tone.color))
    return f"#text(fill: {ink}, weight: 600)[{marked(status)}]"
