"""What a synthetic market is made of: campaigns, assets with true rates, experiments, effects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

from mktorch.errors import MktorchError

FIRST_DAY = date(2026, 3, 2)
DAYS = 56
LAST_DAY = FIRST_DAY + timedelta(days=DAYS - 1)
AS_OF = f"{LAST_DAY}T23:45:00"

Record = dict[str, Any]


class SynthError(MktorchError):
    """The data set cannot be written as asked; the message says what is allowed."""


@dataclass(frozen=True)
class Campaign:
    """One row of `campaigns`, with the truth behind its journey and its books."""

    campaign_id: str
    name: str
    objective: str
    primary_kpi: str
    start_date: date
    end_date: date
    budget: float
    status: str
    hypothesis: str | None = None
    target_value: float | None = None
    demo_share: float = 0.42
    purchase_share: float = 0.35
    unrecorded_stages: tuple[str, ...] = ()
    ledger_spend_factor: float | None = 1.0  # None: no ledger row at all
    ledger_monthly: bool = False
    ledger_adds_up: bool = True
    methods_agree: bool = True

    def record(self) -> Record:
        created = self.start_date - timedelta(days=5)
        return {
            "campaign_id": self.campaign_id,
            "created_at": f"{created}T09:00:00",
            "name": self.name,
            "objective": self.objective,
            "primary_kpi": self.primary_kpi,
            "start_date": str(self.start_date),
            "end_date": str(self.end_date),
            "budget": self.budget,
            "status": self.status,
            "hypothesis": self.hypothesis,
            "target_value": self.target_value,
        }


@dataclass(frozen=True)
class Asset:
    """One row of `creative_assets`, with its true volume (per day), rates and money.

    `ctr` is clicks per impression, `cvr` conversions per impression, `value` revenue per
    conversion. `view_through` conversions need no click.
    """

    asset_id: str
    campaign_id: str
    segment_id: str
    channel_id: str
    variant: str
    message_theme: str
    cta: str
    impressions: float
    ctr: float
    cvr: float
    value: float
    first_day: date = FIRST_DAY
    last_day: date = LAST_DAY
    approved_by_human: bool = True
    risk_flags: tuple[str, ...] = ()
    cost_factor: float = 1.0
    view_through: bool = False
    supplies_rate: bool = True

    def record(self) -> Record:
        created = self.first_day - timedelta(days=3)
        return {
            "asset_id": self.asset_id,
            "created_at": f"{created}T10:30:00",
            "campaign_id": self.campaign_id,
            "segment_id": self.segment_id,
            "channel_id": self.channel_id,
            "variant": self.variant,
            "message_theme": self.message_theme,
            "cta": self.cta,
            "approved_by_human": self.approved_by_human,
            "risk_flags": list(self.risk_flags),
        }

    def cost_per_impression(self, channel: Record) -> float:
        """Expected cost of one impression on its channel, from the channel's cost model."""
        units = {
            "per_send": 1.0,
            "per_impression": 1.0,
            "per_click": self.ctr,
            "per_conversion": self.cvr,
            "flat": 1 / self.impressions,
        }
        return float(channel["avg_cost"] * units[channel["cost_model"]] * self.cost_factor)

    def active(self) -> slice:
        """The days of the calendar on which it delivers."""
        return slice(
            max((self.first_day - FIRST_DAY).days, 0),
            max((min(self.last_day, LAST_DAY) - FIRST_DAY).days + 1, 0),
        )


@dataclass(frozen=True)
class Experiment:
    """One row of `experiments`; `arms` is the control, then every variant."""

    experiment_id: str
    campaign_id: str
    start_date: date
    end_date: date | None
    type: str
    metric: str
    arms: tuple[str, ...]
    status: str
    allocation: tuple[float, ...] | None = None
    expected: str | None = None
    why: str = ""
    planned_end: date | None = None

    def record(self) -> Record:
        planned = {"planned_end": str(self.planned_end)} if self.planned_end else {}
        return {
            "experiment_id": self.experiment_id,
            "campaign_id": self.campaign_id,
            "start_date": str(self.start_date),
            "end_date": str(self.end_date) if self.end_date else None,
            "type": self.type,
            "metric": self.metric,
            "control_asset": self.arms[0],
            "variant_asset": self.arms[1],
            "variant_assets": list(self.arms[2:]) or None,
            "allocation": list(self.allocation) if self.allocation else None,
            "status": self.status,
            **planned,
        }


@dataclass(frozen=True)
class Effect:
    """A planted change: `column` of these assets times `factor` from `first` to `last`.

    Column is `impressions`, `ctr`, `cvr`, `cost`, or `rows` (factor 0: no rows at all).
    """

    assets: tuple[str, ...]
    column: str
    factor: float
    first: date
    last: date = LAST_DAY


@dataclass(frozen=True)
class Market:
    """Everything the thirteen sources are drawn from."""

    company: str
    campaigns: tuple[Campaign, ...]
    segments: tuple[Record, ...]
    channels: tuple[Record, ...]
    assets: tuple[Asset, ...]
    experiments: tuple[Experiment, ...]
    effects: tuple[Effect, ...] = ()
    wrong_rates: tuple[tuple[str, date], ...] = ()
    wrong_rollups: tuple[tuple[str, str], ...] = ()
    decisions: tuple[Record, ...] = ()
    budget_actions: tuple[Record, ...] = ()
    risks: tuple[Record, ...] = ()
    stories: tuple[Record, ...] = field(default=())


def generator(seed: int, *key: int) -> np.random.Generator:
    """A random stream of its own for each key, so that one part's draws never move another's.

    >>> a, b = generator(1, 2), generator(1, 2)
    >>> bool(a.random() == b.random())
    True
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def records(columns: str, rows: Iterable[tuple[Any, ...]]) -> tuple[Record, ...]:
    """Rows of a declared table as records: column names once, then values.

    >>> records("id n", [("a", 1)])
    ({'id': 'a', 'n': 1},)
    """
    names = columns.split()
    return tuple(dict(zip(names, row, strict=True)) for row in rows)
