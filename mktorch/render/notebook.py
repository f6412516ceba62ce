"""An executed document as a Jupyter notebook, which Quarto renders without executing it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from mktorch.display.escape import fenced
from mktorch.render.execute import Output
from mktorch.render.pieces import Apart, Pieces, raw_part
from mktorch.render.qmd import Cell, Document, Text

_KERNEL = {"name": "python3", "language": "python", "display_name": "Python 3"}


def notebook(document: Document, outputs: Mapping[Cell, list[Output]], form: str) -> Apart:
    """The notebook's JSON: front matter, text and cells in order, each cell with its outputs.

    Of a block only the part for `form` is there, in HTML as a token: Quarto would read it all.
    HTML of other libraries' objects becomes a raw block, which Quarto reads as it reads an output
    of type `text/html`, but without bringing scripts from the network for it.
    """
    pieces = Pieces.of(document, outputs)
    front = _cell("raw", 0, _yaml(document.own, "---\n", "---")) if document.own else None
    # Of a notebook, Quarto hears what its cells say and not what the project says of execution.
    cells = [
        _cell("markdown", i, part.markdown)
        if isinstance(part, Text)
        else _code(
            i, part, document.execute, [_shown(o, form, pieces) for o in outputs.get(part, [])]
        )
        for i, part in enumerate(document.parts, start=1)
    ]
    content = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": _KERNEL, "language_info": {"name": "python"}},
        "cells": [*([front] if front else []), *cells],
    }
    return Apart(json.dumps(content, ensure_ascii=False), pieces.held)


def _cell(kind: str, number: int, source: str) -> dict[str, Any]:
    # A list of lines: Quarto reads a source in one piece without its line ends.
    lines = source.splitlines(keepends=True)
    return {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": lines}


def _code(
    number: int, cell: Cell, shared: Mapping[str, bool], outputs: list[Output]
) -> dict[str, Any]:
    options = _yaml({**cell.options, **{k: cell.options.get(k, v) for k, v in shared.items()}})
    source = "\n".join((*(f"#| {line}" for line in options.splitlines()), cell.code))
    tags = {"tags": list(cell.options["tags"])} if "tags" in cell.options else {}
    told = {"execution_count": number, "metadata": tags, "outputs": outputs}
    return _cell("code", number, source) | told


def _shown(output: Output, form: str, pieces: Pieces) -> Output:
    data = output.get("data", {})
    if "text/markdown" in data:
        raw = raw_part(str(data["text/markdown"]), form)
        if raw is None:
            return output
        shown = fenced(pieces.token(raw) if form == "html" else raw, f"={form}")
    elif "text/html" in data:
        shown = fenced(str(data["text/html"]), "=html")
    else:
        return output
    return {**output, "data": {"text/markdown": shown}}


def _yaml(content: Mapping[str, Any], before: str = "", after: str = "") -> str:
    text = yaml.safe_dump(dict(content), allow_unicode=True, sort_keys=False, width=2**20)
    return f"{before}{text}{after}"
