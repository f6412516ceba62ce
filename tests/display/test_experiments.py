"""Experiments on a page: every variant's line says what the evaluation says, and no more."""

from __future__ import annotations

import re
from types import SimpleNamespace

import polars as pl
import pytest

from mktorch.config import MarketingOrchestratorConfig
from mktorch.config.experiment_rules import ExperimentRules
from mktorch.display.block import DisplayError
from mktorch.display.page import Unavailable
from mktorch.display.sections.experiment_facts import SHOWN, variants
from mktorch.display.sections.experiment_forest import forest
from mktorch.display.sections.experiments import experiment_setup, experiments

ROW = {
    "experiment_id": "E1",
    "campaign_id": "C1",
    "arm": 1,
    "variant_asset": "A2",
    "status": "running",
    "metric": "click_through_rate",
    "direction": "up",
    "difference": 0.01,
    "improvement": 0.2,
    "improvement_low": 0.05,
    "improvement_high": 0.4,
    "always_valid_lift_low": -0.1,
    "always_valid_lift_high": 0.6,
    "adjusted_p_value": 0.0167,
    "probability_to_beat_control": 0.99,
    "significant": True,
    "sample": 5000,
    "setup_faults": 0,
    "allocation_verdict": "passed",
    "undefined_reason": None,
    "warnings": [],
    "recommendation": "scale_variant",
    "deciding_gate": "lift",
    "rule": "Every gate is passed.",
    "sample_unit": "impressions",
    "sample_still_needed": 1200,
    "planned_sample_reached": False,
    "days_left": 46,
    "planning_reason": None,
}
NOTHING = {
    name: None
    for name in ROW
    if name.startswith(("improvement", "always", "difference", "days", "sample_still"))
} | {"significant": None, "adjusted_p_value": None, "planned_sample_reached": None}
SCHEMA = {
    name: {
        str: pl.String,
        int: pl.Int64,
        float: pl.Float64,
        bool: pl.Boolean,
        list: pl.List(pl.String),
        type(None): pl.String,
    }[type(value)]
    for name, value in ROW.items()
}
HOSTILE = "<b>\u202e`{{< x >}}`#\x00 " + "x" * 80


def make(*rows, faults=(), name="Spring", rules=None, **config):
    frame = pl.DataFrame([ROW | row for row in rows], schema=SCHEMA)
    tables = {
        "experiment_evaluations": frame,
        "experiments": frame.unique("experiment_id", maintain_order=True).select(
            "experiment_id", "campaign_id", "status"
        ),
        "experiment_setup_faults": pl.DataFrame(
            faults,
            schema=dict.fromkeys(("experiment_id", "fault", "detail"), pl.String),
            orient="row",
        ),
        "campaigns": pl.DataFrame({"campaign_id": ["C1", "C2"], "name": [name, "Autumn"]}),
    }
    settings = MarketingOrchestratorConfig(
        experiment_rules=ExperimentRules(**rules or {}), **config
    )
    manifest = SimpleNamespace(steps=[])
    return SimpleNamespace(run_id="r", tables=tables, config=settings, manifest=manifest)


def shown(row, *columns, **settings):
    frame = experiments(make(row, **settings)).frame
    return frame.select(columns).row(0)


def drawn(chart):
    """The rows behind the drawing."""
    datasets = chart.drawing.to_dict()["datasets"].values()
    return next(rows for rows in datasets if "verdict" in rows[0])


# Evidence


@pytest.mark.parametrize(
    ("row", "badge", "more"),
    [
        ({}, "significant", None),
        ({"significant": False}, "not significant", None),
        ({"difference": -0.01, "improvement": -0.2}, "harmful", None),
        # Lower is better: a fall is no harm, a rise is.
        ({"direction": "down", "difference": -0.01}, "significant", None),
        ({"direction": "down", "difference": 0.01}, "harmful", None),
        # A zero control has a difference but no lift: still significant.
        ({"improvement": None, "undefined_reason": "zero control"}, "significant", None),
        ({"warnings": ["looked early"]}, "looked early", "significant"),
        (
            {"setup_faults": 1, "allocation_verdict": "failed", "sample": 99},
            "setup error",
            "allocation failed, small sample, significant",
        ),
        ({"sample": 100}, "significant", None),
        ({"sample": 99}, "small sample", "significant"),
        (
            {"warnings": ["small counts: corrected for continuity"], "significant": False},
            "not significant",
            "small counts",
        ),
        (
            NOTHING | {"undefined_reason": "both arms without data", "sample": 0},
            "small sample",
            "no result",
        ),
        (NOTHING | {"status": "planned", "undefined_reason": "not started"}, "not started", None),
        (NOTHING, "not tested", None),
    ],
)
def test_the_gravest_badge_stands_first_and_the_others_below(row, badge, more) -> None:
    assert shown(row, "badge", "more") == (badge, more)


def test_every_badge_has_its_status() -> None:
    from mktorch.analysis.experiments.terms import Caution
    from mktorch.display.sections.experiments import EVIDENCE

    assert set(map(str, Caution)) <= set(map(str, EVIDENCE))


# Lift, p-value, gate


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({}, "+5.0% to +40.0%"),
        ({"improvement_high": None}, "from +5.0%, no upper end"),
        ({"improvement_low": None}, "up to +40.0%, no lower end"),
        (NOTHING | {"undefined_reason": "control arm without data"}, "control arm without data"),
        (NOTHING, None),
    ],
)
def test_the_interval_is_text_or_the_reason_there_is_none(row, text) -> None:
    assert shown(row, "interval") == (text,)


@pytest.mark.parametrize(
    ("p", "text"), [(1e-13, "< 0.001"), (0.001, "0.0010"), (0.0498, "0.0498"), (0.142, "0.142")]
)
def test_a_p_value_is_never_rounded_to_zero(p, text) -> None:
    assert shown({"adjusted_p_value": p}, "answer") == (text,)


def test_the_inference_decides_what_is_shown() -> None:
    sequential = experiments(make({}, rules={"inference": "sequential"}))
    bayesian = experiments(make({}, rules={"inference": "bayesian"}))
    assert sequential.columns[2].label == "Always-valid p"
    assert "always-valid interval" in sequential.notes[0]
    assert bayesian.frame["answer"].to_list() == ["0.990"]
    assert "95% credible interval" in bayesian.notes[0]
    assert "at least 0.95, or of at most 0.05 for harm" in bayesian.notes[1]
    corrected = experiments(make({}, rules={"correction": "benjamini_hochberg"}))
    assert "after Benjamini-Hochberg correction over each experiment" in corrected.notes[1]


@pytest.mark.parametrize(
    ("row", "gate", "why"),
    [
        ({}, "Lift", "Every gate is passed"),
        (
            {"deciding_gate": "allocation_as_declared", "rule": "Not split as declared: find out."},
            "Allocation",
            "Not split as declared",
        ),
        (
            {"deciding_gate": None, "rule": "Not started: nothing to judge yet."},
            "Its status",
            "Not started",
        ),
    ],
)
def test_the_gate_that_decided_and_why(row, gate, why) -> None:
    assert shown(row, "gate", "why") == (gate, why)


def test_futility_is_explained_where_it_decides() -> None:
    futile = {"rule": "Futile: the planned sample is reached, and more."}
    assert any("Futile" in note for note in experiments(make(futile)).notes)
    assert not any("Futile" in note for note in experiments(make({})).notes)


def test_without_testing_the_page_says_so() -> None:
    run = make(NOTHING | {"deciding_gate": None}, enable_statistical_testing=False)
    assert experiments(run).frame["gate"].to_list() == ["Testing off"]


# Time to decision


@pytest.mark.parametrize(
    ("row", "time", "detail"),
    [
        ({"recommendation": "continue"}, "46 days", "at the observed rate"),
        ({"recommendation": "continue", "days_left": 1}, "1 day", "at the observed rate"),
        (
            {"recommendation": "continue", "planned_sample_reached": True, "days_left": 0},
            "Planned sample reached",
            None,
        ),
        ({}, "Decided now", "planned sample in 46 days"),
        ({"planned_sample_reached": True, "days_left": 0}, "Decided now", "planned sample reached"),
        ({"status": "completed", "days_left": None}, "Ended", "1,200 impressions short"),
        (
            {"status": "completed", "days_left": None, "planned_sample_reached": True},
            "Ended",
            "planned sample reached",
        ),
        (NOTHING | {"status": "planned", "recommendation": "continue"}, "Not started", None),
        (
            NOTHING | {"recommendation": "continue", "planning_reason": "both arms without data"},
            "Not projectable",
            "both arms without data",
        ),
        (
            {"recommendation": "continue", "days_left": None},
            "Not projectable",
            "no new data",
        ),
    ],
)
def test_time_to_decision_is_days_or_why_not(row, time, detail) -> None:
    assert shown(row, "time", "time_detail") == (time, detail)


# Which variants, in what order


def test_variants_come_by_verdict_and_then_by_size_of_lift() -> None:
    run = make(
        {"experiment_id": "E1", "improvement": 0.1},
        {"experiment_id": "E2", "recommendation": "continue", "improvement": None},
        {"experiment_id": "E3", "recommendation": "stop", "improvement": -0.3},
        {"experiment_id": "E4", "improvement": 0.4},
        {"experiment_id": "E5", "recommendation": "stop", "improvement": 0.2},
        {"experiment_id": "E6", "recommendation": "continue", "improvement": 0.01},
    )
    table = experiments(run)
    assert table.frame["experiment_id"].to_list() == ["E4", "E1", "E3", "E5", "E6", "E2"]
    assert table.title == "2 of 6 variants qualify to scale, 2 should stop and 2 continue."


def test_a_long_list_gives_every_verdict_its_share_and_says_what_is_left_out() -> None:
    scaling = [{"experiment_id": f"S{i:02}", "improvement": i / 100} for i in range(40)]
    stopping = [
        {"experiment_id": f"T{i}", "improvement": -i / 100, "recommendation": "stop"}
        for i in range(1, 4)
    ]
    run = make(*scaling, *stopping)
    found, page = variants(run, "")
    assert (found.height, page.height) == (43, SHOWN)
    # 17 of 40 that scale, the largest first, beside all 3 that stop.
    assert page["experiment_id"].to_list() == [
        *(f"S{i:02}" for i in range(39, 22, -1)),
        "T3",
        "T2",
        "T1",
    ]
    assert experiments(run).frame.height == 43
    assert experiments(run).shown.frame["label"].to_list() == page["label"].to_list()
    assert "23 more rows in exports/experiments.csv." in experiments(run).html()
    assert "23 more variants in exports/experiments.csv." in " ".join(forest(run).notes)


def test_one_campaign_only() -> None:
    run = make({}, {"experiment_id": "E2", "campaign_id": "C2"})
    assert experiments(run, "C2").frame["label"].to_list() == ["E2 A2"]
    assert experiments(run, "C2").frame["about"].to_list() == ["E2 A2, click through rate, Autumn"]
    assert forest(run, "C1").alt.count("scale.") == 1
    with pytest.raises(DisplayError, match="C9"):
        experiments(run, "C9")


def test_nothing_to_show_is_a_sentence() -> None:
    run = make()
    assert "No experiments on record." in experiments(run).html()
    assert "No experiments on record." in experiments(run).typst()
    assert isinstance(forest(run), Unavailable)
    assert isinstance(forest(make(NOTHING)), Unavailable)
    assert experiment_setup(run).title == "No experiment has a setup error."
    del run.tables["experiment_evaluations"]
    assert isinstance(experiments(run), Unavailable)


# Forest plot


def test_the_forest_draws_the_evaluation_and_clips_what_lies_beyond() -> None:
    chart = forest(
        make({"improvement_high": 1.7}, {"experiment_id": "E2", "improvement_high": 1.0})
    )
    first, second = drawn(chart)
    # The axis runs from the lowest end, -0.1, to the reach of 1; the margin is 3 % of 1.1.
    assert first["axis_low"] == pytest.approx(-0.133)
    assert first["axis_high"] == pytest.approx(1.033)
    assert (first["low"], first["improvement"]) == (0.05, 0.2)
    assert first["high"] == pytest.approx(1.033)
    assert (first["beyond_high"], second["beyond_high"]) == (True, False)
    assert (first["beyond_low"], second["beyond_low"]) == (False, False)
    assert "Arrow: the interval extends beyond the axis (1 of 2)." in chart.notes


def test_an_interval_with_one_end_is_open_on_the_other() -> None:
    (row,) = drawn(forest(make({"improvement_low": None})))
    assert row["low"] == row["axis_low"]
    assert (row["beyond_low"], row["beyond_high"]) == (True, False)
    (bare,) = drawn(forest(make({"improvement_low": None, "improvement_high": None})))
    assert (bare["low"], bare["high"], bare["beyond_low"]) == (None, None, False)


def test_a_point_beyond_the_axis_becomes_its_arrow() -> None:
    far = {"improvement": 9.0, "improvement_low": 5.0, "improvement_high": 14.0}
    (row,) = drawn(forest(make(far)))
    assert (row["inside"], row["beyond_high"], row["text"]) == (False, True, "+900.0%")
    assert row["low"] == row["high"] == row["axis_high"]


def test_the_axis_holds_the_threshold_however_high() -> None:
    (row,) = drawn(forest(make({}, lift_threshold_for_scaling=3.0)))
    assert row["axis_high"] > 3.0
    assert "minimum to scale: 300%" in forest(make({}, lift_threshold_for_scaling=3.0)).svg()


def test_where_lower_is_better_the_always_valid_interval_is_turned() -> None:
    (row,) = drawn(forest(make({"direction": "down"})))
    assert (row["valid_low"], row["valid_high"]) == (-0.6, 0.1)


def test_a_sequential_run_draws_its_interval_once() -> None:
    chart = forest(make({}, rules={"inference": "sequential"}))
    assert drawn(chart)[0]["valid_low"] is None
    assert "Thin line" not in " ".join(chart.notes)


def test_a_missing_interval_keeps_its_place_among_the_lines() -> None:
    bare = {"improvement_low": None, "improvement_high": None, "improvement": 0.9}
    nothing = dict.fromkeys(("always_valid_lift_low", "always_valid_lift_high"))
    svg = forest(
        make(bare | nothing, {"experiment_id": "E2"}, {"experiment_id": "E3", "improvement": 0.1})
    ).svg()
    heights = [
        float(re.search(rf'translate\([-\d.]+,([\d.]+)\)"[^>]*>{label} A2<', svg)[1])
        for label in ("E1", "E2", "E3")
    ]
    assert heights == sorted(heights)
    assert len(set(heights)) == 3


def test_the_finding_counts_intervals() -> None:
    run = make(
        {"improvement_low": 0.1},
        {"improvement_low": 0.099, "experiment_id": "E2"},
        {"improvement_low": 0.0, "experiment_id": "E3"},
        {"improvement_low": -0.3, "improvement_high": -0.1, "experiment_id": "E4"},
    )
    assert forest(run).title == (
        "2 of 4 intervals lie above zero, 1 of them entirely above the minimum lift to scale; 1 "
        "below."
    )


def test_an_open_interval_counts_and_no_count_is_a_bare_zero() -> None:
    assert forest(make({"improvement_high": None})).title == (
        "1 of 1 interval lies above zero, none of them entirely above the minimum lift to "
        "scale; none below."
    )
    unsure = {"improvement_low": -0.1}
    assert forest(make(unsure)).title == "None of 1 interval lies above zero; none below."


def test_hostile_and_long_names_are_text() -> None:
    run = make({"variant_asset": HOSTILE, "experiment_id": HOSTILE}, name=HOSTILE)
    chart, table = forest(run), experiments(run)
    for text in (chart.html(), chart.typst(), table.html(), table.typst()):
        assert not set("\x00\u202e") & set(text)
        assert "<b>" not in text
    assert "\x00" not in chart.svg()


# Setup


def test_faults_are_listed_by_experiment() -> None:
    run = make(
        {},
        {"experiment_id": "E2"},
        {"experiment_id": "E3", "campaign_id": "C2"},
        faults=[
            ("E3", "unknown metric", "m"),
            ("E2", "same asset twice", "b"),
            ("E2", "arm without data", "a"),
        ],
    )
    table = experiment_setup(run)
    assert table.title == "2 of 3 experiments cannot be relied on because of setup errors."
    assert table.frame["fault"].to_list() == [
        "arm without data",
        "same asset twice",
        "unknown metric",
    ]
    assert experiment_setup(run, "C2").title == (
        "1 of 1 experiment cannot be relied on because of setup errors."
    )


def test_many_faults_are_cut_with_a_note() -> None:
    run = make({}, faults=[("E1", "unknown asset", f"A{i:02}") for i in range(20)])
    table = experiment_setup(run)
    assert (table.frame.height, table.shown.frame.height) == (20, 12)
    assert "8 more rows in exports/experiment-setup.csv." in table.html()


# The sample


def test_the_planted_stories_stand_in_the_table(sample_run) -> None:
    frame = experiments(sample_run).frame
    assert frame.height == sample_run.tables["experiment_evaluations"].height
    rows = {row["label"]: row for row in frame.iter_rows(named=True)}
    assert rows["EXP_001 ASSET_002"]["recommendation"] == "scale_variant"
    assert rows["EXP_002 ASSET_012"]["badge"] == "harmful"
    assert rows["EXP_002 ASSET_012"]["recommendation"] == "stop"
    assert rows["EXP_003 ASSET_004"]["why"] == "Futile"
    assert rows["EXP_006 ASSET_014"]["badge"] == "allocation failed"
    assert rows["EXP_014 ASSET_047"]["badge"] == "setup error"
    assert rows["EXP_011 ASSET_050"]["badge"] == "not started"


def test_rendering_twice_gives_the_same(sample_run) -> None:
    for make_block in (experiments, forest, experiment_setup):
        assert make_block(sample_run).html() == make_block(sample_run).html()
        assert make_block(sample_run).typst() == make_block(sample_run).typst()
