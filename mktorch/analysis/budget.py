"""Budget governance: who approved which move of money, what it brought, and where it went."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from mktorch.analysis.before_after import before_after, daily
from mktorch.analysis.comparisons import CONTROL
from mktorch.analysis.money import exact
from mktorch.clock import Clock
from mktorch.config.budget_rules import BudgetRules
from mktorch.metrics import ratio, roas
from mktorch.sums import micros, units
from mktorch.vocab import BudgetStatus

_PENDING = (BudgetStatus.PROPOSED, BudgetStatus.APPROVED)
# What the return of an executed move is measured on -> the key columns that make it up.
_SCOPES = {"campaign": ("campaign_id",), "channel": ("campaign_id", "channel_id")}


def budget_moves(
    budget_actions: pl.DataFrame,
    rollup_day: pl.DataFrame,
    clock: Clock,
    budget_rules: BudgetRules,
    currency: str,
) -> pl.DataFrame:
    """One row per budget action, sorted by id: its flags, its age, and the return it changed.

    Parameters
    ----------
    budget_actions, rollup_day
        `budget_actions`, and performance by campaign, segment, channel and day.
    clock
        Ages are counted to this moment.
    currency
        The reporting currency: that of an action which states none, and of the threshold.

    Returns
    -------
    The action's own columns (money as stated, `currency` filled), then
    `required_approval` (amount at or above `approval_required_amount`), `violation` (executed
    though a required approval was not given), `approval_reason` where both are null because the
    amount is in another currency; `same_channel`; `age_days`, whole days since it was recorded;
    `stale`, a proposal older than `proposal_stale_days`; and for executed moves the return on ad
    spend over `outcome_days` before and after, of the campaign (`campaign_return_before`,
    `_after`, `_change`, `_reason`) and of the recipient channel within it (`channel_return_...`):
    null with a reason where the days hold no spend, null without one where nothing was executed.
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
    return moves.select(
        "budget_action_id",
        "timestamp",
        "campaign_id",
        "from_channel_id",
        "to_channel_id",
        "amount",
        "currency",
        "reason_code",
        "reason_detail",
        "proposed_by",
        "approved_by_human",
        "approver_id",
        "approval_latency_minutes",
        "status",
        "required_approval",
        "violation",
        "approval_reason",
        "same_channel",
        "age_days",
        "stale",
        *(
            f"{scope}_return_{part}"
            for scope in _SCOPES
            for part in ("before", "after", "change", "reason")
        ),
    ).sort("budget_action_id")


def budget_governance(budget_moves: pl.DataFrame, currency: str) -> pl.DataFrame:
    """One row: how budget moves are decided, from `budget_moves`.

    `proposed` to `rolled_back` count actions by status. `decided` are those a person ruled on:
    rejected, approved, or executed or rolled back with approval; `approval_rate` is the approved
    among them, null with `approval_rate_reason` where nobody decided anything.
    `executed_without_approval` counts every such move, `violations` those that needed one.
    `latency_` figures are minutes over the `latency_moves` that state one: mean, median, and the
    90th percentile by linear interpolation; null with `latency_reason` where none does.
    `pending` are proposals, `stale_proposals` the old ones. `moved_amount` is the executed money
    in the reporting currency; actions in another one are counted in `other_currency_actions`,
    named in `other_currency_reason`, and in no sum.
    """
    status, minutes = pl.col("status"), pl.col("approval_latency_minutes")
    executed = status == BudgetStatus.EXECUTED
    carried_out = executed | (status == BudgetStatus.ROLLED_BACK)
    approved = (status == BudgetStatus.APPROVED) | (carried_out & pl.col("approved_by_human"))
    decided = approved | (status == BudgetStatus.REJECTED)
    ours = pl.col("currency") == currency
    others = pl.col("currency").filter(~ours).unique().sort().str.join(", ")
    return budget_moves.select(
        pl.len().cast(pl.Int64).alias("actions"),
        *(_count(status == word, str(word)) for word in BudgetStatus),
        _count(decided, "decided"),
        _count(approved, "decided_approved"),
        ratio(approved.sum(), decided.sum()).alias("approval_rate"),
        pl.when(decided.sum() == 0)
        .then(pl.lit("nobody has decided an action"))
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
        _count(pl.col("same_channel"), "same_channel_moves"),
        units(micros(pl.col("amount")).filter(executed & ours).sum()).alias("moved_amount"),
        _count(~ours, "other_currency_actions"),
        pl.when((~ours).any())
        .then(pl.format(f"amounts in {{}} are not added to {currency}", others))
        .alias("other_currency_reason"),
    )


def channel_flow(budget_moves: pl.DataFrame, channels: pl.DataFrame, currency: str) -> pl.DataFrame:
    """One row per channel, sorted by id: money moved in, out and net, executed and pending.

    Only amounts in the reporting currency are summed; `other_currency_moves` counts the rest.
    Executed and pending (proposed or approved) moves stand apart; rejected and rolled back ones
    move nothing. Each net adds up to exactly 0 over all channels.
    """
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
    return (
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
        .select(
            "channel_id",
            "type",
            "platform",
            "moves_in",
            "moves_out",
            *(f"{group}_{part}" for group in groups for part in (*ends, "net")),
            "other_currency_moves",
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
            .then(pl.lit(f"the {scope} spent nothing in the {length} days before or after"))
            .when(before.is_null())
            .then(pl.lit(f"the {scope} spent nothing in the {length} days before"))
            .when(after.is_null())
            .then(pl.lit(f"the {scope} spent nothing in the {length} days after"))
            .alias(f"{scope}_return_reason"),
        )
    )
