"""The verdict at each of its boundaries, by hand."""

from __future__ import annotations

import polars as pl
import pytest

from mktorch.config import ConfigError, MarketingOrchestratorConfig, load_config
from mktorch.config.narrative_rules import LIMITS, Limit, NarrativeRules, Signal
from mktorch.narrative.verdict import verdict, verdict_signals
from tests.narrative import made

RULES = NarrativeRules()


def judged(tables, rules=RULES):
    signals = verdict_signals(tables, rules)
    config = MarketingOrchestratorConfig(narrative_rules=rules)
    return verdict(tables, signals, config).row(0, named=True)


def test_nothing_to_count_is_on_track():
    row = judged(made.quiet())
    assert row["verdict"] == "ON TRACK"
    assert row["headline"] == "ON TRACK: no signal has reached its limit"
    assert row["reasons"] == []
    assert [row[signal] for signal in Signal] == [0] * len(Signal)


# One change to the quiet set, and the verdict it must bring.
STEPS = {
    "a KPI at risk": ("kpis", made.kpis("at_risk"), "ATTENTION"),
    "a critical KPI": ("kpis", made.kpis("critical"), "CRITICAL"),
    "KPIs without a score": ("kpis", made.kpis("not_scored", "unmeasured"), "ON TRACK"),
    "an open high risk": ("risk_inbox", made.risks(("high", "open")), "ATTENTION"),
    "a high risk in review": ("risk_inbox", made.risks(("high", "in_review")), "ATTENTION"),
    "an open critical risk": ("risk_inbox", made.risks(("critical", "open")), "CRITICAL"),
    "a critical risk in review": ("risk_inbox", made.risks(("critical", "in_review")), "CRITICAL"),
    "an open medium risk": ("risk_inbox", made.risks(("medium", "open")), "ON TRACK"),
    "a net loss of a cent": ("roi_analysis", made.roi(-0.01), "CRITICAL"),
    "a net return of a cent": ("roi_analysis", made.roi(0.01), "ON TRACK"),
    "a net return nobody knows": ("roi_analysis", made.roi(None), "ATTENTION"),
    "a violation": (
        "policy_violations",
        pl.DataFrame({"id": ["A1"], "campaign_id": ["C1"]}),
        "ATTENTION",
    ),
    "a high recommendation": (
        "recommendations",
        made.recommendations(made.recommendation(1, priority="high")),
        "ATTENTION",
    ),
    "a stale proposal": ("budget_moves", made.moves({"stale": True}), "ATTENTION"),
    "a fresh proposal": ("budget_moves", made.moves({}), "ON TRACK"),
    "a campaign below": (
        "campaign_analysis",
        pl.DataFrame(
            {"campaign_id": ["C1"], "name": ["One"], "overall_performance": ["below_expectations"]}
        ),
        "ATTENTION",
    ),
    "a rejected record": (
        "failures",
        pl.DataFrame({"source": ["a"], "file": ["a"], "row": [1], "severity": ["error"]}),
        "ON TRACK",
    ),
}


@pytest.mark.parametrize(("table", "frame", "expected"), STEPS.values(), ids=STEPS)
def test_one_change_brings_its_verdict(table, frame, expected):
    assert judged(made.quiet() | {table: frame})["verdict"] == expected


@pytest.mark.parametrize(
    ("count", "expected"), [(2, "ON TRACK"), (3, "ATTENTION"), (4, "ATTENTION"), (5, "CRITICAL")]
)
def test_a_limit_is_reached_by_its_own_count(count, expected):
    rules = NarrativeRules(limits={Signal.AT_RISK_KPIS: Limit(attention=3, critical=5)})
    assert (
        judged(made.quiet() | {"kpis": made.kpis(*["at_risk"] * count)}, rules)["verdict"]
        == expected
    )


def test_the_worst_signal_gives_the_headline_and_all_grave_ones_the_reasons():
    tables = made.quiet() | {
        "kpis": made.kpis("at_risk", "critical", "critical"),
        "policy_violations": pl.DataFrame(
            {"id": ["A1", "A2", "A3", "A4"], "campaign_id": ["C1", "C9", "C1", "C1"]}
        ),
        "campaign_analysis": pl.DataFrame(
            {"campaign_id": ["C1"], "name": ["Spring"], "overall_performance": ["meeting"]}
        ),
    }
    row = judged(tables)
    assert row["headline"] == "CRITICAL: 2 KPIs are critical"
    assert row["reasons"] == [
        "2 KPIs are critical: average latency of a step, decisions overridden by people",
        "4 policy violations are on record: A1 in Spring, A2 in C9, A3 in Spring and 1 more",
        "1 KPI is at risk: campaigns active or completed",
    ]
    assert (row["critical_kpis"], row["policy_violations"], row["at_risk_kpis"]) == (2, 4, 1)


def test_alike_names_are_told_once_with_their_number():
    tables = made.quiet() | {"risk_inbox": made.risks(("high", "open"), ("high", "open"))}
    assert judged(tables)["reasons"] == ["2 high risks are unresolved: spend spike in One (2)"]


def test_what_was_not_made_is_null_and_calls_for_attention():
    tables = made.quiet()
    del tables["kpis"], tables["recommendations"]
    signals = verdict_signals(tables, RULES)
    missing = signals.filter(pl.col("value").is_null())
    assert dict(missing.select("signal", "reason").rows()) == {
        "critical_kpis": "kpis was not made",
        "high_recommendations": "recommendations was not made",
        "at_risk_kpis": "kpis was not made",
    }
    row = judged(tables)
    assert (row["verdict"], row["uncounted"]) == ("ATTENTION", 3)
    assert row["recommendations_high"] is None


def test_recommendations_are_counted_by_priority():
    found = [made.recommendation(n, priority=p) for n, p in enumerate(("low", "low", "high"), 1)]
    row = judged(made.quiet() | {"recommendations": made.recommendations(*found)})
    assert [row[f"recommendations_{p}"] for p in ("high", "medium", "low")] == [1, 0, 2]


def test_a_record_rejected_twice_is_one_record():
    twice = pl.DataFrame(
        {"source": ["a"] * 3, "file": ["f"] * 3, "row": [1, 1, 2], "severity": ["error"] * 3}
    )
    assert judged(made.quiet() | {"failures": twice})["rejected_records"] == 2


def test_limits_given_in_part_keep_the_others():
    rules = NarrativeRules(limits={Signal.NET_LOSS: Limit()})
    assert rules.limits == {**LIMITS, Signal.NET_LOSS: Limit()}
    assert judged(made.quiet() | {"roi_analysis": made.roi(-5.0)}, rules)["verdict"] == "ON TRACK"


def test_limits_that_contradict_are_refused_with_the_way_out():
    with pytest.raises(ConfigError, match="critical must be above attention, or be left out"):
        load_config(
            None, {"narrative_rules": {"limits": {"net_loss": {"attention": 2, "critical": 2}}}}
        )


def test_every_signal_of_the_sample_is_its_table_recounted(sample_run):
    tables, row = sample_run.tables, sample_run.tables["verdict"].row(0, named=True)
    tiers = tables["kpis"]["tier"].to_list()
    open_risks = [
        severity
        for severity, status in tables["risk_inbox"].select("severity", "status").rows()
        if status in {"open", "in_review"}
    ]
    assert row["critical_kpis"] == tiers.count("critical")
    assert row["at_risk_kpis"] == tiers.count("at_risk")
    assert row["critical_risks"] == open_risks.count("critical")
    assert row["high_risks"] == open_risks.count("high")
    assert row["policy_violations"] == tables["policy_violations"].height
    assert row["high_recommendations"] == tables["recommendations"]["priority"].to_list().count(
        "high"
    )
    assert row["verdict"] == "CRITICAL"
