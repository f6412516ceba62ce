"""The tables: rows and order, empty input, and the records of the contract."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mktorch.analysis.experiments import experiment_records
from tests.analysis.experiment_cases import (
    CPA,
    TABLES,
    counts,
    day,
    evaluate,
    experiments,
    several,
)


def test_several_variants_are_judged_apart_in_order() -> None:
    tested = experiments(
        {"type": "A/B/n", "variant_assets": ["C", "B", None, "D", "C"]},
        {"type": "multivariate", "variant_assets": None},
        {"type": "A/B", "variant_assets": ["C"]},
    )
    done = evaluate(tested, counts(48, 80, 56, 70))[0]
    assert done.select("experiment_id", "arm", "variant_asset").rows() == [
        ("E1", 1, "B"),
        ("E1", 2, "C"),
        ("E1", 3, "D"),
        ("E2", 1, "B"),
        ("E3", 1, "B"),
    ]
    assert done["undefined_reason"].to_list()[:3] == [None, *["variant arm without data"] * 2]


def mixture() -> tuple[pl.DataFrame, list[tuple]]:
    tested, rows = several(*TABLES)
    tested = pl.concat([tested, experiments({**CPA, "experiment_id": "E9"})])
    rows += [
        day(a, i, of="E9", impressions=50, conversions=3 + i, cost=9.1 + (7 * i + len(a) * 3) % 5)
        for a in "AB"
        for i in range(-7, 9)
    ]
    return tested, rows + [
        day(a, i, of=None, impressions=80, clicks=30 + i) for a in "AB" for i in range(-20, 0)
    ]


@given(st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_order_of_rows_changes_nothing(random) -> None:
    tested, rows = mixture()
    before = evaluate(tested, rows)
    random.shuffle(rows)
    order = list(range(tested.height))
    random.shuffle(order)
    for first, second in zip(before, evaluate(tested[order], rows), strict=True):
        assert_frame_equal(first, second, check_exact=True)


def test_many_experiments_are_judged_as_each_alone(monkeypatch) -> None:
    tested, rows = mixture()
    whole = evaluate(tested, rows)[0].drop("q_value")
    monkeypatch.setattr("mktorch.analysis.experiments.effects.ROWS_AT_ONCE", 1)
    assert_frame_equal(whole, evaluate(tested, rows)[0].drop("q_value"), rel_tol=1e-12)


def test_no_experiments_and_no_rows_give_typed_empty_tables() -> None:
    full = evaluate(experiments({}), counts(48, 80, 56, 70))
    for empty, filled in zip(evaluate(experiments(), []), full, strict=True):
        assert empty.height == 0
        assert empty.schema == filled.schema
    evaluations, gates, _ = evaluate(experiments(), [])
    assert experiment_records(evaluations, gates).height == 0


def test_records_have_the_contracts_shape() -> None:
    tested, rows = mixture()
    evaluations, gates, _ = evaluate(tested, rows)
    records = experiment_records(evaluations, gates).to_dicts()
    first = records[0]
    assert list(first)[:8] == [
        "experiment_id",
        "campaign_id",
        "status",
        "type",
        "metric",
        "control_performance",
        "variant_performance",
        "lift_percentage",
    ]
    assert first["control_performance"]["clicks"] == 48
    assert first["variant_performance"]["value"] == 0.8
    assert first["statistical_significance"]["p_value"] == pytest.approx(0.008045, abs=5e-7)
    assert [gate["gate"] for gate in first["gates"]] == [
        "setup_valid",
        "allocation_as_declared",
        "sample",
        "significance",
        "lift",
    ]
    assert len(json.dumps(records, allow_nan=False)) > 1000
    assert [r["experiment_id"] for r in records] == evaluations["experiment_id"].to_list()
