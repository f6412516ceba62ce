"""The embedded renderer: pandoc and Typst, from their wheels, convert what the kernel executed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mktorch.render.convert import convert
from mktorch.render.engine import Convert
from mktorch.render.execute import Output
from mktorch.render.markdown import to_markdown
from mktorch.render.qmd import Cell, Document
from mktorch.render.stage import Stage


@dataclass(frozen=True)
class Embedded:
    """Converts executed documents in a staged project; PDFs are dated `as_of`."""

    stage: Stage
    as_of: datetime

    def __call__(self, document: Document, outputs: Mapping[Cell, list[Output]]) -> Convert:
        def finished(form: str) -> bytes:
            pictures = self.stage.reports / f"{document.name}_files"
            body = to_markdown(document, outputs, form, pictures)
            return convert(document, body, form, self.stage, self.as_of)

        return finished
