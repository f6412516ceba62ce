"""The plan as data: each step's name, what it needs and makes, and the function that does it."""

from mktorch.steps import experiments, kpis, money, picture, recommend, records
from mktorch.steps.work import PipelineError, Step, Work

PLAN: tuple[Step, ...] = (
    *records.STEPS,
    *money.STEPS,
    *experiments.STEPS,
    *picture.STEPS,
    *kpis.STEPS,
    *recommend.STEPS,
)

__all__ = ["PLAN", "PipelineError", "Step", "Work"]
