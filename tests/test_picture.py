"""The whole picture on the sample: totals conserve, order and engine change nothing, edges hold."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import mktorch
from mktorch.analysis.money import total
from mktorch.rollups import MEASURES
from mktorch.vocab import Source
from tests.conftest import SAMPLE
from tests.test_runs import reproducible


def sums(frame: pl.DataFrame, columns) -> tuple:
    return frame.select(total(column) for column in columns).row(0)


@pytest.fixture(scope="module")
def by_campaign(sample_run, tmp_path_factory) -> list[mktorch.Run]:
    ids = sample_run.tables.campaigns["campaign_id"]
    out = tmp_path_factory.mktemp("parts")
    return [mktorch.run(SAMPLE, out=out, campaign=each) for each in ids]


def test_every_step_of_the_sample_is_done(sample_run) -> None:
    assert sample_run.state["errors"] == []
    assert {str(step.status) for step in sample_run.manifest.steps} == {"done"}


@pytest.mark.parametrize("name", ["rollup_asset", "rollup_segment", "rollup_channel"])
@pytest.mark.parametrize("window", ["all", "current", "prior"])
def test_splits_add_up_to_the_campaigns_to_the_cent(sample_run, name, window) -> None:
    parts = sample_run.tables[name].filter(window=window)
    whole = sample_run.tables.rollup_campaign.filter(window=window)
    assert sums(parts, MEASURES) == sums(whole, MEASURES)


def test_days_and_segments_add_up_to_the_campaigns(sample_run) -> None:
    whole = sums(sample_run.tables.rollup_campaign.filter(window="all"), MEASURES)
    assert sums(sample_run.tables.rollup_day, MEASURES) == whole
    assert sums(sample_run.tables.segment_portfolio, MEASURES) == whole
    assert sums(sample_run.tables.segment_summary, ("cost", "revenue")) == whole[-2:]


def test_values_by_channel_and_segment_add_up_to_the_portfolio(sample_run) -> None:
    assessment = sample_run.state["performance_assessment"]
    portfolio = (assessment["total_spend"], assessment["total_revenue_proxy"])
    for table in (sample_run.tables.value_by_channel, sample_run.tables.value_by_segment):
        assert sums(table, ("spend", "revenue")) == portfolio


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("campaign_analysis", ["campaign_id"]),
        ("roi_by_campaign", ["campaign_id"]),
        ("experiment_evaluations", ["experiment_id", "arm"]),
        ("experiment_gates", ["experiment_id", "variant_asset", "order"]),
        ("experiment_setup_faults", ["experiment_id", "fault"]),
        ("segment_portfolio", ["campaign_id", "segment_id"]),
        ("funnel_stages", ["campaign_id", "window", "stage_order"]),
        ("budget_moves", ["budget_action_id"]),
        ("budget_pacing", ["campaign_id"]),
        ("decision_insights", ["campaign_id"]),
        ("decision_outcomes", ["decision_id"]),
        ("attribution_summary", ["campaign_id"]),
        ("operating_cost", ["campaign_id"]),
    ],
)
def test_runs_per_campaign_add_up_to_the_whole(sample_run, by_campaign, name, keys) -> None:
    parts = pl.concat([run.tables[name] for run in by_campaign]).sort(keys)
    whole = sample_run.tables[name].sort(keys)
    family = pl.exclude("q_value")  # it is corrected over all the experiments looked at
    assert_frame_equal(parts.select(family), whole.select(family), check_exact=True)


def test_totals_of_runs_per_campaign_add_up(sample_run, by_campaign) -> None:
    parts = pl.concat([run.tables.roi_analysis for run in by_campaign])
    columns = [c for c in parts.columns if c.startswith("total_")]
    assert sums(parts, columns) == sums(sample_run.tables.roi_analysis, columns)
    violations = sum(run.tables.policy_violations.height for run in by_campaign)
    assert violations == sample_run.tables.policy_violations.height


def test_the_order_of_records_changes_no_result(sample_run, tmp_path) -> None:
    shuffled = Path(shutil.copytree(SAMPLE, tmp_path / "data"))
    order = random.Random(7)
    for source in Source:
        path = shuffled / f"{source}.json"
        rows = json.loads(path.read_text())
        order.shuffle(rows)
        path.write_text(json.dumps(rows))
    again = mktorch.run(shuffled, out=tmp_path / "runs")
    inputs = {str(source) for source in Source}
    for name in reproducible(again):
        if name not in inputs | {"failures"}:
            assert_frame_equal(again.tables[name], sample_run.tables[name], check_exact=True)


def test_both_engines_agree_to_the_bit(sample_run, tmp_path) -> None:
    pl.Config.set_engine_affinity("in-memory")
    try:
        again = mktorch.run(SAMPLE, out=tmp_path)
    finally:
        pl.Config.set_engine_affinity("auto")
    for name in reproducible(again):
        assert_frame_equal(again.tables[name], sample_run.tables[name], check_exact=True)


def test_kpi_tracking_switched_off_says_so(tmp_path) -> None:
    run = mktorch.run(SAMPLE, out=tmp_path, enable_kpi_tracking=False)
    assert "kpis" not in run.tables
    assert run.state["kpi_status"] == run.state["business_kpis"] == {}
    assert "kpis: left out, enable_kpi_tracking is false" in run.manifest.notes
    assert run.state["errors"] == []


def test_state_holds_the_kpis_by_group(sample_run) -> None:
    state = sample_run.state
    for word in ("operational", "effectiveness", "business"):
        targets = getattr(sample_run.config, f"{word}_kpi_targets")
        assert list(state[f"{word}_kpis"]) == list(targets)
    assert set(state["kpi_status"]) == {"operational_health", "campaign_impact", "business_value"}
    assert state["roi_analysis"]["roi_status"] == "positive"


def test_statistical_testing_switched_off_leaves_effects(tmp_path) -> None:
    run = mktorch.run(SAMPLE, out=tmp_path, enable_statistical_testing=False)
    table = run.tables.experiment_evaluations
    assert table["p_value"].null_count() == table.height
    assert table["lift"].null_count() < table.height
    assert set(table["recommendation"]) == {"continue"}


def all_done(run: mktorch.Run) -> bool:
    """No step failed, and no figure anywhere is NaN or infinite."""
    for name in run.tables:
        frame = run.tables[name].select(pl.selectors.float())
        bad = frame.select((pl.all().is_nan() | pl.all().is_infinite()).any().fill_null(False))
        assert not any(bad.row(0)) if bad.width else True, name
    return run.state["errors"] == []


@pytest.mark.parametrize("as_of", ["2020-01-01", "2026-03-02", "2026-03-08", "2026-03-20"])
def test_looking_from_the_edges_of_the_data(tmp_path, as_of) -> None:
    """Before all data, on its first day, without a prior window, early in the flight."""
    assert all_done(mktorch.run(SAMPLE, out=tmp_path, as_of=as_of))


def test_the_sample_holds_no_nan(sample_run) -> None:
    assert all_done(sample_run)


@pytest.mark.parametrize("source", [str(source) for source in Source][4:])
def test_an_empty_source_is_no_crash(tmp_path, source) -> None:
    data = Path(shutil.copytree(SAMPLE, tmp_path / "data"))
    (data / f"{source}.json").write_text("[]")
    assert all_done(mktorch.run(data, out=tmp_path / "runs", as_of="2026-04-26"))


def test_a_campaign_without_performance(tmp_path) -> None:
    run = mktorch.run(SAMPLE, out=tmp_path, campaign="CAMP_007")
    assert all_done(run)
    kpis = {row["kpi"]: row for row in run.tables.measured_kpis.to_dicts()}
    assert kpis["roi_estimate"]["value"] is None
    assert kpis["roi_estimate"]["tier"] == "unmeasured"
    assert kpis["roi_estimate"]["reason"] == "no spend is recorded"


def test_free_and_fruitless_performance(tmp_path) -> None:
    """Zero cost, zero clicks, zero conversions everywhere: every denominator there is, at 0."""
    data = Path(shutil.copytree(SAMPLE, tmp_path / "data"))
    path = data / "performance_metrics.json"
    rows = json.loads(path.read_text())
    for row in rows:
        row.update(clicks=0, conversions=0, conversion_rate=0.0, cost=0.0, revenue_proxy=0.0)
    path.write_text(json.dumps(rows))
    assert all_done(mktorch.run(data, out=tmp_path / "runs"))
