"""The journey: how many people reach each stage, and where more are lost than usual."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import polars as pl

from mktorch.config.funnel_rules import StepFinding
from mktorch.display.brand import load_brand
from mktorch.display.charts import (
    HEAD,
    THOUSANDS,
    WIDTH,
    Chart,
    drawn_from,
    row_heads,
    tells,
    x_pixel,
)
from mktorch.display.page import Unavailable
from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
    money,
    of_campaign,
)
from mktorch.display.sections.wording import (
    RATE,
    WHOLE_PERCENT,
    interval,
    texts,
    with_names,
)
from mktorch.display.status import Status, Statuses, Tone
from mktorch.display.tables import Column, Table
from mktorch.formats import COUNT, CURRENCY, PERCENT, format_value
from mktorch.runs import Run
from mktorch.vocab import Window, stage_words
from mktorch.words import count, joined

FINDING: Statuses = {
    StepFinding.BREAK: Status("Break", Tone.BAD),
    StepFinding.LEAK: Status("Leak", Tone.WATCH),
    StepFinding.DATA_QUESTION: Status("Data question", Tone.NONE),
    StepFinding.AS_USUAL: Status("As usual", Tone.GOOD),
}
_STEP, _NARROW_STEP = 52, 66  # pixels from one stage to the next
_KEY = ("campaign_id", "from_stage", "to_stage")


@section("funnel_stages", "funnel_steps", "campaigns")
def funnel(run: Run, campaign: str = "") -> Chart | Unavailable:
    """People at each stage as bars, the share that goes on between them, the worst step marked."""
    stages = of_campaign(run, "funnel_stages", campaign).filter(window=str(Window.ALL))
    people = stages.filter(pl.col("stage_order") >= _first_order(run))
    if people.is_empty():
        return Unavailable(reason="No funnel events on record to chart the journey.")
    worst, drawn = _worst(run, campaign), _bars(people)
    locale = locale_of(run)
    marked = (pl.col("stage") == worst["from_stage"]) if worst else pl.lit(value=False)
    shown = drawn.with_columns(
        label=_stage_texts(drawn["stage"], capital=True),
        text=texts(drawn["people"], COUNT, locale),
        share=texts(drawn["conversion"], PERCENT),
    ).with_columns(
        marked=marked & pl.col("share").is_not_null(),
        share=pl.format(
            "{} {} continue{}",
            pl.when(marked).then(pl.lit(Tone.BAD.shape)).otherwise(pl.lit("\u2193")),
            "share",
            pl.when(marked).then(pl.lit(": largest loss at this step")).otherwise(pl.lit("")),
        ),
    )
    return Chart(
        id="funnel",
        draw=partial(_funnel, shown),
        title=_funnel_finding(worst),
        alt="People by journey stage. "
        + " ".join(
            f"{label}: {text}{f'; {share:.1%} of them continue' if share is not None else ''}."
            for label, text, share in zip(
                shown["label"], shown["text"], shown["conversion"], strict=True
            )
        ),
        notes=(
            (
                "All dates through the report date. The continuation rate is pooled over "
                "campaigns that record both stages."
            ),
            *_stage_notes(run, stages, people),
        ),
        source="funnel_stages",
        draws=("funnel_stages.count",),
    )


def _funnel(shown: pl.DataFrame, width: int) -> Any:
    """A bar for each stage, and between two bars the share that goes on."""
    import altair as alt

    brand, broad = load_brand(), width == WIDTH
    plot, step = (width - 120, _STEP) if broad else (width - 30, _NARROW_STEP)
    base = drawn_from(shown)
    names = alt.Axis(domain=False, grid=False, labelLimit=150, title=None) if broad else None
    up = alt.Y("label:N", sort=shown["label"].to_list(), axis=names)
    up = up.scale(paddingInner=0.5 if broad else 0.72, paddingOuter=0.2)
    across = alt.X("people:Q", axis=alt.Axis(labelExpr=THOUSANDS, title="People", tickCount=5))
    between = base.transform_filter("isValid(datum.share)")

    def go_on(marked: bool) -> Any:
        ink: str
        weight: Literal["bold", "normal"]
        ink, weight = ("danger", "bold") if marked else ("secondary", "normal")
        return (
            between.transform_filter(f"datum.marked === {str(marked).lower()}")
            .mark_text(
                align="left",
                dx=8,
                dy=step / 2 if broad else -HEAD + 1,
                fontSize=12,
                color=brand.color(ink),
                fontWeight=weight,
            )
            .encode(x=x_pixel(0), y=up, text=alt.Text("share:N"))
        )

    beside = base.mark_text(align="left", dx=6, fontWeight=600)
    words = (
        [beside.encode(x=across, y=up, text=alt.Text("text:N"))]
        if broad
        else row_heads(base, up, plot, "label", "text", limit=plot - 90)
    )
    return alt.layer(
        base.mark_bar(
            color=brand.color("primary"), description=tells("datum.label + ': ' + datum.text")
        ).encode(x=across, y=up),
        *words,
        go_on(marked=False),
        go_on(marked=True),
    ).properties(width=plot, height=alt.Step(step))


@section("funnel_steps", "funnel_segment_steps", "campaigns", "audience_segments")
def journey_leaks(run: Run, campaign: str = "") -> Table:
    """Breaks, leaks and data questions, most people lost first, data questions last."""
    found = shown = _findings(run, campaign)
    frame = shown.with_columns(
        interval=interval(shown["conversion_low"], shown["conversion_high"], RATE),
        step=pl.format(
            "{} to {}",
            _stage_texts(shown["from_stage"], capital=True),
            _stage_texts(shown["to_stage"]),
        ),
        counts=pl.format(
            "{} to {}",
            texts(shown["from_count"], COUNT),
            texts(shown["to_count"], COUNT),
        ),
    )
    rules = run.config.funnel_rules
    level = format_value(1 - run.config.statistical_significance_threshold, WHOLE_PERCENT)
    return Table(
        id="journey-leaks",
        frame=frame,
        columns=(
            Column(name="campaign", label="Campaign", detail="segment", weight=1.5),
            Column(name="step", label="Step", detail="counts", weight=1.4),
            Column(name="finding", label="Finding", statuses=FINDING),
            Column(
                name="lost",
                label="People lost",
                format=COUNT,
                missing="counts rise along the way",
                origin="{steps}.lost",
            ),
            Column(
                name="conversion",
                label="Conversion",
                origin="{steps}.conversion",
                format=RATE,
                detail="interval",
                missing="more people at the later stage than at the earlier one",
                weight=1.2,
            ),
            Column(
                name="usual_conversion",
                label="Typical",
                origin="{steps}.usual_conversion",
                format=PERCENT,
                missing="too few journeys to compare",
            ),
            Column(
                name="money_at_stake",
                label="Money at stake",
                origin="{steps}.money_at_stake",
                format=CURRENCY,
                missing=_money_reasons(shown),
            ),
        ),
        title=_leaks_finding(run, found),
        notes=(
            (
                f"Break: the later stage is recorded as 0. Leak: the upper bound of the {level} "
                f"interval is below {format_value(rules.leak_ratio, PERCENT)} of the typical "
                "conversion (the median across campaigns). Data question: counts rise along the "
                "journey."
            ),
            (
                "Money at stake: shortfall in people times revenue per person at the later "
                "stage; an upper limit. All dates through the report date. A segment has its "
                "own row where its campaign shows no finding at that step."
            ),
        ),
        source="funnel_steps, funnel_segment_steps",
        key=("campaign_id", "segment_id", "window", "from_stage", "to_stage"),
        empty="No journey step leaks, breaks, or shows rising counts.",
        locale=locale_of(run),
    )


def _stage_texts(stages: pl.Series, *, capital: bool = False) -> pl.Series:
    words = [stage_words(stage) for stage in stages]
    return pl.Series([w.capitalize() if capital else w for w in words], dtype=pl.String)


def _first_order(run: Run) -> int:
    rules = run.config.funnel_rules
    return rules.order(rules.people_from)


def _bars(people: pl.DataFrame) -> pl.DataFrame:
    """One row per stage: people, and the conversion to the next over campaigns with both."""
    by_stage = (
        people.group_by("stage_order", "stage")
        .agg(pl.col("count").sum().alias("people"))
        .sort("stage_order")
        .with_columns(next=pl.col("stage").shift(-1))
    )
    pairs = (
        people.join(by_stage.select("stage", "next"), on="stage")
        .join(
            people.select("campaign_id", next="stage", passed="count"), on=["campaign_id", "next"]
        )
        .group_by("stage")
        .agg(pl.col("count").sum().alias("came"), pl.col("passed").sum())
        .select(
            "stage",
            conversion=pl.when(pl.col("came") > 0, pl.col("passed") <= pl.col("came")).then(
                pl.col("passed") / pl.col("came")
            ),
        )
    )
    return by_stage.join(pairs, on="stage", how="left", maintain_order="left")


def _findings(run: Run, campaign: str) -> pl.DataFrame:
    """Steps with a finding: the campaigns' own, then segments' where their campaign shows none."""
    found = pl.col("finding").is_not_null() & (pl.col("finding") != StepFinding.AS_USUAL)
    own, parts = (
        of_campaign(run, table, campaign).filter(pl.col("window") == Window.ALL, found)
        for table in ("funnel_steps", "funnel_segment_steps")
    )
    whole = own.with_columns(
        segment=pl.lit("all segments"), segment_id=pl.lit(""), steps=pl.lit("funnel_steps")
    )
    parts = with_names(run, parts.join(own, on=_KEY, how="anti"), "segment").with_columns(
        steps=pl.lit("funnel_segment_steps")
    )
    return with_names(run, pl.concat((whole, parts), how="diagonal"), "campaign").sort(
        "lost", *_KEY, "segment_id", descending=[True, *[False] * 4], nulls_last=True
    )


def _worst(run: Run, campaign: str) -> dict[str, Any] | None:
    """The campaign's step with the most people lost, among those that leak or break off."""
    lossy = [str(StepFinding.BREAK), str(StepFinding.LEAK)]
    steps = with_names(
        run,
        of_campaign(run, "funnel_steps", campaign)
        .filter(pl.col("window") == Window.ALL, pl.col("finding").is_in(lossy))
        .sort("people_rank"),
        "campaign",
    )
    return steps.row(0, named=True) if steps.height else None


def _funnel_finding(worst: dict[str, Any] | None) -> str:
    if worst is None:
        return "No journey step leaks or breaks compared with the typical rate."
    start, end = (stage_words(worst[f"{at}_stage"]) for at in ("from", "to"))
    came, passed = (format_value(worst[f"{at}_count"], COUNT) for at in ("from", "to"))
    usual = worst["usual_conversion"]
    beside = f", where {format_value(usual, PERCENT)} is typical" if usual is not None else ""
    return (
        f"Largest loss: in {worst['campaign']} {came} {start} lead to {passed} {end} "
        f"({format_value(worst['conversion'], PERCENT)}{beside})."
    )


def _stage_notes(run: Run, stages: pl.DataFrame, people: pl.DataFrame) -> list[str]:
    """The exposures before the first bar, and the stages that some campaigns do not record."""
    before = stages.filter(pl.col("stage_order") < _first_order(run))
    counts = before.group_by("stage_order", "stage").agg(pl.col("count").sum()).sort("stage_order")
    exposures = [
        f"{format_value(seen, COUNT)} {stage_words(stage)}"
        for stage, seen in zip(counts["stage"], counts["count"], strict=True)
    ]
    campaigns = people["campaign_id"].n_unique()
    partly = (
        people.group_by("stage_order", "stage")
        .agg(pl.col("campaign_id").n_unique().alias("by"))
        .filter(pl.col("by") < campaigns)
        .sort("stage_order")
    )
    gaps = [
        f"{stage_words(stage)} by {by}"
        for stage, by in zip(partly["stage"], partly["by"], strict=True)
    ]
    return [
        *([f"Preceded by {joined(exposures)}, which are exposures."] if exposures else []),
        *([f"Of {campaigns} campaigns, some record fewer stages: {joined(gaps)}."] if gaps else []),
    ]


def _money_reasons(shown: pl.DataFrame) -> str:
    """Why no money can be named, each reason once."""
    why = shown.filter(pl.col("money_at_stake").is_null())["money_reason"].drop_nulls().unique()
    return " or ".join(why.sort()) or "no reason recorded"


def _leaks_finding(run: Run, found: pl.DataFrame) -> str:
    if found.is_empty():
        return "No journey step loses more than is typical."
    kinds = found["finding"].to_list()
    parts = [
        count(kinds.count(str(kind)), FINDING[kind].word.lower())
        for kind in (StepFinding.BREAK, StepFinding.LEAK, StepFinding.DATA_QUESTION)
        if str(kind) in kinds
    ]
    priced = found.drop_nulls("money_at_stake").sort(
        "money_at_stake", *_KEY, "segment_id", descending=[True, *[False] * 4]
    )
    if priced.is_empty():
        return f"The journey shows {joined(parts)}."
    most = priced.row(0, named=True)
    return (
        f"The journey shows {joined(parts)}; the largest amount at stake, up to "
        f"{money(run, most['money_at_stake'])}, is in {most['campaign']}."
    )
