"""The sample's reports, rendered once; and a way to render any document's text."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pdfplumber
import pytest

import mktorch
from mktorch.display.brand import load_brand
from mktorch.display.resources import home, reports_dir
from mktorch.render import render
from mktorch.render.convert import convert
from mktorch.render.execute import kernel
from mktorch.render.markdown import to_markdown
from mktorch.render.qmd import parse
from mktorch.render.stage import TEMPLATE, Stage, place_fonts


@pytest.fixture(scope="session")
def pages(sample_run: mktorch.Run, shared) -> Path:
    """The sample's whole pack by the embedded renderer."""
    return shared("pages", lambda out: render(sample_run.path, renderer="embedded", out=out))


@pytest.fixture(scope="session")
def warm(tmp_path_factory):
    """A stage and a kernel that works in it."""
    root = tmp_path_factory.mktemp("stage")
    stage = Stage(root, load_brand(home() / "_brand.yml"))
    shutil.copytree(reports_dir(), stage.reports)
    shutil.copy(TEMPLATE, stage.reports)
    place_fonts(stage.reports, stage.brand)
    with kernel(stage.reports, root / "info.json") as running:
        yield stage, running


@pytest.fixture
def reports(tmp_path: Path, monkeypatch) -> Callable[..., Path]:
    """Documents of one's own in place of the shipped ones, and no exports: `reports(index="…")`."""
    monkeypatch.setattr("mktorch.render.pack.WRITERS", ())

    def apply(**texts: str) -> Path:
        folder = tmp_path / "home" / "reports"
        shutil.copytree(
            reports_dir(), folder, ignore=shutil.ignore_patterns("*.qmd"), dirs_exist_ok=True
        )
        for name, text in texts.items():
            (folder / f"{name}.qmd").write_text(text, encoding="utf-8")
        for module in ("stage", "pages"):
            monkeypatch.setattr(f"mktorch.render.{module}.reports_dir", lambda: folder)
        return folder

    return apply


@pytest.fixture
def convert_text(warm) -> Callable[..., bytes]:
    """Render a document's text: `convert_text(text, "html")` gives the file's bytes."""
    stage, running = warm

    def apply(text: str, form: str, **parameters: object) -> bytes:
        path = stage.reports / "page.qmd"
        path.write_text(text, encoding="utf-8")
        document = parse(path)
        outputs = running.run(document, parameters)
        body = to_markdown(document, outputs, form, stage.reports / "page_files")
        return convert(document, body, form, stage, datetime(2026, 4, 1))

    return apply


def pdf_text(content: bytes) -> str:
    """The text of every page, words in reading order."""
    with pdfplumber.open(io.BytesIO(content)) as file:
        return "\n".join(page.extract_text() for page in file.pages)
