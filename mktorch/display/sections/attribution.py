"""Attribution: what each method credits to which channel, and how much of it is explained."""

from __future__ import annotations

import polars as pl

from mktorch.config.attribution_rules import AttributionFinding
from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
    of_campaign,
)
from mktorch.display.sections.wording import (
    WHOLE_PERCENT,
    channel_names,
    texts,
)
from mktorch.display.status import Status, Statuses, Tone
from mktorch.display.tables import Column, Table
from mktorch.formats import PERCENT, format_value
from mktorch.runs import Run
from mktorch.vocab import AttributionMethod
from mktorch.words import count, joined

AGREEMENT: Statuses = {
    AttributionFinding.AGREE: Status("Agree", Tone.GOOD),
    AttributionFinding.DISAGREE: Status("Disagree", Tone.BAD),
}
_METHODS = [str(method) for method in AttributionMethod]
_NAMED = 2  # channels named in one cell


@section("attribution_summary", "attribution_shares", "channels")
def attribution(run: Run, campaign: str = "") -> Table:
    """Per campaign, the channels each method credits most, agreement, and the explained share."""
    found = of_campaign(run, "attribution_summary", campaign).sort(
        "agreement", "campaign_id", nulls_last=True
    )
    credited = _credited(run).pivot(
        "method", index="campaign_id", values="channels", on_columns=_METHODS
    )
    frame = found.drop(_METHODS).join(credited, on="campaign_id", how="left", maintain_order="left")
    frame = frame.with_columns(alike=texts(frame["agreement"], PERCENT))
    none = "no hints for that method"
    threshold = format_value(run.config.attribution_rules.agreement_threshold, WHOLE_PERCENT)
    return Table(
        id="attribution",
        frame=frame,
        columns=(
            Column(name="name", label="Campaign", detail="campaign_id", weight=1.3),
            Column(name="first_touch", label="First touch", missing=none, weight=1.1),
            Column(name="assist", label="Assist", missing=none, weight=1.1),
            Column(name="last_touch", label="Last touch", missing=none, weight=1.1),
            Column(
                name="finding",
                label="First and last touch",
                statuses=AGREEMENT,
                detail="alike",
                missing="not both methods have hints",
                weight=0.9,
            ),
            Column(
                name="explained",
                label="Explained",
                format=PERCENT,
                missing="no conversions or no last-touch hint",
            ),
        ),
        title=_finding(found),
        notes=(
            (
                f"Shares of credited conversions, weighted by hint confidence; the {_NAMED} "
                "largest channels for each. Agreement: 1 minus half the summed difference "
                f"between first- and last-touch shares; below {threshold} they disagree. "
                "Explained: weighted last-touch conversions / reported conversions. All dates "
                "through the report date."
            ),
        ),
        source="attribution_summary, attribution_shares",
        key=("campaign_id",),
        empty="This run has no campaigns.",
        locale=locale_of(run),
    )


def _credited(run: Run) -> pl.DataFrame:
    """One row per campaign and method: its largest channels with their shares, in words."""
    shares = (
        run.tables["attribution_shares"]
        .drop_nulls("share")
        .join(channel_names(run), on="channel_id", how="left")
        .sort(
            "campaign_id", "method", "share", "channel_id", descending=[False, False, True, False]
        )
    )
    worded = shares.with_columns(
        channels=pl.format("{} {}", "channel", texts(shares["share"], WHOLE_PERCENT))
    )
    return worded.group_by("campaign_id", "method", maintain_order=True).agg(
        pl.col("channels").head(_NAMED).str.join(", ")
    )


def _finding(found: pl.DataFrame) -> str:
    known = found.drop_nulls("agreement")
    if known.is_empty():
        return "No campaign has both first- and last-touch hints to compare."
    disagreeing = known.filter(finding=str(AttributionFinding.DISAGREE))
    explained = found.drop_nulls("explained")["explained"]
    low, high = (
        format_value(float(str(end)), PERCENT) if explained.len() else ""
        for end in (explained.min(), explained.max())
    )
    span = low if low == high else f"{low} to {high}"
    tail = f"; last touch explains {span} of reported conversions" if span else ""
    campaigns = count(known.height, "campaign")
    if disagreeing.is_empty():
        return f"First and last touch credit the same channels in each of {campaigns}{tail}."
    names = [str(name) for name in disagreeing["name"].head(3)]
    more = disagreeing.height - len(names)
    listed = joined([*names, *([f"{more} more"] if more else [])])
    return (
        f"First and last touch credit different channels in {disagreeing.height} of {campaigns}, "
        f"{listed}{tail}."
    )
