"""Settings of risk detection: the limits, and what each kind of finding means, as data."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_validator

from mktorch.vocab import RiskAction, RiskType, Severity


class Detection(StrEnum):
    """What the data itself can show, without anybody's signal."""

    HIGH_CLICKS_ZERO_CONVERSIONS = "high_clicks_zero_conversions"
    ZERO_CONVERSION_SPEND = "zero_conversion_spend"
    SPEND_SPIKE = "spend_spike"
    SEGMENT_MISMATCH = "segment_mismatch"
    TRACKING_GAP = "tracking_gap"
    TRACKING_SILENCE = "tracking_silence"
    DELIVERY_WITHOUT_APPROVAL = "delivery_without_approval"
    DELIVERY_WITH_RISK_FLAGS = "delivery_with_risk_flags"


class Origin(StrEnum):
    """Who knows of a risk: a supplied signal, the data, or both."""

    SUPPLIED = "supplied"
    DETECTED = "detected"
    BOTH = "both"


class DetectionRule(BaseModel):
    """How grave a finding is, what to do, and which supplied risk types say the same thing."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    severity: Severity
    recommended_action: RiskAction
    same_as: tuple[RiskType, ...]


def _rule(severity: Severity, action: RiskAction, *same_as: RiskType) -> DetectionRule:
    return DetectionRule(severity=severity, recommended_action=action, same_as=same_as)


_POLICY = (RiskType.POLICY_VIOLATION, RiskType.BRAND_SAFETY)
# Clicks without a conversion point at a broken page or tag; a low rate does not, so the two are
# matched only where there are too few clicks to tell them apart.
DETECTIONS: Mapping[Detection, DetectionRule] = {
    Detection.HIGH_CLICKS_ZERO_CONVERSIONS: _rule(
        Severity.HIGH, RiskAction.INVESTIGATE_TRACKING, RiskType.HIGH_CLICKS_ZERO_CONVERSIONS
    ),
    Detection.ZERO_CONVERSION_SPEND: _rule(
        Severity.MEDIUM,
        RiskAction.SCALE_DOWN,
        RiskType.LOW_CONVERSION,
        RiskType.HIGH_CLICKS_ZERO_CONVERSIONS,
    ),
    Detection.SPEND_SPIKE: _rule(Severity.HIGH, RiskAction.REDUCE_BUDGET, RiskType.SPEND_SPIKE),
    Detection.SEGMENT_MISMATCH: _rule(
        Severity.MEDIUM,
        RiskAction.SCALE_DOWN,
        RiskType.SEGMENT_MISMATCH,
        RiskType.LOW_CONVERSION,
    ),
    Detection.TRACKING_GAP: _rule(
        Severity.MEDIUM, RiskAction.INVESTIGATE_TRACKING, RiskType.DATA_QUALITY
    ),
    Detection.TRACKING_SILENCE: _rule(
        Severity.MEDIUM, RiskAction.INVESTIGATE_TRACKING, RiskType.DATA_QUALITY
    ),
    Detection.DELIVERY_WITHOUT_APPROVAL: _rule(Severity.HIGH, RiskAction.PAUSE, *_POLICY),
    Detection.DELIVERY_WITH_RISK_FLAGS: _rule(Severity.HIGH, RiskAction.HUMAN_REVIEW, *_POLICY),
}


class RiskRules(BaseModel):
    """Limits of detection; money in the reporting currency, days as calendar days."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    zero_conversion_clicks: int = Field(100, ge=1)
    """Clicks from which an asset without a conversion is `high_clicks_zero_conversions`."""
    zero_conversion_spend: float = Field(100.0, ge=0, allow_inf_nan=False)
    """Spend from which an asset without a conversion, and with fewer clicks, is reported."""
    maturity_days: int = Field(7, ge=0, le=366)
    """Days that an asset's first conversion may take to come in."""

    lifetime_days: int = Field(42, ge=1, le=3660)
    """Days after its last day for which a finding on delivery stands; later it is history."""
    materiality: float = Field(0.005, ge=0, lt=1)
    """Share of the campaign's spend of those days that a finding on money must reach."""

    usual_share: float = Field(0.5, gt=0, le=1)
    """A series has a usual level where it spends on more than this share of the days it spans."""
    usual_spread: float = Field(0.5, gt=0, allow_inf_nan=False)
    """It has none where its days deviate from their median by more than this share of it."""
    spike_deviations: float = Field(4.0, gt=0, allow_inf_nan=False)
    """Robust standard deviations (1.4826 x median absolute deviation) that make a spike."""
    spike_ratio: float = Field(1.2, ge=1, allow_inf_nan=False)
    """A spike is also at least this many times the usual spend of what delivered that day."""
    spike_amount: float = Field(50.0, ge=0, allow_inf_nan=False)
    """A spike is also at least this much above it."""
    spike_minimum_days: int = Field(14, ge=3)
    """Days with rows a series needs before it has a baseline."""

    mismatch_rate: float = Field(0.5, gt=0, le=1)
    """A segment whose rate is surely below this share of the others' rate is a mismatch."""
    mismatch_spend_share: float = Field(0.05, ge=0, le=1)
    """Share of its campaign's spend from which a segment's mismatch matters."""
    alpha: float = Field(0.05, gt=0, lt=1)
    """One minus the confidence of the interval that makes it sure."""

    gap_days: int = Field(2, ge=1)
    """Days without rows, while others report, that make a tracking gap."""
    silence_days: int = Field(2, ge=1)
    """Consecutive days with impressions and neither click nor conversion."""
    silence_expected_clicks: float = Field(10.0, ge=0, allow_inf_nan=False)
    """Clicks those impressions would usually have brought; fewer prove nothing."""

    match_days: int = Field(7, ge=0)
    """A supplied signal stands for a finding when stamped within this many days of its days."""
    detections: dict[Detection, DetectionRule] = Field(default_factory=lambda: dict(DETECTIONS))
    """Severity, action and matching risk types of each finding; unnamed ones keep the default."""

    @field_validator("detections")
    @classmethod
    def _fill(cls, value: dict[Detection, DetectionRule]) -> dict[Detection, DetectionRule]:
        return {**DETECTIONS, **value}
