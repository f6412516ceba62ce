"""KPIs on a page: every figure in its unit, every tier in its word, nothing scored that is not."""

from __future__ import annotations

import re
from types import SimpleNamespace

import polars as pl
import pytest

from mktorch.analysis.scorecard import Limits, kpi_status, scorecard
from mktorch.config import MarketingOrchestratorConfig
from mktorch.display.page import Unavailable
from mktorch.display.sections.kpi_bullets import kpi_bullets
from mktorch.display.sections.kpis import GROUP, TIER, kpi_scorecard
from mktorch.kpis import LABELS
from mktorch.vocab import KpiStatus, Tier

VALUES = {
    "campaign_execution_success_rate": 0.9,
    "average_latency_seconds": 0.04,
    "human_review_frequency": 0.2,
    "policy_violation_count": 0.0,
    "experiment_setup_errors": 2.0,
    "data_freshness_hours": 0.25,
    "experiment_velocity": 1.2,
    "average_lift_percentage": 22.0,
    "messaging_consistency_score": 0.9,
    "insight_to_action_time_hours": 8.0,
    "targeting_precision_improvement": 0.0156,
    "conversion_rate_delta": -0.00065,
    "cpa_reduction_percentage": -0.18,
    "marketing_attributed_revenue": 148269.41,
    "wasted_spend_reduction": None,
    "roi_estimate": 0.336,
}
CONFIG = MarketingOrchestratorConfig()
TARGETS = CONFIG.kpi_targets


def make(**changes):
    values = VALUES | {name: change for name, change in changes.items() if name in VALUES}
    settings = {name: change for name, change in changes.items() if name not in VALUES}
    config = MarketingOrchestratorConfig(**settings)
    frame = pl.DataFrame(
        {
            "kpi": list(values),
            "value": list(values.values()),
            "numerator": [None] * len(values),
            "denominator": [None] * len(values),
            "window": ["all"] * len(values),
            "reason": [None if v is not None else "nothing was wasted" for v in values.values()],
        },
        schema_overrides=dict.fromkeys(("value", "numerator", "denominator"), pl.Float64)
        | {"reason": pl.String},
    )
    exact = frame.drop_nulls("value").select(
        "kpi", low="value", high="value", interval_reason=pl.lit(None, pl.String)
    )
    warning, critical = config.kpi_warning_threshold, config.kpi_critical_threshold
    limits = Limits(TARGETS, warning, critical, config.freeze_on, steady=0.02)
    scored = scorecard(frame, exact, limits)
    tables = {"measured_kpis": scored, "measured_kpi_status": kpi_status(scored)}
    return SimpleNamespace(tables=tables, config=config, manifest=SimpleNamespace(steps=[]))


def line(name, run=None):
    return kpi_scorecard(run or make()).frame.filter(kpi=name).row(0, named=True)


def drawn(chart):
    """The rows behind the drawing."""
    datasets = chart.drawing.to_dict()["datasets"].values()
    return next(rows for rows in datasets if "heading" in rows[0])


# The scorecard


@pytest.mark.parametrize(
    ("name", "actual", "target"),
    [
        ("campaign_execution_success_rate", "90.0%", "at least 95.0%"),
        ("average_latency_seconds", "0.04 s", "at most 5.00 s"),
        ("experiment_setup_errors", "2", "at most 0"),
        ("data_freshness_hours", "0.25 h", "at most 2.00 h"),
        ("experiment_velocity", "1.20", "at least 1.50"),
        # Already in percent: 22.0 is 22 %.
        ("average_lift_percentage", "22.0%", "at least 15.0%"),
        # A fraction in spite of its name: -0.18 is -18 %.
        ("cpa_reduction_percentage", "\u221218.0%", "at least 15.0%"),
        ("targeting_precision_improvement", "+1.6 points", "at least +10.0 points"),
        ("conversion_rate_delta", "\u22120.065 points", "at least +0.100 points"),
        ("marketing_attributed_revenue", "$148,269", "none set"),
        ("roi_estimate", "33.6%", "at least 50.0%"),
        ("wasted_spend_reduction", None, "at least 10.0%"),
    ],
)
def test_every_figure_reads_in_its_unit(name, actual, target) -> None:
    row = line(name)
    assert (row["value_text"], row["target_text"]) == (actual, target)


@pytest.mark.parametrize(
    ("name", "attained", "tier"),
    [
        # 0.9 / 0.95 is 0.947
        ("campaign_execution_success_rate", "95%", "on_track"),
        # 5 / 0.04 is 125 times the target: past the cap
        ("average_latency_seconds", "over 200%", "exceeded"),
        # 6 / 8 is 0.75, under the warning threshold of 0.8
        ("insight_to_action_time_hours", "75%", "at_risk"),
        # -0.00065 / 0.001
        ("conversion_rate_delta", "\u221265%", "critical"),
        ("marketing_attributed_revenue", None, "not_scored"),
        ("wasted_spend_reduction", None, "unmeasured"),
    ],
)
def test_attainment_and_tier(name, attained, tier) -> None:
    row = line(name)
    assert (row["attained"], row["tier"]) == (attained, tier)


def test_attainment_of_exactly_the_cap_is_not_over_it() -> None:
    assert line("data_freshness_hours", make(data_freshness_hours=1.0))["attained"] == "200%"


def test_a_tier_says_what_it_forces_and_a_gap_says_why() -> None:
    assert line("conversion_rate_delta")["forced"] == "notify, human review"
    assert line("insight_to_action_time_hours")["forced"] == "notify"
    assert line("human_review_frequency")["forced"] is None
    assert line("wasted_spend_reduction")["reason"] == "nothing was wasted"
    assert "nothing was wasted" in kpi_scorecard(make()).html()


def test_groups_stand_in_order_with_their_word_and_the_gravest_first() -> None:
    frame = kpi_scorecard(make()).frame
    assert frame["heading"].unique(maintain_order=True).to_list() == [
        # Setup errors of 2 against a target of 0.
        "Operational health: \u25b2 at risk, 1 of 6 KPIs at risk or critical",
        # Precision 0.16, a gain short of its target, and time to action 0.75 at risk; velocity
        # 1.2 / 1.5 = 0.8 is neither.
        "Campaign impact: \u25b2 at risk, 2 of 5 KPIs at risk or critical",
        # Rate and cost critical, return 0.336 / 0.5 = 0.672 at risk.
        "Business value: \u25b2 at risk, 3 of 5 KPIs at risk or critical",
    ]
    order = [str(tier) for tier in TIER]
    for _, group in frame.group_by("group"):
        places = [order.index(tier) for tier in group["standing"]]
        assert places == sorted(places)


def test_the_finding_counts_tiers_and_names_the_group() -> None:
    # Critical: setup errors, conversion rate, cost per acquisition. At risk: time to action,
    # return, and precision, which gained less than it should. Not measured: wasted spend.
    assert kpi_scorecard(make()).title == (
        "3 of 16 KPIs are critical and 3 at risk, most in business value; 1 cannot be measured."
    )


def test_a_good_scorecard_says_so() -> None:
    good = {name: TARGETS[name] for name in VALUES}
    table = kpi_scorecard(make(**good))
    assert table.title == "None of 16 KPIs is at risk or critical."
    assert "Operational health: \u25a0 on track" in table.frame["heading"].to_list()


def test_every_word_has_a_status() -> None:
    assert set(TIER) == set(Tier)
    assert set(GROUP) == set(KpiStatus)


def test_both_targets_show_group_tier_and_reason() -> None:
    table = kpi_scorecard(make())
    for text in ("Operational health", "Critical", "Not measured", "nothing was wasted"):
        assert text in table.html()
        assert text in table.typst()


# The bullets


def test_a_bullet_is_cut_at_both_edges_and_marked() -> None:
    rows = {row["label"]: row for row in drawn(kpi_bullets(make())) if row["label"]}
    latency = rows[LABELS["average_latency_seconds"]]
    delta = rows[LABELS["conversion_rate_delta"]]
    plain = rows[LABELS["insight_to_action_time_hours"]]
    assert (latency["end"], latency["over"], latency["under"]) == (2.0, True, False)
    assert (delta["end"], delta["over"], delta["under"]) == (0.0, False, True)
    assert (plain["end"], plain["over"], plain["under"]) == (0.75, False, False)
    notes = " ".join(kpi_bullets(make()).notes)
    # Over: latency, freshness (2 / 0.25 is 8). Below 0: conversion rate, cost per acquisition.
    assert "(4 of 14)" in notes
    assert "2 KPIs without value or target" in notes


def test_bullets_stand_under_their_groups_in_the_scorecards_order() -> None:
    rows = drawn(kpi_bullets(make()))
    assert [row["line"] for row in rows] == list(range(len(rows)))
    assert [row["heading"] for row in rows if row["heading"]] == [
        "Operational health",
        "Campaign impact",
        "Business value",
    ]
    table = kpi_scorecard(make()).frame.drop_nulls("attainment")
    assert [row["label"] for row in rows if row["label"]] == table["label"].to_list()


def test_zones_follow_the_settings() -> None:
    chart = kpi_bullets(make(kpi_warning_threshold=0.9, kpi_critical_threshold=0.4))
    zones = [
        (layer["encoding"]["x"]["datum"], layer["encoding"]["x2"]["datum"])
        for layer in chart.drawing.to_dict()["layer"]
        if "x2" in layer["encoding"]
    ]
    assert zones == [(0.0, 0.4), (0.4, 0.9), (0.9, 2.0)]
    assert "critical below 40%, at risk below 90%" in chart.notes[0]


def test_the_words_of_the_chart_are_the_figures() -> None:
    chart = kpi_bullets(make())
    # At least 1: latency, reviews (0.3 / 0.2), violations, freshness, lift, consistency.
    assert chart.title == "6 of 14 scored KPIs meet the target."
    assert "Time from signal to action: 8.00 h, 75% of target, at risk." in chart.alt
    svg = chart.svg()
    assert "null" not in re.sub(r"<style.*?</style>", "", svg)
    assert "over 200%" in svg


def test_nothing_scored_is_a_sentence() -> None:
    assert isinstance(kpi_bullets(make(**dict.fromkeys(VALUES))), Unavailable)
    blind = kpi_scorecard(make(**dict.fromkeys(VALUES)))
    assert blind.title == "None of 16 KPIs is at risk or critical; 16 cannot be measured."
    assert blind.html()


def test_without_tracking_the_page_says_so() -> None:
    run = make()
    del run.tables["measured_kpis"]
    assert isinstance(kpi_scorecard(run), Unavailable)
    assert isinstance(kpi_bullets(run), Unavailable)


def test_the_sample_twice_is_the_same(sample_run) -> None:
    for block in (kpi_scorecard, kpi_bullets):
        assert block(sample_run).html() == block(sample_run).html()
        assert block(sample_run).typst() == block(sample_run).typst()
