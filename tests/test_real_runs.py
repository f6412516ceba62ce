"""Whole runs of records as platforms write them: honest gaps, no invented zero."""

from __future__ import annotations

from typing import Any

import pytest

from mktorch import display
from mktorch.config import MarketingOrchestratorConfig
from mktorch.pipeline import check, run
from mktorch.runs import Run
from tests.sources.exports import AD, CAMPAIGN, Record, export, row, written


def finished(tmp_path, tables: dict[str, list[Any]], **settings: Any) -> Run:
    data = written(tmp_path / "data", tables)
    done = run(
        data,
        out=tmp_path / "runs",
        reports_dir=str(tmp_path / "reports"),
        enable_progress_tracking=False,
        **settings,
    )
    assert not done.manifest.errors
    return done


def kpi(done: Run, name: str) -> tuple[float | None, str | None]:
    found = done.tables.kpis.filter(kpi=name).row(0, named=True)
    return found["value"], found["reason"]


def test_a_rate_divides_the_days_that_know_both_parts(tmp_path):
    """Seven days of 10 conversions for 100, and of 400 revenue; seven of which neither is known.

    Cost per acquisition is 700 / 70 = 10, not 1,400 / 70; the return is 2,800 / 700 = 4.
    """
    rows = [row(day) for day in range(1, 8)]
    rows += [row(day, conversions=None, revenue_proxy=None) for day in range(8, 15)]
    done = finished(
        tmp_path, export(rows, campaigns=[{**CAMPAIGN, "primary_kpi": "cost_per_acquisition"}])
    )
    assert done.manifest.as_of.isoformat() == "2026-03-14T00:00:00"
    campaign = done.tables.campaign_analysis.row(0, named=True)
    assert (campaign["total_spend"], campaign["total_revenue_proxy"]) == (1400.0, 2800.0)
    assert (campaign["rated_spend"], campaign["roas"], campaign["roi"]) == (700.0, 4.0, 3.0)
    assert done.tables.performance_assessment["overall_roi"].item() == 3.0
    segment = done.tables.segment_windows.rows_by_key("window", named=True, unique=True)
    assert (segment["all"]["kpi_value"], segment["all"]["roas"]) == (10.0, 4.0)
    assert (segment["current"]["kpi_value"], segment["current"]["roas"]) == (None, None)
    assert (segment["current"]["cost"], segment["current"]["conversions"]) == (700.0, None)
    value, reason = kpi(done, "conversion_rate_delta")
    assert (value, reason) == (None, "conversions are not known yet in current window")
    text = (tmp_path / "reports" / done.run_id / "executive_summary.md").read_text()
    assert "without a conversion" not in text


def test_five_sources_make_a_run_without_an_invented_zero(tmp_path):
    rows = [{k: v for k, v in row(day).items() if k != "revenue_proxy"} for day in range(1, 15)]
    done = finished(tmp_path, export(rows))
    campaign = done.tables.campaign_analysis.row(0, named=True)
    assert (campaign["total_spend"], campaign["total_revenue_proxy"]) == (1400.0, None)
    assert (campaign["roas"], campaign["budget_used"]) == (None, None)
    assert campaign["performance_reason"] == "no revenue is recorded"
    pace = done.tables.budget_pacing.row(0, named=True)
    assert (pace["pace"], pace["remaining"], pace["reason"]) == (None, None, "no budget is set")
    assert kpi(done, "experiment_velocity") == (None, "no experiment is recorded")
    assert kpi(done, "human_review_frequency") == (None, "no decision is recorded")
    assert kpi(done, "roi_estimate") == (None, "no revenue is recorded")
    assert done.tables.roi_analysis["total_net_roi"].item() is None
    trend = display.trend(done, "C1")
    assert trend.title == "$700 was spent in the current window; its value is not on record."
    assert "Highest value" not in trend.alt
    assert trend.draw(600) is not None


def test_an_always_on_campaign_has_no_pace(tmp_path):
    done = finished(
        tmp_path, export([row(d) for d in range(1, 15)], campaigns=[{**CAMPAIGN, "budget": 5000}])
    )
    pace = done.tables.budget_pacing.row(0, named=True)
    assert (pace["remaining"], pace["pace"], pace["projected_end_spend"]) == (3600.0, None, None)
    assert pace["reason"] == "no end date is set: an always-on campaign has no pace"


def experiment(**fields: Any) -> Record:
    return {
        "experiment_id": "E1",
        "campaign_id": "C1",
        "start_date": "2026-03-01",
        "type": "A/B",
        "metric": "conversion_rate",
        "control_asset": "AD1",
        "variant_asset": "AD2",
        "status": "running",
    } | fields


@pytest.mark.parametrize(("part", "kind"), [(0.25, "ratio"), (0, "proportion")])
def test_an_experiment_on_shared_conversions_compares_days(tmp_path, part, kind):
    rows = [
        row(
            d,
            asset_id=ad,
            experiment_id="E1",
            conversions=10 + n * (4 if d % 2 else 2) + d % 4 + part,
        )
        for d in range(1, 15)
        for n, ad in enumerate(("AD1", "AD2"))
    ]
    done = finished(
        tmp_path,
        export(rows, creative_assets=[AD, {**AD, "asset_id": "AD2"}], experiments=[experiment()]),
    )
    judged = done.tables.experiment_evaluations.row(0, named=True)
    assert judged["metric_kind"] == kind
    assert judged["variant_conversions"] - judged["control_conversions"] == 42.0
    words = "fractional conversions: compared as a ratio over days"
    assert (words in judged["warnings"]) is (part > 0)
    assert judged["p_value"] is not None


def test_an_experiments_last_days_wait_until_their_conversions_are_known(tmp_path):
    rows = [
        row(d, asset_id=ad, experiment_id="E1", conversions=None if d > 10 else 5 + d % 3)
        for d in range(1, 15)
        for ad in ("AD1", "AD2")
    ]
    done = finished(
        tmp_path,
        export(rows, creative_assets=[AD, {**AD, "asset_id": "AD2"}], experiments=[experiment()]),
    )
    judged = done.tables.experiment_evaluations.row(0, named=True)
    assert (judged["control_impressions"], judged["variant_impressions"]) == (10_000, 10_000)
    assert done.tables.rollup_campaign.filter(window="all")["impressions"].item() == 28_000


def test_validate_lists_every_failure_even_without_a_timestamp(tmp_path):
    rows = [row("yesterday"), row("today", cost="much")]
    data = written(tmp_path, export(rows, campaigns=[{**CAMPAIGN, "status": "live"}]))
    found = check(MarketingOrchestratorConfig(data_dir=str(data)))
    assert found.failures.select("source", "row", "field").rows() == [
        ("campaigns", 1, "status"),
        ("creative_assets", 1, "campaign_id"),
        ("performance_metrics", 1, "asset_id"),
        ("performance_metrics", 1, "timestamp"),
        ("performance_metrics", 2, "asset_id"),
        ("performance_metrics", 2, "timestamp"),
        ("performance_metrics", 2, "cost"),
    ]
    assert "no record has a timestamp" in (found.problem or "")


def test_a_stage_of_ones_own_goes_through_the_journey(tmp_path):
    events = [
        {
            "event_id": f"{stage}{day}",
            "timestamp": f"2026-03-{day:02d}T00:00:00",
            **{key: AD[key] for key in ("campaign_id", "segment_id", "channel_id")},
            "stage": stage,
            "count": number,
            "source": "crm",
            "confidence": 1.0,
        }
        for day in range(1, 8)
        for stage, number in (("trial_start", 40.5), ("paid_plan", 8))
    ]
    rules = {"stages": ["trial_start", "paid_plan"], "people_from": "trial_start"}
    done = finished(tmp_path, export([row(1), row(7)], funnel_events=events), funnel_rules=rules)
    step = done.tables.funnel_steps.filter(window="all").row(0, named=True)
    assert (step["from_stage"], step["to_stage"]) == ("trial_start", "paid_plan")
    assert (step["from_count"], step["to_count"], step["lost"]) == (283.5, 56.0, 227.5)
    chart = display.funnel(done, "C1")
    assert "Trial start: 283.5" in chart.alt


def test_what_takes_back_is_noted(tmp_path):
    done = finished(tmp_path, export([row(1), row(14, cost=-30.0)]))
    notes = "\n".join(done.manifest.notes)
    assert "1 rows take back cost, 30 in all" in notes
    assert "cost of the window 'current' is below 0 (-30)" in notes
