"""Experiments: from sums to evaluations, gates, setup faults and the contract's records."""

from mktorch.analysis.experiments.allocation import allocation_checks
from mktorch.analysis.experiments.arms import arm_totals
from mktorch.analysis.experiments.evaluate import experiment_evaluations
from mktorch.analysis.experiments.gates import experiment_gates
from mktorch.analysis.experiments.guardrails import guardrail_checks
from mktorch.analysis.experiments.records import experiment_records
from mktorch.analysis.experiments.scope import arm_days, arm_sums, arm_units, arm_weekdays
from mktorch.analysis.experiments.setup import experiment_setup_faults
from mktorch.analysis.experiments.terms import Terms, terms
from mktorch.analysis.experiments.winner import winner

__all__ = [
    "Terms",
    "allocation_checks",
    "arm_days",
    "arm_sums",
    "arm_totals",
    "arm_units",
    "arm_weekdays",
    "experiment_evaluations",
    "experiment_gates",
    "experiment_records",
    "experiment_setup_faults",
    "guardrail_checks",
    "terms",
    "winner",
]
