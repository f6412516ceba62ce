"""The portfolio: all campaigns and experiments as one line."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.money import total
from mktorch.metrics import roi
from mktorch.vocab import CampaignStatus, ExperimentStatus, Performance

_VERDICTS = {
    "exceeding": Performance.EXCEEDING,
    "meeting": Performance.MEETING,
    "below": Performance.BELOW,
    "insufficient": Performance.INSUFFICIENT,
}


def performance_assessment(
    campaign_analysis: pl.DataFrame, experiments: pl.DataFrame
) -> pl.DataFrame:
    """One row: the seed's totals, `overall_roi` as (revenue - spend) / spend, counts by verdict.

    Totals are null where no campaign has a recorded figure; `overall_roi` where spend is not
    positive. Only campaigns with recorded spend enter `overall_roi`.
    """
    return (
        campaign_analysis.select(
            _rows().alias("total_campaigns"),
            _rows(pl.col("status") == CampaignStatus.ACTIVE).alias("active_campaigns"),
            total("total_spend"),
            total("total_revenue_proxy"),
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
        .with_columns(
            roi(pl.col("total_revenue_proxy"), pl.col("total_spend")).alias("overall_roi")
        )
        .select(
            "total_campaigns",
            "active_campaigns",
            "total_experiments",
            "running_experiments",
            "completed_experiments",
            "total_spend",
            "total_revenue_proxy",
            "overall_roi",
            *_VERDICTS,
        )
    )


def _rows(condition: pl.Expr | None = None) -> pl.Expr:
    return (pl.len() if condition is None else condition.sum()).cast(pl.Int64)
