"""What running the programme costs beyond media: how much review, how many calls."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class OperatingRules(BaseModel):
    """Volumes behind the modelled operating cost; the prices are settings of their own."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    review_minutes_per_decision: Count = 10.0
    """Minutes of a person's review per decision of the orchestrator."""
    review_minutes_per_asset: Count = 15.0
    """Minutes of review per creative asset."""
    review_minutes_per_budget_action: Count = 20.0
    """Minutes of review per budget move."""
    llm_calls_per_decision: Count = 1.0
    """Model calls per decision."""
    api_calls_per_performance_record: Count = 1.0
    """Other calls per row of performance_metrics."""
