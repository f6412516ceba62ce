"""Experiments on an analyst's own frame: one row per user, or many, and an answer to read."""

from mktorch.userlevel.analyze import experiment
from mktorch.userlevel.metrics import ExperimentError
from mktorch.userlevel.result import Experiment

__all__ = ["Experiment", "ExperimentError", "experiment"]
