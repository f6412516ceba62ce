"""Experiments: from sums to evaluations, gates, setup faults and the contract's records."""

from mktorch.analysis.experiments.evaluate import experiment_evaluations
from mktorch.analysis.experiments.gates import experiment_gates
from mktorch.analysis.experiments.records import evaluation_records
from mktorch.analysis.experiments.setup import experiment_setup_faults
from mktorch.analysis.experiments.terms import Terms

__all__ = [
    "Terms",
    "evaluation_records",
    "experiment_evaluations",
    "experiment_gates",
    "experiment_setup_faults",
]
