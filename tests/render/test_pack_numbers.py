"""Every number printed in HTML is the same number on paper, in the Markdown texts and the state."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.render import numbers, stated
from tests.render.numbers import Page, Section

KPIS = ("operational", "effectiveness", "business")
APPENDIX = "Appendix: sources of the figures"
# Sections that one format alone has, by document.
# On paper these two are short, and their figures bear no note.
HTML_ALONE = {name: {APPENDIX} for name in ("index", "executive")}


@pytest.fixture(scope="module")
def shown(pages: Path) -> dict[str, Page]:
    """Every document in HTML, by name."""
    return {file.stem: numbers.html(file) for file in sorted(pages.glob("*.html"))}


@pytest.fixture(scope="module")
def printed(pages: Path) -> dict[str, list[Section]]:
    """Every document on paper, by name."""
    return {file.stem: numbers.pdf(file) for file in sorted(pages.glob("*.pdf"))}


def test_each_section_prints_the_same_numbers_in_the_same_order(shown, printed) -> None:
    assert shown.keys() == printed.keys()
    for name, page in shown.items():
        alone = HTML_ALONE.get(name, set())
        told = [each for each in page.sections if each.heading not in alone]
        assert [each.heading for each in told] == [each.heading for each in printed[name]]
        for here, there in zip(told, printed[name], strict=True):
            if here.heading == APPENDIX:
                there, entries = there.counted()
                assert entries == page.entries
            assert (name, here.heading, here.numbers) == (name, there.heading, there.numbers)


def test_a_drawing_for_a_phone_tells_the_numbers_of_the_other(pages: Path) -> None:
    """The labels of the axes aside: their steps are as wide as the room is."""
    seen = 0
    for file in sorted(pages.glob("*.html")):
        text = file.read_text(encoding="utf-8")
        charts = re.findall(
            r'<div class="mk-broad">(.*?)</div><div class="mk-narrow" hidden>(.*?)</div></div>',
            text,
            re.DOTALL,
        )
        assert len(charts) == text.count('<div class="mk-narrow"'), file.name
        for broad, narrow in charts:
            assert drawn(narrow) == drawn(broad), file.name
            seen += sum(drawn(broad).values())
    assert seen > 100


def drawn(svg: str) -> Counter[str]:
    """The numbers of a drawing but those of its axes."""
    marks = re.sub(r'<g class="mark-text role-axis-label.*?</g>', "", svg, flags=re.DOTALL)
    words = re.findall(r"<text[^>]*>(.*?)</text>", marks, re.DOTALL)
    return Counter(n for text in words for n in numbers.numbers(re.sub(r"<[^>]+>", " ", text)))


def test_no_page_is_compared_without_its_numbers(shown, printed) -> None:
    for name, page in shown.items():
        found = [each for section in page.sections for each in section.numbers]
        cut = [
            text for text in page.figures.values() if not set(numbers.numbers(text)) <= set(found)
        ]
        assert (name, cut) == (name, [])
        assert any(page.figures.values()), name
    assert sum(len(each.numbers) for page in shown.values() for each in page.sections) > 5000


@pytest.fixture(scope="module")
def figures(shown) -> dict[str, str]:
    """The text of every figure of the pack by its id; one that pages repeat reads alike."""
    told: dict[str, str] = {}
    for name, page in shown.items():
        for figure, text in page.figures.items():
            assert told.setdefault(figure, text) == text, (name, figure)
    return told


@pytest.fixture(scope="module")
def state(sample_run) -> dict:
    """The run's state as it lies on disk."""
    return json.loads((sample_run.path / "state.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def told(state, sample_run) -> list[tuple[str, dict]]:
    """Every record of the state by its kind; those given by reference from their tables."""
    tables = {
        name: sample_run.tables[name].to_dicts()
        for name in ("budget_actions", "orchestrator_decisions")
    }
    return list(stated.records(state, tables))


def test_every_number_of_the_state_reads_on_the_page_as_it_is(told, figures) -> None:
    off = []
    for kind, record in told:
        for each in stated.STATED[kind]:
            if each.when(record):
                figure = f"f-{stated.figure_id(each.figure, record)}"
                reads = each.reads(stated.value_at(record, each.path), record)
                if figures.get(figure) != reads:
                    off.append((figure, reads, figures.get(figure)))
    assert off == []


def test_no_kind_of_record_is_left_out(state, told) -> None:
    """Each is there as often as the state has it, and one at least of each is on a page."""
    there = Counter(kind for kind, _ in told)
    arms = state["experiment_evaluations"]
    assert there == {
        "roi_analysis": 1,
        "performance_assessment": 1,
        "campaign_analysis": len(state["campaign_analysis"]),
        "experiment_evaluations": len(arms),
        "gates": sum(len(arm["gates"]) for arm in arms),
        "kpis": sum(len(state[f"{group}_kpis"]) for group in KPIS),
        "recommendations": len(state["recommendations"]),
        "budget_actions": state["budget_actions"]["rows"],
        "orchestrator_decisions": state["orchestrator_decisions"]["rows"],
    }
    for kind, rules in stated.STATED.items():
        for each in rules:
            shown = [
                stated.value_at(record, each.path)
                for name, record in told
                if name == kind and each.when(record)
            ]
            assert any(value is not None for value in shown), (kind, each.path)
    for kind, apart in stated.APART.items():
        (record, *_) = (record for name, record in told if name == kind)
        known = {name for name, value in record.items() if isinstance(value, int | float)}
        assert known == {each.path for each in stated.STATED[kind]} | apart


def test_what_a_recommendation_says_and_expects_is_the_states(told, shown) -> None:
    rows, seen = shown["governance"].rows, 0
    for record in (record for kind, record in told if kind == "recommendations"):
        figure = stated.figure_id("recommendation-register.rank.{recommendation_id}", record)
        row = rows[f"f-{figure}"]
        assert record["description"] in row
        assert record["rationale"] in row
        for (low, point, high), reads in stated.IMPACT:
            impact = record["expected_impact"]
            if impact[point] is not None:
                ends = (reads(impact[name], record) for name in (low, high))
                assert f" {reads(impact[point], record)}" in row, (figure, point)
                assert " to ".join(ends) in row, (figure, point)
                seen += 1
    assert seen > 10


def test_every_number_of_a_text_is_on_a_page(state, pages: Path) -> None:
    """Both are made of the same blocks: a number that no page has is one that a writer made."""
    known = set()
    for file in pages.glob("*.html"):
        text = file.read_text(encoding="utf-8")
        said = " ".join((*re.findall(r'aria-label="([^"]*)"', text), re.sub(r"<[^>]+>", " ", text)))
        known |= set(numbers.numbers(html.unescape(said)))
    for name in ("executive_summary", "campaign_report"):
        told = [each.replace("\\", "") for each in state[name].splitlines() if each[:3] != "## "]
        said = numbers.numbers(" ".join(" ".join(told).split()))
        assert len(said) > 50
        assert sorted(set(said) - known) == []


def test_the_summary_tells_the_numbers_of_page_one_in_their_order(state, shown) -> None:
    first = iter(shown["executive"].sections[0].numbers)
    told = state["executive_summary"].replace("\\", "")
    assert [each for each in numbers.numbers(told) if each not in first] == []
