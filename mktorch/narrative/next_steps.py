"""What to do next: the gravest recommendations, at most as many as anyone will read."""

from __future__ import annotations

from typing import Any

import polars as pl

from mktorch.config.recommendation_rules import RecommendationRules
from mktorch.recommend.rank import Recommendations
from mktorch.tables import Table, count, money, read, same, text

_SHOWN = {
    "recommendation_id": "recommendation_id",
    "step": "description",
    "owner": "owner",
    "target_id": "target_id",
    "priority": "priority",
    "stake": "stake",
    "why": "rationale",
}
_MOST = ("recommendation_rules.max_next_steps",)


def _held(name: str) -> Any:
    return same(Recommendations, _SHOWN[name], ("recommendation_id",), label="")


# fmt: off
class NextSteps(Table):
    """One row per next step: the first of the recommendations, in their rank."""

    order = count("Place of the step, from 1", config=_MOST, unit="", key=True)
    recommendation_id = _held("recommendation_id")
    step = _held("step")
    first_action = text("The first thing to do",
        read("recommendations", "steps", on=("recommendation_id",)), null="it has no steps")
    owner, target_id, priority = map(_held, ("owner", "target_id", "priority"))
    stake = money("Money at stake in the recommendation that the step begins",
        read("recommendations", "stake", on=("recommendation_id",)),
        read("recommendations", "rank", on=("recommendation_id",)), config=_MOST,
        null="its rule names none")
    why = _held("why")
# fmt: on


def next_steps(
    recommendations: pl.DataFrame, recommendation_rules: RecommendationRules
) -> pl.DataFrame:
    """`NextSteps`: the first `max_next_steps` of the standing recommendations."""
    first = recommendations.sort("rank").head(recommendation_rules.max_next_steps)
    steps = first.select(
        order=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
        first_action=pl.col("steps").list.first(),
        **_SHOWN,
    )
    return NextSteps.of(steps)
