"""KPIs against targets: attainment, tiers at their edges, group words."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import pytest

from mktorch.analysis.scorecard import Limits, kpi_status, scorecard
from mktorch.config import MarketingOrchestratorConfig

CONFIG = MarketingOrchestratorConfig()
TARGETS = CONFIG.kpi_targets


LIMITS = Limits(TARGETS, 0.8, 0.5, CONFIG.freeze_on, 0.02)
Ends = tuple[float | None, float | None]


def score(
    ends: Mapping[str, Ends] | None = None, parts: Ends = (None, None), **values: float | None
) -> pl.DataFrame:
    """Values against the default targets; without `ends` each is exact."""
    frame = pl.DataFrame(
        {"kpi": list(values), "value": list(values.values())},
        schema_overrides={"value": pl.Float64},
    ).with_columns(
        numerator=pl.lit(parts[0], pl.Float64),
        denominator=pl.lit(parts[1], pl.Float64),
        window=pl.lit("all"),
        reason=pl.lit(None, pl.String),
    )
    known = [(k, *(ends or {}).get(k, (v, v)), None) for k, v in values.items() if v is not None]
    intervals = pl.DataFrame(
        known,
        {"kpi": pl.String, "low": pl.Float64, "high": pl.Float64, "interval_reason": pl.String},
        orient="row",
    )
    return scorecard(frame, intervals, LIMITS)


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


def test_what_each_standing_forces() -> None:
    table = score(
        roi_estimate=0.1, insight_to_action_time_hours=7.0, messaging_consistency_score=0.1,
        experiment_velocity=1.0, wasted_spend_reduction=0.1,
    )  # fmt: skip
    assert table.select("kpi", "escalation").rows() == [
        ("experiment_velocity", "notify"),
        ("messaging_consistency_score", "notify, human_review"),
        ("insight_to_action_time_hours", None),
        ("wasted_spend_reduction", None),
        ("roi_estimate", "notify, human_review, budget_freeze"),
    ]


STANDINGS = [
    # the return: 0.25 is the critical bound of a target of 0.5
    ("roi_estimate", 0.1, (0.0, 0.2), "critical"),
    ("roi_estimate", 0.1, (0.0, 0.3), "at_risk"),
    ("roi_estimate", 0.1, (None, None), "at_risk"),
    ("roi_estimate", 0.3, (0.3, 0.3), "at_risk"),
    ("roi_estimate", 0.6, (-1.0, 2.0), "exceeded"),  # a met target is met
    # hours: 12 is the critical bound of a target of 6, and more is worse
    ("insight_to_action_time_hours", 20.0, (13.0, 27.0), "critical"),
    ("insight_to_action_time_hours", 20.0, (11.0, 29.0), "at_risk"),
    ("policy_violation_count", 1.0, (1.0, 1.0), "critical"),  # counted
    # changes: at 0 there is none
    ("cpa_reduction_percentage", -0.18, (-0.25, -0.11), "critical"),
    ("cpa_reduction_percentage", -0.18, (-0.4, 0.04), "steady"),
    ("cpa_reduction_percentage", -0.18, (None, None), "steady"),
    ("cpa_reduction_percentage", 0.05, (0.01, 0.07), "at_risk"),  # better, but short of the target
    ("cpa_reduction_percentage", 0.05, (-0.01, 0.11), "steady"),
    ("cpa_reduction_percentage", 0.2, (-0.01, 0.41), "exceeded"),
]


@pytest.mark.parametrize(("kpi", "value", "ends", "standing"), STANDINGS)
def test_the_evidence_decides_what_a_tier_stands_at(kpi, value, ends, standing) -> None:
    row = score({kpi: ends}, **{kpi: value}).row(0, named=True)
    assert row["standing"] == standing


def test_a_change_too_small_to_tell_is_steady_however_sure() -> None:
    """5.05 against 5.00 is a change of 1 %, and less than the 2 % that are worth telling."""
    sure = {"cpa_reduction_percentage": (-0.011, -0.009)}
    small = score(sure, (5.05, 5.0), cpa_reduction_percentage=-0.01)
    assert small["standing"].item() == "steady"
    large = score(sure, (5.5, 5.0), cpa_reduction_percentage=-0.01)
    assert large["standing"].item() == "critical"


def test_what_was_full_and_stays_so_is_met() -> None:
    full = score(None, (1.0, 1.0), targeting_precision_improvement=0.0)
    assert full.select("tier", "standing").row(0) == ("critical", "on_track")
    half = score(None, (0.5, 0.5), targeting_precision_improvement=0.0)
    assert half["standing"].item() == "steady"


def test_only_the_kpis_named_freeze() -> None:
    limits = LIMITS._replace(freeze_on=("experiment_setup_errors",))
    rows = pl.DataFrame({"kpi": ["policy_violation_count", "experiment_setup_errors"]})
    values = rows.with_columns(
        value=1.0, numerator=pl.lit(None, pl.Float64), denominator=pl.lit(None, pl.Float64),
        window=pl.lit("all"), reason=pl.lit(None, pl.String),
    )  # fmt: skip
    ends = rows.with_columns(low=1.0, high=1.0, interval_reason=pl.lit(None, pl.String))
    found = scorecard(values, ends, limits)["escalation"].str.contains("budget_freeze")
    assert found.to_list() == [False, True]


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
