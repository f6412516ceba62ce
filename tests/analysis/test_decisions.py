"""The decision record: counts, patterns, trends by hand; the sample's own."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from pydantic import ValidationError
from statsmodels.stats.proportion import proportion_confint

import mktorch
from mktorch.analysis.decisions import decision_insights, decision_patterns, decision_trend
from mktorch.config.decision_rules import DecisionRules
from mktorch.sources.schemas import frame_schema
from mktorch.vocab import Source

RULES = DecisionRules()
START = datetime(2026, 3, 2, 9)
CAMPAIGNS = pl.DataFrame({"campaign_id": ["C1", "C2"]})


def decisions(*changes: dict) -> pl.DataFrame:
    plain = {
        "campaign_id": "C1",
        "trigger": "Low conversion rate",
        "action_taken": "Shifted budget to Variant B",
        "confidence_score": 0.8,
        "human_override": False,
        "timestamp": START,
    }
    rows = [
        {**plain, "decision_id": f"D{number:02d}", **change}
        for number, change in enumerate(changes, start=1)
    ]
    return pl.DataFrame(rows, schema=frame_schema(Source.ORCHESTRATOR_DECISIONS))


def insights(*changes: dict, rules: DecisionRules = RULES) -> dict:
    return decision_insights(CAMPAIGNS, decisions(*changes), rules).row(0, named=True)


def test_the_seeds_record() -> None:
    """Two decisions, one overridden: 0.82 and 0.96 average 0.89."""
    row = insights(
        {"confidence_score": 0.82},
        {
            "trigger": "High performance",
            "action_taken": "Scaled experiment variant",
            "confidence_score": 0.96,
            "human_override": True,
        },
        {"campaign_id": "C2"},
    )
    assert {
        "campaign_id": "C1",
        "total_decisions": 2,
        "automated_decisions": 1,
        "human_overrides": 1,
        "override_rate": 0.5,
        "average_confidence": 0.89,
        "common_triggers": ["High performance", "Low conversion rate"],
        "decision_patterns": ["budget_reallocation", "experiment_scaling"],
        "unmatched_decisions": 0,
    }.items() <= row.items()


def test_triggers_by_count_then_name_and_no_more_than_asked() -> None:
    triggers = ["c", "b", "b", "a", "d", "d", "e"]
    row = insights(*({"trigger": t} for t in triggers), rules=DecisionRules(common_triggers=3))
    assert row["common_triggers"] == ["b", "d", "a"]


def test_patterns_by_count_then_name() -> None:
    texts = ["Paused campaign", "Escalated", "Investigated tracking, no action", "PAUSED again"]
    row = insights(*({"action_taken": text} for text in [*texts, "Wrote a poem"]))
    assert row["decision_patterns"] == [
        "pause",
        "continuation",
        "human_escalation",
        "tracking_investigation",
    ]
    assert row["unmatched_decisions"] == 1


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        ("SHIFTED the whole BUDGET", ["budget_reallocation"]),
        ("Budget was shifted", ["budget_reallocation"]),  # any order
        ("Redshifted budget", []),  # a word must begin so
        ("Raised bids and paused two ads", ["budget_increase", "pause"]),
        ("Scaled variant D of EXP_008", ["experiment_scaling"]),
        ("Suspended experiment", []),  # not "end experiment"
        ("", []),
    ],
)
def test_a_phrase_fits_where_each_word_begins_a_word(text, patterns) -> None:
    table = decision_patterns(decisions({"action_taken": text}), RULES)
    assert table["pattern"].to_list() == patterns


def test_patterns_are_data() -> None:
    rules = DecisionRules(patterns={"odd (1+1)": ("c++ rewrite",)})
    row = insights({"action_taken": "A C++ rewrite"}, {"action_taken": "Paused"}, rules=rules)
    assert (row["decision_patterns"], row["unmatched_decisions"]) == (["odd (1+1)"], 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"patterns": {"x": (" ",)}},
        {"patterns": {"x": ()}},
        {"confidence_bands": (0.8, 0.6)},
        {"confidence_bands": (0.0,)},
        {"alpha": 1},
    ],
)
def test_rules_that_cannot_be_meant_are_refused(wrong) -> None:
    with pytest.raises(ValidationError):
        DecisionRules(**wrong)


def test_confidence_trend_by_hand() -> None:
    """0.5, 0.6, 0.9 at weeks 0, 1, 2: slope = (0.9 - 0.5) / 2 = 0.2 a week."""
    scores = [0.5, 0.6, 0.9]
    row = insights(
        *(
            {"confidence_score": score, "timestamp": START + timedelta(weeks=week)}
            for week, score in enumerate(scores)
        )
    )
    assert row["confidence_slope_per_week"] == pytest.approx(0.2, rel=1e-12)
    assert row["confidence_slope_reason"] is None


@pytest.mark.parametrize(
    ("count", "step", "reason"),
    [
        (2, timedelta(days=1), "fewer than 3 decisions"),
        (3, timedelta(0), "all decisions have one timestamp"),
    ],
)
def test_no_trend_and_why(count, step, reason) -> None:
    row = insights(*({"timestamp": START + number * step} for number in range(count)))
    assert (row["confidence_slope_per_week"], row["confidence_slope_reason"]) == (None, reason)


def test_a_campaign_without_decisions() -> None:
    assert insights({"campaign_id": "C2"}) == {
        "campaign_id": "C1",
        "total_decisions": 0,
        "automated_decisions": 0,
        "human_overrides": 0,
        "override_rate": None,
        "average_confidence": None,
        "common_triggers": [],
        "decision_patterns": [],
        "unmatched_decisions": 0,
        "confidence_slope_per_week": None,
        "confidence_slope_reason": "fewer than 3 decisions",
        "reason": "no decision is recorded",
    }


def test_weeks_by_hand() -> None:
    """Sunday 8 March is of the week of the 2nd; nobody decided in the week of the 9th."""
    table = decision_trend(
        decisions(
            {"timestamp": datetime(2026, 3, 2), "confidence_score": 0.6},
            {"timestamp": datetime(2026, 3, 8, 23, 59), "human_override": True},
            {"timestamp": datetime(2026, 3, 16), "human_override": True},
        ),
        RULES,
    )
    assert table.select("week", "week_start", "decisions", "human_overrides").rows() == [
        ("2026-W10", date(2026, 3, 2), 2, 1),
        ("2026-W11", date(2026, 3, 9), 0, 0),
        ("2026-W12", date(2026, 3, 16), 1, 1),
    ]
    assert table["override_rate"].to_list() == [0.5, None, 1.0]
    assert table["mean_confidence"].to_list() == [0.7, None, 0.8]
    assert table["reason"].to_list() == [None, "no decision in this week", None]
    low, high = proportion_confint(1, 2, method="wilson")
    assert table.select("override_low", "override_high").row(0) == pytest.approx((low, high))
    assert table.select("override_low", "override_high").row(1) == (None, None)


def test_no_decision_no_week() -> None:
    table = decision_trend(decisions(), RULES)
    assert table.is_empty()
    assert table.schema == decision_trend(decisions({}), RULES).schema
    assert decision_insights(CAMPAIGNS, decisions(), RULES)["total_decisions"].sum() == 0


RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "campaign_id": st.sampled_from(["C1", "C2"]),
            "trigger": st.sampled_from(["a", "b", "c"]),
            "action_taken": st.sampled_from(["Paused", "Shifted budget", "Nothing known"]),
            "confidence_score": st.integers(0, 100).map(lambda n: n / 100),
            "human_override": st.booleans(),
            "timestamp": st.datetimes(datetime(2026, 1, 1), datetime(2026, 6, 1)),
        }
    ),
    max_size=15,
)


@settings(max_examples=40, deadline=None)
@given(RECORDS, st.integers(0, 99))
def test_counts_add_up_and_row_order_is_nothing(records, seed) -> None:
    frame = decisions(*records)
    table, trend = decision_insights(CAMPAIGNS, frame, RULES), decision_trend(frame, RULES)
    assert table["total_decisions"].sum() == len(records) == trend["decisions"].sum()
    assert (table["automated_decisions"] + table["human_overrides"]).equals(
        table["total_decisions"]
    )
    shuffled = frame.sample(fraction=1, shuffle=True, seed=seed)
    assert_frame_equal(decision_insights(CAMPAIGNS, shuffled, RULES), table)
    assert_frame_equal(decision_trend(shuffled, RULES), trend)
    for row in table.to_dicts():
        own = frame.filter(campaign_id=row["campaign_id"])
        if row["confidence_slope_per_week"] is not None:
            weeks = (own["timestamp"].dt.epoch("s") / 604800).to_numpy()
            slope = np.polyfit(weeks - weeks.mean(), own["confidence_score"].to_numpy(), 1)[0]
            assert row["confidence_slope_per_week"] == pytest.approx(slope, rel=1e-6, abs=1e-9)


def test_the_samples_record(sample_run: mktorch.Run) -> None:
    tables = sample_run.tables
    table = decision_insights(tables.campaigns, tables.orchestrator_decisions, RULES)
    assert table["campaign_id"].to_list() == tables.campaigns["campaign_id"].sort().to_list()
    assert table["total_decisions"].sum() == tables.orchestrator_decisions.height
    assert table["unmatched_decisions"].sum() == 0
    one_by_one = [
        decision_insights(
            tables.campaigns.filter(campaign_id=campaign),
            tables.orchestrator_decisions.filter(campaign_id=campaign),
            RULES,
        )
        for campaign in table["campaign_id"]
    ]
    assert_frame_equal(pl.concat(one_by_one), table)
