"""Notebook manners: what is shown fits a screen, names are those that work, texts are inert."""

from __future__ import annotations

import inspect

import pytest

import mktorch
from mktorch import display, screen
from mktorch.display.register import sections

LINES, WIDTH = 24, 80


def test_what_is_shown_fits_a_screen(sample_run) -> None:
    for held in (sample_run.tables, sample_run.lookups):
        lines = repr(held).splitlines()
        assert len(lines) <= LINES
    assert max(map(len, repr(sample_run.tables).splitlines())) <= WIDTH
    assert len(repr(sample_run).splitlines()) <= LINES


def test_a_run_says_what_it_is(tiny_run) -> None:
    shown = repr(tiny_run)
    assert shown.startswith(f"Run {tiny_run.run_id}\n  as of    2026-03-15 10:00\n")
    for words in ("all campaigns", "0 set apart", "29 run, 0 failed", str(tiny_run.path)):
        assert words in shown
        assert words in tiny_run._repr_html_()


def test_every_table_is_in_the_html_and_none_is_lost_in_the_count(sample_run) -> None:
    html = sample_run.tables._repr_html_()
    for name in sample_run.tables:
        assert f">{name}</th>" in html
    shown, _, rest = repr(sample_run.tables).rpartition("and ")
    listed = [name for name in sample_run.tables if f" {name}," in shown.replace("\n", " ")]
    assert len(listed) + int(rest.split()[0]) == len(sample_run.tables)


def test_html_is_inert() -> None:
    html = screen.html_rows("<b>", {"<i>": "<script>"})
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("name", sections())
def test_a_block_has_its_own_signature_and_text(sample_run, name) -> None:
    made, shown = getattr(display, name), getattr(sample_run.show, name)
    assert shown.__doc__ == made.__doc__
    assert shown.__name__ == name
    first, *rest = inspect.signature(made).parameters
    assert first == "run"
    assert list(inspect.signature(shown).parameters) == [*rest, "interactive"]


def test_a_campaign_is_taken_by_place_and_by_name(sample_run) -> None:
    by_name = sample_run.show.campaigns(campaign="CAMP_001").frame
    assert by_name.height == 1
    assert sample_run.show.campaigns("CAMP_001").frame.equals(by_name)
    assert sample_run.show("CAMP_001").campaigns().frame.equals(by_name)
    other = sample_run.show("CAMP_001").campaigns("CAMP_002").frame
    assert not other.equals(by_name)


def test_public_names_are_shown_alone() -> None:
    assert dir(mktorch) == sorted(mktorch.__all__)
    for name in dir(mktorch):
        assert getattr(mktorch, name) is not None


def test_run_documents_what_it_returns() -> None:
    told = inspect.getdoc(mktorch.run)
    assert "Returns\n-------\nThe run" in told
    assert ">>> run = mktorch.run(" in told
    for word in ("tables", "state", "lookups", "show", "explain", "manifest"):
        assert f"`{word}`" in told
        assert hasattr(mktorch.Run, word) or word in ("tables", "manifest")


def test_a_run_read_back_shows_and_explains(tiny_run) -> None:
    again = mktorch.load_run(tiny_run.path)
    assert isinstance(again, mktorch.Run)
    assert "total_net_roi" in str(again.explain("roi_analysis.total_net_roi"))
    assert again.show.campaigns().frame.height == 3
