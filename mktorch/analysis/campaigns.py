"""Campaign analysis: what each campaign holds, spent and returned, and whether that is enough."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from mktorch.metrics import ratio, roas, roi
from mktorch.vocab import CampaignStatus, ExperimentStatus, Measure, Performance, Window

_COUNTS = (Measure.IMPRESSIONS, Measure.CLICKS, Measure.CONVERSIONS)


def performance(attainment: pl.Expr, thresholds: Mapping[str, float]) -> pl.Expr:
    """The verdict on `attainment` = return on ad spend / target.

    Above `exceeding_expectations`; at or above `meeting_expectations`; below it. Null attainment is
    `insufficient_data`.

    >>> limits = {"exceeding_expectations": 1.2, "meeting_expectations": 0.8}
    >>> pl.Series([2.2, 1.2, 0.8, 0.79, None]).to_frame("x").select(
    ...     performance(pl.col("x"), limits))["x"].to_list()[:3]
    ['exceeding_expectations', 'meeting_expectations', 'meeting_expectations']
    """
    return (
        pl.when(attainment.is_null())
        .then(pl.lit(str(Performance.INSUFFICIENT)))
        .when(attainment > thresholds[Performance.EXCEEDING])
        .then(pl.lit(str(Performance.EXCEEDING)))
        .when(attainment >= thresholds[Performance.MEETING])
        .then(pl.lit(str(Performance.MEETING)))
        .otherwise(pl.lit(str(Performance.BELOW)))
        .alias(attainment.meta.output_name())
    )


def campaign_analysis(
    campaigns: pl.DataFrame,
    creative_assets: pl.DataFrame,
    experiments: pl.DataFrame,
    campaign_money: pl.DataFrame,
    rollup_campaign: pl.DataFrame,
    performance_thresholds: Mapping[str, float],
    target_roas: float,
) -> pl.DataFrame:
    """One row per campaign, sorted by id: the seed's record, both money accounts, the returns.

    `roas`, `roi` and the verdict are null (`insufficient_data`) where no spend is recorded, and
    `performance_reason` says why. `budget_used` is total spend / budget.
    """
    running = _count(experiments, "status", ExperimentStatus.RUNNING, "active_experiments")
    ended = _count(experiments, "status", ExperimentStatus.COMPLETED, "completed_experiments")
    held = creative_assets.group_by("campaign_id").agg(
        pl.len().cast(pl.Int64).alias("total_assets")
    )
    volume = rollup_campaign.filter(pl.col("window") == Window.ALL).select("campaign_id", *_COUNTS)
    counted = ("total_assets", "active_experiments", "completed_experiments", *_COUNTS)
    joined = campaigns
    for table in (held, running, ended, volume, campaign_money):
        joined = joined.join(table, on="campaign_id", how="left")
    spend, revenue = pl.col("total_spend"), pl.col("total_revenue_proxy")
    return (
        joined.with_columns(
            *(pl.col(column).fill_null(0) for column in counted),
            roas(revenue, spend).alias("roas"),
            roi(revenue, spend).alias("roi"),
            ratio(spend, pl.col("budget")).alias("budget_used"),
        )
        .with_columns(
            performance(
                (pl.col("roas") / target_roas).alias("overall_performance"), performance_thresholds
            ),
            _reason().alias("performance_reason"),
        )
        .select(
            "campaign_id",
            "name",
            "status",
            "objective",
            "primary_kpi",
            "start_date",
            "end_date",
            "budget",
            "total_assets",
            "active_experiments",
            "completed_experiments",
            "total_spend",
            "total_revenue_proxy",
            "overall_performance",
            "performance_reason",
            "roas",
            "roi",
            "spend_source",
            "ledger_spend",
            "metrics_spend",
            "spend_gap",
            "ledger_revenue",
            "metrics_revenue",
            "revenue_gap",
            "budget_used",
            *_COUNTS,
        )
        .sort("campaign_id")
    )


def _count(frame: pl.DataFrame, column: str, value: str, name: str) -> pl.DataFrame:
    return (
        frame.filter(pl.col(column) == value)
        .group_by("campaign_id")
        .agg(pl.len().cast(pl.Int64).alias(name))
    )


def _reason() -> pl.Expr:
    planned = pl.col("status") == CampaignStatus.PLANNED
    return (
        pl.when(pl.col("roas").is_not_null())
        .then(None)
        .when(pl.col("total_spend").is_null() & planned)
        .then(pl.lit("not launched: no spend recorded"))
        .when(pl.col("total_spend").is_null())
        .then(pl.lit("no ledger row and no performance rows"))
        .otherwise(pl.lit("spend is 0"))
    )
