"""What a cell shows: one object that writes itself as HTML and as native Typst.

In a rendered document a block is one Markdown output that holds both as raw blocks; pandoc keeps
the one that fits. So one execution serves every format, and Quarto, which adds scripts from the
network to a page with an output of type `text/html`, adds none. In a notebook it is HTML.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

from mktorch.display.brand import load_brand
from mktorch.display.escape import fenced
from mktorch.display.house import reports_dir

if TYPE_CHECKING:
    from mktorch.display.trace import Figure

EXECUTE_INFO = "QUARTO_EXECUTE_INFO"  # Quarto and the embedded renderer tell a running cell by it
COMPONENTS = "components.css"


class DisplayError(RuntimeError):
    """A block cannot be shown; the message says why and what to do."""


def rendering() -> bool:
    """Whether a document is being rendered, not a notebook read."""
    return EXECUTE_INFO in os.environ


def raw_blocks(html: str, typst: str) -> str:
    """Markdown that is the one in HTML and the other in Typst, for Quarto and pandoc alike.

    Quarto would read tables out of raw HTML and set them anew, in its own way and in Typst too: the
    attribute, a documented one, says that nothing is to be read.
    """
    parts = (fenced(html, "=html"), fenced(typst, "=typst"))
    return "\n\n".join(('::: {html-table-processing="none"}', *parts, ":::"))


class Block(ABC):
    """A piece of a page. Text from the data is escaped by the time `html` or `typst` returns."""

    @abstractmethod
    def html(self) -> str:
        """The block as an HTML fragment."""

    @abstractmethod
    def typst(self) -> str:
        """The block as Typst markup."""

    def figures(self) -> tuple[Figure, ...]:
        """The block's figures, each with its id and its source; none by default."""
        return ()

    def linked(self, campaign: str = "") -> Self:
        """The block with its figures linked to the entries of `show.sources()`.

        On the page of one `campaign` the ids of its figures begin with it.
        """
        del campaign
        return self

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        if rendering():
            return {"text/markdown": raw_blocks(self.html(), self.typst())}
        return {"text/html": notebook_style() + self.html()}


class Stack(Block):
    """Blocks one below the other."""

    def __init__(self, *blocks: Block) -> None:
        self.blocks = blocks

    def figures(self) -> tuple[Figure, ...]:
        return tuple(figure for block in self.blocks for figure in block.figures())

    def linked(self, campaign: str = "") -> Self:
        return type(self)(*(block.linked(campaign) for block in self.blocks))

    def html(self) -> str:
        return "\n".join(block.html() for block in self.blocks)

    def typst(self) -> str:
        return "\n".join(block.typst() for block in self.blocks)


def notebook_style() -> str:
    """The styles that a report's page brings along and a notebook does not."""
    components = (reports_dir() / COMPONENTS).read_text(encoding="utf-8")
    return f"<style>{load_brand().css}\n{components}</style>"
