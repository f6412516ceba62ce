"""Experiments one by one: a card each, with evidence, gates, decision and what to do."""

from __future__ import annotations

from typing import Any

import polars as pl

from mktorch.analysis.experiments.terms import Caution, Gate, Verdict
from mktorch.config.experiment_rules import Correction, Inference
from mktorch.display.escape import slug
from mktorch.display.page import Lead
from mktorch.display.readouts import Check, Part, Reading, Readout, Readouts
from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
)
from mktorch.display.sections.experiment_facts import (
    RECOMMENDATION,
    interval,
    interval_name,
    left_out,
    percent,
    signed,
    variants,
    whole,
)
from mktorch.display.sections.experiments import (
    ANSWERS,
    EVIDENCE,
    EXPERIMENT,
    GATES,
    badges,
    decision_time,
    gates_note,
    probability,
)
from mktorch.display.sections.wording import (
    metric_label,
    metric_texts,
)
from mktorch.display.status import Status, Statuses, Tone, status_of
from mktorch.formats import CURRENCY_EXACT, DATE, FIGURE, format_value
from mktorch.metrics import registry
from mktorch.runs import Run
from mktorch.vocab import ExperimentStatus, Measure
from mktorch.words import capitalized, capitals, count

PASSED: Statuses = {
    "true": Status("Passed", Tone.GOOD),
    "false": Status("Not passed", Tone.BAD),
    "null": Status("Not evaluated", Tone.NONE),
}
_BEWARE = {
    Caution.LOOKED_EARLY: (
        "Read before the planned end; the fixed p-value overstates the evidence."
    ),
    Caution.REVERSAL: "Individual weeks point in the opposite direction from the total.",
    Caution.SEGMENTS: "Control and variant reached different segments, which may explain the gap.",
    Caution.SMALL_COUNTS: "Few trials or conversions; the test is corrected for continuity.",
    Caution.DELIVERY: (
        "The platform chose who saw which ad; the result shows which performed better in delivery, "
        "not why."
    ),
    Caution.SPLIT: "The platform did not split impressions as planned.",
    Caution.CLAIMED: "No row names the experiment; rows of its assets within its dates count.",
    Caution.GUARDRAIL: "A guardrail metric is significantly worse than in the control.",
    Caution.HELD_BACK: "The last days are excluded because their conversions are still arriving.",
    Caution.FRACTIONAL: "Conversions are shared between ads; rates are compared by day.",
}


@section("experiment_evaluations", "experiment_setup_faults", "campaigns")
def experiment_verdict(run: Run, campaign: str = "") -> Lead:
    """How many experiments are decided, which way, and what keeps the others open."""
    found, _ = variants(run, campaign)
    if found.is_empty():
        return Lead(sentence="No experiments on record.")
    by_verdict = {v: found.filter(recommendation=str(v)) for v in RECOMMENDATION}
    open_ones = by_verdict[str(Verdict.CONTINUE)]
    decided = found.height - open_ones.height
    scale, stop = (by_verdict[str(v)].height for v in (Verdict.SCALE, Verdict.STOP))
    experiments = count(found["experiment_id"].n_unique(), "experiment")
    return Lead(
        sentence=(
            f"{decided} of {count(found.height, 'variant')} in {experiments} are decided: scale "
            f"{scale}, stop {stop}; {open_ones.height} continue."
        ),
        points=tuple(filter(None, (_held_up(open_ones), _untrusted(run, found), _next(open_ones)))),
    )


@section("experiment_evaluations", "experiment_gates", "campaigns")
def experiment_readouts(run: Run, campaign: str = "") -> Readouts:
    """One card per experiment, decided ones first: every arm with its evidence and gates."""
    every, shown = variants(run, campaign)
    judged = pl.col("experiment_id").is_in(shown["experiment_id"].unique().implode())
    found = every.filter(judged)
    campaigns = run.tables["campaigns"].select("campaign_id", "hypothesis")
    frame = found.join(campaigns, on="campaign_id", how="left", maintain_order="left").with_columns(
        metric_name=capitals(metric_label(run, pl.col("metric"))),
        control_text=metric_texts(run, found["metric"], found["control_value"]),
        variant_text=metric_texts(run, found["metric"], found["variant_value"]),
        todo=_todo(),
        **badges(run),
        **decision_time(found),
    )
    ordered = frame.with_columns(
        _place=pl.col("_verdict").min().over("experiment_id"),
    ).sort("_place", "experiment_id", "arm")
    gates = (
        run.tables["experiment_gates"]
        .filter(judged)
        .sort("experiment_id", "variant_asset", "order")
    )
    checks = gates.partition_by("experiment_id", "variant_asset", as_dict=True)
    parts = ordered.partition_by("experiment_id", maintain_order=True)
    return Readouts(
        id="experiment-readouts",
        cards=tuple(_card(run, part, checks) for part in parts),
        checks="Gate",
        title=_cards_finding(every["experiment_id"].n_unique(), every),
        notes=(
            (
                "Lift: the variant's metric / the control's - 1, with the sign reversed where "
                f"lower is better. Below it, the {interval_name(run)}. All experiment dates "
                "through the report date."
            ),
            gates_note(run),
            *left_out(every, found),
        ),
        source="experiment_evaluations, experiment_gates",
        empty="No experiments on record.",
    )


def _cards_finding(experiments: int, found: pl.DataFrame) -> str:
    if not experiments:
        return "No experiments on record."
    return (
        f"{count(experiments, 'experiment')} with {count(found.height, 'variant')}, winners "
        "first, then those to stop."
    )


def _card(run: Run, arms: pl.DataFrame, checks: dict[tuple[Any, ...], pl.DataFrame]) -> Readout:
    rows = arms.to_dicts()
    first = rows[0]
    return Readout(
        id=f"experiment-{slug(first['experiment_id'])}",
        heading=f"{first['experiment_id']}: {first['metric_name']}",
        subtitle=_subtitle(run, first),
        parts=tuple(
            _part(run, arm, checks.get((arm["experiment_id"], arm["variant_asset"])))
            for arm in rows
        ),
    )


def _subtitle(run: Run, arm: dict[str, Any]) -> str:
    locale = locale_of(run)
    start, end = (
        None if day is None else format_value(day, DATE, locale)
        for day in (arm["first_day"], arm["last_day"])
    )
    days = f"data of {start} to {end}" if start and end else "no data yet"
    hypothesis = f" Campaign hypothesis: {arm['hypothesis']}." if arm["hypothesis"] else ""
    return (
        f"{arm['campaign'] or arm['campaign_id']}. {_kind(arm['type'])}, "
        f"{status_of(arm['status'], EXPERIMENT).word.lower()}, {days}.{hypothesis}"
    )


def _kind(words: str) -> str:
    """`multivariate` as the start of a sentence; `A/B` as it is."""
    return words[:1].upper() + words[1:]


def _part(run: Run, arm: dict[str, Any], gates: pl.DataFrame | None) -> Part:
    begun = arm["status"] != ExperimentStatus.PLANNED
    name = f"{arm['variant_asset'] or 'No variant'} vs. {arm['control_asset'] or 'no control'}"
    return Part(
        name=name,
        statuses=(
            status_of(arm["recommendation"], RECOMMENDATION),
            status_of(arm["badge"], EVIDENCE),
        ),
        readings=_readings(run, arm) if begun else (),
        checks=tuple(
            _check(run, gate, arm) for gate in (gates.to_dicts() if gates is not None else ())
        )
        if begun
        else (),
        lines=_lines(arm),
    )


def _readings(run: Run, arm: dict[str, Any]) -> tuple[Reading, ...]:
    rules = run.config.experiment_rules
    answer, label = ANSWERS[rules.inference]
    raw = (
        f", {probability(arm['p_value'])} before correction"
        if rules.correction != Correction.NONE and arm["p_value"] is not None
        else ""
    )
    tested = f"{arm['method']}{raw}" if arm["method"] else arm["undefined_reason"] or "not tested"
    ends = interval(arm["improvement_low"], arm["improvement_high"])
    table = "experiment_evaluations"
    return (
        _side(run, arm, "control"),
        _side(run, arm, "variant"),
        Reading(
            label="Lift",
            value=signed(arm["improvement"]) or format_value(None),
            detail=ends or arm["undefined_reason"] or "no interval",
            source=f"{table}.improvement",
            where=_row(arm),
        ),
        Reading(
            label=label,
            value=probability(arm[answer]) or format_value(None),
            detail=tested,
            source=f"{table}.{answer}",
            where=_row(arm),
        ),
    )


def _side(run: Run, arm: dict[str, Any], side: str) -> Reading:
    """One arm's value and the two sums it is made of."""
    metric = registry(run.config.metrics).get(arm["metric"])
    parts = [arm[f"{side}_{part}"] for part in ("numerator", "denominator")]
    names = (metric.numerator, metric.denominator) if metric else ()
    sums = [
        f"{_sum(run, part, name)} {name}"
        for part, name in zip(parts, names, strict=False)
        if part is not None
    ]
    return Reading(
        label=f"{side.capitalize()} {arm[f'{side}_asset'] or ''}".strip(),
        value=arm[f"{side}_text"] or format_value(None),
        detail=f"{' / '.join(sums)}, {count(arm[f'{side}_days'], 'day')}"
        if len(sums) == 2 and arm[f"{side}_days"] is not None
        else "no data",
        source=f"experiment_evaluations.{side}_value",
        where=_row(arm),
    )


def _row(arm: dict[str, Any]) -> dict[str, str]:
    """The keys of a variant's row."""
    return {key: str(arm[key] or "") for key in ("experiment_id", "variant_asset")}


def _sum(run: Run, value: float, measure: Measure) -> str:
    money = measure in (Measure.COST, Measure.REVENUE)
    return format_value(value, CURRENCY_EXACT if money else FIGURE, locale_of(run))


def _check(run: Run, gate: dict[str, Any], arm: dict[str, Any]) -> Check:
    """A gate with its value vs. its threshold, each in the gate's own unit."""
    found, needed = gate["value"], gate["threshold"]
    known = found is not None
    bayesian = run.config.experiment_rules.inference == Inference.BAYESIAN
    unit = arm["trials_name"] or "trials"
    words = {
        Gate.SETUP: (count(int(found or 0), "fault"), "none"),
        Gate.ALLOCATION: (f"p {probability(found)}", f"p at least {needed:g}"),
        Gate.SAMPLE: (f"{whole(int(found or 0))} {unit}", f"at least {whole(int(needed))}"),
        Gate.SIGNIFICANCE: (f"{probability(found)}", f"at least {needed:g}")
        if bayesian
        else (f"p {probability(found)}", f"p under {needed:g}"),
        Gate.LIFT: (signed(found) or "", f"at least {percent(needed)}"),
    }
    value, threshold = words[Gate(gate["gate"])]
    return Check(
        name=GATES[Gate(gate["gate"])],
        status=PASSED[{True: "true", False: "false"}.get(gate["passed"], "null")],
        value=value if known else format_value(None),
        threshold=threshold,
        note="" if gate["gate"] == Gate.SAMPLE and known else gate["note"] or "",
        source="experiment_gates.value",
        where={**_row(arm), "gate": gate["gate"]},
    )


def _lines(arm: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    gate = GATES.get(arm["deciding_gate"])
    by = f" Decided by: {gate.lower()}." if gate else ""
    beware = [_BEWARE[Caution(word)] for word in arm["warnings"] or ()]
    guards = arm["guardrail_note"]
    time = ", ".join(filter(None, (arm["time"], arm["time_detail"])))
    return tuple(
        (label, text)
        for label, text in (
            ("Decision", f"{arm['rule']}{by}"),
            ("Time to decision", f"{time}."),
            ("Also", arm["more"] and f"{arm['more'].capitalize()}."),
            ("Guardrails", guards and f"{capitalized(guards)}."),
            ("Beware", " ".join(beware)),
            ("Next step", arm["todo"]),
        )
        if text
    )


def _todo() -> pl.Expr:
    """What to do about each variant, by verdict, deciding gate and status."""
    gate, status = pl.col("deciding_gate"), pl.col("status")
    verdict, days = pl.col("recommendation"), pl.col("days_left")
    running = status == ExperimentStatus.RUNNING
    scale, winner = verdict == Verdict.SCALE, pl.col("winner")
    best = pl.col("variant_asset") == winner
    reached = pl.col("planned_sample_reached").fill_null(value=False)
    wait = pl.coalesce(
        pl.when(reached).then(
            pl.lit(
                "The planned sample was reached without a clear answer. End the test, or extend "
                "it to detect a smaller lift."
            )
        ),
        pl.format("Run about {} more days to reach the planned sample.", days),
        pl.lit("Keep it running and find out why the planned sample cannot be projected."),
    )
    return (
        pl.when(status == ExperimentStatus.PLANNED)
        .then(pl.lit("Start it or remove it from the plan."))
        .when(gate == Gate.SETUP)
        .then(pl.lit("Correct the setup and restart; the current data cannot answer the question."))
        .when(gate == Gate.ALLOCATION)
        .then(pl.lit("Find out why traffic is not split as planned before using the result."))
        .when(~scale & winner.is_not_null())
        .then(pl.format("{} won the experiment; this variant ends with it.", winner))
        .when(scale & ~best)
        .then(
            pl.format(
                "This variant also passed, but the gain of {} is more certain. Scale that one.",
                winner,
            )
        )
        .when(scale & running)
        .then(pl.format("Move traffic to {} and end the experiment.", "variant_asset"))
        .when(scale)
        .then(pl.format("Use {} in place of {}.", "variant_asset", "control_asset"))
        .when(status == ExperimentStatus.STOPPED)
        .then(pl.format("No action: the test was stopped. {} remains.", "control_asset"))
        .when((verdict == Verdict.STOP) & (gate == Gate.SIGNIFICANCE) & running)
        .then(pl.format("Stop serving {}; it underperforms.", "variant_asset"))
        .when((verdict == Verdict.STOP) & running)
        .then(pl.lit("End the test; it can no longer show the minimum lift to scale."))
        .when(verdict == Verdict.STOP)
        .then(pl.format("Keep {}.", "control_asset"))
        .when((gate == Gate.LIFT) & ~running)
        .then(pl.lit("The gain is small; use the variant only where switching costs little."))
        .otherwise(wait)
    )


def _held_up(open_ones: pl.DataFrame) -> str:
    """What keeps the undecided open, commonest gate first."""
    words = {str(gate): word.lower() for gate, word in GATES.items()}
    if open_ones.is_empty():
        return ""
    gates = (
        open_ones.with_columns(
            why=pl.when(status=str(ExperimentStatus.PLANNED))
            .then(pl.lit("not started"))
            .otherwise(pl.col("deciding_gate").replace_strict(words, default="testing off"))
        )
        .group_by("why")
        .len()
        .sort("len", "why", descending=[True, False])
    )
    held = ", ".join(f"{why} ({n})" for why, n in gates.rows())
    return f"Open for these reasons: {held}."


def _untrusted(run: Run, found: pl.DataFrame) -> str:
    faulty = (
        run.tables["experiment_setup_faults"]
        .join(found.select("experiment_id").unique(), on="experiment_id", how="semi")[
            "experiment_id"
        ]
        .n_unique()
    )
    return (
        (f"{count(faulty, 'experiment')} cannot be relied on because of setup errors.")
        if faulty
        else ""
    )


def _next(open_ones: pl.DataFrame) -> str:
    """The running experiment that reaches its planned sample soonest."""
    due = open_ones.filter(pl.col("days_left") > 0).sort("days_left", "experiment_id")
    if due.is_empty():
        return ""
    name, days = due.select("experiment_id", "days_left").row(0)
    return f"Next to reach its planned sample: {name}, in {count(days, 'day')}."
