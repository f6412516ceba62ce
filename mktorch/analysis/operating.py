"""Operating cost and fully loaded return: what the programme itself costs, shown apart.

The ledger's model and review cost stand where a campaign has a ledger row; elsewhere they are
modelled from volumes (`OperatingRules`) and prices. API calls and the share of infrastructure are
always modelled.
"""

from __future__ import annotations

import dataframely as dy
import polars as pl

from mktorch.analysis.money import exact
from mktorch.analysis.roi import OPERATING, PRICES, RoiByCampaign
from mktorch.config.operating_rules import OperatingRules
from mktorch.paired import pooled
from mktorch.sums import ratio, total
from mktorch.tables import (
    Table,
    Upstream,
    by_campaign,
    count,
    declare,
    fraction,
    key,
    money,
    multiple,
    number,
    read,
    same,
    text,
    word,
)
from mktorch.vocab import Window

_COSTS = ("media_spend", *OPERATING)
_ORIGINS = ("ledger", "modelled")
_STATED = "The ledger's cost where the campaign has a row"
_DECIDED = by_campaign("orchestrator_decisions", "decision_id")
_REVIEWED = (
    by_campaign("orchestrator_decisions", "human_override"),
    by_campaign("creative_assets", "approved_by_human"),
    by_campaign("budget_actions", "approved_by_human"),
)
_RECORDS = by_campaign("rollup_campaign", "snapshots", window="all")
_VALUELESS = "no record of value"
_UNSTATED = "the assets' records state none"


# fmt: off
class OperatingCost(Table):
    """One row per campaign: volumes, and what they cost as recorded or modeled."""

    campaign_id = key("The campaign")
    decisions = count("Number of decisions", _DECIDED)
    reviewed_decisions = count("Number of decisions that a person overrode", _REVIEWED[0])
    reviewed_assets = count("Number of assets that a person approved", _REVIEWED[1])
    reviewed_moves = count("Number of moves of budget that a person approved", _REVIEWED[2])
    records = count("Number of performance records", _RECORDS)
    review_hours = number("hours", "What was reviewed, times the minutes of each", *_REVIEWED,
        config=("operating_rules",))
    llm_calls = number("count", "Decisions, times the calls of each", _DECIDED,
        config=("operating_rules",), label="Model calls")
    api_calls = number("count", "Performance records, times the calls of each", _RECORDS,
        config=("operating_rules",), label="Service calls")
    model_cost = money(f"{_STATED}, else the calls times their price",
        by_campaign("campaign_money", "llm_cost"), _DECIDED,
        config=("cost_per_llm_call", "operating_rules"))
    review_cost = money(f"{_STATED}, else the hours of review times their price",
        by_campaign("campaign_money", "human_review_cost"), *_REVIEWED,
        config=("cost_per_human_review_hour", "operating_rules"))
    api_cost = money("Service calls times their price", _RECORDS,
        config=("cost_per_api_call", "operating_rules"), label="Service calls")
    infrastructure_cost = money("The campaign's share of infrastructure over the period, the same "
        "for each", read("campaigns", "campaign_id"), read("performance_metrics", "timestamp"),
        config=("infrastructure_cost_per_month",), label="Infrastructure")
    model_cost_origin = word(_ORIGINS, "Where the model cost is from",
        by_campaign("campaign_money", "llm_cost"))
    review_cost_origin = word(_ORIGINS, "Where the review cost is from",
        by_campaign("campaign_money", "human_review_cost"))


def _loaded(total: str, *calls: Upstream) -> dict[str, dy.Column]:
    """Columns of the return on every cost; `total` says what only the total bears."""
    costs = (by_campaign("roi_by_campaign", "media_spend", "estimated_value"),
        by_campaign("operating_cost", *OPERATING), *calls)
    return {
        "campaign_id": key("The campaign; none in the total", null="the total"),
        "name": same(RoiByCampaign, "name"),
        "media_spend": money("The campaign's media spend; the total over all",
            by_campaign("roi_by_campaign", "media_spend"), null="no record of spend"),
        "estimated_value": money("The campaign's value; the total over all",
            by_campaign("roi_by_campaign", "estimated_value"), label="Value", null=_VALUELESS),
        "model_cost": money(f"Cost of the model{total}",
            by_campaign("operating_cost", "model_cost"), *calls),
        "review_cost": money("Cost of human review", by_campaign("operating_cost", "review_cost")),
        "api_cost": money("Cost of service calls", by_campaign("operating_cost", "api_cost"),
            label="Service calls"),
        "infrastructure_cost": money("Share of infrastructure",
            by_campaign("operating_cost", "infrastructure_cost"), label="Infrastructure"),
        "running_cost": money("Operating cost: model, human review, service calls and share of "
            f"infrastructure{total}", by_campaign("operating_cost", *OPERATING), *calls,
            config=PRICES, label="Operating cost"),
        "total_cost": money(f"Media spend and operating cost{total}", *costs, config=PRICES),
        "net": money(f"Value less media spend and operating cost{total}", *costs, config=PRICES,
            null=_VALUELESS),
        "break_even_roas": multiple("All costs / media spend: the value per unit of media spend "
            "that covers every cost", *costs, config=PRICES, over=("total_cost", "media_spend"),
            label="Break-even return", null="no spend to divide by"),
        "roi_fully_loaded": fraction("Net / all costs, media spend and operating cost together",
            *costs, config=PRICES, over=("net", "total_cost"), label="Fully loaded ROI",
            null=_VALUELESS),
        "cost_efficiency": multiple("Value / all costs, media spend and operating cost together",
            *costs, config=PRICES, over=("estimated_value", "total_cost"), null=_VALUELESS),
    }


def _value_by(by: str) -> dict[str, dy.Column]:
    id_ = f"{by}_id"
    rest = read("campaign_analysis", "total_spend", "total_revenue_proxy")
    where = (f"of the {by}'s assets over all dates; without a {by}, what the standing record "
        "states beyond all assets")
    cost, revenue, both = (read(f"rollup_{by}", *parts, on=(id_,), window="all")
        for parts in (("cost",), ("revenue",), ("revenue", "cost")))
    pair = read("rollup_paired", "numerator", "denominator", on=(id_,), window="all",
        numerator_name="revenue", denominator_name="cost")
    return {
        id_: key(f"The {by}", null="not allocated"),
        "name": text(f"Name of the {by}", label=by.capitalize()),
        "spend": money(f"Cost {where}", cost, rest, null=_UNSTATED),
        "revenue": money(f"Revenue {where}", revenue, rest, label="Value", null=_UNSTATED),
        "spend_share": fraction(f"The {by}'s spend / spend of all of them, the part not allocated "
            "included", cost, read(f"rollup_{by}", "cost", window="all"), rest,
            label="Share of spend", null="nothing was spent"),
        "value_per_unit": multiple(f"Revenue / cost {where}, over the days that know both", both,
            pair, rest, over=("revenue", "spend"), label="Return on ad spend",
            null="no day states both value and spend"),
    }


RoiFullyLoaded = declare("roi_fully_loaded",
    "One row per campaign, then the total: fully loaded ROI.", _loaded(""))
MeasuredRoiFullyLoaded = declare("measured_roi_fully_loaded",
    "As `roi_fully_loaded`, this run's own calls to the model in the total.",
    _loaded("; the total with what this run's own calls to the model cost",
        read("measured_model_usage", "cost")))
VALUE_BY = {f"{by}_id": declare(f"value_by_{by}",
    f"One row per {by}, then what belongs to none: value against spend.", _value_by(by))
    for by in ("channel", "segment")}
ValueByChannel, ValueBySegment = VALUE_BY.values()
# fmt: on


def operating_cost(
    campaign_money: pl.DataFrame,
    orchestrator_decisions: pl.DataFrame,
    creative_assets: pl.DataFrame,
    budget_actions: pl.DataFrame,
    performance_records: pl.DataFrame,
    operating_rules: OperatingRules,
    *,
    cost_per_human_review_hour: float,
    cost_per_llm_call: float,
    cost_per_api_call: float,
    infrastructure_share: float,
) -> pl.DataFrame:
    """`OperatingCost`, sorted by id.

    Parameters
    ----------
    campaign_money
        `campaign_money`.
    orchestrator_decisions, creative_assets, budget_actions
        Input tables; reviewed are decisions a human overrode, and assets and moves one approved.
    performance_records
        campaign_id, records: how many performance rows each campaign has.
    cost_per_human_review_hour, cost_per_llm_call, cost_per_api_call
        Prices.
    infrastructure_share
        This campaign's share of infrastructure over the period, the same for each campaign.
    """
    minutes = (
        operating_rules.review_minutes_per_decision * pl.col("reviewed_decisions")
        + operating_rules.review_minutes_per_asset * pl.col("reviewed_assets")
        + operating_rules.review_minutes_per_budget_action * pl.col("reviewed_moves")
    )
    joined = campaign_money.select("campaign_id", "llm_cost", "human_review_cost", "spend_source")
    for table in (
        _count(orchestrator_decisions, "decisions"),
        _count(orchestrator_decisions.filter("human_override"), "reviewed_decisions"),
        _count(creative_assets.filter("approved_by_human"), "reviewed_assets"),
        _count(budget_actions.filter("approved_by_human"), "reviewed_moves"),
        performance_records,
    ):
        joined = joined.join(table, on="campaign_id", how="left")
    volumes = ("decisions", "reviewed_decisions", "reviewed_assets", "reviewed_moves", "records")
    return OperatingCost.of(
        joined.with_columns(pl.col(volumes).fill_null(0))
        .with_columns(
            (minutes / 60).alias("review_hours"),
            (operating_rules.llm_calls_per_decision * pl.col("decisions")).alias("llm_calls"),
            (operating_rules.api_calls_per_performance_record * pl.col("records")).alias(
                "api_calls"
            ),
        )
        .with_columns(
            pl.coalesce("llm_cost", exact(cost_per_llm_call * pl.col("llm_calls"))).alias(
                "model_cost"
            ),
            pl.coalesce(
                "human_review_cost", exact(cost_per_human_review_hour * pl.col("review_hours"))
            ).alias("review_cost"),
            exact(cost_per_api_call * pl.col("api_calls")).alias("api_cost"),
            exact(pl.lit(infrastructure_share)).alias("infrastructure_cost"),
            _origin("llm_cost").alias("model_cost_origin"),
            _origin("human_review_cost").alias("review_cost_origin"),
        )
        .sort("campaign_id")
    )


def roi_fully_loaded(roi_by_campaign: pl.DataFrame, operating_cost: pl.DataFrame) -> pl.DataFrame:
    """Return on every cost: `RoiFullyLoaded`, sorted by id, then the total (null id).

    Media and value are null where no record knows the campaign; unknown media counts as nothing in
    the costs, and what needs the value is null.
    """
    rows = roi_by_campaign.select("campaign_id", "name", "media_spend", "estimated_value").join(
        operating_cost.select("campaign_id", *OPERATING), on="campaign_id"
    )
    money = ("estimated_value", *_COSTS)
    summed = rows.select(
        pl.lit(None, dtype=pl.String).alias("campaign_id"),
        pl.lit("All campaigns").alias("name"),
        *(total(column) for column in money),
    )
    value, cost = pl.col("estimated_value"), pl.col("total_cost")
    return RoiFullyLoaded.of(
        pl.concat((rows.sort("campaign_id"), summed.select(rows.columns)))
        .with_columns(
            exact(pl.sum_horizontal(_COSTS)).alias("total_cost"),
            exact(pl.sum_horizontal(OPERATING)).alias("running_cost"),
        )
        .with_columns(
            exact(value - cost).alias("net"),
            ratio(cost, pl.col("media_spend")).alias("break_even_roas"),
            ratio(value - cost, cost).alias("roi_fully_loaded"),
            ratio(value, cost).alias("cost_efficiency"),
        )
    )


def operating_totals(operating_cost: pl.DataFrame) -> pl.DataFrame:
    """One row: operating cost beyond what the ledger records, in all. 0 where there is none."""
    modelled = exact(
        pl.sum_horizontal(
            *(
                pl.when(pl.col(f"{cost}_origin") == "modelled").then(cost)
                for cost in ("model_cost", "review_cost")
            )
        )
    )
    return operating_cost.with_columns(modelled.alias("modelled_cost")).select(
        total(column).fill_null(0.0).alias(f"total_{column}")
        for column in ("modelled_cost", "api_cost", "infrastructure_cost")
    )


def performance_records(rollup_campaign: pl.DataFrame) -> pl.DataFrame:
    """campaign_id, records: how many performance rows each campaign has."""
    return rollup_campaign.filter(pl.col("window") == Window.ALL).select(
        "campaign_id", records="snapshots"
    )


def value_by_channel(
    channels: pl.DataFrame,
    rollup_channel: pl.DataFrame,
    rollup_paired: pl.DataFrame,
    performance_assessment: pl.DataFrame,
) -> pl.DataFrame:
    """`value_by` channel, which is called by its platform and type."""
    names = channels.select("channel_id", name=pl.format("{} ({})", "platform", "type"))
    return value_by("channel_id", rollup_channel, rollup_paired, names, performance_assessment)


def value_by_segment(
    audience_segments: pl.DataFrame,
    rollup_segment: pl.DataFrame,
    rollup_paired: pl.DataFrame,
    performance_assessment: pl.DataFrame,
) -> pl.DataFrame:
    """`value_by` segment."""
    names = audience_segments
    return value_by("segment_id", rollup_segment, rollup_paired, names, performance_assessment)


def value_by(
    keys: str,
    rollup: pl.DataFrame,
    rollup_paired: pl.DataFrame,
    names: pl.DataFrame,
    assessment: pl.DataFrame,
) -> pl.DataFrame:
    """Spend, revenue and value per unit of spend by `keys` (channel_id or segment_id).

    Each asset's cost and revenue belong to its channel and segment. What the ledger states beyond
    the assets stands in a last row with a null key, "Not allocated", so that the rows add up to the
    portfolio's totals to the cent. `value_per_unit` is of the days that know both, and null where
    spend is not positive.
    """
    ever = rollup.filter(pl.col("window") == Window.ALL)
    whole = ("campaign_id", keys, "window")
    rated = pooled(ever, rollup_paired, whole, (keys,), "revenue", "cost", "value_per_unit")
    by_key = (
        ever.group_by(keys)
        .agg(total(c) for c in ("cost", "revenue"))
        .join(names.select(keys, name="name"), on=keys, how="left")
        .join(rated, on=keys, how="left")
        .sort(keys)
        .select(keys, "name", "value_per_unit", spend="cost", revenue="revenue")
    )
    allocated = by_key.select(total("spend").fill_null(0.0), total("revenue").fill_null(0.0))
    rest = assessment.select(
        pl.lit(None, dtype=pl.String).alias(keys),
        pl.lit("Not allocated").alias("name"),
        exact(pl.col("total_spend") - allocated["spend"].item()).alias("spend"),
        exact(pl.col("total_revenue_proxy") - allocated["revenue"].item()).alias("revenue"),
    ).with_columns(value_per_unit=ratio(pl.col("revenue"), pl.col("spend")))
    spend = pl.col("spend")
    shared = pl.concat((by_key, rest), how="diagonal").with_columns(
        spend_share=ratio(spend, spend.sum())
    )
    return VALUE_BY[keys].of(shared)


def _count(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.group_by("campaign_id").agg(pl.len().cast(pl.Int64).alias(name))


def _origin(column: str) -> pl.Expr:
    return pl.when(pl.col(column).is_null()).then(pl.lit("modelled")).otherwise(pl.lit("ledger"))
