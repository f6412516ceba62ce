"""Which money to move where: from what returns least to what surely returns most."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.returns import cents
from mktorch.config.budget_rules import Pacing
from mktorch.config.recommendation_rules import RecommendationRules
from mktorch.metrics import ratio
from mktorch.recommend.names import channel_names
from mktorch.vocab import CampaignStatus

# The settings that choose recipients and bound what is moved.
CAPS = tuple(
    f"recommendation_rules.{name}"
    for name in (
        "growth_share",
        "reallocation_share",
        "maximum_reallocation",
        "minimum_reallocation",
        "reallocation_gap",
        "recipient_attainment",
    )
)
_RETURN = ("roas_low", "roas", "roas_high", "attainment_low", "attainment_high")


def campaign_moves(
    campaign_returns: pl.DataFrame,
    budget_pacing: pl.DataFrame,
    recommendation_rules: RecommendationRules,
) -> pl.DataFrame:
    """Moves between active campaigns; a donor's rest is what remains of its budget.

    A campaign under its pace takes nothing: it has money of its own to spend first. Columns as of
    `moves`, with `donor_id` and `recipient_id`.
    """
    return moves(
        campaign_returns.filter(status=str(CampaignStatus.ACTIVE))
        .join(budget_pacing.select("campaign_id", "name", "pacing"), on="campaign_id", how="left")
        .select(
            *_RETURN,
            "planned_spend",
            scope=pl.lit("campaigns"),
            id="campaign_id",
            name="name",
            rest=cents(pl.col("remaining")),
            open=(pl.col("pacing") != Pacing.UNDER).fill_null(value=False),
        ),
        recommendation_rules,
    )


def channel_moves(
    channel_returns: pl.DataFrame, channels: pl.DataFrame, recommendation_rules: RecommendationRules
) -> pl.DataFrame:
    """Moves between channels of one active campaign; a donor's rest is its planned spend.

    Columns as of `moves`; `scope` is the campaign.
    """
    named = channel_names(channels).rename({"channel_name": "name"})
    return moves(
        channel_returns.filter(status=str(CampaignStatus.ACTIVE))
        .join(named, on="channel_id", how="left")
        .select(
            *_RETURN,
            "planned_spend",
            scope="campaign_id",
            id="channel_id",
            name="name",
            rest="planned_spend",
            open=pl.lit(value=True),
        ),
        recommendation_rules,
    )


def moves(held: pl.DataFrame, rules: RecommendationRules) -> pl.DataFrame:
    """For each holder of money, what of it should go to its scope's best recipient.

    Parameters
    ----------
    held
        One row per `scope` and `id`: `name`, the return's interval (`roas_*`, `attainment_*`),
        `planned_spend`, `rest` (what it has left) and whether it is `open` to more.

    Returns
    -------
    One row per donor of a scope that has a recipient, sorted by scope and donor. The recipient is
    open, attains `recipient_attainment` at the low end, can take `minimum_reallocation` or more,
    and has the scope's highest low end. `capacity` is what it can take: `growth_share` of its own
    planned spend. `return_gap` is its low end less the donor's high end, over the target. `bound`
    is the donor's own: `reallocation_share` of its rest, at most `maximum_reallocation`. `amount`
    is the bound or what of the capacity is left by donors of lesser return, whichever is less;
    0 where the gap or the amount does not reach its minimum. `gain_*` is the revenue that the
    amount brings more at the recipient than at the donor: low end against high end for
    `gain_low`, high against low for `gain_high`; `lift_*` the same as percent of the donor's
    return. Money in whole cents; nulls where a return has no interval.
    """
    capacity = cents(pl.col("planned_spend") * rules.growth_share)
    best = (
        held.with_columns(capacity=capacity)
        .filter(
            "open",
            pl.col("attainment_low") >= rules.recipient_attainment,
            pl.col("capacity") >= rules.minimum_reallocation,
            pl.col("capacity") > 0,
        )
        .sort("scope", -pl.col("attainment_low"), "id")
        .unique("scope", keep="first", maintain_order=True)
        .select(
            "scope",
            "capacity",
            *(pl.col(name).name.prefix("recipient_") for name in ("id", "name", *_RETURN)),
        )
    )
    bound = cents(
        pl.min_horizontal(
            pl.col("rest") * rules.reallocation_share, pl.lit(rules.maximum_reallocation)
        )
    )
    gap = pl.col("recipient_attainment_low") - pl.col("donor_attainment_high")
    willing = (
        (pl.col("return_gap") > rules.reallocation_gap)
        & (pl.col("bound") >= rules.minimum_reallocation)
        & (pl.col("bound") > 0)
    )
    left = pl.col("capacity") - pl.col("wanted").cum_sum().over("scope") + pl.col("wanted")
    amount = cents(pl.min_horizontal("wanted", left.clip(lower_bound=0)))
    return (
        held.select(
            "scope",
            "rest",
            *(pl.col(name).name.prefix("donor_") for name in ("id", "name", *_RETURN)),
            bound=bound,
        )
        .join(best, on="scope")
        .filter(pl.col("donor_id") != pl.col("recipient_id"))
        .with_columns(return_gap=gap)
        .with_columns(wanted=pl.when(willing).then("bound").otherwise(0.0))
        .sort("scope", "donor_attainment_high", "donor_id", nulls_last=True)
        .with_columns(amount=amount)
        .with_columns(
            amount=pl.when(pl.col("amount") >= rules.minimum_reallocation)
            .then("amount")
            .otherwise(0.0)
        )
        .with_columns(*_gains())
        .drop("wanted")
        .sort("scope", "donor_id")
    )


def _gains() -> list[pl.Expr]:
    """What the amount brings more: corners of the two intervals, and their points."""
    corners = (
        ("_low", "recipient_roas_low", "donor_roas_high"),
        ("", "recipient_roas", "donor_roas"),
        ("_high", "recipient_roas_high", "donor_roas_low"),
    )
    return [
        expression
        for end, recipient, donor in corners
        for expression in (
            (pl.col("amount") * (pl.col(recipient) - pl.col(donor))).alias(f"gain{end}"),
            ((ratio(pl.col(recipient), pl.col(donor)) - 1) * 100).alias(f"lift{end}"),
        )
    ]
