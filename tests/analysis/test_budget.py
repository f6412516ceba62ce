"""Budget governance, flows, pacing and what moves brought, by hand and on the sample."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import mktorch
from mktorch.analysis.before_after import before_after, daily
from mktorch.analysis.budget import budget_governance, budget_moves, channel_flow
from mktorch.analysis.pacing import budget_pacing
from mktorch.clock import Clock
from mktorch.config.budget_rules import BudgetRules
from mktorch.sources.schemas import frame_schema
from mktorch.vocab import BudgetStatus, Source
from tests.conftest import SAMPLE

AS_OF = datetime(2026, 4, 20, 12)
RULES = BudgetRules()
CHANNELS = pl.DataFrame(
    {"channel_id": ["CH_1", "CH_2", "CH_3"], "type": "t", "platform": "p"},
)
DAY = {
    "campaign_id": pl.String,
    "segment_id": pl.String,
    "channel_id": pl.String,
    "date": pl.Date,
    "impressions": pl.Int64,
    "clicks": pl.Int64,
    "conversions": pl.Int64,
    "cost": pl.Float64,
    "revenue": pl.Float64,
}
NO_DAYS = pl.DataFrame(schema=DAY)


def actions(*changes: dict) -> pl.DataFrame:
    """Budget actions that differ from one plain executed and approved move as told."""
    plain = {
        "timestamp": datetime(2026, 4, 10, 12),
        "campaign_id": "C1",
        "from_channel_id": "CH_1",
        "to_channel_id": "CH_2",
        "amount": 1000.0,
        "currency": "USD",
        "reason_code": "roi_optimization",
        "approved_by_human": True,
        "status": "executed",
    }
    rows = [
        {**plain, "budget_action_id": f"BA_{number}", **change}
        for number, change in enumerate(changes, start=1)
    ]
    return pl.DataFrame(rows, schema=frame_schema(Source.BUDGET_ACTIONS))


def moves(*changes: dict, days: pl.DataFrame = NO_DAYS, rules: BudgetRules = RULES) -> pl.DataFrame:
    return budget_moves(actions(*changes), days, Clock(AS_OF), rules, "USD")


def spend(*rows: tuple) -> pl.DataFrame:
    """Days of campaign C1: (channel, day of April, cost, revenue)."""
    return pl.DataFrame(
        [
            {
                "campaign_id": "C1",
                "segment_id": "S1",
                "channel_id": channel,
                "date": date(2026, 4, day),
                "impressions": 0,
                "clicks": 0,
                "conversions": 0,
                "cost": cost,
                "revenue": revenue,
            }
            for channel, day, cost, revenue in rows
        ],
        schema=DAY,
    )


@pytest.mark.parametrize(
    ("change", "required", "violation"),
    [
        ({"amount": 5000.0, "approved_by_human": False}, True, True),  # at the limit: needed
        ({"amount": 4999.99, "approved_by_human": False}, False, False),
        ({"amount": 5000.0}, True, False),
        ({"amount": 9000.0, "approved_by_human": False, "status": "proposed"}, True, False),
        ({"amount": 9000.0, "approved_by_human": False, "status": "rejected"}, True, False),
        ({"amount": 9000.0, "approved_by_human": False, "currency": None}, True, True),
        ({"amount": 9000.0, "approved_by_human": False, "currency": "EUR"}, None, None),
    ],
)
def test_an_approval_is_required_from_the_limit_on(change, required, violation) -> None:
    row = moves(change).row(0, named=True)
    assert (row["required_approval"], row["violation"]) == (required, violation)
    assert (row["approval_reason"] is None) == (required is not None)


@pytest.mark.parametrize(
    ("change", "standing"),
    [
        ({"amount": 9000.0, "approved_by_human": False}, "violation"),
        ({"amount": 9000.0, "currency": "EUR"}, "unjudged"),
        ({"status": "proposed", "timestamp": datetime(2026, 1, 1)}, "stale"),
        ({"to_channel_id": "CH1", "from_channel_id": "CH1"}, "same_channel"),
        ({}, "order"),
    ],
)
def test_a_move_stands_by_its_gravest_fault(change, standing) -> None:
    assert moves(change)["standing"].item() == standing


def test_the_limit_is_a_setting() -> None:
    rules = BudgetRules(approval_required_amount=800)
    assert moves({"approved_by_human": False}, rules=rules)["violation"].item()


@pytest.mark.parametrize(
    ("age", "status", "days", "stale"),
    [
        (timedelta(days=14), "proposed", 14, False),  # not older than 14 days
        (timedelta(days=14, seconds=1), "proposed", 14, True),
        (timedelta(days=30), "approved", 30, False),  # decided: it waits, but not for a decision
        (timedelta(hours=23), "proposed", 0, False),
    ],
)
def test_a_proposal_is_stale_after_the_limit(age, status, days, stale) -> None:
    row = moves({"timestamp": AS_OF - age, "status": status}).row(0, named=True)
    assert (row["age_days"], row["stale"]) == (days, stale)


def test_return_before_and_after_an_executed_move() -> None:
    """Executed on 10 April, CH_1 to CH_2; seven days are 3-9 and 11-17 April.

    Campaign before: (100 + 60) revenue on (100 + 100) cost = 0.8; after: 240 / 150 = 1.6.
    Recipient before: 60 / 100 = 0.6; after: 90 / 50 = 1.8. Neither 2, 10 nor 18 April counts.
    """
    days = spend(
        ("CH_1", 2, 999.0, 0.0),
        ("CH_1", 3, 100.0, 100.0),
        ("CH_2", 9, 100.0, 60.0),
        ("CH_2", 10, 777.0, 1.0),
        ("CH_1", 11, 100.0, 150.0),
        ("CH_2", 17, 50.0, 90.0),
        ("CH_2", 18, 500.0, 0.0),
    )
    row = moves({}, days=days).row(0, named=True)
    assert row["campaign_return_before"] == pytest.approx(0.8)
    assert row["campaign_return_after"] == pytest.approx(1.6)
    assert row["campaign_return_change"] == pytest.approx(0.8)
    assert row["channel_return_before"] == pytest.approx(0.6)
    assert row["channel_return_after"] == pytest.approx(1.8)
    assert (row["campaign_return_reason"], row["channel_return_reason"]) == (None, None)


def test_a_return_without_spend_is_null_and_says_which_side() -> None:
    days = spend(("CH_1", 9, 10.0, 5.0), ("CH_2", 12, 0.0, 5.0), ("CH_1", 12, 20.0, 0.0))
    row = moves({}, days=days).row(0, named=True)
    assert (row["campaign_return_before"], row["campaign_return_after"]) == (0.5, 0.25)
    assert (row["channel_return_before"], row["channel_return_after"]) == (None, None)
    assert row["channel_return_change"] is None
    assert row["channel_return_reason"] == (
        "the channel had no spend in the 7 days before or after"
    )
    proposed = moves({"status": "proposed"}, days=days).row(0, named=True)
    assert (proposed["campaign_return_before"], proposed["campaign_return_reason"]) == (None, None)


def test_governance_by_hand() -> None:
    """Six moves, one pending. Decided: approved, rejected, and the two executed with approval.

    Approval rate 3 / 4. Latencies 10, 20, 60: mean 30, median 20, p90 at place 1.8 of 0..2:
    20 + 0.8 * 40 = 52. Moved: 1000.10 + 2000.20 + 6000 = 9000.30.
    """
    table = moves(
        {"amount": 1000.1, "approval_latency_minutes": 10.0},
        {"amount": 2000.2, "approval_latency_minutes": 20.0, "to_channel_id": "CH_1"},
        {"amount": 6000.0, "approved_by_human": False},
        {"status": "approved"},
        {"status": "rejected", "approved_by_human": False, "approval_latency_minutes": 60.0},
        {"status": "proposed", "approved_by_human": False, "timestamp": datetime(2026, 4, 1)},
    )
    row = budget_governance(table, "USD").row(0, named=True)
    expected = {
        "actions": 6,
        "proposed": 1,
        "approved": 1,
        "rejected": 1,
        "executed": 3,
        "rolled_back": 0,
        "decided": 4,
        "decided_approved": 3,
        "approval_rate": 0.75,
        "approval_rate_reason": None,
        "latency_moves": 3,
        "latency_mean_minutes": 30.0,
        "latency_median_minutes": 20.0,
        "latency_p90_minutes": 52.0,
        "latency_reason": None,
        "pending": 1,
        "stale_proposals": 1,
        "executed_without_approval": 1,
        "violations": 1,
        "executed_below_limit": 0,
        "same_channel_moves": 1,
        "moved_amount": 9000.3,
        "other_currency_actions": 0,
        "other_currency_reason": None,
    }
    assert row == expected


def test_no_action_has_no_rate_and_says_so() -> None:
    row = budget_governance(moves(), "USD").row(0, named=True)
    assert (row["actions"], row["violations"], row["moved_amount"]) == (0, 0, 0.0)
    assert (row["approval_rate"], row["latency_mean_minutes"], row["latency_p90_minutes"]) == (
        None,
        None,
        None,
    )
    assert row["approval_rate_reason"] == "no action has been decided"
    assert row["latency_reason"] == "no action states its approval latency"


def test_another_currency_is_counted_apart_and_added_to_nothing() -> None:
    table = moves({"amount": 100.0}, {"amount": 70.0, "currency": "EUR"}, {"currency": "CHF"})
    row = budget_governance(table, "USD").row(0, named=True)
    assert (row["moved_amount"], row["other_currency_actions"], row["executed"]) == (100.0, 2, 3)
    assert row["other_currency_reason"] == "amounts in CHF, EUR are not added to USD"
    flow = channel_flow(table, CHANNELS, "USD")
    assert flow["executed_in"].to_list() == [0.0, 100.0, 0.0]
    assert flow["other_currency_moves"].to_list() == [2, 2, 0]


def test_channel_flow_by_hand() -> None:
    table = moves(
        {"amount": 300.0},  # 1 -> 2
        {"amount": 100.0, "from_channel_id": "CH_2", "to_channel_id": "CH_3"},
        {"amount": 50.0, "from_channel_id": "CH_3", "to_channel_id": "CH_3"},
        {"amount": 25.0, "status": "proposed"},
        {"amount": 999.0, "status": "rejected"},
        {"amount": 888.0, "status": "rolled_back"},
    )
    flow = channel_flow(table, CHANNELS, "USD")
    assert flow["executed_in"].to_list() == [0.0, 300.0, 150.0]
    assert flow["executed_out"].to_list() == [300.0, 100.0, 50.0]
    assert flow["executed_net"].to_list() == [-300.0, 200.0, 100.0]
    assert flow["pending_net"].to_list() == [-25.0, 25.0, 0.0]
    assert flow["moves_out"].to_list() == [4, 1, 1]


CENTS = st.integers(0, 10**9).map(lambda cents: cents / 100)
MOVES = st.lists(
    st.fixed_dictionaries(
        {
            "amount": CENTS,
            "from_channel_id": st.sampled_from(["CH_1", "CH_2", "CH_3"]),
            "to_channel_id": st.sampled_from(["CH_1", "CH_2", "CH_3"]),
            "status": st.sampled_from([str(status) for status in BudgetStatus]),
            "currency": st.sampled_from(["USD", "EUR", None]),
        }
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(MOVES, st.randoms())
def test_flows_cancel_out_and_row_order_is_nothing(changes, random) -> None:
    table = moves(*changes)
    flow = channel_flow(table, CHANNELS, "USD")
    micro = (flow["executed_net"] * 1e6).round().cast(pl.Int64)
    assert micro.sum() == 0
    governance = budget_governance(table, "USD")
    assert flow["executed_in"].sum() == pytest.approx(governance["moved_amount"].item())
    shuffled = actions(*changes).sample(fraction=1, shuffle=True, seed=random.randint(0, 99))
    again = budget_moves(shuffled, NO_DAYS, Clock(AS_OF), RULES, "USD")
    assert_frame_equal(again, table)
    assert_frame_equal(channel_flow(again, CHANNELS, "USD"), flow)
    assert_frame_equal(budget_governance(again, "USD"), governance)


def pacing(spent: float | None, today: date = date(2026, 4, 10), **change) -> dict:
    """A flight of 20 days, 1 to 20 April, with a budget of 1000."""
    campaign = {
        "campaign_id": "C1",
        "name": "One",
        "status": "active",
        "start_date": date(2026, 4, 1),
        "end_date": date(2026, 4, 20),
        "budget": 1000.0,
        **change,
    }
    money = pl.DataFrame(
        {"campaign_id": ["C1"], "total_spend": [spent], "spend_source": ["ledger"]},
        schema_overrides={"total_spend": pl.Float64},
    )
    return budget_pacing(pl.DataFrame([campaign]), money, Clock.on(today), RULES).row(0, named=True)


@pytest.mark.parametrize(
    ("spent", "verdict"),
    # half the flight has passed: 550 of 1000 is pace 1.1, 450 is 0.9, both still on pace
    [(551.0, "over"), (550.0, "on_pace"), (450.0, "on_pace"), (449.0, "under"), (0.0, "under")],
)
def test_pace_is_spend_share_over_elapsed_share(spent, verdict) -> None:
    row = pacing(spent)
    assert (row["flight_days"], row["elapsed_days"], row["elapsed_share"]) == (20, 10, 0.5)
    assert row["pace"] == pytest.approx(spent / 500)
    assert row["projected_end_spend"] == pytest.approx(2 * spent)
    assert row["projected_gap"] == pytest.approx(2 * spent - 1000)
    assert (row["remaining"], row["pacing"], row["reason"]) == (1000 - spent, verdict, None)


@pytest.mark.parametrize(
    ("spent", "today", "change", "verdict", "projected", "reason"),
    [
        (None, date(2026, 3, 31), {}, "not_started", None, "has not started"),
        (None, date(2026, 4, 10), {"status": "planned"}, "not_started", None, "has not started"),
        (300.0, date(2026, 4, 21), {}, "ended", 300.0, "has ended"),
        (300.0, date(2026, 4, 9), {"status": "completed"}, "ended", 300.0, "has ended"),
        (300.0, date(2026, 4, 10), {"status": "paused"}, "under", 300.0, "paused"),
        (None, date(2026, 4, 10), {}, None, None, "no spend"),
        (300.0, date(2026, 4, 10), {"budget": 0.0}, None, 600.0, "budget is 0"),
        (9.0, date(2026, 4, 30), {"end_date": date(2026, 3, 1)}, "ended", 9.0, "before it starts"),
    ],
)
def test_pacing_at_the_edges(spent, today, change, verdict, projected, reason) -> None:
    row = pacing(spent, today, **change)
    assert (row["pacing"], row["projected_end_spend"]) == (verdict, projected)
    assert reason in row["reason"]


@pytest.mark.parametrize(("today", "elapsed"), [(date(2026, 4, 1), 1), (date(2026, 4, 20), 20)])
def test_the_first_and_the_last_day_count(today, elapsed) -> None:
    row = pacing(100.0, today)
    assert (row["elapsed_days"], row["pacing"] == "ended") == (elapsed, False)


def test_sums_before_and_after_leave_the_event_out() -> None:
    days = pl.DataFrame(
        {
            "k": "a",
            "date": [date(2026, 4, day) for day in range(1, 8)],
            "numerator": [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0],
            "denominator": [1.0] * 7,
        }
    )
    events = pl.DataFrame({"id": ["x", "y"], "k": ["a", "b"], "day": [date(2026, 4, 4)] * 2})
    both = before_after(events, days, "id", ("k",), 2)
    # before: the 2nd and 3rd, 2 + 4 and 4 + 16 squared; after: the 5th and 6th
    assert both.select("n_control", "y_control", "yy_control", "n", "y", "xy").rows() == [
        (2, 6.0, 20.0, 2, 48.0, 48.0),
        (None, None, None, None, None, None),
    ]


def test_daily_sums_segments_and_channels() -> None:
    days = spend(("CH_1", 1, 0.1, 1.0), ("CH_2", 1, 0.2, 2.0), ("CH_2", 2, 5.0, 0.0))
    table = daily(days, "campaign_id")
    assert table.select("date", "cost", "revenue").rows() == [
        (date(2026, 4, 1), 0.3, 3.0),
        (date(2026, 4, 2), 5.0, 0.0),
    ]


def test_the_samples_stories(sample_run: mktorch.Run) -> None:
    tables, clock = sample_run.tables, sample_run.clock
    table = budget_moves(tables.budget_actions, tables.rollup_day, clock, RULES, "USD")
    truth = json.loads((SAMPLE / "truth.json").read_text())
    keys = {s["kind"]: s["keys"] for s in truth["stories"] if s["source"] == "budget_actions"}
    named = {kind: key["budget_action_id"] for kind, key in keys.items()}

    def ids(flag: str) -> list[str]:
        return table.filter(pl.col(flag))["budget_action_id"].to_list()

    assert ids("violation") == truth["violations"]["budget_actions"] == [named["unapproved_move"]]
    assert ids("same_channel") == [named["same_channel_move"]]
    assert ids("stale") == [named["stale_proposal"]]
    row = table.filter(budget_action_id=named["stale_proposal"])
    assert row["age_days"].item() == 24
    governance = budget_governance(table, "USD").row(0, named=True)
    assert (governance["violations"], governance["stale_proposals"]) == (1, 1)
    assert governance["pending"] == 2  # the stale one and the fresh one
    executed = table.filter(status="executed")
    assert executed["campaign_return_before"].null_count() == 0
    assert channel_flow(table, tables.channels, "USD")["executed_net"].sum() == 0


def test_the_samples_pacing(sample_run: mktorch.Run) -> None:
    tables = sample_run.tables
    table = budget_pacing(tables.campaigns, tables.campaign_money, sample_run.clock, RULES)
    assert table["campaign_id"].to_list() == tables.campaigns["campaign_id"].sort().to_list()
    verdict = dict(table.select("campaign_id", "pacing").iter_rows())
    assert (verdict["CAMP_004"], verdict["CAMP_007"]) == ("ended", "not_started")
    unexplained = table.filter(pl.col("pace").is_null() & pl.col("reason").is_null())
    assert unexplained.is_empty()
