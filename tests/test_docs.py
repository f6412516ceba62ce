"""The documents: every link leads somewhere, every code block is what it says it is."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer.main

from mktorch.cli import app
from mktorch.config.load import _nest
from mktorch.config.model import MarketingOrchestratorConfig

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[\w-]+)?\)")


def blocks(language: str) -> list[tuple[str, str]]:
    return [
        (
            page.name,
            "\n".join(line.strip() if language == "" else line for line in text.split("\n")),
        )
        for page in PAGES
        for kind, text in BLOCK.findall(page.read_text())
        if kind == language
    ]


def test_the_site_builds_and_every_link_in_it_leads_somewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir"]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, str(tmp_path / "site")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    home = (tmp_path / "site" / "index.html").read_text()
    assert not re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="https?://(?!docs\.)', home)
    assert "load_feeds" in (tmp_path / "site" / "api.html").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_a_link_to_a_file_finds_it(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_python_blocks_are_python() -> None:
    found = blocks("python")
    assert len(found) > 5
    for page, text in found:
        try:
            ast.parse(re.sub(r"^ {3}", "", text, flags=re.MULTILINE))
        except SyntaxError as error:
            raise AssertionError(f"{page}: {error}\n{text}") from None


def test_toml_blocks_are_settings_or_a_preset() -> None:
    found = blocks("toml")
    assert len(found) > 5
    known = MarketingOrchestratorConfig.model_fields
    for page, text in found:
        told = tomllib.loads(text)
        if not {"base", "columns", "select"} & {*told}:
            assert {*_nest(told)} <= {*known}, f"{page}: {sorted({*told} - {*known})}"


def test_commands_have_the_options_they_are_shown_with() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    shown = [
        (page, line.partition("#")[0])
        for page, text in [*blocks(""), *blocks("sh"), *blocks("bash")]
        for line in text.splitlines()
        if re.match(r"(\.venv/bin/)?mktorch ", line)
    ]
    assert len(shown) > 10
    for page, line in shown:
        _, name, *arguments = shlex.split(line.split("&&")[0])
        if name.startswith("-"):
            continue
        assert name in commands, f"{page}: {line}"
        known = {o for p in commands[name].params for o in p.opts}
        used = {a.partition("=")[0] for a in arguments if a.startswith("--")}
        assert used <= known, f"{page}: {line}: {used - known}"
