"""A block chooses its target from what the renderer says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mktorch.display.block import EXECUTE_INFO, TARGETS, DisplayError, Stack, Target, targets
from mktorch.display.page import Card, Cards, Lead, Unavailable


@pytest.fixture
def going_to(tmp_path: Path, monkeypatch):
    def apply(form: str) -> None:
        file = tmp_path / "info.json"
        file.write_text(json.dumps({"format": {"identifier": {"base-format": form}}}))
        monkeypatch.setenv(EXECUTE_INFO, str(file))

    return apply


def test_a_notebook_gets_html_with_its_styles(monkeypatch) -> None:
    monkeypatch.delenv(EXECUTE_INFO, raising=False)
    assert targets() == (Target.NOTEBOOK,)
    bundle = Lead(sentence="One.")._repr_mimebundle_()
    assert list(bundle) == ["text/html"]
    assert ".mk-lead" in bundle["text/html"]


def test_each_format_gets_its_own_and_no_other(going_to) -> None:
    block = Stack(Lead(sentence="One."), Unavailable(reason="None."))
    going_to("html")
    assert list(block._repr_mimebundle_()) == ["text/html"]
    going_to("typst")
    bundle = block._repr_mimebundle_(include=None, exclude=None)
    assert list(bundle) == ["text/markdown"]
    assert bundle["text/markdown"].startswith("```{=typst}\n")


def test_one_execution_may_serve_both_formats(going_to, tmp_path) -> None:
    going_to("html")
    file = tmp_path / "info.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {TARGETS: ["html", "typst"]}))
    bundle = Lead(sentence="One.")._repr_mimebundle_()
    assert list(bundle) == ["text/html", "text/markdown"]
    assert bundle["text/html"] == Lead(sentence="One.").html()
    assert Lead(sentence="One.").typst() in bundle["text/markdown"]


def test_an_unknown_format_and_a_lost_file_are_told(going_to, monkeypatch, tmp_path) -> None:
    going_to("docx")
    with pytest.raises(DisplayError, match="docx"):
        targets()
    monkeypatch.setenv(EXECUTE_INFO, str(tmp_path / "gone.json"))
    with pytest.raises(DisplayError, match="daemon"):
        targets()


def test_cards_escape_what_they_show() -> None:
    cards = Cards(cards=(Card(label="<b>", value="#1", detail="{{< x >}}"),))
    assert "<b>" not in cards.html()
    assert "{{<" not in cards.html() + cards.typst()
