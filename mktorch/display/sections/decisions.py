"""Decisions: what followed them, and whether confidence told in advance."""

from __future__ import annotations

from typing import Any

import polars as pl

from mktorch.config.decision_rules import Calibration, Outcome
from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
    of_campaign,
    row,
)
from mktorch.display.sections.wording import (
    WHOLE_PERCENT,
    interval,
    lower_is_better,
    metric_label,
    metric_texts,
    texts,
    with_names,
)
from mktorch.display.status import Status, Statuses, Tone
from mktorch.display.tables import Column, Table
from mktorch.formats import (
    FIGURE,
    INTEGER,
    PERCENT,
    PERCENT_SIGNED,
    Format,
    Kind,
    format_value,
)
from mktorch.runs import Run
from mktorch.words import count

OUTCOME: Statuses = {
    Outcome.WORSENED: Status("Worsened", Tone.BAD),
    Outcome.IMPROVED: Status("Improved", Tone.GOOD),
    Outcome.NO_CHANGE: Status("No change detected", Tone.STEADY),
    Outcome.TOO_LITTLE_DATA: Status("Too little data", Tone.NONE),
}
_BOUND = Format(Kind.DECIMAL, decimals=2)


@section("decision_outcomes", "campaigns")
def decision_outcomes(run: Run, campaign: str = "") -> Table:
    """Decisions with the primary KPI before and after, the lift and its interval, the verdict."""
    order = {str(word): place for place, word in enumerate(OUTCOME)}
    shown = with_names(run, of_campaign(run, "decision_outcomes", campaign), "campaign").sort(
        pl.col("verdict").replace_strict(order, return_dtype=pl.Int64),
        pl.col("lift").abs(),
        "decision_id",
        descending=[False, True, False],
        nulls_last=True,
    )
    before, after = (
        metric_texts(run, shown["primary_kpi"], shown[f"value_{when}"]).fill_null("n/a")
        for when in ("before", "after")
    )
    others = pl.col("overlapping_decisions")
    frame = shown.with_columns(
        kpi=pl.format("{} to {}", before, after),
        metric=metric_label(run, pl.col("primary_kpi")),
        interval=interval(shown["lift_low"], shown["lift_high"]),
        by=pl.when("human_override").then(pl.lit("overridden by a reviewer")),
        why=pl.coalesce(
            "reason",
            pl.when(others > 0).then(
                pl.format(
                    "{} other {} near",
                    others,
                    pl.when(others == 1).then(pl.lit("decision")).otherwise(pl.lit("decisions")),
                )
            ),
        ),
    )
    rules = run.config.decision_rules
    level = format_value(1 - rules.alpha, WHOLE_PERCENT)
    return Table(
        id="decision-outcomes",
        dense=not campaign,
        frame=frame,
        columns=(
            Column(name="action_taken", label="Decision", detail="decision_id", weight=1.7),
            Column(name="campaign", label="Campaign", weight=1.2),
            Column(
                name="confidence_score",
                label="Confidence",
                format=WHOLE_PERCENT,
                detail="by",
                weight=0.9,
            ),
            Column(
                name="kpi", label="KPI before and after", detail="metric", align="right", weight=1.2
            ),
            Column(
                name="lift",
                label="Lift",
                format=PERCENT_SIGNED,
                detail="interval",
                missing="too little data, or a KPI of 0 before the decision",
                weight=1.1,
            ),
            Column(name="verdict", label="Verdict", statuses=OUTCOME, detail="why", weight=1.4),
        ),
        title=_outcomes_finding(shown),
        notes=(
            (
                f"The campaign's primary KPI in the {rules.outcome_days} days after, compared "
                f"with the {rules.outcome_days} days before; the day of the decision is "
                f"excluded. Lift: after / before - 1, with its {level} interval. A verdict shows "
                "what followed a decision, not what caused it; overlapping decisions share the "
                "same days."
            ),
            *lower_is_better(run, shown["primary_kpi"]),
        ),
        source="decision_outcomes",
        key=("decision_id",),
        empty="No decisions on record.",
        locale=locale_of(run),
    )


@section("decision_calibration", "confidence_ranking")
def decision_calibration(run: Run) -> Table:
    """Decisions by confidence and what became of them: do confident ones turn out better?"""
    level = format_value(1 - run.config.decision_rules.alpha, WHOLE_PERCENT)
    bands, ranking = run.tables["decision_calibration"], row(run, "confidence_ranking")
    frame = bands.with_columns(
        confidence=pl.format(
            "{} to {}",
            texts(bands["from_confidence"], WHOLE_PERCENT),
            texts(bands["to_confidence"], WHOLE_PERCENT),
        ),
        interval=interval(bands["share_low"], bands["share_high"]),
    )
    return Table(
        id="decision-calibration",
        frame=frame if bands["decisions"].sum() else frame.clear(),
        columns=(
            Column(name="confidence", label="Confidence"),
            Column(name="decisions", label="Decisions", format=INTEGER),
            Column(name="judged", label="Judged", format=INTEGER),
            Column(name="improved", label="Improved", format=INTEGER),
            Column(name="no_detectable_change", label="No change", format=INTEGER),
            Column(name="worsened", label="Worsened", format=INTEGER),
            Column(
                name="share_improved",
                label="Share improved",
                format=PERCENT,
                detail="interval",
                missing="none could be rated",
                weight=1.2,
            ),
        ),
        title=_calibration_finding(ranking),
        notes=(
            (
                "Bands include their lower bound. Share improved: improved / rated, with the "
                f"Wilson {level} interval, which is wide where few decisions are rated."
            ),
            *_ranking_note(ranking),
        ),
        source="decision_calibration, confidence_ranking",
        key=("band",),
        empty="No decisions on record.",
        locale=locale_of(run),
    )


def _outcomes_finding(found: pl.DataFrame) -> str:
    verdicts = found["verdict"].to_list()
    counts = {word: verdicts.count(str(word)) for word in Outcome}
    judged = found.height - counts[Outcome.TOO_LITTLE_DATA]
    if not judged:
        return "No decision can be rated yet."
    return (
        f"Of {count(judged, 'rated decision')}, the KPI improved after "
        f"{counts[Outcome.IMPROVED]}, declined after {counts[Outcome.WORSENED]} and showed no "
        f"detectable change after {counts[Outcome.NO_CHANGE]}."
    )


def _calibration_finding(ranking: dict[str, Any]) -> str:
    judged = count(ranking["judged"], "rated decision")
    p_value = "" if ranking["p_value"] is None else f" ({_p(ranking['p_value'])})"
    match Calibration(ranking["answer"]):
        case Calibration.BETTER:
            return f"Higher-confidence decisions had better outcomes, across {judged}{p_value}."
        case Calibration.WORSE:
            return f"Higher-confidence decisions had worse outcomes, across {judged}{p_value}."
        case Calibration.NO_RELATION:
            return f"Confidence shows no detectable relation to outcome, across {judged}{p_value}."
        case Calibration.TOO_LITTLE_DATA:
            return f"Confidence and outcome cannot be compared: {ranking['reason']}."


def _ranking_note(ranking: dict[str, Any]) -> list[str]:
    """The pairs behind the answer; none where no pair could be made."""
    pairs = ranking["concordant"] + ranking["discordant"]
    if not pairs:
        return []
    return [
        (
            f"Of {count(pairs, 'pair')} of rated decisions with different outcomes and "
            f"confidence, the more confident one did better in {ranking['concordant']} and worse "
            f"in {ranking['discordant']} (gamma {format_value(ranking['gamma'], _BOUND)})."
        )
    ]


def _p(value: float) -> str:
    return f"p = {format_value(round(value, 3), FIGURE)}" if value >= 0.001 else "p < 0.001"
