"""Experiments: setup faults, evaluations, gates and the contract's records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mktorch.analysis.experiments import (
    Terms,
    evaluation_records,
    experiment_evaluations,
    experiment_gates,
    experiment_setup_faults,
)
from mktorch.metrics import registry
from mktorch.steps.work import Step, Work
from mktorch.vocab import Source


def _experiments(work: Work) -> Mapping[str, Any]:
    config = work.config
    terms = Terms(
        metrics=registry(config.metrics),
        alpha=config.statistical_significance_threshold,
        minimum_sample=config.minimum_sample_size,
        lift_threshold=config.lift_threshold_for_scaling,
        testing=config.enable_statistical_testing,
        rules=config.experiment_rules,
    )
    experiments = work[Source.EXPERIMENTS]
    # All assets, so that one of another campaign is named as such in a run of one campaign too.
    assets = work["valid"][Source.CREATIVE_ASSETS]
    sums = work["rollup_experiment"].join(
        experiments, on=["experiment_id", "campaign_id"], how="semi", maintain_order="left"
    )
    week, weekday = (
        work[name].join(sums, on=["experiment_id", "asset_id"], how="semi", maintain_order="left")
        for name in ("rollup_experiment_week", "rollup_experiment_weekday")
    )
    faults = experiment_setup_faults(experiments, assets, sums, terms)
    evaluations = experiment_evaluations(experiments, assets, sums, week, weekday, faults, terms)
    gates = experiment_gates(evaluations, terms)
    return {
        "experiment_setup_faults": faults,
        "experiment_evaluations": evaluations,
        "experiment_gates": gates,
        "experiment_records": evaluation_records(evaluations, gates),
    }


STEPS: tuple[Step, ...] = (
    Step(
        "experiments",
        "Evaluate every experiment and walk it through its gates",
        (
            Source.EXPERIMENTS,
            "valid",
            "rollup_experiment",
            "rollup_experiment_week",
            "rollup_experiment_weekday",
        ),
        (
            "experiment_setup_faults",
            "experiment_evaluations",
            "experiment_gates",
            "experiment_records",
        ),
        _experiments,
    ),
)
