"""Text from the data is text: a document shows names made of markup and code, and nothing acts.

The names reach the page through every kind of block, as a run's names would: read from a file by a
cell. Each is looked for whole in what a reader of the page and of the PDF reads.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mktorch.display import escape
from mktorch.display.page import Card, Cards, Lead, Unavailable
from mktorch.display.tables import Column, Table
from mktorch.render.stage import outside_resources
from tests.display.test_escape import HOSTILE
from tests.render.conftest import pdf_text

NAMES = (
    *HOSTILE,
    "```{=html}",
    "```{=typst}\n#panic()\n```",
    "```{python}\n1/0\n```",
    "</td></table><h1>x",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "[a](javascript:alert(1))",
    "![a](/etc/passwd)",
    '#eval("x") #read("/etc/passwd")',
    "#include \"x\" // comment /* more */",
    "$x^2$ \\(x\\) \\[y\\]",
    "{{{< meta title >}}} {{< env HOME >}}",
    ":::: {.content-hidden when-format=\"html\"}",
    "@fig-chart @tbl-table [@cite] ^[note] [^1]",
    "# Heading {#id .class}",
    "--- --> <!-- ]]> ...",
    "\u202edetrever \u2066x\u2069",
    "a|b | --- | ~~s~~ ^u^ H~2~O",
    "`{=html}` `<b>`{=html} `r 1`",
    "&amp;#60; &nbsp; %3Cscript%3E \\x3c",
    "mktorch-000000000000000000000000-0.",
)  # fmt: skip

PAGE = """---
title: Names
execute: {{echo: false, warning: false}}
---

```{{python}}
#| label: load
#| output: false
import json
import altair as alt
import polars as pl
from mktorch.display.charts import Chart
from mktorch.display.page import Card, Cards, Lead, Unavailable
from mktorch.display.tables import Column, Table

names = json.loads(open({file!r}).read())
frame = pl.DataFrame({{"name": names, "detail": names, "value": range(len(names))}})
columns = (
    Column(name="name", label=names[0], detail="detail"),
    Column(name="value", label="Value"),
)
drawing = alt.Chart(frame).mark_text().encode(y="name:N", text="name:N")
```

```{{python}}
#| label: tbl-table
#| tbl-cap: Names
Table(id="names", frame=frame, columns=columns, title=names[0], subtitle=names[0],
      notes=tuple(names), source=names[0])
```

```{{python}}
#| label: fig-chart
#| fig-cap: Names
Chart(id="chart", draw=lambda _: drawing, title=names[0], alt=" ".join(names), notes=tuple(names))
```

```{{python}}
Lead(sentence=names[0], points=tuple(names))
```

```{{python}}
Cards(cards=tuple(Card(label=n, value=n, detail=n) for n in names))
```

```{{python}}
Unavailable(reason=" ".join(names))
```
"""

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}


class Reader(HTMLParser):
    """What a reader reads, element by element, and every tag and attribute that is there."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: dict[str, set[str]] = {}
        self.texts: list[str] = []
        self.labels: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, set()).add(value or "")
            if name in ("aria-label", "alt"):
                self.labels.append(value or "")
        if tag not in VOID:
            self._open.append(tag)
            self.texts.append("")

    def handle_startendtag(self, tag, attrs) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data) -> None:
        if "style" not in self._open and self.texts:
            self.texts[-1] += data


def flat(text: str) -> str:
    return re.sub(r"[\s\u200b\u00a0\u00ad]+", "", text)


@pytest.fixture
def render_names(convert_text, tmp_path: Path):
    def apply(names, form: str) -> bytes:
        file = tmp_path / "names.json"
        file.write_text(json.dumps(list(names)), encoding="utf-8")
        return convert_text(PAGE.format(file=str(file)), form)

    return apply


def test_a_page_shows_every_name_and_nothing_of_it_acts(render_names) -> None:
    plain = Reader(render_names(["Spring", "Summer"], "html").decode())
    shown = Reader(render_names(NAMES, "html").decode())
    assert shown.tags - {"wbr"} == plain.tags  # a long word in a cell may break
    assert set(shown.attributes) == set(plain.attributes)
    for name in ("class", "href", "src", "id", "role"):
        fresh = {v for v in shown.attributes.get(name, set()) if not v.startswith("chart-")}
        assert fresh <= plain.attributes.get(name, set()), name
    # An element of its own holds each name, letter for letter, in every block.
    read = [re.sub(r"\u200b", "", text) for text in shown.texts]
    for name in NAMES:
        told = escape.clean(name)
        assert sum(told == text.strip() for text in read) >= 6, name
        assert any(told in label for label in shown.labels), name
    assert "root:" not in "".join(shown.texts)


def test_the_guard_of_the_page_blocks_no_text_and_the_corpus_does_not_act(render_names) -> None:
    corpus = json.loads((Path(__file__).parents[1] / "data/hostile-strings.json").read_text())
    own = ["@import url(//x.example/a.css)", "a src=//x.example/a.js", 'b " srcset="//x.example"']
    names = [name for name in (*own, *corpus) if escape.clean(name).strip()]
    page = render_names(names, "html").decode()
    assert outside_resources(page) == []
    plain, shown = Reader(render_names(["Spring", "Summer"], "html").decode()), Reader(page)
    assert shown.tags - {"wbr"} == plain.tags
    assert set(shown.attributes) == set(plain.attributes)
    read = {re.sub(r"\u200b", "", text).strip() for text in shown.texts}
    assert {re.sub(r"\u200b", "", escape.clean(name)).strip() for name in names} <= read


@pytest.mark.parametrize(
    "page",
    [
        '<script src="//x.example/a.js"></script>',
        "<IMG alt='a > b' SRC=http://x.example/i.png>",
        "<link rel=stylesheet href=a.css>",
        '<svg><image xlink:href="//x.example/i.svg"/></svg>',
        "<style>p {} @import url(//x.example/a.css);</style>",
    ],
)
def test_the_guard_of_the_page_sees_what_a_browser_would_load(page: str) -> None:
    assert len(outside_resources(page)) == 1


def test_a_pdf_shows_every_name_and_nothing_of_it_acts(render_names) -> None:
    content = render_names(NAMES, "typst")
    words = flat(pdf_text(content))
    for name in NAMES:
        assert words.count(flat(escape.clean(name))) >= 3, name
    assert "root:" not in words
    for acts in (b"/JavaScript", b"/Launch", b"/EmbeddedFile"):
        assert acts not in content


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    names=st.lists(
        st.text(
            st.sampled_from("`{}<>[]()#$*_@:=\"'\\&|~^-+.!%/;, \nax1"), min_size=1, max_size=24
        ),
        min_size=20,
        max_size=20,
        unique=True,
    )
)
def test_any_text_of_the_letters_that_act_is_text(render_names, names: list[str]) -> None:
    shown = Reader(render_names(names, "html").decode())
    read = {re.sub(r"\u200b", "", text).strip() for text in shown.texts}
    words = flat(pdf_text(render_names(names, "typst")))
    for name in names:
        told = escape.clean(name)
        assert told.strip() in read
        assert flat(told) in words


def test_what_quarto_reads_of_a_block_holds_nothing_it_would_act_on() -> None:
    # Quarto looks for shortcodes and fences in what cells show, before pandoc and Typst read it.
    frame = pl.DataFrame({"name": NAMES})
    blocks = (
        Table(
            id="names",
            frame=frame,
            columns=(Column(name="name", label=NAMES[0]),),
            title=NAMES[1],
            notes=NAMES,
        ),
        Lead(sentence=NAMES[2], points=NAMES),
        Cards(cards=tuple(Card(label=n, value=n, detail=n) for n in NAMES)),
        Unavailable(reason=" ".join(NAMES)),
    )
    for block in blocks:
        for written in (block.html(), block.typst()):
            assert "{{" not in written
            assert "`" not in written
            assert not re.search(r"^\s*:::", written, re.MULTILINE)
