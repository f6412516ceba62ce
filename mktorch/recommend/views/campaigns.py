"""The campaign view: each campaign's return, pacing and plan, and what an action would change."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.returns import cents
from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend.rule import Builder, Origin, Tables, View
from mktorch.sums import ratio

_KEY = {"campaign_id": "campaign_id"}
_RETURNS = (
    "days",
    "roas_low",
    "roas",
    "roas_high",
    "attainment_low",
    "attainment",
    "attainment_high",
    "window_spend",
    "window_conversions",
    "days_left",
    "horizon_days",
    "run_rate",
    "planned_spend",
)
_PACING = ("budget", "remaining", "pacing", "pace", "projected_end_spend", "projected_gap")
GOALS = ("conversions", "matured_spend", "by_return", "by_conversions")
MOVE = (
    "recipient_id",
    "recipient_name",
    "return_gap",
    "rest",
    "capacity",
    "amount",
    "donor_roas_low",
    "donor_roas",
    "donor_roas_high",
    "recipient_roas_low",
    "recipient_roas",
    "recipient_roas_high",
    "gain_low",
    "gain",
    "gain_high",
    "lift_low",
    "lift",
    "lift_high",
)
ORIGINS = {
    "status": Origin("campaign_analysis", "status", _KEY),
    "overall_performance": Origin("campaign_analysis", "overall_performance", _KEY),
    "life_roas": Origin("campaign_analysis", "roas", _KEY),
    **{name: Origin("campaign_returns", name, _KEY) for name in _RETURNS},
    **{name: Origin("campaign_goals", name, _KEY) for name in GOALS},
    **{name: Origin("budget_pacing", name, _KEY) for name in _PACING},
    **{name: Origin("campaign_moves", name, {"donor_id": "campaign_id"}) for name in MOVE},
}


def campaign_view(tables: Tables, config: MarketingOrchestratorConfig) -> View:
    """One row per campaign.

    Beside what run tables hold: `cut` and `rise` (`change_share` of the planned spend and of the
    run rate, at most `maximum_change`), `faster` (the money that would be left unspent, at most
    `growth_share` of the run rate), what each changes in revenue and cost, and the ids that each
    action pulls at.
    """
    rules = config.recommendation_rules
    most = pl.lit(rules.maximum_change)
    frame = (
        tables["campaign_analysis"]
        .select("campaign_id", "name", "status", "overall_performance", life_roas="roas")
        .join(
            tables["campaign_returns"].select("campaign_id", *_RETURNS, "return_reason"),
            on="campaign_id",
            how="left",
        )
        .join(tables["campaign_goals"].select("campaign_id", *GOALS), on="campaign_id", how="left")
        .join(tables["budget_pacing"].select("campaign_id", *_PACING), on="campaign_id", how="left")
        .join(
            tables["campaign_moves"].select("donor_id", *MOVE),
            left_on="campaign_id",
            right_on="donor_id",
            how="left",
        )
        .with_columns(
            cut=cents(pl.min_horizontal(pl.col("planned_spend") * rules.change_share, most)),
            rise=cents(pl.min_horizontal(pl.col("run_rate") * rules.change_share, most)),
            faster=cents(
                pl.min_horizontal(-pl.col("projected_gap"), pl.col("run_rate") * rules.growth_share)
            ),
            daily_rate=cents(ratio(pl.col("run_rate"), pl.col("horizon_days"))),
            affordable_rate=cents(ratio(pl.col("remaining"), pl.col("days_left"))),
            amount_share=ratio(pl.col("amount"), pl.col("rest")),
        )
        .with_columns(
            *forgone("planned_spend", "pause"),
            *forgone("cut", "cut"),
            *forgone("projected_gap", "slow"),
            *gained("run_rate", "on"),
            *gained("rise", "rise"),
            *gained("faster", "faster"),
            cut_to=pl.col("budget") - pl.col("cut"),
            rise_to=pl.col("budget") + pl.col("rise"),
            move_reason=pl.lit("the donor's return may be 0: its lift has no upper end"),
        )
        .with_columns(*_ids())
        .with_columns(target_id="campaign_id", target_name="name")
        .sort("campaign_id")
    )
    return View(frame, ORIGINS)


def forgone(spend: str, name: str) -> list[pl.Expr]:
    """Revenue that goes with a spend that is not made: minus the spend times each end."""
    money, ends = pl.col(spend), ("roas_high", "roas", "roas_low")
    parts = zip(("_revenue_low", "_revenue", "_revenue_high"), ends, strict=True)
    return [(-money * pl.col(end)).alias(f"{name}{part}") for part, end in parts]


def gained(spend: str, name: str) -> list[pl.Expr]:
    """Revenue of a spend on top, at each end of the return, and its cost as negative savings."""
    money, ends = pl.col(spend), ("roas_low", "roas", "roas_high")
    parts = zip(("_revenue_low", "_revenue", "_revenue_high"), ends, strict=True)
    return [
        *((money * pl.col(end)).alias(f"{name}{part}") for part, end in parts),
        (-money).alias(f"{name}_cost"),
    ]


def _ids() -> list[pl.Expr]:
    """Typed ids: the campaign runs, its budget, its channels' money."""
    runs = pl.format("campaign:{}", "campaign_id")
    budget = pl.format("budget:{}", "campaign_id")
    recipient = pl.format("budget:{}", "recipient_id")
    return [
        pl.concat_list(runs, budget).alias("campaign_and_budget"),
        pl.concat_list(runs).alias("campaign_runs"),
        pl.concat_list(budget).alias("own_budget"),
        pl.concat_list(recipient).list.drop_nulls().alias("recipient_budget"),
    ]


VIEWS = {
    "campaign": Builder(
        (
            "campaign_analysis",
            "campaign_goals",
            "campaign_returns",
            "budget_pacing",
            "campaign_moves",
        ),
        campaign_view,
    )
}
