"""Quarto and the embedded renderer give the same pack: `make test-quarto`, on a machine with both.

The sample's whole pack and one of hostile names are rendered by both and compared page by page:
words in their order, figures, headings, tables, links and captions in HTML; words, fonts and sheets
in PDF; and how the pages look at two widths. A document of one's own is rendered by both.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import pdfplumber
import pytest
from PIL import Image, ImageChops, ImageStat

import mktorch
from mktorch.render import Rendered, choose, render
from mktorch.render.progress import summary
from mktorch.render.stage import outside_resources
from tests.render.hostile import hostile_set
from tests.render.test_pack_browser import browser as browser

pytestmark = [pytest.mark.quarto, pytest.mark.browser]

WIDTHS = (1280, 390)
DIFFERENCE = 0.5  # mean difference of a pixel's colours, of 255
HEIGHT = 2  # pixels that the heights of two pages may differ by
HOUSE = "SourceSansPro"
SECONDS = 30

# What a page says, in what order, and what it is made of.
CONTENT = """() => {
    const main = document.querySelector('main') ?? document.body;
    const all = (chosen, told) => [...main.querySelectorAll(chosen)].map(told);
    return {
        words: main.innerText.split(/\\s+/).filter(Boolean),
        headings: all('h1, h2, h3', e => e.tagName + ' ' + e.textContent.trim()),
        tables: all('table', e => [...e.rows].map(row => row.cells.length)),
        captions: all('figcaption', e => e.textContent.trim().replace(/\\s+/g, ' ')),
        figures: all('.mk-figure', e => [e.id, e.getAttribute('href')]),
        pictures: all('[role=img]', e => e.getAttribute('aria-label')),
        links: all('a[href]', e => e.getAttribute('href')),
        titles: [document.title, document.documentElement.lang],
    };
}"""

OWN = """---
title: A page of one's own
format:
  html: default
  typst: default
---

```{python}
#| tags: [parameters]
run_path = "none"
campaign = ""
```

```{python}
#| label: load
#| output: false
import mktorch

show = mktorch.load_run(run_path).show(campaign)
```

## What we saw {#seen}

A note[^1] and a look at @fig-arms.

[^1]: Said below.

::: {.callout-note title="Mind"}
A callout.
:::

::: {.columns}
::: {.column width="60%"}
On the left.
:::
::: {.column width="40%"}
On the right.
:::
:::

```{python}
#| label: fig-arms
#| fig-cap: Every variant
show.forest()
```

```sql
SELECT sum(cost) FROM performance_metrics
```

| a | b |
|---|--:|
| x | 1 |

Back to [what we saw](#seen).
"""
PARTS = ("What we saw", "Said below", "Mind", "A callout", "On the left", "On the right")
PARTS += ("Every variant", "performance_metrics", "Back to")


class Pack(NamedTuple):
    """A pack by each renderer, and the files made."""

    folders: dict[str, Path]
    made: dict[str, list[Rendered]]
    seconds: dict[str, float]


@pytest.fixture(scope="session")
def quarto() -> str:
    """What renders; a machine without a Quarto is told so."""
    try:
        return choose("quarto").words
    except mktorch.render.RenderError as error:
        pytest.fail(f"nothing to compare with: {error}")


def rendered(run: mktorch.Run, root: Path, **options: Any) -> Pack:
    folders, made, seconds = {}, {}, {}
    for renderer in ("embedded", "quarto"):
        folders[renderer] = root / renderer
        started = perf_counter()
        made[renderer] = render(run.path, renderer=renderer, out=folders[renderer], **options)
        seconds[renderer] = perf_counter() - started
    return Pack(folders, made, seconds)


@pytest.fixture(scope="session", params=["sample", "hostile"])
def pack(request, quarto: str, sample_run: mktorch.Run, tmp_path_factory) -> Pack:
    root = tmp_path_factory.mktemp(request.param)
    if request.param == "sample":
        return rendered(sample_run, root)
    data = hostile_set(root / "data", 7)
    return rendered(mktorch.run(data, out=root / "runs", company="Acme & <Söhne> #1 {{x}}"), root)


def pairs(pack: Pack, ending: str) -> Iterator[tuple[str, Path, Path]]:
    ours = sorted(f.name for f in pack.folders["embedded"].glob(f"*.{ending}"))
    theirs = sorted(f.name for f in pack.folders["quarto"].glob(f"*.{ending}"))
    assert ours == theirs
    assert ours
    for name in ours:
        yield name, pack.folders["embedded"] / name, pack.folders["quarto"] / name


def first_difference(ours: list, theirs: list) -> str:
    for i, (a, b) in enumerate(zip_longest(ours, theirs)):
        if a != b:
            return f"at {i}: {ours[max(0, i - 4) : i + 4]} against {theirs[max(0, i - 4) : i + 4]}"
    return ""


def test_pages_say_the_same_in_the_same_order(pack: Pack, browser) -> None:
    differ = {}
    for name, ours, theirs in pairs(pack, "html"):
        said = [content(browser, file) for file in (ours, theirs)]
        assert said[0]["words"]
        for part in said[0]:
            if found := first_difference(said[0][part], said[1][part]):
                differ[name, part] = found
        assert not outside_resources(theirs.read_text(encoding="utf-8")), name
    assert differ == {}


def content(browser, file: Path) -> dict[str, Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    found: dict[str, Any] = page.evaluate(CONTENT)
    context.close()
    assert asked == [file.as_uri()]
    return found


@pytest.mark.parametrize("width", WIDTHS)
def test_pages_look_the_same(pack: Pack, browser, width: int) -> None:
    differ = {}
    for name, ours, theirs in pairs(pack, "html"):
        one, other = (pictured(browser, file, width) for file in (ours, theirs))
        if abs(one.height - other.height) > HEIGHT:
            differ[name] = f"{one.height} px high against {other.height}"
            continue
        both = (image.crop((0, 0, width, min(one.height, other.height))) for image in (one, other))
        mean = max(ImageStat.Stat(ImageChops.difference(*both)).mean)
        if mean > DIFFERENCE:
            differ[name] = f"{mean:.2f} of 255"
    assert differ == {}


def pictured(browser, file: Path, width: int) -> Image.Image:
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    page = context.new_page()
    page.goto(file.as_uri())
    image = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    context.close()
    return image


def test_papers_say_the_same_on_the_same_sheets(pack: Pack) -> None:
    differ = {}
    for name, ours, theirs in pairs(pack, "pdf"):
        one, other = (printed(file) for file in (ours, theirs))
        if one["sheets"] != other["sheets"]:
            differ[name, "sheets"] = (one["sheets"], other["sheets"])
        for part in ("words", "fonts", "outline", "titles"):
            if found := first_difference(one[part], other[part]):
                differ[name, part] = found
        assert any(HOUSE in font for font in other["fonts"]), name
        assert b"/StructTreeRoot" in theirs.read_bytes(), name
    assert differ == {}


def printed(file: Path) -> dict[str, Any]:
    with pdfplumber.open(file) as pdf:
        words = [word["text"] for page in pdf.pages for word in page.extract_words()]
        fonts = {char["fontname"].partition("+")[2] for page in pdf.pages for char in page.chars}
        outline = [title for _, title, *_ in pdf.doc.get_outlines()] if has_outline(pdf) else []
        return {
            "sheets": [tuple(map(round, (page.width, page.height))) for page in pdf.pages],
            "words": words,
            "fonts": sorted(fonts),
            "outline": outline,
            "titles": [pdf.metadata.get("Title")],
        }


def has_outline(pdf: Any) -> bool:
    return "Outlines" in pdf.doc.catalog


def test_a_document_of_ones_own_is_rendered_by_both(
    quarto: str, sample_run: mktorch.Run, reports, tmp_path: Path
) -> None:
    reports(own=OWN)
    pack = rendered(sample_run, tmp_path)
    for name, *files in pairs(pack, "html"):
        for file in files:
            words = " ".join(re.sub(r"<[^>]*>", " ", file.read_text(encoding="utf-8")).split())
            assert [part for part in PARTS if part not in words] == [], (name, file)
            assert not outside_resources(file.read_text(encoding="utf-8"))
    for name, *files in pairs(pack, "pdf"):
        for file in files:
            words = " ".join(printed(file)["words"])
            assert [part for part in PARTS if part not in words] == [], (name, file)


def test_both_packs_are_made_in_time(pack: Pack, quarto: str, capsys) -> None:
    with capsys.disabled():
        for renderer, words in (("embedded", "the embedded renderer"), ("quarto", quarto)):
            print(f"\n{words}: {pack.seconds[renderer]:.1f} s")
            print("\n".join(summary(pack.made[renderer], pack.seconds[renderer])))
    assert pack.seconds["quarto"] <= SECONDS
    names = [re.sub(r".*/", "", str(file.path)) for file in pack.made["quarto"]]
    assert names == [re.sub(r".*/", "", str(file.path)) for file in pack.made["embedded"]]
