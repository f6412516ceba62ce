"""Which money to move where: from what returns least to what surely returns most."""

from __future__ import annotations

from collections.abc import Mapping

import dataframely as dy
import polars as pl

from mktorch.analysis.returns import cents
from mktorch.config.budget_rules import Pacing
from mktorch.config.recommendation_rules import RecommendationRules
from mktorch.recommend.names import channel_names
from mktorch.sums import ratio
from mktorch.tables import Table, Upstream, declare, key, money, multiple, number, read, text
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
_RETURN = {
    "roas_low": "Lower end",
    "roas": "Point",
    "roas_high": "Upper end",
    "attainment_low": "Lower end, over the target,",
    "attainment_high": "Upper end, over the target,",
}
_UNBOUNDED = "a return has no interval"
_GAIN = "Revenue that the amount brings more at the recipient than at the donor"
_LIFT = "Return of the recipient over that of the donor, in percent"
# Suffix of a gain -> the return of the recipient and of the donor that it is made of, in words.
_CORNERS = {
    "_low": ("roas_low", "roas_high", "the recipient's low end against the donor's high one"),
    "": ("roas", "roas", "by the returns themselves"),
    "_high": ("roas_high", "roas_low", "the recipient's high end against the donor's low one"),
}


# fmt: off
def _table(holder: str, rest: str, what: str, scope: Mapping[str, str]) -> type[Table]:
    """The table of moves between holders of money; `scope` are the columns that name theirs."""
    table, source, id_ = f"{holder}_moves", f"{holder}_returns", f"{holder}_id"
    # Whoever takes the money was chosen among all holders of the scope.
    chosen = read(source, "attainment_low", "planned_spend", on=scope)

    def of(who: str, *columns: str) -> tuple[Upstream, Upstream]:
        return read(source, *columns, on={**scope, f"{who}_id": id_}), chosen

    def ends(who: str) -> dict[str, dy.Column]:
        return {f"{who}_{name}": multiple(f"{words} of the {who}'s return", *of(who, name),
            config=CAPS, null=_UNBOUNDED) for name, words in _RETURN.items()}

    columns: dict[str, dy.Column] = {
        "scope": key("The campaign, or all campaigns, within which money moves"),
        "rest": money(what, *of("donor", rest), config=CAPS, null="no budget is set"),
        "donor_id": key("Who gives"),
        "donor_name": text("The donor's name"),
        **ends("donor"),
        "bound": money("What the donor may give: its share of the rest, at most the greatest move",
            *of("donor", rest), config=CAPS),
        "capacity": money("What the recipient can take: the share by which its planned spend may "
            "grow", chosen, config=CAPS),
        "recipient_id": text("Who takes: of those open to more and of return enough, the one whose "
            "return is surely highest", chosen, config=CAPS),
        "recipient_name": text("The recipient's name"),
        **ends("recipient"),
        "return_gap": multiple("Lower end of the recipient's attainment less the upper end of the "
            "donor's", *of("recipient", "attainment_low"), *of("donor", "attainment_high"),
            config=CAPS, null=_UNBOUNDED),
        "amount": money(f"Money to move: the donor's bound, or what {holder}s of lesser return "
            "leave of the recipient's capacity, whichever is less; 0 where the gap or the amount "
            "does not reach its minimum",
            read(table, "bound", "return_gap", "capacity", on=("scope",)), config=CAPS),
    }
    for end, (ours, theirs, words) in _CORNERS.items():
        made = (*of("recipient", ours), *of("donor", theirs))
        columns[f"gain{end}"] = money(f"{_GAIN}: {words}", *made,
            read(table, "amount", on=("scope", "donor_id")), config=CAPS, null=_UNBOUNDED,
            formula=f"amount * (recipient_{ours} - donor_{theirs})")
        columns[f"lift{end}"] = number("percentage", f"{_LIFT}: {words}", *made, config=CAPS,
            null=_UNBOUNDED, formula=f"(recipient_{ours} / donor_{theirs} - 1) * 100")
    return declare(table, f"One row per {holder} that could give money to the best recipient of "
        "its scope. Money in whole cents.", columns)


CampaignMoves = _table("campaign", "remaining", "What is left of the donor's budget", {})
ChannelMoves = _table("channel", "planned_spend", "What the donor would spend over the days ahead",
    {"scope": "campaign_id"})
# fmt: on


def campaign_moves(
    campaign_returns: pl.DataFrame,
    budget_pacing: pl.DataFrame,
    recommendation_rules: RecommendationRules,
) -> pl.DataFrame:
    """`CampaignMoves`, between active campaigns.

    A campaign under its pace takes nothing: it has money of its own to spend first.
    """
    made = moves(
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
    return CampaignMoves.of(made)


def channel_moves(
    channel_returns: pl.DataFrame, channels: pl.DataFrame, recommendation_rules: RecommendationRules
) -> pl.DataFrame:
    """`ChannelMoves`, between channels of one active campaign."""
    named = channel_names(channels).rename({"channel_name": "name"})
    made = moves(
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
    return ChannelMoves.of(made)


def moves(held: pl.DataFrame, rules: RecommendationRules) -> pl.DataFrame:
    """For each holder of money, what of it should go to its scope's best recipient.

    Parameters
    ----------
    held
        One row per `scope` and `id`: `name`, the return's interval (`roas_*`, `attainment_*`),
        `planned_spend`, `rest` (what it has left) and whether it is `open` to more.

    Returns
    -------
    The columns of a table of moves, sorted. The recipient is open, attains `recipient_attainment`
    at the low end, can take `minimum_reallocation` or more, and has the scope's highest low end.
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
    return [
        expression
        for end, (ours, theirs, _) in _CORNERS.items()
        for recipient, donor in [(pl.col(f"recipient_{ours}"), pl.col(f"donor_{theirs}"))]
        for expression in (
            (pl.col("amount") * (recipient - donor)).alias(f"gain{end}"),
            ((ratio(recipient, donor) - 1) * 100).alias(f"lift{end}"),
        )
    ]
