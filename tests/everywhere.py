"""Hostile text in every field of every source, spread over the records of one small set."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from mktorch.sources.schemas import SPECS

OWN = (
    "@import url(//x.example/a.css)", "<i src=//x.example/a.js>src=//x.example</i>",
    "{{< include /etc/passwd >}} {{name}}", '#import "/etc/passwd": *',
)  # fmt: skip
CORPUS = Path(__file__).parent / "data" / "hostile-strings.json"
_FIRST = date(2026, 3, 2)
_DAYS = 3
_EVERY = 3  # of the campaigns, one in so many has a KPI, metric or currency that is text
# Fields that tie records together or hold figures: what is hostile in them stands in further
# records, which are rejected, and shown as such.
Row = dict[str, Any]


def strings() -> list[str]:
    """The corpus and what acts in a language that only this program uses."""
    return [*json.loads(CORPUS.read_text()), *OWN]


def sources(texts: list[str]) -> dict[str, list[Row]]:
    """Rows of each source: every free text field, ids among them, holds each text in some row."""
    n = len(texts)

    def said(i: int, field: int) -> str:
        """Text of a field in the records of campaign i: another one in each field."""
        return texts[(i + 7 * field) % n]

    def named(kind: str, i: int) -> str:
        """An id of which the text is a part, so that none is blank and all differ."""
        return f"{kind}{i} {texts[i % n]}"

    made: dict[str, list[Row]] = {name: [] for name in SPECS}
    for i in range(n):
        campaign, segment, channel = (named(kind, i) for kind in ("C", "S", "H"))
        stamp = f"{_FIRST + timedelta(days=1)}T10:00:00"
        odd = i % _EVERY == 0
        made["campaigns"].append({
            "campaign_id": campaign, "created_at": stamp, "name": f"n{i} {said(i, 1)}",
            "objective": said(i, 2), "hypothesis": said(i, 3), "start_date": str(_FIRST),
            "primary_kpi": f"k{said(i, 4)}" if odd else "conversion_rate", "end_date": "2026-03-20",
            "budget": 900.0, "status": "active", "target_value": 0.02,
            "account_id": f"a{said(i, 5)}",
        })  # fmt: skip
        made["audience_segments"].append({
            "segment_id": segment, "name": f"n{said(i, 6)}", "description": said(i, 7),
            "size_estimate": 100, "priority": "high",
        })  # fmt: skip
        made["channels"].append({
            "channel_id": channel, "type": f"t{said(i, 8)}", "platform": f"p{said(i, 9)}",
            "cost_model": "per_click", "avg_cost": 1.0,
        })  # fmt: skip
        for side in "AB":
            asset = f"{side}{named('X', i)}"
            made["creative_assets"].append({
                "asset_id": asset, "created_at": stamp, "campaign_id": campaign,
                "segment_id": segment, "channel_id": channel, "variant": said(i, 10),
                "message_theme": said(i, 11), "cta": said(i, 12), "approved_by_human": i % 5 > 0,
                "risk_flags": [said(i, 13)] if i % 4 == 0 else [],
            })  # fmt: skip
            made["performance_metrics"] += [{
                "asset_id": asset, "experiment_id": named("E", i),
                "timestamp": f"{_FIRST + timedelta(days=d)}T12:00:00", "impressions": 900,
                "clicks": 90 + i, "conversions": 9 + (side == "B"), "conversion_rate": 0.01,
                "cost": 50.0 + i, "revenue_proxy": 20.0 + 3 * d,
            } for d in range(_DAYS)]  # fmt: skip
        made["experiments"].append({
            "experiment_id": named("E", i), "campaign_id": campaign, "start_date": str(_FIRST),
            "type": "A/B", "metric": f"m{said(i, 14)}" if odd else "conversion_rate",
            "control_asset": f"A{named('X', i)}", "variant_asset": f"B{named('X', i)}",
            "allocation": [0.5, 0.5], "status": "running",
        })  # fmt: skip
        made["orchestrator_decisions"].append({
            "decision_id": named("D", i), "campaign_id": campaign, "timestamp": stamp,
            "trigger": f"t{said(i, 15)}", "action_taken": f"a{said(i, 16)}",
            "confidence_score": 0.5, "human_override": False,
        })  # fmt: skip
        made["roi_ledger"].append({
            "campaign_id": campaign, "period": None, "llm_cost": 1.0, "human_review_cost": 1.0,
            "media_spend": 300.0, "estimated_value": 100.0, "net_roi": -202.0,
        })  # fmt: skip
        made["funnel_events"] += [{
            "event_id": f"{stage}{named('F', i)}", "timestamp": stamp, "date": stamp[:10],
            "campaign_id": campaign, "segment_id": segment, "channel_id": channel, "stage": stage,
            "count": count, "source": "ads_platform", "confidence": 0.9,
        } for stage, count in (("impression", 900), ("click", 90))]  # fmt: skip
        made["budget_actions"].append({
            "budget_action_id": named("B", i), "timestamp": stamp, "campaign_id": campaign,
            "from_channel_id": channel, "to_channel_id": named("H", (i + 1) % n), "amount": 6000.0,
            "currency": "USD", "reason_code": "stop_loss", "reason_detail": said(i, 17),
            "proposed_by": "orchestrator", "approved_by_human": False, "approver_id": said(i, 18),
            "status": "executed" if i % 2 else "proposed",
        })  # fmt: skip
        made["campaign_risk_signals"].append({
            "risk_id": named("R", i), "timestamp": stamp, "campaign_id": campaign,
            "asset_ids": [f"A{named('X', i)}"], "risk_type": "policy_violation",
            "severity": ("low", "medium", "high", "critical")[i % 4], "status": "open",
            "evidence": {f"k{said(i, 19)}": said(i, 20)}, "recommended_action": "human_review",
        })  # fmt: skip
        made["segment_rollups"].append({
            "rollup_id": named("O", i), "window_start": str(_FIRST), "window_end": "2026-03-04",
            "campaign_id": campaign, "segment_id": segment, "impressions": 900, "clicks": 90,
            "conversions": 9, "spend": 100.0, "revenue_proxy": 60.0,
            "primary_kpi": f"k{said(i, 21)}", "kpi_value": 0.01, "recommendation": "hold",
        })  # fmt: skip
        made["attribution_hints"].append({
            "hint_id": named("A", i), "timestamp": stamp, "campaign_id": campaign,
            "channel_id": channel, "attributed_conversions": 5, "method": "last_touch",
            "confidence": 0.8,
        })  # fmt: skip
    for place, rows in enumerate(made.values()):  # every field of every source, whatever its type
        whole = rows[0]
        rows += [
            {**whole, name: texts[(place + 11 * k) % n]} for k, name in enumerate(sorted(whole))
        ]
    return made


def everywhere(folder: Path, texts: list[str]) -> Path:
    """The set in a folder of its own."""
    folder.mkdir(parents=True)
    for source, rows in sources(texts).items():
        (folder / f"{source}.json").write_text(json.dumps(rows))
    return folder
