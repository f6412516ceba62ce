"""What was set aside is said wherever figures are, with one wording; a clean run says nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pdfplumber
import pytest

from mktorch import display
from mktorch.config import ConfigError, load_config
from mktorch.display.documents import calls
from mktorch.display.sections.incomplete import set_aside_notice
from mktorch.explain import explain
from mktorch.render import render
from mktorch.runs import Run
from tests.narrative.endpoints import endpoint, says
from tests.sources.exports import export, row, written
from tests.test_real_runs import finished

LINE = (
    "3.0% of spend ($300 of $10,000) was set aside: 3 performance records with an unknown "
    "asset_id. To fix asset_id, add or correct the parent, or correct the key, then rerun; mktorch "
    "validate lists every record."
)
SHARE = "3.0% of spend ($300 of $10,000)"
FIRST_HEADING = {"executive": "KPIs and targets", "index": "In this pack"}


def rejecting(number: int) -> dict[str, list]:
    """28 days of which the ad is known, for 9,700; and rows of an ad that is not."""
    known = [row(day, cost=9700 / 28) for day in range(1, 29)]
    return export(known + [row(day, asset_id="gone") for day in range(1, number + 1)])


def texts(tmp_path: Path, done: Run) -> list[str]:
    folder = tmp_path / "reports" / done.run_id
    return [
        " ".join((folder / name).read_text(encoding="utf-8").replace("\\", "").split())
        for name in ("executive_summary.md", "campaign_report.md")
    ]


def said(*arguments: object) -> str:
    command = [sys.executable, "-c", "from mktorch.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def test_three_percent_is_said_in_every_place_alike(tmp_path):
    done = finished(tmp_path, rejecting(3))
    notice = display.set_aside_notice(done)
    assert notice.sentence == f"Incomplete: {LINE}"
    assert notice.status.word == "INCOMPLETE"
    dive = display.set_aside_notice(done, campaign="C1").sentence
    assert dive == f"Incomplete: across all campaigns, {LINE}"
    assert {call.document for call in calls() if call.block == "set_aside_notice"} == {
        "executive",
        "index",
        "campaign",
    }
    for text in texts(tmp_path, done):
        assert f"Incomplete: {LINE}" in text
    data, out = tmp_path / "data", tmp_path / "again"
    set_to = ("--set", f"reports_dir={out / 'texts'}")
    assert f"Incomplete: {LINE}\n" in said("run", data, "--out", out, *set_to)
    assert f"Incomplete: {LINE}\n" in said("validate", data)


def test_the_pages_bear_the_line_in_both_formats(tmp_path):
    done = finished(tmp_path, rejecting(3))
    made = render(done.path, to=("html", "pdf"), renderer="embedded", out=tmp_path / "pack")
    read = {file.path.name: file.path for file in made}
    for name in ("executive", "index"):
        page = read[f"{name}.html"].read_text(encoding="utf-8")
        body = re.sub(r"<nav.*?</nav>", "", page, flags=re.DOTALL)  # which lists the headings first
        words = " ".join(re.sub(r"<[^>]*>", "", body).split())
        assert words.index(f"Incomplete: {LINE}") < words.index(FIRST_HEADING[name])
        with pdfplumber.open(read[f"{name}.pdf"]) as pdf:
            first = " ".join(pdf.pages[0].extract_text().split())
        assert f"{SHARE} was set aside" in first


def test_its_figures_have_a_source(tmp_path):
    done = finished(tmp_path, rejecting(3))
    notice = display.set_aside_notice(done)
    assert [figure.id for figure in notice.figures()] == [
        "set-aside.spend_share",
        "set-aside.spend",
    ]
    assert all(figure.defined for figure in notice.figures())
    assert "rejected performance records" in str(explain(done, "set-aside.spend"))
    assert 'href="#s-set-aside.spend"' in notice.linked().html()


def test_a_clean_run_says_nothing(tmp_path):
    done = finished(tmp_path, rejecting(0))
    notice = set_aside_notice(done)
    assert (notice.html(), notice.typst(), notice.markdown().strip()) == ("", "", "")
    for text in texts(tmp_path, done):
        assert "set aside" not in text
        assert "Incomplete: " not in text
    assert "set aside" not in said("validate", tmp_path / "data")


@pytest.mark.parametrize(("limit", "incomplete"), [(3 / 35, False), (0.085, True)])
def test_only_above_the_limit_the_verdict_is_attention(tmp_path, limit, incomplete):
    """3 of the 35 records of all sources are the larger share, and just the limit."""
    done = finished(tmp_path, rejecting(3), maximum_rejected_share=limit)
    signal = done.tables.verdict_grounds.filter(ground="incomplete_figures").row(0, named=True)
    assert signal["verdict"] == ("ATTENTION" if incomplete else "ON TRACK")
    told = done.tables.verdict.row(0, named=True)
    assert (told["financial_summary"] or "").startswith("Incomplete: ") == incomplete
    reason = "the figures are incomplete: 3.0% of spend was set aside"
    assert (reason in told["reasons"]) == incomplete
    assert told["verdict"] != "ON TRACK" or not incomplete
    assert display.set_aside_notice(done).sentence.endswith(LINE)


def test_five_sources_make_an_honest_executive_report(tmp_path):
    rows = [{k: v for k, v in row(day).items() if k != "revenue_proxy"} for day in range(1, 29)]
    data = export(rows)
    assert len(data) == 5
    assert written(tmp_path / "look", data)
    done = finished(tmp_path, data)
    made = render(done.path, to=("html",), renderer="embedded", out=tmp_path / "pack")
    html = (f.path for f in made if f.path.suffix == ".html")
    pages = {path.name: path.read_text("utf-8") for path in html}
    page = pages["executive.html"]
    assert "no revenue is recorded" in page
    assert "none has both value and spend on record" in page
    assert "n/a" in page
    assert "Active, from Mar 1, 2026 on, no budget" in pages["campaign-c1.html"]
    assert "to n/a" not in pages["campaign-c1.html"]
    for invented in ("Net return $0", "has recorded spend", "no impression was served"):
        assert invented not in page
    totals = done.tables.roi_analysis.row(0, named=True)
    assert (totals["total_llm_cost"], totals["total_human_review_cost"]) == (None, None)
    errors = done.tables.kpis.filter(kpi="experiment_setup_errors").row(0, named=True)
    assert (errors["value"], errors["reason"]) == (None, "no experiment is on record")
    assert done.tables.value_by_channel["revenue"].to_list() == [None, None]


def test_a_summary_by_a_model_says_so_too(tmp_path, monkeypatch):
    """Whatever a model words, the line above it is the rules'."""
    for name in os.environ:
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    words = "{{verdict}}\n\n{{financial_summary}}\n\nThe programme did well all the same."
    with endpoint(says(words)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        done = finished(tmp_path, rejecting(3))
    assert "Rule-based" not in done.tables.measured_summary["note"].item()
    summary = texts(tmp_path, done)[0]
    assert "The programme did well all the same." in summary
    assert summary.index(f"Incomplete: {LINE}") < summary.index("did well all the same")


def test_no_limit_lifts_the_verdict_of_incomplete_figures():
    for limits in ({}, {"watch": 1}, {"attention": 2}):
        with pytest.raises(ConfigError, match="raise maximum_rejected_share if more may be"):
            load_config(overrides={"narrative_rules": {"limits": {"incomplete_figures": limits}}})
    graver = {"narrative_rules": {"limits": {"incomplete_figures": {"critical": 1}}}}
    assert load_config(overrides=graver)
