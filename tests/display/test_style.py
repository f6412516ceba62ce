"""House style: no banned phrase and no overlong sentence in what a reader sees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mktorch.display.block import Block, Stack
from mktorch.display.charts import Chart
from mktorch.display.documents import calls
from mktorch.display.readouts import Readouts
from mktorch.display.show import Show
from mktorch.display.tables import Table

HOUSE = Path(__file__).parents[2]
# What is read on a page, in a message, in a table's definitions or in an error.
SEEN = (
    *("display", "narrative", "recommend", "analysis", "kpis", "config", "rollups", "sources"),
    *("connect", "explain", "render", "synth", "*.py"),
)
LONGEST = 40  # words of a sentence
# What docs/style.md rules out, as it would stand in a text.
BANNED = re.compile(
    r"""
    \b(?:
        programmes? | judgements? | modelled | labelled |
        mends? | mended | mending | whoever | nobody | whatever |
        says\ it\ all | who\ ruled | ruled\ on | ask(?:s|ed)?\ for\ (?:something|anything) |
        on\ every\ cost | the\ report's\ moment | in\ the\ \S+\ days\ before(?!\ (?:the|or)\b) |
        waits?\ too\ long | per\ unit\ spent | worth\ scaling | earned?\ back |
        set\ against | without\ the\ approval | times\ in\ all | figures\ none |
        it\ does\ worse | one\ another | (?:is|are)\ told | foresee\w* | takes?\ part
    )\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
# What no American writes, or no editor: not in the documents either.
FOREIGN = re.compile(
    r"""
    \b(?:
        mend | mends | mended | mending | nobody | who\ ruled | ruled\ on | on\ every\ cost |
        grave | graver | gravest | whilst | amongst | learnt | spelt | towards | licence |
        behaviours? | neighbour\w* | favour\w* | colour\w* | centres? | grey | fulfils? |
        (?:organ|recogn|summar|optim|priorit|normal|categor|minim|maxim)is(?:e|ed|es|ing|ation)s? |
        analys(?:e|ed|ing) | cancell(?:ed|ing) | catalogues? | thrice | hitherto
    )\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
# What a model or a program reads.
NOT_READ = ("llm_prompt", "llm_v", "llm_endpoint", "figures.py", "files.py", "reference.py")
# Documents for those who change the code, and what quotes the phrases.
NOT_TEXTS = ("style.md",)


def literals(file: Path) -> Iterator[tuple[int, str]]:
    """Every text of a module that holds a space, but docstrings; `{}` for what is filled in."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    aside = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            aside |= {id(each) for each in ast.walk(node) if each is not node}
    for node in ast.walk(tree):
        if id(node) in aside:
            continue
        text = ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        elif isinstance(node, ast.JoinedStr):
            text = "".join(
                str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values
            )
        if " " in text.strip():
            yield node.lineno, text


def sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.?!;:])\s+|\n\n|\n- ", text)


def overlong(text: str) -> list[str]:
    return [each for each in sentences(text) if len(each.split()) > LONGEST]


def test_a_banned_phrase_and_a_long_sentence_are_found() -> None:
    assert BANNED.search("up to the report's moment")
    assert BANNED.search("40 rules asked for something")
    assert FOREIGN.search("The gravest is optimised; mend the others.")
    assert not FOREIGN.search("The most serious is optimized; analyses of otherwise equal towns.")
    assert not BANNED.search("40 rules produced 62 candidates, as recommended.")
    assert overlong("word " * 41)
    assert not overlong("word " * 20 + "end. " + "word " * 20)


def modules(folder: str) -> list[Path]:
    house = HOUSE / "mktorch"
    return sorted(house.glob(folder) if folder.endswith(".py") else (house / folder).rglob("*.py"))


def test_every_text_folder_is_there() -> None:
    assert [folder for folder in SEEN if not modules(folder)] == []


@pytest.mark.parametrize("folder", SEEN)
def test_no_text_in_the_code_is_against_the_house_style(folder) -> None:
    found = [
        (f"{file.name}:{line}", text)
        for file in modules(folder)
        if not file.name.startswith(NOT_READ)
        for line, text in literals(file)
        if BANNED.search(text) or FOREIGN.search(text) or overlong(text)
    ]
    assert found == []


def test_no_heading_or_prose_of_a_document_is_against_the_house_style() -> None:
    pages = (HOUSE / "reports").glob("*.qmd")
    docs = [HOUSE / "README.md", *(HOUSE / "docs").glob("*.md")]
    found = [
        (file.name, line)
        for file in sorted([*pages, *docs])
        if file.name not in NOT_TEXTS
        for line in file.read_text(encoding="utf-8").splitlines()
        if FOREIGN.search(re.sub(r"`[^`]*`", "", line))
    ]
    assert found == []


def test_what_commands_say_of_themselves_is_in_the_house_style() -> None:
    from typer.main import get_command

    from mktorch.cli import app

    said = [
        text
        for command in get_command(app).commands.values()  # type: ignore[attr-defined]
        for text in (command.help, *(getattr(p, "help", "") for p in command.params))
    ]
    assert len(said) > 60
    assert [text for text in said if text and (BANNED.search(text) or FOREIGN.search(text))] == []


def own_words(block: Block) -> Iterator[str]:
    """What a block says itself: title, notes and heads, but no cell."""
    if isinstance(block, Table):
        yield from (block.title, block.subtitle, block.empty, *block.all_notes)
        yield from (f"{column.label} {column.missing}" for column in block.columns)
    elif isinstance(block, Chart):
        yield from (block.title, block.alt, *block.notes)
    elif isinstance(block, Readouts):
        yield from (block.title, *block.all_notes)
    elif not isinstance(block, Stack):
        yield block.markdown()


def test_what_the_pages_of_the_sample_say_is_in_the_house_style(sample_run) -> None:
    found, seen = [], 0
    for call in calls():
        show = Show(sample_run, "CAMP_001" if call.document == "campaign" else "")
        for text in own_words(getattr(show, call.block)(**call.options)):
            seen += 1
            if BANNED.search(text) or FOREIGN.search(text):
                found.append((call.block, text))
    assert found == []
    assert seen > 300
