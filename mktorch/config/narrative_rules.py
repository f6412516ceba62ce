"""Settings of the verdict, how many of what make it ATTENTION or CRITICAL; and of what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Signal(StrEnum):
    """What the verdict counts, gravest first."""

    CRITICAL_KPIS = "critical_kpis"
    CRITICAL_RISKS = "critical_risks"
    NET_LOSS = "net_loss"
    INCOMPLETE_FIGURES = "incomplete_figures"
    HIGH_RISKS = "high_risks"
    POLICY_VIOLATIONS = "policy_violations"
    HIGH_RECOMMENDATIONS = "high_recommendations"
    AT_RISK_KPIS = "at_risk_kpis"
    CAMPAIGNS_BELOW = "campaigns_below"
    STALE_PROPOSALS = "stale_proposals"
    PENDING_PROPOSALS = "pending_proposals"
    REJECTED_RECORDS = "rejected_records"
    UNCOUNTED = "uncounted"


class Limit(BaseModel):
    """From which count on a signal makes the verdict worse; none, where it never does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attention: int | None = Field(None, ge=1)
    """Count from which the verdict is at least ATTENTION."""
    critical: int | None = Field(None, ge=1)
    """Count from which it is CRITICAL."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.attention and self.critical and self.critical <= self.attention:
            raise ValueError(
                "critical must be above attention, or be left out; got "
                f"{self.critical} and {self.attention}"
            )
        return self


LIMITS: Mapping[Signal, Limit] = {
    Signal.CRITICAL_KPIS: Limit(critical=1),
    Signal.CRITICAL_RISKS: Limit(critical=1),
    Signal.NET_LOSS: Limit(critical=1),
    Signal.INCOMPLETE_FIGURES: Limit(attention=1),
    Signal.HIGH_RISKS: Limit(attention=1),
    Signal.POLICY_VIOLATIONS: Limit(attention=1),
    Signal.HIGH_RECOMMENDATIONS: Limit(attention=1),
    Signal.AT_RISK_KPIS: Limit(attention=1),
    Signal.CAMPAIGNS_BELOW: Limit(attention=1),
    Signal.STALE_PROPOSALS: Limit(attention=1),
    Signal.PENDING_PROPOSALS: Limit(),
    Signal.REJECTED_RECORDS: Limit(),
    Signal.UNCOUNTED: Limit(attention=1),
}


class NarrativeRules(BaseModel):
    """Limits of the verdict, lengths of what is named, the cycle in which decisions are asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limits: dict[Signal, Limit] = Field(default_factory=lambda: dict(LIMITS))
    """Limits by signal; unnamed signals keep the default."""
    names_in_reasons: int = Field(3, ge=0)
    """How many KPIs, risks or campaigns a reason names; the rest is counted."""
    steady_change: float = Field(0.02, ge=0, lt=1)
    """A relative change smaller than this, up or down, is told as steady."""
    max_decisions: int = Field(7, ge=1, le=7)
    """Decisions that page one and the summary list, gravest first; the rest is counted."""
    decision_cycle_days: int = Field(7, ge=1, le=366)
    """Days after as_of by which what is asked this cycle should be decided."""

    @field_validator("limits")
    @classmethod
    def _fill(cls, value: dict[Signal, Limit]) -> dict[Signal, Limit]:
        return {**LIMITS, **value}
