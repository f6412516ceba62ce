"""The portfolio: all campaigns and experiments as one line."""

from __future__ import annotations

import polars as pl

from mktorch.metrics import roi
from mktorch.sums import total
from mktorch.tables import Table, count, fraction, money, read
from mktorch.vocab import CampaignStatus, ExperimentStatus, Performance

_VERDICTS = {
    "exceeding": Performance.EXCEEDING,
    "meeting": Performance.MEETING,
    "below": Performance.BELOW,
    "insufficient": Performance.INSUFFICIENT,
}
_CAMPAIGNS = ("campaign_analysis", "campaign_id")
_EXPERIMENTS = ("experiments", "experiment_id")
_ROAS = ("campaign_analysis", "roas")
_AUTHORITY = ("money_authority",)
_JUDGED = (*_AUTHORITY, "target_roas", "performance_thresholds")
_NONE = "no campaign has a recorded figure"
_SPENT = "Number of campaigns whose value per unit of spend"


# fmt: off
class PerformanceAssessment(Table):
    """One row: all campaigns and experiments."""

    total_campaigns = count("Number of campaigns", read(*_CAMPAIGNS), label="Campaigns")
    active_campaigns = count("Number of campaigns that are active",
        read(*_CAMPAIGNS, status=CampaignStatus.ACTIVE))
    total_experiments = count("Number of experiments", read(*_EXPERIMENTS), label="Experiments")
    running_experiments = count("Number of experiments running",
        read(*_EXPERIMENTS, status=ExperimentStatus.RUNNING))
    completed_experiments = count("Number of experiments completed",
        read(*_EXPERIMENTS, status=ExperimentStatus.COMPLETED))
    total_spend = money("Spend, summed over campaigns", read("campaign_analysis", "total_spend"),
        config=_AUTHORITY, label="Spend", null=_NONE)
    total_revenue_proxy = money("Value, summed over campaigns",
        read("campaign_analysis", "total_revenue_proxy"), config=_AUTHORITY, label="Value",
        null=_NONE)
    overall_roi = fraction(
        "(Value - spend) / spend, each summed over the campaigns with spend on record first",
        read("campaign_analysis", "rated_revenue", "rated_spend"), config=_AUTHORITY,
        label="ROI", null="no spend is recorded",
        formula="(rated_revenue - rated_spend) / rated_spend")
    exceeding = count(f"{_SPENT} exceeds expectations",
        read(*_ROAS, overall_performance=Performance.EXCEEDING), config=_JUDGED)
    meeting = count(f"{_SPENT} meets expectations",
        read(*_ROAS, overall_performance=Performance.MEETING), config=_JUDGED)
    below = count(f"{_SPENT} falls short of expectations",
        read(*_ROAS, overall_performance=Performance.BELOW), config=_JUDGED)
    insufficient = count("Number of campaigns without spend on record to judge them by",
        read(*_ROAS, overall_performance=Performance.INSUFFICIENT), config=_JUDGED)
# fmt: on


def performance_assessment(
    campaign_analysis: pl.DataFrame, experiments: pl.DataFrame
) -> pl.DataFrame:
    """`PerformanceAssessment`: totals, return and counts by verdict.

    `overall_roi` is of the days on which both spend and revenue are known.

    Totals are null where no campaign has a recorded figure; `overall_roi` where spend is not
    positive. Only campaigns with recorded spend enter `overall_roi`.
    """
    return PerformanceAssessment.of(
        campaign_analysis.select(
            _rows().alias("total_campaigns"),
            _rows(pl.col("status") == CampaignStatus.ACTIVE).alias("active_campaigns"),
            total("total_spend"),
            total("total_revenue_proxy"),
            total("rated_spend"),
            total("rated_revenue"),
            *(
                _rows(pl.col("overall_performance") == verdict).alias(name)
                for name, verdict in _VERDICTS.items()
            ),
        )
        .with_columns(
            experiments.select(
                _rows().alias("total_experiments"),
                _rows(pl.col("status") == ExperimentStatus.RUNNING).alias("running_experiments"),
                _rows(pl.col("status") == ExperimentStatus.COMPLETED).alias(
                    "completed_experiments"
                ),
            )
        )
        .with_columns(roi(pl.col("rated_revenue"), pl.col("rated_spend")).alias("overall_roi"))
    )


def _rows(condition: pl.Expr | None = None) -> pl.Expr:
    return (pl.len() if condition is None else condition.sum()).cast(pl.Int64)
