"""Settings of the journey: from which stage people are counted, and what makes a leak."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mktorch.vocab import FunnelStage


class StepFinding(StrEnum):
    """What a step of the journey shows; null where it cannot be judged."""

    BREAK = "break"
    LEAK = "leak"
    DATA_QUESTION = "data_question"
    AS_USUAL = "as_usual"


class FunnelRules(BaseModel):
    """Limits of leaks and breaks."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    stages: tuple[str, ...] = tuple(str(stage) for stage in FunnelStage)
    """The stages of the journey, in order; events of another are refused."""
    people_from: str = str(FunnelStage.CLICK)
    """The first stage that counts people; before it exposures are counted, and no one is lost."""
    minimum_people: int = Field(30, ge=1)
    """People at the earlier stage a step needs, to be judged a leak or to count as a peer."""
    minimum_peers: int = Field(3, ge=2)
    """Journeys that record both stages from which a usual conversion is taken, itself included."""
    leak_ratio: float = Field(0.5, gt=0, le=1)
    """A leak: even the interval's upper end is below this times the usual conversion."""
    break_people: int = Field(1, ge=1)
    """People at the earlier stage from which a recorded zero is a break."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if len(set(self.stages)) < len(self.stages) or not self.stages:
            raise ValueError("stages: name each stage of the journey once, in order")
        if self.people_from not in self.stages:
            raise ValueError(
                f"people_from is {self.people_from!r}, which is none of the stages "
                f"({', '.join(self.stages)})"
            )
        return self

    def order(self, stage: str) -> int:
        """The place of a stage in the journey, from 1."""
        return self.stages.index(stage) + 1
