"""Settings of budget governance: when a move needs approval, and when spend is off its pace."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Pacing(StrEnum):
    """Where a campaign's spend stands against the elapsed share of its flight."""

    OVER = "over"
    UNDER = "under"
    ON_PACE = "on_pace"
    NOT_STARTED = "not_started"
    ENDED = "ended"


class BudgetRules(BaseModel):
    """Limits of budget moves and pacing; money in the reporting currency."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    approval_required_amount: float = Field(5000.0, ge=0, allow_inf_nan=False)
    """A move of this amount or more needs a person's approval before it is executed."""
    proposal_stale_days: int = Field(14, ge=0)
    """A proposal still undecided after more than this many days is stale."""
    outcome_days: int = Field(7, ge=1, le=366)
    """Days compared before and after an executed move; the day of the move counts to neither."""
    over_pace: float = Field(1.1, gt=1, allow_inf_nan=False)
    """Spend share over elapsed share above this is over pace."""
    under_pace: float = Field(0.9, gt=0, lt=1)
    """Spend share over elapsed share below this is under pace."""
