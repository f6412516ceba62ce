"""Campaign analysis: what each campaign holds, spent and returned, and whether that is enough."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from mktorch.analysis.money import CampaignMoney
from mktorch.metrics import roas, roi
from mktorch.sources.schemas import Campaigns
from mktorch.sums import ratio
from mktorch.tables import (
    Table,
    by_campaign,
    count,
    fraction,
    key,
    money,
    multiple,
    number,
    reason,
    same,
    word,
)
from mktorch.vocab import CampaignStatus, ExperimentStatus, Measure, Performance, Window

_COUNTS = (Measure.IMPRESSIONS, Measure.CLICKS, Measure.CONVERSIONS)
_AUTHORITY = ("money_authority",)
_VERDICT = (*_AUTHORITY, "target_roas", "performance_thresholds")
_WHY = "performance_reason"
_UNSTATED = "the record states none"
_BLANK = "the campaign's performance records state none"
_MONEY = by_campaign("campaign_money", "rated_revenue", "rated_spend")
_SUMMED = "summed over the performance records of the campaign's assets"


# fmt: off
class CampaignAnalysis(Table):
    """One row per campaign: its record, both accounts of its money, its returns and a verdict."""

    campaign_id = key("The campaign")
    name = same(Campaigns, "name", label="Campaign")
    status = word(CampaignStatus, "The campaign's status as recorded",
        by_campaign("campaigns", "status"))
    objective = same(Campaigns, "objective", null=_UNSTATED)
    primary_kpi = same(Campaigns, "primary_kpi", label="Primary KPI")
    start_date = same(Campaigns, "start_date")
    end_date = same(Campaigns, "end_date", null=_UNSTATED)
    budget = money("The campaign's budget as recorded", by_campaign("campaigns", "budget"),
        null=_UNSTATED)
    total_assets = count("Number of the campaign's assets",
        by_campaign("creative_assets", "asset_id"), label="Assets")
    active_experiments = count("Number of experiments running",
        by_campaign("experiments", "experiment_id", status=ExperimentStatus.RUNNING))
    completed_experiments = count("Number of experiments completed",
        by_campaign("experiments", "experiment_id", status=ExperimentStatus.COMPLETED))
    total_spend = money("Spend: the ledger's media spend or the summed cost of the performance "
        "records, whichever record is in authority; the other where that one has no row",
        by_campaign("campaign_money", "total_spend"), config=_AUTHORITY, label="Spend", null=_WHY)
    total_revenue_proxy = money("Value: the ledger's estimated value or the summed revenue of the "
        "performance records, whichever record is in authority; the other where that one has no "
        "row", by_campaign("campaign_money", "total_revenue_proxy"), config=_AUTHORITY,
        label="Value", null=_WHY)
    rated_spend = same(CampaignMoney, "rated_spend")
    rated_revenue = same(CampaignMoney, "rated_revenue")
    overall_performance = word(Performance, "Whether value per unit of spend meets its target",
        _MONEY, config=_VERDICT, label="Verdict")
    performance_reason = reason("the return")
    roas = multiple("Value / spend; null without spend", _MONEY, config=_AUTHORITY,
        over=("rated_revenue", "rated_spend"), label="Return on ad spend", null=_WHY)
    roi = fraction("(Value - spend) / spend; null without spend", _MONEY, config=_AUTHORITY,
        label="ROI", null=_WHY)
    spend_source = same(CampaignMoney, "spend_source")
    ledger_spend = same(CampaignMoney, "ledger_spend")
    metrics_spend = same(CampaignMoney, "metrics_spend")
    spend_gap = same(CampaignMoney, "spend_gap")
    ledger_revenue = same(CampaignMoney, "ledger_revenue")
    metrics_revenue = same(CampaignMoney, "metrics_revenue")
    revenue_gap = same(CampaignMoney, "revenue_gap")
    budget_used = fraction("Spend / budget of the campaign",
        by_campaign("campaign_money", "total_spend"), by_campaign("campaigns", "budget"),
        config=_AUTHORITY, over=("total_spend", "budget"),
        null="no spend is recorded, or no budget above 0")
    impressions = count(f"Impressions, {_SUMMED}",
        by_campaign("rollup_campaign", "impressions", window="all"), null=_BLANK)
    clicks = count(f"Clicks, {_SUMMED}", by_campaign("rollup_campaign", "clicks", window="all"),
        null=_BLANK)
    conversions = number("count", f"Conversions, {_SUMMED}",
        by_campaign("rollup_campaign", "conversions", window="all"), null=_BLANK)
# fmt: on


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
    """`CampaignAnalysis`, sorted by id.

    `roas`, `roi` and the verdict are null (`insufficient_data`) where no spend is recorded, and
    `performance_reason` says why. `budget_used` is total spend / budget.
    """
    running = _count(experiments, "status", ExperimentStatus.RUNNING, "active_experiments")
    ended = _count(experiments, "status", ExperimentStatus.COMPLETED, "completed_experiments")
    held = creative_assets.group_by("campaign_id").agg(
        pl.len().cast(pl.Int64).alias("total_assets")
    )
    volume = rollup_campaign.filter(pl.col("window") == Window.ALL).select("campaign_id", *_COUNTS)
    counted = ("total_assets", "active_experiments", "completed_experiments")
    joined = campaigns
    for table in (held, running, ended, volume, campaign_money):
        joined = joined.join(table, on="campaign_id", how="left")
    spend = pl.col("total_spend")
    return CampaignAnalysis.of(
        joined.with_columns(
            *(pl.col(column).fill_null(0) for column in counted),
            *(
                pl.when(pl.col("metrics_spend").is_null() & pl.col("impressions").is_null())
                .then(pl.col(column).fill_null(0))
                .otherwise(column)
                .alias(column)
                for column in _COUNTS
            ),
            roas(pl.col("rated_revenue"), pl.col("rated_spend")).alias("roas"),
            roi(pl.col("rated_revenue"), pl.col("rated_spend")).alias("roi"),
            ratio(spend, pl.col("budget")).alias("budget_used"),
        )
        .with_columns(
            performance(
                (pl.col("roas") / target_roas).alias("overall_performance"), performance_thresholds
            ),
            _reason().alias("performance_reason"),
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
        .when(pl.col("total_revenue_proxy").is_null())
        .then(pl.lit("no revenue is recorded"))
        .otherwise(pl.lit("spend is 0"))
    )
