"""The reports of a run, whole: what they say, that they repeat, and that hostile text is text."""

from __future__ import annotations

import html
import io
import re
from pathlib import Path

import pdfplumber
import pytest

import mktorch
from mktorch.formats import CURRENCY_COMPACT, CURRENCY_EXACT, format_value
from mktorch.render import RenderError, documents, render
from mktorch.render.stage import outside_resources
from tests.display.test_escape import HOSTILE
from tests.render.conftest import pdf_text


def words_of(page: str) -> str:
    whole = re.sub(r"</?(wbr|bdi)\b[^>]*>", "", page)  # neither ends a word
    bare = re.sub(r"<(style|head|svg)\b.*?</\1>|<[^>]+>", " ", whole, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(bare))


def flat(text: str) -> str:
    """Words without the places where lines may break."""
    return re.sub(r"[\s\u200b\xa0]+", "", text)


@pytest.fixture(scope="module")
def page(pages: Path) -> str:
    return (pages / "executive.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def print_text(pages: Path) -> str:
    return pdf_text((pages / "executive.pdf").read_bytes())


def test_both_formats_show_campaigns_money_and_provenance(
    sample_run: mktorch.Run, pages: Path
) -> None:
    page = "".join(p.read_text(encoding="utf-8") for p in sorted(pages.glob("*.html")))
    print_text = "".join(pdf_text(p.read_bytes()) for p in sorted(pages.glob("*.pdf")))
    total = sample_run.tables["roi_analysis"].row(0, named=True)
    expected = [
        *sample_run.tables["campaigns"]["name"],
        *(
            format_value(total[name], CURRENCY_COMPACT)
            for name in ("total_media_spend", "total_estimated_value", "total_net_roi")
        ),
        sample_run.run_id,
        sample_run.manifest.version,
        *(file.sha256 for file in sample_run.manifest.inputs),
        *(file.path for file in sample_run.manifest.inputs),
        *sample_run.tables["failures"]["rule"].unique(),
        *sample_run.tables["reconciliations"]["check"].unique(),
    ]
    for shown in (words_of(page), print_text):
        for text in expected:
            assert flat(text) in flat(shown), text
    # To the cent in the words of the waterfall, which draws them all.
    for name in (name for name in total if name.startswith("total_")):
        assert format_value(total[name], CURRENCY_EXACT) in html.unescape(page), name


def test_every_figure_of_the_page_stands_in_the_pdf(page: str, print_text: str) -> None:
    figures = set(re.findall(r"<data[^>]*>([^<]+)</data>", page))
    assert len(figures) > 60
    assert not [f for f in figures if flat(html.unescape(f)) not in flat(print_text)]


def test_a_second_rendering_is_the_same_to_the_byte(
    sample_run: mktorch.Run, pages: Path, tmp_path: Path
) -> None:
    for made in render(sample_run.path, renderer="embedded", out=tmp_path, workers=1):
        assert made.path.read_bytes() == (pages / made.path.relative_to(tmp_path)).read_bytes()
        assert made.bytes == made.path.stat().st_size


def test_the_page_is_self_contained_and_light(page: str) -> None:
    assert outside_resources(page) == []
    assert re.findall("<script[^>]*>", page) == ["<script>"]  # the page's own, inlined
    assert len(page) < 1_000_000
    ids = re.findall(r'<[^>]*\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for target in re.findall(r'href="#([^"]+)"', page):
        assert target in ids


def test_the_pdf_is_titled_tagged_and_keeps_to_its_pages(pages: Path) -> None:
    content = (pages / "executive.pdf").read_bytes()
    assert b"/StructTreeRoot" in content
    with pdfplumber.open(io.BytesIO(content)) as file:
        assert file.metadata["Title"] == "Executive report"
        fonts = set()
        for sheet in file.pages:
            words = sheet.extract_words()
            assert words
            assert all(w["x0"] >= 0 and w["x1"] <= sheet.width for w in words)
            assert all(w["top"] >= 0 and w["bottom"] <= sheet.height for w in words)
            assert f"{sheet.page_number} / {len(file.pages)}" in sheet.extract_text()
            fonts |= {char["fontname"] for char in sheet.chars}
    assert all(re.match(r"[A-Z]{6}\+", name) for name in fonts)  # a subset, so embedded


def test_the_page_size_is_the_configs(tmp_path: Path, tiny: Path) -> None:
    run = mktorch.run(tiny, out=tmp_path / "runs", page_size="us-letter", company="Acme & <Sons>")
    render(run.path, renderer="embedded", out=tmp_path, documents=["executive"])
    with pdfplumber.open(tmp_path / "executive.pdf") as file:
        assert (file.pages[0].width, file.pages[0].height) == (612, 792)
        assert "Acme & <Sons>" in file.pages[0].extract_text()
        assert "Acme & <Sons>" in file.pages[1].extract_text().splitlines()[0]
    assert "Acme & <Sons>" in words_of((tmp_path / "executive.html").read_text())


def test_hostile_names_are_text_in_both_formats(tmp_path: Path, tiny: Path, edit) -> None:
    def rename(rows):
        # The first one's own row bears a name too, so that none is beyond the rows a page shows.
        first, *others = HOSTILE
        extra = [dict(rows[0], campaign_id=f"H{i}", name=n) for i, n in enumerate(others)]
        return [dict(rows[0], name=first), *rows[1:], *extra]

    run = mktorch.run(edit("campaigns", rename), out=tmp_path / "runs")
    render(run.path, renderer="embedded", out=tmp_path, documents=["executive"])
    page = (tmp_path / "executive.html").read_text()
    printed = pdf_text((tmp_path / "executive.pdf").read_bytes())
    for name in HOSTILE:
        assert name in words_of(page)
        assert flat(name) in flat(printed)
    assert re.findall("<script[^>]*>", page) == ["<script>"]  # the page's own, inlined
    assert "alert(1)" not in page[page.index("<script>") :]
    assert "<img" not in page


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"to": ("docx",)}, "format 'docx' is unknown; allowed: html, pdf"),
        ({"to": ()}, "no format given"),
        ({"renderer": "latex"}, "renderer 'latex' is unknown"),
        ({"documents": ["nope"]}, "there is no document 'nope'; there are: .*executive"),
        ({"out": "/dev/null/out"}, "cannot be written"),
    ],
)
def test_a_wrong_call_is_told(
    sample_run: mktorch.Run, tmp_path: Path, changes: dict, message: str
) -> None:
    given = {"to": ("html",), "renderer": "embedded", "out": tmp_path} | changes
    with pytest.raises(RenderError, match=message):
        render(sample_run.path, **given)


def test_a_brand_in_the_working_folder_is_worn_by_both(
    tiny: Path, tmp_path: Path, monkeypatch
) -> None:
    run = mktorch.run(tiny, out=tmp_path / "runs", company="")
    (tmp_path / "mark.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">'
        '<rect width="40" height="20"/></svg>'
    )
    (tmp_path / "_brand.yml").write_text(
        "meta: {name: 'Näme *&* Co', confidentiality: Board only}\n"
        "color: {primary: '#5a2d82'}\nlogo: {medium: {path: mark.svg, alt: The mark}}\n"
    )
    monkeypatch.chdir(tmp_path)
    render(run.path, renderer="embedded", out=tmp_path / "out", documents=["executive"])
    page = (tmp_path / "out" / "executive.html").read_text()
    assert "--mk-primary:#5a2d82" in page
    assert 'alt="The mark" src="data:image/svg+xml;base64,' in page
    assert "Board only" in page
    printed = pdf_text((tmp_path / "out" / "executive.pdf").read_bytes())
    assert "Näme *&* Co" in printed
    assert printed.count("Board only") >= 2


def test_a_brand_font_that_is_not_there_is_named(
    sample_run: mktorch.Run, tmp_path: Path, monkeypatch
) -> None:
    (tmp_path / "_brand.yml").write_text("typography: {base: Nowhere Sans}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RenderError, match="no font file of the family 'Nowhere Sans'"):
        render(
            sample_run.path,
            to=("pdf",),
            renderer="embedded",
            out=tmp_path / "out",
            documents=["executive"],
        )


def test_documents_are_found() -> None:
    assert "executive" in documents()
