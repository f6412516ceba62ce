"""The numbers that a reader sees, in their order: of a page in HTML, of one on paper, of a text.

A number is taken with its sign, its currency and its unit (`−$463.80`, `0.73×`, `15.0%`), so that a
lost sign or unit is a difference too. Digits that are part of a name or code (`CAMP_001`) are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import groupby
from pathlib import Path
from typing import Any

import pdfplumber

_NUMBER = re.compile(
    r"(?<![\w.,])[+\u2212]?[$\u20ac\u00a3]?(?>\d+(?:[.,]\d+)*)(?:[%\u00d7]|[kKMBG](?!\w))?(?!\w)"
)
_BLANK = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u200b": None, "\u00ad": None})
_BREAK = "\n"  # between texts that do not belong together

_PERHAPS = "\x00"  # a break, or the place where a long word goes on in the next line
# As `escape.breakable` has it: words beyond this length break after a joint, or after as many
# letters.
_LONGEST = 16
_BROKEN = re.compile(r"\w[_\-/.|]$|(?:^|[_\-/.|])(?:[^\s_\-/.|]{16})+$")

# HTML: what nobody sees, and what stands within a line, as do spans that hold a figure together.
_UNSEEN = {"style", "script", "title", "desc"}
_INLINE = {"a", "b", "bdi", "code", "data", "em", "i", "strong", "wbr"}
_FOLD = re.compile(r"Show the [\d,]+ \w+$")  # opens what lies open on paper, and counts it
_VOID = {"br", "hr", "img", "input", "link", "meta", "wbr"}


@dataclass
class Section:
    """What stands under one heading, that of the second level; before the first one, none."""

    heading: str
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.pieces).translate(_BLANK)

    @property
    def numbers(self) -> list[str]:
        return numbers(self.text)

    def counted(self) -> tuple[Section, int]:
        """The section without the numbers that count its entries on paper, and how many."""
        kept, count = [], 0
        for line in self.text.split(_BREAK):
            if line.strip() == str(count + 1):
                count += 1
            else:
                kept.append(line)
        return Section(self.heading, [_BREAK.join(kept)]), count


def numbers(text: str) -> list[str]:
    """Every number of a text, in its order.

    >>> numbers("CAMP_001 lost \u2212$463.80 (1,5k of 2026-04-08), 0.73\u00d7 in 28 days.")
    ['\u2212$463.80', '1,5k', '2026', '04', '08', '0.73\u00d7', '28']
    """
    return _NUMBER.findall(text.translate(_BLANK))


class _Html(HTMLParser):
    """Collects the sections of a page, and the text of every figure by its id."""

    def __init__(self) -> None:
        super().__init__()
        self.sections = [Section("")]
        self.figures: dict[str, str] = {}
        self.rows: dict[str, str] = {}
        self.entries = 0
        self._row: tuple[int, list[str]] = (0, [])
        self._open: list[tuple[str, str, bool]] = []
        self._hidden = self._heading = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        inline = tag in _INLINE or "mk-whole" in classes
        if not inline:
            self._add(_BREAK)
        if tag == "h2":
            self.sections.append(Section(""))
            self._heading += 1
        if tag in _VOID:
            return
        hidden = tag in _UNSEEN or "hidden" in given
        self._hidden += hidden
        if tag == "tr":
            self._row = (len(self.sections[-1].pieces), [])
        figure = given.get("id", "") if "mk-figure" in classes else ""
        self._row[1].extend([figure] if figure else ())
        self.entries += "mk-source" in classes
        self._open.append((tag, "hidden" if hidden else figure or "", inline))

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            name, mark, inline = self._open.pop()
            self._hidden -= mark == "hidden"
            if not inline:
                self._add(_BREAK)
            if name == "h2":
                self._heading -= 1
            if name == "tr":
                text = "".join(self.sections[-1].pieces[self._row[0] :])
                self.rows.update(dict.fromkeys(self._row[1], text.translate(_BLANK)))
            if name == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._hidden or (self._open and self._open[-1][0] == "summary" and _FOLD.match(data)):
            return
        if self._heading:
            self.sections[-1].heading += data
        self._add(re.sub(r"[ \t\r\n]+", " ", data))
        for _, mark, _ in self._open:
            if mark and mark != "hidden":
                self.figures[mark] = self.figures.get(mark, "") + data

    def _add(self, text: str) -> None:
        self.sections[-1].pieces.append(text)


@dataclass(frozen=True)
class Page:
    """A page in HTML: sections, figures and their tables' rows by id, entries of the appendix."""

    sections: list[Section]
    figures: dict[str, str]
    rows: dict[str, str]
    entries: int


def html(file: Path) -> Page:
    """What a reader of the file sees."""
    parser = _Html()
    text = file.read_text(encoding="utf-8")
    parser.feed(text[text.index("<body") :])
    parser.close()
    for section in parser.sections:
        section.heading = section.heading.strip()
    return Page(parser.sections, parser.figures, parser.rows, parser.entries)


def pdf(file: Path) -> list[Section]:
    """What a reader of the paper sees, without its furniture, in the order it is tagged.

    Running titles, page numbers and the heads that a table repeats are marked as artifacts; a small
    number that leads to the appendix is a link of digits alone.
    """
    sections = [Section("")]
    with pdfplumber.open(file) as document:
        for page in document.pages:
            marks = Marks(page)
            last: dict[str, Any] | None = None
            heading = False
            for char in marks.shown(page.chars):
                starts = char["mcid"] in marks.headings
                if starts and not heading:
                    sections.append(Section(""))
                heading = starts
                joint = _joint(last, char)
                if heading:
                    sections[-1].heading += (" " if joint else "") + char["text"]
                sections[-1].pieces += (joint, char["text"])
                last = char
            sections[-1].pieces.append(_BREAK)
            page.close()
    return [Section(s.heading.strip(), [_settled("".join(s.pieces))]) for s in sections]


class Marks:
    """What the tags of a page say of its marked content: numbers of notes, headings, elements."""

    def __init__(self, page: Any) -> None:
        self.notes: set[int] = set()
        self.headings: set[int] = set()
        self.elements: dict[int | None, int] = {}
        self._words: dict[int, str] = {}
        for mcid, chars in groupby(page.chars, key=lambda c: c["mcid"]):
            if mcid is not None:
                self._words[mcid] = self._words.get(mcid, "") + "".join(c["text"] for c in chars)
        for element in page.structure_tree:
            self._walk(element)

    def _walk(self, element: dict[str, Any]) -> None:
        held = _held(element)
        told = "".join(self._words.get(mcid, "") for mcid in held)
        if element["type"] == "Link" and told.isdigit():
            self.notes.update(held)
        if element["type"] == "H2":
            self.headings.update(held)
        self.elements.update(dict.fromkeys(element.get("mcids", ()), len(self.elements)))
        for child in element.get("children", ()):
            self._walk(child)

    def shown(self, chars: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The characters of the text itself; what is marked within marked content belongs to it."""
        mcid: int | None = None
        for char in chars:
            if char["tag"] == "Artifact":
                mcid = None
                continue
            mcid = char["mcid"] if char["mcid"] is not None else mcid
            if mcid not in self.notes:
                yield {**char, "mcid": mcid, "element": self.elements.get(mcid)}


def _held(element: dict[str, Any]) -> list[int]:
    own = list(element.get("mcids", ()))
    return own + [m for child in element.get("children", ()) for m in _held(child)]


def _joint(last: dict[str, Any] | None, char: dict[str, Any]) -> str:
    """What stands between two characters: nothing in a line, a break between lines.

    A line that ends at a blank keeps it. One that ends without it ends a text, or breaks a word.
    """
    if last is None:
        return ""
    size = min(last["size"], char["size"])
    on_line = abs(last["bottom"] - char["bottom"]) < 0.3 * size
    if on_line and abs(char["x0"] - last["x1"]) < 0.3 * size:
        return ""
    within = last["element"] == char["element"]
    below = within and 0 < char["top"] - last["top"] < 2.2 * size
    if not (below and abs(last["size"] - char["size"]) < 0.01):
        return _BREAK
    return _PERHAPS if last["text"].strip() else ""


def _settled(text: str) -> str:
    """The text with each doubtful break a break, or gone where `escape.breakable` broke a word."""

    def settled(match: re.Match[str]) -> str:
        first, *rest = match[0].split(_PERHAPS)
        made, word = [first], first
        for part in rest:
            # What begins with a number of its own ("3 more rows") is no rest of a word.
            broken = bool(_BROKEN.search(word)) and len(word) + len(part) > _LONGEST
            broken = broken and not part.isdigit()
            made.append(part if broken else _BREAK + part)
            word = word + part if broken else part
        return "".join(made)

    return re.sub(rf"\S*(?:{_PERHAPS}\S*)+", settled, text)
