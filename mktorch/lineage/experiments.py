"""Experiments: lift, the evidence for it, the gates that decide, and the time it takes."""

from __future__ import annotations

from mktorch.lineage.model import Definition, Upstream, read

_ARMS = (
    read(
        "rollup_experiment",
        "impressions",
        "clicks",
        "conversions",
        "cost",
        "revenue",
        on={"experiment_id": "experiment_id", "control_asset": "asset_id"},
    ),
    read(
        "rollup_experiment",
        "impressions",
        "clicks",
        "conversions",
        "cost",
        "revenue",
        on={"experiment_id": "experiment_id", "variant_asset": "asset_id"},
    ),
)
_TEST = ("experiment_rules", "statistical_significance_threshold")
_PLAN = ("experiment_rules.power", "lift_threshold_for_scaling", "minimum_sample_size")


def _side(side: str, upstream: Upstream) -> Definition:
    return Definition(
        f"The metric of the {side}: its numerator / its denominator over the experiment's dates",
        "that of the metric",
        (upstream,),
        ("metrics",),
        (f"{side}_numerator", f"{side}_denominator"),
        "undefined_reason",
    )


def _evidence(words: str, unit: str) -> Definition:
    return Definition(words, unit, _ARMS, _TEST, reason="undefined_reason")


EXPERIMENTS = {
    "experiment_evaluations.control_value": _side("control", _ARMS[0]),
    "experiment_evaluations.variant_value": _side("variant", _ARMS[1]),
    "experiment_evaluations.improvement": Definition(
        "Variant's metric / control's, less 1, with the sign turned where less is better",
        "fraction",
        _ARMS,
        ("metrics",),
        reason="undefined_reason",
    ),
    "experiment_evaluations.adjusted_p_value": _evidence(
        "p-value of the difference between variant and control, corrected as configured", "p"
    ),
    "experiment_evaluations.probability_to_beat_control": _evidence(
        "Posterior probability that the variant is better than the control", "fraction"
    ),
    "experiment_evaluations.sample": Definition(
        "Trials of the smaller arm so far", "count", _ARMS, reason="planning_reason"
    ),
    "experiment_evaluations.sample_needed_per_arm": Definition(
        "Trials each arm needs to detect the lift worth scaling with the power asked for",
        "count",
        _ARMS,
        _PLAN,
        reason="planning_reason",
    ),
    "experiment_evaluations.minimum_detectable_effect": Definition(
        "The smallest relative lift that the trials so far detect with the power asked for",
        "fraction",
        _ARMS,
        _PLAN,
        reason="planning_reason",
    ),
    "experiment_evaluations.days_left": Definition(
        "Days to the planned sample at the pace of the trials so far",
        "days",
        _ARMS,
        _PLAN,
        reason="planning_reason",
    ),
    "experiment_evaluations.*": Definition(
        "The variant against its control over the experiment's dates", "", _ARMS, _TEST
    ),
    "experiment-timing.reached": Definition(
        "Trials of the smaller arm / trials each arm needs, at most 1",
        "fraction",
        (
            read(
                "experiment_evaluations",
                "sample",
                "sample_needed_per_arm",
                on=("experiment_id", "variant_asset"),
            ),
        ),
        _PLAN,
    ),
    "experiment_gates.value": Definition(
        "What the gate looked at, against its threshold",
        "that of the gate",
        (
            read(
                "experiment_evaluations",
                "sample",
                "adjusted_p_value",
                "improvement",
                "allocation_p",
                on=("experiment_id", "variant_asset"),
            ),
        ),
        (*_TEST, *_PLAN),
    ),
    "experiment_setup_faults.*": Definition(
        "A fault in the setup of the experiment",
        "",
        (read("experiments", "control_asset", "variant_asset", on=("experiment_id",)),),
        ("experiment_rules.allocation_alpha",),
    ),
}
