"""An executed document as one Markdown text, each cell replaced by its outputs."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mktorch.display import escape
from mktorch.display.escape import fenced
from mktorch.render.errors import RenderError
from mktorch.render.execute import Output
from mktorch.render.qmd import Cell, Document, Text

_PAGEBREAK = re.compile(r"^\s*\{\{<\s*pagebreak\s*>\}\}\s*$", re.MULTILINE)
_BREAK = (
    '```{=html}\n<div class="pagebreak"></div>\n```\n\n```{=typst}\n#pagebreak(weak: true)\n```'
)
# What a cell may show, best first; the text form of an object is the last resort.
_PREFERRED = {
    "html": (
        "text/html",
        "text/markdown",
        "image/svg+xml",
        "image/png",
        "image/jpeg",
        "text/plain",
    ),
    "typst": ("text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/plain"),
}
# An output that is raw blocks and nothing else, as `mktorch.display.block` writes it.
_FENCE = r"(?P<marks{0}>`{{3,}})\{{={1}\}}\n(?P<{1}>.*)\n(?P=marks{0})"
_RAW = re.compile(
    r'::: \{html-table-processing="none"\}\n\n'
    + _FENCE.format(1, "html")
    + r"\n\n"
    + _FENCE.format(2, "typst")
    + r"\n\n:::\n?",
    re.DOTALL,
)
_SUFFIX = {"image/svg+xml": ".svg", "image/png": ".png", "image/jpeg": ".jpg"}


@dataclass(frozen=True)
class Body:
    """A document for pandoc: Markdown in which tokens stand for HTML and Typst that cells made.

    pandoc need not read those, which are most of a page, and cannot act on them.
    """

    markdown: str
    pieces: Mapping[str, str]

    def restored(self, converted: str) -> str:
        """pandoc's answer with each token replaced by its piece, once."""
        if not self.pieces:
            return converted
        tokens = re.compile("|".join(map(re.escape, sorted(self.pieces, key=len, reverse=True))))
        return tokens.sub(lambda token: self.pieces[token[0]], converted)


@dataclass
class _Pieces:
    """Pieces set apart under tokens that no text can contain by chance or on purpose."""

    salt: str
    held: dict[str, str] = field(default_factory=dict)

    def token(self, content: str) -> str:
        name = f"mktorch-{self.salt}-{len(self.held)}."
        self.held[name] = content
        return name


def to_markdown(
    document: Document, outputs: Mapping[Cell, list[Output]], form: str, folder: Path
) -> Body:
    """The document for pandoc; pictures that cells show are written into `folder`."""
    echoed, warned = document.execute["echo"], document.execute["warning"]
    pieces = _Pieces(_salt(document, outputs))
    markdown = "\n\n".join(
        _PAGEBREAK.sub(lambda _: _BREAK, part.markdown)
        if isinstance(part, Text)
        else _cell(part, outputs.get(part, []), form, folder, echoed, warned, pieces)
        for part in document.parts
    )
    return Body(markdown, pieces.held)


def _salt(document: Document, outputs: Mapping[Cell, list[Output]]) -> str:
    """A digest of all that the page is made from: the same each time, and found in none of it."""
    told = [part.markdown for part in document.parts if isinstance(part, Text)]
    shown = [outputs.get(cell, []) for cell in document.cells]
    return hashlib.sha256(json.dumps([told, shown]).encode()).hexdigest()[:24]


def _cell(
    cell: Cell,
    outputs: list[Output],
    form: str,
    folder: Path,
    echoed: bool,
    warned: bool,
    pieces: _Pieces,
) -> str:
    options = cell.options
    if not options.get("include", True):
        return ""
    code = [fenced(cell.code, ".python .cell-code")] if options.get("echo", echoed) else []
    shown: list[str] = []
    if options.get("output", True) is not False:
        warn = bool(options.get("warning", warned))
        shown = [
            text
            for i, output in enumerate(outputs)
            if (text := _output(cell, output, form, folder / f"{_stem(cell)}-{i}", warn, pieces))
        ]
    caption = options.get("fig-cap") or options.get("tbl-cap")
    if caption and shown:
        shown = [f"::: {{#{cell.label}}}", *shown, str(caption), ":::"]
    return "\n\n".join(code + shown)


def _output(
    cell: Cell, output: Output, form: str, stem: Path, warned: bool, pieces: _Pieces
) -> str:
    if output["output_type"] == "stream":
        if output["name"] == "stderr" and not warned:
            return ""
        if cell.options.get("output") == "asis" and output["name"] == "stdout":
            return str(output["text"])
        return fenced(output["text"], ".cell-output")
    data = output.get("data", {})
    mime = next((name for name in _PREFERRED[form] if name in data), None)
    if mime is None or (mime == "text/plain" and "text/html" in data):
        raise RenderError.at(
            cell.file,
            cell.line,
            f"{cell.name} shows {', '.join(data)}, none of which {form} can hold; "
            "show text/markdown or image/svg+xml",
        )
    return _shown(cell, mime, data[mime], form, stem, pieces)


def _shown(cell: Cell, mime: str, content: Any, form: str, stem: Path, pieces: _Pieces) -> str:
    if mime == "text/html":
        return fenced(pieces.token(str(content)), "=html")
    if mime == "text/markdown":
        raw = _RAW.fullmatch(str(content))
        return fenced(pieces.token(raw[form]), f"={form}") if raw else str(content)
    if mime in _SUFFIX:
        file = stem.with_suffix(_SUFFIX[mime])
        file.parent.mkdir(parents=True, exist_ok=True)
        raw_bytes = content.encode() if mime == "image/svg+xml" else base64.b64decode(content)
        file.write_bytes(raw_bytes)
        alt = escape.markdown(cell.options.get("fig-alt") or cell.options.get("fig-cap") or "")
        return f"![{alt}]({file.parent.name}/{file.name})"
    return fenced(content, ".cell-output")


def _stem(cell: Cell) -> str:
    return escape.slug(cell.label) or f"line-{cell.line}"
