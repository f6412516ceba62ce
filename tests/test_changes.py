"""What changed since the run before: which run that is, and the differences as frames."""

from __future__ import annotations

import json
import shutil

import polars as pl
import pytest

import mktorch
from mktorch.changes import (
    changes,
    figure_changes,
    previous_run,
    recommendation_changes,
    tier_changes,
)
from tests.conftest import TINY


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """One set, seen from three days, in one folder of runs."""
    folder = tmp_path_factory.mktemp("runs")
    for day in ("2026-03-10", "2026-03-20", "2026-04-01"):
        mktorch.run(TINY, out=folder, as_of=day)
    return folder


@pytest.fixture
def three(runs, tmp_path) -> list[mktorch.Run]:
    """The three runs, in a folder of their own that a test may change."""
    folder = shutil.copytree(runs, tmp_path / "runs")
    return [mktorch.load_run(path) for path in sorted(folder.iterdir())]


def changed(run: mktorch.Run, **fields) -> None:
    file = run.path / "manifest.json"
    content = json.loads(file.read_text())
    content.update(fields)
    file.write_text(json.dumps(content))


def test_the_run_before_is_the_latest_earlier_one(three) -> None:
    assert previous_run(three[0]) is None
    assert changes(three[0]) is None
    assert [previous_run(r).run_id for r in three[1:]] == [r.run_id for r in three[:2]]


def test_of_two_at_one_moment_the_id_that_sorts_last_counts(three) -> None:
    for twin in ("20260320-0", "20260320-z"):
        folder = shutil.copytree(three[1].path, three[1].path.with_name(twin))
        changed(mktorch.load_run(folder), run_id=twin)
    assert previous_run(three[2]).run_id == "20260320-z"


@pytest.mark.parametrize("field", ["data_dir", "currency"])
def test_another_story_is_no_run_before(three, field: str) -> None:
    config = {**three[1].manifest.config, field: "EUR" if field == "currency" else "elsewhere"}
    changed(three[1], config=config)
    assert previous_run(three[2]).run_id == three[0].run_id


def test_another_scope_is_no_run_before(three) -> None:
    changed(three[1], campaign_id="CAMP_001")
    assert previous_run(three[2]).run_id == three[0].run_id


def test_a_broken_folder_is_passed_over(three) -> None:
    (three[1].path / "manifest.json").write_text("{")
    assert previous_run(three[2]).run_id == three[0].run_id


def test_figures_are_after_less_before() -> None:
    def tables(spend, roi):
        return {
            "roi_analysis": pl.DataFrame(
                {
                    "total_media_spend": [spend],
                    "total_estimated_value": [300.0],
                    "total_net_roi": [-50.0],
                }
            ),
            "performance_assessment": pl.DataFrame(
                {"overall_roi": [roi]}, schema={"overall_roi": pl.Float64}
            ),
        }

    # Spend 200 to 250 is +50, a quarter of 200; a loss has no relative change; 0.5 to none is null.
    rows = figure_changes(tables(200.0, 0.5), tables(250.0, None)).rows()
    assert rows == [
        ("media_spend", 200.0, 250.0, 50.0, 0.25),
        ("estimated_value", 300.0, 300.0, 0.0, 0.0),
        ("net_return", -50.0, -50.0, 0.0, None),
        ("return_on_spend", 0.5, None, None, None),
    ]
    assert figure_changes({}, tables(1.0, 1.0)).is_empty()


def test_tiers_that_differ_by_name() -> None:
    def kpis(**tiers):
        return {"kpis": pl.DataFrame({"kpi": list(tiers), "tier": list(tiers.values())})}

    before = kpis(b="on_track", a="critical", c="at_risk")
    after = kpis(a="at_risk", b="on_track", d="exceeded")
    assert tier_changes(before, after).rows() == [
        ("a", "critical", "at_risk"),
        ("c", "at_risk", None),
        ("d", None, "exceeded"),
    ]
    assert tier_changes(before, {}).is_empty()


def test_recommendations_that_are_new_then_gone_in_rank_order() -> None:
    def asked(*names):
        return {
            "recommendations": pl.DataFrame(
                {
                    "rank": range(1, len(names) + 1),
                    "recommendation_id": names,
                    "description": [f"Do {n}" for n in names],
                    "priority": "high",
                }
            ).reverse()
        }

    found = recommendation_changes(asked("a", "b", "c"), asked("z", "b", "y"))
    assert found.select("recommendation_id", "change").rows() == [
        ("z", "new"),
        ("y", "new"),
        ("a", "gone"),
        ("c", "gone"),
    ]
    assert found["description"][0] == "Do z"


def test_the_same_folder_gives_the_same_changes(three) -> None:
    one, other = changes(three[2]), changes(mktorch.load_run(three[2].path))
    assert one.figures.equals(other.figures)
    assert one.tiers.equals(other.tiers)
    assert one.recommendations.equals(other.recommendations)
    assert one.previous.run_id == three[1].run_id
