"""Sections show the run's figures, say what they find, and say why where there is nothing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import mktorch
from mktorch import display
from mktorch.display.block import DisplayError
from mktorch.display.documents import calls
from mktorch.display.page import Unavailable
from mktorch.display.register import section, sections
from mktorch.formats import CURRENCY, CURRENCY_EXACT, format_value
from tests.conftest import TINY

SECTIONS = tuple(sections())


def speaks(run: mktorch.Run, name: str) -> bool:
    """Whether a section has something to say: of what was set aside, only where anything was.

    So of studies of what was added. The way through a pack is told only where one is being made.
    """
    sometimes = {"set_aside_notice": "set_aside", "incrementality": "incrementality_studies"}
    return name != "navigation" and (
        name not in sometimes or run.tables[sometimes[name]].height > 0
    )


@pytest.fixture(scope="module")
def bare(tmp_path_factory) -> mktorch.Run:
    """A run of the tiny set without performance, ledger, experiments and creatives."""
    folder = tmp_path_factory.mktemp("bare")
    data = Path(shutil.copytree(TINY, folder / "data"))
    for source in ("performance_metrics", "roi_ledger", "experiments", "creative_assets"):
        (data / f"{source}.json").write_text("[]")
    return mktorch.run(data, out=folder / "runs")


@pytest.mark.parametrize("name", SECTIONS)
def test_every_section_writes_both_targets(sample_run: mktorch.Run, name: str) -> None:
    block = getattr(display, name)(sample_run)
    assert block.html() == block.html()
    assert bool(block.html()) == bool(block.typst()) == speaks(sample_run, name)
    assert not re.search(r">\s*(None|nan|inf)\b", block.html())


@pytest.mark.parametrize("name", SECTIONS)
def test_every_section_bears_a_run_without_records(bare: mktorch.Run, name: str) -> None:
    block = getattr(display, name)(bare)
    assert bool(block.html()) == bool(block.typst()) == speaks(bare, name)


def test_the_waterfall_says_what_the_totals_say(tiny_run: mktorch.Run) -> None:
    total = tiny_run.tables["roi_analysis"].row(0, named=True)
    chart = display.roi_waterfall(tiny_run)
    net = format_value(total["total_net_roi"], CURRENCY_EXACT)
    assert format_value(total["total_net_roi"], CURRENCY) in chart.title
    assert f"Net return: {net}." in chart.alt
    assert chart.notes


def test_every_table_and_chart_states_finding_note_and_source(sample_run: mktorch.Run) -> None:
    for name in SECTIONS:
        block = getattr(display, name)(sample_run)
        if hasattr(block, "all_notes"):
            assert block.title.endswith("."), name
            assert any(note.startswith("Source: ") for note in block.all_notes), name


def test_one_campaign_narrows_the_rows(sample_run: mktorch.Run) -> None:
    one = sample_run.tables["campaigns"]["campaign_id"].sort()[0]
    assert display.campaigns(sample_run, one).frame["campaign_id"].to_list() == [one]
    assert display.roi_by_campaign(sample_run, one).frame.height == 1
    with pytest.raises(DisplayError, match="NOPE"):
        display.campaigns(sample_run, "NOPE")


def test_a_missing_table_is_explained_in_place(sample_run: mktorch.Run, tmp_path) -> None:
    import shutil

    folder = shutil.copytree(sample_run.path, tmp_path / "run")
    file = folder / "manifest.json"
    content = json.loads(file.read_text())
    del content["tables"]["roi_waterfall"]
    content["steps"][0]["error"] = "disk full"
    file.write_text(json.dumps(content))
    block = display.roi_waterfall(mktorch.load_run(folder))
    assert isinstance(block, Unavailable)
    assert "roi_waterfall" in block.reason
    assert "disk full" in block.reason


def test_a_finding_speaks_of_all_campaigns_not_of_those_drawn(edit, tmp_path) -> None:
    # Twenty earn twice their spend; the twenty-first, of least value and so not drawn, loses.
    money = {f"C{i:02}": (100.0, 200.0) for i in range(20)} | {"LOSS": (100.0, 1.0)}

    def campaigns(rows):
        return [dict(rows[0], campaign_id=key, name=key) for key in money]

    def ledger(_):
        return [
            {
                "campaign_id": key,
                "llm_cost": 0.0,
                "human_review_cost": 0.0,
                "media_spend": spend,
                "estimated_value": value,
                "net_roi": value - spend,
            }
            for key, (spend, value) in money.items()
        ]

    edit("campaigns", campaigns)
    run = mktorch.run(edit("roi_ledger", ledger), out=tmp_path / "runs", as_of="2026-04-01")
    chart = display.spend_and_value(run)
    assert chart.title == "1 of 21 campaigns have not recouped their spend."
    assert any("6 campaigns" in note for note in chart.notes)


def test_failures_show_a_few_of_each_rule(sample_run: mktorch.Run) -> None:
    shown = display.failures(sample_run).frame
    assert shown.group_by("source", "rule", "severity").len()["len"].max() <= 5
    rules = sample_run.tables["failures"].select("source", "rule").n_unique()
    assert shown.select("source", "rule").n_unique() == rules


def test_open_reconciliations_are_ordered_by_gap(sample_run: mktorch.Run) -> None:
    frame = display.reconciliations(sample_run).frame
    differing = frame.filter(pl.col("verdict") == "differs")["relative_gap"].abs()
    assert differing.is_sorted(descending=True)
    assert "agrees" not in frame["verdict"].to_list()


def test_a_section_is_there_by_the_name_it_is_written_under() -> None:
    assert {"campaigns", "verdict", "thresholds", "Table"} <= set(dir(display))
    assert display.campaigns is sections()["campaigns"]
    with pytest.raises(AttributeError, match="nothing_here"):
        display.nothing_here  # noqa: B018


def test_no_two_sections_bear_one_name() -> None:
    def verdict(_run: mktorch.Run) -> None: ...

    with pytest.raises(ValueError, match="two sections are named 'verdict'"):
        section()(verdict)


def test_every_section_stands_in_a_document() -> None:
    assert {call.block for call in calls()} == set(SECTIONS)


def test_reading_the_package_draws_nothing() -> None:
    """Neither the package nor its names bring the libraries that draw charts and tables."""
    drawn = "{'altair', 'great_tables'} & {*sys.modules}"
    look = f"import sys, mktorch.display as d; dir(d); print({drawn})"
    made = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "set()"
