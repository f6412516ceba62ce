"""What both renderers share: a warm kernel executes a page once, and each format is converted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from mktorch.render.execute import Output, kernel
from mktorch.render.halt import Halt
from mktorch.render.pages import Page
from mktorch.render.qmd import Cell, Document, parse
from mktorch.render.stage import Stage

# A Quarto format (`html`, `typst`) -> the finished file's bytes.
Convert = Callable[[str], bytes]

# Executes a page. Converting one page may overlap executing the next.
Engine = Callable[[Page], Convert]

# What sets a renderer apart: an executed document and what its cells gave -> its conversion.
Converter = Callable[[Document, Mapping[Cell, list[Output]]], Convert]


@contextmanager
def engine(stage: Stage, converter: Converter, halt: Halt) -> Iterator[Engine]:
    """An engine with its own kernel in a staged project."""
    with kernel(stage.reports, stage.root / "execute-info.json", halt) as running:

        def execute(page: Page) -> Convert:
            source = stage.reports / f"{page.document}.qmd"
            document = parse(source).page(page.name, page.metadata)
            return converter(document, running.run(document, page.parameters))

        yield execute
