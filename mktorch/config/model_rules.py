"""Settings of the language model's calls: how long, how often, how much, at what price."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_Seconds = Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)]
_Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ModelRules(BaseModel):
    """Limits and prices; money in the reporting currency."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    timeout_seconds: _Seconds = 60.0
    """Wall time of all calls of a run together; what is not worded by then is left to rules."""

    attempt_seconds: _Seconds = 20.0
    """Wall time of one call, from the first byte sent to the last received."""

    guard_retries: int = Field(1, ge=0, le=5)
    """Further calls after a refused reply, each with the reason."""

    transport_retries: int = Field(1, ge=0, le=5)
    """Further calls after a rate limit, a server error, a lost connection or a timeout."""

    retry_wait_seconds: float = Field(1.0, ge=0, le=60, allow_inf_nan=False)
    """Wait before such a call, where the endpoint asks for none (`Retry-After`)."""

    max_reply_bytes: int = Field(65_536, ge=1_024)
    """Bytes of an answer that are read; a longer one is dropped."""

    characters_per_token: int = Field(6, ge=1, le=20)
    """A reply may have this many characters for each of `llm_summary_max_tokens`."""

    token_limit_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """The request's field for the token limit: endpoints differ."""

    max_campaigns: int = Field(3, ge=0, le=20)
    """Campaigns the summary may name, those with most spend."""

    max_recommendations: int = Field(5, ge=0, le=20)
    """Recommendations a note on one campaign may place, by rank."""

    price_per_1k_input_tokens: _Price | None = None
    """Price of a thousand tokens sent; without both prices a call costs `cost_per_llm_call`."""

    price_per_1k_output_tokens: _Price | None = None
    """Price of a thousand tokens received."""
