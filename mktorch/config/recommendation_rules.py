"""Settings of recommendations: limits the rules compare with, caps on what they move."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class RecommendationRules(BaseModel):
    """Limits and caps; returns as ratios, shares as fractions, money in the reporting currency."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    max_next_steps: int = Field(5, ge=1)
    """Next steps a summary names, most serious first."""
    budget_freeze: bool = False
    """Whether to hold back every rise of a budget, regardless of the KPIs."""
    return_days: int = Field(28, ge=2, le=366)
    """Days up to as_of whose daily sums make a return and its interval: four whole weeks."""
    minimum_return_days: int = Field(7, ge=2, le=366)
    """Days with spend below which a return has no interval."""
    horizon_days: int = Field(28, ge=1, le=366)
    """Days ahead that an expected impact covers, or the rest of the flight where that is less."""
    minimum_spend: float = Field(100.0, ge=0, allow_inf_nan=False)
    """Spend in the current window from which its return is worth acting on."""
    maturity_days: int = Field(7, ge=0, le=366)
    """Conversions of younger days may still come in: their want proves nothing yet."""
    pause_attainment: float = Field(0.25, ge=0, allow_inf_nan=False)
    """A return whose interval ends below this share of the target is as good as none."""
    change_share: float = Field(0.2, gt=0, le=1)
    """A budget is raised or cut by this share of what would be spent over the horizon."""
    maximum_change: float = Field(10000.0, gt=0, allow_inf_nan=False)
    """No budget is raised or cut by more than this at once."""
    growth_share: float = Field(0.5, gt=0, allow_inf_nan=False)
    """What a campaign or channel can take on top of what it would spend itself, as a share."""
    reallocation_share: float = Field(0.5, gt=0, le=1)
    """No more than this share of what the donor has left is moved."""
    maximum_reallocation: float = Field(10000.0, gt=0, allow_inf_nan=False)
    """No more than this is moved out of one donor."""
    minimum_reallocation: float = Field(50.0, ge=0, allow_inf_nan=False)
    """Less than this is not worth moving."""
    reallocation_gap: float = Field(0.0, ge=0, allow_inf_nan=False)
    """The recipient's return must lie above the donor's by more than this, interval to interval."""
    recipient_attainment: float = Field(1.0, ge=0, allow_inf_nan=False)
    """A recipient's return must reach this share of the target at its interval's low end."""
    high_confidence_width: float = Field(0.5, gt=0, allow_inf_nan=False)
    """An effect of certain sign whose interval is no wider than this times its size: high."""
    medium_confidence_width: float = Field(1.0, gt=0, allow_inf_nan=False)
    """An effect of certain sign whose interval is no wider than this times its size: medium."""
    extension_days: int = Field(14, ge=1, le=366)
    """An experiment at most this many days from its planned sample is nearly decided."""
    creative_attainment: float = Field(0.8, gt=0, le=1)
    """A creative surely worse than the rest of its segment, and below this share of their KPI,
    drags it."""
