"""The three writers say the same: every role has its form, every figure is in each text."""

from __future__ import annotations

import html as entities
import re

import polars as pl
import pypandoc
import pytest

import mktorch
from mktorch.display.documents import calls
from mktorch.display.nodes import Node
from mktorch.display.page import Card, Cards, Lead, Prose
from mktorch.display.register import sections
from mktorch.display.status import Status, Tone
from mktorch.display.tables import Column, Table
from mktorch.display.writers import html, markdown, typst

HOSTILE = "*R&D* <b>|`x` {{< y >}} [a](http://example.com)"
# The contents are set by hand on paper, where a cover is one page.
BY_HAND = {role for role in html.FORMS if role.startswith(("contents", "group", "entry"))}


def flat(text: str) -> str:
    """What a reader of Markdown sees, in one line."""
    return " ".join(pypandoc.convert_text(text, "plain", "gfm", ["--wrap=none"]).split())


def test_every_role_has_a_form_in_every_writer() -> None:
    assert set(markdown.FORMS) == set(html.FORMS)
    assert set(typst.FORMS) == set(html.FORMS) - BY_HAND


@pytest.mark.parametrize("name", sorted({call.block for call in calls()}))
def test_every_figure_is_in_the_markdown(sample_run: mktorch.Run, name: str) -> None:
    block = sections()[name](sample_run)
    written = block.markdown()
    assert written == block.markdown()
    assert not re.search(r"(?<![\w\\])(None|nan|inf)\b", written)
    read = re.sub(r"\\(?=[^\w\s])", "", " ".join(written.split()))
    for figure in block.figures():
        assert " ".join(figure.text.split()) in read, figure.id


def test_what_is_linked_reads_the_same(sample_run: mktorch.Run) -> None:
    for name in ("campaigns", "kpi_cards", "experiment_readouts", "roi_waterfall"):
        block = sections()[name](sample_run)
        assert block.linked().markdown() == block.markdown()


def test_text_from_the_data_does_nothing_in_markdown() -> None:
    frame = pl.DataFrame({"name": [HOSTILE], "note": [HOSTILE]})
    blocks = (
        Lead(sentence=HOSTILE, points=(HOSTILE,), status=Status(HOSTILE, Tone.BAD)),
        Prose(paragraphs=(HOSTILE, f"# {HOSTILE}"), note=HOSTILE),
        Cards(cards=(Card(label=HOSTILE, value=HOSTILE, detail=HOSTILE),), title=HOSTILE),
        Table(
            id="t",
            frame=frame,
            columns=(Column(name="name", label=HOSTILE, detail="note"),),
            title=HOSTILE,
        ),
    )
    for block in blocks:
        made = pypandoc.convert_text(block.markdown(), "html", "gfm", ["--wrap=none"])
        assert not re.search(r"<(b|a|code|h1|em)\b", made), made
        assert entities.unescape(re.sub("<[^>]+>", "", made)).count(HOSTILE) >= 1


def test_a_table_in_markdown_keeps_figures_to_the_right_and_small_text_beside() -> None:
    frame = pl.DataFrame({"name": ["Spring"], "id": ["C1"], "spend": ["$5"], "group": ["North"]})
    made = Table(
        id="t",
        frame=frame,
        columns=(
            Column(name="name", label="Campaign", detail="id"),
            Column(name="spend", label="Spend", align="right"),
        ),
        title="Spring leads.",
        group="group",
        source="x",
    ).markdown()
    assert "**Spring leads.**" in made
    assert "| North | Spring (C1) |    $5 |" in made
    assert "----:" in made
    assert "Source: x." in made


def test_an_item_is_not_wider_than_a_terminal() -> None:
    made = markdown.write(Node("points", (Node("point", "word " * 40),)))
    assert all(len(line) < 80 for line in made.splitlines())
    assert made.startswith("- word")


def test_a_table_too_wide_for_a_terminal_is_a_list_that_loses_nothing() -> None:
    frame = pl.DataFrame({"name": ["Spring", "Autumn"], "why": ["word " * 30, None]})
    columns = (Column(name="name", label="Campaign"), Column(name="why", label="Why"))
    made = Table(id="t", frame=frame, columns=columns, title="Spring leads.").markdown()
    assert all(len(line) < 80 for line in made.splitlines())
    assert "- Spring. Why: word word" in made
    assert made.count("word") == 30
    assert "- Autumn. Why: n/a" in made
