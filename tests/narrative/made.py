"""Small frames with the columns the narrative reads; every figure is made up here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl

from mktorch.kpis import NAMED
from mktorch.narrative.grounds import COUNTED
from mktorch.sources.rules import no_failures
from mktorch.sources.set_aside import SetAside, set_aside_total

TEXT = pl.String()
FROZEN = "notify, human_review, budget_freeze"
_KPIS = (
    dict.fromkeys(("kpi", "group", "better"), TEXT)
    | dict.fromkeys(("value", "target", "high"), pl.Float64())
    | dict.fromkeys(("standing", "escalation"), TEXT)
)


def kpis(*standings: str) -> pl.DataFrame:
    """One KPI per standing; the critical ones freeze budgets, as the scorecard says."""
    return pl.DataFrame(
        [
            {
                "kpi": kpi,
                "group": str(NAMED[kpi].group),
                "better": str(NAMED[kpi].better),
                "value": 0.1,
                "target": 0.5,
                "high": 0.2,
                "standing": standing,
                "escalation": FROZEN if standing == "critical" else None,
            }
            for kpi, standing in zip(NAMED, standings, strict=False)
        ],
        schema=_KPIS,
    )


def kpi(name: str, standing: str, **columns: Any) -> pl.DataFrame:
    """One KPI by its name."""
    row = {**kpis(standing).row(0, named=True), "kpi": name, "group": str(NAMED[name].group)}
    return pl.DataFrame([{**row, **columns}], schema=_KPIS)


def risks(*pairs: tuple[str, str], exposure: float = 1.0) -> pl.DataFrame:
    """Risks of (severity, status) in campaign C1, each on money of its own."""
    return pl.DataFrame(
        [
            {
                "severity": s,
                "status": t,
                "risk_type": "spend_spike",
                "campaign_id": "C1",
                "exposure": exposure,
            }
            for s, t in pairs
        ],
        schema=dict.fromkeys(("severity", "status", "risk_type", "campaign_id"), TEXT)
        | {"exposure": pl.Float64()},
    )


def violations(*campaigns: str, money: float = 1.0) -> pl.DataFrame:
    """One policy violation per campaign, A1 and on."""
    return pl.DataFrame(
        {
            "id": [f"A{n}" for n, _ in enumerate(campaigns, 1)],
            "campaign_id": list(campaigns),
            "money": [money] * len(campaigns),
        },
        schema={"id": TEXT, "campaign_id": TEXT, "money": pl.Float64()},
    )


def campaign(performance: str, spend: float = 10.0, name: str = "One") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "campaign_id": ["C1"],
            "name": [name],
            "status": ["active"],
            "overall_performance": [performance],
            "total_spend": [spend],
        }
    )


def roi(
    net: float | None, media: float | None = 100.0, value: float | None = 150.0
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "total_net_roi": [net],
            "total_media_spend": [media],
            "total_estimated_value": [value],
        },
        schema=dict.fromkeys(
            ("total_net_roi", "total_media_spend", "total_estimated_value"), pl.Float64()
        ),
    )


def recommendation(rank: int, **columns: Any) -> dict[str, Any]:
    return {
        "rank": rank,
        "recommendation_id": f"rule:T{rank}",
        "priority": "medium",
        "category": "budget",
        "action": "optimize",
        "target_id": f"T{rank}",
        "target_name": f"Target {rank}",
        "campaign_id": "C1",
        "description": f"Do {rank}.",
        "rationale": f"Because of {rank}.",
        "steps": [f"First of {rank}", "Second"],
        "owner": "Owner",
        "stake": None,
        "savings_low": None,
        "cost_savings": None,
        "savings_high": None,
        "revenue_low": None,
        "revenue_impact": None,
        "revenue_high": None,
        **columns,
    }


def recommendations(*rows: dict[str, Any]) -> pl.DataFrame:
    numbers = ("stake", *(f"savings_{e}" for e in ("low", "high")), "cost_savings")
    numbers += ("revenue_low", "revenue_impact", "revenue_high")
    empty = recommendation(0)
    schema = {
        name: pl.Float64()
        if name in numbers
        else pl.Int64()
        if name == "rank"
        else pl.List(TEXT)
        if name == "steps"
        else TEXT
        for name in empty
    }
    return pl.DataFrame(list(rows), schema=schema)


def moves(*rows: dict[str, Any]) -> pl.DataFrame:
    """Budget moves; each row changes the columns it names. Recorded `age_days` before April 26."""
    plain = {
        "budget_action_id": "B1",
        "campaign_id": "C1",
        "from_channel_id": "CH_1",
        "to_channel_id": "CH_2",
        "amount": 1000.0,
        "currency": "USD",
        "reason_code": "stop_loss",
        "proposed_by": "orchestrator",
        "status": "proposed",
        "stale": False,
        "age_days": 3,
    }
    frame = pl.DataFrame([{**plain, **row} for row in rows], schema=pl.DataFrame([plain]).schema)
    age = pl.duration(days=pl.col("age_days"))
    return frame.with_columns(timestamp=pl.lit(datetime(2026, 4, 26, 12)) - age)


def quiet() -> dict[str, pl.DataFrame]:
    """Every table a ground is found in, with nothing in it to find."""
    return {
        "kpis": kpis("exceeded", "on_track"),
        "risk_inbox": risks(("low", "open"), ("critical", "mitigated"), ("high", "dismissed")),
        "roi_analysis": roi(0.0),
        "policy_violations": violations(),
        "campaign_analysis": campaign("meeting_expectations"),
        "campaign_goals": pl.DataFrame({"campaign_id": ["C1"], "valued": [True]}),
        "rollup_campaign": pl.DataFrame({"window": ["current"], "cost": [100.0]}),
        "budget_moves": moves({"status": "executed"}),
        "set_aside_total": set_aside_total(SetAside.frame(), {}, no_failures(), 0.01),
    }


assert quiet().keys() == set(COUNTED)
