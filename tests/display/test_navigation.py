"""The way through a pack: its pages, and the sections of the page that is being made."""

from __future__ import annotations

import json
import re

import pytest

from mktorch import display
from mktorch.display.block import EXECUTE_INFO
from mktorch.display.ways import Navigation, Way, sections_of

DOCUMENT = """---
title: Made
---

## First <b> & second

```
## not one
```

### nor this

## Named {#own .unlisted}
"""


@pytest.fixture
def navigation(monkeypatch, tmp_path, sample_run):
    """The block as a cell of a document sees it, of a pack of these files."""

    def apply(name: str, *pack: str) -> Navigation:
        document, info = tmp_path / f"{name}.qmd", tmp_path / "info.json"
        document.write_text(DOCUMENT)
        told = {"document-path": str(document), "format": {"metadata": {"pack": list(pack)}}}
        info.write_text(json.dumps(told))
        monkeypatch.setenv(EXECUTE_INFO, str(info))
        return display.navigation(sample_run)

    return apply


def links(markup: str) -> list[str]:
    return re.findall(r'href="([^"]+)"', markup)


def test_sections_are_those_of_the_document() -> None:
    assert list(sections_of(DOCUMENT)) == [
        Way("#first-b-second", "First <b> & second"),
        Way("#own", "Named"),
    ]


def test_a_page_leads_to_the_cover_and_to_what_is_made(navigation) -> None:
    made = ("index.html", "index.pdf", "executive.html", "governance.pdf", "campaign-a.html")
    block = navigation("executive", *made)
    html = block.html()
    assert [way.target for way in block.pages] == ["index.html", "executive.html"]
    assert links(html)[1:] == [
        *("index.html", "executive.html", "#first-b-second", "#own"),
        *("#mk-contents", "index.html"),
    ]
    assert html.count('<a href="executive.html" aria-current="page">Executive report</a>') == 1
    assert "First &#60;b&#62; &#38; second" in html


def test_the_cover_does_not_lead_to_itself_from_the_bar(navigation) -> None:
    html = navigation("index", "index.html", "executive.html").html()
    assert links(html)[-1] == "#mk-contents"


def test_without_a_pack_there_are_sections_and_on_paper_nothing(navigation) -> None:
    block = navigation("own")
    assert block.pages == ()
    assert links(block.html()) == ["#mk-bar", "#first-b-second", "#own", "#mk-contents"]
    assert block.typst() == block.markdown() == ""


def test_a_notebook_has_no_document_to_lead_through(sample_run, monkeypatch) -> None:
    monkeypatch.delenv(EXECUTE_INFO, raising=False)
    assert display.navigation(sample_run) == Navigation(pages=(), sections=())
