"""A recommendation as the record that other programs read."""

from __future__ import annotations

import polars as pl

from mktorch.recommend.candidates import IMPACTS
from mktorch.recommend.rank import Recommendations
from mktorch.tables import declare, struct, text

_POINTS = ("roi_lift_percentage", "revenue_impact", "cost_savings")
_IMPACT = (*_POINTS, "confidence", *(name for name in IMPACTS if name not in _POINTS))
_DETAILS = ("current_value", "recommended_value", "steps")
_HELD = Recommendations.columns()


# fmt: off
RecommendationRecords = declare("recommendation_records",
    "One row per recommendation, in rank order, as other programs read it.", {
    **{name: _HELD[name] for name in ("priority", "category", "action")},
    "target_id": text("The target", key=True),
    **{name: _HELD[name] for name in ("target_name", "description", "rationale")},
    "expected_impact": struct({**{name: _HELD[name] for name in _IMPACT},
        "basis": _HELD["impact_basis"], "reason": _HELD["impact_reason"]},
        "Points and intervals of the impact, what it rests on, and why one is missing"),
    "implementation_details": struct({name: _HELD[name] for name in _DETAILS},
        "What is now, what should be, and what to do"),
    "rule_id": text("The rule that asks", key=True),
    **{name: _HELD[name] for name in ("evidence", "thresholds", "risk_level", "depends_on",
        "what_could_go_wrong")},
})
# fmt: on


def recommendation_records(recommendations: pl.DataFrame) -> pl.DataFrame:
    """`RecommendationRecords`: the record of `mktorch.state.Recommendation`."""
    records = recommendations.with_columns(
        expected_impact=pl.struct(
            *_IMPACT, pl.col("impact_basis").alias("basis"), pl.col("impact_reason").alias("reason")
        ),
        implementation_details=pl.struct(_DETAILS),
    )
    return RecommendationRecords.of(records)
