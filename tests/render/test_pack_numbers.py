"""Every number printed in HTML is the same number on paper, in the Markdown texts and the state."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.render import numbers
from tests.render.numbers import Page, Section

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


def test_no_page_is_compared_without_its_numbers(shown, printed) -> None:
    for name, page in shown.items():
        found = [each for section in page.sections for each in section.numbers]
        cut = [
            text for text in page.figures.values() if not set(numbers.numbers(text)) <= set(found)
        ]
        assert (name, cut) == (name, [])
        assert any(page.figures.values()), name
    assert sum(len(each.numbers) for page in shown.values() for each in page.sections) > 5000
