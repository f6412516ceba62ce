"""The embedded renderer: a warm kernel executes, pandoc and Typst convert."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from mktorch.render.convert import convert
from mktorch.render.engine import Convert, Engine
from mktorch.render.execute import kernel
from mktorch.render.halt import Halt
from mktorch.render.markdown import to_markdown
from mktorch.render.pages import Page
from mktorch.render.qmd import parse
from mktorch.render.stage import Stage


@contextmanager
def embedded_engine(stage: Stage, as_of: datetime, halt: Halt) -> Iterator[Engine]:
    """An engine with its own kernel: it executes a page once, then converts to each format."""
    with kernel(stage.reports, stage.root / "execute-info.json", halt) as running:

        def execute(page: Page, forms: Sequence[str]) -> Convert:
            source = stage.reports / f"{page.document}.qmd"
            document = parse(source).page(page.name, page.metadata)
            outputs = running.run(document, page.parameters, forms)

            def finished(form: str) -> bytes:
                pictures = stage.reports / f"{page.name}_files"
                body = to_markdown(document, outputs, form, pictures)
                return convert(document, body, form, stage, as_of)

            return finished

        yield execute
