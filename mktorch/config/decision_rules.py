"""Settings of the decision record: keyword patterns as data, and how outcomes are judged."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Outcome(StrEnum):
    """What became of the campaign's primary KPI after a decision."""

    IMPROVED = "improved"
    NO_CHANGE = "no_detectable_change"
    WORSENED = "worsened"
    TOO_LITTLE_DATA = "too_little_data"


class Calibration(StrEnum):
    """Do confident decisions turn out better?"""

    BETTER = "better"
    WORSE = "worse"
    NO_RELATION = "no_detectable_relation"
    TOO_LITTLE_DATA = "too_little_data"


# Pattern -> phrases. A phrase fits where each of its words begins a word of the action taken.
PATTERNS: Mapping[str, tuple[str, ...]] = {
    "budget_reallocation": ("shift budget", "move budget", "moved budget", "reallocat"),
    "budget_increase": ("increas budget", "rais budget", "increas bid", "rais bid"),
    "budget_decrease": (
        "reduc budget",
        "decreas budget",
        "cut budget",
        "reduc bid",
        "lower bid",
    ),
    "experiment_scaling": ("scal variant", "scal experiment", "scal winner"),
    "experiment_extension": ("extend experiment",),
    "experiment_start": ("start experiment", "launch experiment"),
    "experiment_stop": ("stop experiment", "end experiment", "ended experiment"),
    "creative_revision": (
        "revis copy",
        "revis message",
        "revis landing",
        "rewrote",
        "replac form",
        "replac copy",
        "replac creative",
    ),
    "targeting_revision": ("targeting", "retarget", "narrow audience", "widen audience"),
    "pause": ("paus",),
    "human_escalation": ("escalat", "human review"),
    "tracking_investigation": ("investigat",),
    "continuation": ("continu", "no action", "no change", "kept"),
    "campaign_completion": ("complet campaign",),
}


class DecisionRules(BaseModel):
    """How decisions are sorted into patterns and their outcomes judged."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    patterns: dict[str, tuple[str, ...]] = Field(default_factory=lambda: dict(PATTERNS))
    """Pattern name -> phrases, looked for in `action_taken` without regard to case."""
    common_triggers: int = Field(5, ge=1)
    """How many triggers a campaign's record lists."""
    trend_minimum_decisions: int = Field(3, ge=3)
    """Decisions from which a confidence trend is fitted."""

    outcome_days: int = Field(7, ge=1, le=366)
    """Days compared before and after a decision; the day of the decision counts to neither."""
    minimum_days: int = Field(5, ge=2)
    """Days with rows each side needs."""
    minimum_volume: float = Field(100.0, ge=0, allow_inf_nan=False)
    """Total of the KPI's denominator each side needs."""
    minimum_expected_count: float = Field(5.0, ge=0, allow_inf_nan=False)
    """Least expected count of the two-by-two table a proportion needs for the score test."""
    alpha: float = Field(0.05, gt=0, lt=1)
    """p below this is a detectable change; every interval has confidence one minus this."""

    confidence_bands: tuple[float, ...] = (0.6, 0.8)
    """Rising cut points that part confidence scores into bands, each closed below."""
    minimum_judged: int = Field(5, ge=2)
    """Judged decisions from which confidence is compared with outcome."""

    @field_validator("confidence_bands")
    @classmethod
    def _rising(cls, cuts: tuple[float, ...]) -> tuple[float, ...]:
        if any(not 0 < cut < 1 for cut in cuts) or any(a >= b for a, b in pairwise(cuts)):
            raise ValueError(f"confidence_bands must rise within 0 and 1; got {cuts}")
        return cuts

    @field_validator("patterns")
    @classmethod
    def _worded(cls, patterns: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for name, phrases in patterns.items():
            if not phrases or any(not phrase.split() for phrase in phrases):
                raise ValueError(f"pattern {name!r} needs phrases of at least one word")
        return patterns
