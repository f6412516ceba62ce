"""Settings of the journey: from which stage people are counted, and what makes a leak."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from mktorch.vocab import FunnelStage


class StepFinding(StrEnum):
    """What a step of the journey shows; null where it cannot be judged."""

    BREAK = "break"
    LEAK = "leak"
    DATA_QUESTION = "data_question"
    AS_USUAL = "as_usual"


class FunnelRules(BaseModel):
    """Limits of leaks and breaks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    people_from: FunnelStage = FunnelStage.CLICK
    """The first stage that counts people; before it exposures are counted, and nobody is lost."""
    minimum_people: int = Field(30, ge=1)
    """People at the earlier stage a step needs, to be judged a leak or to count as a peer."""
    minimum_peers: int = Field(3, ge=2)
    """Journeys that record both stages from which a usual conversion is taken, itself included."""
    leak_ratio: float = Field(0.5, gt=0, le=1)
    """A leak: even the interval's upper end is below this times the usual conversion."""
    break_people: int = Field(1, ge=1)
    """People at the earlier stage from which a recorded zero is a break."""
