"""Money: spend, value and return, by campaign, in all, and on every cost."""

from __future__ import annotations

from mktorch.lineage.model import CAMPAIGN, Definition, Upstream, read

_VERDICT = ("money_authority", "target_roas", "performance_thresholds")
_PRICES = (
    "cost_per_human_review_hour",
    "cost_per_llm_call",
    "cost_per_api_call",
    "infrastructure_cost_per_month",
    "operating_rules",
)


def _ledger(column: str, what: str) -> Definition:
    return Definition(
        f"{what}, summed over the campaign's rows of the ledger",
        "currency",
        (read("roi_ledger", column, on=CAMPAIGN),),
    )


def _metrics(column: str, what: str) -> Definition:
    return Definition(
        f"{what}, summed over the performance records of the campaign's assets",
        "currency",
        (read("rollup_campaign", column, on=CAMPAIGN, window="all"),),
    )


def _standing(figure: str, what: str) -> Definition:
    return Definition(
        f"{what} as the record in authority states it (the ledger, or the summed performance "
        "records), as the other does where that one has no row for the campaign",
        "currency",
        (read("campaign_money", f"ledger_{figure}", f"metrics_{figure}", on=CAMPAIGN),),
        ("money_authority",),
    )


def _same(table: str, column: str, words: str, *config: str) -> Definition:
    return Definition(words, "currency", (read(table, column, on=CAMPAIGN),), config)


def _campaigns(verdict: str, what: str) -> Definition:
    return Definition(
        f"Number of campaigns {what}",
        "count",
        (read("campaign_analysis", "roas", overall_performance=verdict),),
        _VERDICT,
    )


def _sum(column: str, what: str) -> Definition:
    return Definition(
        f"{what}, summed over campaigns", "currency", (read("roi_by_campaign", column),)
    )


def _of_total(figure: str, what: str) -> Definition:
    return Definition(what, "currency", (read("roi_analysis", figure),))


_OPERATING = ("model_cost", "review_cost", "api_cost", "infrastructure_cost")
_LOADED = read("operating_cost", *_OPERATING, on=CAMPAIGN)
_BY_CAMPAIGN = read("roi_by_campaign", "media_spend", "estimated_value", on=CAMPAIGN)
_CALLS = "; the total with what this run's own calls to the model cost"


def _charged(column: str, words: str) -> Definition:
    return Definition(
        f"{words} own calls to the model cost",
        "currency",
        (read("roi_analysis", column), read("measured_model_usage", "cost")),
    )


def _loaded(table: str, total: str, *calls: Upstream) -> dict[str, Definition]:
    """Definitions of the return on every cost; `total` says what only the total bears."""
    costs = (_BY_CAMPAIGN, _LOADED, *calls)
    return {
        f"{table}.{column}": each
        for column, each in {
            "estimated_value": _same(
                "roi_by_campaign", "estimated_value", "The campaign's value; the total over all"
            ),
            "media_spend": _same(
                "roi_by_campaign", "media_spend", "The campaign's media spend; the total over all"
            ),
            "model_cost": Definition(
                f"Cost of the model{total}",
                "currency",
                (read("operating_cost", "model_cost", on=CAMPAIGN), *calls),
            ),
            "review_cost": _same("operating_cost", "review_cost", "Cost of human review"),
            "api_cost": _same("operating_cost", "api_cost", "Cost of service calls"),
            "infrastructure_cost": _same(
                "operating_cost", "infrastructure_cost", "Share of infrastructure"
            ),
            "net": Definition(
                f"Value less media spend and operating cost{total}", "currency", costs, _PRICES
            ),
            "roi_fully_loaded": Definition(
                "Net / all costs, media spend and operating cost together",
                "fraction",
                costs,
                _PRICES,
                over=("net", "total_cost"),
            ),
            "break_even_roas": Definition(
                "All costs / media spend: the value per unit of media spend that covers every cost",
                "ratio",
                costs,
                _PRICES,
                over=("total_cost", "media_spend"),
            ),
        }.items()
    }


MONEY = {
    "campaign_money.ledger_spend": _ledger("media_spend", "Media spend"),
    "campaign_money.ledger_revenue": _ledger("estimated_value", "Estimated value"),
    "campaign_money.llm_cost": _ledger("llm_cost", "Cost of the language model"),
    "campaign_money.human_review_cost": _ledger("human_review_cost", "Cost of human review"),
    "campaign_money.metrics_spend": _metrics("cost", "Cost"),
    "campaign_money.metrics_revenue": _metrics("revenue", "Revenue"),
    "campaign_money.total_spend": _standing("spend", "Spend"),
    "campaign_money.total_revenue_proxy": _standing("revenue", "Value"),
    "campaign_analysis.total_spend": _same(
        "campaign_money",
        "total_spend",
        "Spend: the ledger's media spend or the summed cost of the performance records, whichever "
        "record is in authority; the other where that one has no row",
        "money_authority",
    ),
    "campaign_analysis.total_revenue_proxy": _same(
        "campaign_money",
        "total_revenue_proxy",
        "Value: the ledger's estimated value or the summed revenue of the performance records, "
        "whichever record is in authority; the other where that one has no row",
        "money_authority",
    ),
    "campaign_analysis.roas": Definition(
        "Value / spend; null without spend",
        "ratio",
        (read("campaign_money", "total_revenue_proxy", "total_spend", on=CAMPAIGN),),
        ("money_authority",),
        over=("total_revenue_proxy", "total_spend"),
        reason="performance_reason",
    ),
    "campaign_analysis.roi": Definition(
        "(Value - spend) / spend; null without spend",
        "fraction",
        (read("campaign_money", "total_revenue_proxy", "total_spend", on=CAMPAIGN),),
        ("money_authority",),
        reason="performance_reason",
    ),
    "campaign_analysis.budget_used": Definition(
        "Spend / budget of the campaign",
        "fraction",
        (
            read("campaign_money", "total_spend", on=CAMPAIGN),
            read("campaigns", "budget", on=CAMPAIGN),
        ),
        ("money_authority",),
        over=("total_spend", "budget"),
    ),
    "performance_assessment.exceeding": _campaigns(
        "exceeding_expectations", "whose value per unit of spend exceeds expectations"
    ),
    "performance_assessment.meeting": _campaigns(
        "meeting_expectations", "whose value per unit of spend meets expectations"
    ),
    "performance_assessment.below": _campaigns(
        "below_expectations", "whose value per unit of spend falls short of expectations"
    ),
    "performance_assessment.insufficient": _campaigns(
        "insufficient_data", "without spend on record to judge them by"
    ),
    "cards.campaigns-at-or-above-expectation": Definition(
        "Number of campaigns whose value per unit of spend meets or exceeds expectations, of those "
        "with spend on record",
        "count",
        (read("performance_assessment", "exceeding", "meeting", "below"),),
        _VERDICT,
    ),
    "performance_assessment.total_spend": Definition(
        "Spend, summed over campaigns",
        "currency",
        (read("campaign_analysis", "total_spend"),),
        ("money_authority",),
    ),
    "performance_assessment.total_revenue_proxy": Definition(
        "Value, summed over campaigns",
        "currency",
        (read("campaign_analysis", "total_revenue_proxy"),),
        ("money_authority",),
    ),
    "performance_assessment.overall_roi": Definition(
        "(Value - spend) / spend, each summed over the campaigns with spend on record first",
        "fraction",
        (read("campaign_analysis", "total_revenue_proxy", "total_spend"),),
        ("money_authority",),
    ),
    "roi_by_campaign.estimated_value": _same(
        "campaign_analysis", "total_revenue_proxy", "The campaign's value", "money_authority"
    ),
    "roi_by_campaign.media_spend": _same(
        "campaign_analysis", "total_spend", "The campaign's spend", "money_authority"
    ),
    "roi_by_campaign.llm_cost": _same(
        "campaign_money", "llm_cost", "Cost of the language model, as the ledger states it"
    ),
    "roi_by_campaign.human_review_cost": _same(
        "campaign_money", "human_review_cost", "Cost of human review, as the ledger states it"
    ),
    "roi_by_campaign.net_roi": Definition(
        "Value less media spend, model cost and review cost; a cost nobody recorded counts as "
        "nothing",
        "currency",
        (
            read("campaign_analysis", "total_revenue_proxy", "total_spend", on=CAMPAIGN),
            read("campaign_money", "llm_cost", "human_review_cost", on=CAMPAIGN),
        ),
        ("money_authority",),
    ),
    "roi_by_campaign.roi": Definition(
        "(Value - media spend) / media spend; null without spend",
        "fraction",
        (read("campaign_analysis", "total_revenue_proxy", "total_spend", on=CAMPAIGN),),
        ("money_authority",),
    ),
    "roi_analysis.total_estimated_value": _sum("estimated_value", "Value"),
    "roi_analysis.total_media_spend": _sum("media_spend", "Media spend"),
    "roi_analysis.total_llm_cost": _sum("llm_cost", "Cost of the language model"),
    "roi_analysis.total_human_review_cost": _sum("human_review_cost", "Cost of human review"),
    "roi_analysis.total_net_roi": _sum("net_roi", "Net return"),
    "roi_analysis.roi_percentage": Definition(
        "100 * net return / media spend, each summed over campaigns first",
        "percentage",
        (read("roi_by_campaign", "net_roi", "media_spend"),),
        over=("total_net_roi", "total_media_spend"),
    ),
    "measured_roi_analysis.total_estimated_value": _sum("estimated_value", "Value"),
    "measured_roi_analysis.total_media_spend": _sum("media_spend", "Media spend"),
    "measured_roi_analysis.total_llm_cost": _charged(
        "total_llm_cost", "Cost of the language model, summed over campaigns, and what this run's"
    ),
    "measured_roi_analysis.total_human_review_cost": _sum(
        "human_review_cost", "Cost of human review"
    ),
    "measured_roi_analysis.total_net_roi": _charged(
        "total_net_roi", "Net return, summed over campaigns, less what this run's"
    ),
    "measured_roi_analysis.roi_percentage": Definition(
        "100 * net return / media spend, each summed over campaigns first",
        "percentage",
        (read("roi_by_campaign", "media_spend"),),
        over=("total_net_roi", "total_media_spend"),
    ),
    "roi_waterfall.amount": Definition(
        "The step's total: value, less each cost in turn, down to the net return and to the net "
        "return after operating cost",
        "currency",
        (
            read(
                "roi_analysis",
                "total_estimated_value",
                "total_media_spend",
                "total_llm_cost",
                "total_human_review_cost",
                "total_net_roi",
            ),
            read("roi_fully_loaded", *_OPERATING, "net"),
        ),
        _PRICES,
    ),
    "operating_cost.*": Definition(
        "The ledger's cost where the campaign has a row, else volume times price; calls and the "
        "campaign's share of infrastructure are always modelled",
        "currency",
        (
            read("campaign_money", "llm_cost", "human_review_cost", on=CAMPAIGN),
            read("orchestrator_decisions", "human_override", on=CAMPAIGN),
            read("creative_assets", "approved_by_human", on=CAMPAIGN),
            read("budget_actions", "approved_by_human", on=CAMPAIGN),
        ),
        _PRICES,
    ),
    **_loaded("roi_fully_loaded", ""),
    **_loaded("measured_roi_fully_loaded", _CALLS, read("measured_model_usage", "cost")),
    "fully-loaded.running_cost": Definition(
        "Operating cost: model, human review, service calls and share of infrastructure; the "
        "total with what this run's own calls to the language model cost",
        "currency",
        (read("roi_fully_loaded", *_OPERATING, on=CAMPAIGN),),
        _PRICES,
    ),
    **{
        f"value_by_{by}.{column}": Definition(
            f"{words} of the {by}'s assets over all dates; without a {by}, what the standing "
            "record states beyond all assets",
            unit,
            (
                read(f"rollup_{by}", *parts, on=(f"{by}_id",), window="all"),
                read("campaign_analysis", "total_spend", "total_revenue_proxy"),
            ),
            over=("revenue", "spend") if column == "value_per_unit" else None,
        )
        for by in ("channel", "segment")
        for column, words, unit, parts in (
            ("spend", "Cost", "currency", ("cost",)),
            ("revenue", "Revenue", "currency", ("revenue",)),
            ("value_per_unit", "Revenue / cost", "ratio", ("revenue", "cost")),
        )
    },
    **{
        f"value-per-unit.share.{by}": Definition(
            f"The {by}'s spend / spend of all of them, the part not allocated included",
            "fraction",
            (read(f"value_by_{by}", "spend"),),
        )
        for by in ("channel", "segment")
    },
}
