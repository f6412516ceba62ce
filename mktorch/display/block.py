"""What a cell shows: a block of data, written as HTML, as native Typst or as Markdown.

In a rendered document a block is one Markdown output that holds both as raw blocks; pandoc keeps
the one that fits. So one execution serves every format, and Quarto, which adds scripts from the
network to a page with an output of type `text/html`, adds none. In a notebook it is HTML.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from mktorch.display.brand import load_brand
from mktorch.display.escape import fenced
from mktorch.display.resources import COMPONENTS, reports_dir

if TYPE_CHECKING:
    from mktorch.display.nodes import Node
    from mktorch.display.trace import Figure

EXECUTE_INFO = "QUARTO_EXECUTE_INFO"  # Quarto and the embedded renderer tell a running cell by it


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


class Block:
    """A piece of a page: data alone. What it is made of is its `tree`, or drawn by each writer."""

    def tree(self) -> Node:
        """The nodes that the block is made of."""
        raise NotImplementedError(f"{type(self).__name__} is drawn by its writers")

    def html(self) -> str:
        """The block as an HTML fragment."""
        from mktorch.display.writers import html

        return html.write(self)

    def typst(self) -> str:
        """The block as Typst markup."""
        from mktorch.display.writers import typst

        return typst.write(self)

    def markdown(self) -> str:
        """The block as Markdown for a terminal or a mail."""
        from mktorch.display.writers import markdown

        return markdown.write(self)

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


@dataclass(frozen=True, init=False)
class Stack(Block):
    """Blocks one below the other."""

    blocks: tuple[Block, ...]

    def __init__(self, *blocks: Block) -> None:
        object.__setattr__(self, "blocks", blocks)

    def figures(self) -> tuple[Figure, ...]:
        return tuple(figure for block in self.blocks for figure in block.figures())

    def linked(self, campaign: str = "") -> Self:
        return type(self)(*(block.linked(campaign) for block in self.blocks))


def notebook_style() -> str:
    """The styles that a report's page brings along and a notebook does not."""
    components = (reports_dir() / COMPONENTS).read_text(encoding="utf-8")
    return f"<style>{load_brand().css}\n{components}</style>"
