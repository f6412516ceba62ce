"""Governance, entry by entry: every move of budget, who decided it, and every risk."""

from __future__ import annotations

import json

import polars as pl

from mktorch.config.risk_rules import Origin
from mktorch.display.register import section
from mktorch.display.sections.budget import FAULT, MOVE
from mktorch.display.sections.context import (
    locale_of,
    of_campaign,
)
from mktorch.display.sections.risk import HANDLING, ORIGIN, SEVERITY
from mktorch.display.sections.wording import (
    channel_names,
    duration,
    texts,
    with_names,
)
from mktorch.display.status import Status, Statuses, Tone
from mktorch.display.tables import Column, Table
from mktorch.formats import CURRENCY, DATETIME, INTEGER, Format, Kind
from mktorch.runs import Run
from mktorch.vocab import RiskStatus
from mktorch.words import capitals, count, spaces

ORDER: Statuses = {**FAULT, "order": Status("In order", Tone.GOOD)}
_AMOUNT = Format(Kind.DECIMAL, decimals=2)
_ONE = Format(Kind.DECIMAL, decimals=1)


@section("budget_moves", "campaigns", "channels")
def budget_ledger(run: Run, campaign: str = "") -> Table:
    """Every budget action, newest first: what it moves, who ruled on it, and what is wrong."""
    moves = of_campaign(run, "budget_moves", campaign).sort(
        "timestamp", "budget_action_id", descending=[True, False]
    )
    names = channel_names(run)
    ends = moves.join(
        names.rename({"channel_id": "from_channel_id", "channel": "origin"}),
        on="from_channel_id",
        how="left",
        maintain_order="left",
    ).join(
        names.rename({"channel_id": "to_channel_id", "channel": "goal"}),
        on="to_channel_id",
        how="left",
        maintain_order="left",
    )
    shown = with_names(run, ends, "campaign")
    minutes = [None if m is None else duration(m) for m in shown["approval_latency_minutes"]]
    frame = shown.with_columns(
        when=texts(shown["timestamp"], DATETIME, locale_of(run)),
        path=pl.format(
            "{} to {}",
            pl.coalesce("origin", "from_channel_id", pl.lit("nowhere")),
            pl.coalesce("goal", "to_channel_id", pl.lit("nowhere")),
        ),
        reason=pl.concat_str(
            spaces(pl.col("reason_code")), "reason_detail", separator=": ", ignore_nulls=True
        ),
        need=pl.when("required_approval")
        .then(pl.lit("Required"))
        .when(pl.col("required_approval").is_null())
        .then("approval_reason")
        .otherwise(pl.lit("Not required")),
        ruled=pl.concat_str(
            "approver_id", pl.Series(minutes, dtype=pl.String), separator=", ", ignore_nulls=True
        ).replace("", None),
    )
    broken = moves.filter(pl.col("violation").fill_null(value=False)).height
    return Table(
        id="budget-ledger",
        dense=True,
        frame=frame,
        columns=(
            Column(name="budget_action_id", label="Move", detail="when", weight=1.1),
            Column(name="campaign", label="Campaign", weight=1.1),
            Column(name="path", label="From, to", detail="reason", weight=1.6),
            Column(name="amount", label="Amount", format=_AMOUNT, detail="currency"),
            Column(name="status", label="Status", statuses=MOVE),
            Column(name="need", label="Approval", detail="ruled", weight=1.1),
            Column(name="standing", label="Standing", statuses=ORDER),
        ),
        title=(
            (
                f"{broken or 'None'} of {count(moves.height, 'budget move')} violated the "
                "approval policy."
            )
            if moves.height
            else "No budget moves on record."
        ),
        notes=("Below the approval: approver and time from proposal to decision. Newest first.",),
        source="budget_moves",
        empty="No budget moves on record.",
        locale=locale_of(run),
    )


@section("budget_approvers")
def approvers(run: Run) -> Table:
    """Who rules on budget moves: how many, which way, and how soon."""
    ruled = run.tables["budget_approvers"]
    first = ruled.row(0, named=True) if ruled.height else None
    return Table(
        id="approvers",
        dense=True,
        frame=ruled,
        columns=(
            Column(name="approver_id", label="Approver", weight=1.4),
            Column(name="moves", label="Moves decided", format=INTEGER),
            Column(name="approved", label="Approved", format=INTEGER),
            Column(name="rejected", label="Rejected", format=INTEGER),
            Column(name="required", label="Approval required", format=INTEGER),
            Column(
                name="median_hours",
                label="Median hours",
                format=_ONE,
                missing="no time on record",
            ),
            Column(
                name="longest_hours",
                label="Longest hours",
                format=_ONE,
                missing="no time on record",
            ),
        ),
        title=(
            f"{count(ruled.height, 'approver')} decided "
            f"{count(int(ruled['moves'].sum()), 'budget move')}; "
            f"{first['approver_id']} on {first['moves']}."
            if first
            else "No budget move has been decided."
        ),
        notes=("Hours from proposal to decision. All budget moves through the report date.",),
        source="budget_approvers",
        empty="No budget move has been decided.",
        locale=locale_of(run),
    )


@section("risk_inbox", "campaigns")
def risk_register(run: Run, campaign: str = "") -> Table:
    """Every risk, settled ones too: what was seen, how it was answered, what stands at stake."""
    inbox = of_campaign(run, "risk_inbox", campaign).sort("rank")
    shown = with_names(run, inbox, "campaign")
    frame = shown.with_columns(
        risk=capitals(spaces(pl.col("risk_type"))),
        raised=pl.concat_str(
            pl.when(pl.col("origin") != Origin.DETECTED).then("id"),
            pl.col("origin").replace_strict({str(k): v for k, v in ORIGIN.items()}),
            texts(shown["timestamp"], DATETIME, locale_of(run)),
            separator=", ",
            ignore_nulls=True,
        ),
        seen=pl.Series(map(evidence, shown["detail"]), dtype=pl.String),
        scope=pl.when(pl.col("exposure_scope") == "campaign").then(pl.lit("whole campaign")),
        action=spaces(pl.col("recommended_action")),
    )
    open_ones = inbox.filter(
        pl.col("status").is_in([str(RiskStatus.OPEN), str(RiskStatus.IN_REVIEW)])
    ).height
    return Table(
        id="risk-register",
        dense=True,
        frame=frame,
        key=("id",),
        columns=(
            Column(name="risk", label="Risk", detail="raised", weight=1.5),
            Column(name="campaign", label="Campaign", weight=1.0),
            Column(name="seen", label="Evidence", missing="none stated", weight=1.5),
            Column(name="severity", label="Severity", statuses=SEVERITY),
            Column(name="exposure", label="Exposure", format=CURRENCY, detail="scope"),
            Column(
                name="hours_to_action",
                label="First action, hours",
                format=_ONE,
                missing="no action since, or no signal was raised",
            ),
            Column(name="status", label="Status", statuses=HANDLING, detail="action"),
        ),
        title=(
            (
                f"{count(inbox.height, 'risk')} on record: {open_ones} open or in review, "
                f"{inbox.height - open_ones} closed."
            )
            if inbox.height
            else "No risks on record."
        ),
        notes=(
            (
                f"Exposure: spend on the affected assets over the last {run.config.window_days} "
                "days, or on the whole campaign where no asset is named. First action: time to "
                "the campaign's next decision or budget action. Recommended action appears "
                "below the status. Most severe first."
            ),
        ),
        source="risk_inbox",
        empty="No risks on record.",
        locale=locale_of(run),
    )


def evidence(detail: str | None) -> str | None:
    """Evidence as words: a supplied signal's JSON as names and values, a sentence as it is.

    >>> evidence('{"days": 9, "note": "Late file"}'), evidence("no rows on 3 days")
    ('days 9, note Late file', 'no rows on 3 days')
    """
    if detail is None:
        return None
    try:
        held = json.loads(detail)
    except ValueError:
        return detail
    if not isinstance(held, dict):
        return str(held)
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in held.items()) or None
