"""KPIs against targets: attainment, tiers at their edges, group words."""

from __future__ import annotations

import polars as pl
import pytest

from mktorch.analysis.scorecard import kpi_status, scorecard
from mktorch.config import MarketingOrchestratorConfig

CONFIG = MarketingOrchestratorConfig()
TARGETS = CONFIG.kpi_targets


def score(**values: float | None) -> pl.DataFrame:
    frame = pl.DataFrame(
        {"kpi": list(values), "value": list(values.values())},
        schema_overrides={"value": pl.Float64},
    ).with_columns(
        numerator=pl.lit(None, pl.Float64),
        denominator=pl.lit(None, pl.Float64),
        window=pl.lit("all"),
        reason=pl.lit(None, pl.String),
    )
    return scorecard(frame, TARGETS, warning=0.8, critical=0.5)


@pytest.mark.parametrize(
    ("kpi", "value", "attainment", "tier"),
    [
        ("roi_estimate", 0.6, 1.2, "exceeded"),  # 0.6 / 0.5
        ("roi_estimate", 0.5999, 1.1998, "on_track"),
        ("roi_estimate", 0.4, 0.8, "on_track"),
        ("roi_estimate", 0.3999, 0.7998, "at_risk"),
        ("roi_estimate", 0.25, 0.5, "at_risk"),
        ("roi_estimate", 0.2499, 0.4998, "critical"),
        ("roi_estimate", -0.5, -1.0, "critical"),
        ("data_freshness_hours", 1.0, 2.0, "exceeded"),  # down: 2 / 1
        ("data_freshness_hours", 2.5, 0.8, "on_track"),
        ("data_freshness_hours", 4.1, 2 / 4.1, "critical"),
        ("data_freshness_hours", 0.0, 2.0, "exceeded"),  # the cap
        ("policy_violation_count", 0.0, 1.0, "on_track"),  # a target of 0 is met by 0 alone
        ("policy_violation_count", 1.0, 0.0, "critical"),
        ("marketing_attributed_revenue", 5.0, None, "not_scored"),  # no target is set
        ("roi_estimate", None, None, "unmeasured"),
    ],
)
def test_attainment_and_tier(kpi, value, attainment, tier) -> None:
    row = score(**{kpi: value}).row(0, named=True)
    assert row["attainment"] == (None if attainment is None else pytest.approx(attainment))
    assert row["tier"] == tier


def test_what_each_tier_forces() -> None:
    table = score(roi_estimate=0.1, cpa_reduction_percentage=0.1, wasted_spend_reduction=0.1)
    assert table.select("kpi", "escalation").rows() == [
        ("cpa_reduction_percentage", "notify"),
        ("wasted_spend_reduction", None),
        ("roi_estimate", "notify, human_review, budget_freeze"),
    ]


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"roi_estimate": 0.6, "wasted_spend_reduction": 0.12}, "exceeded"),
        # one at risk is enough, however good the others are
        ({"roi_estimate": 0.35, "wasted_spend_reduction": 9.0}, "at_risk"),
        ({"roi_estimate": 0.1, "wasted_spend_reduction": 9.0}, "at_risk"),
        ({"roi_estimate": 0.5, "wasted_spend_reduction": 0.1}, "on_track"),
        # attainments of 9 (capped at 2) and 0.8 have the mean 1.4; uncapped or not, exceeded
        ({"roi_estimate": 4.5, "wasted_spend_reduction": 0.08}, "exceeded"),
        # not measured is never met: no exceeding with a gap, and nothing measured is at risk
        ({"roi_estimate": 0.6, "wasted_spend_reduction": None}, "on_track"),
        ({"roi_estimate": None, "wasted_spend_reduction": None}, "at_risk"),
    ],
)
def test_group_status(values, status) -> None:
    assert kpi_status(score(**values))["status"].to_list() == [status]


def test_the_cap_bounds_one_kpis_weight() -> None:
    # 9 capped at 2, and 0.8 three times: mean 1.1; uncapped it would be 2.85
    table = score(
        roi_estimate=4.5,
        wasted_spend_reduction=0.08,
        cpa_reduction_percentage=0.12,
        conversion_rate_delta=0.0008,
    )
    row = kpi_status(table).row(0, named=True)
    assert row["mean_attainment"] == pytest.approx(1.1)
    assert row["status"] == "on_track"
