"""Budget pacing: each campaign's spend to date against the part of its flight that has passed."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.money import exact
from mktorch.clock import Clock
from mktorch.config.budget_rules import BudgetRules, Pacing
from mktorch.metrics import ratio
from mktorch.vocab import CampaignStatus


def budget_pacing(
    campaigns: pl.DataFrame, campaign_money: pl.DataFrame, clock: Clock, budget_rules: BudgetRules
) -> pl.DataFrame:
    """One row per campaign, sorted by id: spend to date against the elapsed share of its flight.

    Parameters
    ----------
    campaigns, campaign_money
        The campaigns, and `campaign_money`, whose `total_spend` is the spend to date.
    clock
        The last day counted: the date of as_of.

    Returns
    -------
    `flight_days` (first and last day included), `elapsed_days`, `elapsed_share` and `spend_share`
    (fractions of the flight and of the budget), `remaining`, `pace` = spend_share /
    elapsed_share, `projected_end_spend`, `projected_gap` (projection minus budget), `pacing` and
    `reason`. The projection is spend / elapsed_share while the campaign runs, and the spend to
    date where it is paused or has ended. `pacing` is `not_started` before the first day or while
    planned, `ended` after the last day or when completed, else `over` above `over_pace`, `under`
    below `under_pace`, `on_pace` between. What is undefined is null, and `reason` says why.
    """
    spend, budget, pace = pl.col("spend"), pl.col("budget"), pl.col("pace")
    planned, paused, completed = (
        pl.col("status") == word
        for word in (CampaignStatus.PLANNED, CampaignStatus.PAUSED, CampaignStatus.COMPLETED)
    )
    waiting = planned | (pl.lit(clock.day) < pl.col("start_date"))
    over = completed | (pl.lit(clock.day) > pl.col("end_date"))
    flight = (pl.col("end_date") - pl.col("start_date")).dt.total_days() + 1
    elapsed = (pl.lit(clock.day) - pl.col("start_date")).dt.total_days() + 1
    return (
        campaigns.select(
            "campaign_id",
            "name",
            "status",
            "start_date",
            "end_date",
            "budget",
            flight_days=flight,
            elapsed_days=elapsed.clip(0, flight.clip(lower_bound=0)),
        )
        .join(
            campaign_money.select(
                "campaign_id", pl.col("total_spend").alias("spend"), "spend_source"
            ),
            on="campaign_id",
            how="left",
        )
        .with_columns(
            ratio(pl.col("elapsed_days"), pl.col("flight_days")).alias("elapsed_share"),
            ratio(spend, budget).alias("spend_share"),
            exact(budget - spend).alias("remaining"),
        )
        .with_columns(
            pl.when(~waiting)
            .then(ratio(pl.col("spend_share"), pl.col("elapsed_share")))
            .alias("pace"),
            pl.when(~waiting)
            .then(
                pl.when(over | paused)
                .then(spend)
                .otherwise(exact(ratio(spend, pl.col("elapsed_share"))))
            )
            .alias("projected_end_spend"),
        )
        .with_columns(
            exact(pl.col("projected_end_spend") - budget).alias("projected_gap"),
            pl.when(waiting)
            .then(pl.lit(str(Pacing.NOT_STARTED)))
            .when(over)
            .then(pl.lit(str(Pacing.ENDED)))
            .when(pace > budget_rules.over_pace)
            .then(pl.lit(str(Pacing.OVER)))
            .when(pace < budget_rules.under_pace)
            .then(pl.lit(str(Pacing.UNDER)))
            .when(pace.is_not_null())
            .then(pl.lit(str(Pacing.ON_PACE)))
            .alias("pacing"),
            pl.when(pl.col("flight_days") < 1)
            .then(pl.lit("the flight ends before it starts"))
            .when(waiting)
            .then(pl.lit("the flight has not started"))
            .when(spend.is_null())
            .then(pl.lit("no spend is recorded"))
            .when(budget <= 0)
            .then(pl.lit("the budget is 0"))
            .when(over)
            .then(pl.lit("the flight has ended: the projection is the spend to date"))
            .when(paused)
            .then(pl.lit("paused: the projection is the spend to date"))
            .alias("reason"),
        )
        .select(
            "campaign_id",
            "name",
            "status",
            "start_date",
            "end_date",
            "flight_days",
            "elapsed_days",
            "elapsed_share",
            "budget",
            "spend",
            "spend_source",
            "spend_share",
            "remaining",
            "pace",
            "projected_end_spend",
            "projected_gap",
            "pacing",
            "reason",
        )
        .sort("campaign_id")
    )
