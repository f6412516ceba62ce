"""The sample company: each planted experiment is judged as its truth says, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from mktorch.analysis.experiments import (
    Terms,
    allocation_checks,
    arm_totals,
    arm_units,
    experiment_evaluations,
    experiment_gates,
    experiment_records,
    experiment_setup_faults,
    guardrail_checks,
)
from mktorch.clock import Clock
from mktorch.config import load_config
from mktorch.rollups import rollups
from mktorch.rollups.assigned import rollup_experiment_unit
from mktorch.sources.load import load
from mktorch.sources.validate import validate
from mktorch.vocab import Source
from tests.analysis.experiment_cases import arms_of

SAMPLE = Path(__file__).parents[2] / "data"
TRUTH = json.loads((SAMPLE / "truth.json").read_text())
EXPECTED = {e["experiment_id"]: e for e in TRUTH["experiments"]}


@pytest.fixture(scope="module")
def judged() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    config, _ = load_config(None, {"data_dir": str(SAMPLE)})
    valid = validate(load(config), config).frames
    metrics, assets = valid[Source.PERFORMANCE_METRICS], valid[Source.CREATIVE_ASSETS]
    sums = rollups(metrics.lazy(), assets.lazy(), Clock(metrics["timestamp"].max()))
    tested, terms = valid[Source.EXPERIMENTS], Terms()
    days, weekdays = arms_of(tested, sums)
    totals = arm_totals(tested, days, terms)
    units = arm_units(tested, days, rollup_experiment_unit(metrics, tested))
    checks = allocation_checks(tested, totals, days, terms)
    guards = guardrail_checks(tested, days, units, terms)
    faults = experiment_setup_faults(tested, assets, totals, checks, terms)
    evaluations = experiment_evaluations(
        assets, totals, checks, days, weekdays, units, guards, faults, terms
    )
    return evaluations, experiment_gates(evaluations, terms), faults


@pytest.mark.parametrize("experiment_id", list(EXPECTED))
def test_the_best_arm_gets_the_planted_verdict(judged, experiment_id) -> None:
    truth = EXPECTED[experiment_id]
    if truth["expected"] is None:
        status = judged[0].filter(experiment_id=experiment_id)["status"].item()
        expected = {"planned": "continue", "stopped": "stop"}[status]
    else:
        expected = truth["expected"]
    planted = truth["arms"][-1]["asset_id"]  # the last arm is the one the story is about
    row = judged[0].filter(experiment_id=experiment_id, variant_asset=planted)
    assert row["recommendation"].item() == expected


def test_intervals_hold_the_planted_lifts(judged) -> None:
    planted = pl.DataFrame(
        [
            {"experiment_id": e["experiment_id"], "variant_asset": a["asset_id"], "true": a["lift"]}
            for e in TRUTH["experiments"]
            for a in e["arms"][1:]
        ]
    )
    joined = judged[0].join(planted, on=["experiment_id", "variant_asset"]).drop_nulls("lift")
    inside = joined.select(pl.col("true").is_between("lift_low", "lift_high"))["true"]
    # 18 intervals at 95 %: at least 15 hold, but for a chance under 1 in 500
    assert joined.height == 18
    assert inside.sum() >= 15


def test_faults_are_those_planted(judged) -> None:
    _, gates, faults = judged
    assert sorted(set(faults["experiment_id"])) == TRUTH["experiment_setup_errors"]
    split = gates.filter(experiment_id="EXP_006", gate="allocation_as_declared")
    assert split["passed"].to_list() == [False]
    shut = gates.filter(gate="setup_valid").filter(~pl.col("passed"))
    assert shut["experiment_id"].to_list() == ["EXP_014"]


def test_stories_are_told_by_the_gate_that_decided(judged) -> None:
    decided = judged[0].select("experiment_id", "variant_asset", "deciding_gate", "rule")
    told = {row[:2]: row[2:] for row in decided.rows()}
    for story, gate, start in (
        (("EXP_001", "ASSET_002"), "lift", "Every gate"),
        (("EXP_002", "ASSET_012"), "significance", "The variant is significantly worse"),
        (("EXP_003", "ASSET_004"), "lift", "Futile"),
        (("EXP_004", "ASSET_038"), "significance", "Not significant"),
        (("EXP_006", "ASSET_014"), "allocation_as_declared", "Traffic"),
        (("EXP_009", "ASSET_032"), "significance", "Completed without"),
        (("EXP_011", "ASSET_050"), None, "Not started"),
        (("EXP_014", "ASSET_047"), "setup_valid", "Set up incorrectly"),
    ):
        assert told[story][0] == gate
        assert told[story][1].startswith(start)


def test_a_lower_cost_is_an_improvement(judged) -> None:
    row = judged[0].filter(experiment_id="EXP_012").row(0, named=True)
    assert row["lift"] < 0 < row["improvement"]
    assert row["method"] == "delta method over days"


def test_the_nearly_decided_one_has_few_days_left(judged) -> None:
    row = judged[0].filter(experiment_id="EXP_005").row(0, named=True)
    assert 0 < row["days_left"] <= 14


def test_records_are_json(judged) -> None:
    evaluations, gates, _ = judged
    text = json.dumps(experiment_records(evaluations, gates).to_dicts(), allow_nan=False)
    assert len(json.loads(text)) == evaluations.height == 19
