"""A block is Markdown for both formats in a rendered document, and HTML in a notebook."""

from __future__ import annotations

import subprocess

import pypandoc
import pytest

from mktorch.display.block import EXECUTE_INFO, Stack, raw_blocks, rendering
from mktorch.display.page import Card, Cards, Lead, Unavailable


@pytest.fixture
def rendered(monkeypatch) -> None:
    monkeypatch.setenv(EXECUTE_INFO, "info.json")


def pandoc(markdown: str, form: str) -> str:
    command = [pypandoc.get_pandoc_path(), "--from=markdown", f"--to={form}"]
    return subprocess.run(
        command, input=markdown, capture_output=True, text=True, check=True
    ).stdout


def test_a_notebook_gets_html_with_its_styles(monkeypatch) -> None:
    monkeypatch.delenv(EXECUTE_INFO, raising=False)
    assert not rendering()
    bundle = Lead(sentence="One.")._repr_mimebundle_()
    assert list(bundle) == ["text/html"]
    assert ".mk-lead" in bundle["text/html"]


@pytest.mark.usefixtures("rendered")
def test_a_document_gets_one_output_that_holds_both_formats() -> None:
    block = Stack(Lead(sentence="One."), Unavailable(reason="None."))
    bundle = block._repr_mimebundle_(include=None, exclude=None)
    assert list(bundle) == ["text/markdown"]
    assert bundle["text/markdown"] == raw_blocks(block.html(), block.typst())


@pytest.mark.usefixtures("rendered")
def test_pandoc_keeps_the_one_that_fits_and_drops_the_other() -> None:
    block = Lead(sentence="Two ``` and ```` ticks.")
    markdown = block._repr_mimebundle_()["text/markdown"]
    assert block.html() in pandoc(markdown, "html")
    assert "typst" not in pandoc(markdown, "html")
    assert block.typst() in pandoc(markdown, "typst")
    assert "mk-lead" not in pandoc(markdown, "typst")


def test_cards_escape_what_they_show() -> None:
    cards = Cards(cards=(Card(label="<b>", value="#1", detail="{{< x >}}"),))
    assert "<b>" not in cards.html()
    assert "{{<" not in cards.html() + cards.typst()
