"""The thirteen input tables, declared: columns, types, allowed values, keys and foreign keys.

A class per source reads as its data dictionary. Every column is required unless `nullable`.
`SPECS` adds what a column cannot say alone: which columns make the key, and which parents exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import dataframely as dy
import polars as pl

from mktorch.config.experiment_rules import Assignment, TrialUnit
from mktorch.sources.columns import (
    Record,
    amount,
    count,
    date,
    flag,
    fraction,
    free,
    grain,
    ids,
    loaded,
    metadata,
    moment,
    rare,
    shared,
    sparse,
    text,
    word,
)
from mktorch.sources.rules import Rule
from mktorch.tables import Table
from mktorch.vocab import (
    AttributionMethod,
    BudgetStatus,
    CampaignStatus,
    CostModel,
    EventSource,
    ExperimentStatus,
    ExperimentType,
    FunnelStage,
    Priority,
    Proposer,
    ReasonCode,
    RiskAction,
    RiskStatus,
    RiskType,
    SegmentRecommendation,
    Severity,
    Source,
)

FILE, ROW = "_file", "_row"
"""Hidden last columns of every input frame: the file, and the 1-based record within it."""


class Campaigns(Record):
    campaign_id = text()
    created_at = moment(optional=True)
    name = text()
    objective = text(optional=True)
    primary_kpi = text()
    start_date = date()
    end_date = date(optional=True)
    budget = amount(optional=True)
    status = word(CampaignStatus)
    hypothesis = text(optional=True)
    target_value = amount(optional=True, signed=True)
    currency = sparse()
    account_id = sparse()


class AudienceSegments(Record):
    segment_id = text()
    name = text()
    description = text(optional=True)
    size_estimate = count(optional=True)
    priority = word(Priority, optional=True)


class Channels(Record):
    channel_id = text()
    type = text()
    platform = text()
    cost_model = word(CostModel, optional=True, closed=False)
    avg_cost = amount(optional=True)


class CreativeAssets(Record):
    asset_id = text()
    created_at = moment(optional=True)
    campaign_id = text()
    segment_id = text()
    channel_id = text()
    variant = text(optional=True)
    message_theme = text(optional=True)
    cta = text(optional=True)
    approved_by_human = flag(optional=True)
    risk_flags = ids(optional=True)
    account_id = sparse()


class Experiments(Record):
    experiment_id = text()
    campaign_id = text()
    start_date = date()
    end_date = date(optional=True)
    type = word(ExperimentType)
    metric = text()
    control_asset = text(optional=True)
    variant_asset = text(optional=True)
    variant_assets = ids(optional=True)
    allocation = dy.List(dy.Float64(min=0, max=1), nullable=True)
    status = word(ExperimentStatus)
    control_assets = rare(ids())
    unit = rare(word(TrialUnit))
    assignment = rare(word(Assignment))
    planned_end = rare(date())
    planned_sample = rare(count())
    guardrail = rare(ids())
    test_reached = rare(count())
    test_conversions = rare(shared())
    control_reached = rare(count())
    control_conversions = rare(shared())
    spend = rare(amount())
    test_geos = rare(ids())
    assigned = rare(dy.List(dy.Float64(min=0)))
    account_id = sparse()


class PerformanceMetrics(Record):
    asset_id = text()
    experiment_id = text(optional=True)
    timestamp = moment()
    impressions = count(optional=True, signed=True)
    clicks = count(optional=True, signed=True)
    conversions = shared(optional=True)
    conversion_rate = amount(optional=True)
    cost = amount(optional=True, signed=True)
    revenue_proxy = amount(optional=True, signed=True)
    geo = grain()
    unit_id = grain()
    currency = sparse()
    account_id = sparse()
    loaded_at = loaded()


class OrchestratorDecisions(Record):
    decision_id = text()
    campaign_id = text()
    trigger = text()
    action_taken = text()
    confidence_score = fraction()
    human_override = flag()
    timestamp = moment()
    account_id = sparse()


class RoiLedger(Record):
    campaign_id = text()
    period = text(optional=True)
    llm_cost = amount()
    human_review_cost = amount()
    media_spend = amount(signed=True)
    estimated_value = amount(signed=True)
    net_roi = amount(signed=True)
    account_id = sparse()
    loaded_at = loaded()


class FunnelEvents(Record):
    event_id = text()
    timestamp = moment()
    date = date(optional=True)
    campaign_id = text()
    segment_id = text()
    channel_id = text()
    stage = word(FunnelStage)
    count = shared()
    source = word(EventSource, closed=False)
    confidence = fraction()
    account_id = sparse()
    loaded_at = loaded()


class BudgetActions(Record):
    budget_action_id = text()
    timestamp = moment()
    campaign_id = text()
    from_channel_id = text()
    to_channel_id = text()
    amount = amount()
    currency = text(optional=True)
    reason_code = word(ReasonCode, closed=False)
    reason_detail = text(optional=True)
    proposed_by = word(Proposer, optional=True)
    approved_by_human = flag()
    approver_id = text(optional=True)
    approval_latency_minutes = dy.Float64(nullable=True, min=0)
    status = word(BudgetStatus)
    account_id = sparse()


class CampaignRiskSignals(Record):
    risk_id = text()
    timestamp = moment()
    campaign_id = text()
    experiment_id = text(optional=True)
    asset_ids = ids(optional=True)
    risk_type = word(RiskType, closed=False)
    severity = word(Severity)
    evidence = free()
    recommended_action = word(RiskAction, closed=False)
    status = word(RiskStatus)
    account_id = sparse()


class SegmentRollups(Record):
    rollup_id = text()
    window_start = date()
    window_end = date()
    campaign_id = text()
    segment_id = text()
    impressions = shared()
    clicks = shared(optional=True)
    conversions = shared()
    spend = amount(signed=True)
    revenue_proxy = amount(signed=True)
    primary_kpi = text(optional=True)
    kpi_value = amount(optional=True, signed=True)
    trend_vs_prior_window = amount(optional=True, signed=True)
    recommendation = word(SegmentRecommendation)
    account_id = sparse()
    loaded_at = loaded()


class AttributionHints(Record):
    hint_id = text()
    timestamp = moment(optional=True)
    campaign_id = text()
    channel_id = text()
    attributed_conversions = amount(signed=True)
    method = word(AttributionMethod)
    confidence = fraction()
    account_id = sparse()
    loaded_at = loaded()


@dataclass(frozen=True)
class ForeignKey:
    """`column`, or each element of it where it is a list, names a row of `parent`."""

    column: str
    parent: Source
    parent_column: str
    rule: Rule = Rule.ORPHAN_KEY


@dataclass(frozen=True)
class SourceSpec:
    """One source: whether it must exist, its key, its parents and its columns.

    `measured` rows state what came of something and may be stated again. `settled` holds columns
    that the settings add, or declare otherwise.
    """

    source: Source
    required: bool
    schema: type[Table]
    key: tuple[str, ...]
    refers: tuple[ForeignKey, ...] = ()
    measured: bool = False
    settled: Mapping[str, dy.Column] = field(default_factory=dict)
    only: tuple[str, ...] | None = None

    @property
    def columns(self) -> dict[str, dy.Column]:
        """Declared columns by name, in order; where `only` names some, those alone."""
        known = {**self.schema.columns(), **self.settled}
        return known if self.only is None else {name: known[name] for name in self.only}

    @property
    def foreign_keys(self) -> tuple[ForeignKey, ...]:
        """What refers to another source, of the columns that there are."""
        return tuple(key for key in self.refers if key.column in self.columns)

    @property
    def dtypes(self) -> dict[str, pl.DataType]:
        """Polars types by column, without the two hidden columns."""
        return {name: column.dtype for name, column in self.columns.items()}


_PARENTS = {
    "campaign_id": Source.CAMPAIGNS,
    "segment_id": Source.AUDIENCE_SEGMENTS,
    "channel_id": Source.CHANNELS,
    "asset_id": Source.CREATIVE_ASSETS,
    "experiment_id": Source.EXPERIMENTS,
}


def _keys(*columns: str) -> tuple[ForeignKey, ...]:
    return tuple(ForeignKey(column, _PARENTS[column], column) for column in columns)


def _refers(column: str, to: str, rule: Rule = Rule.UNKNOWN_REFERENCE) -> ForeignKey:
    return ForeignKey(column, _PARENTS[to], to, rule)


# fmt: off
_ALL = (
    SourceSpec(Source.CAMPAIGNS, True, Campaigns, ("campaign_id",)),
    SourceSpec(Source.AUDIENCE_SEGMENTS, True, AudienceSegments, ("segment_id",)),
    SourceSpec(Source.CHANNELS, True, Channels, ("channel_id",)),
    SourceSpec(
        Source.CREATIVE_ASSETS, True, CreativeAssets, ("asset_id",),
        _keys("campaign_id", "segment_id", "channel_id"),
    ),
    # An experiment on an unknown asset is kept, so that it is counted as a setup error.
    SourceSpec(
        Source.EXPERIMENTS, False, Experiments, ("experiment_id",),
        (
            *_keys("campaign_id"),
            _refers("control_asset", "asset_id"),
            _refers("variant_asset", "asset_id"),
            _refers("variant_assets", "asset_id"),
            _refers("control_assets", "asset_id"),
        ),
    ),
    SourceSpec(
        Source.PERFORMANCE_METRICS, True, PerformanceMetrics,
        ("asset_id", "experiment_id", "timestamp"),
        (*_keys("asset_id"), _refers("experiment_id", "experiment_id")),
        measured=True,
    ),
    SourceSpec(
        Source.ORCHESTRATOR_DECISIONS, False, OrchestratorDecisions, ("decision_id",),
        _keys("campaign_id"),
    ),
    SourceSpec(
        Source.ROI_LEDGER, False, RoiLedger, ("campaign_id", "period"),
        _keys("campaign_id"), measured=True,
    ),
    SourceSpec(
        Source.FUNNEL_EVENTS, False, FunnelEvents, ("event_id",),
        _keys("campaign_id", "segment_id", "channel_id"), measured=True,
    ),
    SourceSpec(
        Source.BUDGET_ACTIONS, False, BudgetActions,
        ("budget_action_id",),
        (
            *_keys("campaign_id"),
            _refers("from_channel_id", "channel_id", Rule.ORPHAN_KEY),
            _refers("to_channel_id", "channel_id", Rule.ORPHAN_KEY),
        ),
    ),
    SourceSpec(
        Source.CAMPAIGN_RISK_SIGNALS, False, CampaignRiskSignals,
        ("risk_id",),
        (
            *_keys("campaign_id"),
            _refers("experiment_id", "experiment_id"),
            _refers("asset_ids", "asset_id"),
        ),
    ),
    SourceSpec(
        Source.SEGMENT_ROLLUPS, False, SegmentRollups, ("rollup_id",),
        _keys("campaign_id", "segment_id"), measured=True,
    ),
    SourceSpec(
        Source.ATTRIBUTION_HINTS, False, AttributionHints, ("hint_id",),
        _keys("campaign_id", "channel_id"), measured=True,
    ),
)
# fmt: on

SPECS: Mapping[Source, SourceSpec] = MappingProxyType({spec.source: spec for spec in _ALL})
"""Every source's declaration, parents before children."""


def frame_schema(source: Source) -> dict[str, pl.DataType]:
    """Polars types of a source's frame, `_file` and `_row` last, without its sparse columns.

    >>> list(frame_schema(Source.CHANNELS))
    ['channel_id', 'type', 'platform', 'cost_model', 'avg_cost', '_file', '_row']
    """
    always = {n: c.dtype for n, c in SPECS[source].columns.items() if not metadata(c, "sparse")}
    return {**always, FILE: pl.String(), ROW: pl.Int64()}
