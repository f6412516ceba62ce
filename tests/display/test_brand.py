"""`_brand.yml`: colours, font and logo, with errors that name the entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from mktorch.display.brand import Brand, BrandError, find_brand, load_brand
from mktorch.display.resources import font_dir, home

SVG = "<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'/>"


@pytest.fixture
def write(tmp_path: Path):
    def apply(text: str) -> Path:
        (tmp_path / "logo.svg").write_text(SVG)
        file = tmp_path / "_brand.yml"
        file.write_text(text)
        return file

    return apply


def test_the_shipped_brand_reads(write) -> None:
    brand = load_brand(home() / "_brand.yml")
    assert brand.color("primary") == "#12436d"
    assert brand.font == "Source Sans Pro"
    assert [p.name for p in brand.page_fonts] == [
        "SourceSansPro-Regular.ttf",
        "SourceSansPro-Semibold.ttf",
    ]


def test_palette_names_logo_and_font_are_resolved(write) -> None:
    font = font_dir() / "SourceSansPro-Bold.ttf"
    brand = load_brand(
        write(
            "meta: {name: {full: Acme & Sons}, confidentiality: Board only}\n"
            "color: {palette: {red: '#AA0000'}, primary: red}\n"
            "logo: {images: {mark: {path: logo.svg, alt: Acme}}, medium: mark}\n"
            f"typography: {{base: {{family: Acme Sans}}, fonts: [{{family: Acme Sans, source: file,"
            f" files: ['{font}']}}]}}\n"
        )
    )
    assert brand.company == "Acme & Sons"
    assert brand.confidentiality == "Board only"
    assert brand.color("primary") == "#aa0000"
    assert brand.color("danger") == "#a63024"  # what is not named keeps the house's
    assert brand.logo is not None
    assert (brand.logo.name, brand.logo_alt, brand.font) == ("logo.svg", "Acme", "Acme Sans")
    assert brand.page_fonts == (font,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("color: {primary: blueish}", "color primary is 'blueish'"),
        ("color: [1]", "color must be a table"),
        ("logo: nowhere.svg", "logo 'nowhere.svg'"),
        ("typography: {base: 'x\"; }'}", "no font family"),
        ("typography: {fonts: [{family: X, source: google}]}", "only `file`"),
        ("typography: {fonts: [{family: X, source: file, files: [x.ttf]}]}", "x.ttf"),
        ("color: {", "not readable as YAML"),
    ],
)
def test_what_cannot_be_used_is_named(write, text: str, message: str) -> None:
    with pytest.raises(BrandError, match=message):
        load_brand(write(text))


def test_the_nearest_file_upward_counts(write, tmp_path: Path) -> None:
    file = write("meta: {name: Near}")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_brand(below) == file


@pytest.mark.parametrize("name", ["success", "info", "warning", "danger", "secondary"])
def test_status_words_can_be_read_on_their_fill(name: str) -> None:
    # WCAG 2.2, 1.4.3: 4.5:1 for text of normal size.
    assert _contrast(Brand().color(name), Brand().tint(name)) >= 4.5


def _contrast(first: str, second: str) -> float:
    def luminance(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
