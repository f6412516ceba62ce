"""Settings of the segment portfolio: whose record stands, and when to scale, revise or stop."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class RollupAuthority(StrEnum):
    """Whose word stands for a segment where a supplied rollup covers the current window."""

    SUPPLIED = "supplied"
    COMPUTED = "computed"


class Trend(StrEnum):
    """Where the primary KPI goes, current window against prior; noise is `stable`."""

    IMPROVING = "improving"
    STABLE = "stable"
    DECLINING = "declining"
    UNKNOWN = "unknown"


class TrendMethod(StrEnum):
    """How a trend's interval is made: from two counts, or from daily sums."""

    SCORE = "score"
    DAILY = "daily"


class SegmentRule(StrEnum):
    """The rule that gave a segment its recommendation."""

    TOO_LITTLE_DATA = "too_little_data"
    NO_CONVERSIONS = "no_conversions"
    LOW_AND_DECLINING = "low_and_declining"
    DECLINING = "declining"
    FAR_BELOW_CAMPAIGN = "far_below_campaign"
    IMPROVING = "improving"
    FAR_ABOVE_CAMPAIGN = "far_above_campaign"
    STEADY = "steady"


class SegmentRules(BaseModel):
    """Limits of the segment rule; all of them read the current window."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    authority: RollupAuthority = RollupAuthority.SUPPLIED
    """Whose KPI value, trend and recommendation stand; the other stands beside with the gap."""
    trend_alpha: float = Field(0.01, gt=0, lt=1)
    """One minus the confidence of every interval; many segments are compared at once, so stricter
    than for one experiment."""
    minimum_impressions: int = Field(1000, ge=1)
    """Fewer impressions than this give no recommendation but `hold`."""
    stop_clicks: int = Field(100, ge=1)
    """As many clicks without one conversion give `stop`, where the KPI rests on conversions."""
    stop_ratio: float = Field(0.5, gt=0, le=1)
    """Declining, and KPI attainment of the campaign's rate below this: `stop`."""
    revise_ratio: float = Field(0.5, gt=0, le=1)
    """KPI attainment of the campaign's rate below this: `revise`."""
    scale_ratio: float = Field(1.2, ge=1, allow_inf_nan=False)
    """Not declining, and KPI attainment of the campaign's rate at or above this: `scale`."""
    scale_roas: float = Field(1.0, ge=0, allow_inf_nan=False)
    """Revenue per unit of cost a segment must return to be scaled; 0 asks for nothing."""
