"""The columns that tell one row of a table from the others; none where a table has one row."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_JOURNEY = ("campaign_id", "window", "from_stage", "to_stage")
_CELL = ("campaign_id", "segment_id")

KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "attribution_hints": ("hint_id",),
        "attribution_shares": ("campaign_id", "method", "channel_id"),
        "attribution_summary": ("campaign_id",),
        "audience_segments": ("segment_id",),
        "budget_actions": ("budget_action_id",),
        "budget_governance": (),
        "budget_moves": ("budget_action_id",),
        "budget_pacing": ("campaign_id",),
        "campaign_analysis": ("campaign_id",),
        "campaign_money": ("campaign_id",),
        "campaign_risk_signals": ("risk_id",),
        "campaigns": ("campaign_id",),
        "channel_flow": ("channel_id",),
        "channels": ("channel_id",),
        "confidence_ranking": (),
        "creative_assets": ("asset_id",),
        "creative_standing": ("asset_id",),
        "decision_calibration": ("band",),
        "decision_outcomes": ("decision_id",),
        "experiment_evaluations": ("experiment_id", "variant_asset"),
        "experiment_gates": ("experiment_id", "variant_asset", "gate"),
        "experiment_setup_faults": ("experiment_id", "fault"),
        "experiments": ("experiment_id",),
        "failures": ("source", "file", "row", "field", "rule"),
        "funnel_detail": (*_CELL, "channel_id", "window", "stage"),
        "funnel_events": ("event_id",),
        "funnel_segment_steps": ("segment_id", *_JOURNEY),
        "funnel_stages": ("campaign_id", "window", "stage"),
        "funnel_steps": _JOURNEY,
        "measured_kpis": ("kpi",),
        "operating_cost": ("campaign_id",),
        "orchestrator_decisions": ("decision_id",),
        "performance_assessment": (),
        "performance_metrics": ("asset_id", "experiment_id", "timestamp"),
        "policy_violations": ("kind", "id"),
        "recommendations": ("recommendation_id",),
        "reconciliations": ("check", "source", "key", "figure"),
        "risk_detected": ("detection_id",),
        "risk_inbox": ("id",),
        "roi_analysis": (),
        "roi_by_campaign": ("campaign_id",),
        "roi_fully_loaded": ("campaign_id",),
        "roi_ledger": ("campaign_id", "period"),
        "roi_waterfall": ("figure",),
        "rollup_asset": ("asset_id", "window"),
        "rollup_asset_day": ("asset_id", "date"),
        "rollup_campaign": ("campaign_id", "window"),
        "rollup_channel": ("campaign_id", "channel_id", "window"),
        "rollup_day": (*_CELL, "channel_id", "date"),
        "rollup_experiment": ("experiment_id", "asset_id"),
        "rollup_segment": (*_CELL, "window"),
        "segment_portfolio": _CELL,
        "segment_rollups": ("rollup_id",),
        "value_by_channel": ("channel_id",),
        "value_by_segment": ("segment_id",),
    }
)
