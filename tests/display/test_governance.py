"""Registers, risk over time, recommendations in full, definitions and settings in force."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import datetime, timedelta

import polars as pl
import pytest

from mktorch import display
from mktorch.clock import Clock
from mktorch.config import MarketingOrchestratorConfig
from mktorch.display.charts import Chart
from mktorch.display.page import Unavailable
from mktorch.display.sections import definitions, risk_timeline
from mktorch.vocab import Standing
from tests.display.made import column, with_tables

SECTIONS = (
    "approvers",
    "budget_ledger",
    "kpi_definitions",
    "metric_definitions",
    "model_usage",
    "recommendation_register",
    "held_back",
    "risk_register",
    "rules_in_force",
    "risk_timeline",
    "thresholds",
)
HOSTILE = '<script>alert(1)</script> `x` {{< y >}} #panic() "q" \\ $a$ \u202e\x00'


def by(table, key: str, name: str) -> dict:
    return dict(zip(table.frame[key], table.frame[name], strict=True))


def test_the_ledger_holds_every_move_and_its_gravest_fault(sample_run) -> None:
    table = display.budget_ledger(sample_run)
    assert table.frame.height == sample_run.tables["budget_moves"].height
    standing = by(table, "budget_action_id", "standing")
    assert standing["BA_005"] == "violation"
    assert standing["BA_006"] == "stale"
    assert standing["BA_007"] == "same_channel"
    assert standing["BA_001"] == "order"
    assert by(table, "budget_action_id", "ruled")["BA_010"] == "approver_01, 24.2 hours"
    assert table.title == "1 of 13 budget moves violated the approval policy."


def test_a_move_that_cannot_be_judged_says_why(sample_run) -> None:
    moves = sample_run.tables["budget_moves"].with_columns(
        required_approval=pl.lit(None, pl.Boolean),
        approval_reason=pl.lit("in another currency"),
        standing=pl.lit("unjudged"),
    )
    table = display.budget_ledger(with_tables(sample_run, budget_moves=moves))
    assert set(table.frame["need"]) == {"in another currency"}
    assert by(table, "budget_action_id", "standing")["BA_001"] == "unjudged"


def test_approvers_by_moves_with_their_times(sample_run) -> None:
    # approver_01 ruled in 95, 760, 1,450 and 2,880 minutes: the median is 1,105, 18.4 hours.
    table = display.approvers(sample_run)
    first = table.frame.row(0, named=True)
    assert (first["approver_id"], first["moves"], first["approved"]) == ("approver_01", 4, 4)
    assert first["median_hours"] == pytest.approx(1105 / 60)
    assert first["longest_hours"] == 48.0


def test_the_risk_register_holds_settled_ones_too(sample_run) -> None:
    table = display.risk_register(sample_run)
    assert table.frame["rank"].is_sorted()
    assert table.frame.height == sample_run.tables["risk_inbox"].height
    assert {"dismissed", "mitigated"} <= set(table.frame["status"])
    assert by(table, "id", "seen")["RISK_002"] == "days 9, conversions 0"


def test_the_timeline_stacks_what_was_open_at_each_moment(sample_run) -> None:
    start = datetime(2026, 4, 1)
    raised = [("high", 0), ("critical", 2), ("high", 2), ("low", 5)]
    unresolved = pl.DataFrame(
        {
            "severity": [severity for severity, _ in raised],
            "timestamp": [start + timedelta(days=day) for _, day in raised],
        }
    )
    held = risk_timeline.stacked(unresolved, sample_run)
    shown = held.filter(pl.col("timestamp") == start + timedelta(days=2))
    # After the third day: one critical below, two high on it, nothing low yet.
    assert shown.select("severity", "raised", "open", "low", "high").rows() == [
        ("critical", 1, 1, 0, 1),
        ("high", 1, 2, 1, 3),
        ("low", 0, 0, 3, 3),
    ]
    last = held.filter(pl.col("timestamp") == sample_run.manifest.as_of)
    assert last["high"].to_list() == [1, 3, 4]


def test_the_timeline_counts_only_what_is_open(sample_run) -> None:
    chart = display.risk_timeline(sample_run)
    assert chart.title.startswith("12 risks are open, 2 of them raised in the last 7 days")
    assert "2 critical, raised Apr 23, 2026 to Apr 25, 2026" in chart.alt
    assert "5 risks of 17" in chart.notes[0]
    ET.fromstring(chart.svg())


def test_the_age_of_risks_is_in_hours_that_passed_over_a_change_of_clock(sample_run) -> None:
    # Raised a week and half an hour ago by the clock's face, of which an hour was leapt over.
    raised = sample_run.tables["risk_inbox"].filter(status="open").head(1)
    raised = raised.with_columns(timestamp=pl.lit(datetime(2026, 3, 22, 11, 30)))
    held = with_tables(sample_run, risk_inbox=raised)
    held.clock = Clock(datetime(2026, 3, 29, 12), zone="Europe/Stockholm")
    assert "1 of them raised in the last 7 days" in display.risk_timeline(held).title


def test_no_open_risk_is_a_sentence(sample_run) -> None:
    inbox = sample_run.tables["risk_inbox"].with_columns(status=pl.lit("mitigated"))
    assert isinstance(display.risk_timeline(with_tables(sample_run, risk_inbox=inbox)), Unavailable)


def test_every_recommendation_stands_with_conditions_evidence_and_steps(sample_run) -> None:
    found = sample_run.tables["recommendations"].sort("rank")
    table = display.recommendation_register(sample_run).worded
    assert table.frame["recommendation_id"].to_list() == found["recommendation_id"].to_list()
    for shown, row in zip(table.frame.to_dicts(), found.to_dicts(), strict=True):
        facts = {fact["fact"] for fact in row["evidence"]}
        conditions = [
            t for t in row["thresholds"] if t["role"] == "condition" and t["column"] in facts
        ]
        for condition in conditions:
            assert condition["column"].replace("_", " ") in shown["conditions"]
        for fact in row["evidence"]:
            assert fact["table"] in shown["proof"]
        for step in row["steps"]:
            assert step in shown["carried_out"]
        assert shown["carried_out"].startswith(f"{row['owner']}. (1) ")
        assert row["what_could_go_wrong"] in shown["caveats"]


def test_every_setting_behind_a_rule_stands_with_it(sample_run) -> None:
    table = display.rules_in_force(sample_run)
    told = dict(table.frame.select("rule_id", "settings").rows())
    own = {"condition", "fact", "cap", "freeze"}
    for row in sample_run.tables["recommendation_candidates"].to_dicts():
        for threshold in row["thresholds"]:
            if threshold["name"] and threshold["role"] in own:
                assert threshold["name"].rpartition(".")[2] in told[row["rule_id"]]
    assert table.frame["asked"].sum() == sample_run.tables["recommendation_candidates"].height
    assert table.frame["stand"].sum() == sample_run.tables["recommendations"].height


@pytest.mark.parametrize(
    ("campaign", "rows", "shown"),
    [("", 16, 5), ("CAMP_003", 12, 12), ("CAMP_005", 2, 2)],  # a deep dive shows more
)
def test_what_was_held_back_is_listed_with_its_reason(campaign, rows, shown, sample_run) -> None:
    asked = sample_run.tables["recommendation_candidates"]
    held = asked.filter(pl.col("standing") != Standing.STANDS)
    table = display.held_back(sample_run, campaign)
    assert (table.frame.height, table.shown.frame.height) == (rows, shown)
    assert set(table.frame["recommendation_id"]) <= set(held["recommendation_id"])
    assert table.frame["why"].null_count() == 0
    assert "conditions" not in [c.name for c in table.columns]
    checked = display.held_back(sample_run, campaign, checked=True).worded
    assert "conditions" in [c.name for c in checked.columns]
    assert checked.frame["conditions"].str.len_chars().min() > 0


def test_every_setting_of_the_run_is_there_with_value_and_origin(sample_run) -> None:
    frame = display.thresholds(sample_run).frame
    held = {(row["group"], row["setting"]): row for row in frame.to_dicts()}
    assert len(held) == frame.height
    for name, value in sample_run.manifest.config.items():
        if isinstance(value, dict) and value:
            settings = {setting.partition(".")[0] for group, setting in held if group == name}
            assert settings == set(value), name
        else:
            assert ("Main settings", name) in held
    assert held["experiment_rules", "power"]["value"] == "0.8"
    assert held["risk_rules", "detections.spend_spike"]["value"].startswith("severity high")


def test_origin_tells_what_was_given_from_what_was_left(tiny, tmp_path) -> None:
    import mktorch

    run = mktorch.run(
        tiny, out=tmp_path / "runs", budget_rules={"proposal_stale_days": 3}, window_days=14
    )
    held = {row["setting"]: row for row in display.thresholds(run).frame.to_dicts()}
    assert held["window_days"]["origin"] == "argument"
    assert held["proposal_stale_days"]["origin"] == "argument"
    assert held["proposal_stale_days"]["value"] == "3"
    assert held["over_pace"]["origin"] == "default"


def test_what_a_setting_means_is_written_for_those_that_are() -> None:
    assert set(definitions.MEANING) <= set(MarketingOrchestratorConfig.model_fields)


def test_every_kpi_and_metric_has_a_definition(sample_run) -> None:
    table = display.kpi_definitions(sample_run)
    assert set(table.frame["kpi"]) == set(sample_run.tables["measured_kpis"]["kpi"])
    assert table.frame["definition"].null_count() == 0
    targets = dict(zip(table.frame["kpi"], column(table, "target_text"), strict=True))
    assert targets["campaign_execution_success_rate"] == "95.0%"
    assert targets["marketing_attributed_revenue"] == "n/a"
    metrics = display.metric_definitions(sample_run)
    assert by(metrics, "metric", "formula")["cost_per_click"] == "cost / clicks"


@pytest.mark.parametrize("name", SECTIONS)
def test_hostile_names_are_text(sample_run, name: str) -> None:
    named = {
        "campaigns": ("name",),
        "channels": ("type", "platform"),
        "budget_moves": ("reason_detail", "approver_id"),
        "risk_inbox": ("detail",),
        "recommendations": ("description", "target_name", "rationale", "owner"),
        "recommendation_candidates": ("description", "standing_reason"),
    }
    frames = {
        table: sample_run.tables[table].with_columns(pl.lit(HOSTILE).alias(c) for c in columns)
        for table, columns in named.items()
    }
    block = getattr(display, name)(with_tables(sample_run, **frames))
    assert "<script" not in block.html()
    assert "{{<" not in block.html()
    assert "\x00" not in block.html()
    if not isinstance(block, Chart):
        assert "`" not in block.typst()


@pytest.mark.parametrize("name", SECTIONS)
def test_a_run_without_tables_says_so(sample_run, name: str) -> None:
    run = with_tables(sample_run)
    run.tables = {}
    block = getattr(display, name)(run)
    if isinstance(block, Unavailable):
        assert block.reason.startswith("Not available: this run has no table ")
    else:
        assert block.html()
