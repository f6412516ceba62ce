"""HTML and Typst that cells made, set apart: who converts a document need not read or touch them.

They are most of a page. A token stands for each and is put back after the conversion.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from mktorch.render.execute import Output
from mktorch.render.qmd import Cell, Document, Text

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


@dataclass(frozen=True)
class Apart:
    """A document's text with tokens in it, and what they stand for."""

    text: str
    pieces: Mapping[str, str]

    def restored(self, converted: str) -> str:
        """The text's conversion with each token replaced by its piece, once."""
        if not self.pieces:
            return converted
        tokens = re.compile("|".join(map(re.escape, sorted(self.pieces, key=len, reverse=True))))
        return tokens.sub(lambda token: self.pieces[token[0]], converted)


@dataclass
class Pieces:
    """Pieces set apart under tokens that no text can contain by chance or on purpose."""

    salt: str
    held: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Document, outputs: Mapping[Cell, list[Output]]) -> Self:
        """None yet, salted with a digest of all that the page is made from and found in none."""
        told = [part.markdown for part in document.parts if isinstance(part, Text)]
        shown = [outputs.get(cell, []) for cell in document.cells]
        return cls(hashlib.sha256(json.dumps([told, shown]).encode()).hexdigest()[:24])

    def token(self, content: str) -> str:
        name = f"mktorch-{self.salt}-{len(self.held)}."
        self.held[name] = content
        return name


def raw_part(markdown: str, form: str) -> str | None:
    """What a block's Markdown holds for one format; None where it is not a block's.

    >>> raw_part('::: {html-table-processing="none"}\\n\\n```{=html}\\n<b>\\n```\\n\\n'
    ...          '```{=typst}\\n#b\\n```\\n\\n:::', "typst")
    '#b'
    """
    found = _RAW.fullmatch(markdown)
    return found[form] if found else None
