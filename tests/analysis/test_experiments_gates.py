"""Gates: every boundary, the decision table row by row, and the recorded walk."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from mktorch.analysis.experiments.gates import decide
from mktorch.analysis.experiments.terms import Cluster
from mktorch.config.experiment_rules import ExperimentRules
from tests.analysis.experiment_cases import FIXED, counts, day, evaluate, experiments, one

WINNER = {
    "status": "running",
    "direction": "up",
    "setup_faults": 0,
    "setup_note": None,
    "allocation_verdict": "passed",
    "allocation_p": 0.4,
    "allocation_note": None,
    "sample": 5000,
    "trials_name": "clicks",
    "adjusted_p_value": 0.01,
    "probability_to_beat_control": 0.99,
    "significant": True,
    "difference": 0.02,
    "improvement": 0.2,
    "improvement_low": 0.11,
    "improvement_high": 0.3,
    "planned_sample_reached": True,
    "undefined_reason": None,
    "decider": "always valid",
    "cluster": "days",
    "first_day": date(2026, 3, 2),
    "last_day": date(2026, 3, 14),
}
HARM = {
    "difference": -0.02,
    "improvement": -0.2,
    "improvement_low": -0.3,
    "improvement_high": -0.1,
}
WEAK = {"adjusted_p_value": 0.4, "significant": False}
FUTILE = {**WEAK, "improvement": 0.01, "improvement_high": 0.09}
SPLIT = "allocation_as_declared"
DONE = {"status": "completed"}
ZERO = {
    "improvement": None,
    "improvement_low": 2.1,
    "improvement_high": None,
    "undefined_reason": "zero control",
}


def decision(**changes) -> tuple[str, str | None, str]:
    kinds = {
        "setup_note": pl.String,
        "allocation_note": pl.String,
        "undefined_reason": pl.String,
        "allocation_verdict": pl.String,
        "allocation_p": pl.Float64,
        "improvement": pl.Float64,
        "improvement_low": pl.Float64,
        "improvement_high": pl.Float64,
        "significant": pl.Boolean,
        "planned_sample_reached": pl.Boolean,
    }
    terms = replace(FIXED, testing=changes.pop("testing", True))
    terms = replace(terms, rules=changes.pop("rules", terms.rules))
    evidence = pl.DataFrame([{**WINNER, **changes}], schema_overrides=kinds)
    row = one(decide(evidence, terms))
    assert set(row) == {*WINNER, *changes, "recommendation", "deciding_gate", "rule"}
    return row["recommendation"], row["deciding_gate"], row["rule"].split()[0].strip(":.")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # all gates pass
        ({}, ("scale_variant", "lift", "Every")),
        (DONE, ("scale_variant", "lift", "Every")),
        ({"allocation_verdict": "not declared"}, ("scale_variant", "lift", "Every")),
        ({"direction": "down", "difference": -0.02}, ("scale_variant", "lift", "Every")),
        # one gate shut
        ({"setup_faults": 1}, ("continue", "setup_valid", "Set")),
        ({"allocation_verdict": "failed"}, ("continue", SPLIT, "Traffic")),
        ({"allocation_verdict": None}, ("continue", SPLIT, "Traffic")),
        ({"sample": 99}, ("continue", "sample", "Too")),
        ({"sample": 100}, ("scale_variant", "lift", "Every")),
        (WEAK, ("continue", "significance", "Not")),
        ({"improvement": 0.0999}, ("continue", "lift", "Significant,")),
        ({"improvement": 0.10}, ("scale_variant", "lift", "Every")),
        # the first one shut decides
        ({"setup_faults": 2, "sample": 3, **WEAK}, ("continue", "setup_valid", "Set")),
        (
            {"allocation_verdict": "failed", "sample": 3},
            ("continue", SPLIT, "Traffic"),
        ),
        ({"sample": 3, **WEAK}, ("continue", "sample", "Too")),
        # harm
        (HARM, ("stop", "significance", "The")),
        ({**HARM, **DONE}, ("stop", "significance", "The")),
        ({"direction": "down", "improvement": -0.2}, ("stop", "significance", "The")),
        ({**HARM, **WEAK, "planned_sample_reached": False}, ("continue", "significance", "Not")),
        ({**HARM, "setup_faults": 1}, ("continue", "setup_valid", "Set")),
        (
            {**HARM, "allocation_verdict": "failed"},
            ("continue", SPLIT, "Traffic"),
        ),
        ({**HARM, "sample": 99}, ("continue", "sample", "Too")),
        # harm against a control of zero has no lift, yet a direction
        ({**HARM, "improvement": None, "improvement_high": None}, ("stop", "significance", "The")),
        # futility
        (FUTILE, ("stop", "lift", "Futile")),
        ({**FUTILE, "significant": True}, ("stop", "lift", "Futile")),
        ({**FUTILE, "improvement_high": 0.10}, ("continue", "significance", "Not")),
        ({**FUTILE, "improvement_high": None}, ("continue", "significance", "Not")),
        ({**FUTILE, "planned_sample_reached": False}, ("continue", "significance", "Not")),
        ({**FUTILE, "planned_sample_reached": None}, ("continue", "significance", "Not")),
        ({**FUTILE, "setup_faults": 1}, ("continue", "setup_valid", "Set")),
        # completed without a significance that counts
        ({**DONE, **WEAK}, ("stop", "significance", "Completed")),
        ({**DONE, "significant": None}, ("stop", "significance", "Completed")),
        ({**DONE, "setup_faults": 1}, ("stop", "setup_valid", "Completed")),
        ({**DONE, "sample": 99}, ("stop", "sample", "Completed")),
        ({**DONE, **FUTILE}, ("stop", "lift", "Futile")),
        # completed: decided, one way or the other
        ({**DONE, "improvement": 0.05}, ("stop", "lift", "Completed")),
        # over a control of 0 the interval's low end is read
        (ZERO, ("scale_variant", "lift", "Every")),
        ({**ZERO, **DONE}, ("scale_variant", "lift", "Every")),
        ({**ZERO, "improvement_low": 0.09}, ("continue", "lift", "Significant,")),
        ({**ZERO, **DONE, "improvement_low": 0.09}, ("stop", "lift", "Completed")),
        ({**ZERO, **DONE, "improvement_low": None}, ("stop", "lift", "Completed")),
        # undefined
        (
            {"significant": None, "improvement": None, "undefined_reason": "zero variance"},
            ("continue", "significance", "Undecided"),
        ),
        (
            {**ZERO, "improvement_low": None},
            ("continue", "lift", "Undecided"),
        ),
        # the status, or testing being off, decides alone
        ({"status": "planned"}, ("continue", None, "Not")),
        ({"status": "planned", **HARM}, ("continue", None, "Not")),
        ({"status": "stopped"}, ("stop", None, "Already")),
        ({"testing": False}, ("continue", None, "Statistical")),
        ({"testing": False, "status": "stopped"}, ("continue", None, "Statistical")),
    ],
)
def test_the_decision_table(changes, expected) -> None:
    assert decision(**changes) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("continue", "sample", "Better")),
        ({"last_day": date(2026, 3, 15)}, ("scale_variant", "lift", "Every")),
        ({"decider": "fixed"}, ("scale_variant", "lift", "Every")),
        ({"cluster": str(Cluster.DECLARED)}, ("scale_variant", "lift", "Every")),
        ({"rules": ExperimentRules(inference="sequential")}, ("scale_variant", "lift", "Every")),
        ({"rules": ExperimentRules(first_look_days=13)}, ("scale_variant", "lift", "Every")),
        ({**HARM, "chance_of_lift": 0.01}, ("stop", "significance", "The")),
    ],
)
def test_in_its_first_look_the_hybrid_stops_harm_and_scales_nothing(changes, expected) -> None:
    seen = {"rules": ExperimentRules(), "chance_of_lift": 0.9, **changes}
    assert decision(**seen) == expected


def test_the_walk_is_recorded_with_values_and_thresholds() -> None:
    tested = experiments({"allocation": [0.5, 0.5]})
    evaluations, gates, _ = evaluate(tested, counts(480, 8000, 590, 8000))
    row = one(evaluations)
    assert gates.drop("value").rows() == [
        ("E1", "B", 1, "setup_valid", True, 0.0, None),
        ("E1", "B", 2, "allocation_as_declared", True, 0.001, None),
        ("E1", "B", 3, "sample", True, 100.0, "impressions in the smaller arm"),
        ("E1", "B", 4, "significance", True, 0.05, "the variant is better"),
        ("E1", "B", 5, "lift", True, 0.10, None),
    ]
    assert gates["value"].to_list() == [0.0, 1.0, 8000.0, row["p_value"], row["improvement"]]
    assert row["recommendation"] == "scale_variant"


def test_gates_that_cannot_be_evaluated_are_null_with_a_note() -> None:
    gates = evaluate(experiments({}), [day("A", impressions=500, clicks=20)])[1]
    assert gates.select("gate", "passed", "value", "note").rows() == [
        (
            "setup_valid",
            False,
            1.0,
            "arm without data: variant B has no impressions in the experiment",
        ),
        ("allocation_as_declared", None, None, "no allocation declared"),
        ("sample", False, 0.0, "impressions in the smaller arm"),
        ("significance", None, None, "variant arm without data"),
        ("lift", None, None, "variant arm without data"),
    ]


def test_p_at_alpha_is_not_significant() -> None:
    p = one(evaluate(experiments({}), counts(48, 80, 56, 70))[0])["p_value"]
    for alpha, expected in ((p, False), (p * (1 + 1e-12), True)):
        row = one(evaluate(experiments({}), counts(48, 80, 56, 70), replace(FIXED, alpha=alpha))[0])
        assert row["significant"] is expected


def test_a_ratio_metric_needs_the_sample_in_impressions() -> None:
    def rows(impressions: int) -> list[tuple]:
        return [
            day(a, i, impressions=impressions, conversions=10 + i % 3, cost=cost + i)
            for a, cost in (("A", 90.0), ("B", 45.0))
            for i in range(10)
        ]

    tested = experiments({"metric": "cost_per_acquisition"})
    assert one(evaluate(tested, rows(10))[0])["recommendation"] == "scale_variant"
    few = one(evaluate(tested, rows(9))[0])
    assert (few["recommendation"], few["deciding_gate"]) == ("continue", "sample")
