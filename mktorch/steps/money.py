"""Money: who states it, what each campaign returned, what it all cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from mktorch.analysis.campaigns import campaign_analysis
from mktorch.analysis.money import campaign_money
from mktorch.analysis.operating import (
    fully_loaded,
    operating_cost,
    operating_totals,
    value_by,
)
from mktorch.analysis.portfolio import performance_assessment
from mktorch.analysis.reconciliations import reconciliations
from mktorch.analysis.roi import roi_analysis, roi_by_campaign, roi_waterfall
from mktorch.steps.work import Step, Work
from mktorch.vocab import Source, Window


def _money(work: Work) -> Mapping[str, Any]:
    return {
        "campaign_money": campaign_money(
            work[Source.CAMPAIGNS],
            work[Source.ROI_LEDGER],
            work["rollup_campaign"],
            work["rollup_paired"],
            work.config.money_authority,
        )
    }


def _reconcile(work: Work) -> Mapping[str, Any]:
    return {
        "reconciliations": reconciliations(
            work[Source.ROI_LEDGER],
            work[Source.SEGMENT_ROLLUPS],
            work["campaign_money"],
            work["rollup_rate"],
            work["rollup_day"],
            work.config.rate_tolerance,
            work.config.money_tolerance,
        )
    }


def _campaigns(work: Work) -> Mapping[str, Any]:
    return {
        "campaign_analysis": campaign_analysis(
            work[Source.CAMPAIGNS],
            work[Source.CREATIVE_ASSETS],
            work[Source.EXPERIMENTS],
            work["campaign_money"],
            work["rollup_campaign"],
            work.config.performance_thresholds,
            work.config.target_roas,
        )
    }


def _portfolio(work: Work) -> Mapping[str, Any]:
    return {
        "performance_assessment": performance_assessment(
            work["campaign_analysis"], work[Source.EXPERIMENTS]
        )
    }


def _roi(work: Work) -> Mapping[str, Any]:
    by_campaign = roi_by_campaign(work["campaign_analysis"], work["campaign_money"])
    return {"roi_by_campaign": by_campaign, "roi_analysis": roi_analysis(by_campaign)}


def _operating(work: Work) -> Mapping[str, Any]:
    config, period = work.config, work["period"]
    operating = operating_cost(
        work["campaign_money"],
        work[Source.ORCHESTRATOR_DECISIONS],
        work[Source.CREATIVE_ASSETS],
        work[Source.BUDGET_ACTIONS],
        work["rollup_campaign"]
        .filter(window=str(Window.ALL))
        .select("campaign_id", records="snapshots"),
        config.operating_rules,
        review_hour=config.cost_per_human_review_hour,
        llm_call=config.cost_per_llm_call,
        api_call=config.cost_per_api_call,
        infrastructure=config.infrastructure_cost_per_month * period.months / period.campaigns,
    )
    return {
        "operating_cost": operating,
        "roi_fully_loaded": fully_loaded(work["roi_by_campaign"], operating),
        "roi_waterfall": roi_waterfall(work["roi_analysis"], operating_totals(operating)),
    }


def _value(work: Work) -> Mapping[str, Any]:
    channels = work[Source.CHANNELS].select(
        "channel_id", name=pl.format("{} ({})", "platform", "type")
    )
    assessment = work["performance_assessment"]
    return {
        "value_by_channel": value_by("channel_id", work["rollup_channel"], channels, assessment),
        "value_by_segment": value_by(
            "segment_id", work["rollup_segment"], work[Source.AUDIENCE_SEGMENTS], assessment
        ),
    }


STEPS: tuple[Step, ...] = (
    Step(
        "money",
        "Settle each campaign's spend and revenue between ledger and metrics",
        (Source.CAMPAIGNS, Source.ROI_LEDGER, "rollup_campaign", "rollup_paired"),
        ("campaign_money",),
        _money,
        optional=False,
    ),
    Step(
        "reconcile",
        "Set every figure that two records state side by side",
        (Source.ROI_LEDGER, Source.SEGMENT_ROLLUPS, "campaign_money", "rollup_rate", "rollup_day"),
        ("reconciliations",),
        _reconcile,
    ),
    Step(
        "campaigns",
        "Judge each campaign's return against its target",
        (
            Source.CAMPAIGNS,
            Source.CREATIVE_ASSETS,
            Source.EXPERIMENTS,
            "campaign_money",
            "rollup_campaign",
        ),
        ("campaign_analysis",),
        _campaigns,
    ),
    Step(
        "portfolio",
        "Add the campaigns and experiments up",
        ("campaign_analysis", Source.EXPERIMENTS),
        ("performance_assessment",),
        _portfolio,
    ),
    Step(
        "roi",
        "Compute return on investment, by campaign and in all",
        ("campaign_analysis", "campaign_money"),
        ("roi_by_campaign", "roi_analysis"),
        _roi,
    ),
    Step(
        "operating",
        "Model the operating cost and load it on the return",
        (
            "campaign_money",
            Source.ORCHESTRATOR_DECISIONS,
            Source.CREATIVE_ASSETS,
            Source.BUDGET_ACTIONS,
            "rollup_campaign",
            "period",
            "roi_by_campaign",
            "roi_analysis",
        ),
        ("operating_cost", "roi_fully_loaded", "roi_waterfall"),
        _operating,
    ),
    Step(
        "value",
        "Set value against spend by channel and segment",
        (
            Source.CHANNELS,
            Source.AUDIENCE_SEGMENTS,
            "rollup_channel",
            "rollup_segment",
            "performance_assessment",
        ),
        ("value_by_channel", "value_by_segment"),
        _value,
    ),
)
