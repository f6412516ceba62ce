"""What a page is called: in its tab, in its file, in the running title; and whose it is, once."""

from __future__ import annotations

import html
import io
import re
from pathlib import Path

import pdfplumber
import pytest

import mktorch
from mktorch.display import escape
from mktorch.render import render
from mktorch.render.pages import pages as pages_of
from mktorch.render.qmd import title_of
from tests.render.hostile import NAMES, hostile_set

HEADER = 56  # in points from the top of a sheet; the text begins at 58
TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> mktorch.Run:
    folder = tmp_path_factory.mktemp("titles")
    return mktorch.run(hostile_set(folder / "data", len(NAMES)), out=folder / "runs")


def flat(text: str) -> str:
    return " ".join(text.split())


def loose(text: str) -> str:
    """Text as a PDF's words can be compared: no spaces, nothing that a font lacks or reorders."""
    return re.sub(r"[^!-~]", "", text)


def test_every_deep_dive_is_called_by_its_campaign(sample_run) -> None:
    dives = [page for page in pages_of(sample_run) if page.campaign]
    names = dict(sample_run.tables["campaigns"].select("campaign_id", "name").rows())
    assert [page.metadata for page in dives] == [
        {
            "subtitle": escape.markdown(names[page.campaign]),
            "pagetitle": f"Campaign deep dive: {escape.markdown(names[page.campaign])}",
        }
        for page in dives
    ]
    assert all(not page.metadata for page in pages_of(sample_run) if not page.campaign)


def test_a_campaign_without_a_name_is_called_by_its_id(sample_run) -> None:
    campaigns = sample_run.tables["campaigns"].with_columns(name=None)
    nameless = type("Nameless", (), {"path": sample_run.path, "manifest": sample_run.manifest})()
    nameless.tables = {"campaigns": campaigns}
    (page,) = pages_of(nameless, asked=["CAMP_001"])
    assert page.metadata["subtitle"] == escape.markdown("CAMP_001")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\ntitle: A page\n---\nText\n", "A page"),
        ("---\ntoc: true\n---\nText\n", ""),
        ("---\ntitle: [x\n---\nText\n", ""),
        ("---\n- x\n---\nText\n", ""),
        ("Text\n", ""),
    ],
)
def test_the_title_of_a_document(text: str, title: str, tmp_path: Path) -> None:
    file = tmp_path / "page.qmd"
    file.write_text(text)
    assert title_of(file) == title


def test_titles_of_hostile_names_are_text_in_both_formats(hostile, tmp_path: Path) -> None:
    """One deep dive per name that tries to act: tab, file and running title bear it as text."""
    names = dict(hostile.tables["campaigns"].select("campaign_id", "name").rows())
    assert len(set(names.values())) == len(NAMES)
    made = render(hostile.path, documents=["campaign"], out=tmp_path, renderer="embedded")
    for file in made:
        expected = f"Campaign deep dive: {flat(escape.clean(names[file.campaign]))}"
        if file.format == "html":
            head, _, _ = file.path.read_text(encoding="utf-8").partition("</head>")
            (title,) = TITLE.findall(head)  # a drawing has titles of its own
            assert "<" not in title
            assert flat(html.unescape(title)) == expected, file.campaign
        else:
            with pdfplumber.open(io.BytesIO(file.path.read_bytes())) as pdf:
                assert loose(pdf.metadata["Title"]) == loose(expected)
                head = pdf.pages[1].crop((0, 0, pdf.pages[1].width, HEADER)).extract_text()
                assert loose("Campaign deep dive:") in loose(head)


def test_the_company_stands_once_above_the_first_block(pages: Path) -> None:
    for name in ("executive", "governance", "campaign-camp-001"):
        page = (pages / f"{name}.html").read_text(encoding="utf-8")
        head = page.split('id="title-block-header"')[1].split("mk-facts")[0]
        shown = re.sub(r"<style>.*?</style>|<[^>]+>|alt=\"[^\"]*\"", " ", head, flags=re.DOTALL)
        assert shown.count("Quillmere") == 1, name
        with pdfplumber.open(pages / f"{name}.pdf") as pdf:
            first = pdf.pages[0].crop((0, 0, pdf.pages[0].width, 200)).extract_text()
            assert first.count("Quillmere") == 1, name


def test_the_titles_of_the_samples_files(pages: Path) -> None:
    with pdfplumber.open(pages / "campaign-camp-001.pdf") as pdf:
        assert pdf.metadata["Title"] == "Campaign deep dive: Spring Trial Drive"
        for sheet in pdf.pages[1:]:
            head = sheet.crop((0, 0, sheet.width, HEADER)).extract_text()
            assert head == "Quillmere Campaign deep dive: Spring Trial Drive"
    with pdfplumber.open(pages / "executive.pdf") as pdf:
        assert pdf.metadata["Title"] == "Executive report"
