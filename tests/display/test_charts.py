"""One drawing: deterministic SVG, described in words, the same for HTML and PDF."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET

import altair as alt
import pdfplumber
import pytest
import typst

from mktorch.display.charts import Chart
from mktorch.display.house import font_dir


@pytest.fixture(scope="module")
def chart() -> Chart:
    rows = [{"x": "A & <b>", "y": 1.0}, {"x": "```{=html}", "y": 2.0}]
    drawing = alt.Chart(alt.InlineData(values=rows)).mark_bar(clip=True).encode(x="y:Q", y="x:N")
    return Chart(
        id="c", drawing=drawing, title="B leads.", alt='A "1", B 2', source="t", notes=("N.",)
    )


def test_svg_is_the_same_each_time_and_well_formed(chart: Chart) -> None:
    assert chart.svg() == chart.svg()
    root = ET.fromstring(chart.svg())
    words = "".join(root.itertext())
    assert "A & <b>" in words
    assert "```{=html}" in words
    assert "`" not in chart.svg()


def test_ids_carry_the_charts_own(chart: Chart) -> None:
    ids = re.findall(r'\bid="([^"]+)"', chart.svg())
    assert ids
    assert all(name.startswith("c-") for name in ids)
    assert set(re.findall(r"url\(#([^)]+)\)", chart.svg())) <= set(ids)


def test_html_holds_title_words_and_source(chart: Chart) -> None:
    page = chart.html()
    assert 'role="img" aria-label="A &#34;1&#34;, B 2"' in page
    assert "B leads." in page
    assert "Source: t." in page
    assert "<script" not in page


def test_typst_sets_it_in_the_house_font_with_alternative_text(chart: Chart) -> None:
    source = '#set document(title: "t")\n#set text(font: "Source Sans Pro")\n' + chart.typst()
    made = typst.compile(source.encode(), font_paths=[str(font_dir())], ignore_system_fonts=True)
    with pdfplumber.open(io.BytesIO(made)) as file:
        words = file.pages[0].extract_text()
        fonts = {c["fontname"].partition("+")[2] for c in file.pages[0].chars}
    assert "A & <b>" in words
    assert fonts <= {"SourceSansPro-Regular", "SourceSansPro-Semibold"}
    assert b"/Alt" in made or b"Alt" in _inflated(made)


def _inflated(pdf: bytes) -> bytes:
    import zlib

    found = b""
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            found += zlib.decompress(stream)
        except zlib.error:
            continue
    return found
