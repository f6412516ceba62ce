"""Settings of attribution: when the methods tell one story."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class AttributionFinding(StrEnum):
    """Whether the methods share conversions out alike; null where they cannot be compared."""

    AGREE = "methods_agree"
    DISAGREE = "methods_disagree"


class AttributionRules(BaseModel):
    """Limits of attribution."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    agreement_threshold: float = Field(0.8, ge=0, le=1)
    """Agreement of first and last touch below this: `methods_disagree`."""
