"""Experiments: what each variant gained, how sure that is, and what it has earned."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.experiments.terms import Allocation, Caution, Gate, Verdict
from mktorch.config.experiment_rules import Correction, Inference
from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
    of_campaign,
)
from mktorch.display.sections.experiment_facts import (
    RECOMMENDATION,
    SHOWN,
    campaign_names,
    interval,
    interval_name,
    percent,
    texts,
    variants,
    whole,
)
from mktorch.display.status import Status, Statuses, Tone
from mktorch.display.tables import Column, Table
from mktorch.formats import PERCENT_SIGNED
from mktorch.runs import Run
from mktorch.vocab import Direction, ExperimentStatus
from mktorch.words import count

EXPERIMENT: Statuses = {
    ExperimentStatus.PLANNED: Status("Planned", Tone.NONE),
    ExperimentStatus.RUNNING: Status("Running", Tone.STEADY),
    ExperimentStatus.COMPLETED: Status("Completed", Tone.GOOD),
    ExperimentStatus.STOPPED: Status("Stopped", Tone.BAD),
}
# Badges from the gravest to the lightest: the first that holds is shown, the others below it.
EVIDENCE: Statuses = {
    "setup error": Status("Setup error", Tone.BAD),
    "allocation failed": Status("Allocation failed", Tone.BAD),
    "small sample": Status("Small sample", Tone.WATCH),
    "no result": Status("No result", Tone.NONE),
    Caution.LOOKED_EARLY: Status("Read early", Tone.WATCH),
    Caution.REVERSAL: Status("Weeks disagree", Tone.WATCH),
    Caution.SEGMENTS: Status("Segments differ", Tone.WATCH),
    "harmful": Status("Harmful", Tone.BAD),
    Caution.GUARDRAIL: Status("Guardrail worse", Tone.BAD),
    "significant": Status("Significant", Tone.GOOD),
    "not significant": Status("Not significant", Tone.STEADY),
    Caution.SMALL_COUNTS: Status("Small counts", Tone.NONE),
    Caution.FRACTIONAL: Status("Shared conversions", Tone.NONE),
    Caution.DELIVERY: Status("Split by delivery", Tone.NONE),
    Caution.SPLIT: Status("Uneven delivery", Tone.NONE),
    Caution.CLAIMED: Status("Rows by asset", Tone.NONE),
    Caution.HELD_BACK: Status("Days held back", Tone.NONE),
    "not started": Status("Not started", Tone.NONE),
    "not tested": Status("Not tested", Tone.NONE),
}
GATES = {
    Gate.SETUP: "Setup",
    Gate.ALLOCATION: "Allocation",
    Gate.SAMPLE: "Sample",
    Gate.SIGNIFICANCE: "Significance",
    Gate.LIFT: "Lift",
}
_FUTILE = (
    "Futile: the planned sample was reached, and the upper bound of the interval is below the "
    "minimum lift to scale."
)
ANSWERS = {
    Inference.HYBRID: ("adjusted_p_value", "p-value"),
    Inference.FIXED: ("adjusted_p_value", "p-value"),
    Inference.SEQUENTIAL: ("adjusted_p_value", "Always-valid p"),
    Inference.BAYESIAN: ("probability_to_beat_control", "Chance to beat control"),
}


@section("experiment_evaluations", "campaigns")
def experiments(run: Run, campaign: str = "") -> Table:
    """Every variant with its lift, evidence, recommendation, deciding gate and time to decision.

    The interval and the answer (p-value or probability) are those that the run's inference reads.
    """
    found, shown = variants(run, campaign)
    rest = found.join(shown.select("_row"), on="_row", how="anti", maintain_order="left")
    every = pl.concat((shown, rest))
    answer, label = ANSWERS[run.config.experiment_rules.inference]
    frame = every.with_columns(
        interval=pl.coalesce(
            texts(every, interval, "improvement_low", "improvement_high"), "undefined_reason"
        ),
        answer=texts(every, probability, answer),
        **badges(run),
        gate=pl.col("deciding_gate").replace_strict(
            GATES, default="Its status" if run.config.enable_statistical_testing else "Testing off"
        ),
        why=pl.col("rule").str.replace(r"(:.*|\.)$", ""),
        **decision_time(every),
    )
    return Table(
        id="experiments",
        frame=frame,
        columns=(
            Column(name="creative", label="Variant", detail="about", weight=1.3),
            Column(
                name="improvement",
                label="Lift",
                format=PERCENT_SIGNED,
                detail="interval",
                missing="no lift can be computed, for the reason shown",
                weight=1.05,
            ),
            Column(
                name="answer",
                origin=f"experiment_evaluations.{answer}",
                label=label,
                align="right",
                missing="not tested",
                weight=0.6,
            ),
            Column(name="badge", label="Evidence", statuses=EVIDENCE, detail="more", weight=0.95),
            Column(name="recommendation", label="Advice", statuses=RECOMMENDATION),
            Column(name="gate", label="Decided by", detail="why", weight=1.2),
            Column(name="time", label="Time to decision", detail="time_detail", weight=1.3),
        ),
        title=_finding(found),
        notes=(
            (
                "Lift is the variant's metric / the control's - 1, with the sign reversed where "
                "lower is better, so that plus is an improvement. Below it, the "
                f"{interval_name(run)}. All experiment dates through the report date."
            ),
            gates_note(run),
            *((_FUTILE,) if frame["why"].eq("Futile").any() else ()),
        ),
        source="experiment_evaluations",
        key=("experiment_id", "variant_asset"),
        most=SHOWN,
        empty="No experiments on record.",
        locale=locale_of(run),
    )


@section("experiment_setup_faults", "experiments", "campaigns")
def experiment_setup(run: Run, campaign: str = "") -> Table:
    """What is wrong with the way experiments are set up, fault by fault, by experiment."""
    judged = of_campaign(run, "experiments", campaign)
    known = judged.select("experiment_id", "campaign_id", "status").join(
        campaign_names(run), on="campaign_id", how="left"
    )
    found = (
        run.tables["experiment_setup_faults"]
        .join(known, on="experiment_id", how="inner")
        .sort("experiment_id", "fault", "detail")
    )
    faulty = found["experiment_id"].n_unique()
    return Table(
        id="experiment-setup",
        frame=found,
        columns=(
            Column(name="experiment_id", label="Experiment", detail="campaign", weight=1.2),
            Column(name="status", label="Status", statuses=EXPERIMENT),
            Column(name="fault", label="Fault", weight=1.2),
            Column(name="detail", label="Finding", weight=2.0),
        ),
        title=(
            (
                f"{faulty} of {count(judged.height, 'experiment')} cannot be relied on because "
                "of setup errors."
            )
            if faulty
            else "No experiment has a setup error."
        ),
        notes=("Variants of these experiments are neither scaled nor stopped on their results.",),
        source="experiment_setup_faults",
        empty="No setup errors found.",
        locale=locale_of(run),
    )


def badges(run: Run) -> dict[str, pl.Expr]:
    """`badge`, the gravest word of `EVIDENCE` that holds, and `more`, the others."""
    planned = pl.col("status") == ExperimentStatus.PLANNED
    significant = pl.col("significant")
    gap = pl.col("difference")
    worse = pl.when(pl.col("direction") == Direction.DOWN).then(gap > 0).otherwise(gap < 0)
    held: dict[str, pl.Expr] = {
        "setup error": pl.col("setup_faults") > 0,
        "allocation failed": pl.col("allocation_verdict") == Allocation.FAILED,
        "small sample": pl.col("sample") < run.config.minimum_sample_size,
        "no result": pl.col("undefined_reason").is_not_null() & significant.is_null(),
        **{word: pl.col("warnings").list.contains(str(word)) for word in Caution},
        "harmful": significant & worse,
        "significant": significant & ~worse,
        "not significant": ~significant,
        "not tested": significant.is_null() & pl.col("undefined_reason").is_null(),
    }
    begun = {word: ~planned & condition for word, condition in held.items()}
    conditions = begun | {"not started": planned}
    words = pl.concat_list(
        pl.when(conditions[word]).then(pl.lit(str(word))) for word in EVIDENCE
    ).list.drop_nulls()
    shown = {str(word): status.word.lower() for word, status in EVIDENCE.items()}
    others = words.list.slice(1).list.eval(pl.element().replace(shown)).list.join(", ")
    return {"badge": words.list.first(), "more": others.replace("", None)}


def decision_time(shown: pl.DataFrame) -> dict[str, pl.Expr]:
    """`time`, when a decision can be had, and `time_detail`, what that rests on."""
    status, days = pl.col("status"), pl.col("days_left")
    planned, running = (status == s for s in (ExperimentStatus.PLANNED, ExperimentStatus.RUNNING))
    decided = pl.col("recommendation") != Verdict.CONTINUE
    reached = pl.col("planned_sample_reached").fill_null(value=False)
    left = pl.format(
        "{} {}", days, pl.when(days == 1).then(pl.lit("day")).otherwise(pl.lit("days"))
    )
    short = pl.format("{} {} short", texts(shown, whole, "sample_still_needed"), "sample_unit")
    reached_text = pl.lit("planned sample reached")
    outlook = pl.coalesce(
        pl.when(decided).then(pl.format("planned sample in {}", left)),
        pl.when(days.is_not_null()).then(pl.lit("at the observed rate")),
        "planning_reason",
        pl.lit("no new data"),
    )
    return {
        "time": pl.when(planned)
        .then(pl.lit("Not started"))
        .when(~running)
        .then(pl.lit("Ended"))
        .when(decided)
        .then(pl.lit("Decided now"))
        .when(reached)
        .then(pl.lit("Planned sample reached"))
        .otherwise(pl.coalesce(left, pl.lit("Not projectable"))),
        "time_detail": pl.when(~planned).then(
            pl.when(reached)
            .then(pl.when(decided | ~running).then(reached_text))
            .when(running)
            .then(outlook)
            .otherwise(pl.coalesce(short, "planning_reason"))
        ),
    }


def probability(value: float | None) -> str | None:
    """A probability to three or four decimals, never rounded to a certainty.

    >>> probability(1e-13), probability(0.0498), probability(0.9999)
    ('< 0.001', '0.0498', '> 0.999')
    """
    if value is None:
        return None
    if value < 0.001:
        return "< 0.001"
    if value > 0.999:
        return "> 0.999"
    return f"{value:.{3 if value >= 0.1 else 4}f}"


def gates_note(run: Run) -> str:
    config, rules = run.config, run.config.experiment_rules
    answer = (
        f"a chance to beat the control of at least {rules.probability_threshold:g}, or of at most "
        f"{1 - rules.probability_threshold:g} for harm"
        if rules.inference == Inference.BAYESIAN
        else f"{ANSWERS[rules.inference][1]} under {config.statistical_significance_threshold:g}"
        + ("" if rules.correction == Correction.NONE else f" after {correction(run)}")
    )
    worth = percent(config.lift_threshold_for_scaling)
    return (
        "Criteria in order: valid setup; traffic split as planned; at least "
        f"{whole(config.minimum_sample_size)} trials per arm; {answer}; lift of at least "
        f"{worth}. The planned sample detects that lift with {percent(rules.power)} power; "
        "shortfalls are per arm."
    )


def correction(run: Run) -> str:
    rules = run.config.experiment_rules
    name = str(rules.correction).replace("_", "-").title()
    return f"{name} correction over each {rules.correction_family}"


def _finding(found: pl.DataFrame) -> str:
    if found.is_empty():
        return "No experiments on record."
    scale, stop, go_on = (found.filter(recommendation=v).height for v in map(str, RECOMMENDATION))
    judged = count(found.height, "variant")
    return f"{scale} of {judged} qualify to scale, {stop} should stop and {go_on} continue."
