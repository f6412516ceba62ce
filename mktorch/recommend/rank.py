"""The order of recommendations: priority, then money at stake, then id."""

from __future__ import annotations

import polars as pl

from mktorch.recommend.candidates import IMPACTS, RecommendationCandidates
from mktorch.tables import Table, count, declare, key, read
from mktorch.vocab import Priority, Standing

_HELD = RecommendationCandidates.columns()


# fmt: off
Recommendations = declare("recommendations",
    "One row per adopted candidate, most serious first.", {
    "rank": count("Place by priority, then by the money at stake, then by id",
        read("recommendation_candidates", "priority", "stake", standing=Standing.STANDS),
        unit="place"),
    **{name: _HELD[name] for name in (  # in the order of reading
        "recommendation_id", "priority", "category", "action", "target_kind", "target_id",
        "target_name", "campaign_id", "rule_id", "description", "rationale", "impact_basis",
        *IMPACTS, "confidence", "impact_reason", "stake", "current_value", "recommended_value",
        "steps", "evidence", "thresholds", "risk_level", "owner", "depends_on",
        "what_could_go_wrong", "overrides", "raises", "lowers")},
})


class RulesInForce(Table):
    """One row per rule that produced a candidate."""

    rule_id = key("The rule")
    asked = count("Number of candidates the rule produced",
        read("recommendation_candidates", "gravity", on=("rule_id",)))
    stand = count("Number of the rule's candidates that stand",
        read("recommendation_candidates", "standing", on=("rule_id",), standing=Standing.STANDS))
    impact_basis = _HELD["impact_basis"]
# fmt: on


def rules_in_force(recommendation_candidates: pl.DataFrame) -> pl.DataFrame:
    """`RulesInForce`, sorted by rule."""
    stands = pl.col("standing") == Standing.STANDS
    return RulesInForce.of(
        recommendation_candidates.sort("rule_id", "recommendation_id")
        .group_by("rule_id", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("asked"),
            stands.sum().cast(pl.Int64).alias("stand"),
            pl.col("impact_basis").first(),
        )
    )


def recommendations(recommendation_candidates: pl.DataFrame) -> pl.DataFrame:
    """`Recommendations`.

    Ordered by priority, then `stake` (most first, unknown last), then `recommendation_id`, which
    is unique: the order is total.
    """
    order = pl.col("priority").cast(pl.Enum(Priority))
    return Recommendations.of(
        recommendation_candidates.filter(standing=str(Standing.STANDS))
        .sort(
            order,
            "stake",
            "recommendation_id",
            descending=(False, True, False),
            nulls_last=True,
        )
        .with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
    )
