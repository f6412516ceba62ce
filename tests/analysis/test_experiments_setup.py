"""Setup faults and the allocation check."""

from __future__ import annotations

from datetime import date

import pytest
from scipy import stats as scipy_stats

from mktorch.analysis.experiments import Terms
from mktorch.config.experiment_rules import ExperimentRules
from tests.analysis.experiment_cases import counts, day, evaluate, experiments, one

DATA = counts(48, 80, 56, 70)


def test_a_sound_experiment_has_no_fault() -> None:
    for sound in (
        {},
        {"end_date": date(2026, 3, 2)},
        {"status": "planned", "variant_asset": "C"},
        {"status": "stopped", "variant_asset": "C"},
        {"allocation": []},
        {"type": "A/B/n", "variant_assets": ["B"]},
    ):
        assert evaluate(experiments(sound), DATA)[2].height == 0


@pytest.mark.parametrize(
    ("change", "fault", "detail"),
    [
        ({"variant_asset": "Z"}, "unknown asset", "variant Z is not among the assets"),
        ({"control_asset": "Z"}, "unknown asset", "control Z is not among the assets"),
        (
            {"type": "A/B/n", "variant_assets": ["Z"], "status": "planned"},
            "unknown asset",
            "variant Z is not among the assets",
        ),
        ({"variant_asset": "A"}, "same asset twice", "variant A is the control too"),
        (
            {"variant_asset": "X", "status": "planned"},
            "asset of another campaign",
            "variant X belongs to C2",
        ),
        (
            {"end_date": date(2026, 3, 1)},
            "end before start",
            "ends 2026-03-01, starts 2026-03-02",
        ),
        ({"metric": "happiness"}, "unknown metric", "no metric is called happiness"),
        (
            {"variant_asset": "C"},
            "arm without data",
            "variant C has no impressions in the experiment",
        ),
        (
            {"variant_asset": "C", "status": "completed"},
            "arm without data",
            "variant C has no impressions in the experiment",
        ),
        (
            {"allocation": [0.9, 0.1]},
            "allocation check failed",
            "impressions are split 53.3 / 46.7 %, declared 90.0 / 10.0 %",
        ),
        (
            {"allocation": [0.5, 0.3, 0.2]},
            "allocation check failed",
            "3 shares declared for 2 arms; each arm needs a positive one",
        ),
        (
            {"allocation": [1.0]},
            "allocation check failed",
            "1 shares declared for 2 arms; each arm needs a positive one",
        ),
        (
            {"allocation": [1.0, 0.0]},
            "allocation check failed",
            "2 shares declared for 2 arms; each arm needs a positive one",
        ),
    ],
)
def test_each_fault_is_found_and_told(change, fault, detail) -> None:
    evaluations, gates, faults = evaluate(experiments(change), DATA)
    assert faults.rows() == [("E1", fault, detail)]
    shut = "allocation_as_declared" if fault == "allocation check failed" else "setup_valid"
    assert gates.filter(gate=shut)["passed"].to_list()[0] is False
    assert "scale_variant" not in evaluations["recommendation"].to_list()


def test_an_arm_seen_by_nobody_is_without_data() -> None:
    rows = [day("A", impressions=80, clicks=40), day("B")]
    assert evaluate(experiments({}), rows)[2]["fault"].to_list() == ["arm without data"]


def test_faults_add_up_and_are_sorted() -> None:
    tested = experiments(
        {"variant_asset": "Z", "metric": "happiness", "end_date": date(2026, 3, 1)}, {}
    )
    evaluations, gates, faults = evaluate(tested, DATA)
    assert faults.select("experiment_id", "fault").rows() == [
        ("E1", "end before start"),
        ("E1", "unknown asset"),
        ("E1", "unknown metric"),
        ("E2", "arm without data"),
        ("E2", "arm without data"),
    ]
    assert evaluations["setup_faults"].to_list() == [3, 2]
    note = gates.filter(experiment_id="E1", gate="setup_valid")["note"].item()
    assert note.split("; ")[1] == "unknown asset: variant Z is not among the assets"


def test_the_allocation_check_against_scipy() -> None:
    tested = experiments(
        {"type": "A/B/n", "variant_assets": ["C"], "allocation": [2.0, 1.0, 1.0]},
        {"allocation": [0.5, 0.5]},
        {},
        {"allocation": [0.5, 0.5], "status": "planned"},
    )
    seen = {"A": 5100, "B": 2450, "C": 2400}
    rows = [day(a, impressions=n, clicks=n // 20) for a, n in seen.items()]
    rows += [day(a, of="E2", impressions=n, clicks=n // 20) for a, n in (("A", 5000), ("B", 5400))]
    done = evaluate(tested, rows)[0]
    expected = scipy_stats.chisquare(list(seen.values()), [9950 / 2, 9950 / 4, 9950 / 4]).pvalue
    assert done["allocation_p"].to_list()[0] == pytest.approx(expected, rel=1e-10)
    assert done["allocation_verdict"].to_list() == [
        *["passed"] * 2,
        "failed",
        "not declared",
        None,
    ]
    assert done["allocation_note"].to_list()[3:] == ["no allocation declared", "no impressions yet"]


def test_the_allocation_level_is_configurable_and_its_edge_passes() -> None:
    tested = experiments({"allocation": [0.5, 0.5]})
    rows = [day("A", impressions=5000, clicks=9), day("B", impressions=5400, clicks=9)]
    p = one(evaluate(tested, rows)[0])["allocation_p"]
    for level, verdict in ((p, "passed"), (p * (1 + 1e-12), "failed")):
        terms = Terms(rules=ExperimentRules(allocation_alpha=level))
        assert one(evaluate(tested, rows, terms)[0])["allocation_verdict"] == verdict
