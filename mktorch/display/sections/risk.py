"""Risk: what is open, what stands at stake, and which rules of conduct were broken."""

from __future__ import annotations

import polars as pl

from mktorch.config.risk_rules import Origin
from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
    money,
    of_campaign,
)
from mktorch.display.sections.wording import (
    with_names,
)
from mktorch.display.status import Status, Statuses, Tone
from mktorch.display.tables import Column, Table
from mktorch.formats import CURRENCY, Format, Kind
from mktorch.runs import Run
from mktorch.vocab import RiskStatus, Severity
from mktorch.words import capitals, count, joined, spaces

SEVERITY: Statuses = {
    Severity.CRITICAL: Status("Critical", Tone.BAD),
    Severity.HIGH: Status("High", Tone.BAD),
    Severity.MEDIUM: Status("Medium", Tone.WATCH),
    Severity.LOW: Status("Low", Tone.STEADY),
}
HANDLING: Statuses = {
    RiskStatus.OPEN: Status("Open", Tone.WATCH),
    RiskStatus.IN_REVIEW: Status("In review", Tone.STEADY),
    RiskStatus.MITIGATED: Status("Mitigated", Tone.GOOD),
    RiskStatus.DISMISSED: Status("Dismissed", Tone.NONE),
}
ORIGIN = {
    Origin.SUPPLIED: "signal",
    Origin.DETECTED: "found in the data",
    Origin.BOTH: "signal, confirmed by the data",
}
# Kind of violation -> its word, singular and plural.
KIND = {
    "risk_signal": ("Risk signal", "risk signals"),
    "asset": ("Creative asset", "creative assets"),
    "budget_move": ("Budget move", "budget moves"),
}
_ONE = Format(Kind.DECIMAL, decimals=1)


@section("risk_inbox", "campaigns")
def risk_inbox(run: Run, campaign: str = "") -> Table:
    """Risks that are open or in review, gravest first: who raised them, what is at stake."""
    inbox = of_campaign(run, "risk_inbox", campaign)
    unresolved = inbox.filter(
        pl.col("status").is_in([str(RiskStatus.OPEN), str(RiskStatus.IN_REVIEW)])
    ).sort("rank")
    raised = pl.col("origin") != Origin.DETECTED
    frame = with_names(run, unresolved, "campaign").with_columns(
        risk=capitals(spaces(pl.col("risk_type"))),
        raised=pl.concat_str(
            pl.when(raised).then(pl.format("{}, ", "id")),
            pl.col("origin").replace_strict({str(k): v for k, v in ORIGIN.items()}),
            ignore_nulls=True,
        ),
        scope=pl.when(pl.col("exposure_scope") == "campaign").then(pl.lit("whole campaign")),
        next=spaces(pl.col("recommended_action")),
    )
    settled = inbox.height - unresolved.height
    return Table(
        id="risk-inbox",
        frame=frame,
        columns=(
            Column(name="risk", label="Risk", detail="raised", weight=1.5),
            Column(name="campaign", label="Campaign", weight=1.2),
            Column(name="severity", label="Severity", statuses=SEVERITY),
            Column(name="exposure", label="Exposure", format=CURRENCY, detail="scope", weight=0.9),
            Column(name="age_days", label="Age, days", format=_ONE),
            Column(
                name="hours_to_action",
                label="First action, hours",
                format=_ONE,
                missing="no action since, or no signal was raised",
            ),
            Column(name="status", label="Status", statuses=HANDLING, detail="next", weight=1.1),
        ),
        title=_inbox_finding(run, unresolved),
        notes=(
            (
                f"Exposure: spend on the affected assets over the last {run.config.window_days} "
                "days, or on the whole campaign where no asset is named. First action: time to "
                "the campaign's next decision or budget action. Recommended action appears "
                "below the status."
            ),
            *((f"{count(settled, 'risk')} mitigated or dismissed, not shown.",) if settled else ()),
        ),
        source="risk_inbox",
        key=("id",),
        empty="No open risks.",
        locale=locale_of(run),
    )


@section("policy_violations", "campaigns")
def policy_violations(run: Run, campaign: str = "") -> Table:
    """Breaches of policy: unapproved or flagged assets, unapproved moves, undismissed signals."""
    found = with_names(run, of_campaign(run, "policy_violations", campaign), "campaign")
    kinds = {kind: word for kind, (word, _) in KIND.items()}
    frame = found.sort("campaign_id", "kind", "id").with_columns(
        detail=spaces(pl.col("detail")),
        what=pl.col("kind").replace_strict(kinds, default=spaces(pl.col("kind"))),
    )
    return Table(
        id="policy-violations",
        dense=not campaign,
        frame=frame,
        columns=(
            Column(name="campaign", label="Campaign", detail="campaign_id", weight=1.3),
            Column(name="what", label="What", detail="id", weight=1.0),
            Column(name="detail", label="Breach", weight=2.2),
        ),
        title=_violations_finding(found),
        notes=(
            (
                "Brand safety and policy signals not dismissed, assets delivered without "
                "approval or with risk flags, and budget moves executed without required "
                "approval. One event may appear as both a signal and an asset."
            ),
        ),
        source="policy_violations",
        empty="No policy violations on record.",
        locale=locale_of(run),
    )


def _inbox_finding(run: Run, unresolved: pl.DataFrame) -> str:
    if unresolved.is_empty():
        return "No open risks."
    grave = unresolved.filter(
        pl.col("severity").is_in([str(Severity.CRITICAL), str(Severity.HIGH)])
    )
    unanswered = unresolved.filter(
        (pl.col("origin") != Origin.DETECTED) & pl.col("hours_to_action").is_null()
    ).height
    unseen = unresolved.filter(origin=str(Origin.DETECTED)).height
    tail = [
        f"{count(unanswered, 'signal')} unanswered" if unanswered else "",
        f"{unseen} found only in the data" if unseen else "",
    ]
    largest = unresolved["exposure"].max()
    rest = "".join(f", {part}" for part in tail if part)
    stake = f"; the largest exposure is {money(run, float(str(largest)))}" if largest else ""
    return (
        f"{count(unresolved.height, 'risk')} open or in review, {grave.height} critical or "
        f"high{rest}{stake}."
    )


def _violations_finding(found: pl.DataFrame) -> str:
    if found.is_empty():
        return "No policy violations on record."
    kinds = found["kind"].to_list()
    parts = [
        count(kinds.count(kind), word.lower(), plural)
        for kind, (word, plural) in KIND.items()
        if kind in kinds
    ]
    campaigns = count(found["campaign_id"].n_unique(), "campaign")
    return f"{count(found.height, 'policy violation')} in {campaigns}: {joined(parts)}."
