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


def _asked(table: str) -> dict[str, Definition]:
    """Definitions of a table of recommendations: each row holds the evidence it rests on."""
    stake = Definition(
        "Money at stake: the amount that the rule names for its action, found among the evidence "
        "and what it is worked out from; null where the rule names none",
        "currency",
        evidence=True,
    )
    bases = {
        "roi_lift": ("Change of the return, as percent of what it is", "percentage"),
        "revenue": ("Revenue expected more over the days ahead", "currency"),
        "savings": ("Spend expected less over the days ahead", "currency"),
    }
    points = {
        "roi_lift": ("roi_lift_low", "roi_lift_percentage", "roi_lift_high"),
        "revenue": ("revenue_low", "revenue_impact", "revenue_high"),
        "savings": ("savings_low", "cost_savings", "savings_high"),
    }
    ends = (", lower end of the interval", "", ", upper end of the interval")
    return {
        f"{table}.stake": stake,
        **{
            f"{table}.{name}": Definition(
                f"{bases[basis][0]}{end}, as the recommendation's basis says",
                bases[basis][1],
                config=(f"{_RULES}.horizon_days",),
                reason="impact_reason",
                evidence=True,
            )
            for basis, names in points.items()
            for name, end in zip(names, ends, strict=True)
        },
    }


RECOMMENDATIONS = {
    **_asked("recommendations"),
    **_asked("recommendation_candidates"),
    "recommendations.rank": Definition(
        "Place by priority, then by the money at stake, then by id", "place"
    ),
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
    "next_steps.stake": Definition(
        "Money at stake in the recommendation that the step begins",
        "currency",
        (read("recommendations", "stake", on=("recommendation_id",)),),
        (f"{_RULES}.max_next_steps",),
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
