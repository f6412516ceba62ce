"""The plan as data: each step's name, what it needs and makes, and the function that does it."""

from mktorch.steps import experiments, money, records
from mktorch.steps.work import PipelineError, Step, Work

PLAN: tuple[Step, ...] = (*records.STEPS, *money.STEPS, *experiments.STEPS)

__all__ = ["PLAN", "PipelineError", "Step", "Work"]
