"""Every number printed in HTML is the same number on paper, in the Markdown texts and the state."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from mktorch.formats import Kind, format_value
from mktorch.narrative.report import READS
from mktorch.recommend.words import FORMATS
from tests.render import numbers, stated, texts
from tests.render.numbers import Page, Section

KPIS = ("operational", "effectiveness", "business")
STEPS = {"Next steps": "next-steps.stake", "Decisions asked": "decisions-asked.amount"}
READ = {*READS, "verdict_grounds", "measured_summary"}  # tables that the texts are made of
APPENDIX = "Appendix: sources of the figures"
# Sections that one format alone has, by document.
HTML_ALONE = {"index": {APPENDIX}}  # the cover on paper is one page, whose figures bear no note


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


@pytest.fixture(scope="module")
def report(state) -> str:
    """The campaign report as it lies on disk."""
    return Path(state["report_file_path"]).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def quotes(report, told, sample_run) -> list[tuple[texts.Quote, str]]:
    """What the report repeats of the pages' figures, each with the start of the figure's id."""
    ranked = {r["rank"]: r["recommendation_id"] for kind, r in told if kind == "recommendations"}
    names = dict(sample_run.tables["campaigns"].select("campaign_id", "name").rows())
    return [
        (quote, f"f-{stated.figure_id(quote.figure.removesuffix('*'), quote.known)}")
        for quote in texts.cited(report, ranked, names)
    ]


def test_the_report_repeats_the_figures_of_the_pages(quotes, figures) -> None:
    off = []
    for quote, anchor in quotes:
        shown = (
            {text for name, text in figures.items() if name.startswith(anchor)}
            if quote.figure.endswith("*")
            else {figures.get(anchor, "on no page")}
        )
        (page,) = shown
        same = texts.agrees if quote.figure in texts.FINER else str.__eq__
        text = texts.turned(quote) if quote.figure in texts.TURNED else quote.text
        if not same(text, page):
            off.append((anchor, quote.text, page))
    assert off == []


def test_every_figure_that_the_report_repeats_is_found_in_it(quotes, figures) -> None:
    """None of a column is left out, but those without a value or, as a stake, of nothing."""
    named = {figure for each in texts.CITED for figure in each.figures.values()}
    named |= {figure for table in texts.TABLES.values() for figure in table.values()}
    assert {quote.figure for quote, _ in quotes} == named | set(texts.ALL.values())
    assert named >= texts.FINER
    found = {anchor for _, anchor in quotes}
    for figure in named:
        column = ".".join(figure.split(".")[:2]) if "{" in figure else figure
        held = {name for name, text in figures.items() if name.startswith(f"f-{column}.")}
        missed = {name for name in held if not any(name.startswith(each) for each in found)}
        if figure in texts.PARTLY:
            assert len(missed) < len(held) / 2, (figure, missed)
        else:
            assert {figures[name] for name in missed} <= {"n/a", "none set", "$0"}, (figure, missed)


def test_steps_and_decisions_of_the_texts_are_those_of_the_pages(state, report, shown) -> None:
    """A step's line has its row's numbers and those of its reason, which the register gives."""
    rows = {name: text for page in shown.values() for name, text in page.rows.items()}
    register = [text for name, text in rows.items() if "recommendation-register.rank." in name]
    seen: Counter[tuple[str, str]] = Counter()
    for name, text in (("summary", state["executive_summary"]), ("report", report)):
        for line in texts.parts(text):
            found = re.match(r"(\d+)\. (.*)", line.text) if isinstance(line, texts.Line) else None
            if not found or line.section not in STEPS:
                continue
            row = rows[f"f-{STEPS[line.section]}.{found[1]}"]
            step = max((each for each in numbered(row) if each in found[2]), key=len)
            reason = " ".join(each for each in register if step in each)
            said = Counter(numbers.numbers(found[2]))
            assert said <= Counter(numbers.numbers(f"{row} {reason}")), line
            seen[name, line.section] += 1
    most = len([name for name in rows if STEPS["Decisions asked"] in name])
    assert seen["report", "Decisions asked"] == most > 0
    assert seen["report", "Next steps"] == seen["summary", "Next steps"] > 0
    assert 0 < seen["summary", "Decisions asked"] <= most


def test_the_summary_tells_the_numbers_of_page_one_in_their_order(state, shown) -> None:
    story = [
        number
        for part in texts.parts(state["executive_summary"])
        if not part.section and not part.text.startswith("Report of")
        for number in numbers.numbers(part.text)
    ]
    first = shown["executive"].sections[0].numbers
    assert len(story) > 10
    assert story in [first[i : i + len(story)] for i in range(len(first))]


def test_no_number_of_a_text_is_without_a_source(state, report, sample_run, told) -> None:
    """Each is a value of the tables that the texts read, of the settings, or of the inputs."""
    run = sample_run
    tables = [run.tables[name] for name in READ if name in run.tables]
    held = [value for table in tables for row in table.rows() for value in leaves(row)]
    settings = list(leaves(run.manifest.config))
    inputs = [value for file in run.manifest.inputs for value in (file.rows, file.path)]
    known = {n for value in {*held, *settings, *inputs} for n in written(value)}
    known |= set(numbers.numbers(run.manifest.version)) | {"256"}  # SHA-256, by its name
    for kind, record in told:
        if kind == "kpis":
            (kpi,) = stated.STATED["kpis"]
            known |= set(numbers.numbers(kpi.reads(record["value"], record)))
    for target in run.tables["measured_kpis"].select("kpi", value="target").to_dicts():
        known |= set(numbers.numbers(kpi.reads(target["value"], target)))
    for text in (state["executive_summary"], report):
        said = [n for part in texts.parts(text) for n in numbers.numbers(texts.words(part))]
        assert len(said) > 50
        assert sorted(set(said) - known) == []


def leaves(value: object) -> Iterator[object]:
    """The values of a value, however deep they lie."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from leaves(each)
    elif value is not None and not isinstance(value, bool):
        yield value


def written(value: object) -> Iterator[str]:
    """The numbers of a value as any format of the texts writes it."""
    if isinstance(value, str):
        yield from numbers.numbers(value)
    elif isinstance(value, date):
        fmt = FORMATS["time" if isinstance(value, datetime) else "date"]
        yield from numbers.numbers(format_value(value, fmt))
    elif isinstance(value, int | float):
        for fmt in (fmt for fmt in FORMATS.values() if fmt.numeric):
            for scale in (1, 0.01) if fmt.kind is Kind.PERCENT else (1,):
                yield from numbers.numbers(format_value(value * scale, fmt))


def numbered(row: str) -> list[str]:
    """The lines of a page's row."""
    return [line.strip() for line in row.splitlines() if line.strip()]
