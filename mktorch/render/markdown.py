"""An executed document as one Markdown text, each cell replaced by its outputs."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mktorch.display import escape
from mktorch.display.escape import fenced
from mktorch.render.errors import RenderError
from mktorch.render.execute import Output
from mktorch.render.pieces import Apart, Pieces, raw_part
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
_SUFFIX = {"image/svg+xml": ".svg", "image/png": ".png", "image/jpeg": ".jpg"}


def to_markdown(
    document: Document, outputs: Mapping[Cell, list[Output]], form: str, folder: Path
) -> Apart:
    """The document for pandoc; pictures that cells show are written into `folder`."""
    echoed, warned = document.execute["echo"], document.execute["warning"]
    pieces = Pieces.of(document, outputs)
    markdown = "\n\n".join(
        _PAGEBREAK.sub(lambda _: _BREAK, part.markdown)
        if isinstance(part, Text)
        else _cell(part, outputs.get(part, []), form, folder, echoed, warned, pieces)
        for part in document.parts
    )
    return Apart(markdown, pieces.held)


def _cell(
    cell: Cell,
    outputs: list[Output],
    form: str,
    folder: Path,
    echoed: bool,
    warned: bool,
    pieces: Pieces,
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


def _output(cell: Cell, output: Output, form: str, stem: Path, warned: bool, pieces: Pieces) -> str:
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


def _shown(cell: Cell, mime: str, content: Any, form: str, stem: Path, pieces: Pieces) -> str:
    if mime == "text/html":
        return fenced(pieces.token(str(content)), "=html")
    if mime == "text/markdown":
        raw = raw_part(str(content), form)
        return str(content) if raw is None else fenced(pieces.token(raw), f"={form}")
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
