"""One small, wholly valid data set of all thirteen sources, to be damaged by the tests."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from mktorch.config import MarketingOrchestratorConfig
from mktorch.sources import Validated, load, validate
from mktorch.vocab import Source

RECORDS: dict[str, list[dict[str, Any]]] = {
    "campaigns": [
        {
            "campaign_id": f"C{i}",
            "created_at": "2026-02-25T09:00:00",
            "name": f"Campaign {i}",
            "objective": "Trials",
            "primary_kpi": "conversion_rate",
            "start_date": "2026-03-01",
            "end_date": "2026-03-31",
            "budget": 15000,
            "status": "active",
        }
        for i in (1, 2, 3)
    ],
    "audience_segments": [
        {"segment_id": "S1", "name": "Small firms", "size_estimate": 12000, "priority": "high"}
    ],
    "channels": [
        {
            "channel_id": f"H{i}",
            "type": "email",
            "platform": "Post",
            "cost_model": "per_send",
            "avg_cost": 0.02,
        }
        for i in (1, 2)
    ],
    "creative_assets": [
        {
            "asset_id": f"A{i}",
            "created_at": "2026-02-26T09:00:00",
            "campaign_id": f"C{1 + i // 4}",
            "segment_id": "S1",
            "channel_id": "H1",
            "variant": "A",
            "message_theme": "Savings",
            "cta": "Try it",
            "approved_by_human": True,
            "risk_flags": [],
        }
        for i in range(1, 7)
    ],
    "experiments": [
        {
            "experiment_id": f"E{i}",
            "campaign_id": f"C{i}",
            "start_date": "2026-03-04",
            "end_date": None,
            "type": "A/B",
            "metric": "conversion_rate",
            "control_asset": "A1",
            "variant_asset": "A2",
            "allocation": [0.5, 0.5],
            "status": "running",
        }
        for i in (1, 2)
    ],
    "performance_metrics": [
        {
            "asset_id": "A1",
            "experiment_id": "E1",
            "timestamp": f"2026-03-{day:02d}T10:00:00",
            "impressions": 12000,
            "clicks": 840,
            "conversions": 96,
            "conversion_rate": 0.008,
            "cost": 240,
            "revenue_proxy": 4800,
        }
        for day in range(5, 15)
    ],
    "orchestrator_decisions": [
        {
            "decision_id": "D1",
            "campaign_id": "C1",
            "trigger": "Low rate",
            "action_taken": "Moved budget",
            "confidence_score": 0.82,
            "human_override": False,
            "timestamp": "2026-03-12T14:32:00",
        }
    ],
    "roi_ledger": [
        {
            "campaign_id": "C1",
            "period": "2026-03",
            "llm_cost": 38.5,
            "human_review_cost": 120.0,
            "media_spend": 4200.0,
            "estimated_value": 4800.0,
            "net_roi": 441.5,
        }
    ],
    "funnel_events": [
        {
            "event_id": "F1",
            "timestamp": "2026-03-05T10:00:00",
            "campaign_id": "C1",
            "segment_id": "S1",
            "channel_id": "H1",
            "stage": "click",
            "count": 840,
            "source": "crm",
            "confidence": 1,
        }
    ],
    "budget_actions": [
        {
            "budget_action_id": "B1",
            "timestamp": "2026-03-06T10:00:00",
            "campaign_id": "C1",
            "from_channel_id": "H1",
            "to_channel_id": "H2",
            "amount": 500,
            "reason_code": "scale_winner",
            "approved_by_human": True,
            "status": "executed",
        }
    ],
    "campaign_risk_signals": [
        {
            "risk_id": "R1",
            "timestamp": "2026-03-06T10:00:00",
            "campaign_id": "C1",
            "asset_ids": ["A1", "A2"],
            "risk_type": "spend_spike",
            "severity": "high",
            "evidence": {"ratio": 2.50, "days": ["2026-03-05"]},
            "recommended_action": "pause",
            "status": "open",
        }
    ],
    "segment_rollups": [
        {
            "rollup_id": "G1",
            "window_start": "2026-03-01",
            "window_end": "2026-03-07",
            "campaign_id": "C1",
            "segment_id": "S1",
            "impressions": 1000,
            "conversions": 10,
            "spend": 100.0,
            "revenue_proxy": 200.0,
            "recommendation": "scale",
        }
    ],
    "attribution_hints": [
        {
            "hint_id": "N1",
            "campaign_id": "C1",
            "channel_id": "H1",
            "attributed_conversions": 12,
            "method": "first_touch",
            "confidence": 0.6,
        }
    ],
}


def records() -> dict[str, list[Any]]:
    """A copy of the good records that a test may damage."""
    return copy.deepcopy(RECORDS)


def write(folder: Path, tables: dict[str, list[Any]]) -> Path:
    """Write each table as a JSON array."""
    for name, rows in tables.items():
        (folder / f"{name}.json").write_text(json.dumps(rows))
    return folder


def validated(folder: Path, **settings: Any) -> Validated:
    """Load and validate a folder."""
    config = MarketingOrchestratorConfig(data_dir=str(folder), **settings)
    return validate(load(config), config)


def broken(result: Validated, *columns: str) -> list[tuple[Any, ...]]:
    """Failures as tuples of some columns."""
    return result.failures.select(columns or ("source", "row", "field", "rule")).rows()


ALL = tuple(Source)
