"""What a document holds, and what it may not hold: errors name file, line and feature."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mktorch.display.resources import home, reports_dir
from mktorch.render import features
from mktorch.render.errors import RenderError
from mktorch.render.qmd import Cell, Text, parse

FRONT = "---\ntitle: T\n---\n"


@pytest.fixture
def write(tmp_path: Path):
    def apply(text: str, name: str = "page.qmd") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return apply


def test_the_shipped_documents_parse() -> None:
    for path in reports_dir().glob("*.qmd"):
        document = parse(path)
        assert document.meta["title"]
        assert document.options("html")["css"] == ["page.css", "components.css"]
        assert document.options("typst")["papersize"] == "a4"
        assert any("parameters" in cell.options.get("tags", ()) for cell in document.cells)


def test_the_documents_compute_nothing() -> None:
    # A cell loads the run or calls display, one expression each.
    for path in reports_dir().glob("*.qmd"):
        for cell in parse(path).cells:
            if "parameters" in cell.options.get("tags", ()) or cell.label == "load":
                continue
            assert cell.code.strip().startswith(("display.", "show.")), cell.code
            assert cell.code.strip().count("\n") == 0


def test_cells_text_and_lines(write) -> None:
    document = parse(
        write(FRONT + "# One\n\n```{python}\n#| label: a\n#| echo: false\nx = 1\n```\n\nEnd.\n")
    )
    text, cell, end = document.parts
    assert isinstance(text, Text)
    assert (text.line, text.markdown.strip()) == (4, "# One")
    assert isinstance(cell, Cell)
    assert (cell.line, cell.code, cell.label) == (9, "x = 1", "a")
    assert cell.options["echo"] is False
    assert end.markdown.strip() == "End."


def test_plain_and_raw_fences_are_text(write) -> None:
    body = "```python\n{{< video x >}} @fig-x\n```\n\n```{=html}\n<b>@tbl-y</b>\n```\n\n`@fig-z`\n"
    document = parse(write(FRONT + body))
    assert not document.cells
    assert "@fig-x" in document.parts[0].markdown


def test_a_cell_may_hold_longer_fences(write) -> None:
    document = parse(write("````{python}\nprint('''```''')\n````\n"))
    assert document.cells[0].code == "print('''```''')"


def test_includes_are_put_in_place_and_keep_their_lines(write) -> None:
    write("Shared.\n\n```{python}\n#| nope: 1\n```\n", "_part.qmd")
    with pytest.raises(RenderError, match=r"_part\.qmd:4: key nope"):
        parse(write("A\n\n{{< include _part.qmd >}}\n"))
    write("Shared.\n", "_part.qmd")
    shown = [p.markdown for p in parse(write("A\n{{< include _part.qmd >}}\nB\n")).parts]
    assert shown == ["A", "Shared.", "B"]


def test_metadata_of_project_folder_and_document_merge(write, tmp_path) -> None:
    write("project: {type: default}\nlang: de\nexecute: {echo: false}\n", "_quarto.yml")
    write("format:\n  typst: {papersize: a4}\n  html: {theme: none}\n", "_metadata.yml")
    document = parse(
        write("---\nlang: fr\nformat:\n  html: default\n  typst: {papersize: us-letter}\n---\n")
    )
    assert document.options("html")["lang"] == "fr"
    assert document.options("html")["theme"] == "none"
    assert document.options("typst")["papersize"] == "us-letter"
    assert document.options("html")["execute"] == {"echo": False}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("---\ntitle: T\ntheme: x\n---\n", r"page.qmd:3: key theme is not supported"),
        ("---\nformat:\n  html:\n    csss: x\n---\n", r":4: key under format.html csss .*mean css"),
        ("---\nformat:\n  revealjs: default\n---\n", r":3: key under format revealjs"),
        ("---\nformat: {html: {theme: cosmo}}\n---\n", r":2: format.html.theme: 'cosmo'"),
        ("---\ntoc: maybe\n---\n", r":2: toc: 'maybe' must be bool"),
        ("---\ntitle: [x\n---\n", r"page.qmd:\d: not readable as YAML"),
        ("A\n\n```{python}\n#| fig-width: 3\n```\n", r":4: key fig-width is not supported"),
        ("```{python}\n#| lable: a\n```\n", r":2: key lable .*did you mean label"),
        ("```{python}\n#| output: maybe\n```\n", r":2: output: 'maybe' is not supported"),
        ("```{r}\n1\n```\n", r":1: {r} cells are not supported"),
        ("```{python echo=FALSE}\n1\n```\n", r":1: cell options belong in"),
        ("```{python}\n1\n", r":1: the fence ``` is never closed"),
        ("A\n\n{{< video x.mp4 >}}\n", r":3: shortcode video is not supported"),
        ("{{< include gone.qmd >}}\n", r":1: include gone.qmd: there is no such file"),
        ("{{< include page.qmd >}}\n", r"included within itself"),
        ("::: {.panel-tabset}\n:::\n", r":1: class .panel-tabset"),
        ("::: callout-hint\n:::\n", r":1: class .callout-hint"),
        ("::: {.columns layout-nrow=2}\n:::\n", r":1: div attribute layout-nrow .*layout-ncol"),
        ("A [b]{.column-margin} c\n", r":1: class .column-margin"),
        ("See @fig-gone.\n", r":1: cross-reference @fig-gone"),
        ("As @smith2020 says\n", r":1: citation @smith2020"),
        ("It is `{python} x`.\n", r":1: inline {python} code"),
        ("A\n\nB {{< pagebreak >}}\n", r":3: shortcode pagebreak needs a line of its own"),
        ("{{< include a >}} B\n", r":1: shortcode include needs a line of its own"),
        ("A\n\n![Cap](x.png)\n", r":3: an image with a caption is not supported; write :::"),
        ("![](x.png){#fig-a}\n", r":1: an image with an id"),
        ("![](x.png){fig-align=left}\n", r":1: attribute fig-align is not supported"),
        ("|a|\n|---|\n|1|\n\n: Cap {#tbl-a}\n", r":5: a table's id in its caption"),
        ("A\n\n---\ntitle: Late\n---\n", r":3: metadata inside a document"),
        ("# H {#sec-a}\n\nSee @sec-a.\n", r":3: only figures and tables can be cross-ref"),
        ('``` {.python filename="a.py"}\nx\n```\n', r":1: code block attribute filename"),
        ("``` {.python .cell-code}\nx\n```\n", r":1: class .cell-code is not supported"),
        ('::: {.callout-note appearance="minimal"}\n:::\n', r"appearance=minimal .* simple"),
        ('::: {.content-visible when-format="pdf"}\n:::\n', r"when-format=pdf .* html\|typst"),
        ('::: {.callout-note collapse="true"}\n:::\n', r"div attribute collapse"),
        ("```{python}\n#| label: a\n#| tbl-cap: T\n```\n", r"tbl-cap needs a label"),
        ("```{python}\n#| label: fig-a\n1\n```\n", r"cell 'fig-a' needs fig-cap"),
        (
            "```{python}\n#| label: a\n```\n\n```{python}\n#| label: a\n```\n",
            r"label a is used twice",
        ),
    ],
)
def test_what_is_not_covered_is_an_error(write, text: str, message: str) -> None:
    with pytest.raises(RenderError, match=message):
        parse(write(text))


def test_mail_addresses_and_own_classes_pass(write) -> None:
    parse(write("Mail a@b.example, [x]{.own}. \\@home\n\n::: {.own #part}\ntext\n:::\n"))


# Quarto's own names, from its reference (quarto.org/docs/reference: "HTML Options", "Typst
# Options", "Code Cells: Jupyter", "Project Options", and the guide pages on callouts, columns,
# figures, conditional content and shortcodes), made from src/resources/schema in quarto-cli.
DOCUMENTED = {
    "document": {"title", "subtitle", "lang", "toc", "toc-depth", "toc-title", "brand", "jupyter"}
    | {"execute", "format", "project", "pagetitle"},
    "html": {"toc", "toc-depth", "toc-title", "theme", "minimal", "css"}
    | {"embed-resources", "html-math-method", "include-before-body", "include-after-body"},
    "typst": {"toc", "toc-depth", "toc-title", "papersize", "mainfont"}
    | {"template-partials", "font-paths"},
    "execute": {"eval", "echo", "output", "warning", "error", "include", "cache", "freeze"}
    | {"daemon", "debug", "enabled"},
    "project": {"type", "render", "output-dir", "pre-render", "title", "lib-dir", "resources"},
    "cell": {"label", "tags", "id", "classes", "eval", "echo", "output", "warning", "error"}
    | {"include", "fig-cap", "fig-alt", "fig-subcap", "fig-align", "tbl-cap", "tbl-colwidths"}
    | {"code-fold", "code-summary", "layout-ncol", "column"},
    "div": {"layout-ncol", "layout-nrow", "layout", "width", "title", "icon", "appearance"}
    | {"collapse", "when-format", "unless-format"},
    "shortcode": {"include", "pagebreak", "embed", "video", "meta", "var", "env", "kbd", "lipsum"},
    "callout": {"note", "tip", "important", "warning", "caution"},
}


def test_what_is_covered_is_quarto_s() -> None:
    covered = {
        "document": set(features.PROJECT) - set(features.OWN),
        "html": set(features.HTML),
        "typst": set(features.TYPST),
        "execute": set(features.EXECUTE),
        "project": set(features.PROJECT["project"]),
        "cell": set(features.CELL),
        "div": set(features.DIV_ATTRIBUTES),
        "shortcode": set(features.SHORTCODES),
        "callout": {name.removeprefix("callout-") for name in features.CALLOUTS},
    }
    assert {kind: names - DOCUMENTED[kind] for kind, names in covered.items()} == {
        kind: set() for kind in covered
    }


def test_the_shipped_documents_use_documented_keys_alone() -> None:
    for file in (home() / "_quarto.yml", reports_dir() / "_metadata.yml"):
        _only_documented(yaml.safe_load(file.read_text(encoding="utf-8")))
    for path in reports_dir().glob("*.qmd"):
        front = path.read_text(encoding="utf-8").split("---\n")[1]
        _only_documented(yaml.safe_load(front))
        for cell in parse(path).cells:
            assert set(cell.options) <= DOCUMENTED["cell"], path.name


def _only_documented(metadata: dict) -> None:
    assert set(metadata) <= DOCUMENTED["document"]
    assert set(metadata.get("execute", {})) <= DOCUMENTED["execute"]
    assert set(metadata.get("project", {})) <= DOCUMENTED["project"]
    for form, options in metadata.get("format", {}).items():
        assert options == "default" or set(options) <= DOCUMENTED[form]


def test_plain_code_blocks_may_name_a_language_and_own_classes(write) -> None:
    text = "``` {.python .own}\nx = 1\n```\n\n~~~sql\nselect 1\n~~~\n"
    assert not parse(write(text)).cells


def test_project_files_stand_where_quarto_looks() -> None:
    assert (home() / "_quarto.yml").is_file()
    assert (reports_dir() / "_metadata.yml").is_file()


def test_a_file_that_is_no_text_is_told(tmp_path) -> None:
    path = tmp_path / "page.qmd"
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(RenderError, match="cannot be read"):
        parse(path)
