"""The house: no circle of files, no import that a reader of the imports does not see."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1] / "mktorch"
# Package fronts whose names load on first use, so that importing them costs nothing; and where the
# sections of pages, which register themselves, are found.
FRONTS = {
    "mktorch": ["import_module"],
    "mktorch.display": ["import_module"],
    "mktorch.display.register": ["import_module", "iter_modules"],
}
# Writers visit blocks and grids, and these offer what is written as methods of theirs.
DISPLAY = "mktorch.display"
WRITERS = {f"{DISPLAY}.writers.{form}" for form in ("html", "typst", "markdown")}
WRITTEN = {f"{DISPLAY}.{name}" for name in ("block", "tables")}
TABLES = {f"{DISPLAY}.writers.{form}_table" for form in ("html", "typst")}
DYNAMIC = {"import_module", "__import__", "exec_module", "iter_modules", "run_module"}


def modules(root: Path) -> dict[str, ast.Module]:
    """Every module of the package at `root` by name, parsed."""
    return {
        ".".join(
            part
            for part in file.relative_to(root.parent).with_suffix("").parts
            if part != "__init__"
        ): ast.parse(file.read_text(encoding="utf-8"))
        for file in sorted(root.rglob("*.py"))
    }


def imported(tree: ast.Module, known: Mapping[str, ast.Module]) -> Iterator[str]:
    """The modules of `known` that a file imports anywhere, for type checkers too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            full = (f"{node.module}.{name.name}" for name in node.names)
            yield from (name if name in known else str(node.module) for name in full)


def circle(parsed: Mapping[str, ast.Module]) -> list[str]:
    """The modules of one circle, in order; empty where there is none."""
    graph = {
        name: set(imported(tree, parsed)) - {name} - aside(name) for name, tree in parsed.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def aside(name: str) -> set[str]:
    """What a file asks of writers when it is called, and tables of the writer they are part of."""
    return WRITERS | TABLES if name in WRITTEN else TABLES if name in WRITERS else set()


def dynamic(tree: ast.Module) -> list[str]:
    """What a file imports or runs by a name that is made when it runs."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    used |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return sorted(used & DYNAMIC)


def test_no_circle_of_files() -> None:
    assert circle(modules(HOUSE)) == []


def test_imports_are_seen() -> None:
    found = {name: words for name, tree in modules(HOUSE).items() if (words := dynamic(tree))}
    assert found == FRONTS


def test_no_module_is_longer_than_it_can_be_read() -> None:
    long = {
        str(file.relative_to(HOUSE)): lines
        for file in HOUSE.rglob("*.py")
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ({"a": "import p.b", "b": ""}, False),
        ({"a": "from p import b", "b": "from p.a import x"}, True),
        ({"a": "def f():\n    import p.b", "b": "if TYPE_CHECKING:\n    from p import a"}, True),
        ({"a": "from p.b import x", "b": "from p.c import x", "c": "import p.a"}, True),
    ],
)
def test_a_circle_is_seen_wherever_it_is_closed(tmp_path, texts, found) -> None:
    root = tmp_path / "p"
    root.mkdir()
    for name, text in {"__init__": "", **texts}.items():
        (root / f"{name}.py").write_text(text)
    assert bool(circle(modules(root))) == found


def test_a_dynamic_import_is_seen() -> None:
    assert dynamic(ast.parse("import importlib\nimportlib.import_module('mktorch.runs')")) == [
        "import_module"
    ]
    assert dynamic(ast.parse("__import__('mktorch.runs')")) == ["__import__"]
