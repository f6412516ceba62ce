"""What is true of a synthetic market, and where each planted story can be found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mktorch.synth.model import DAYS, FIRST_DAY, Asset, Market, Record, records
from mktorch.vocab import Source

STORIES = records(
    "kind source keys where values",
    [
        ("clear_winner", "experiments", {"experiment_id": "EXP_001", "asset_id": "ASSET_002"},
         "experiment_evaluations: scale_variant", {"lift": 0.35}),
        ("harmful_variant", "experiments", {"experiment_id": "EXP_002", "asset_id": "ASSET_012"},
         "experiment_evaluations: stop", {"lift": -0.25}),
        ("tie", "experiments", {"experiment_id": "EXP_003", "asset_id": "ASSET_004"},
         "experiment_evaluations: stop by futility", {"lift": 0.0}),
        ("small_sample", "experiments", {"experiment_id": "EXP_004", "asset_id": "ASSET_038"},
         "experiment_evaluations: continue, not significant", {"lift": 0.30}),
        ("nearly_decided", "experiments", {"experiment_id": "EXP_005", "asset_id": "ASSET_009"},
         "experiment_evaluations: continue, days left small", {"lift": 0.0667}),
        ("allocation_fault", "experiments", {"experiment_id": "EXP_006"},
         "experiment_evaluations: allocation check fails; experiment_setup_errors",
         {"declared": [0.5, 0.5], "true": [0.5505, 0.4495]}),
        ("arm_winner", "experiments", {"experiment_id": "EXP_007", "asset_id": "ASSET_007"},
         "experiment_evaluations: one row per variant, the third arm wins", {"lift": 0.26}),
        ("arm_winner", "experiments", {"experiment_id": "EXP_008", "asset_id": "ASSET_030"},
         "experiment_evaluations: one row per variant, the fourth arm wins", {"lift": 0.34}),
        ("tie_completed", "experiments", {"experiment_id": "EXP_009", "asset_id": "ASSET_032"},
         "experiment_evaluations: stop, completed without significance", {"lift": 0.0}),
        ("cheaper_variant", "experiments", {"experiment_id": "EXP_012", "asset_id": "ASSET_036"},
         "experiment_evaluations: ratio metric, lower is better", {"lift": -0.20}),
        ("richer_variant", "experiments", {"experiment_id": "EXP_013", "asset_id": "ASSET_016"},
         "experiment_evaluations: ratio metric, higher is better", {"lift": 0.325}),
        ("setup_fault", "experiments", {"experiment_id": "EXP_014", "asset_id": "ASSET_047"},
         "experiment_evaluations: setup gate; experiment_setup_errors",
         {"asset_campaign": "CAMP_006"}),
        ("reversal", "creative_assets", {"campaign_id": "CAMP_006", "experiment_ids":
         ["EXP_015", "EXP_016"]}, "B beats A within SEG_002 and within SEG_006, A beats B pooled",
         {"metric": "click_through_rate"}),
        ("spend_without_return", "campaigns", {"campaign_id": "CAMP_003"},
         "campaign_analysis: below_expectations; roi_by_campaign", {"roi": -0.9}),
        ("overspending", "campaigns", {"campaign_id": "CAMP_003"},
         "budget pacing: projected end spend above budget", {"budget": 16000.0}),
        ("no_data", "campaigns", {"campaign_id": "CAMP_007"},
         "campaign_analysis: insufficient_data", {}),
        ("paused", "campaigns", {"campaign_id": "CAMP_006"}, "campaign_analysis: status",
         {"last_delivery": "2026-04-05"}),
        ("completed", "campaigns", {"campaign_id": "CAMP_004"}, "campaign_analysis: status", {}),
        ("view_through", "performance_metrics", {"asset_id": "ASSET_019"},
         "failures: conversions_exceed_clicks, warnings", {"ctr": 0.004, "cvr": 0.006}),
        ("ledger_disagrees", "roi_ledger", {"campaign_id": "CAMP_002"},
         "reconciliations: ledger spend against summed cost", {"relative_gap": 0.18}),
        ("ledger_missing", "roi_ledger", {"campaign_id": "CAMP_006"},
         "campaign_analysis: spend_source metrics", {}),
        ("ledger_by_month", "roi_ledger", {"campaign_id": "CAMP_004"},
         "campaign_analysis: two ledger rows summed", {"periods": ["2026-03", "2026-04"]}),
        ("net_roi_mismatch", "roi_ledger", {"campaign_id": "CAMP_005"},
         "failures: net_roi_mismatch; media spend was not taken off", {}),
        ("rate_mismatch", "performance_metrics", {"asset_ids":
         ["ASSET_005", "ASSET_027", "ASSET_035"], "dates":
         ["2026-03-18", "2026-03-26", "2026-04-09"]}, "failures: rate_mismatch",
         {"supplied_over_true": 3.0}),
        ("rollup_mismatch", "segment_rollups", {"campaign_id": "CAMP_002", "segment_id":
         "SEG_002", "window_start": "2026-04-20"}, "reconciliations: supplied against computed",
         {"supplied_over_true": 1.4, "columns": ["conversions", "spend"]}),
        ("unapproved_move", "budget_actions", {"budget_action_id": "BA_005"},
         "budget governance: executed without a required approval", {"amount": 6500.0}),
        ("small_unapproved_move", "budget_actions", {"budget_action_id": "BA_008"},
         "budget governance: under the limit, no violation", {"amount": 1200.0}),
        ("same_channel_move", "budget_actions", {"budget_action_id": "BA_007"},
         "budget governance: from and to are one channel", {"channel_id": "CH_03"}),
        ("stale_proposal", "budget_actions", {"budget_action_id": "BA_006"},
         "budget governance: pending beyond 14 days", {"age_days": 24}),
        ("fresh_proposal", "budget_actions", {"budget_action_id": "BA_013"},
         "budget governance: pending, not stale", {"age_days": 2}),
        ("leaking_stage", "funnel_events", {"campaign_id": "CAMP_005", "from_stage": "signup",
         "to_stage": "demo_request"}, "journey: the largest leak", {"share": 0.05, "usual": 0.42}),
        ("funnel_break", "funnel_events", {"campaign_id": "CAMP_006", "stage": "purchase"},
         "journey: a recorded zero downstream", {"count": 0}),
        ("unrecorded_stage", "funnel_events", {"campaign_id": "CAMP_004", "stage": "visit"},
         "journey: never recorded, no break", {}),
        ("growing_funnel", "funnel_events", {"campaign_id": "CAMP_002", "segment_id": "SEG_006"},
         "journey: more signups than clicks, a data question", {}),
        ("unapproved_delivery", "creative_assets", {"asset_id": "ASSET_041"},
         "risk: delivery without approval; policy_violation_count", {}),
        ("flagged_delivery", "creative_assets", {"asset_id": "ASSET_018"},
         "risk: delivery with risk flags; policy_violation_count", {"flags": 2}),
        ("unapproved_undelivered", "creative_assets", {"asset_id": "ASSET_051"},
         "not a violation: nothing was delivered", {}),
        ("zero_conversions_unsignalled", "performance_metrics", {"asset_id": "ASSET_023"},
         "risk: detected, no supplied signal of this type", {"cvr": 0.0}),
        ("zero_conversions_signalled", "performance_metrics", {"asset_id": "ASSET_024",
         "risk_id": "RISK_002"}, "risk: detected and supplied, counted once", {"cvr": 0.0}),
        ("spend_spike_signalled", "performance_metrics", {"asset_id": "ASSET_026", "date":
         "2026-04-15", "risk_id": "RISK_010"}, "risk: detected and supplied, counted once",
         {"factor": 5.0}),
        ("spend_spike_unsignalled", "performance_metrics", {"asset_id": "ASSET_033", "date":
         "2026-04-01"}, "risk: detected, no supplied signal", {"factor": 5.0}),
        ("tracking_gap", "performance_metrics", {"asset_id": "ASSET_010", "dates":
         ["2026-04-08", "2026-04-09", "2026-04-10"]}, "risk: no rows while active", {"days": 3}),
        ("tracking_silence", "performance_metrics", {"asset_id": "ASSET_017", "dates":
         ["2026-03-24", "2026-03-25"]}, "risk: impressions without a click or conversion",
         {"days": 2}),
        ("segment_mismatch", "performance_metrics", {"asset_id": "ASSET_039", "segment_id":
         "SEG_002", "campaign_id": "CAMP_005", "risk_id": "RISK_004"},
         "risk: detected and supplied, counted once", {"cvr": 0.0004}),
        ("unanswered_critical", "campaign_risk_signals", {"risk_id": "RISK_013"},
         "risk inbox: first; no later action", {"severity": "critical"}),
        ("dismissed_brand_safety", "campaign_risk_signals", {"risk_id": "RISK_006"},
         "not counted as a violation", {}),
        ("methods_disagree", "attribution_hints", {"campaign_id": "CAMP_005"},
         "attribution: low agreement between methods", {}),
        ("improved_decision", "orchestrator_decisions", {"decision_id": "DEC_011"},
         "decision outcomes: improved, though confidence was low",
         {"factor": 1.30, "from": "2026-03-31", "confidence_score": 0.42}),
        ("worsened_decision", "orchestrator_decisions", {"decision_id": "DEC_016"},
         "decision outcomes: worsened, though confidence was high",
         {"factor": 0.75, "from": "2026-04-08", "confidence_score": 0.92}),
        ("segment_improving", "performance_metrics", {"campaign_id": "CAMP_001", "segment_id":
         "SEG_003"}, "segment portfolio: improving", {"factor": 1.70, "from": "2026-04-20"}),
        ("segment_declining", "performance_metrics", {"campaign_id": "CAMP_002", "segment_id":
         "SEG_002"}, "segment portfolio: declining", {"factor": 0.60, "from": "2026-04-20"}),
        ("segment_stable", "performance_metrics", {"campaign_id": "CAMP_001", "segment_id":
         "SEG_001"}, "segment portfolio: stable", {"factor": 1.0}),
    ],
)  # fmt: skip

# The verdict the money of each sample campaign supports.
VERDICTS = {
    "CAMP_001": "exceeding_expectations",
    "CAMP_002": "meeting_expectations",
    "CAMP_003": "below_expectations",
    "CAMP_004": "exceeding_expectations",
    "CAMP_005": "below_expectations",
    "CAMP_006": "meeting_expectations",
    "CAMP_007": "insufficient_data",
}

VIOLATIONS = {
    "signals": ["RISK_005", "RISK_007", "RISK_011"],
    "assets": ["ASSET_018", "ASSET_041"],
    "budget_actions": ["BA_005"],
}
SETUP_ERRORS = ["EXP_006", "EXP_014"]


def true_value(metric: str, asset: Asset, channel: Record) -> float:
    """The metric's value for the asset before any planted change over time."""
    cost = asset.cost_per_impression(channel)
    values = {
        "conversion_rate": asset.cvr,
        "demo_request_rate": asset.cvr,
        "click_through_rate": asset.ctr,
        "cost_per_acquisition": cost / asset.cvr if asset.cvr else float("inf"),
        "return_on_ad_spend": asset.value * asset.cvr / cost,
    }
    return values[metric]


def truth(
    market: Market, seed: int, warnings: Mapping[tuple[Source, str], int], rows: dict[str, int]
) -> Record:
    """Everything known of the market, JSON-ready: `truth.json`."""
    channels = {c["channel_id"]: c for c in market.channels}
    assets = {a.asset_id: a for a in market.assets}
    return {
        "company": market.company,
        "seed": seed,
        "first_day": str(FIRST_DAY),
        "days": DAYS,
        "rows": rows,
        "stories": [{"id": f"STORY_{i:02d}", **s} for i, s in enumerate(market.stories, start=1)],
        "campaigns": [
            {"campaign_id": c.campaign_id, "overall_performance": VERDICTS.get(c.campaign_id)}
            for c in market.campaigns
        ],
        "experiments": [
            {
                "experiment_id": e.experiment_id,
                "metric": e.metric,
                "arms": [_arm(e.metric, assets, a, e.arms[0], channels) for a in e.arms],
                "expected": e.expected,
                "why": e.why,
            }
            for e in market.experiments
        ],
        "assets": [
            {
                "asset_id": a.asset_id,
                "impressions_per_day": a.impressions,
                "click_through_rate": a.ctr,
                "conversion_rate": a.cvr,
                "revenue_per_conversion": a.value,
            }
            for a in market.assets
        ],
        "effects": [
            {
                "assets": list(e.assets),
                "column": e.column,
                "factor": e.factor,
                "first": str(e.first),
                "last": str(e.last),
            }
            for e in market.effects
        ],
        "faults": [
            {"source": "roi_ledger", "rule": "net_roi_mismatch", "key": "CAMP_005"},
            *(
                {
                    "source": "performance_metrics",
                    "rule": "rate_mismatch",
                    "key": f"{asset} {day}",
                }
                for asset, day in market.wrong_rates
            ),
            {
                "source": "performance_metrics",
                "rule": "conversions_exceed_clicks",
                "key": "ASSET_019",
            },
        ],
        "warnings": [
            {"source": str(source), "rule": rule, "rows": number}
            for (source, rule), number in sorted(
                {**warnings, (Source.ROI_LEDGER, "net_roi_mismatch"): 1}.items()
            )
            if number
        ],
        "violations": VIOLATIONS,
        "experiment_setup_errors": SETUP_ERRORS,
    }


def _arm(
    metric: str,
    assets: dict[str, Asset],
    asset_id: str,
    control_id: str,
    channels: dict[str, Record],
) -> dict[str, Any]:
    def value(key: str) -> float:
        return true_value(metric, assets[key], channels[assets[key].channel_id])

    return {
        "asset_id": asset_id,
        "value": round(value(asset_id), 8),
        "lift": round(value(asset_id) / value(control_id) - 1, 6),
    }
