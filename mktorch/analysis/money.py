"""Each campaign's spend and revenue: the ledger's word, the metrics' sum, and which one stands."""

from __future__ import annotations

import polars as pl

from mktorch.metrics import ratio
from mktorch.sums import micros, units
from mktorch.vocab import MoneyAuthority, Window

LEDGER_MONEY = ("llm_cost", "human_review_cost", "media_spend", "estimated_value")


def campaign_money(
    campaigns: pl.DataFrame,
    roi_ledger: pl.DataFrame,
    rollup_campaign: pl.DataFrame,
    money_authority: MoneyAuthority = MoneyAuthority.LEDGER,
) -> pl.DataFrame:
    """Both accounts of every campaign's money, and the figures that stand.

    Parameters
    ----------
    campaigns, roi_ledger
        The input tables; a campaign may have several ledger rows (one a period), which are summed.
    rollup_campaign
        From `rollups`; its `all` window is used.
    money_authority
        The record that states the figures where a campaign has both.

    Returns
    -------
    One row per campaign, sorted by id: `ledger_spend`, `metrics_spend`, `ledger_revenue`,
    `metrics_revenue`, `llm_cost`, `human_review_cost`, `spend_source` (ledger, metrics or null),
    `total_spend`, `total_revenue_proxy`, `spend_gap` and `revenue_gap` (ledger minus metrics).
    Null: the record has no row for the campaign.
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
    by_metrics = rollup_campaign.filter(pl.col("window") == Window.ALL).select(
        "campaign_id", metrics_spend="cost", metrics_revenue="revenue"
    )
    first, second = (
        ("ledger", "metrics") if money_authority == MoneyAuthority.LEDGER else ("metrics", "ledger")
    )
    has_first, has_second = (pl.col(f"{name}_spend").is_not_null() for name in (first, second))

    def standing(figure: str) -> pl.Expr:
        return pl.when(has_first).then(f"{first}_{figure}").otherwise(f"{second}_{figure}")

    return (
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
        .sort("campaign_id")
    )


def total(column: str) -> pl.Expr:
    """The exact sum of a money column; null where no row has a value.

    >>> pl.DataFrame({"x": [0.1, 0.2, None]}).select(total("x")).item()
    0.3
    """
    known = pl.col(column).is_not_null().any()
    return pl.when(known).then(units(micros(pl.col(column)).sum())).alias(column)


def exact(value: pl.Expr) -> pl.Expr:
    """Money arithmetic without binary dust: rounded to millionths."""
    return units(micros(value))


def relative_gap(supplied: pl.Expr, computed: pl.Expr) -> pl.Expr:
    """(supplied - computed) / |computed|; null where the computed figure is 0."""
    return ratio(supplied - computed, computed.abs())


def _difference(left: str, right: str) -> pl.Expr:
    return exact(pl.col(left) - pl.col(right))
