"""The inbox: what is one risk, what is at stake, what breaks the rules; by hand and planted."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import mktorch
from mktorch.analysis.budget import budget_moves
from mktorch.analysis.detection import risk_detected
from mktorch.analysis.risk import policy_violations, risk_inbox, risk_summary
from mktorch.clock import Clock
from mktorch.config.budget_rules import BudgetRules
from mktorch.config.risk_rules import RiskRules
from mktorch.sources.schemas import frame_schema
from mktorch.vocab import Source
from tests.analysis.test_detection import sample_days
from tests.conftest import SAMPLE

RULES = RiskRules()
AS_OF = datetime(2026, 4, 30, 12)
DETECTED = {
    "detection_id": pl.String,
    "detection": pl.String,
    "subject": pl.String,
    "campaign_id": pl.String,
    "asset_ids": pl.List(pl.String),
    "severity": pl.String,
    "recommended_action": pl.String,
    "first_day": pl.Date,
    "last_day": pl.Date,
    "spend": pl.Float64,
    "detail": pl.String,
}
# Current cost: A1 10.10, A2 20.20, A3 40 in C1; B1 5 in C2. A1 cost 999 before.
COSTS = pl.DataFrame(
    {
        "asset_id": ["A1", "A1", "A2", "A3", "B1"],
        "campaign_id": ["C1", "C1", "C1", "C1", "C2"],
        "window": ["current", "prior", "current", "current", "current"],
        "cost": [10.1, 999.0, 20.2, 40.0, 5.0],
    }
)


def rows(source: Source, plain: dict, *changes: dict) -> pl.DataFrame:
    return pl.DataFrame([plain | change for change in changes], schema=frame_schema(source))


def signals(*changes: dict) -> pl.DataFrame:
    plain = {
        "timestamp": datetime(2026, 4, 20, 12),
        "campaign_id": "C1",
        "asset_ids": ["A1"],
        "risk_type": "spend_spike",
        "severity": "medium",
        "evidence": "{}",
        "recommended_action": "pause",
        "status": "open",
    }
    named = [{"risk_id": f"R{number}", **change} for number, change in enumerate(changes, start=1)]
    return rows(Source.CAMPAIGN_RISK_SIGNALS, plain, *named)


def findings(*changes: dict) -> pl.DataFrame:
    plain = {
        "detection": "spend_spike",
        "subject": "A1",
        "campaign_id": "C1",
        "asset_ids": ["A1"],
        "severity": "high",
        "recommended_action": "reduce_budget",
        "first_day": date(2026, 4, 20),
        "last_day": date(2026, 4, 20),
        "detail": "found",
    }
    named = [
        {"detection_id": f"D{number}", **change} for number, change in enumerate(changes, start=1)
    ]
    return pl.DataFrame([plain | change for change in named], schema=DETECTED)


def acted(source: Source, *stamps: datetime, campaign: str = "C1") -> pl.DataFrame:
    return rows(source, {"campaign_id": campaign}, *({"timestamp": stamp} for stamp in stamps))


def inbox(supplied, found=None, decisions=(), moves=(), costs: pl.DataFrame = COSTS):
    return risk_inbox(
        supplied,
        findings() if found is None else found,
        costs,
        acted(Source.ORCHESTRATOR_DECISIONS, *decisions),
        acted(Source.BUDGET_ACTIONS, *moves),
        Clock(AS_OF),
        RULES,
    )


@pytest.mark.parametrize(
    ("change", "one"),
    [
        ({}, True),
        ({"asset_ids": ["A2", "A1"]}, True),  # an asset in common
        ({"asset_ids": ["A2"]}, False),
        ({"asset_ids": None}, True),  # names none: any of its campaign
        ({"asset_ids": []}, True),
        ({"campaign_id": "C2"}, False),
        ({"risk_type": "low_conversion"}, False),
        ({"status": "dismissed"}, True),  # a person has seen it: still the same risk
        ({"timestamp": datetime(2026, 4, 27, 23, 59)}, True),  # seven days after
        ({"timestamp": datetime(2026, 4, 28)}, False),
        ({"timestamp": datetime(2026, 4, 13)}, True),
        ({"timestamp": datetime(2026, 4, 12, 23, 59)}, False),
    ],
)
def test_what_is_one_risk(change, one) -> None:
    table = inbox(signals(change), findings({}))
    origins = sorted(table["origin"])
    assert origins == (["both"] if one else ["detected", "supplied"])
    if one:
        row = table.row(0, named=True)
        assert (row["id"], row["severity"], row["detection_ids"]) == ("R1", "medium", ["D1"])


@pytest.mark.parametrize(
    ("detection", "risk_type", "one"),
    [
        ("high_clicks_zero_conversions", "high_clicks_zero_conversions", True),
        ("high_clicks_zero_conversions", "low_conversion", False),
        ("zero_conversion_spend", "low_conversion", True),
        ("segment_mismatch", "segment_mismatch", True),
        ("tracking_gap", "data_quality", True),
        ("tracking_silence", "data_quality", True),
        ("delivery_without_approval", "policy_violation", True),
        ("delivery_with_risk_flags", "brand_safety", True),
        ("tracking_gap", "brand_safety", False),
        ("spend_spike", "a_word_nobody_knows", False),
    ],
)
def test_which_types_say_the_same(detection, risk_type, one) -> None:
    table = inbox(signals({"risk_type": risk_type}), findings({"detection": detection}))
    assert (table.height == 1) is one


def test_nothing_is_counted_twice() -> None:
    """Two findings of one signal are one row; a finding that two signals raise is in both, once."""
    table = inbox(signals({}, {"severity": "low"}), findings({}, {"asset_ids": None}))
    assert table.select("id", "origin", "detection_ids").rows() == [
        ("R1", "both", ["D1", "D2"]),
        ("R2", "both", ["D1", "D2"]),
    ]


def test_a_finding_alone_is_open_and_starts_with_its_first_day() -> None:
    row = inbox(signals(), findings({})).row(0, named=True)
    assert (row["origin"], row["status"], row["risk_type"]) == ("detected", "open", "spend_spike")
    assert row["timestamp"] == datetime(2026, 4, 20)
    assert row["age_hours"] == 10 * 24 + 12
    assert row["hours_to_action"] is None
    assert row["action_reason"] == "found in the data: no signal was raised to answer"


@pytest.mark.parametrize(
    ("change", "exposure", "scope"),
    [
        ({}, 10.1, "assets"),  # the current window alone
        ({"asset_ids": ["A1", "A2"]}, 30.3, "assets"),  # to the cent
        ({"asset_ids": ["A1", "A1"]}, 10.1, "assets"),
        ({"asset_ids": None}, 70.3, "campaign"),
        ({"asset_ids": ["GONE"]}, 0.0, "assets"),
        ({"campaign_id": "C9", "asset_ids": None}, 0.0, "campaign"),
    ],
)
def test_exposure_is_the_current_cost_at_stake(change, exposure, scope) -> None:
    row = inbox(signals(change)).row(0, named=True)
    assert (row["exposure"], row["exposure_scope"]) == (exposure, scope)


def test_rank_is_severity_then_exposure_then_id() -> None:
    table = inbox(
        signals(
            {"severity": "low", "asset_ids": None},
            {"severity": "critical", "asset_ids": ["GONE"]},
            {"severity": "high", "asset_ids": ["A1"]},
            {"severity": "high", "asset_ids": ["A3"], "status": "dismissed"},
            {"severity": "high", "asset_ids": ["A1"]},
            {"severity": "medium"},
        )
    )
    assert table["id"].to_list() == ["R2", "R4", "R3", "R5", "R6", "R1"]
    assert table["rank"].to_list() == [1, 2, 3, 4, 5, 6]


def test_hours_to_the_first_later_decision_or_budget_action() -> None:
    raised = datetime(2026, 4, 20, 12)
    later = raised + timedelta(hours=5, minutes=30)
    table = inbox(
        signals({}, {"campaign_id": "C2"}),
        decisions=[raised - timedelta(hours=1), raised, raised + timedelta(days=2)],
        moves=[later],
    )
    # the one at the same moment is not later; the decision two days on is not first
    answered, open_one = table.sort("id").to_dicts()
    assert (answered["hours_to_action"], answered["action_reason"]) == (5.5, None)
    assert open_one["hours_to_action"] is None
    assert open_one["action_reason"] == "no later decision or budget action of the campaign"
    assert answered["age_hours"] == 240.0


def test_summary_counts_each_asset_at_stake_once() -> None:
    table = inbox(
        signals({}, {"asset_ids": ["A1", "A2"]}, {"asset_ids": None}, {"severity": "low"}),
        findings({"asset_ids": ["A2"], "severity": "medium", "detection": "tracking_gap"}),
        decisions=[datetime(2026, 4, 21)],
    )
    summary = risk_summary(table, COSTS)
    assert summary.height == 16
    assert summary.row(0, named=True)["severity"] == "critical"
    by_hand = {
        "severity": "medium",
        "status": "open",
        "risks": 4,
        "supplied": 3,
        "detected": 1,
        "both": 0,
        "unanswered": 0,
        "exposure": 70.3,  # the campaign's 70.30 holds all the others
    }
    assert summary.filter(severity="medium", status="open").row(0, named=True) == by_hand
    assert summary["risks"].sum() == table.height


def test_violations_by_hand() -> None:
    table = policy_violations(
        signals(
            {"risk_type": "brand_safety", "severity": "low", "status": "mitigated"},
            {"risk_type": "policy_violation", "status": "dismissed"},
            {"risk_type": "policy_violation", "status": "in_review"},
            {"risk_type": "spend_spike", "severity": "critical"},
        ),
        findings(
            {
                "detection": "delivery_without_approval",
                "subject": "A1",
                "detail": "unapproved",
                "spend": 30.0,
            },
            {"detection": "delivery_with_risk_flags", "subject": "A1", "detail": "flagged"},
            {"detection": "delivery_with_risk_flags", "subject": "A2", "detail": "flagged"},
            {"detection": "spend_spike", "subject": "A3"},
        ),
        pl.DataFrame(
            {
                "budget_action_id": ["B1", "B2", "B3"],
                "campaign_id": "C1",
                "amount": [6500.0, 1.0, 2.0],
                "currency": ["USD", "USD", "EUR"],
                "violation": [True, False, None],
            }
        ),
        COSTS,
    )
    assert table.select("kind", "id", "money", "detail").rows() == [
        ("asset", "A1", 30.0, "flagged; unapproved"),
        ("asset", "A2", None, "flagged"),
        ("budget_move", "B1", 6500.0, "6500.0 USD executed without approval"),
        ("risk_signal", "R1", 10.1, "brand safety signal, low, mitigated"),
        ("risk_signal", "R3", 10.1, "policy violation signal, medium, in review"),
    ]


def test_no_risk_at_all() -> None:
    table = inbox(signals())
    assert table.is_empty()
    assert table.schema == inbox(signals({}), findings({"campaign_id": "C2"})).schema
    assert risk_summary(table, COSTS)["risks"].sum() == 0
    moves = pl.DataFrame(
        schema={"budget_action_id": pl.String, "campaign_id": pl.String, "amount": pl.Float64,
                "currency": pl.String, "violation": pl.Boolean}
    )  # fmt: skip
    assert policy_violations(signals(), findings(), moves, COSTS).is_empty()


CHANGES = st.lists(
    st.fixed_dictionaries(
        {
            "campaign_id": st.sampled_from(["C1", "C2"]),
            "asset_ids": st.sampled_from([None, [], ["A1"], ["A1", "A2"], ["B1"]]),
            "severity": st.sampled_from(["low", "medium", "high", "critical"]),
        }
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(CHANGES, CHANGES, st.integers(0, 99))
def test_every_risk_is_listed_once_in_any_row_order(raised, found, seed) -> None:
    supplied, detected = signals(*raised), findings(*found)
    table = inbox(supplied, detected)
    listed = [*table.filter(origin="detected")["id"]]
    absorbed = table.filter(pl.col("origin") == "both")["detection_ids"].explode().to_list()
    assert sorted({*listed, *absorbed}) == sorted(detected["detection_id"])
    assert not set(listed) & set(absorbed)
    assert table.filter(pl.col("origin") != "detected").height == len(raised)

    def shuffle(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.sample(fraction=1, shuffle=True, seed=seed)

    again = inbox(shuffle(supplied), shuffle(detected), costs=shuffle(COSTS))
    assert_frame_equal(again, table)
    assert_frame_equal(risk_summary(shuffle(again), COSTS), risk_summary(table, COSTS))


@pytest.fixture(scope="module")
def sample(sample_run: mktorch.Run) -> dict[str, pl.DataFrame]:
    tables, clock = sample_run.tables, sample_run.clock
    detected = risk_detected(
        sample_days(sample_run),
        tables.rollup_asset,
        tables.rollup_segment,
        tables.creative_assets,
        tables.campaigns,
        tables.campaign_goals,
        clock,
        RULES,
    )
    moves = budget_moves(tables.budget_actions, tables.rollup_day, clock, BudgetRules(), "USD")
    table = risk_inbox(
        tables.campaign_risk_signals,
        detected,
        tables.rollup_asset,
        tables.orchestrator_decisions,
        tables.budget_actions,
        clock,
        RULES,
    )
    violations = policy_violations(
        tables.campaign_risk_signals, detected, moves, tables.rollup_asset
    )
    return {"inbox": table, "violations": violations, "costs": tables.rollup_asset}


def story(kind: str) -> dict:
    stories = json.loads((SAMPLE / "truth.json").read_text())["stories"]
    (one,) = (s["keys"] for s in stories if s["kind"] == kind)
    return one


def test_the_samples_violations_and_no_others(sample) -> None:
    truth = json.loads((SAMPLE / "truth.json").read_text())["violations"]
    table = sample["violations"]
    for kind, planted in {
        "risk_signal": "signals",
        "asset": "assets",
        "budget_move": "budget_actions",
    }.items():
        assert table.filter(kind=kind)["id"].to_list() == sorted(truth[planted])
    assert table.height == sum(len(ids) for ids in truth.values())
    dismissed = story("dismissed_brand_safety")["risk_id"]
    assert dismissed not in table["id"].to_list()
    assert story("unapproved_undelivered")["asset_id"] not in table["id"].to_list()


@pytest.mark.parametrize(
    "kind", ["zero_conversions_signalled", "spend_spike_signalled", "segment_mismatch"]
)
def test_the_samples_signalled_risks_are_one_with_what_is_found(sample, kind) -> None:
    keys = story(kind)
    row = sample["inbox"].filter(id=keys["risk_id"]).row(0, named=True)
    assert row["origin"] == "both"
    alone = sample["inbox"].filter(pl.col("origin") == "detected")["asset_ids"].explode().to_list()
    assert keys["asset_id"] not in alone


@pytest.mark.parametrize(
    "kind",
    ["zero_conversions_unsignalled", "spend_spike_unsignalled", "tracking_gap", "tracking_silence"],
)
def test_the_samples_unsignalled_risks_are_found(sample, kind) -> None:
    alone = sample["inbox"].filter(pl.col("origin") == "detected")
    assert story(kind)["asset_id"] in alone["asset_ids"].explode().to_list()


def test_the_sample_leads_with_the_unanswered_critical_signal(sample) -> None:
    first = sample["inbox"].row(0, named=True)
    assert first["id"] == story("unanswered_critical")["risk_id"]
    assert (first["severity"], first["hours_to_action"]) == ("critical", None)


def test_the_samples_exposure_adds_up(sample) -> None:
    current = sample["costs"].filter(window="current")
    whole = sample["inbox"].filter(exposure_scope="campaign")
    for row in whole.to_dicts():
        spent = current.filter(campaign_id=row["campaign_id"])["cost"].sum()
        assert row["exposure"] == pytest.approx(spent, abs=0.005)
