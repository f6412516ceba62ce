"""Whole runs over generated companies: what must hold of any run's recommendations."""

from __future__ import annotations

import json

import polars as pl
import pytest

import mktorch
from mktorch.kpis import default_targets
from mktorch.state import (
    Evidence,
    ExpectedImpact,
    ImplementationDetails,
    Recommendation,
    Threshold,
)
from mktorch.synth import synth
from mktorch.vocab import KpiGroup

UNSCORED = {  # an upward KPI with a target of 0 is not scored
    "kpi_critical_threshold": 0.0,
    "operational_kpi_targets": {"policy_violation_count": 999.0, "experiment_setup_errors": 999.0},
    "effectiveness_kpi_targets": {"targeting_precision_improvement": 0.0},
    "business_kpi_targets": dict.fromkeys(default_targets(KpiGroup.BUSINESS_VALUE), 0.0),
}
# Seed, number of campaigns, and the settings: a freeze in force, none, and other limits.
RUNS = {
    "frozen": (7, 7, {}),
    "free": (11, 16, UNSCORED),
    "strict": (23, 12, {"target_roas": 0.6, "window_days": 14}),
}


@pytest.fixture(scope="module", params=list(RUNS))
def run(request, tmp_path_factory) -> mktorch.Run:
    seed, campaigns, settings = RUNS[request.param]
    folder = tmp_path_factory.mktemp("generated")
    synth(folder / "data", seed=seed, campaigns=campaigns)
    return mktorch.run(folder / "data", out=folder / "runs", **settings)


def test_the_steps_ran(run) -> None:
    assert run.manifest.errors == []


def test_only_a_freeze_blocks(run) -> None:
    rising = run.tables["recommendation_candidates"].filter("increases")
    free = run.config.kpi_critical_threshold == 0.0
    assert rising.height > 0
    assert set(rising["standing"]) <= ({"stands", "overridden"} if free else {"blocked"})


def test_one_action_per_target_and_no_contradiction(run) -> None:
    stands = run.tables["recommendations"]
    assert stands.height > 0
    assert stands["target_id"].null_count() == 0
    assert stands["target_id"].is_duplicated().sum() == 0
    up = set(stands["raises"].explode().drop_nulls())
    own = stands.select("recommendation_id", "raises", "lowers").to_dicts()
    for row in own:
        against = up & set(row["lowers"]) - set(row["raises"])
        assert against == set()


def test_each_recommendation_rests_on_evidence_that_the_tables_hold(run) -> None:
    for row in run.tables["recommendations"].to_dicts():
        assert row["evidence"]
        for fact in row["evidence"]:
            found = run.tables[fact["table"]].filter(**json.loads(fact["keys"]))
            assert found.height == 1
            value = found[fact["column"]].item()
            if fact["number"] is None:
                assert str(value).lower() == fact["word"].lower()
            else:
                assert float(value) == fact["number"]


def test_no_move_exceeds_its_cap_or_its_donor(run) -> None:
    rules = run.config.recommendation_rules
    stands = run.tables["recommendations"].filter(action="reallocate")
    for row in stands.filter(pl.col("rule_id").str.starts_with("reallocate_")).to_dicts():
        facts = {e["fact"]: e["number"] for e in row["evidence"]}
        assert facts["amount"] <= facts["rest"] * rules.reallocation_share + 1e-9
        assert facts["amount"] <= rules.maximum_reallocation
        assert facts["amount"] <= facts["capacity"]
        assert facts["amount"] >= rules.minimum_reallocation
        donor, recipient = set(row["lowers"]), set(row["raises"])
        assert donor.isdisjoint(recipient)


def test_the_order_is_total_and_the_record_follows_it(run) -> None:
    ranked = run.tables["recommendations"]
    assert ranked["rank"].to_list() == list(range(1, ranked.height + 1))
    places = {"high": 0, "medium": 1, "low": 2}
    keys = [
        (places[p], s is None, -(s or 0), i)
        for p, s, i in ranked.select("priority", "stake", "recommendation_id").iter_rows()
    ]
    assert keys == sorted(set(keys))
    held = run.state["recommendations"]
    assert [(r["rule_id"], r["target_id"]) for r in held] == list(
        ranked.select("rule_id", "target_id").iter_rows()
    )


def test_the_record_has_the_declared_keys(run) -> None:
    for record in run.state["recommendations"]:
        assert set(record) == set(Recommendation.__annotations__)
        assert set(record["expected_impact"]) == set(ExpectedImpact.__annotations__)
        assert set(record["implementation_details"]) == set(ImplementationDetails.__annotations__)
        assert {key for fact in record["evidence"] for key in fact} == set(Evidence.__annotations__)
        assert {key for limit in record["thresholds"] for key in limit} == set(
            Threshold.__annotations__
        )
