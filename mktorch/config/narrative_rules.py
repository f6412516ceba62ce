"""Settings of the verdict, how much of what makes it worse; and of what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Ground(StrEnum):
    """What the verdict may rest on, most serious first."""

    PROVEN_LOSS = "proven_loss"
    POLICY_VIOLATIONS = "policy_violations"
    CRITICAL_RISKS = "critical_risks"
    UNPROVEN_LOSS = "unproven_loss"
    INCOMPLETE_FIGURES = "incomplete_figures"
    CRITICAL_KPIS = "critical_kpis"
    CAMPAIGNS_BELOW = "campaigns_below"
    HIGH_RISKS = "high_risks"
    SHORT_KPIS = "short_kpis"
    STALE_PROPOSALS = "stale_proposals"
    UNCOUNTED = "uncounted"


IN_MONEY = frozenset(
    {
        Ground.PROVEN_LOSS,
        Ground.POLICY_VIOLATIONS,
        Ground.CRITICAL_RISKS,
        Ground.UNPROVEN_LOSS,
        Ground.CAMPAIGNS_BELOW,
        Ground.HIGH_RISKS,
    }
)
"""The grounds whose limits are shares of spend; those of the others are counts."""


class Limit(BaseModel):
    """From where on a ground makes the verdict worse: a count, or a share of spend, where 0 means
    from the first one on. None, where it never does."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    watch: float | None = Field(None, ge=0, allow_inf_nan=False)
    """From where on the verdict is at least WATCH."""
    attention: float | None = Field(None, ge=0, allow_inf_nan=False)
    """From where on it is at least ATTENTION."""
    critical: float | None = Field(None, ge=0, allow_inf_nan=False)
    """From where on it is CRITICAL."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        held = {name: getattr(self, name) for name in ("watch", "attention", "critical")}
        given = {name: value for name, value in held.items() if value is not None}
        names, values = list(given), list(given.values())
        for name, value, after, more in zip(names, values, names[1:], values[1:], strict=False):
            if more <= value:
                raise ValueError(
                    f"{after} must be above {name}, or be left out; got {more:g} and {value:g}"
                )
        return self


LIMITS: Mapping[Ground, Limit] = {
    Ground.PROVEN_LOSS: Limit(critical=0),
    Ground.POLICY_VIOLATIONS: Limit(attention=0, critical=0.02),
    Ground.CRITICAL_RISKS: Limit(attention=0, critical=0.02),
    Ground.UNPROVEN_LOSS: Limit(attention=0),
    Ground.INCOMPLETE_FIGURES: Limit(attention=1),
    Ground.CRITICAL_KPIS: Limit(attention=1),
    Ground.CAMPAIGNS_BELOW: Limit(watch=0, attention=0.25),
    Ground.HIGH_RISKS: Limit(watch=0, attention=0.02),
    Ground.SHORT_KPIS: Limit(watch=1),
    Ground.STALE_PROPOSALS: Limit(watch=1),
    Ground.UNCOUNTED: Limit(attention=1),
}


class NarrativeRules(BaseModel):
    """Limits of the verdict, lengths of what is named, the cycle in which decisions are asked."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    limits: dict[Ground, Limit] = Field(default_factory=lambda: dict(LIMITS))
    """Limits by ground; unnamed grounds keep the default."""
    names_in_reasons: int = Field(3, ge=0)
    """How many KPIs, risks or campaigns a reason names; the rest is counted."""
    steady_change: float = Field(0.02, ge=0, lt=1)
    """A relative change smaller than this, up or down, is told as steady."""
    max_decisions: int = Field(7, ge=1, le=7)
    """Decisions that page one and the summary list, most serious first; the rest is counted."""
    decision_cycle_days: int = Field(7, ge=1, le=366)
    """Days after as_of by which what is asked this cycle should be decided."""

    @field_validator("limits")
    @classmethod
    def _fill(cls, value: dict[Ground, Limit]) -> dict[Ground, Limit]:
        limits = {**LIMITS, **value}
        floor = limits[Ground.INCOMPLETE_FIGURES]
        if min((n for n in (floor.attention, floor.critical) if n is not None), default=2) > 1:
            raise ValueError(
                "incomplete_figures must call for attention or critical from 1: figures that lack "
                "more than maximum_rejected_share cannot be better than ATTENTION; raise "
                "maximum_rejected_share if more may be missing"
            )
        return limits
