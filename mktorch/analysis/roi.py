"""Return on investment: value less media, model and review cost, by campaign and in all."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.campaigns import CampaignAnalysis
from mktorch.analysis.money import CampaignMoney, exact
from mktorch.sums import ratio, total
from mktorch.tables import (
    Table,
    by_campaign,
    count,
    fraction,
    key,
    money,
    number,
    read,
    same,
    text,
    word,
)
from mktorch.vocab import RoiStatus

_WATERFALL = (
    ("Estimated value", "value", "total_estimated_value"),
    ("Media spend", "cost", "total_media_spend"),
    ("Model cost", "cost", "total_llm_cost"),
    ("Human review", "cost", "total_human_review_cost"),
    ("Net return", "net", "total_net_roi"),
    ("Modeled model and review cost", "cost", "total_modelled_cost"),
    ("Service calls", "cost", "total_api_cost"),
    ("Infrastructure share", "cost", "total_infrastructure_cost"),
    ("Fully loaded net", "net", "total_fully_loaded_net"),
)
_AUTHORITY = ("money_authority",)
_UNRECORDED = "the ledger has no row for the campaign, counted as nothing"
_NONE = "no campaign has a record of it"
OPERATING = ("model_cost", "review_cost", "api_cost", "infrastructure_cost")
PRICES = (
    "cost_per_human_review_hour",
    "cost_per_llm_call",
    "cost_per_api_call",
    "infrastructure_cost_per_month",
    "operating_rules",
)
_MONEY = by_campaign("campaign_analysis", "total_revenue_proxy", "total_spend")
_RATED = read("campaign_money", "rated_revenue", "rated_spend", "llm_cost", "human_review_cost")
RATED_NET = (
    "100 * net return / media spend, each summed over campaigns first; where days lack spend or "
    "value, of the days that have both"
)
_STEPS = (
    read("roi_analysis", *(figure for _, _, figure in _WATERFALL[:5])),
    read("operating_cost", "model_cost", model_cost_origin="modelled"),
    read("operating_cost", "review_cost", review_cost_origin="modelled"),
    read("operating_cost", "api_cost", "infrastructure_cost"),
)


# fmt: off
class RoiByCampaign(Table):
    """One row per campaign: value, costs and what is left."""

    campaign_id = key("The campaign")
    name = same(CampaignAnalysis, "name")
    llm_cost = money("Cost of the language model, as the ledger states it",
        by_campaign("campaign_money", "llm_cost"), label="Model cost", null=_UNRECORDED)
    human_review_cost = money("Cost of human review, as the ledger states it",
        by_campaign("campaign_money", "human_review_cost"), label="Review cost", null=_UNRECORDED)
    media_spend = money("The campaign's spend", by_campaign("campaign_analysis", "total_spend"),
        config=_AUTHORITY, null="no record of spend")
    estimated_value = money("The campaign's value",
        by_campaign("campaign_analysis", "total_revenue_proxy"), config=_AUTHORITY, label="Value",
        null="no record of value")
    net_roi = money("Value less media spend, model cost and review cost; unrecorded costs "
        "count as zero", _MONEY, by_campaign("campaign_money", "llm_cost", "human_review_cost"),
        config=_AUTHORITY, label="Net return", null="no record of value and spend",
        formula="total_revenue_proxy - total_spend - (llm_cost or 0) - (human_review_cost or 0)")
    roi = fraction("(Value - media spend) / media spend; null without spend",
        by_campaign("campaign_analysis", "roi"), config=_AUTHORITY, label="ROI",
        null="no day states both value and spend")
    source = same(CampaignMoney, "spend_source")


class RoiAnalysis(Table):
    """One row: value, costs and return of all campaigns."""

    total_llm_cost = money("Cost of the language model, summed over campaigns",
        read("roi_by_campaign", "llm_cost"), label="Model cost", null=_NONE)
    total_human_review_cost = money("Cost of human review, summed over campaigns",
        read("roi_by_campaign", "human_review_cost"), label="Review cost", null=_NONE)
    total_media_spend = money("Media spend, summed over campaigns",
        read("roi_by_campaign", "media_spend"), label="Media spend", null=_NONE)
    total_estimated_value = money("Value, summed over campaigns",
        read("roi_by_campaign", "estimated_value"), label="Value", null=_NONE)
    total_net_roi = money("Net return, summed over campaigns", read("roi_by_campaign", "net_roi"),
        label="Net return", null=_NONE)
    roi_percentage = number("percentage", RATED_NET, _RATED, label="ROI",
        null="no day states both value and spend")
    roi_status = word(RoiStatus, "Whether the net return is above, at or below nothing",
        read("roi_by_campaign", "net_roi"), label="Return", null=_NONE)


class RoiWaterfall(Table):
    """One row per step from value to net return to fully loaded net return; costs negative."""

    step = count("Place of the step, from 1", adds=False)
    label = text("What the step adds or takes")
    kind = word(("value", "cost", "net"), "Whether the step is value, a cost or what is left")
    amount = money("The step's total: value, less each cost in turn, down to the net return and "
        "to the net return after operating cost", *_STEPS, config=PRICES)
    start = money("Where the step's bar starts", *_STEPS, config=PRICES, adds=False)
    end = money("Where the step's bar ends", *_STEPS, config=PRICES, adds=False)
    figure = key("The figure that the step shows")
# fmt: on


def roi_by_campaign(campaign_analysis: pl.DataFrame, campaign_money: pl.DataFrame) -> pl.DataFrame:
    """`RoiByCampaign`, sorted by id.

    Media spend and value are the standing figures (see `campaign_money`). A campaign without a
    ledger row has null model and review cost, counted as nothing in `net_roi`; `net_roi` is null
    where neither record knows the campaign. `roi` = (value - media) / media, of the
    days on which both are known, as `campaign_analysis` has it.
    """
    value, spend = pl.col("estimated_value"), pl.col("media_spend")
    return RoiByCampaign.of(
        campaign_analysis.select(
            "campaign_id",
            "name",
            media_spend="total_spend",
            estimated_value="total_revenue_proxy",
            source="spend_source",
            roi="roi",
        )
        .join(
            campaign_money.select("campaign_id", "llm_cost", "human_review_cost"),
            on="campaign_id",
            how="left",
        )
        .with_columns(
            exact(
                value - spend - _or_zero("llm_cost") - _or_zero("human_review_cost"),
            ).alias("net_roi"),
        )
        .sort("campaign_id")
    )


def roi_analysis(roi_by_campaign: pl.DataFrame, campaign_money: pl.DataFrame) -> pl.DataFrame:
    """`RoiAnalysis`, the seed's record. `roi_percentage` = 100 * total_net_roi / total_media_spend.

    With totals of 102.55 (model), 495.00 (review), 10500.00 (media) and 19150.00 (value) the net
    return is 8052.45 and the percentage 76.7. What no campaign has a record of is null.
    """
    net = pl.col("total_net_roi")
    return RoiAnalysis.of(
        roi_by_campaign.select(
            total("llm_cost").alias("total_llm_cost"),
            total("human_review_cost").alias("total_human_review_cost"),
            total("media_spend").alias("total_media_spend"),
            total("estimated_value").alias("total_estimated_value"),
            total("net_roi").alias("total_net_roi"),
        )
        .with_columns(_percentage(campaign_money))
        .with_columns(roi_status(net).alias("roi_status"))
    )


def _percentage(campaign_money: pl.DataFrame) -> pl.Series:
    """100 * net return / media spend of the campaigns and days that know both spend and value."""
    value, spend = pl.col("rated_revenue"), pl.col("rated_spend")
    costs = _or_zero("llm_cost") + _or_zero("human_review_cost")
    rated = campaign_money.drop_nulls(["rated_revenue", "rated_spend"]).with_columns(
        rated_net=exact(value - spend - costs)
    )
    sums = rated.select(net=total("rated_net"), spend=total("rated_spend"))
    return sums.select(roi_percentage=100 * ratio(pl.col("net"), pl.col("spend"))).to_series()


def roi_status(net: pl.Expr) -> pl.Expr:
    """The seed's word for a net return; null where it is null."""
    return (
        pl.when(net > 0)
        .then(pl.lit(str(RoiStatus.POSITIVE)))
        .when(net < 0)
        .then(pl.lit(str(RoiStatus.NEGATIVE)))
        .when(net == 0)
        .then(pl.lit(str(RoiStatus.NEUTRAL)))
    )


def roi_waterfall(roi_analysis: pl.DataFrame, operating_totals: pl.DataFrame) -> pl.DataFrame:
    """From value to net return to fully loaded net: one row a step.

    Parameters
    ----------
    roi_analysis, operating_totals
        The one-row tables `roi_analysis` and `operating_totals`.

    Returns
    -------
    `RoiWaterfall`. Empty where the net return is null: there is nothing to draw. A cost that no
    campaign has a record of is no step.
    """
    loaded = pl.col("total_net_roi") - pl.sum_horizontal(
        "total_modelled_cost", "total_api_cost", "total_infrastructure_cost"
    )
    totals = pl.concat((roi_analysis, operating_totals), how="horizontal").with_columns(
        exact(loaded).alias("total_fully_loaded_net")
    )
    steps = pl.DataFrame(
        _WATERFALL, schema=dict.fromkeys(("label", "kind", "figure"), pl.String), orient="row"
    ).with_row_index("step", offset=1)
    is_net, is_cost = pl.col("kind") == "net", pl.col("kind") == "cost"
    amounts = totals.drop_nulls("total_net_roi").select(f for _, _, f in _WATERFALL)
    return RoiWaterfall.of(
        steps.join(amounts.unpivot(variable_name="figure", value_name="amount"), on="figure")
        .drop_nulls("amount")
        .sort("step")
        .with_columns(
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("step"),
            pl.when(is_cost).then(-pl.col("amount")).otherwise(pl.col("amount")).alias("amount"),
        )
        .with_columns(
            pl.when(is_net)
            .then("amount")
            .otherwise(exact(pl.when(is_net).then(0.0).otherwise("amount").cum_sum()))
            .alias("end")
        )
        .with_columns(
            pl.when(is_cost)
            .then(exact(pl.col("end") - pl.col("amount")))
            .otherwise(pl.lit(0.0))
            .alias("start")
        )
    )


def _or_zero(column: str) -> pl.Expr:
    return pl.col(column).fill_null(0.0)
