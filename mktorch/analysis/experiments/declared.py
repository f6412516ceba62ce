"""The tables of experiments, declared: what each column is and what it is made of."""

from __future__ import annotations

from collections.abc import Callable

import dataframely as dy
import polars as pl

from mktorch.analysis.experiments.terms import (
    Allocation,
    Cluster,
    Decider,
    Fault,
    Gate,
    Method,
    Plan,
    Verdict,
)
from mktorch.rollups import BEFORE, MEASURES
from mktorch.sources.schemas import Experiments
from mktorch.tables import (
    Table,
    Upstream,
    count,
    day,
    declare,
    flag,
    fraction,
    key,
    money,
    nested,
    number,
    read,
    reason,
    same,
    struct,
    text,
    texts,
    word,
)
from mktorch.vocab import Direction, Measure, MetricKind

_KEY = ("experiment_id",)
_ROW = ("experiment_id", "variant_asset")
_METRIC = "that of the metric"
_WHY, _NO_PLAN, _NO_CUPED = "undefined_reason", "planning_reason", "cuped_reason"
_NO_ROWS, _UNTESTED = "the arm has no row", "testing is off, or the metric is unknown"
_TEST = ("experiment_rules", "statistical_significance_threshold")
_PLAN = ("experiment_rules.power", "lift_threshold_for_scaling", "minimum_sample_size")
MEASURED = (*MEASURES, "numerator", "denominator", "value", "days")
"""What an arm adds up to."""
_COUNTED = ("impressions", "clicks", "conversions")
_PAID = (*_COUNTED, "cost")


def _arm(side: str, *columns: str) -> Upstream:
    on = {"experiment_id": "experiment_id", f"{side}_asset": "asset_id"}
    return read("rollup_experiment_day", *columns, on=on)


def _spread(columns: tuple[str, ...], by_unit: tuple[str, ...] = ()) -> tuple[Upstream, ...]:
    units = read("rollup_experiment_unit", *(by_unit or columns), on=_KEY)
    return _arm("control", *columns), _arm("variant", *columns), units


_ARMS = (_arm("control", *MEASURES), _arm("variant", *MEASURES))
_ALL = _spread(MEASURES)
_BEFORE = (f"{measure}{BEFORE}" for measure in _PAID)
_WEEKS = (
    _arm("control", *_PAID),
    _arm("variant", *_PAID),
    read("rollup_experiment_weekday", "weekday", "days", *_PAID, *_BEFORE, on=_KEY),
)
_KINDS: dict[str, Callable[..., dy.Column]] = {
    Measure.CONVERSIONS: lambda *told, **more: number("count", *told, **more),
    Measure.COST: money,
    Measure.REVENUE: money,
}


# fmt: off
def _side(side: str) -> dict[str, dy.Column]:
    """What an arm's rows add up to."""
    sums = {f"{side}_{m}": _KINDS.get(m, count)(f"Sum over the days of the {side} that count",
        _arm(side, m), null=_NO_ROWS, adds=False) for m in MEASURES}
    return {
        **sums,
        f"{side}_numerator": number(_METRIC, f"Numerator of the metric, summed over the {side}",
            _arm(side, "clicks", "conversions", "cost", "revenue"), null=_NO_ROWS),
        f"{side}_denominator": number(_METRIC, f"Denominator of the metric, summed over the {side}",
            _arm(side, "impressions", "conversions", "cost"), null=_NO_ROWS),
        f"{side}_value": number(_METRIC, f"The metric of the {side}: its numerator / its "
            "denominator over the experiment's dates", _arm(side, *MEASURES), config=("metrics",),
            over=(f"{side}_numerator", f"{side}_denominator"), null=_WHY),
        f"{side}_days": count(f"Days of the {side} that count", unit="days", null=_NO_ROWS),
    }


def _ends(name: str, words: str, unit: str, *made: Upstream, null: str) -> dict[str, dy.Column]:
    """The low and the high end of an interval."""
    return {f"{name}_{end}": number(unit, f"{end.capitalize()} end of {words}", *made,
        config=_TEST, null=null) for end in ("low", "high")}


_OPEN = "it is open, or for the reason of `undefined_reason`"
_DIFFERENCE = "the interval of the difference"
_LIFT = "the interval of the lift"
_EVALUATED = {
    "experiment_id": key("The experiment"),
    **{name: same(Experiments, name, on=_KEY) for name in ("campaign_id", "status", "type",
        "metric")},
    "metric_kind": word(MetricKind, "What the metric is: a proportion, or a ratio of sums",
        null=_WHY),
    "metric_unit": text("Unit of the metric's value", null=_WHY),
    "numerator_name": text("What the metric's numerator counts", null=_WHY),
    "direction": word(Direction, "Which way of the metric is better", null=_WHY),
    "control_asset": text("First asset of the control", null="the experiment names none"),
    "variant_asset": key("First asset of the variant's arm"),
    "arm": count("Number of the variant's arm, from 1", unit=""),
    "first_day": day("First day on which either arm has a row", null=_NO_ROWS),
    "last_day": day("Last day on which either arm has a row", null=_NO_ROWS),
    **_side("control"),
    **_side("variant"),
    "difference": number(_METRIC, "Variant's metric - control's", *_ARMS, null=_WHY),
    **_ends("difference", _DIFFERENCE, _METRIC, *_ALL, null=_WHY),
    "lift": fraction("Variant's metric / control's - 1", *_ARMS, null=_WHY),
    **_ends("lift", _LIFT, "fraction", *_ALL, null=_OPEN),
    "lift_percentage": number("percentage", "100 times the lift", *_ARMS, null=_WHY),
    "improvement": fraction("Variant's metric / control's, less 1, with the sign turned where less "
        "is better", *_ARMS, config=("metrics",), null=_WHY),
    **_ends("improvement", "the interval that decides, turned as the improvement is", "fraction",
        *_ALL, null=_OPEN),
    "shrunken_improvement": fraction("The improvement that such a one points to, where true ones "
        "are normal about none", *_ALL, config=_TEST, null=_WHY),
    "chance_of_lift": fraction("Chance that the true improvement reaches the minimum lift to scale",
        *_ALL, config=(*_TEST, "lift_threshold_for_scaling"), null=_WHY),
    "cluster": word(Cluster, "What is taken for independent", null=_WHY),
    "clusters": count("Days of either arm or, where rows name them, units", *_ALL,
        null=_NO_ROWS, adds=False),
    "dispersion": number("ratio", "Variance of the gap over the clusters / that of independent "
        "trials", *_spread(_COUNTED), null="a ratio metric, or an arm has fewer than two"),
    "inflation": number("ratio", "Factor by which the variance that is used exceeds that of "
        "independent trials", *_spread(_COUNTED, _PAID), null=_WHY),
    "method": word(Method, "How the p-value was made", null=_WHY),
    "statistic": number("ratio", "The difference in standard errors", *_ALL, config=_TEST,
        null=_WHY),
    "p_value": number("p", "p-value of one look at the difference", *_ALL, config=_TEST, null=_WHY),
    "decider": word(Decider, "Which answer decides"),
    "adjusted_p_value": number("p", "p-value of the difference between variant and control, "
        "corrected as configured", *_ALL, config=_TEST, null=_WHY),
    "q_value": number("p", "p-value of one look, corrected over all experiments by Benjamini and "
        "Hochberg", *_ALL, config=_TEST, null=_WHY),
    "alpha": number("p", "Significance threshold", config=("statistical_significance_threshold",)),
    "significant": flag("Whether the answer that decides is significant, for better or for worse",
        *_ALL, config=_TEST, null=_WHY),
    "always_valid_p": number("p", "p-value that holds at all looks together", *_ALL, config=_TEST,
        null=_WHY),
    **_ends("always_valid_difference", f"{_DIFFERENCE} that holds at all looks together", _METRIC,
        *_ALL, null=_WHY),
    **_ends("always_valid_lift", f"{_LIFT} that holds at all looks together", "fraction", *_ALL,
        null=_OPEN),
    "probability_to_beat_control": fraction("Posterior probability that the variant is better than "
        "the control", *_ALL, config=_TEST, null=_WHY),
    "expected_loss_scale": number(_METRIC, "Expected loss of choosing the variant", *_ALL,
        config=_TEST, null=_WHY),
    "expected_loss_keep": number(_METRIC, "Expected loss of keeping the control", *_ALL,
        config=_TEST, null=_WHY),
    **_ends("credible_lift", "the credible interval of the lift", "fraction", *_ALL, null=_OPEN),
    "sample": count("Trials of the smaller arm so far", _arm("control", "impressions"),
        _arm("variant", "impressions"), null=_NO_ROWS, adds=False),
    "trials_name": text("What a trial is", null=_WHY),
    "power": fraction("Chance that the trials so far detect the minimum lift to scale", *_ALL,
        config=_PLAN, null=_NO_PLAN),
    "minimum_detectable_effect": fraction("The smallest relative lift that the trials so far "
        "detect with the power asked for", *_ALL, config=_PLAN, null=_NO_PLAN),
    "plan": word(Plan, "Where the planned sample, or its end, comes from", null=_NO_PLAN),
    "sample_unit": text("What the planned sample counts", null=_WHY),
    "sample_needed_per_arm": count("Trials each arm needs to detect the minimum lift to scale with "
        "the power asked for", *_ALL, config=_PLAN, null=_NO_PLAN, adds=False),
    "sample_still_needed": count("Trials that the smaller arm lacks of them", *_ALL, config=_PLAN,
        null=_NO_PLAN, adds=False),
    "sample_reached": fraction("Trials of the smaller arm / trials each arm needs, at most 1",
        *_ALL, config=_PLAN, null=_NO_PLAN),
    "planned_sample_reached": flag("Whether the plan is reached", *_ALL, config=_PLAN,
        null=_NO_PLAN),
    "days_left": count("Days to the planned sample at the pace of the trials so far",
        *_spread(_PAID), config=_PLAN, unit="days", null="it does not run, or `planning_reason`"),
    "planning_reason": reason("the plan"),
    "allocation": nested(dy.Float64(), "Declared share of each arm, control first",
        read("experiments", "allocation", on=_KEY), null="none is declared"),
    "allocation_p": number("p", "p-value of units per arm against the declared shares",
        _arm("control", "impressions"), _arm("variant", "impressions"),
        config=("experiment_rules.allocation_alpha",), null="allocation_note"),
    "allocation_verdict": word(Allocation, "Whether units were split as declared",
        null="allocation_note"),
    "allocation_note": text("What the check of the split found", null="all is as declared"),
    "cuped_difference": number(_METRIC, "The difference at equal patterns of the week", *_WEEKS,
        null=_NO_CUPED),
    **_ends("cuped_difference", f"{_DIFFERENCE} at equal patterns of the week", _METRIC, *_WEEKS,
        null=_NO_CUPED),
    "cuped_lift": fraction("The lift at equal patterns of the week", *_WEEKS, null=_NO_CUPED),
    **_ends("cuped_lift", f"{_LIFT} at equal patterns of the week", "fraction", *_WEEKS,
        null=_NO_CUPED),
    "cuped_variance_reduction": fraction("Share of the variance that the pattern explains",
        *_WEEKS, null=_NO_CUPED),
    "cuped_reason": reason("the difference at equal patterns of the week"),
    "guardrails": count("Metrics that the variant must not worsen", adds=False),
    "guardrails_worse": count("Those that are significantly worse", config=_TEST, adds=False),
    "guardrail_note": text("What became of each of them", null="the experiment declares none"),
    "setup_faults": count("Faults of the experiment's setup, but for that of its split",
        adds=False),
    "setup_note": text("What they are", null="there is none"),
    "warnings": texts("What to know before trusting the result"),
    "undefined_reason": reason("a result"),
    "recommendation": word(Verdict, "What the experiment has earned"),
    "deciding_gate": word(Gate, "The gate that decides", null="no gate decided"),
    "rule": text("The rule that decides"),
    "winner": text("The variant of the experiment to scale", null="none passed every gate"),
}
ExperimentEvaluations = declare("experiment_evaluations",
    "One row per experiment and variant: the variant against its control over the experiment's "
    "dates.", _EVALUATED)


class ExperimentGates(Table):
    """One row per evaluation and gate, in the order they decide."""

    experiment_id = key("The experiment")
    variant_asset = key("First asset of the variant's arm")
    order = count("Place of the gate, from 1", unit="")
    gate = word(Gate, "The gate", key=True)
    passed = flag("Whether it let the variant pass", null="note")
    value = number("that of the gate", "What the gate looked at, against its threshold",
        read("experiment_evaluations", "sample", "adjusted_p_value", "improvement", "allocation_p",
            on=_ROW), config=(*_TEST, *_PLAN), null="note")
    threshold = number("that of the gate", "What the gate holds it against",
        config=(*_TEST, *_PLAN))
    note = text("What it found", null="there is nothing to say")


class ExperimentSetupFaults(Table):
    """One row per experiment and fault of its setup."""

    experiment_id = key("The experiment")
    fault = word(Fault, "What is wrong",
        read("experiments", "control_asset", "variant_asset", on=_KEY), key=True)
    detail = key("What it is, in words",
        read("experiments", "control_asset", "variant_asset", on=_KEY),
        config=("experiment_rules.allocation_alpha",))


SIGNIFICANCE = ("method", "statistic", "p_value", "adjusted_p_value", "alpha", "significant",
    "always_valid_p", "probability_to_beat_control", "difference", "difference_low",
    "difference_high", "lift", "lift_low", "lift_high", "power", "minimum_detectable_effect",
    "sample_still_needed", "days_left", "undefined_reason")
GATE = ("gate", "passed", "value", "threshold", "note")


def _fields(of: type[Table], **columns: str) -> dict[str, dy.Column]:
    """Fields of a struct, each as a column of a table is."""
    kinds = {pl.String: dy.String, pl.Int64: dy.Int64, pl.Float64: dy.Float64, pl.Boolean: dy.Bool}
    return {name: kinds[type(of.dtypes()[column])](nullable=True)
        for name, column in columns.items()}


def _performance(side: str) -> dict[str, dy.Column]:
    told = {"asset_id": f"{side}_asset", **{part: f"{side}_{part}" for part in MEASURED}}
    return _fields(ExperimentEvaluations, **told)


class ExperimentRecords(Table):
    """One row per experiment and variant: the evaluation as the contract holds it."""

    experiment_id = key("The experiment")
    campaign_id = same(ExperimentEvaluations, "campaign_id", on=_KEY)
    status = same(ExperimentEvaluations, "status", on=_KEY)
    type = same(ExperimentEvaluations, "type", on=_KEY)
    metric = same(ExperimentEvaluations, "metric", on=_KEY)
    control_performance = struct(_performance("control"), "What the control adds up to")
    variant_performance = struct(_performance("variant"), "What the variant adds up to", key=True)
    lift_percentage = same(ExperimentEvaluations, "lift_percentage", on=_KEY)
    statistical_significance = struct(_fields(ExperimentEvaluations,
        **{name: name for name in SIGNIFICANCE}), "The evidence")
    recommendation = same(ExperimentEvaluations, "recommendation", on=_KEY)
    deciding_gate = same(ExperimentEvaluations, "deciding_gate", on=_KEY)
    rule = same(ExperimentEvaluations, "rule", on=_KEY)
    gates = nested(dy.Struct(_fields(ExperimentGates, **{name: name for name in GATE})),
        "The gates, in the order they decide", null="testing is off")
    warnings = same(ExperimentEvaluations, "warnings", on=_KEY)
# fmt: on
