"""Operating cost and fully loaded return: what the programme itself costs, shown apart.

The ledger's model and review cost stand where a campaign has a ledger row; elsewhere they are
modelled from volumes (`OperatingRules`) and prices. API calls and the share of infrastructure are
always modelled.
"""

from __future__ import annotations

import polars as pl

from mktorch.analysis.money import exact, total
from mktorch.config.operating_rules import OperatingRules
from mktorch.metrics import ratio
from mktorch.sums import micros, units
from mktorch.vocab import Window

_COSTS = ("media_spend", "model_cost", "review_cost", "api_cost", "infrastructure_cost")


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
    """One row per campaign, sorted by id: volumes, costs, and whether each is recorded or modelled.

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
    return (
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
        .drop("llm_cost", "human_review_cost", "spend_source")
        .sort("campaign_id")
    )


def roi_fully_loaded(roi_by_campaign: pl.DataFrame, operating_cost: pl.DataFrame) -> pl.DataFrame:
    """Return on every cost: one row per campaign, sorted by id, then the total (null id).

    `total_cost` = media + model + review + API calls + infrastructure share; `net` = value -
    total_cost; `roi_fully_loaded` = net / total_cost; `break_even_roas` = total_cost / media, the
    return on ad spend that covers every cost; `cost_efficiency` = value / total_cost.
    Media and value are null where no record knows the campaign; unknown media counts as nothing in
    the costs, and what needs the value is null.
    """
    rows = roi_by_campaign.select("campaign_id", "name", "media_spend", "estimated_value").join(
        operating_cost.select("campaign_id", *_COSTS[1:]), on="campaign_id"
    )
    money = ("estimated_value", *_COSTS)
    summed = rows.select(
        pl.lit(None, dtype=pl.String).alias("campaign_id"),
        pl.lit("All campaigns").alias("name"),
        *(total(column) for column in money),
    )
    value, cost = pl.col("estimated_value"), pl.col("total_cost")
    return (
        pl.concat((rows.sort("campaign_id"), summed.select(rows.columns)))
        .with_columns(exact(pl.sum_horizontal(_COSTS)).alias("total_cost"))
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
    channels: pl.DataFrame, rollup_channel: pl.DataFrame, performance_assessment: pl.DataFrame
) -> pl.DataFrame:
    """`value_by` channel, which is called by its platform and type."""
    names = channels.select("channel_id", name=pl.format("{} ({})", "platform", "type"))
    return value_by("channel_id", rollup_channel, names, performance_assessment)


def value_by_segment(
    audience_segments: pl.DataFrame,
    rollup_segment: pl.DataFrame,
    performance_assessment: pl.DataFrame,
) -> pl.DataFrame:
    """`value_by` segment."""
    return value_by("segment_id", rollup_segment, audience_segments, performance_assessment)


def value_by(
    keys: str, rollup: pl.DataFrame, names: pl.DataFrame, assessment: pl.DataFrame
) -> pl.DataFrame:
    """Spend, revenue and value per unit of spend by `keys` (channel_id or segment_id).

    Each asset's cost and revenue belong to its channel and segment. What the ledger states beyond
    the assets stands in a last row with a null key, "Not allocated", so that the rows add up to the
    portfolio's totals to the cent. `value_per_unit` is null where spend is not positive.
    """
    by_key = (
        rollup.filter(pl.col("window") == Window.ALL)
        .group_by(keys)
        .agg(units(micros(pl.col(c)).sum()).alias(c) for c in ("cost", "revenue"))
        .join(names.select(keys, name="name"), on=keys, how="left")
        .sort(keys)
        .select(keys, "name", spend="cost", revenue="revenue")
    )
    allocated = by_key.select(total("spend").fill_null(0.0), total("revenue").fill_null(0.0))
    rest = assessment.select(
        pl.lit(None, dtype=pl.String).alias(keys),
        pl.lit("Not allocated").alias("name"),
        exact(pl.col("total_spend").fill_null(0.0) - allocated["spend"].item()).alias("spend"),
        exact(pl.col("total_revenue_proxy").fill_null(0.0) - allocated["revenue"].item()).alias(
            "revenue"
        ),
    )
    return pl.concat((by_key, rest)).with_columns(
        ratio(pl.col("revenue"), pl.col("spend")).alias("value_per_unit")
    )


def _count(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.group_by("campaign_id").agg(pl.len().cast(pl.Int64).alias(name))


def _origin(column: str) -> pl.Expr:
    return pl.when(pl.col(column).is_null()).then(pl.lit("modelled")).otherwise(pl.lit("ledger"))
