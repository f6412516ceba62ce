"""What may be wrong with a PDF: each function lists the faults it finds, page by page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pdfplumber
from pdfminer.pdftypes import resolve1

_CELL = 40  # points; side of the squares in which characters are compared
_MOST = 0.5  # of the smaller character that another may cover


def faults(file: Path) -> list[str]:
    """Everything wrong with the file, empty where nothing is."""
    with pdfplumber.open(file) as pdf:
        found = [f"{file.name}: {fault}" for fault in _of_document(pdf)]
        for page in pdf.pages:
            found += [f"{file.name} page {page.page_number}: {fault}" for fault in _of_page(page)]
    return found


def _of_document(pdf: Any) -> Iterator[str]:
    catalog = pdf.doc.catalog
    if not pdf.metadata.get("Title"):
        yield "has no title"
    if not resolve1(catalog.get("MarkInfo", {})).get("Marked"):
        yield "is not tagged"
    if not catalog.get("Lang"):
        yield "names no language"
    if "First" not in resolve1(catalog.get("Outlines", {})):
        yield "has no outline"
    for figure in _figures(resolve1(catalog.get("StructTreeRoot", {}))):
        if not figure.get("Alt"):
            yield "has a figure without alternative text"


def _figures(element: Any) -> Iterator[dict[str, Any]]:
    element = resolve1(element)
    if isinstance(element, list):
        for child in element:
            yield from _figures(child)
    elif isinstance(element, dict):
        if getattr(element.get("S"), "name", None) == "Figure":
            yield element
        yield from _figures(element.get("K", []))


def _of_page(page: Any) -> Iterator[str]:
    words = page.extract_words()
    if len(words) < 8:  # running title and page number alone
        yield f"is almost blank: {' '.join(w['text'] for w in words)!r}"
    for word in words:
        inside = word["x0"] >= 0 and word["x1"] <= page.width + 0.1
        if not (inside and word["top"] >= 0 and word["bottom"] <= page.height + 0.1):
            yield f"{word['text']!r} lies outside the page"
    yield from (f"{a!r} is printed over {b!r}" for a, b in _overprinted(page))
    fonts = resolve1(page.page_obj.resources.get("Font", {}))
    for name, font in fonts.items():
        if not _embedded(resolve1(font)):
            yield f"font {name} is not embedded"


def _embedded(font: dict[str, Any]) -> bool:
    inner = [resolve1(f) for f in resolve1(font.get("DescendantFonts", []))] or [font]
    descriptors = [resolve1(f.get("FontDescriptor", {})) for f in inner]
    is_drawn = getattr(font.get("Subtype"), "name", "") == "Type3"
    return is_drawn or all(any(k.startswith("FontFile") for k in d) for d in descriptors)


def _overprinted(page: Any) -> Iterator[tuple[str, str]]:
    """Pairs of words whose letters cover each other: Latin letters and digits, boxes compared.

    Other scripts stack their signs by design.
    """
    letters = [c for c in page.chars if c["text"].isascii() and c["text"].isalnum()]
    cells: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    told = set()
    for letter in letters:
        at = (int(letter["x0"] // _CELL), int(letter["top"] // _CELL))
        near = [c for dx in (-1, 0, 1) for dy in (-1, 0, 1) for c in cells[at[0] + dx, at[1] + dy]]
        for other in near:
            if _covered(letter, other) > _MOST and at not in told:
                told.add(at)
                yield _around(letters, other), _around(letters, letter)
        cells[at].append(letter)


def _covered(a: dict[str, Any], b: dict[str, Any]) -> float:
    width = min(a["x1"], b["x1"]) - max(a["x0"], b["x0"])
    # The box is as tall as the font's line; letters fill its middle.
    height = min(_bottom(a), _bottom(b)) - max(_top(a), _top(b))
    if width <= 0 or height <= 0:
        return 0.0
    smaller = min((c["x1"] - c["x0"]) * (_bottom(c) - _top(c)) for c in (a, b))
    return float(width * height / smaller) if smaller else 0.0


def _top(c: dict[str, Any]) -> float:
    return float(c["top"] + 0.25 * (c["bottom"] - c["top"]))


def _bottom(c: dict[str, Any]) -> float:
    return float(c["bottom"] - 0.2 * (c["bottom"] - c["top"]))


def _around(letters: list[dict[str, Any]], at: dict[str, Any]) -> str:
    line = [c for c in letters if abs(c["top"] - at["top"]) < 1 and abs(c["x0"] - at["x0"]) < 40]
    return "".join(c["text"] for c in line)
