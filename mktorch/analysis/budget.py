"""Budget governance: who approved which move of money, what it brought, and where it went."""

from __future__ import annotations

from datetime import timedelta

import dataframely as dy
import polars as pl

from mktorch.analysis.before_after import before_after, daily
from mktorch.analysis.comparisons import CONTROL
from mktorch.analysis.money import exact
from mktorch.clock import Clock
from mktorch.config.budget_rules import BudgetRules
from mktorch.metrics import roas
from mktorch.sources.schemas import BudgetActions, Channels
from mktorch.sums import micros, ratio, units
from mktorch.tables import (
    Table,
    carried,
    count,
    declare,
    flag,
    fraction,
    key,
    money,
    multiple,
    number,
    read,
    reason,
    same,
    text,
    word,
)
from mktorch.vocab import BudgetStatus

_EXECUTED = (BudgetStatus.EXECUTED,)
_PENDING = (BudgetStatus.PROPOSED, BudgetStatus.APPROVED)
# What the return of an executed move is measured on -> the key columns that make it up.
_SCOPES = {"campaign": ("campaign_id",), "channel": ("campaign_id", "channel_id")}
_ON = ("budget_action_id",)
_APPROVAL = ("budget_rules.approval_required_amount", "currency")
_UNJUDGED = "approval_reason"


# fmt: off
def _return(scope: str, of: str, *on: tuple[str, str]) -> dict[str, dy.Column]:
    """The return before and after an executed move: of its campaign, or of a channel within it."""
    made = (read("rollup_day", "revenue", "cost", on=dict((("campaign_id",) * 2, *on))),
        read("budget_actions", "timestamp", on=_ON, status=BudgetStatus.EXECUTED))
    null = f"{scope}_return_reason"

    def each(words: str) -> dy.Float64:
        return multiple(f"{words}, of {of}", *made, config=("budget_rules.outcome_days",),
            null=null)

    days = "of as many days {} the executed move"
    return {
        f"{scope}_return_before": each(f"Revenue / cost {days.format('before')}"),
        f"{scope}_return_after": each(f"Revenue / cost {days.format('after')}"),
        f"{scope}_return_change": each("Return after the executed move less return before it"),
        null: text("Why a return is missing", null="both are there, or nothing was executed"),
    }


_STANDINGS = ("violation", "unjudged", "stale", "same_channel", "order")
BudgetMoves = declare("budget_moves",
    "One row per budget action: its record, its flags, its age, and the return it changed.", {
    "budget_action_id": same(BudgetActions, "budget_action_id", _ON, key=True),
    **carried(BudgetActions, "timestamp", "campaign_id", "from_channel_id", "to_channel_id",
        on=_ON),
    "amount": number("the move's own currency", "The move's amount as its record states it",
        read("budget_actions", "amount", on=_ON), adds=True),
    "currency": text("The amount's currency; the reporting currency where none is stated",
        read("budget_actions", "currency", on=_ON), config=("currency",)),
    **carried(BudgetActions, "reason_code", "reason_detail", "proposed_by", "approved_by_human",
        "approver_id", on=_ON),
    "approval_latency_minutes": number("minutes", "Minutes from proposal to ruling, as recorded",
        read("budget_actions", "approval_latency_minutes", on=_ON),
        null="the record states none"),
    **carried(BudgetActions, "status", on=_ON),
    "required_approval": flag("Whether the move's amount needs a person's approval",
        read("budget_actions", "amount", on=_ON), config=_APPROVAL, null=_UNJUDGED),
    "violation": flag("Whether the move was executed without required approval",
        read("budget_moves", "required_approval", on=_ON),
        read("budget_actions", "approved_by_human", on=_ON, status=BudgetStatus.EXECUTED),
        config=_APPROVAL, null=_UNJUDGED),
    _UNJUDGED: text("Why it is not known whether approval was needed", null="it can be said"),
    "same_channel": flag("Whether the move goes from a channel to itself",
        read("budget_actions", "from_channel_id", "to_channel_id", on=_ON)),
    "age_days": count("Whole days since the move was recorded",
        read("budget_actions", "timestamp", on=_ON), config=("as_of",), unit="days"),
    "stale": flag("Whether the move is a proposal older than the limit",
        read("budget_actions", "timestamp", on=_ON, status=BudgetStatus.PROPOSED),
        config=("budget_rules.proposal_stale_days",)),
    "standing": word(_STANDINGS, "What is wrong with the move, most serious first; else order",
        config=("budget_rules", "currency")),
    **_return("campaign", "the campaign"),
    **_return("channel", "the channel it went to", ("to_channel_id", "channel_id")),
})


def _latency(words: str) -> dy.Float64:
    return number("minutes",
        f"{words} of the minutes from proposal to ruling, over the moves that state them",
        read("budget_moves", "approval_latency_minutes"), null="latency_reason")


_RULED = read("budget_moves", "status", "approved_by_human")


class BudgetGovernance(Table):
    """One row: how budget moves are decided.

    Decided are those a person decided: rejected, approved, or executed or rolled back with
    approval.
    """

    actions = count("Number of moves", read("budget_moves", "status"))
    proposed, approved, rejected, executed, rolled_back = (
        count(f"Number of moves {word.replace('_', ' ')}",
            read("budget_moves", "status", status=word)) for word in BudgetStatus)
    decided = count("Number of moves that a person decided", _RULED)
    decided_approved = count("Number of moves approved, of those a person decided", _RULED)
    approval_rate = fraction("Moves approved / moves a person decided", _RULED,
        over=("decided_approved", "decided"), null="approval_rate_reason")
    approval_rate_reason = reason("the approval rate")
    latency_moves = count("Number of moves that state the minutes from proposal to ruling",
        read("budget_moves", "approval_latency_minutes"))
    latency_mean_minutes = _latency("Mean")
    latency_median_minutes = _latency("Median")
    latency_p90_minutes = _latency("90th percentile")
    latency_reason = reason("the time to decide")
    pending = count("Number of moves proposed and not decided",
        read("budget_moves", "status", status=BudgetStatus.PROPOSED))
    stale_proposals = count("Number of proposals older than the limit",
        read("budget_moves", "stale"), config=("budget_rules.proposal_stale_days",))
    executed_without_approval = count("Number of moves executed without approval",
        read("budget_moves", "approved_by_human", status=BudgetStatus.EXECUTED))
    violations = count("Number of moves executed without required approval",
        read("budget_moves", "violation"), config=_APPROVAL)
    executed_below_limit = count("Number of moves executed without approval, less those that "
        "needed one", read("budget_moves", "violation"),
        read("budget_moves", "approved_by_human", status=BudgetStatus.EXECUTED), config=_APPROVAL)
    same_channel_moves = count("Number of moves from a channel to itself",
        read("budget_moves", "same_channel"))
    moved_amount = money("Amounts of the executed moves in the reporting currency, summed",
        read("budget_moves", "amount", status=BudgetStatus.EXECUTED), config=("currency",))
    other_currency_actions = count("Number of moves in another currency",
        read("budget_moves", "currency"), config=("currency",))
    other_currency_reason = text("What the sums leave out", null="every move is in one currency")


def _flow(words: str, statuses: tuple[BudgetStatus, ...], *sides: str) -> dy.Float64:
    return money(f"Amounts of {words}", *(read("budget_moves", "amount", on={"channel_id": side},
        status=status) for side in sides for status in statuses), config=("currency",))


_BY = ("approver_id",)
_TO, _FROM = "to_channel_id", "from_channel_id"


class BudgetApprovers(Table):
    """One row per person who decided budget moves."""

    approver_id = key("Who decided", read("budget_moves", "approver_id"))
    moves = count("Number of moves decided", read("budget_moves", "approver_id", on=_BY))
    approved = count("Number of them approved", read("budget_moves", "approved_by_human", on=_BY))
    rejected = count("Number of them rejected", read("budget_moves", "status", on=_BY,
        status=BudgetStatus.REJECTED))
    required = count("Number of them that required approval",
        read("budget_moves", "required_approval", on=_BY), config=_APPROVAL)
    median_hours = number("hours", "Median of the hours from proposal to ruling",
        read("budget_moves", "approval_latency_minutes", on=_BY), null="no time is on record")
    longest_hours = number("hours", "The most hours from proposal to ruling",
        read("budget_moves", "approval_latency_minutes", on=_BY), null="no time is on record")


class ChannelFlow(Table):
    """One row per channel: money moved in and out; each net adds up to 0 over all channels.

    Executed and pending (proposed or approved) moves stand apart; rejected and rolled back ones
    move nothing, and amounts in another currency are in no sum.
    """

    channel_id = key("The channel")
    type, platform = carried(Channels, "type", "platform", on=("channel_id",)).values()
    moves_in = count("Number of moves to the channel",
        read("budget_moves", "budget_action_id", on={"channel_id": _TO}))
    moves_out = count("Number of moves from the channel",
        read("budget_moves", "budget_action_id", on={"channel_id": _FROM}))
    executed_in = _flow("executed moves to the channel", _EXECUTED, _TO)
    executed_out = _flow("executed moves from the channel", _EXECUTED, _FROM)
    executed_net = _flow("executed moves to the channel less those from it", _EXECUTED, _TO, _FROM)
    pending_in = _flow("proposed and approved moves to the channel", _PENDING, _TO)
    pending_out = _flow("proposed and approved moves from the channel", _PENDING, _FROM)
    pending_net = _flow("proposed and approved moves to the channel less those from it", _PENDING,
        _TO, _FROM)
    other_currency_moves = count("Number of moves to or from the channel in another currency",
        *(read("budget_moves", "currency", on={"channel_id": side}) for side in (_TO, _FROM)),
        config=("currency",))
# fmt: on


def budget_moves(
    budget_actions: pl.DataFrame,
    rollup_day: pl.DataFrame,
    clock: Clock,
    budget_rules: BudgetRules,
    currency: str,
) -> pl.DataFrame:
    """`BudgetMoves`, sorted by id.

    `currency` is the reporting currency: that of an action which states none, and of the limit
    from which a move needs approval. Returns are null with a reason where the days hold no spend,
    null without one where nothing was executed.
    """
    age = pl.lit(clock.as_of) - pl.col("timestamp")
    executed = pl.col("status") == BudgetStatus.EXECUTED
    flagged = budget_actions.with_columns(pl.col("currency").fill_null(currency)).with_columns(
        pl.when(pl.col("currency") == currency)
        .then(pl.col("amount") >= budget_rules.approval_required_amount)
        .alias("required_approval"),
        pl.when(pl.col("currency") != currency)
        .then(pl.format(f"the amount is in {{}}, the threshold in {currency}", "currency"))
        .alias("approval_reason"),
        (pl.col("from_channel_id") == pl.col("to_channel_id")).alias("same_channel"),
        age.dt.total_days().alias("age_days"),
        (
            (pl.col("status") == BudgetStatus.PROPOSED)
            & (age > timedelta(days=budget_rules.proposal_stale_days))
        ).alias("stale"),
    )
    moves = flagged.with_columns(
        pl.when(pl.col("required_approval").is_not_null())
        .then(executed & pl.col("required_approval") & ~pl.col("approved_by_human"))
        .alias("violation")
    )
    events = moves.filter(executed).select(
        "budget_action_id",
        "campaign_id",
        pl.col("to_channel_id").alias("channel_id"),
        pl.col("timestamp").dt.date().alias("day"),
    )
    for scope, keys in _SCOPES.items():
        outcome = _returns(events, rollup_day, scope, keys, budget_rules.outcome_days)
        moves = moves.join(outcome, on="budget_action_id", how="left")
    faults = (
        pl.col("violation"),
        pl.col("approval_reason").is_not_null(),
        pl.col("stale"),
        pl.col("same_channel"),
    )
    named = (pl.when(f).then(pl.lit(w)) for f, w in zip(faults, _STANDINGS, strict=False))
    standing = pl.coalesce(*named, pl.lit(_STANDINGS[-1]))
    return BudgetMoves.of(moves.with_columns(standing=standing).sort("budget_action_id"))


def budget_approvers(budget_moves: pl.DataFrame) -> pl.DataFrame:
    """`BudgetApprovers`, the busiest first."""
    minutes = pl.col("approval_latency_minutes")
    return BudgetApprovers.of(
        budget_moves.drop_nulls("approver_id")
        .group_by("approver_id")
        .agg(
            pl.len().cast(pl.Int64).alias("moves"),
            _count(pl.col("approved_by_human"), "approved"),
            _count(pl.col("status") == BudgetStatus.REJECTED, "rejected"),
            _count(pl.col("required_approval"), "required"),
            (exact(minutes.median()) / 60).alias("median_hours"),
            (minutes.max() / 60).alias("longest_hours"),
        )
        .sort("moves", "approver_id", descending=[True, False])
    )


def budget_governance(budget_moves: pl.DataFrame, currency: str) -> pl.DataFrame:
    """`BudgetGovernance`; the percentile is by linear interpolation."""
    status, minutes = pl.col("status"), pl.col("approval_latency_minutes")
    executed = status == BudgetStatus.EXECUTED
    carried_out = executed | (status == BudgetStatus.ROLLED_BACK)
    approved = (status == BudgetStatus.APPROVED) | (carried_out & pl.col("approved_by_human"))
    decided = approved | (status == BudgetStatus.REJECTED)
    ours = pl.col("currency") == currency
    others = pl.col("currency").filter(~ours).unique().sort().str.join(", ")
    figures = budget_moves.select(
        pl.len().cast(pl.Int64).alias("actions"),
        *(_count(status == word, str(word)) for word in BudgetStatus),
        _count(decided, "decided"),
        _count(approved, "decided_approved"),
        ratio(approved.sum(), decided.sum()).alias("approval_rate"),
        pl.when(decided.sum() == 0)
        .then(pl.lit("no action has been decided"))
        .alias("approval_rate_reason"),
        _count(minutes.is_not_null(), "latency_moves"),
        ratio(units(micros(minutes).sum()), minutes.count()).alias("latency_mean_minutes"),
        exact(minutes.median()).alias("latency_median_minutes"),
        exact(minutes.quantile(0.9, interpolation="linear")).alias("latency_p90_minutes"),
        pl.when(minutes.count() == 0)
        .then(pl.lit("no action states its approval latency"))
        .alias("latency_reason"),
        _count(status == BudgetStatus.PROPOSED, "pending"),
        _count(pl.col("stale"), "stale_proposals"),
        _count(executed & ~pl.col("approved_by_human"), "executed_without_approval"),
        _count(pl.col("violation"), "violations"),
        ((executed & ~pl.col("approved_by_human")).sum() - pl.col("violation").sum())
        .cast(pl.Int64)
        .alias("executed_below_limit"),
        _count(pl.col("same_channel"), "same_channel_moves"),
        units(micros(pl.col("amount")).filter(executed & ours).sum()).alias("moved_amount"),
        _count(~ours, "other_currency_actions"),
        pl.when((~ours).any())
        .then(pl.format(f"amounts in {{}} are not added to {currency}", others))
        .alias("other_currency_reason"),
    )
    return BudgetGovernance.of(figures)


def channel_flow(budget_moves: pl.DataFrame, channels: pl.DataFrame, currency: str) -> pl.DataFrame:
    """`ChannelFlow`, sorted by id."""
    ends = {"in": "to_channel_id", "out": "from_channel_id"}
    legs = pl.concat(
        budget_moves.select("amount", "currency", "status", channel_id=column, side=pl.lit(side))
        for side, column in ends.items()
    )
    ours = pl.col("currency") == currency
    groups = {"executed": (BudgetStatus.EXECUTED,), "pending": _PENDING}
    sums = legs.group_by("channel_id").agg(
        *(
            units(
                micros(pl.col("amount"))
                .filter(ours, pl.col("side") == side, pl.col("status").is_in(statuses))
                .sum()
            ).alias(f"{group}_{side}")
            for group, statuses in groups.items()
            for side in ends
        ),
        *(_count(pl.col("side") == side, f"moves_{side}") for side in ends),
        _count(~ours, "other_currency_moves"),
    )
    return ChannelFlow.of(
        channels.select("channel_id", "type", "platform")
        .join(sums, on="channel_id", how="left")
        .with_columns(
            pl.col("moves_in", "moves_out", "other_currency_moves").fill_null(0),
            pl.col(f"{group}_{side}" for group in groups for side in ends).fill_null(0.0),
        )
        .with_columns(
            exact(pl.col(f"{group}_in") - pl.col(f"{group}_out")).alias(f"{group}_net")
            for group in groups
        )
        .sort("channel_id")
    )


def _count(condition: pl.Expr, name: str) -> pl.Expr:
    return condition.sum().cast(pl.Int64).alias(name)


def _returns(
    events: pl.DataFrame, rollup_day: pl.DataFrame, scope: str, keys: tuple[str, ...], length: int
) -> pl.DataFrame:
    """Return on ad spend before and after each event, within the keys of `scope`."""
    days = daily(rollup_day, *keys).select(*keys, "date", numerator="revenue", denominator="cost")
    before, after = (pl.col(f"{scope}_return_{side}") for side in ("before", "after"))
    return (
        before_after(events, days, "budget_action_id", keys, length)
        .select(
            "budget_action_id",
            roas(pl.col(f"y{CONTROL}"), pl.col(f"x{CONTROL}")).alias(before.meta.output_name()),
            roas(pl.col("y"), pl.col("x")).alias(after.meta.output_name()),
        )
        .with_columns(
            (after - before).alias(f"{scope}_return_change"),
            pl.when(before.is_null() & after.is_null())
            .then(pl.lit(f"the {scope} had no spend in the {length} days before or after"))
            .when(before.is_null())
            .then(pl.lit(f"the {scope} had no spend in the prior {length} days"))
            .when(after.is_null())
            .then(pl.lit(f"the {scope} had no spend in the next {length} days"))
            .alias(f"{scope}_return_reason"),
        )
    )
