"""Return on investment: value less media, model and review cost, by campaign and in all."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.money import exact, total
from mktorch.metrics import ratio, roi
from mktorch.vocab import RoiStatus

_WATERFALL = (
    ("Estimated value", "value", "total_estimated_value"),
    ("Media spend", "cost", "total_media_spend"),
    ("Model cost", "cost", "total_llm_cost"),
    ("Human review", "cost", "total_human_review_cost"),
    ("Net return", "net", "total_net_roi"),
    ("Modelled model and review cost", "cost", "total_modelled_cost"),
    ("Service calls", "cost", "total_api_cost"),
    ("Infrastructure share", "cost", "total_infrastructure_cost"),
    ("Fully loaded net", "net", "total_fully_loaded_net"),
)


def roi_by_campaign(campaign_analysis: pl.DataFrame, campaign_money: pl.DataFrame) -> pl.DataFrame:
    """One row per campaign, sorted by id: costs, value, `net_roi` = value less every cost, `roi`.

    Media spend and value are the standing figures (see `campaign_money`). A campaign without a
    ledger row has null model and review cost, counted as nothing in `net_roi`; `net_roi` is null
    where neither record knows the campaign. `roi` = (value - media) / media.
    """
    value, spend = pl.col("estimated_value"), pl.col("media_spend")
    return (
        campaign_analysis.select(
            "campaign_id",
            "name",
            media_spend="total_spend",
            estimated_value="total_revenue_proxy",
            source="spend_source",
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
            roi(value, spend).alias("roi"),
        )
        .select(
            "campaign_id",
            "name",
            "llm_cost",
            "human_review_cost",
            "media_spend",
            "estimated_value",
            "net_roi",
            "roi",
            "source",
        )
        .sort("campaign_id")
    )


def roi_analysis(roi_by_campaign: pl.DataFrame) -> pl.DataFrame:
    """One row: the seed's record. `roi_percentage` = 100 * total_net_roi / total_media_spend.

    With totals of 102.55 (model), 495.00 (review), 10500.00 (media) and 19150.00 (value) the net
    return is 8052.45 and the percentage 76.7. A cost nobody recorded totals 0; value, media and
    all that follow from them are null where no campaign has a record.
    """
    net = pl.col("total_net_roi")
    return (
        roi_by_campaign.select(
            total("llm_cost").fill_null(0.0).alias("total_llm_cost"),
            total("human_review_cost").fill_null(0.0).alias("total_human_review_cost"),
            total("media_spend").alias("total_media_spend"),
            total("estimated_value").alias("total_estimated_value"),
            total("net_roi").alias("total_net_roi"),
        )
        .with_columns((100 * ratio(net, pl.col("total_media_spend"))).alias("roi_percentage"))
        .with_columns(roi_status(net).alias("roi_status"))
    )


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
    step, label, kind (value, cost, net), `amount` (costs negative), `start` and `end` of its bar,
    and the `figure` it shows. Empty where the net return is null: there is nothing to draw.
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
    return (
        steps.join(amounts.unpivot(variable_name="figure", value_name="amount"), on="figure")
        .sort("step")
        .with_columns(
            pl.col("step").cast(pl.Int64),
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
        .select("step", "label", "kind", "amount", "start", "end", "figure")
    )


def _or_zero(column: str) -> pl.Expr:
    return pl.col(column).fill_null(0.0)
