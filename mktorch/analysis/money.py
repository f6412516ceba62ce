"""Each campaign's spend and revenue: the ledger's word, the metrics' sum, and which one stands."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from mktorch.paired import paired
from mktorch.sums import micros, ratio, units
from mktorch.tables import Table, by_campaign, key, money, word
from mktorch.vocab import MoneyAuthority, Window

LEDGER_MONEY = ("llm_cost", "human_review_cost", "media_spend", "estimated_value")

_AUTHORITY = ("money_authority",)
_LEDGER = "the ledger has no row for the campaign"
_METRICS = "no performance record belongs to the campaign"
_NEITHER = "neither record knows the campaign"
_SPENT = by_campaign("campaign_money", "ledger_spend", "metrics_spend")
_EARNED = by_campaign("campaign_money", "ledger_revenue", "metrics_revenue")
_STATED = "summed over the campaign's rows of the ledger"
_SUMMED = "summed over the performance records of the campaign's assets"
_STANDS = (
    "as the record in authority states it (the ledger, or the summed performance records), as the "
    "other does where that one has no row for the campaign"
)
_RATED = (
    "all of it or, where the metrics stand and days lack spend or value, that of the days that "
    "have both"
)
_PAIR: Mapping[str, str | None] = {
    "segment_id": None,
    "channel_id": None,
    "asset_id": None,
    "window": "all",
    "numerator_name": "revenue",
    "denominator_name": "cost",
}


# fmt: off
class CampaignMoney(Table):
    """One row per campaign: both accounts of its money, and the figures that stand."""

    campaign_id = key("The campaign")
    llm_cost = money(f"Cost of the language model, {_STATED}",
        by_campaign("roi_ledger", "llm_cost"), label="Model cost", null=_LEDGER)
    human_review_cost = money(f"Cost of human review, {_STATED}",
        by_campaign("roi_ledger", "human_review_cost"), label="Review cost", null=_LEDGER)
    ledger_spend = money(f"Media spend, {_STATED}", by_campaign("roi_ledger", "media_spend"),
        null=_LEDGER)
    ledger_revenue = money(f"Estimated value, {_STATED}",
        by_campaign("roi_ledger", "estimated_value"), label="Ledger value", null=_LEDGER)
    metrics_spend = money(f"Cost, {_SUMMED}", by_campaign("rollup_campaign", "cost", window="all"),
        null=_METRICS)
    metrics_revenue = money(f"Revenue, {_SUMMED}",
        by_campaign("rollup_campaign", "revenue", window="all"),
        label="Metrics value", null=_METRICS)
    spend_source = word(("ledger", "metrics"), "The record whose figures stand", _SPENT,
        config=_AUTHORITY, label="Money from", null=_NEITHER)
    total_spend = money(f"Spend {_STANDS}", _SPENT, config=_AUTHORITY, label="Spend", null=_NEITHER)
    total_revenue_proxy = money(f"Value {_STANDS}", _EARNED, config=_AUTHORITY, label="Value",
        null=_NEITHER)
    spend_gap = money("The ledger's spend less the metrics'", _SPENT, null="one record is silent")
    revenue_gap = money("The ledger's value less the metrics'", _EARNED, label="Value gap",
        null="one record is silent")
    rated_spend = money(f"Spend that returns divide by: {_RATED}", _SPENT,
        by_campaign("rollup_paired", "denominator", **_PAIR), config=_AUTHORITY, null=_NEITHER)
    rated_revenue = money(f"Value that returns divide: {_RATED}", _EARNED,
        by_campaign("rollup_paired", "numerator", **_PAIR), config=_AUTHORITY, label="Rated value",
        null=_NEITHER)
# fmt: on


def campaign_money(
    campaigns: pl.DataFrame,
    roi_ledger: pl.DataFrame,
    rollup_campaign: pl.DataFrame,
    rollup_paired: pl.DataFrame,
    money_authority: MoneyAuthority = MoneyAuthority.LEDGER,
) -> pl.DataFrame:
    """Both accounts of every campaign's money, and the figures that stand.

    Parameters
    ----------
    campaigns, roi_ledger
        The input tables; a campaign may have several ledger rows (one a period), which are summed.
    rollup_campaign
        From `rollups`; its `all` window is used.
    rollup_paired
        From `rollups`: the same of the days on which both revenue and cost are known.
    money_authority
        The record that states the figures where a campaign has both.

    Returns
    -------
    `CampaignMoney`, sorted by id.
    """
    by_ledger = (
        roi_ledger.group_by("campaign_id")
        .agg(micros(pl.col(column)).sum() for column in LEDGER_MONEY)
        .select(
            "campaign_id",
            *(units(pl.col(c)).alias(c) for c in ("llm_cost", "human_review_cost")),
            units(pl.col("media_spend")).alias("ledger_spend"),
            units(pl.col("estimated_value")).alias("ledger_revenue"),
        )
    )
    ever = rollup_campaign.filter(pl.col("window") == Window.ALL)
    keys = ("campaign_id", "window")
    by_metrics = paired(
        ever, rollup_paired, keys, pl.lit("revenue"), pl.lit("cost"), "_return"
    ).select(
        "campaign_id",
        metrics_spend="cost",
        metrics_revenue="revenue",
        _top="_top",
        _bottom="_bottom",
    )
    first, second = (
        ("ledger", "metrics") if money_authority == MoneyAuthority.LEDGER else ("metrics", "ledger")
    )
    has_first, has_second = (pl.col(f"{name}_spend").is_not_null() for name in (first, second))

    def standing(figure: str) -> pl.Expr:
        return pl.when(has_first).then(f"{first}_{figure}").otherwise(f"{second}_{figure}")

    return CampaignMoney.of(
        campaigns.select("campaign_id")
        .join(by_ledger, on="campaign_id", how="left")
        .join(by_metrics, on="campaign_id", how="left")
        .with_columns(
            pl.when(has_first)
            .then(pl.lit(first))
            .when(has_second)
            .then(pl.lit(second))
            .alias("spend_source"),
            standing("spend").alias("total_spend"),
            standing("revenue").alias("total_revenue_proxy"),
            _difference("ledger_spend", "metrics_spend").alias("spend_gap"),
            _difference("ledger_revenue", "metrics_revenue").alias("revenue_gap"),
        )
        .with_columns(
            pl.when(pl.col("spend_source") == "metrics").then(part).otherwise(whole).alias(name)
            for name, part, whole in (
                ("rated_spend", "_bottom", "total_spend"),
                ("rated_revenue", "_top", "total_revenue_proxy"),
            )
        )
        .drop("_top", "_bottom")
        .sort("campaign_id")
    )


def exact(value: pl.Expr) -> pl.Expr:
    """Money arithmetic without binary dust: rounded to millionths."""
    return units(micros(value))


def relative_gap(supplied: pl.Expr, computed: pl.Expr) -> pl.Expr:
    """(supplied - computed) / |computed|; null where the computed figure is 0."""
    return ratio(supplied - computed, computed.abs())


def _difference(left: str, right: str) -> pl.Expr:
    return exact(pl.col(left) - pl.col(right))
