"""One drawing: deterministic SVG, described in words, the same for HTML and PDF."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET

import altair as alt
import pdfplumber
import polars as pl
import pytest
import typst

from mktorch import display
from mktorch.display.charts import NARROW, WIDTH, Chart
from mktorch.display.resources import font_dir
from tests.display.made import with_tables

CHARTS = (
    "channel_flow",
    "forest",
    "funnel",
    "kpi_bullets",
    "pacing",
    "risk_timeline",
    "roi_waterfall",
    "spend_and_value",
    "trend",
)


@pytest.fixture(scope="module")
def chart() -> Chart:
    rows = [{"x": "A & <b>", "y": 1.0}, {"x": "```{=html}", "y": 2.0}]
    drawing = alt.Chart(alt.InlineData(values=rows)).mark_bar(clip=True).encode(x="y:Q", y="x:N")
    return Chart(
        id="c",
        draw=lambda _: drawing,
        title="B leads.",
        alt='A "1", B 2',
        source="t",
        notes=("N.",),
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


def test_a_page_holds_two_drawings_under_one_name_and_hides_the_narrow_one(chart: Chart) -> None:
    page = chart.html()
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert page.count("<svg ") == 2
    assert page.count("aria-label=") == page.count('role="img"') == 1
    assert re.search(r'<div class="mk-narrow" hidden><svg ', page)


def test_the_narrow_drawing_is_made_for_its_width_and_only_for_a_page() -> None:
    asked: list[int] = []

    def draw(width: int) -> alt.Chart:
        asked.append(width)
        rows = alt.InlineData(values=[{"x": 1}])
        return alt.Chart(rows).mark_point().encode(x="x:Q").properties(width=width)

    chart = Chart(id="c", draw=draw, title="T.", alt="A")
    chart.typst()
    assert asked == [WIDTH]
    chart.html()
    assert asked == [WIDTH, NARROW]


@pytest.mark.parametrize("width", [WIDTH, NARROW])
@pytest.mark.parametrize("name", CHARTS)
def test_a_drawing_is_valid_and_fits_its_width(sample_run, name: str, width: int) -> None:
    """What `to_dict` checks here is not checked again at each drawing."""
    made = getattr(display, name)(sample_run)
    assert made.draw(width).to_dict(validate=True) == made.draw(width).to_dict(validate=False)
    drawn = made.html().split('class="mk-narrow"')[width == NARROW]
    box = re.search(r'viewBox="0 0 (\S+) \S+"', drawn)
    assert box
    # Names and figures beside a broad plot take up to a third again of the width.
    assert float(box[1]) <= width * (1.31 if width == WIDTH else 1.1)


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


def test_marks_tell_their_values_and_nothing_else_is_named(sample_run) -> None:
    hostile = '<b> & "x"'
    named = sample_run.tables["campaign_analysis"].with_columns(name=pl.lit(hostile))
    svg = display.spend_and_value(with_tables(sample_run, campaign_analysis=named)).svg()
    tree = ET.fromstring(svg)
    titles = [title.text for title in tree.iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == 12  # spend and value of the six campaigns that have both
    assert f"{hostile}: spend $27,084, value $69,357" in titles
    assert "aria-" not in svg
    assert "role=" not in svg
