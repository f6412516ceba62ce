"""Budget governance: how moves are approved, where the money went, and who spends off pace."""

from __future__ import annotations

from functools import partial
from typing import Any

import polars as pl

from mktorch.config.budget_rules import Pacing
from mktorch.display.brand import load_brand
from mktorch.display.charts import THOUSANDS, WIDTH, Chart, drawn_from, row_heads, tells, x_pixel
from mktorch.display.escape import clean
from mktorch.display.page import Unavailable
from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
    money,
    of_campaign,
    row,
)
from mktorch.display.sections.wording import (
    channel_names,
    duration,
    row_labels,
    texts,
)
from mktorch.display.status import Status, Statuses, Tone
from mktorch.display.tables import Column, Table
from mktorch.formats import (
    CURRENCY,
    INTEGER,
    PERCENT,
    RATIO,
    Format,
    Kind,
    format_value,
)
from mktorch.runs import Run
from mktorch.vocab import BudgetStatus
from mktorch.words import count

PACING: Statuses = {
    Pacing.OVER: Status("Over pace", Tone.BAD),
    Pacing.UNDER: Status("Under pace", Tone.WATCH),
    Pacing.ON_PACE: Status("On pace", Tone.GOOD),
    Pacing.ENDED: Status("Ended", Tone.NONE),
    Pacing.NOT_STARTED: Status("Not started", Tone.NONE),
}
STANDING: Statuses = {
    "order": Status("In order", Tone.GOOD),
    "settle": Status("Open", Tone.WATCH),
    "breach": Status("Breach", Tone.BAD),
    "measured": Status("Measured", Tone.NONE),
}
FAULT: Statuses = {
    "violation": Status("No approval", Tone.BAD),
    "unjudged": Status("Other currency", Tone.WATCH),
    "stale": Status("Overdue", Tone.WATCH),
    "same_channel": Status("Same channel", Tone.WATCH),
}
MOVE: Statuses = {
    BudgetStatus.PROPOSED: Status("Proposed", Tone.STEADY),
    BudgetStatus.APPROVED: Status("Approved", Tone.STEADY),
    BudgetStatus.REJECTED: Status("Rejected", Tone.NONE),
    BudgetStatus.EXECUTED: Status("Executed", Tone.GOOD),
    BudgetStatus.ROLLED_BACK: Status("Rolled back", Tone.NONE),
}
_CHANNELS = 15  # a flow chart can hold and stay readable
_FLOW = Format(Kind.CURRENCY, decimals=0, signed=True)


@section("budget_governance")
def budget_governance(run: Run) -> Table:
    """How budget moves are decided: approval, time to decide, what waits, what broke the rule."""
    total, rules = row(run, "budget_governance"), run.config.budget_rules
    limit = money(run, rules.approval_required_amount)

    def span(name: str) -> tuple[str, str, str]:
        over = f"From proposal, over {count(total['latency_moves'], 'stated time')}"
        minutes = total[f"latency_{name}_minutes"]
        return duration(minutes), "measured", total["latency_reason"] or over

    lines = (
        (
            "approval_rate",
            "Approval rate",
            format_value(total["approval_rate"], PERCENT),
            "measured",
            total["approval_rate_reason"]
            or (
                f"{total['decided_approved']} approved of {total['decided']} reviewed by an "
                "approver"
            ),
        ),
        ("latency_median_minutes", "Approval time, median", *span("median")),
        ("latency_mean_minutes", "Approval time, mean", *span("mean")),
        ("latency_p90_minutes", "Approval time, 90th percentile", *span("p90")),
        (
            "violations",
            "Executed without required approval",
            format_value(total["violations"], INTEGER),
            "breach" if total["violations"] else "order",
            f"Required from {limit}",
        ),
        (
            "executed_below_limit",
            "Executed below the approval limit",
            format_value(total["executed_below_limit"], INTEGER),
            "measured",
            f"Under {limit} no approval is required",
        ),
        (
            "pending",
            "Pending proposals",
            format_value(total["pending"], INTEGER),
            "settle" if total["pending"] else "order",
            "Proposed, awaiting a decision",
        ),
        (
            "stale_proposals",
            "Overdue proposals",
            format_value(total["stale_proposals"], INTEGER),
            "settle" if total["stale_proposals"] else "order",
            f"Pending more than {count(rules.proposal_stale_days, 'day')}",
        ),
        (
            "same_channel_moves",
            "Moves within one channel",
            format_value(total["same_channel_moves"], INTEGER),
            "settle" if total["same_channel_moves"] else "order",
            "Source and destination are the same channel",
        ),
        (
            "moved_amount",
            "Amount moved",
            money(run, total["moved_amount"]),
            "measured",
            total["other_currency_reason"]
            or f"{count(total['executed'], 'executed move')} of {total['actions']}",
        ),
    )
    frame = pl.DataFrame(
        lines, schema=["column", "figure", "amount", "standing", "what"], orient="row"
    )
    return Table(
        id="budget-governance",
        frame=frame if total["actions"] else frame.clear(),
        columns=(
            Column(name="figure", label="Figure", weight=1.5),
            Column(
                name="amount",
                label="Value",
                align="right",
                origin="budget_governance.{column}",
                weight=0.7,
            ),
            Column(name="standing", label="Standing", statuses=STANDING),
            Column(name="what", label="What it counts", weight=1.6),
        ),
        title=_governance_finding(total),
        notes=("All budget actions through the report date, all campaigns.",),
        source="budget_governance",
        key=("column",),
        empty="No budget actions on record.",
        locale=locale_of(run),
    )


@section("budget_pacing")
def budget_pacing(run: Run, campaign: str = "") -> Table:
    """Every campaign's spend against the elapsed share of its flight, off pace first."""
    order = {str(word): place for place, word in enumerate(PACING)}
    frame = of_campaign(run, "budget_pacing", campaign).sort(
        pl.col("pacing").replace_strict(order, default=None, return_dtype=pl.Int64),
        pl.col("projected_gap").abs(),
        "campaign_id",
        descending=[False, True, False],
        nulls_last=True,
    )
    rules = run.config.budget_rules
    return Table(
        id="budget-pacing",
        frame=frame,
        columns=(
            Column(name="name", label="Campaign", detail="campaign_id", weight=1.7),
            Column(name="pacing", label="Pacing", statuses=PACING, missing="no spend or no budget"),
            Column(name="budget", label="Budget", format=CURRENCY, missing="none is set"),
            Column(name="spend_share", label="Spent", format=PERCENT, missing="no spend on record"),
            Column(name="elapsed_share", label="Time elapsed", format=PERCENT),
            Column(name="pace", label="Pace", format=RATIO, missing="no spend or budget to divide"),
            Column(
                name="projected_end_spend",
                label="Projected spend",
                format=CURRENCY,
                missing="no basis for a projection",
            ),
        ),
        title=_pacing_finding(run, frame),
        notes=(
            (
                "Spent: spend to date / budget. Time elapsed: days elapsed / days in the "
                "flight. Pace: spent / time elapsed; over pace above "
                f"{format_value(rules.over_pace, RATIO)}, under pace below "
                f"{format_value(rules.under_pace, RATIO)}. Projected spend: spend to date / time "
                "elapsed, or spend to date where a campaign is paused or has ended."
            ),
        ),
        source="budget_pacing",
        key=("campaign_id",),
        empty="This run has no campaigns.",
        locale=locale_of(run),
    )


@section("channel_flow", "channels")
def channel_flow(run: Run) -> Chart | Unavailable:
    """Budget that executed moves brought to each channel, net, and what is still pending."""
    moved = run.tables["channel_flow"].filter(pl.col("moves_in") + pl.col("moves_out") > 0)
    if moved.is_empty():
        return Unavailable(reason="No budget moves between channels on record.")
    locale, brand = locale_of(run), load_brand()
    net, pending = pl.col("executed_net"), pl.col("pending_net")
    shown = (
        moved.join(channel_names(run), on="channel_id", how="left")
        .sort(pl.max_horizontal(net.abs(), pending.abs()), "channel_id", descending=[True, False])
        .head(_CHANNELS)
        .sort("executed_net", "channel_id", descending=[True, False])
        .with_columns(after=net + pending)
    )
    shown = shown.with_columns(
        channel=pl.Series(map(clean, shown["channel"]), dtype=pl.String),
        text=pl.concat_str(
            texts(shown["executed_net"], _FLOW, locale),
            pl.when(pending != 0).then(
                pl.format(", pending {}", texts(shown["pending_net"], _FLOW, locale))
            ),
            ignore_nulls=True,
        ),
        color=pl.when(net >= 0)
        .then(pl.lit(brand.color("primary")))
        .otherwise(pl.lit(brand.color("secondary"))),
    )
    rest = moved.height - shown.height
    return Chart(
        id="channel-flow",
        draw=partial(_flow, shown, locale.currency),
        title=_flow_finding(run, shown),
        alt="Net executed budget by channel. "
        + " ".join(
            f"{channel}: {text}."
            for channel, text in zip(shown["channel"], shown["text"], strict=True)
        ),
        notes=(
            (
                "Bar: net executed moves into the channel. Circle: net position once all "
                f"proposed and approved moves are executed. All moves in {locale.currency} "
                "through the report date, all campaigns."
            ),
            *(
                ((f"{count(rest, 'channel')} with smaller moves, in the table only."),)
                if rest
                else ()
            ),
        ),
        source="channel_flow",
        draws=("channel_flow.executed_net", "channel_flow.pending_net"),
    )


def _flow(shown: pl.DataFrame, currency: str, width: int) -> Any:
    """What each channel gained or lost as a bar, and a circle where pending moves would take it."""
    import altair as alt

    brand, broad = load_brand(), width == WIDTH
    plot = width - 260 if broad else width - 30
    # A row is told by its place: an id may be any text, and what reads a label's is a language.
    shown = shown.with_row_index("place").with_columns(pl.col("place").cast(pl.String))
    base = drawn_from(shown)
    rows = alt.Y("place:N", sort=shown["place"].to_list(), axis=None)
    rows = rows.scale(padding=0.3 if broad else 0.6)
    if broad:
        labels = row_labels(dict(zip(shown["place"], shown["channel"], strict=True)), 22, 2)
        rows = rows.axis(**labels, labelLimit=160, domain=False, title=None)
        words = [
            base.mark_text(align="left").encode(
                x=x_pixel(plot + 12), y=rows, text=alt.Text("text:N")
            )
        ]
    else:
        words = row_heads(base, rows, plot, "channel", "text", limit=plot - 175)
    axis = alt.Axis(labelExpr=THOUSANDS, title=f"{currency}, net", tickCount=5)
    pending = base.transform_filter("datum.pending_net != 0")
    return alt.layer(
        base.mark_bar(description=tells("datum.channel + ': ' + datum.text")).encode(
            x=alt.X("executed_net:Q", axis=axis), y=rows, color=alt.Color("color:N", scale=None)
        ),
        pending.mark_rule(strokeDash=[3, 3]).encode(
            x=alt.X("executed_net:Q"), x2=alt.X2("after:Q"), y=rows
        ),
        pending.mark_point(
            shape="circle",
            filled=True,
            size=60,
            opacity=1,
            fill=brand.color("background"),
            stroke=brand.color("foreground"),
        ).encode(x=alt.X("after:Q"), y=rows),
        base.mark_rule(strokeWidth=1).encode(x=alt.XDatum(0)),
        *words,
    ).properties(width=plot, height=alt.Step(36 if broad else 42))


def _governance_finding(total: dict[str, int]) -> str:
    if not total["actions"]:
        return "No budget moves on record."
    breaches, stale = total["violations"], total["stale_proposals"]
    verb = "is" if stale == 1 else "are"
    waits = f"; {count(stale, 'proposal')} {verb} overdue" if stale else ""
    if not breaches:
        return f"No budget move was executed without required approval{waits}."
    moved = "was" if breaches == 1 else "were"
    return (
        f"{breaches} of {count(total['actions'], 'budget move')} {moved} executed without required "
        f"approval{waits}."
    )


def _pacing_finding(run: Run, found: pl.DataFrame) -> str:
    over, under = (found.filter(pacing=str(word)) for word in (Pacing.OVER, Pacing.UNDER))
    if over.is_empty() and under.is_empty():
        return "All campaigns are on pace."
    if over.is_empty():
        return f"No campaign is over pace; {count(under.height, 'campaign')} under pace."
    first = over.row(0, named=True)
    beyond = money(run, abs(first["projected_gap"]))
    side = "above" if first["projected_gap"] >= 0 else "below"
    return (
        f"{over.height} of {count(found.height, 'campaign')} over pace, {under.height} under pace; "
        f"{first['name']} is projected to end {beyond} {side} its budget."
    )


def _flow_finding(run: Run, shown: pl.DataFrame) -> str:
    first, last = (shown.row(i, named=True) for i in (0, -1))
    if first["executed_net"] <= 0:
        return "Executed moves left channel budgets unchanged."
    return (
        f"Executed moves added the most to {first['channel']} "
        f"({money(run, first['executed_net'])}) and cut the most from {last['channel']} "
        f"({money(run, -last['executed_net'])})."
    )
