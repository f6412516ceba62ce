"""Money: spend, value and return, by campaign, in all, and on every cost."""

from __future__ import annotations

from mktorch.lineage.model import CAMPAIGN, Definition, read

_VERDICT = ("money_authority", "target_roas", "performance_thresholds")
_PRICES = (
    "cost_per_human_review_hour",
    "cost_per_llm_call",
    "cost_per_api_call",
    "infrastructure_cost_per_month",
    "operating_rules",
)


_OPERATING = ("model_cost", "review_cost", "api_cost", "infrastructure_cost")

MONEY = {
    "cards.campaigns-at-or-above-expectation": Definition(
        "Number of campaigns whose value per unit of spend meets or exceeds expectations, of those "
        "with spend on record",
        "count",
        (read("performance_assessment", "exceeding", "meeting", "below"),),
        _VERDICT,
    ),
    "fully-loaded.running_cost": Definition(
        "Operating cost: model, human review, service calls and share of infrastructure; the "
        "total with what this run's own calls to the language model cost",
        "currency",
        (read("roi_fully_loaded", *_OPERATING, on=CAMPAIGN),),
        _PRICES,
    ),
    **{
        f"value-per-unit.share.{by}": Definition(
            f"The {by}'s spend / spend of all of them, the part not allocated included",
            "fraction",
            (read(f"value_by_{by}", "spend"),),
        )
        for by in ("channel", "segment")
    },
}
