"""What every table and chart wears: a title that states the finding above, notes below."""

from __future__ import annotations

from collections.abc import Sequence

from mktorch.display import escape
from mktorch.display.brand import Brand


def html_shell(
    kind: str, anchor: str, title: str, subtitle: str, body: str, notes: Sequence[str]
) -> str:
    """The HTML of a titled block; `body` is HTML already."""
    below = f'<p class="mk-subtitle">{escape.html_prose(subtitle)}</p>' if subtitle else ""
    small = "".join(f"<p>{escape.html_prose(note)}</p>" for note in notes)
    return (
        f'<div class="mk-{kind}" id="{anchor}">'
        f'<p class="mk-finding">{escape.html_prose(title)}</p>{below}{body}'
        f'<div class="mk-notes">{small}</div></div>'
    )


def typst_shell(
    brand: Brand,
    title: str,
    subtitle: str,
    body: str,
    notes: Sequence[str],
    breakable: bool,
    mark: str = "",
) -> str:
    """The Typst of a titled block: the title, and the `mark` after it, stay with what follows."""
    muted = brand.color("secondary")
    below = (
        f"\n#block(above: 3pt, sticky: true)[#text(size: 8.5pt, fill: {rgb(muted)})"
        f"[{escape.typst_prose(subtitle)}]]"
        if subtitle
        else ""
    )
    small = " \\\n".join(escape.typst_prose(note) for note in notes)
    return (
        f"#block(width: 100%, breakable: {str(breakable).lower()})[\n#set align(left)\n"
        "#block(below: 7pt, sticky: true)[#text(size: 10.5pt, weight: 600)"
        f"[{escape.typst_prose(title)}{mark}]]"
        f"{below}\n{body}\n"
        f"#block(above: 6pt)[#set par(leading: 0.5em, justify: false)\n"
        f"#text(size: 7.5pt, fill: {rgb(muted)})[{small}]]\n]"
    )


def rgb(color: str) -> str:
    """A colour as Typst code."""
    return f'rgb("{color}")'
