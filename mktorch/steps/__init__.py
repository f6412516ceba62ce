"""The plan as data: each step's name, what it needs and makes, and the function that does it."""

from mktorch.steps import experiments, kpis, model, money, narrative, picture, recommend, records
from mktorch.steps.work import PipelineError, Step, Work

PLAN: tuple[Step, ...] = (
    *records.STEPS,
    *money.STEPS,
    *experiments.STEPS,
    *picture.STEPS,
    *kpis.STEPS,
    *recommend.STEPS,
    *narrative.VERDICT,
    *model.STEPS,
    *narrative.TEXTS,
)

__all__ = ["PLAN", "PipelineError", "Step", "Work"]
