"""The cover: period, contents with links to what is there, and what changed."""

from __future__ import annotations

import json
import re
import shutil

import polars as pl
import pytest

import mktorch
from mktorch import display
from mktorch.display.block import EXECUTE_INFO
from mktorch.display.contents import Contents, Group, Item
from mktorch.display.page import Prose
from mktorch.display.tables import Table
from tests.conftest import TINY
from tests.display.made import column, with_tables

HOSTILE = '<script>alert(1)</script> `x` {{< y >}} #panic() "q" \\ $a$ \u202e\x00'
NAMES = ("cover_cards", "cover_verdict", "period", "pack_contents")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for day in ("2026-03-20", "2026-04-01"):
        mktorch.run(TINY, out=folder, as_of=day)
    return [mktorch.load_run(path) for path in sorted(folder.iterdir())]


def rendering(monkeypatch, tmp_path, *pack: str) -> None:
    """Make the cell believe that a render is under way, of these files."""
    file = tmp_path / "info.json"
    form = {"identifier": {"base-format": "html"}, "metadata": {"pack": list(pack)}}
    file.write_text(json.dumps({"format": form}))
    monkeypatch.setenv(EXECUTE_INFO, str(file))


def links(block) -> list[str]:
    return re.findall(r'href="([^"]+)"', block.html())


def test_only_what_is_made_is_linked(monkeypatch, tmp_path, sample_run) -> None:
    made = ("index.html", "executive.html", "executive.pdf", "campaign-camp-001.html")
    rendering(monkeypatch, tmp_path, *made)
    assert sorted(links(display.pack_contents(sample_run))) == sorted(made[1:])


def test_a_whole_pack_links_every_document_and_the_exports(
    monkeypatch, tmp_path, sample_run
) -> None:
    ids = sample_run.tables["campaigns"]["campaign_id"]
    dives = [f"campaign-{name.lower().replace('_', '-')}" for name in ids]
    pages = [
        f"{n}.{f}"
        for n in ("executive", "experiments", "governance", *dives)
        for f in ("html", "pdf")
    ]
    files = [*pages, "exports/tables.xlsx", "exports/sources.csv"]
    rendering(monkeypatch, tmp_path, "index.html", *files)
    assert sorted(links(display.pack_contents(sample_run))) == sorted(files)


def test_outside_a_render_nothing_is_linked(sample_run) -> None:
    assert links(display.pack_contents(sample_run)) == []


def test_campaigns_stand_gravest_first_with_a_line_each(sample_run) -> None:
    group = display.pack_contents(sample_run).groups[1]
    assert [entry.status.word for entry in group.entries] == [
        "Below",
        "Below",
        "Meeting",
        "Meeting",
        "Exceeding",
        "Exceeding",
        "No data",
    ]
    assert group.entries[0].detail.startswith("0.70× on $19,554")
    assert group.entries[-1].detail == "not launched: no spend recorded"


def test_links_are_named_after_what_they_lead_to() -> None:
    entry = Item(name="A & B", files=(("PDF", "a.pdf"),))
    block = Contents(groups=(Group(heading="H", entries=(entry,)),), present={"a.pdf"})
    assert 'aria-label="A &#38; B, PDF"' in block.html()
    assert "a.pdf" not in block.typst()


def test_on_paper_sixty_campaigns_stay_on_the_cover() -> None:
    entries = tuple(Item(name=f"Campaign {n} {'x' * 80}") for n in range(60))
    markup = Contents(groups=(Group(heading="H", entries=entries),), present=()).typst()
    assert "and 36 more" in markup
    assert "Campaign 23" in markup
    assert "Campaign 24" not in markup
    assert "x" * 41 not in markup


def test_the_first_run_has_nothing_to_compare(runs) -> None:
    block = display.changes_since(runs[0])
    assert isinstance(block, Prose)
    assert "No earlier run" in block.html()


def test_the_second_run_states_figures_tiers_and_recommendations(runs) -> None:
    table = display.changes_since(runs[1])
    assert isinstance(table, Table)
    what = column(table, "what")
    assert what[:5] == [
        "Verdict",
        "Media spend",
        "Estimated value",
        "Net return",
        "ROI",
    ]
    assert what[-1] == "Recommendations"
    assert runs[0].run_id in table.notes[0]
    now = runs[1].tables["recommendations"].height
    before = runs[0].tables["recommendations"].height
    assert table.frame.row(-1)[1:3] == (f"{before}", f"{now}")
    assert table.frame.height <= 10


def test_a_moved_figure_states_its_change(runs, tmp_path) -> None:
    folder = shutil.copytree(runs[1].path.parent, tmp_path / "runs")
    file = folder / runs[0].run_id / "tables" / "roi_analysis.parquet"
    frame = pl.read_parquet(file)
    frame.with_columns(pl.col("total_media_spend") * 0.8).write_parquet(file)
    table = display.changes_since(mktorch.load_run(folder / runs[1].run_id))
    # From 0.8 of it to the whole is a quarter more.
    assert (
        dict(zip(column(table, "what"), column(table, "change"), strict=True))["Media spend"]
        == "+25.0%"
    )


def test_the_period_names_its_days_and_windows(sample_run) -> None:
    assert display.period(sample_run).paragraphs == (
        (
            "Performance from Mar 2, 2026 to Apr 26, 2026; the 7 days through Apr 26, 2026 are "
            "compared with the prior 7."
        ),
    )


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_are_text(monkeypatch, tmp_path, sample_run, name: str) -> None:
    frames = {
        "campaign_analysis": sample_run.tables["campaign_analysis"].with_columns(
            name=pl.lit(HOSTILE), performance_reason=pl.lit(HOSTILE)
        ),
        "verdict": sample_run.tables["verdict"].with_columns(
            headline=pl.lit(HOSTILE), momentum=pl.lit(HOSTILE)
        ),
    }
    rendering(monkeypatch, tmp_path, "executive.html", "campaign-camp-001.html")
    block = getattr(display, name)(with_tables(sample_run, **frames))
    assert "<script" not in block.html()
    assert "{{<" not in block.html()
    assert "\x00" not in block.html()
    assert "`" not in block.typst()
