"""What a step is, and what the steps of a run share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.errors import MktorchError
from mktorch.sums import DAYS_PER_MONTH
from mktorch.vocab import Source


class PipelineError(MktorchError):
    """The run cannot be made; the message says which step, why, and what to do."""


@dataclass
class Work:
    """What the steps read and add to: settings, and artifacts by declared name."""

    config: MarketingOrchestratorConfig
    campaign_id: str | None = None
    artifacts: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __getitem__(self, name: str) -> Any:
        return self.artifacts[name]

    @property
    def day(self) -> date:
        """The last day of the current window."""
        as_of: datetime = self["as_of"]
        return as_of.date()


@dataclass(frozen=True)
class Period:
    """The whole set's extent, so that a run of one campaign bears its own share and no more."""

    months: float
    campaigns: int

    @classmethod
    def of(cls, frames: Mapping[Source, pl.DataFrame]) -> Period:
        """Months from the first to the last performance day; 0 where there is none."""
        days = frames[Source.PERFORMANCE_METRICS]["timestamp"].dt.date()
        first, last = days.min(), days.max()
        span = (last - first).days + 1 if isinstance(first, date) and isinstance(last, date) else 0
        return cls(span / DAYS_PER_MONTH, max(frames[Source.CAMPAIGNS].height, 1))


@dataclass(frozen=True)
class Step:
    """One declared step: what it needs, what it makes, and whether a run stands without it.

    `switch` names the setting that turns it off; `uses` what it reads where it was made, and does
    without where it was not.
    """

    name: str
    description: str
    needs: tuple[str, ...]
    makes: tuple[str, ...]
    do: Callable[[Work], Mapping[str, Any]]
    optional: bool = True
    switch: str | None = None
    uses: tuple[str, ...] = ()
