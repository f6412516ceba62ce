"""The plan as data: each step's name, what it needs and makes, and the function that does it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl

from mktorch.analysis.campaigns import campaign_analysis
from mktorch.analysis.money import campaign_money
from mktorch.analysis.operating import (
    fully_loaded,
    operating_cost,
    operating_totals,
    value_by,
)
from mktorch.analysis.portfolio import performance_assessment
from mktorch.analysis.reconciliations import reconciliations
from mktorch.analysis.roi import roi_analysis, roi_by_campaign, roi_waterfall
from mktorch.config import MarketingOrchestratorConfig
from mktorch.errors import MktorchError
from mktorch.rollups import BY_KEY, BY_WINDOW, DAYS_PER_MONTH, rollups
from mktorch.runs import FAILURES
from mktorch.sources.load import load
from mktorch.sources.validate import validate
from mktorch.vocab import Source, Window

SOURCES = tuple(str(source) for source in Source)
ROLLUPS = ("rollup_rate", *BY_WINDOW, *BY_KEY)


class PipelineError(MktorchError):
    """The run cannot be made; the message says which step, why, and what to do."""


@dataclass
class Work:
    """What the steps read and add to: settings, and artifacts by declared name."""

    config: MarketingOrchestratorConfig
    campaign_id: str | None = None
    artifacts: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

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
    """One declared step: what it needs, what it makes, and whether a run stands without it."""

    name: str
    description: str
    needs: tuple[str, ...]
    makes: tuple[str, ...]
    do: Callable[[Work], Mapping[str, Any]]
    optional: bool = True


def _load(work: Work) -> Mapping[str, Any]:
    raw = load(work.config)
    work.notes.extend(note for source in raw.values() for note in source.notes)
    return {"raw": raw}


def _validate(work: Work) -> Mapping[str, Any]:
    valid = validate(work["raw"], work.config)
    work.notes.extend(valid.notes)
    return {"valid": valid.frames, FAILURES: valid.failures}


def _scope(work: Work) -> Mapping[str, Any]:
    frames: Mapping[Source, pl.DataFrame] = work["valid"]
    as_of = work.config.as_of or _newest(frames)
    known, late = _known_at(frames, as_of)
    work.notes.extend(late)
    period = Period.of(known)
    if work.campaign_id is not None:
        known = _of_campaign(known, work.campaign_id)
    tables = {str(source): frame for source, frame in known.items()}
    return {**tables, "as_of": as_of, "period": period}


def _rollups(work: Work) -> Mapping[str, Any]:
    return rollups(
        work[Source.PERFORMANCE_METRICS].lazy(),
        work[Source.CREATIVE_ASSETS].lazy(),
        work.day,
        work.config.window_days,
    )


def _money(work: Work) -> Mapping[str, Any]:
    return {
        "campaign_money": campaign_money(
            work[Source.CAMPAIGNS],
            work[Source.ROI_LEDGER],
            work["rollup_campaign"],
            work.config.money_authority,
        )
    }


def _reconcile(work: Work) -> Mapping[str, Any]:
    return {
        "reconciliations": reconciliations(
            work[Source.ROI_LEDGER],
            work[Source.SEGMENT_ROLLUPS],
            work["campaign_money"],
            work["rollup_rate"],
            work["rollup_day"],
            work.config.rate_tolerance,
            work.config.money_tolerance,
        )
    }


def _campaigns(work: Work) -> Mapping[str, Any]:
    return {
        "campaign_analysis": campaign_analysis(
            work[Source.CAMPAIGNS],
            work[Source.CREATIVE_ASSETS],
            work[Source.EXPERIMENTS],
            work["campaign_money"],
            work["rollup_campaign"],
            work.config.performance_thresholds,
            work.config.target_roas,
        )
    }


def _portfolio(work: Work) -> Mapping[str, Any]:
    return {
        "performance_assessment": performance_assessment(
            work["campaign_analysis"], work[Source.EXPERIMENTS]
        )
    }


def _roi(work: Work) -> Mapping[str, Any]:
    by_campaign = roi_by_campaign(work["campaign_analysis"], work["campaign_money"])
    return {"roi_by_campaign": by_campaign, "roi_analysis": roi_analysis(by_campaign)}


def _operating(work: Work) -> Mapping[str, Any]:
    config, period = work.config, work["period"]
    operating = operating_cost(
        work["campaign_money"],
        work[Source.ORCHESTRATOR_DECISIONS],
        work[Source.CREATIVE_ASSETS],
        work[Source.BUDGET_ACTIONS],
        work["rollup_campaign"]
        .filter(window=str(Window.ALL))
        .select("campaign_id", records="snapshots"),
        config.operating_rules,
        review_hour=config.cost_per_human_review_hour,
        llm_call=config.cost_per_llm_call,
        api_call=config.cost_per_api_call,
        infrastructure=config.infrastructure_cost_per_month * period.months / period.campaigns,
    )
    return {
        "operating_cost": operating,
        "roi_fully_loaded": fully_loaded(work["roi_by_campaign"], operating),
        "roi_waterfall": roi_waterfall(work["roi_analysis"], operating_totals(operating)),
    }


def _value(work: Work) -> Mapping[str, Any]:
    channels = work[Source.CHANNELS].select(
        "channel_id", name=pl.format("{} ({})", "platform", "type")
    )
    assessment = work["performance_assessment"]
    return {
        "value_by_channel": value_by("channel_id", work["rollup_channel"], channels, assessment),
        "value_by_segment": value_by(
            "segment_id", work["rollup_segment"], work[Source.AUDIENCE_SEGMENTS], assessment
        ),
    }


PLAN: tuple[Step, ...] = (
    Step("load", "Read the thirteen sources", (), ("raw",), _load, optional=False),
    Step(
        "validate",
        "Check every record; set the failed apart, with reasons",
        ("raw",),
        ("valid", FAILURES),
        _validate,
        optional=False,
    ),
    Step(
        "scope",
        "Keep what was known at as_of, of the campaign asked for",
        ("valid",),
        (*SOURCES, "as_of", "period"),
        _scope,
        optional=False,
    ),
    Step(
        "rollups",
        "Sum performance by asset, experiment, campaign, segment, channel and day",
        (Source.PERFORMANCE_METRICS, Source.CREATIVE_ASSETS, "as_of"),
        ROLLUPS,
        _rollups,
        optional=False,
    ),
    Step(
        "money",
        "Settle each campaign's spend and revenue between ledger and metrics",
        (Source.CAMPAIGNS, Source.ROI_LEDGER, "rollup_campaign"),
        ("campaign_money",),
        _money,
        optional=False,
    ),
    Step(
        "reconcile",
        "Set every figure that two records state side by side",
        (Source.ROI_LEDGER, Source.SEGMENT_ROLLUPS, "campaign_money", "rollup_rate", "rollup_day"),
        ("reconciliations",),
        _reconcile,
    ),
    Step(
        "campaigns",
        "Judge each campaign's return against its target",
        (
            Source.CAMPAIGNS,
            Source.CREATIVE_ASSETS,
            Source.EXPERIMENTS,
            "campaign_money",
            "rollup_campaign",
        ),
        ("campaign_analysis",),
        _campaigns,
    ),
    Step(
        "portfolio",
        "Add the campaigns and experiments up",
        ("campaign_analysis", Source.EXPERIMENTS),
        ("performance_assessment",),
        _portfolio,
    ),
    Step(
        "roi",
        "Compute return on investment, by campaign and in all",
        ("campaign_analysis", "campaign_money"),
        ("roi_by_campaign", "roi_analysis"),
        _roi,
    ),
    Step(
        "operating",
        "Model the operating cost and load it on the return",
        (
            "campaign_money",
            Source.ORCHESTRATOR_DECISIONS,
            Source.CREATIVE_ASSETS,
            Source.BUDGET_ACTIONS,
            "rollup_campaign",
            "period",
            "roi_by_campaign",
            "roi_analysis",
        ),
        ("operating_cost", "roi_fully_loaded", "roi_waterfall"),
        _operating,
    ),
    Step(
        "value",
        "Set value against spend by channel and segment",
        (
            Source.CHANNELS,
            Source.AUDIENCE_SEGMENTS,
            "rollup_channel",
            "rollup_segment",
            "performance_assessment",
        ),
        ("value_by_channel", "value_by_segment"),
        _value,
    ),
)


def _newest(frames: Mapping[Source, pl.DataFrame]) -> datetime:
    stamps = [f["timestamp"].max() for f in frames.values() if "timestamp" in f.columns]
    known = [stamp for stamp in stamps if isinstance(stamp, datetime)]
    if not known:
        raise PipelineError("no record has a timestamp to look from; give one with --as-of")
    return max(known)


def _known_at(
    frames: Mapping[Source, pl.DataFrame], as_of: datetime
) -> tuple[dict[Source, pl.DataFrame], list[str]]:
    """The records stamped at or before `as_of`, and a note for each table that has later ones."""
    known = {
        source: frame.filter((pl.col("timestamp") <= as_of).fill_null(value=True))
        if "timestamp" in frame.columns
        else frame
        for source, frame in frames.items()
    }
    return known, [
        f"{source}: {frames[source].height - frame.height} records after {as_of.isoformat()} "
        "left out"
        for source, frame in known.items()
        if frame.height < frames[source].height
    ]


def _of_campaign(
    frames: Mapping[Source, pl.DataFrame], campaign_id: str
) -> dict[Source, pl.DataFrame]:
    """Only what belongs to one campaign; performance belongs through its asset."""
    ids = frames[Source.CAMPAIGNS]["campaign_id"].to_list()
    if campaign_id not in ids:
        near = difflib.get_close_matches(campaign_id, ids, n=3, cutoff=0.4) or ids[:5]
        raise PipelineError(
            f"--campaign {campaign_id!r}: no such campaign; known: {', '.join(near)}"
        )
    own = {
        source: frame.filter(pl.col("campaign_id") == campaign_id)
        if "campaign_id" in frame.columns
        else frame
        for source, frame in frames.items()
    }
    own[Source.PERFORMANCE_METRICS] = frames[Source.PERFORMANCE_METRICS].join(
        own[Source.CREATIVE_ASSETS], on="asset_id", how="semi", maintain_order="left"
    )
    return own
