"""The way through the pack, at the head of every page."""

from __future__ import annotations

from mktorch.display.files import pack_files, running_document
from mktorch.display.register import section
from mktorch.display.sections.cover import COVER, REPORTS
from mktorch.display.ways import Navigation, Way, sections_of
from mktorch.runs import Run


@section()
def navigation(run: Run) -> Navigation:  # noqa: ARG001
    """Links to the pack's cover and reports, where they are being made, and to each section."""
    document, made = running_document(), set(pack_files())
    known = {COVER: "Cover"} | {name: words for name, (words, _) in REPORTS.items()}
    name = document.stem if document else ""
    return Navigation(
        pages=tuple(
            Way(f"{page}.html", words, here=page == name)
            for page, words in known.items()
            if f"{page}.html" in made
        ),
        sections=tuple(sections_of(document.read_text(encoding="utf-8"))) if document else (),
    )
