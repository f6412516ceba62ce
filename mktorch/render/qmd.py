"""A `.qmd` document as data: its metadata, its code cells, and the Markdown between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from mktorch.render.errors import RenderError
from mktorch.render.features import (
    CELL,
    FRONT_MATTER,
    PROJECT,
    check_fence,
    check_markdown,
    read_yaml,
)

_FRONT = re.compile(r"---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|$)", re.DOTALL)
_FENCE = re.compile(r"^(?P<indent> {0,3})(?P<marks>`{3,}|~{3,})\s*(?P<info>.*?)\s*$")
_CELL = re.compile(r"^\{(?P<language>[A-Za-z][\w.+-]*)(?P<more>[^}]*)\}$")
_OPTION = "#|"
_INCLUDE = re.compile(r"^\s*\{\{<\s*include\s+(\S+)\s*>\}\}\s*$")
_LABEL = re.compile(r"\{[^}]*#((?:fig|tbl)-[\w-]+)")
_DEPTH = 8  # includes within includes


@dataclass(frozen=True, eq=False)
class Cell:
    """A Python cell: `line` is that of its first line of code."""

    code: str
    options: Mapping[str, Any]
    file: Path
    line: int

    @property
    def label(self) -> str:
        return str(self.options.get("label", ""))

    @property
    def name(self) -> str:
        """How messages call the cell."""
        return f"cell {self.label!r}" if self.label else "a cell without a label"


@dataclass(frozen=True)
class Text:
    """Markdown between cells."""

    markdown: str
    file: Path
    line: int


@dataclass(frozen=True)
class Document:
    """A parsed document. `meta` merges the project's, the folder's and its `own` metadata.

    `name` is that of the page it becomes: a document that serves many campaigns has many.
    """

    path: Path
    meta: Mapping[str, Any]
    own: Mapping[str, Any]
    parts: tuple[Cell | Text, ...]
    name: str

    def page(self, name: str, meta: Mapping[str, Any]) -> Document:
        """The document as one page of its own name and with further metadata."""
        return replace(self, name=name, meta={**self.meta, **meta}, own={**self.own, **meta})

    @property
    def cells(self) -> tuple[Cell, ...]:
        return tuple(part for part in self.parts if isinstance(part, Cell))

    @property
    def execute(self) -> dict[str, bool]:
        """Whether cells show their code and their warnings, where they do not say so themselves."""
        said = self.meta.get("execute") or {}
        return {"echo": bool(said.get("echo", True)), "warning": bool(said.get("warning", False))}

    def options(self, form: str) -> dict[str, Any]:
        """The metadata of one format: what the document shares, then what the format says."""
        of_format = (self.meta.get("format") or {}).get(form)
        shared = {key: value for key, value in self.meta.items() if key != "format"}
        return {**shared, **(of_format if isinstance(of_format, dict) else {})}


def parse(path: Path) -> Document:
    """Read a document, its `_metadata.yml` and the `_quarto.yml` beside or above it.

    Raises
    ------
    RenderError
        For a file that cannot be read, YAML that is none, or a feature that is not covered.
    """
    text = _read(path)
    front, body_line = _front_matter(text, path)
    parts = tuple(_parts(text, path, body_line))
    labels = _labels(parts)
    for part in parts:
        if isinstance(part, Text):
            check_markdown(_outside_fences(part), labels, part.file)
    return Document(path, _merged(_shared(path), front), front, parts, path.stem)


def title_of(path: Path) -> str:
    """A document's title, Markdown; empty where it has none or cannot be read as YAML."""
    found = _FRONT.match(_read(path))
    try:
        front = yaml.safe_load(found[1]) if found else None
    except yaml.YAMLError:
        return ""
    return str(front.get("title", "")) if isinstance(front, dict) else ""


def _shared(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    project = next(
        (file for d in (path.parent, path.parent.parent) if (file := d / "_quarto.yml").is_file()),
        None,
    )
    for file in filter(None, (project, path.parent / "_metadata.yml")):
        if file.is_file():
            rules = PROJECT if file.name == "_quarto.yml" else FRONT_MATTER
            found = _merged(found, read_yaml(_read(file), rules, file, 1))
    return found


def _front_matter(text: str, path: Path) -> tuple[dict[str, Any], int]:
    match = _FRONT.match(text)
    if match is None:
        return {}, 1
    return read_yaml(match[1], FRONT_MATTER, path, 2), match[0].count("\n") + 1


def _parts(text: str, path: Path, first: int, depth: int = 0) -> Iterator[Cell | Text]:
    """Split the lines from `first` on into cells and Markdown, with included files in place."""
    lines = text.splitlines()
    held: list[str] = []
    start = first
    number = first
    while number <= len(lines):
        line = lines[number - 1]
        fence, include = _FENCE.match(line), _INCLUDE.match(line)
        if fence:
            end = _closing(lines, number, fence["marks"], path)
            cell = _CELL.match(fence["info"])
            if cell and not fence["info"].startswith("{="):
                if held:
                    yield Text("\n".join(held), path, start)
                yield _cell(lines[number : end - 1], cell, path, number)
                held, start = [], end + 1
            else:
                check_fence(fence["info"], path, number)
                held += lines[number - 1 : end]
            number = end + 1
        elif include:
            if held:
                yield Text("\n".join(held), path, start)
            yield from _included(path, include[1], number, depth)
            number += 1
            held, start = [], number
        else:
            held.append(line)
            number += 1
    if held:
        yield Text("\n".join(held), path, start)


def _closing(lines: list[str], opening: int, marks: str, path: Path) -> int:
    closes = re.compile(rf"^ {{0,3}}{re.escape(marks[0])}{{{len(marks)},}}\s*$")
    for number in range(opening + 1, len(lines) + 1):
        if closes.match(lines[number - 1]):
            return number
    raise RenderError.at(path, opening, f"the fence {marks} is never closed")


def _included(path: Path, name: str, line: int, depth: int) -> Iterator[Cell | Text]:
    file = (path.parent / name).resolve()
    if not file.is_file():
        raise RenderError.at(path, line, f"include {name}: there is no such file")
    if depth >= _DEPTH:
        raise RenderError.at(path, line, f"include {name}: included within itself")
    yield from _parts(_read(file), file, 1, depth + 1)


def _cell(body: list[str], opening: re.Match[str], path: Path, fence: int) -> Cell:
    language, more = opening["language"], opening["more"].strip()
    if language != "python":
        raise RenderError.at(
            path, fence, f"{{{language}}} cells are not supported; known: {{python}}"
        )
    if more:
        raise RenderError.at(
            path, fence, f"cell options belong in `#|` lines, not in {{python {more}}}"
        )
    count = next((i for i, line in enumerate(body) if not line.startswith(_OPTION)), len(body))
    text = "\n".join(line.removeprefix(_OPTION).removeprefix(" ") for line in body[:count])
    options = read_yaml(text, CELL, path, fence + 1)
    cell = Cell("\n".join(body[count:]), options, path, fence + 1 + count)
    for kind in ("fig", "tbl"):
        if f"{kind}-cap" in options and not cell.label.startswith(f"{kind}-"):
            raise RenderError.at(path, fence, f"{kind}-cap needs a label that begins with {kind}-")
        if cell.label.startswith(f"{kind}-") and f"{kind}-cap" not in options:
            raise RenderError.at(path, fence, f"{cell.name} needs {kind}-cap")
    return cell


def _labels(parts: tuple[Cell | Text, ...]) -> set[str]:
    """The figures and tables that can be referred to; none may be named twice."""
    found: dict[str, str] = {}
    for part in parts:
        names = (
            [part.label] * bool(part.label)
            if isinstance(part, Cell)
            else [name for _, line in _outside_fences(part) for name in _LABEL.findall(line)]
        )
        for name in names:
            if name in found:
                raise RenderError.at(part.file, part.line, f"label {name} is used twice")
            found[name] = name
    return set(found)


def _outside_fences(part: Text) -> Iterator[tuple[int, str]]:
    """The numbered lines of a text that are not inside a plain or raw code fence."""
    marks = ""
    for number, line in enumerate(part.markdown.splitlines(), start=part.line):
        fence = _FENCE.match(line)
        if fence and not marks:
            marks = fence["marks"]
        elif fence and not fence["info"] and fence["marks"].startswith(marks):
            marks = ""
        elif not marks:
            yield number, line


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` laid upon `under`, table by table; `default` changes nothing."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[key] = _merged(below, value)
        elif not (value == "default" and isinstance(below, Mapping)):
            merged[key] = value
    return merged


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RenderError(f"{path}: cannot be read: {error}") from None
