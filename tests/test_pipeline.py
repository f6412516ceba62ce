"""The plan: declared, checked, timed; failures block only what needs them."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

import mktorch
from mktorch.config import MarketingOrchestratorConfig
from mktorch.errors import PipelineError
from mktorch.pipeline import PLAN, check, execute
from mktorch.vocab import Source
from mktorch.wiring import PipelineContext, Step, makes
from tests.conftest import TINY


def step(name, *functions, **more) -> Step:
    return Step(name, f"Do {name}", functions, **more)


def context() -> PipelineContext:
    return PipelineContext(MarketingOrchestratorConfig())


def test_the_plan_makes_everything_before_it_is_needed_and_only_once() -> None:
    made: set[str] = set()
    for each in PLAN:
        assert set(each.needs) <= made, each.name
        assert not made & set(each.makes), each.name
        made |= set(each.makes)


def test_state_holds_goal_and_plan(tiny_run) -> None:
    goal = tiny_run.state["goal"]
    assert goal["current_window"] == ["2026-03-09", "2026-03-15"]
    assert goal["prior_window"] == ["2026-03-02", "2026-03-08"]
    plan = tiny_run.state["plan"]
    assert [s["name"] for s in plan] == [s.name for s in PLAN]
    assert next(s for s in plan if s["name"] == "validate")["dependencies"] == ["load"]


def test_a_failed_optional_step_blocks_only_its_dependents() -> None:
    def before():
        return 1

    def x():
        raise ValueError("no luck")

    def y(x):
        return x

    def z():
        return 2

    def last(y):
        return y

    held = context()
    steps = (step("a", before, x), step("b", y), step("c", z), step("d", last))
    done = execute(steps, held)
    assert [(s.name, str(s.status)) for s in done] == [
        ("a", "failed"),
        ("b", "blocked"),
        ("c", "done"),
        ("d", "blocked"),
    ]
    assert done[0].error == "ValueError: no luck"
    assert done[1].error == "not run: x could not be made"
    assert held.artifacts == {"z": 2}  # of a failed step nothing is kept
    assert done[2].seconds > 0


def test_a_step_must_make_what_it_declares() -> None:
    @makes("x")
    def mapped():
        return {"y": 1}

    done = execute((step("a", mapped),), context())
    assert "declared outputs and made ones differ: ['x', 'y']" in done[0].error


def test_a_failed_required_step_ends_the_run() -> None:
    def fail():
        raise PipelineError("cannot")

    with pytest.raises(PipelineError, match="cannot"):
        execute((step("a", fail, optional=False),), context())


def test_a_step_that_is_switched_off_is_skipped_and_noted() -> None:
    def kpis():
        raise AssertionError

    held = PipelineContext(MarketingOrchestratorConfig(enable_kpi_tracking=False))
    done = execute((step("a", kpis, switch="enable_kpi_tracking"),), held)
    assert str(done[0].status) == "skipped"
    assert held.notes == ["a: left out, enable_kpi_tracking is false"]


def test_a_failed_step_is_told_in_state_and_manifest(monkeypatch, tmp_path) -> None:
    def performance_assessment(campaign_analysis, experiments):
        raise ZeroDivisionError("by hand")

    broken = tuple(
        replace(
            s,
            functions=tuple(
                performance_assessment if f.__name__ == "performance_assessment" else f
                for f in s.functions
            ),
        )
        for s in PLAN
    )
    monkeypatch.setattr("mktorch.pipeline.PLAN", broken)
    run = mktorch.run(TINY, out=tmp_path)
    assert run.state["errors"] == [
        "portfolio: ZeroDivisionError: by hand",
        "value: not run: performance_assessment could not be made",
        "kpis: not run: performance_assessment could not be made",
    ]
    assert run.state["performance_assessment"] == {}
    assert run.state["roi_analysis"]["total_net_roi"] == 8052.45
    assert not run.ok


def test_one_campaign_restricts_every_table_that_belongs_to_one(tmp_path) -> None:
    run = mktorch.run(TINY, out=tmp_path, campaign="CAMP_002")
    for name in run.tables:
        frame = run.tables[name]
        if "campaign_id" in frame.columns:
            # without an id: the total of all in scope
            assert set(frame["campaign_id"]) <= {"CAMP_002", None}, name
    assert set(run.tables.performance_metrics["asset_id"]) == {"ASSET_004", "ASSET_005"}
    assert run.tables.channels.height == 2  # shared by all campaigns
    assert run.state["campaign_id"] == "CAMP_002"
    assert run.state["performance_assessment"]["total_spend"] == 3800.0
    assert run.manifest.as_of.isoformat() == "2026-03-15T10:00:00"  # the whole set's clock


def test_runs_per_campaign_add_up_to_the_whole(tiny_run, tmp_path) -> None:
    parts = [
        mktorch.run(TINY, out=tmp_path, campaign=f"CAMP_00{n}").tables.campaign_analysis
        for n in (1, 2, 3)
    ]
    assert pl.concat(parts).equals(tiny_run.tables.campaign_analysis)


def test_an_unknown_campaign_names_the_near_ones(tmp_path) -> None:
    with pytest.raises(PipelineError, match="no such campaign; known: CAMP_00"):
        mktorch.run(TINY, out=tmp_path, campaign="CAMP_01")
    assert list(tmp_path.iterdir()) == []


def test_as_of_leaves_out_what_was_not_yet_known(tmp_path) -> None:
    run = mktorch.run(TINY, out=tmp_path, as_of="2026-03-13")
    assert run.tables.performance_metrics.height == 6  # three rows are of 14 and 15 March
    assert run.tables.orchestrator_decisions.height == 1
    assert "performance_metrics: 3 records after 2026-03-13T23:59:59.999999 left out" in (
        run.manifest.notes
    )
    assert run.state["goal"]["current_window"] == ["2026-03-07", "2026-03-13"]


def test_as_of_before_all_data_gives_nulls_not_a_crash(tmp_path) -> None:
    run = mktorch.run(TINY, out=tmp_path, as_of="2020-01-01")
    assert run.ok
    assert run.tables.rollup_campaign.is_empty()
    assert run.tables.campaign_analysis["metrics_spend"].to_list() == [None] * 3


def test_no_timestamp_at_all_asks_for_as_of(edit, tmp_path) -> None:
    for source in ("performance_metrics", "orchestrator_decisions", "campaign_risk_signals"):
        data = edit(source, lambda _: [])
    with pytest.raises(PipelineError, match="--as-of"):
        mktorch.run(data, out=tmp_path / "runs")
    run = mktorch.run(data, out=tmp_path / "runs", as_of="2026-03-15")
    assert run.tables.campaign_analysis["spend_source"].to_list() == ["ledger"] * 3


def test_a_configuration_object_may_be_given(tmp_path) -> None:
    config = MarketingOrchestratorConfig(data_dir=str(TINY), runs_dir=str(tmp_path), window_days=3)
    run = mktorch.run(config=config, window_days=4)
    assert run.config.window_days == 4
    assert run.path.parent == tmp_path


def test_check_finds_without_writing() -> None:
    found = check(MarketingOrchestratorConfig(data_dir=str(TINY)))
    assert found.rows == sum(
        len(pl.read_json(TINY / f"{s}.json")) for s in Source if (TINY / f"{s}.json").exists()
    )
    assert (found.failures.height, found.differing) == (0, 1)
    assert "ROLL_002 conversions: supplied 26.0, computed 20.0" in next(found.lines())
