"""Budget pacing: each campaign's spend to date against the part of its flight that has passed."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.money import CampaignMoney, exact
from mktorch.clock import Clock
from mktorch.config.budget_rules import BudgetRules, Pacing
from mktorch.sources.schemas import Campaigns
from mktorch.sums import ratio
from mktorch.tables import (
    Table,
    by_campaign,
    carried,
    count,
    fraction,
    key,
    money,
    multiple,
    same,
    text,
    word,
)
from mktorch.vocab import CampaignStatus

_SPENT = by_campaign("campaign_money", "total_spend")
_BUDGET = by_campaign("campaigns", "budget")
_FLIGHT = by_campaign("campaigns", "start_date", "end_date", "status")
_AUTHORITY = ("money_authority",)
_LIMITS = ("budget_rules.over_pace", "budget_rules.under_pace")
_MOMENT = ("as_of",)


# fmt: off
class BudgetPacing(Table):
    """One row per campaign: spend to date against the part of its flight that has passed."""

    campaign_id = key("The campaign")
    name = same(Campaigns, "name", label="Campaign")
    status, start_date, end_date = carried(Campaigns, "status", "start_date", "end_date").values()
    flight_days = count("Days of the flight, first and last day included",
        by_campaign("campaigns", "start_date", "end_date"), unit="days", null="no end is set")
    elapsed_days = count("Days of the flight gone, first day and today included",
        by_campaign("campaigns", "start_date", "end_date"), config=_MOMENT, unit="days")
    elapsed_share = fraction("Days of the flight gone / all its days",
        by_campaign("campaigns", "start_date", "end_date"), config=_MOMENT,
        over=("elapsed_days", "flight_days"), label="Time gone", null="reason")
    budget = money("The campaign's budget as recorded", _BUDGET, null="none is set")
    spend = money("The campaign's spend to date", _SPENT, config=_AUTHORITY,
        null="no record of spend")
    spend_source = same(CampaignMoney, "spend_source")
    spend_share = fraction("Spend to date / budget", _SPENT, _BUDGET, config=_AUTHORITY,
        over=("spend", "budget"), label="Spent", null="reason")
    remaining = money("Budget less spend to date", _BUDGET, _SPENT, config=_AUTHORITY,
        null="no record of spend, or no budget is set")
    pace = multiple("Share of the budget spent / share of the flight gone", _SPENT, _BUDGET,
        _FLIGHT, config=_MOMENT, over=("spend_share", "elapsed_share"), null="reason")
    projected_end_spend = money("Spend to date / share of the flight gone; the spend to date where "
        "the campaign is paused or has ended", _SPENT, _FLIGHT, config=_MOMENT,
        label="Spend at the end", null="reason")
    projected_gap = money("Spend at the end less budget", _SPENT, _BUDGET, _FLIGHT, config=_MOMENT,
        null="reason")
    pacing = word(Pacing, "Where the pace stands to its limits", _SPENT, _BUDGET, _FLIGHT,
        config=(*_LIMITS, *_MOMENT), null="reason")
    reason = text("Why a figure is missing, or what the projection is", null="nothing is missing")
# fmt: on


def budget_pacing(
    campaigns: pl.DataFrame, campaign_money: pl.DataFrame, clock: Clock, budget_rules: BudgetRules
) -> pl.DataFrame:
    """`BudgetPacing`, sorted by id.

    `pacing` is `not_started` before the first day or while planned, `ended` after the last day or
    when completed, else `over` above `over_pace`, `under` below `under_pace`, `on_pace` between.
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
    return BudgetPacing.of(
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
            .when(budget.is_null())
            .then(pl.lit("no budget is set"))
            .when(budget <= 0)
            .then(pl.lit("the budget is 0"))
            .when(over)
            .then(pl.lit("the flight has ended: the projection is the spend to date"))
            .when(paused)
            .then(pl.lit("paused: the projection is the spend to date"))
            .when(pl.col("end_date").is_null())
            .then(pl.lit("no end date is set: an always-on campaign has no pace"))
            .alias("reason"),
        )
        .sort("campaign_id")
    )
