"""What to do next: the gravest recommendations, at most as many as anyone will read."""

from __future__ import annotations

import polars as pl

from mktorch.config.recommendation_rules import RecommendationRules

NEXT_STEPS = pl.Schema(
    {
        "order": pl.Int64,
        "recommendation_id": pl.String,
        "step": pl.String,
        "first_action": pl.String,
        "owner": pl.String,
        "target_id": pl.String,
        "priority": pl.String,
        "stake": pl.Float64,
        "why": pl.String,
    }
)


def next_steps(
    recommendations: pl.DataFrame, recommendation_rules: RecommendationRules
) -> pl.DataFrame:
    """The first `max_next_steps` of the standing recommendations, in their rank.

    In: `recommendations`. Out: `order` from 1, `recommendation_id`, `step` (what is asked),
    `first_action` (null where it has no steps), `owner`, `target_id`, `priority`, `stake` in
    money, `why`.
    """
    return (
        recommendations.lazy()
        .sort("rank")
        .head(recommendation_rules.max_next_steps)
        .select(
            order=pl.int_range(1, pl.len() + 1),
            recommendation_id="recommendation_id",
            step="description",
            first_action=pl.col("steps").list.first(),
            owner="owner",
            target_id="target_id",
            priority="priority",
            stake="stake",
            why="rationale",
        )
        .cast(NEXT_STEPS)
        .collect()
    )
