"""A folder of one's own: what is written, what is refused, and that reports wear it."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pdfplumber
import pytest

from mktorch.config import load_config
from mktorch.config.load import ConfigError
from mktorch.display.brand import load_brand
from mktorch.display.resources import reports_dir
from mktorch.project import House, ProjectError, contrast, init
from mktorch.sources.schemas import SPECS
from tests.conftest import TINY

LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30"><text y="20">ACME</text></svg>'
)
COMMAND = Path(sys.executable).with_name("mktorch")


@pytest.fixture
def logo(tmp_path: Path) -> Path:
    file = tmp_path / "mark.svg"
    file.write_text(LOGO)
    return file


def test_settings_and_style_read_back_as_given(tmp_path: Path, logo: Path) -> None:
    name = 'Ac"me & Söhne\\ #1'
    house = House(company=name, currency="EUR", locale="de-DE", primary="#123456", logo=logo)
    made = init(tmp_path / "new", house)
    assert all(file.is_file() for file in made)
    config, origins = load_config(tmp_path / "new" / "mktorch.toml")
    assert (config.company, config.currency, config.locale) == (name, "EUR", "de_DE")
    assert origins["company"] == "file mktorch.toml"
    brand = load_brand(tmp_path / "new" / "_brand.yml")
    assert brand.color("primary") == "#123456"
    assert (brand.logo_alt, brand.logo and brand.logo.read_text()) == (name, LOGO)


def test_the_defaults_are_the_shipped_ones(tmp_path: Path) -> None:
    init(tmp_path)
    assert load_brand(tmp_path / "_brand.yml").color("primary") == "#12436d"
    assert load_config(tmp_path / "mktorch.toml")[0].currency == "USD"


def test_the_folder_holds_all_that_a_report_needs(tmp_path: Path) -> None:
    made = init(tmp_path, sample=True)
    names = {path.relative_to(tmp_path).as_posix() for path in made}
    assert {"Makefile", ".gitignore", "README.md", "reports/executive.qmd"} <= names
    assert {f"data/{source}.json" for source in SPECS} <= names
    # The pack is of the run just made, which need not be the one that looks from the latest day.
    assert 'report "$$run"' in (tmp_path / "Makefile").read_text()
    settings = (tmp_path / "mktorch.toml").read_text()
    assert "# window_days = 7" in settings
    assert settings.count("reports_dir") == 1


def test_documents_of_the_folder_are_the_ones_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    init(tmp_path)
    (tmp_path / "reports" / "ours.qmd").write_text("---\ntitle: Ours\n---\n")
    monkeypatch.chdir(tmp_path)
    assert reports_dir() == tmp_path / "reports"
    monkeypatch.chdir(tmp_path / "reports")
    assert reports_dir() == tmp_path / "reports"
    monkeypatch.chdir(tmp_path / "data")
    assert reports_dir() != tmp_path / "reports"


def test_the_guide_names_every_source_and_field(tmp_path: Path) -> None:
    init(tmp_path)
    guide = (tmp_path / "data" / "README.md").read_text()
    for source, spec in SPECS.items():
        line = next(line for line in guide.splitlines() if line.startswith(f"| {source}.json "))
        assert ("required" in line) == spec.required
        assert all(name in line for name in spec.columns)


def test_no_file_is_replaced_and_nothing_half_written(tmp_path: Path, logo: Path) -> None:
    (tmp_path / "_brand.yml").write_text("mine")
    with pytest.raises(ProjectError, match=r"_brand\.yml is there already"):
        init(tmp_path, House(logo=logo))
    assert (tmp_path / "_brand.yml").read_text() == "mine"
    assert not (tmp_path / "mktorch.toml").exists()


@pytest.mark.parametrize(
    ("house", "error", "said"),
    [
        (House(currency="euro"), ConfigError, "currency"),
        (House(locale="xx_1"), ConfigError, "no known locale"),
        (House(page_size="a3"), ConfigError, "page_size"),
        (House(primary="navy blue"), ProjectError, "#rrggbb"),
        (House(primary="#ffff00"), ProjectError, "contrast"),
        (House(logo=Path("nowhere.svg")), ProjectError, "nowhere.svg"),
        (House(logo=TINY / "campaigns.json"), ProjectError, "SVG, PNG or JPEG"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_is_written(
    tmp_path: Path, house: House, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        init(tmp_path / "new", house)
    assert not (tmp_path / "new").exists()


def test_contrast_is_that_of_the_standard() -> None:
    # The lightest grey that passes AA on white, and the next, as published with WCAG's examples.
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


def test_reports_of_the_folder_wear_its_name_logo_and_customs(tmp_path: Path, logo: Path) -> None:
    def mktorch(*arguments: object) -> str:
        done = subprocess.run(
            [COMMAND, *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=tmp_path / "new",
            env=bare,
            check=True,
        )
        return done.stdout

    bare = {name: value for name, value in os.environ.items() if not name.startswith("MKTORCH_")}

    init(tmp_path / "new", House(company="Acme Söhne", currency="EUR", locale="de_DE", logo=logo))
    shutil.copytree(TINY, tmp_path / "new" / "data", dirs_exist_ok=True)
    mktorch("run")
    mktorch("report", "--renderer", "embedded")
    folder = next((tmp_path / "new" / "output" / "reports").glob("*/executive.html")).parent
    page = (folder / "executive.html").read_text()
    assert "Acme S" in page
    assert 'class="mk-logo"' in page
    with pdfplumber.open(io.BytesIO((folder / "executive.pdf").read_bytes())) as pdf:
        text = "\n".join(p.extract_text() for p in pdf.pages)
    assert "Acme Söhne" in text
    assert "8.052,45\u00a0€" in page.replace("&#160;", "\u00a0") or "8.052,45 €" in text
