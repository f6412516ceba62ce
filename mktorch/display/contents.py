"""What a pack holds: its documents by name, each with its files, and a word on what is in them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from mktorch.display import escape
from mktorch.display.block import Block
from mktorch.display.brand import Brand, load_brand
from mktorch.display.shell import rgb
from mktorch.display.status import Status

EXPORTS = "exports"  # the folder of a pack that holds its tables as files
WORKBOOK = f"{EXPORTS}/tables.xlsx"
SOURCES = f"{EXPORTS}/sources.csv"
# On paper, where the cover is one page: entries up to which each has a line of its own, entries
# that two columns hold, and letters of a name in one of them.
_ROOMY, _DENSE, _LETTERS = 12, 24, 40


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing of the pack; `files` are the words a link bears and the file it leads to."""

    name: str
    detail: str = ""
    status: Status | None = None
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Group:
    """Entries under one heading."""

    heading: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, kw_only=True)
class Contents(Block):
    """The pack's contents. Only files in `present` are linked; paper has no links."""

    groups: tuple[Group, ...]
    present: Collection[str]

    def html(self) -> str:
        return "".join(map(self._html_group, self.groups))

    def _html_group(self, group: Group) -> str:
        entries = "".join(map(self._html_entry, group.entries))
        heading = f"<h3>{escape.html(group.heading)}</h3>"
        return f'<div class="mk-contents">{heading}<ul>{entries}</ul></div>'

    def _html_entry(self, entry: Entry) -> str:
        name = escape.html(entry.name)
        links = " ".join(
            f'<a href="{escape.html(file)}" aria-label="{name}, {escape.html(word)}">'
            f"{escape.html(word)}</a>"
            for word, file in entry.files
            if file in self.present
        )
        status = ""
        if entry.status:
            tone = entry.status.tone
            status = (
                f'<span class="mk-status mk-{tone.name.lower()}"><span aria-hidden="true">'
                f"{tone.shape}</span> {escape.html(entry.status.word)}</span> "
            )
        return (
            f'<li><span class="mk-entry"><bdi>{name}</bdi></span> '
            f'<span class="mk-about">{status}<bdi>{escape.html(entry.detail)}</bdi></span> '
            f'<span class="mk-files">{links}</span></li>'
        )

    def typst(self) -> str:
        brand = load_brand()
        return "\n".join(_typst_group(group, brand) for group in self.groups)


def _typst_group(group: Group, brand: Brand) -> str:
    words = f"#text(weight: 600)[{escape.typst(group.heading)}]"
    head = f"#block(above: 9pt, below: 5pt, sticky: true)[{words}]"
    if len(group.entries) <= _ROOMY:
        cells = ",\n".join(_typst_roomy(entry, brand) for entry in group.entries)
        grid = "columns: (1fr, 58pt, 1.9fr), column-gutter: 8pt, row-gutter: 5pt"
    else:
        cells = ",\n".join(_typst_dense(entry, brand) for entry in group.entries[:_DENSE])
        grid = "columns: (1fr, auto, 1fr, auto), column-gutter: 8pt, row-gutter: 4pt"
    rest = len(group.entries) - _DENSE
    more = f" \\\n#{escape.typst_string(f'and {rest} more')}" if rest > 0 else ""
    return (
        f"{head}\n#[#set text(size: 8.5pt)\n#set par(leading: 0.45em, justify: false)\n"
        f"#grid({grid},\n{cells}){more}]"
    )


def _typst_roomy(entry: Entry, brand: Brand) -> str:
    muted = rgb(brand.color("secondary"))
    return (
        f"[{_breaks(entry.name)}], [{_typst_status(entry.status, brand)}], "
        f"[#text(fill: {muted})[{_breaks(entry.detail)}]]"
    )


def _typst_dense(entry: Entry, brand: Brand) -> str:
    clean = escape.clean(entry.name)
    name = clean if len(clean) <= _LETTERS else f"{clean[: _LETTERS - 1].rstrip()}\u2026"
    return f"[{_small(_breaks(name))}], [{_small(_typst_status(entry.status, brand))}]"


def _typst_status(status: Status | None, brand: Brand) -> str:
    if status is None:
        return ""
    ink = rgb(brand.color(status.tone.color))
    words = escape.typst(f"{status.tone.shape} {status.word}")
    return f"#text(fill: {ink}, weight: 600)[{words}]"


def _small(words: str) -> str:
    return f"#text(size: 7.5pt)[{words}]"


def _breaks(text: str) -> str:
    return escape.typst(escape.breakable(escape.clean(text)))
