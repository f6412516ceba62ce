"""A recommendation as the record that other programs read."""

from __future__ import annotations

import polars as pl

_IMPACT = (
    "roi_lift_percentage",
    "revenue_impact",
    "cost_savings",
    "confidence",
    "roi_lift_low",
    "roi_lift_high",
    "revenue_low",
    "revenue_high",
    "savings_low",
    "savings_high",
)


def recommendation_records(recommendations: pl.DataFrame) -> pl.DataFrame:
    """One row per recommendation, in rank order: the record of `mktorch.state.Recommendation`.

    `expected_impact` and `implementation_details` are structs; the intervals stand beside the
    points of the impact, with `basis` and the `reason` of what is null.
    """
    return recommendations.select(
        "priority",
        "category",
        "action",
        "target_id",
        "target_name",
        "description",
        "rationale",
        expected_impact=pl.struct(
            *_IMPACT, pl.col("impact_basis").alias("basis"), pl.col("impact_reason").alias("reason")
        ),
        implementation_details=pl.struct("current_value", "recommended_value", "steps"),
        rule_id="rule_id",
        evidence="evidence",
        thresholds="thresholds",
        risk_level="risk_level",
        depends_on="depends_on",
        what_could_go_wrong="what_could_go_wrong",
    )
