"""What the list of KPIs promises: the contract's groups, directions and units; docs and labels."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from mktorch.catalog import definition
from mktorch.config import MarketingOrchestratorConfig
from mktorch.kpis import KPIS, LABELS, NAMED, PHRASES, STATE_GROUPS, default_targets
from mktorch.kpis.model import QUOTIENT
from mktorch.kpis.reference import reference, refreshed
from mktorch.state import STATE_KEYS

DOCS = Path(__file__).parents[2] / "docs" / "kpis.md"
# The public contract: group, which way is better, unit of the value, default target.
CONTRACT = {
    "campaign_execution_success_rate": ("operational_health", "up", "fraction", 0.95),
    "average_latency_seconds": ("operational_health", "down", "seconds", 5.0),
    "human_review_frequency": ("operational_health", "down", "fraction", 0.3),
    "policy_violation_count": ("operational_health", "down", "count", 0.0),
    "experiment_setup_errors": ("operational_health", "down", "count", 0.0),
    "data_freshness_hours": ("operational_health", "down", "hours", 2.0),
    "experiment_velocity": ("campaign_impact", "up", "ratio", 1.5),
    "average_lift_percentage": ("campaign_impact", "up", "percentage", 15.0),
    "messaging_consistency_score": ("campaign_impact", "up", "fraction", 0.85),
    "insight_to_action_time_hours": ("campaign_impact", "down", "hours", 6.0),
    "targeting_precision_improvement": ("campaign_impact", "up", "fraction", 0.1),
    "conversion_rate_delta": ("business_value", "up", "fraction", 0.001),
    "cpa_reduction_percentage": ("business_value", "up", "fraction", 0.15),
    "marketing_attributed_revenue": ("business_value", "up", "currency", 0.0),
    "wasted_spend_reduction": ("business_value", "up", "fraction", 0.1),
    "roi_estimate": ("business_value", "up", "fraction", 0.5),
}


def test_the_list_is_the_contract_in_its_order() -> None:
    assert {k.name: (k.group, k.better, k.unit, k.target) for k in KPIS} == CONTRACT
    assert [k.name for k in KPIS] == list(CONTRACT)
    assert [k.name for k in KPIS if k.measured] == ["average_latency_seconds"]


def test_the_targets_in_force_are_the_declared_ones_until_they_are_set() -> None:
    assert MarketingOrchestratorConfig().kpi_targets == {k.name: k.target for k in KPIS}
    changed = MarketingOrchestratorConfig(business_kpi_targets={"roi_estimate": 0.4}).kpi_targets
    assert changed == {k.name: k.target for k in KPIS} | {"roi_estimate": 0.4}


def test_the_state_holds_every_group() -> None:
    assert set(STATE_GROUPS) <= set(STATE_KEYS)
    held = [name for group in STATE_GROUPS.values() for name in default_targets(group)]
    assert held == list(NAMED)


def test_the_page_of_the_docs_is_up_to_date() -> None:
    text = DOCS.read_text()
    assert reference() in text
    assert refreshed(text) == text, "make docs"
    assert refreshed(text.replace("| 0.95 |", "| 0.96 |").replace("| down |", "| up |")) == text


def test_labels_tell_the_kpis_apart_and_read_within_a_list() -> None:
    assert len(set(LABELS.values())) == len(KPIS)
    assert not [phrase for phrase in PHRASES.values() if "," in phrase or "_" in phrase]
    assert PHRASES["cpa_reduction_percentage"] == "reduction in cost per acquisition"
    assert PHRASES["policy_violation_count"] == "policy violations"


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.name)
def test_what_a_figure_s_source_says_is_the_declaration(kpi) -> None:
    told = definition("measured_kpis", "value", kpi.name)
    assert told.words == kpi.words
    assert [(up.table, up.columns, up.where) for up in told.upstream] == list(kpi.upstream)
    assert ("clock" in kpi.inputs) == ("as_of" in told.config)


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.name)
def test_a_quotient_is_its_numerator_over_its_denominator(sample_run, kpi) -> None:
    row = sample_run.tables["measured_kpis"].row(by_predicate=pl.col("kpi") == kpi.name, named=True)
    parts = (row["numerator"], row["denominator"])
    if kpi.formula == QUOTIENT:
        assert row["value"] == parts[0] / parts[1]
    else:
        assert None in parts or row["value"] != parts[0] / parts[1]
