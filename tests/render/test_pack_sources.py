"""From a figure on a page to its entry in the appendix, and to what `mktorch explain` says."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pdfplumber
import pytest

from mktorch.display.documents import figures
from mktorch.explain import explain
from tests.render.numbers import Marks

HEAD = "Appendix:"
LINK = re.compile(r'<a class="mk-figure" id="([^"]+)" href="#([^"]+)">(.*?)</a>', re.DOTALL)
ENTRY = re.compile(
    r'<div class="mk-source" id="([^"]+)">\s*<dt><a href="#([^"]+)">.*?</dt>\s*<dd>(.*?)</dd>',
    re.DOTALL,
)


def plain(markup: str) -> str:
    """The text of a fragment of HTML, as a reader has it."""
    tidy = re.sub(r"&nbsp;|&#160;", "\u00a0", markup).replace("<br>", "<br/>").replace("<wbr>", "")
    return "".join(ElementTree.fromstring(f"<i>{tidy}</i>").itertext()).strip()


@pytest.fixture(scope="module")
def documents(pages: Path) -> dict[str, str]:
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(pages.glob("*.html"))}


def test_every_figure_leads_to_an_entry_that_leads_back(documents) -> None:
    for name, page in documents.items():
        anchors = re.findall(r'\bid="([^"]+)"', page)
        assert len(anchors) == len(set(anchors)), name
        entries = {anchor: back for anchor, back, _ in ENTRY.findall(page)}
        links = {anchor: entry for anchor, entry, _ in LINK.findall(page)}
        assert set(links.values()) == set(entries), name
        assert set(entries.values()) <= set(links), name
        assert name == "index" or len(links) > 5, name


def test_every_figure_of_the_run_is_linked_on_its_page(sample_run, documents) -> None:
    seen = 0
    for campaign in ("", *sample_run.tables["campaigns"]["campaign_id"]):
        for name, figure in figures(sample_run, campaign):
            links = {anchor: shown for anchor, _, shown in LINK.findall(documents[name])}
            if figure.anchor in links and figure.column:
                assert plain(links[figure.anchor]).endswith(figure.text), figure.id
                seen += 1
            else:
                assert figure.anchor in links or name == "index", (name, figure.id)
    assert seen > 1000


@pytest.mark.parametrize("name", ["executive", "campaign-camp-003"])
def test_the_appendix_says_what_the_command_says(sample_run, documents, name: str) -> None:
    told = {anchor: text for anchor, _, text in ENTRY.findall(documents[name])}
    backs = {anchor: back for anchor, back, _ in ENTRY.findall(documents[name])}
    for anchor, text in list(told.items())[::9]:
        said = explain(sample_run, backs[anchor])
        words = re.sub(r"\s+", " ", plain(text.replace("</p><p>", "</p> <p>")))
        assert said.lines[0] in words
        for setting in said.settings:
            assert str(setting) in words


def test_the_notes_of_the_paper_number_its_entries(pages: Path, documents) -> None:
    """On paper the highest note is the number of the last entry, and none is unresolved."""
    for name in ("experiments", "campaign-camp-001"):
        entries = len(ENTRY.findall(documents[name]))
        with pdfplumber.open(io.BytesIO((pages / f"{name}.pdf").read_bytes())) as file:
            appendix = "\n".join(_sheets(file.pages))
        numbers = [int(n) for n in re.findall(r"^(\d{1,3}) \S", appendix, re.MULTILINE)]
        rising = [n for i, n in enumerate(numbers) if n == len({*numbers[:i]}) + 1]
        assert rising[-1] == entries, (name, rising[-5:], entries)


def test_a_paper_without_the_appendix_has_no_notes(pages: Path, documents) -> None:
    """Its figures lead to their entries in HTML; on paper no number points to what is not there."""
    assert ENTRY.findall(documents["executive"])
    with pdfplumber.open(pages / "executive.pdf") as file:
        for sheet in file.pages:
            assert HEAD not in {word["text"] for word in sheet.extract_words()}
            assert not Marks(sheet).notes


def _sheets(sheets) -> Iterator[str]:
    """The text of the appendix, which is the last part, sheet by sheet."""
    heads = [(i, w) for i, s in enumerate(sheets) for w in s.extract_words() if w["text"] == HEAD]
    first, word = heads[-1]
    for sheet in sheets[first:]:
        top = word["top"] if sheet is sheets[first] else 0
        yield sheet.crop((0, top, sheet.width, sheet.height)).extract_text()
