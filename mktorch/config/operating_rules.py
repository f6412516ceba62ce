"""What running the programme costs beyond media: how much review, how many calls."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class OperatingRules(BaseModel):
    """Volumes behind the modelled operating cost; the prices are settings of their own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    review_minutes_per_decision: Count = 10.0
    review_minutes_per_asset: Count = 15.0
    review_minutes_per_budget_action: Count = 20.0
    llm_calls_per_decision: Count = 1.0
    api_calls_per_performance_record: Count = 1.0
