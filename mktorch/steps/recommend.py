"""Recommendations: returns with intervals, moves of money, and what the rules make of the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from mktorch.analysis.returns import campaign_returns, channel_returns
from mktorch.recommend import rank, recommendations, views
from mktorch.recommend.reallocate import between_campaigns, between_channels
from mktorch.recommend.records import recommendation_records
from mktorch.recommend.views import BUILDERS
from mktorch.steps.work import Step, Work
from mktorch.vocab import Source


def _returns(work: Work) -> Mapping[str, Any]:
    config = work.config
    shared = (
        work.day,
        config.window_days,
        config.statistical_significance_threshold,
        config.target_roas,
        config.recommendation_rules,
    )
    by_campaign = campaign_returns(
        work["rollup_day"],
        work["rollup_campaign"],
        work["campaign_money"],
        work["budget_pacing"],
        *shared,
    )
    by_channel = channel_returns(work["rollup_day"], work["rollup_channel"], by_campaign, *shared)
    rules = config.recommendation_rules
    return {
        "campaign_returns": by_campaign,
        "channel_returns": by_channel,
        "campaign_moves": between_campaigns(by_campaign, work["budget_pacing"], rules),
        "channel_moves": between_channels(by_channel, work[Source.CHANNELS], rules),
    }


def _recommend(work: Work) -> Mapping[str, Any]:
    tables = {n: a for n, a in work.artifacts.items() if isinstance(a, pl.DataFrame)}
    built = views(tables, work.config)
    work.notes.extend(
        f"recommendations: no rules of {name}, for want of "
        + ", ".join(need for need in builder.needs if need not in tables)
        for name, builder in BUILDERS.items()
        if name not in built
    )
    settled = recommendations(built, tables.get("kpis"), work.config)
    ranked = rank(settled)
    return {
        "recommendation_candidates": settled,
        "recommendations": ranked,
        "recommendation_records": recommendation_records(ranked),
    }


STEPS: tuple[Step, ...] = (
    Step(
        "returns",
        "Bound what each campaign and channel returns; find money to move",
        (
            "rollup_day",
            "rollup_campaign",
            "rollup_channel",
            "campaign_money",
            "budget_pacing",
            Source.CHANNELS,
            "as_of",
        ),
        ("campaign_returns", "channel_returns", "campaign_moves", "channel_moves"),
        _returns,
    ),
    Step(
        "recommend",
        "Apply the rules: one action per target, ranked by what is at stake",
        ("campaign_analysis",),
        ("recommendation_candidates", "recommendations", "recommendation_records"),
        _recommend,
    ),
)
