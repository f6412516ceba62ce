"""The way through a pack: a page's sections, and the pages that every page leads to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from mktorch.display.block import Block

_FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^## +(?P<title>.+?)(?: +\{#(?P<id>[\w-]+)[^}]*\})?[ \t]*$", re.MULTILINE)


class Way(NamedTuple):
    """Where a link leads, and its words; it is `here` where it leads to the page it stands on."""

    target: str
    words: str
    here: bool = False


@dataclass(frozen=True, kw_only=True)
class Navigation(Block):
    """Links to the pack's pages, its cover first, and to the page's own sections.

    In HTML alone: a rail beside the page where there is room, else a drawer that a bar at the foot
    of the screen opens. Paper has an outline.
    """

    pages: tuple[Way, ...]
    sections: tuple[Way, ...]


def sections_of(document: str) -> Iterator[Way]:
    """A document's second-level headings, as links, by the ids that pandoc gives them.

    Source of the ids: pandoc's manual, extension `auto_identifiers`.

    >>> list(sections_of("## What we saw, 1.\\n\\n## Risk {#risks}"))[0]
    Way(target='#what-we-saw-1.', words='What we saw, 1.', here=False)
    >>> [way.target for way in sections_of("## Risk {#risks}\\n## 2 x\\n## X")]
    ['#risks', '#x', '#x-1']
    """
    seen: Counter[str] = Counter()
    for found in _HEADING.finditer(_FENCED.sub("", document)):
        name = found["id"] or _identifier(found["title"])
        again = f"-{seen[name]}" if seen[name] else ""
        seen[name] += 1
        yield Way(f"#{name}{again}", found["title"])


def _identifier(title: str) -> str:
    kept = re.sub(r"[^\w\s.-]", "", title).strip().lower()
    return re.sub(r"^[^a-z]+", "", re.sub(r"\s+", "-", kept)) or "section"
