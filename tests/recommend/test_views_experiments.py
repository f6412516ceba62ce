"""Which arm speaks for an experiment, what it touches, and the money on it."""

from __future__ import annotations

import polars as pl
import pytest

from mktorch.analysis.experiments import winner
from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend.views import BUILDERS

CONFIG = MarketingOrchestratorConfig()
PASSED = {"recommendation": "scale_variant"}


def view(tables, **arms) -> pl.DataFrame:
    """The view of the sample with the arms of one experiment changed, by asset."""
    evaluations = tables["experiment_evaluations"]
    for asset, changed in arms.items():
        chosen = pl.col("variant_asset") == asset
        evaluations = evaluations.with_columns(
            pl.when(chosen).then(pl.lit(value)).otherwise(name).alias(name)
            for name, value in changed.items()
        )
    judged = {**tables, "experiment_evaluations": evaluations.with_columns(winner())}
    return BUILDERS["experiment"].build(judged, CONFIG).frame


def row(frame: pl.DataFrame, target: str) -> dict:
    return frame.row(by_predicate=pl.col("target_id") == target, named=True)


def test_of_two_arms_that_pass_the_higher_low_end_speaks(sample_tables) -> None:
    found = row(view(sample_tables, ASSET_029=PASSED), "EXP_008")
    assert found["variant_asset"] == "ASSET_030"
    assert (
        found["others"]
        == " Passed too, with a lower low end: ASSET_029 (Panel, morning, variant C)."
    )
    # The other way round, the point estimate does not help.
    found = row(
        view(sample_tables, ASSET_029=PASSED, ASSET_030={"improvement_low": 0.028}), "EXP_008"
    )
    assert found["variant_asset"] == "ASSET_029"
    assert (
        found["others"]
        == " Passed too, with a lower low end: ASSET_030 (Panel, evening, variant D)."
    )


def test_equal_low_ends_leave_it_to_the_point(sample_tables) -> None:
    same = {**PASSED, "improvement_low": 0.1}
    found = row(view(sample_tables, ASSET_029=same, ASSET_030=same), "EXP_008")
    assert found["variant_asset"] == "ASSET_030"


def test_an_arm_that_passed_speaks_before_one_to_stop_and_one_that_goes_on(sample_tables) -> None:
    assert row(view(sample_tables), "EXP_007")["variant_asset"] == "ASSET_007"
    stopped = {"recommendation": "stop"}
    assert row(view(sample_tables, ASSET_007=stopped), "EXP_007")["variant_asset"] == "ASSET_007"
    waiting = {"recommendation": "continue", "days_left": 3}
    found = row(view(sample_tables, ASSET_007=waiting), "EXP_007")
    assert (found["variant_asset"], found["days_left"], found["others"]) == ("ASSET_007", 3, "")


def test_the_worst_of_two_to_stop_speaks(sample_tables) -> None:
    worse = {"recommendation": "stop", "improvement_high": -0.2}
    bad = {"recommendation": "stop", "improvement_high": -0.1}
    found = row(view(sample_tables, ASSET_006=worse, ASSET_007=bad), "EXP_007")
    assert found["variant_asset"] == "ASSET_006"


def test_stopping_one_arm_of_several_leaves_the_experiment(sample_tables) -> None:
    frame = view(sample_tables)
    assert row(frame, "EXP_002")["stopped"] == ["asset:ASSET_012", "experiment:EXP_002"]
    assert row(frame, "EXP_007")["stopped"] == ["asset:ASSET_007"]


def test_the_lift_applies_to_the_control_s_money_over_the_days_left(sample_tables) -> None:
    found = row(view(sample_tables), "EXP_001")
    # CAMP_001 ends on 2026-05-03, a week after the sample's last day: one window ahead.
    assert (found["base_asset"], found["days_ahead"]) == ("ASSET_001", 7)
    assert found["base_revenue"] == 1549.43
    for end, lift in (
        ("revenue_low", "lift_low"),
        ("revenue", "lift"),
        ("revenue_high", "lift_high"),
    ):
        assert found[end] == pytest.approx(1549.43 * found[lift])
    assert found["lift_percent"] == pytest.approx(100 * found["lift"])


def test_stopping_brings_the_way_back_on_the_variant_s_money(sample_tables) -> None:
    found = row(view(sample_tables), "EXP_002")
    # CAMP_002 ends on 2026-05-17: three windows. The variant converts at 1 + lift of the control.
    assert (found["base_asset"], found["days_ahead"]) == ("ASSET_012", 21)
    assert found["base_revenue"] == 267.2
    assert found["revenue"] == pytest.approx(3 * 267.2 * (1 / (1 + found["lift"]) - 1))
    assert found["revenue_low"] == pytest.approx(3 * 267.2 * (1 / (1 + found["lift_high"]) - 1))
    assert 0 < found["revenue_low"] < found["revenue"] < found["revenue_high"]


def test_a_cheaper_variant_saves_at_the_same_result(sample_tables) -> None:
    found = row(view(sample_tables), "EXP_012")
    # CAMP_005 runs for 35 more days: the horizon of 28 is four windows.
    assert found["days_ahead"] == 28
    assert found["savings"] == pytest.approx(4 * 893.46 * found["improvement"])
    assert found["revenue"] is None
    assert found["savings_low"] < found["savings"] < found["savings_high"]


def test_a_control_that_no_longer_runs_gives_no_money_and_says_so(sample_tables) -> None:
    found = row(view(sample_tables), "EXP_008")
    assert found["revenue"] is None
    assert found["impact_reason"] == "nothing was delivered in the current window"


def test_the_day_of_decision_is_the_last_day_and_the_days_left(sample_tables) -> None:
    found = row(view(sample_tables), "EXP_005")
    assert (str(found["decided_on"]), found["days_left"]) == ("2026-05-03", 7)


def test_what_delivery_split_is_claimed_for_delivery_alone(sample_tables) -> None:
    told = {"warnings": ["delivery split the audience"]}
    assert row(view(sample_tables, ASSET_030=told), "EXP_008")["claim"].endswith(
        "performance in delivery, not proof of cause."
    )
    assert row(view(sample_tables), "EXP_008")["claim"] == ""
