"""The verdict: one change to quiet tables at a time, its limits, its evidence, its monotony."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mktorch.config import ConfigError, MarketingOrchestratorConfig, load_config
from mktorch.config.narrative_rules import LIMITS, Ground, Limit, NarrativeRules
from mktorch.narrative.grounds import called_for, verdict_grounds
from mktorch.narrative.reference import refreshed
from mktorch.narrative.verdict import verdict
from mktorch.vocab import Verdict
from tests.conftest import SAMPLE
from tests.narrative import made

RULES = NarrativeRules()
WORST = list(Verdict)


def found(tables, rules=RULES) -> pl.DataFrame:
    return verdict_grounds(tables, MarketingOrchestratorConfig(narrative_rules=rules))


def judged(tables, rules=RULES) -> dict:
    config = MarketingOrchestratorConfig(narrative_rules=rules)
    return verdict(tables, found(tables, rules), config).row(0, named=True)


def test_quiet_tables_are_on_track() -> None:
    row = judged(made.quiet())
    assert (row["verdict"], row["reasons"]) == ("ON TRACK", [])
    assert row["headline"] == "ON TRACK: nothing calls for action"


LOSS = made.roi(-40.0)
# What is laid over the quiet tables -> the verdict; 100 is spent in all and in the window.
STEPS = {
    "a KPI at risk": ({"kpis": made.kpis("at_risk")}, "WATCH"),
    "a steady KPI": ({"kpis": made.kpis("steady")}, "ON TRACK"),
    "an operational KPI critical": ({"kpis": made.kpis("critical")}, "WATCH"),
    "a business KPI critical": (
        {"kpis": made.kpi("cpa_reduction_percentage", "critical")}, "ATTENTION"),
    "KPIs without a score": ({"kpis": made.kpis("not_scored", "unmeasured")}, "ON TRACK"),
    "a high risk on little": ({"risk_inbox": made.risks(("high", "open"))}, "WATCH"),
    "a high risk in review on much": (
        {"risk_inbox": made.risks(("high", "in_review"), exposure=2.0)}, "ATTENTION"),
    "a critical risk on little": ({"risk_inbox": made.risks(("critical", "open"))}, "ATTENTION"),
    "a critical risk on much": (
        {"risk_inbox": made.risks(("critical", "in_review"), exposure=2.0)}, "CRITICAL"),
    "an open medium risk": ({"risk_inbox": made.risks(("medium", "open"))}, "ON TRACK"),
    "a loss that the days prove": (
        {"roi_analysis": LOSS, "kpis": made.kpi("roi_estimate", "critical", high=-0.1)},
        "CRITICAL"),
    "a loss that they do not": (
        {"roi_analysis": LOSS, "kpis": made.kpi("roi_estimate", "at_risk", high=0.1)},
        "ATTENTION"),
    "a loss where no value is recorded": (
        {"roi_analysis": LOSS, "kpis": made.kpi("roi_estimate", "unmeasured", value=None)},
        "ON TRACK"),
    "a net return of a cent": ({"roi_analysis": made.roi(0.01)}, "ON TRACK"),
    "a net return nobody knows": ({"roi_analysis": made.roi(None)}, "ON TRACK"),
    "a violation on little": ({"policy_violations": made.violations("C1")}, "ATTENTION"),
    "a violation on much": ({"policy_violations": made.violations("C1", money=2.0)}, "CRITICAL"),
    "a stale proposal": ({"budget_moves": made.moves({"stale": True})}, "WATCH"),
    "a fresh proposal": ({"budget_moves": made.moves({})}, "ON TRACK"),
    "a small campaign below": (
        {"campaign_analysis": made.campaign("below_expectations")}, "WATCH"),
    "a large campaign below": (
        {"campaign_analysis": made.campaign("below_expectations", 25.0)}, "ATTENTION"),
    "one below whose value nobody records": (
        {
            "campaign_analysis": made.campaign("below_expectations", 25.0),
            "campaign_goals": pl.DataFrame({"campaign_id": ["C1"], "valued": [False]}),
        },
        "ON TRACK"),
    "many high recommendations": (
        {"recommendations": made.recommendations(made.recommendation(1, priority="high"))},
        "ON TRACK"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), STEPS.values(), ids=STEPS)
def test_one_change_brings_its_verdict(changes, expected):
    assert judged(made.quiet() | changes)["verdict"] == expected


def test_every_verdict_is_reached() -> None:
    assert {expected for _, expected in STEPS.values()} == set(map(str, Verdict))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(list(LIMITS.values())),
    st.integers(0, 5),
    st.floats(0, 1),
    st.integers(0, 5),
    st.floats(0, 1),
)
def test_less_of_a_ground_is_never_worse(limit, found, share, fewer, less) -> None:
    fewer, less = min(fewer, found), min(less, share)
    before, after = called_for(share, found, limit), called_for(less, fewer, limit)
    assert WORST.index(after) <= WORST.index(before)


KINDS = {
    "kpis": [made.kpis("on_track"), made.kpis("at_risk"), made.kpis("at_risk", "critical")],
    "risk_inbox": [
        made.risks(),
        made.risks(("high", "open")),
        made.risks(("high", "open"), ("critical", "open")),
        made.risks(("high", "open"), ("critical", "open"), exposure=9.0),
    ],
    "policy_violations": [
        made.violations(), made.violations("C1"), made.violations("C1", "C2", money=3.0)],
    "campaign_analysis": [
        made.campaign("meeting_expectations"),
        made.campaign("below_expectations"),
        made.campaign("below_expectations", 80.0),
    ],
    "budget_moves": [made.moves({}), made.moves({"stale": True})],
}  # fmt: skip
"""Table -> what it may hold, from good to bad."""


@settings(max_examples=40, deadline=None)
@given(st.fixed_dictionaries({t: st.integers(0, len(k) - 1) for t, k in KINDS.items()}), st.data())
def test_mending_a_ground_never_makes_the_verdict_worse(places, data) -> None:
    table = data.draw(st.sampled_from(sorted(KINDS)))
    mended = {**places, table: data.draw(st.integers(0, places[table]))}
    before, after = (
        judged(made.quiet() | {t: KINDS[t][n] for t, n in chosen.items()})["verdict"]
        for chosen in (places, mended)
    )
    assert WORST.index(Verdict(after)) <= WORST.index(Verdict(before))


@pytest.mark.parametrize(
    ("count", "expected"), [(2, "ON TRACK"), (3, "ATTENTION"), (4, "ATTENTION"), (5, "CRITICAL")]
)
def test_a_limit_is_reached_by_its_own_count(count, expected):
    rules = NarrativeRules(limits={Ground.SHORT_KPIS: Limit(attention=3, critical=5)})
    held = made.kpis(*["at_risk"] * (count + 1))  # the fourth is policy, a ground of its own
    kpis = held.filter(pl.col("kpi") != "policy_violation_count").head(count)
    assert judged(made.quiet() | {"kpis": kpis}, rules)["verdict"] == expected


def test_the_worst_ground_gives_the_headline_and_all_grave_ones_the_reasons():
    tables = made.quiet() | {
        "kpis": made.kpi("cpa_reduction_percentage", "critical", value=-0.18),
        "policy_violations": made.violations("C1", "C9", "C1", "C1", money=3.0),
        "risk_inbox": made.risks(("high", "open"), ("high", "open"), exposure=0.5),
        "campaign_analysis": made.campaign("meeting_expectations", name="Spring"),
    }
    row = judged(tables)
    assert row["headline"] == "CRITICAL: 4 policy violations are on record ($12)"
    assert row["reasons"] == [
        "4 policy violations are on record ($12): A1 in Spring, A2 in C9, A3 in Spring and 1 more",
        "1 business KPI is critical: reduction in cost per acquisition (\u221218.0%)",
        "2 high risks are unresolved ($1): spend spike in Spring (2)",
    ]
    assert (row["critical_kpis"], row["policy_violations"], row["high_risks"]) == (1, 4, 2)


def test_each_ground_has_its_money_and_its_share() -> None:
    tables = made.quiet() | {"risk_inbox": made.risks(("critical", "open"), exposure=3.0)}
    row = found(tables).row(by_predicate=pl.col("ground") == "critical_risks", named=True)
    assert (row["value"], row["money"], row["share"]) == (1, 3.0, 0.03)
    assert row["evidence"].startswith("Open or in review")


def test_what_was_not_made_is_null_and_calls_for_attention():
    tables = made.quiet()
    del tables["kpis"]
    missing = found(tables).filter(pl.col("value").is_null())
    assert set(missing["reason"]) == {"kpis was not made"}
    row = judged(tables)
    assert (row["verdict"], row["uncounted"]) == ("ATTENTION", missing.height)
    assert row["recommendations_high"] is None


def test_recommendations_are_counted_by_priority():
    rows = [made.recommendation(n, priority=p) for n, p in enumerate(("low", "low", "high"), 1)]
    row = judged(made.quiet() | {"recommendations": made.recommendations(*rows)})
    assert [row[f"recommendations_{p}"] for p in ("high", "medium", "low")] == [1, 0, 2]


def test_limits_given_in_part_keep_the_others():
    rules = NarrativeRules(limits={Ground.STALE_PROPOSALS: Limit()})
    assert rules.limits == {**LIMITS, Ground.STALE_PROPOSALS: Limit()}
    stale = made.quiet() | {"budget_moves": made.moves({"stale": True})}
    assert judged(stale, rules)["verdict"] == "ON TRACK"


def test_limits_that_contradict_are_refused_with_the_way_out():
    with pytest.raises(ConfigError, match="critical must be above attention, or be left out"):
        load_config(
            None, {"narrative_rules": {"limits": {"high_risks": {"attention": 2, "critical": 2}}}}
        )


def test_every_ground_of_the_sample_is_its_table_recounted(sample_run):
    tables, row = sample_run.tables, sample_run.tables["verdict"].row(0, named=True)
    kpis = tables["kpis"].filter(pl.col("standing").is_in(["critical", "at_risk"]))
    money = kpis.filter(group="business_value", standing="critical").height
    others = kpis.filter(pl.col("kpi") != "policy_violation_count").height - money
    assert (row["critical_kpis"], row["short_kpis"]) == (money, others)
    open_risks = [
        severity
        for severity, status in tables["risk_inbox"].select("severity", "status").rows()
        if status in {"open", "in_review"}
    ]
    assert row["critical_risks"] == open_risks.count("critical")
    assert row["high_risks"] == open_risks.count("high")
    assert row["policy_violations"] == tables["policy_violations"].height
    assert row["verdict"] == "CRITICAL"


def test_the_table_of_the_docs_is_up_to_date() -> None:
    text = (SAMPLE.parent / "docs" / "narrative.md").read_text()
    assert refreshed(text) == text, "make docs"
    assert "proven_loss" in text
