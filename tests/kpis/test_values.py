"""Each KPI on a table small enough to check by hand, and each moved by one changed record."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest

from mktorch import paired
from mktorch.clock import DAYS_PER_MONTH, Clock
from mktorch.kpis import NAMED

AS_OF = datetime(2026, 3, 15, 12)


Inputs = dict[str, object]


def value(inputs: Inputs, kpi: str) -> tuple[float | None, str | None]:
    found = NAMED[kpi].of(inputs)
    return found.value, found.reason


# --- operational -------------------------------------------------------------------------------


def operational(**changed: object) -> Inputs:
    frames = {
        "campaigns": pl.DataFrame({"status": ["active", "completed", "paused", "planned"]}),
        "orchestrator_decisions": pl.DataFrame({"human_override": [True, False, False, False]}),
        "policy_violations": pl.DataFrame({"id": ["A", "B"]}),
        "experiment_setup_faults": pl.DataFrame({"experiment_id": ["E1", "E1", "E2"]}),
        "experiments": pl.DataFrame({"experiment_id": ["E1", "E2", "E3", "E4"]}),
        "performance_metrics": pl.DataFrame({"timestamp": [datetime(2026, 3, 15, 6)]}),
        "funnel_events": pl.DataFrame({"timestamp": [datetime(2026, 3, 15, 9)]}),
    }
    return {**frames, **changed, "clock": Clock(AS_OF)}


def test_operational_by_hand() -> None:
    inputs = operational()
    # launched: active, completed, paused; of these active and completed succeed: 2 / 3
    assert value(inputs, "campaign_execution_success_rate") == (pytest.approx(2 / 3), None)
    assert value(inputs, "human_review_frequency") == (0.25, None)
    assert value(inputs, "policy_violation_count") == (2.0, None)
    assert value(inputs, "experiment_setup_errors") == (2.0, None)  # E1 has two faults, counts once
    assert value(inputs, "data_freshness_hours") == (3.0, None)  # 12:00 less 9:00


@pytest.mark.parametrize(
    ("kpi", "frames", "expected"),
    [
        (
            "campaign_execution_success_rate",
            {"campaigns": pl.DataFrame({"status": ["active", "active", "paused", "planned"]})},
            2 / 3,
        ),
        (
            "campaign_execution_success_rate",
            {"campaigns": pl.DataFrame({"status": ["paused", "completed", "paused", "planned"]})},
            1 / 3,
        ),
        (
            "human_review_frequency",
            {
                "orchestrator_decisions": pl.DataFrame(
                    {"human_override": [True, True, False, False]}
                )
            },
            0.5,
        ),
        ("policy_violation_count", {"policy_violations": pl.DataFrame({"id": ["A"]})}, 1.0),
        (
            "experiment_setup_errors",
            {"experiment_setup_faults": pl.DataFrame({"experiment_id": ["E1", "E3", "E2"]})},
            3.0,
        ),
        (
            "data_freshness_hours",
            {"funnel_events": pl.DataFrame({"timestamp": [datetime(2026, 3, 15, 3)]})},
            6.0,
        ),
    ],
)
def test_one_record_moves_it(kpi, frames, expected) -> None:
    assert value(operational(**frames), kpi) == (pytest.approx(expected), None)


def test_operational_without_records_is_null_with_a_reason() -> None:
    none = pl.DataFrame({"timestamp": []}, schema={"timestamp": pl.Datetime("us")})
    inputs = operational(
        campaigns=pl.DataFrame({"status": ["planned"]}),
        orchestrator_decisions=pl.DataFrame(
            {"human_override": []}, schema={"human_override": pl.Boolean}
        ),
        performance_metrics=none,
        funnel_events=none,
        experiments=pl.DataFrame({"experiment_id": []}),
    )
    errors = value(inputs, "experiment_setup_errors")
    assert errors == (None, "no experiment is on record")
    assert value(inputs, "campaign_execution_success_rate") == (
        None,
        "no campaign has been launched",
    )
    assert value(inputs, "human_review_frequency") == (None, "no decision is recorded")
    assert value(inputs, "data_freshness_hours") == (None, "no performance or funnel record")


def test_latency_is_the_mean_of_the_steps() -> None:
    assert value({"seconds": [1.0, 2.0, 6.0]}, "average_latency_seconds") == (3.0, None)
    assert value({"seconds": []}, "average_latency_seconds") == (None, "no step has run")


# --- effectiveness -----------------------------------------------------------------------------

CAMPAIGNS = pl.DataFrame({"campaign_id": ["C1", "C2", "C3"]})
EXPERIMENTS = pl.DataFrame(
    {
        "experiment_id": [f"E{n}" for n in range(5)],
        "start_date": [date(2026, 3, 1)] * 4 + [date(2026, 3, 10)],
        "control_asset": ["A1"] * 5,
    }
)
EVALUATIONS = pl.DataFrame(
    {
        "experiment_id": ["E1", "E2", "E3", "E4"],
        "variant_asset": ["A2", "A3", "A4", "A5"],
        "significant": [True, True, False, None],
        "improvement": [0.3, -0.1, 0.9, None],
    }
)
ASSETS = pl.DataFrame({"asset_id": ["A1", "A2", "A3", "A4"], "cta": ["Try", "Try", "Buy", "Buy"]})
BY_ASSET = pl.DataFrame(
    {
        "asset_id": ["A1", "A2", "A3", "A4"],
        "campaign_id": ["C1", "C1", "C1", "C2"],
        "segment_id": ["S1"] * 4,
        "window": ["all"] * 4,
        "impressions": [300, 200, 100, 400],
    }
)
INBOX = pl.DataFrame(
    {
        "origin": ["supplied", "both", "supplied", "detected"],
        "hours_to_action": [2.0, 4.0, None, 99.0],
    }
)
BY_SEGMENT = pl.DataFrame(
    {
        "campaign_id": ["C1"] * 4,
        "segment_id": ["S1", "S2", "S1", "S2"],
        "window": ["current", "current", "prior", "prior"],
        "impressions": [600, 400, 500, 500],
        "conversions": [12, 2, 2, 10],
    }
)


def effectiveness(**changed: object) -> Inputs:
    frames = {
        "campaigns": CAMPAIGNS,
        "creative_assets": ASSETS,
        "experiments": EXPERIMENTS,
        "experiment_evaluations": EVALUATIONS,
        "risk_inbox": INBOX,
        "rollup_asset": BY_ASSET,
        "rollup_segment": BY_SEGMENT,
        "clock": Clock(AS_OF),
    }
    return {**frames, **changed}


def test_effectiveness_by_hand() -> None:
    inputs = effectiveness()
    # five experiments, three campaigns, less than a month counts as one: 5 / 3
    assert value(inputs, "experiment_velocity") == (pytest.approx(5 / 3), None)
    # significant: +30 % and -10 %
    assert value(inputs, "average_lift_percentage") == (pytest.approx(10.0), None)
    # C1: Try 500 of 600; C2: Buy 400 of 400; 900 / 1000
    assert value(inputs, "messaging_consistency_score") == (0.9, None)
    # 2 and 4 hours; one signal is unanswered; the detected one has no say
    assert value(inputs, "insight_to_action_time_hours") == (
        3.0,
        "1 unanswered signal is not in the mean",
    )
    # now: C1 converts 14 / 1000; S1 at 2 % is above, 600 of 1000 impressions
    # before: 12 / 1000; S2 at 2 % is above, 500 of 1000: 0.6 - 0.5
    assert value(inputs, "targeting_precision_improvement") == (pytest.approx(0.1), None)


def test_velocity_counts_months_once_they_are_more_than_one_and_only_what_has_started() -> None:
    later = effectiveness(clock=Clock(datetime(2026, 5, 15)))
    expected = 5 / (3 * 75 / DAYS_PER_MONTH)  # 1 March to 15 May are 75 days
    assert value(later, "experiment_velocity")[0] == pytest.approx(expected)
    assert value(effectiveness(clock=Clock(datetime(2026, 3, 5))), "experiment_velocity")[0] == (
        pytest.approx(4 / 3)
    )


def test_a_segment_exactly_at_the_campaigns_rate_counts_as_precise() -> None:
    level = BY_SEGMENT.with_columns(conversions=pl.Series([6, 4, 5, 5]))
    assert value(effectiveness(rollup_segment=level), "targeting_precision_improvement")[0] == 0.0


@pytest.mark.parametrize(
    ("kpi", "changed", "expected"),
    [
        (
            "average_lift_percentage",
            {
                "experiment_evaluations": EVALUATIONS.with_columns(
                    significant=pl.Series([True, False] * 2)
                )
            },
            60.0,  # E1 +30 %, E3 +90 %
        ),
        (
            "messaging_consistency_score",
            {"creative_assets": ASSETS.with_columns(cta=pl.Series(["Try", "Buy", "Buy", "Buy"]))},
            0.7,  # C1: Try 300, Buy 300; C2: 400
        ),
        (
            "insight_to_action_time_hours",
            {"risk_inbox": INBOX.with_columns(hours_to_action=pl.Series([2.0, 10.0, 3.0, 9.0]))},
            5.0,
        ),
        ("targeting_precision_improvement", {"rollup_segment": BY_SEGMENT[:2]}, None),
    ],
)
def test_one_record_moves_effectiveness(kpi, changed, expected) -> None:
    assert value(effectiveness(**changed), kpi)[0] == (
        None if expected is None else pytest.approx(expected)
    )


def test_an_experiment_that_is_only_planned_has_no_velocity() -> None:
    planned = EXPERIMENTS.with_columns(start_date=pl.lit(date(2099, 1, 1)))
    inputs = effectiveness(experiments=planned)
    assert value(inputs, "experiment_velocity") == (None, "no experiment has started")


def test_a_segment_whose_conversions_are_not_known_yet_takes_no_part() -> None:
    blank = BY_SEGMENT.with_columns(
        pl.when(window="current").then(None).otherwise("conversions").alias("conversions")
    )
    assert value(effectiveness(rollup_segment=blank), "targeting_precision_improvement") == (
        None,
        "conversions are not known yet in the current window",
    )


def test_effectiveness_without_records_is_null_with_a_reason() -> None:
    inputs = effectiveness(
        campaigns=CAMPAIGNS.clear(),
        experiments=EXPERIMENTS.clear(),
        experiment_evaluations=EVALUATIONS.clear(),
        risk_inbox=INBOX.clear(),
        rollup_asset=BY_ASSET.clear(),
        rollup_segment=BY_SEGMENT.clear(),
    )
    for kpi, reason in {
        "experiment_velocity": "there is no campaign",
        "average_lift_percentage": "no experiment is significant",
        "messaging_consistency_score": "no asset that states a call to action was served",
        "insight_to_action_time_hours": "no risk signal was answered",
        "targeting_precision_improvement": "no impressions in the current window",
    }.items():
        assert value(inputs, kpi) == (None, reason)


# --- business ----------------------------------------------------------------------------------

ASSESSMENT = pl.DataFrame(
    {"total_spend": [10500.0], "total_revenue_proxy": [19150.0], "overall_roi": [0.82]}
)
BY_CAMPAIGN = pl.DataFrame(
    {
        "campaign_id": ["C1", "C2", "C1", "C1"],
        "window": ["current", "current", "prior", "all"],
        "impressions": [600, 400, 1000, 9],
        "conversions": [12, 8, 10, 9],
        "cost": [60.0, 40.0, 80.0, 9.0],
    }
)
WASTE = pl.DataFrame(
    {
        "window": ["current", "current", "prior", "prior", "prior"],
        "impressions": [100, 100, 100, 100, 0],
        "conversions": [0, 5, 0, 5, 0],
        "cost": [10.0, 90.0, 30.0, 60.0, 10.0],
    }
)
BY_EXPERIMENT = pl.DataFrame(
    {
        "experiment_id": ["E1", "E1"],
        "asset_id": ["A1", "A2"],
        "impressions": [1000, 1000],
        "conversions": [10, 16],
        "cost": [50.0, 40.0],
    }
)


def business(**changed: object) -> Inputs:
    frames = {
        "performance_assessment": ASSESSMENT,
        "campaign_goals": pl.DataFrame({"valued": [False, True]}),
        "rollup_campaign": BY_CAMPAIGN,
        "rollup_asset": WASTE,
        "rollup_experiment": BY_EXPERIMENT,
        "experiments": EXPERIMENTS,
        "rollup_paired": paired.RollupPaired.create_empty(),
    }
    return {**frames, **changed}


def test_business_by_hand() -> None:
    inputs = business()
    # 20 / 1000 now, 10 / 1000 then
    assert value(inputs, "conversion_rate_delta") == (pytest.approx(0.01), None)
    # 100 / 20 = 5 now, 80 / 10 = 8 then: 1 - 5 / 8
    assert value(inputs, "cpa_reduction_percentage") == (pytest.approx(0.375), None)
    assert value(inputs, "marketing_attributed_revenue") == (19150.0, None)
    # wasted now 10 of 100; then 30 of 100 (an asset without impressions wastes nothing)
    assert value(inputs, "wasted_spend_reduction") == (pytest.approx(1 - 0.1 / 0.3), None)
    assert value(inputs, "roi_estimate") == (0.82, None)


def test_no_return_where_nobody_records_what_results_are_worth() -> None:
    inputs = business(campaign_goals=pl.DataFrame({"valued": [False, False]}))
    assert value(inputs, "roi_estimate") == (
        None,
        "no campaign records what its results are worth",
    )


def test_without_a_prior_window_variants_stand_against_controls_and_it_says_so() -> None:
    inputs = business(rollup_campaign=BY_CAMPAIGN.filter(window="current"))
    # variant 16 / 1000, control 10 / 1000; cost per acquisition 2.5 against 5
    assert value(inputs, "conversion_rate_delta") == (pytest.approx(0.006), None)
    assert value(inputs, "cpa_reduction_percentage") == (pytest.approx(0.5), None)
    assert (
        NAMED["conversion_rate_delta"].of(inputs).window == "variants - controls (no prior window)"
    )


@pytest.mark.parametrize(
    ("changed", "kpi", "reason"),
    [
        (
            {"rollup_campaign": BY_CAMPAIGN.filter(window="prior")},
            "conversion_rate_delta",
            "no impressions in current window",
        ),
        (
            {
                "rollup_campaign": BY_CAMPAIGN.filter(window="current"),
                "rollup_experiment": BY_EXPERIMENT.clear(),
            },
            "conversion_rate_delta",
            "no impressions in variants",
        ),
        (
            {"rollup_campaign": BY_CAMPAIGN.with_columns(conversions=pl.Series([1, 1, 0, 0]))},
            "cpa_reduction_percentage",
            "no conversions in prior window",
        ),
        (
            {"rollup_asset": WASTE.with_columns(conversions=pl.Series([0, 5, 1, 5, 0]))},
            "wasted_spend_reduction",
            "wasted was 0 before: nothing to reduce",
        ),
        (
            {
                "performance_assessment": ASSESSMENT.with_columns(
                    pl.lit(None, pl.Float64).alias(name) for name in ("total_spend", "overall_roi")
                )
            },
            "roi_estimate",
            "no spend is recorded",
        ),
        (
            {
                "performance_assessment": ASSESSMENT.with_columns(
                    pl.lit(None, pl.Float64).alias(name)
                    for name in ("total_revenue_proxy", "overall_roi")
                )
            },
            "roi_estimate",
            "no revenue is recorded",
        ),
        (
            {
                "rollup_campaign": BY_CAMPAIGN.with_columns(
                    conversions=pl.Series([None, None, 1, 1])
                )
            },
            "conversion_rate_delta",
            "conversions are not known yet in current window",
        ),
    ],
)
def test_business_reasons(changed, kpi, reason) -> None:
    assert value(business(**changed), kpi) == (None, reason)


def test_the_age_of_data_is_in_hours_that_passed_over_a_change_of_clock() -> None:
    clock = Clock(datetime(2026, 3, 29, 12), zone="Europe/Stockholm")
    midnight = pl.DataFrame({"timestamp": [datetime(2026, 3, 29)]})
    inputs = operational(performance_metrics=midnight, funnel_events=midnight.clear())
    # the clock leaps from 2:00 to 3:00: 12 on its face, 11 gone by
    assert value({**inputs, "clock": clock}, "data_freshness_hours") == (11.0, None)
