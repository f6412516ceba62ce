"""A working copy of the reports that a renderer may write in, with the run's page settings."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mktorch.display.brand import BRAND_FILE, Brand, find_brand, load_brand
from mktorch.display.resources import font_dir, home, reports_dir, script_font_dir
from mktorch.folders import scratch
from mktorch.runs import Run

# What a browser loads by itself; only what the page holds (data:, #part) may stand there.
_TAG = re.compile(
    r"<(?:script|img|iframe|link|source|video|audio|embed|object|image|use)\b"
    r"((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"([^\s\"'=<>/]+)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]+)")
_LOADING = frozenset({"src", "href", "xlink:href", "data", "srcset", "poster"})
_HELD = re.compile(r"\s*(?:data:|#|$)", re.IGNORECASE)
_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style", re.IGNORECASE | re.DOTALL)
_IMPORTED = re.compile(r"@import\s+(?:url\()?[\"']?((?:https?:)?//[^\"')\s]+)", re.IGNORECASE)


TEMPLATE = Path(__file__).with_name("template.typ")
FONTS = "_fonts"  # beside the documents, whose `font-paths` name it


def place_fonts(reports: Path, brand: Brand) -> None:
    """Copy every font that a PDF is set in to where the documents' metadata says they are.

    Quarto gives Typst the `font-paths` of the metadata, which have to be relative, and no others;
    the embedded renderer takes the same files.
    """
    fonts = reports / FONTS
    fonts.mkdir(exist_ok=True)
    shipped = (f for d in (font_dir(), script_font_dir()) for f in d.glob("*.ttf"))
    for file in (*shipped, *brand.font_files):
        shutil.copyfile(file, fonts / file.name)


@dataclass(frozen=True)
class Stage:
    """A project folder laid out like the source tree: `_quarto.yml`, `_brand.yml`, `reports/`."""

    root: Path
    brand: Brand

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def fonts(self) -> Path:
        return self.reports / FONTS


@contextmanager
def staged(run: Run, pack: Sequence[str] = ()) -> Iterator[Stage]:
    """Copy the reports into a temporary project and write what this run's pages need.

    `pack` names the files that are being made; a document learns them as metadata.
    """
    file = find_brand()
    brand = load_brand(file)
    with scratch() as folder:
        stage = Stage(folder, brand)
        shutil.copytree(
            reports_dir(), stage.reports, ignore=shutil.ignore_patterns(".*", "*_files", FONTS)
        )
        shutil.copy(TEMPLATE, stage.reports)
        place_fonts(stage.reports, brand)
        (stage.root / "_quarto.yml").write_text(_project(), encoding="utf-8")
        (stage.root / BRAND_FILE).write_text(_absolute(file), encoding="utf-8")
        shared = stage.reports / "_metadata.yml"
        content = yaml.safe_load(shared.read_text(encoding="utf-8"))
        content.update(accent=brand.color("primary").removeprefix("#"), pack=list(pack))
        content["format"]["typst"].update(papersize=str(run.config.page_size), mainfont=brand.font)
        shared.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        yield stage


def outside_resources(page: str) -> list[str]:
    """Addresses a browser would ask for when it opens the page; none belongs there.

    >>> outside_resources('<script src="https://cdn.example/x.js"></script>')
    ['https://cdn.example/x.js']
    >>> outside_resources('<p>text: @import url(//x.example)</p><img alt=" src=//x.example">')
    []
    """
    named = (
        value.strip("\"'").strip()
        for inside in _TAG.findall(page)
        for name, value in _ATTRIBUTE.findall(inside)
        if name.lower() in _LOADING
    )
    imported = (found for sheet in _STYLE.findall(page) for found in _IMPORTED.findall(sheet))
    return [*(value for value in named if not _HELD.match(value)), *imported]


def _project() -> str:
    """The project's settings, without what it does before it renders: the stage is ready."""
    content = yaml.safe_load((home() / "_quarto.yml").read_text(encoding="utf-8"))
    content["project"].pop("pre-render", None)
    return yaml.safe_dump(content, allow_unicode=True)


def _absolute(file: Path) -> str:
    """A brand file's text with its relative files made absolute, so that it can move."""
    content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: moved(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [moved(inner) for inner in value]
        if isinstance(value, str) and (file.parent / value).is_file():
            return str((file.parent / value).resolve())
        return value

    parts = {key: moved(content[key]) for key in ("logo", "typography") if key in content}
    return yaml.safe_dump({**content, **parts}, allow_unicode=True)
