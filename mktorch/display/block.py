"""What a cell shows: a block of data, written as HTML, as native Typst or as Markdown.

Quarto and the embedded renderer both name, in `QUARTO_EXECUTE_INFO`, a JSON file that tells a
running cell its target format. Without it the cell runs in a notebook.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from mktorch.display.brand import load_brand
from mktorch.display.resources import reports_dir

if TYPE_CHECKING:
    from mktorch.display.nodes import Node
    from mktorch.display.trace import Figure

EXECUTE_INFO = "QUARTO_EXECUTE_INFO"
TARGETS = "mktorch-targets"  # the execution info's key for several formats at once
COMPONENTS = "components.css"


class Target(StrEnum):
    """Where a page is going."""

    HTML = "html"
    TYPST = "typst"
    NOTEBOOK = "notebook"


class DisplayError(RuntimeError):
    """A block cannot be shown; the message says why and what to do."""


def targets() -> tuple[Target, ...]:
    """The formats the running document is being rendered to: one, or all at once.

    Quarto executes a document once for each format and names that one. The embedded renderer
    executes it once and names all that are wanted.
    """
    file = os.environ.get(EXECUTE_INFO)
    if not file:
        return (Target.NOTEBOOK,)
    try:
        info = json.loads(Path(file).read_text(encoding="utf-8"))
        names = info.get(TARGETS) or [info["format"]["identifier"]["base-format"]]
    except (OSError, ValueError, KeyError) as error:
        raise DisplayError(
            f"{EXECUTE_INFO} names {file}, which does not tell the format ({error!r}); a kernel "
            "kept from an earlier render loses it: render with `execute: daemon: false`"
        ) from None
    unknown = [name for name in names if name not in (Target.HTML, Target.TYPST)]
    if unknown:
        raise DisplayError(f"reports are written as html or typst, not {unknown[0]!r}")
    return tuple(Target(name) for name in names)


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
        return dict(self._shown(each) for each in targets())

    def _shown(self, wanted: Target) -> tuple[str, str]:
        match wanted:
            case Target.HTML:
                return "text/html", self.html()
            case Target.TYPST:
                return "text/markdown", f"```{{=typst}}\n{self.typst()}\n```"
            case Target.NOTEBOOK:
                return "text/html", notebook_style() + self.html()


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
