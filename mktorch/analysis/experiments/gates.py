"""Gates: the recorded walk from evidence to a recommendation."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from mktorch.analysis.experiments.declared import ExperimentGates
from mktorch.analysis.experiments.terms import (
    ASSIGNED,
    Allocation,
    Caution,
    Decider,
    Gate,
    Terms,
    Verdict,
)
from mktorch.config.experiment_rules import Inference, LiftGate
from mktorch.vocab import Direction, ExperimentStatus

_STATUS = pl.col("status")
_GAP = pl.col("difference")
_BETTER = pl.when(pl.col("direction") == Direction.DOWN).then(-_GAP).otherwise(_GAP)
# Over a control of 0 no lift is defined, but its interval's low end may be: the gate reads that.
_READ = {
    LiftGate.POINT: pl.col("improvement"),
    LiftGate.CHANCE: pl.col("chance_of_lift"),
    LiftGate.LOW: pl.col("improvement_low"),
}
_NO_LIFT = pl.col("improvement").is_null()
_GAINED = pl.coalesce("improvement", "improvement_low")
_NO_OBSTACLE = (Allocation.NOT_DECLARED, Allocation.WARNED)
_OFF = "statistical testing is off"


@dataclass(frozen=True)
class Check:
    """One gate as expressions over the evaluations: null `passed` is "not evaluated"."""

    passed: pl.Expr
    value: pl.Expr
    threshold: float
    note: pl.Expr


@dataclass(frozen=True)
class Rule:
    """A row of the decision table: the first that applies decides."""

    applies: pl.Expr
    verdict: Verdict
    gate: pl.Expr
    sentence: pl.Expr


def checks(terms: Terms) -> dict[Gate, Check]:
    """Every gate's outcome, value and threshold, in the order they decide."""
    bayesian = terms.rules.inference == Inference.BAYESIAN
    beats = pl.col("probability_to_beat_control")
    verdict = pl.col("allocation_verdict")
    undefined = pl.col("undefined_reason")
    return {
        Gate.SETUP: Check(
            pl.col("setup_faults") == 0,
            pl.col("setup_faults").cast(pl.Float64),
            0.0,
            pl.col("setup_note"),
        ),
        Gate.ALLOCATION: Check(
            pl.when(~verdict.is_in(_NO_OBSTACLE)).then(verdict == Allocation.PASSED),
            pl.col("allocation_p"),
            terms.rules.allocation_alpha,
            pl.col("allocation_note"),
        ),
        Gate.SAMPLE: Check(
            pl.col("sample") >= terms.minimum_sample,
            pl.col("sample").cast(pl.Float64),
            float(terms.minimum_sample),
            pl.format("{} in the smaller arm", "trials_name"),
        ),
        Gate.SIGNIFICANCE: Check(
            pl.col("significant"),
            pl.max_horizontal(beats, 1 - beats) if bayesian else pl.col("adjusted_p_value"),
            terms.rules.probability_threshold if bayesian else terms.alpha,
            _text(
                (pl.lit(not terms.testing), _OFF),
                (pl.col("significant").is_null(), undefined),
                (_BETTER < 0, "the variant is worse"),
                (_BETTER > 0, "the variant is better"),
            ),
        ),
        Gate.LIFT: Check(
            _lift_passed(terms),
            _GAINED,
            terms.lift_threshold,
            _text(
                (_GAINED.is_null(), undefined),
                (_NO_LIFT, pl.format("{}; the interval's low end is read", "undefined_reason")),
                (pl.lit(terms.rules.lift_gate == LiftGate.CHANCE), _chance_note()),
                (pl.lit(terms.rules.lift_gate == LiftGate.LOW), "the interval's low end is read"),
            ),
        ),
    }


def _lift_passed(terms: Terms) -> pl.Expr:
    """Whether the lift is as asked for; over a control of 0, whether its low end is."""
    gate = terms.rules.lift_gate
    enough = terms.rules.lift_chance if gate == LiftGate.CHANCE else terms.lift_threshold
    low = pl.col("improvement_low") >= terms.lift_threshold
    return pl.when(_NO_LIFT).then(low).otherwise(_READ[gate] >= enough)


def _chance_note() -> pl.Expr:
    percent = (100 * pl.col("chance_of_lift")).round(0).cast(pl.Int64)
    return pl.format("a chance of {} % that the true lift reaches it", percent)


def decide(evidence: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """Adds `recommendation`, `deciding_gate` and `rule`, by the first rule that applies.

    A fault of setup or allocation, or too small a sample, makes significance count for nothing,
    for better and for worse. `deciding_gate` is null where the status, or testing being off,
    decided before any gate.
    """
    gates = [check.passed.alias(f"_{gate}") for gate, check in checks(terms).items()]
    walked = evidence.with_columns(gates).with_columns(_first_shut().alias("_shut"))
    table = rules(terms)
    return walked.with_columns(
        _first(table, [pl.lit(str(rule.verdict)) for rule in table]).alias("recommendation"),
        _first(table, [rule.gate for rule in table]).alias("deciding_gate"),
        _first(table, [rule.sentence for rule in table]).alias("rule"),
    ).drop("_shut", *(f"_{gate}" for gate in Gate))


def rules(terms: Terms) -> tuple[Rule, ...]:
    """The decision table, over the evaluations, the gates' outcomes and the first gate shut."""
    shut = pl.col("_shut")
    trusted = _open(Gate.SETUP) & _open(Gate.ALLOCATION) & _open(Gate.SAMPLE)
    proven = trusted & pl.col("significant").fill_null(value=False)
    futile = (
        trusted
        & pl.col("planned_sample_reached")
        & (pl.col("improvement_high") < terms.lift_threshold)
    )
    undefined = pl.col("undefined_reason").is_not_null() & (
        ((shut == Gate.SIGNIFICANCE) & pl.col("significant").is_null())
        | ((shut == Gate.LIFT) & _GAINED.is_null())
    )
    never = pl.lit(None, pl.String)
    completed = _STATUS == ExperimentStatus.COMPLETED
    delivered = pl.col("warnings").list.contains(str(Caution.DELIVERY))
    return (
        Rule(
            pl.lit(not terms.testing),
            Verdict.CONTINUE,
            never,
            pl.lit("Statistical testing is off: effects are shown, nothing is decided."),
        ),
        Rule(
            _STATUS == ExperimentStatus.PLANNED,
            Verdict.CONTINUE,
            never,
            pl.lit("Not started: there is nothing to judge yet."),
        ),
        Rule(
            _STATUS == ExperimentStatus.STOPPED,
            Verdict.STOP,
            never,
            pl.lit("Already stopped: it stays stopped."),
        ),
        Rule(
            shut.is_null() & (pl.col("guardrails_worse") > 0) & completed,
            Verdict.STOP,
            pl.lit(str(Gate.SIGNIFICANCE)),
            pl.format("Better, but {}.", "guardrail_note"),
        ),
        Rule(
            shut.is_null() & (pl.col("guardrails_worse") > 0),
            Verdict.CONTINUE,
            pl.lit(str(Gate.SIGNIFICANCE)),
            pl.format("Better, but {}: settle that before scaling.", "guardrail_note"),
        ),
        Rule(
            shut.is_null() & _first_look(terms),
            Verdict.CONTINUE,
            pl.lit(str(Gate.SAMPLE)),
            pl.lit(f"Better so far: nothing is scaled before {terms.rules.first_look_days} days."),
        ),
        Rule(
            shut.is_null(),
            Verdict.SCALE,
            pl.lit(str(Gate.LIFT)),
            pl.when(delivered)
            .then(pl.lit("Every gate is passed: the variant performed better in delivery."))
            .otherwise(pl.lit("Every gate is passed.")),
        ),
        Rule(
            proven & (_BETTER < 0),
            Verdict.STOP,
            pl.lit(str(Gate.SIGNIFICANCE)),
            pl.when(delivered)
            .then(pl.lit("The variant performed significantly worse in delivery."))
            .otherwise(pl.lit("The variant is significantly worse than the control.")),
        ),
        Rule(
            futile,
            Verdict.STOP,
            pl.lit(str(Gate.LIFT)),
            pl.lit(
                "Futile: the planned sample is reached, and even the interval's upper end is "
                "below the minimum lift to scale."
            ),
        ),
        Rule(
            completed & ~proven,
            Verdict.STOP,
            shut,
            pl.lit("Completed without a significance that counts."),
        ),
        Rule(
            completed,
            Verdict.STOP,
            shut,
            pl.lit("Completed: significant, but the lift needed to scale is not shown."),
        ),
        Rule(
            undefined,
            Verdict.CONTINUE,
            shut,
            pl.format("Undecided: {}.", "undefined_reason"),
        ),
        Rule(
            pl.lit(value=True), Verdict.CONTINUE, shut, shut.replace_strict(_WAITING, default=None)
        ),
    )


def _first_look(terms: Terms) -> pl.Expr:
    """Whether the hybrid still takes its first look: harm may end an experiment then, gain not.

    Where trials or units are known to be independent there is nothing that more days would show.
    """
    days = (pl.col("last_day") - pl.col("first_day")).dt.total_days() + 1
    hybrid = pl.lit(terms.rules.inference == Inference.HYBRID)
    early = (pl.col("decider") == Decider.ALWAYS_VALID) & (days < terms.rules.first_look_days)
    return hybrid & early & ~pl.col("cluster").is_in([str(c) for c in ASSIGNED])


_WAITING = {
    str(Gate.SETUP): "Set up incorrectly: correct it before judging.",
    str(Gate.ALLOCATION): "Traffic is not split as declared: find out why before judging.",
    str(Gate.SAMPLE): "Too few trials in an arm to judge.",
    str(Gate.SIGNIFICANCE): "Not significant yet.",
    str(Gate.LIFT): "Significant, but below the minimum lift to scale.",
}


def experiment_gates(experiment_evaluations: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """The gates of every evaluation, one row each, in the order they decide.

    Columns: experiment_id, variant_asset, `order` (1 to 5), `gate`, `passed` (null: not
    evaluated), `value`, `threshold`, `note`. Sorted by experiment, arm and order.
    """
    parts = [
        experiment_evaluations.select(
            "experiment_id",
            "arm",
            "variant_asset",
            pl.lit(order, pl.Int64).alias("order"),
            pl.lit(str(gate)).alias("gate"),
            check.passed.alias("passed"),
            check.value.alias("value"),
            pl.lit(check.threshold).alias("threshold"),
            check.note.cast(pl.String).alias("note"),
        )
        for order, (gate, check) in enumerate(checks(terms).items(), start=1)
    ]
    return ExperimentGates.of(pl.concat(parts).sort("experiment_id", "arm", "order"))


def _open(gate: Gate) -> pl.Expr:
    """Whether a gate lets pass; an allocation that was not declared is no obstacle."""
    harmless = pl.col("allocation_verdict").is_in(_NO_OBSTACLE).fill_null(value=False)
    unknown = harmless if gate is Gate.ALLOCATION else pl.lit(value=False)
    return pl.col(f"_{gate}").fill_null(unknown)


def _first_shut() -> pl.Expr:
    return pl.coalesce(pl.when(~_open(gate)).then(pl.lit(str(gate))) for gate in Gate)


def _first(rules: tuple[Rule, ...], outcomes: list[pl.Expr]) -> pl.Expr:
    """The outcome of the first rule that applies."""
    result = outcomes[-1]
    for rule, outcome in zip(rules[-2::-1], outcomes[-2::-1], strict=True):
        result = pl.when(rule.applies).then(outcome).otherwise(result)
    return result


def _text(*choices: tuple[pl.Expr, str | pl.Expr]) -> pl.Expr:
    """The text of the first condition that holds, else null."""
    return pl.coalesce(
        pl.when(condition).then(pl.lit(text) if isinstance(text, str) else text)
        for condition, text in choices
    )
