"""Recommendations: returns and the days ahead, moves of money, what rules ask for, next steps."""

from __future__ import annotations

from mktorch.lineage.model import CAMPAIGN, Definition, read

_RULES = "recommendation_rules"
_CHANNEL = (*CAMPAIGN, "channel_id")
_SETTINGS = {
    "return": (f"{_RULES}.return_days", "statistical_significance_threshold", "money_authority"),
    "attainment": ("target_roas", f"{_RULES}.return_days", "statistical_significance_threshold"),
    "ahead": (f"{_RULES}.horizon_days", "window_days"),
    "cap": (f"{_RULES}.reallocation_share", f"{_RULES}.maximum_reallocation"),
}


RECOMMENDATIONS = {
    "rules-in-force.asked": Definition(
        "Number of times that the rule asked for something",
        "count",
        (read("recommendation_candidates", "rule_id", on=("rule_id",)),),
    ),
    "rules-in-force.stand": Definition(
        "Number of the rule's candidates that stand",
        "count",
        (read("recommendation_candidates", "rule_id", on=("rule_id",), standing="stands"),),
    ),
    "decisions_asked.amount": Definition(
        "Money at stake in the recommendation, or the amount of the move proposed",
        "currency",
        (
            read("recommendations", "stake", on=("target_id",)),
            read("budget_moves", "amount", on={"target_id": "budget_action_id"}),
        ),
    ),
    "segment-heat.*": Definition(
        "The metric's numerator / its denominator for the segment over all dates, each summed "
        "first",
        "that of the metric",
        (
            read(
                "rollup_segment",
                "impressions",
                "clicks",
                "conversions",
                "cost",
                "revenue",
                on=("segment_id",),
                window="all",
            ),
        ),
        ("metrics",),
    ),
}
