"""Settings of recommendations: limits the rules compare with, caps on what they move."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class RecommendationRules(BaseModel):
    """Limits and caps; returns as ratios, shares as fractions, money in the reporting currency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_next_steps: int = Field(5, ge=1)
    """Next steps a summary names, gravest first."""
