"""Guardrails: a variant that worsens one is not scaled, whatever it does for its own metric."""

from __future__ import annotations

import pytest

from tests.analysis.experiment_cases import FIXED, day, evaluate, experiments, one

GUARDED = {"guardrail": ["conversion_rate"], "status": "completed"}


def rows(bought: int) -> list[tuple]:
    """B is clicked more often than A; A's clicks bring 150 conversions, B's as many as given."""
    return [
        day("A", clicks=1_000, impressions=20_000, conversions=150),
        day("B", clicks=1_300, impressions=20_000, conversions=bought),
    ]


@pytest.mark.parametrize(
    ("bought", "verdict", "worse", "said"),
    [
        (150, "scale_variant", 0, "conversion rate is not significantly worse"),
        (128, "scale_variant", 0, "conversion rate is not significantly worse"),
        (90, "stop", 1, "conversion rate is significantly worse (−40.0%)"),
        (260, "scale_variant", 0, "conversion rate is not significantly worse"),
    ],
)
def test_a_guardrail_that_gets_worse_keeps_a_variant_from_scale(bought, verdict, worse, said):
    row = one(evaluate(experiments(GUARDED), rows(bought))[0])
    assert (row["recommendation"], row["guardrails"]) == (verdict, 1)
    assert (row["guardrails_worse"], row["guardrail_note"]) == (worse, said)
    assert ("a guardrail is worse" in row["warnings"]) == (worse == 1)
    assert ("Better, but" in row["rule"]) == (worse == 1)


def test_a_running_experiment_goes_on_until_its_guardrail_is_settled() -> None:
    row = one(evaluate(experiments({**GUARDED, "status": "running"}), rows(90), FIXED)[0])
    assert (row["recommendation"], row["deciding_gate"]) == ("continue", "significance")


def test_a_guardrail_of_a_falling_metric_is_worse_above_and_several_are_all_told() -> None:
    both = {**GUARDED, "guardrail": ["cost_per_acquisition", "conversion_rate"]}
    dear = [
        day(a, i, clicks=x, impressions=20_000, conversions=150 + i, cost=c + i)
        for a, x, c in (("A", 1_000, 500.0), ("B", 1_300, 900.0))
        for i in range(6)
    ]
    row = one(evaluate(experiments(both), dear)[0])
    assert (row["guardrails"], row["guardrails_worse"], row["recommendation"]) == (2, 1, "stop")
    first, second = row["guardrail_note"].split("; ")
    assert first.startswith("cost per acquisition is significantly worse (+")
    assert second == "conversion rate is not significantly worse"


def test_an_unknown_guardrail_is_a_fault_and_none_is_none() -> None:
    wrong = {**GUARDED, "guardrail": ["no_such_rate"]}
    evaluations, _, faults = evaluate(experiments(wrong), rows(150))
    assert one(faults)["detail"] == "no guardrail metric is called no_such_rate"
    assert one(evaluations)["recommendation"] == "stop"
    row = one(evaluate(experiments({"status": "completed"}), rows(90))[0])
    assert (row["guardrails"], row["guardrail_note"]) == (0, None)
