"""Hostile text in every field of every source is text, on pages and on the terminal."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

import mktorch
from mktorch.cli import app
from mktorch.display import escape
from mktorch.history import DECIDED
from mktorch.render import render
from mktorch.render.stage import outside_resources
from mktorch.sources.schemas import SPECS
from mktorch.vocab import Renderer
from tests.everywhere import everywhere, sources, strings
from tests.render.conftest import pdf_text

# What a terminal acts on, but for the ends of lines.
_ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_FOREIGN = {"iframe", "object", "base", "textarea", "plaintext", "math", "use", "marquee", "form"}
PARTS = ("executive",)
WHOLE = ("index", "executive", "governance", "experiments")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return everywhere(tmp_path_factory.mktemp("hostile") / "data", strings())


@pytest.fixture(scope="module")
def run(data):
    out = data.parent
    return mktorch.run(data, out=out / "runs", reports_dir=str(out / "reports"))


class Page(HTMLParser):
    """What of a page could act: its tags, attributes, addresses, scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: set[str] = set()
        self.acts = ""
        self.read: list[str] = []
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses |= {value or "" for name, value in attrs if name in ("href", "src")}
        self._open = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag) -> None:
        self._open = ""

    def handle_data(self, text) -> None:
        if self._open:
            self.acts += text
        else:
            self.read.append(text)


def nothing_acts(text: str) -> Page:
    page = Page(text)
    assert not page.tags & _FOREIGN
    assert not [name for name in page.attributes if name.startswith("on")]
    assert not [a for a in page.addresses if re.match(r"\s*(javascript|https?:|//|data:text)", a)]
    assert "pwned" not in page.acts
    assert "x.example" not in page.acts
    assert outside_resources(text) == []
    assert "root:x:" not in text
    return page


def test_every_text_field_of_every_source_holds_hostile_text() -> None:
    texts = strings()
    made = sources(texts)
    assert set(made) == {str(source) for source in SPECS}
    for source, rows in made.items():
        held = {name for row in rows for name, value in row.items() if any(
            text in str(value) for text in texts if text.strip())}  # fmt: skip
        assert held >= set(rows[0]), source


def test_a_run_keeps_all_it_can_and_names_what_it_cannot(run, data) -> None:
    assert run.ok or not run.manifest.errors
    assert all(each.rows == each.valid + each.failed for each in run.manifest.inputs)
    kept = {name: run.tables[name].height for name in ("campaigns", "channels", "experiments")}
    assert min(kept.values()) >= len(strings()) - 3


def test_pages_show_it_as_text_and_nothing_acts(run, tmp_path) -> None:
    files = render(
        run.path, to=("html",), documents=PARTS, renderer=Renderer.EMBEDDED, out=tmp_path
    )
    read = ""
    for file in files:
        page = nothing_acts(file.path.read_text(encoding="utf-8"))
        read += re.sub(r"\s+|\u200b|\u00ad", "", "".join(page.read))
    shown = [
        text
        for text in strings()
        if re.sub(r"\s+|\u200b|\u00ad", "", escape.clean(text))
        and re.sub(r"\s+|\u200b|\u00ad", "", escape.clean(text)) in read
    ]
    assert len(shown) > 60


def call(*words: object) -> list[str]:
    done = CliRunner().invoke(app, [*map(str, words)])
    assert done.exit_code in (0, 1), done.output
    assert not _ACTING.search(done.output), words
    return done.stdout.splitlines()


def test_the_terminal_shows_it_and_no_value_makes_a_line(run, data, tmp_path) -> None:
    lines = call("validate", data)
    begun = re.compile(r"(error|warning|differs?|note): ")
    assert not [line for line in lines if not begun.match(line)]
    assert len(lines) >= run.tables["failures"].height
    assert any("pwned" in line for line in lines)
    other = mktorch.run(data, out=tmp_path / "runs", reports_dir=str(tmp_path), window_days=1)
    tables = ("setting", "verdict", *DECIDED)
    assert not [x for x in call("diff", run.path, other.path) if not x.startswith(tables)]
    heads = ("Definition", "Worked out", "Made of", "Run ")
    asked = run.tables["recommendations"]["recommendation_id"]
    for name in ("verdict", "critical_risks", *asked.gather_every(asked.len() // 3)):
        _, *rest = call("explain", run.path, name, "--rows")
        assert not [x for x in rest if not x.startswith((" ", *heads, *SPECS))]


@pytest.mark.long
def test_every_document_on_paper_too(run, tmp_path) -> None:
    _pack(run, tmp_path, Renderer.EMBEDDED)


@pytest.mark.quarto
def test_every_document_by_quarto(run, tmp_path) -> None:
    _pack(run, tmp_path, Renderer.QUARTO)


def _pack(run, folder: Path, renderer: Renderer) -> None:
    files = render(run.path, to=("html", "pdf"), documents=WHOLE, renderer=renderer, out=folder)
    assert len(files) >= 2 * len(WHOLE)
    for file in files:
        content = file.path.read_bytes()
        if file.path.suffix == ".html":
            nothing_acts(content.decode())
        elif file.path.suffix == ".pdf":
            assert not [a for a in (b"/JavaScript", b"/Launch", b"/EmbeddedFile") if a in content]
            assert "root:x:" not in pdf_text(content)
