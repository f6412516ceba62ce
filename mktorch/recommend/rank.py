"""The order of recommendations: priority, then money at stake, then id."""

from __future__ import annotations

import polars as pl

from mktorch.vocab import Priority, Standing

# Of a recommendation, in the order of reading.
COLUMNS = (
    "recommendation_id",
    "priority",
    "category",
    "action",
    "target_kind",
    "target_id",
    "target_name",
    "campaign_id",
    "rule_id",
    "description",
    "rationale",
    "impact_basis",
    "roi_lift_low",
    "roi_lift_percentage",
    "roi_lift_high",
    "revenue_low",
    "revenue_impact",
    "revenue_high",
    "savings_low",
    "cost_savings",
    "savings_high",
    "confidence",
    "impact_reason",
    "stake",
    "current_value",
    "recommended_value",
    "steps",
    "evidence",
    "thresholds",
    "risk_level",
    "owner",
    "depends_on",
    "what_could_go_wrong",
    "overrides",
    "raises",
    "lowers",
)


def recommendations(recommendation_candidates: pl.DataFrame) -> pl.DataFrame:
    """The candidates that stand, gravest first, numbered from 1.

    Ordered by priority, then `stake` (most first, unknown last), then `recommendation_id`, which
    is unique: the order is total.
    """
    order = pl.col("priority").cast(pl.Enum(Priority))
    return (
        recommendation_candidates.filter(standing=str(Standing.STANDS))
        .sort(
            order,
            "stake",
            "recommendation_id",
            descending=(False, True, False),
            nulls_last=True,
        )
        .select(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("rank"), *COLUMNS)
    )
