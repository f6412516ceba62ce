"""Small worlds as frames: campaigns that seek value, leads or attention, well or badly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

FIRST, DAYS = date(2026, 3, 2), 56
LAST = FIRST + timedelta(days=DAYS - 1)
Frames = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Plan:
    """One campaign of four creatives, two channels by two segments; rates are of the creative.

    `cost` a day and creative, `value` of a conversion, `lately` what conversions are multiplied by
    in the last seven days, `weak` what those of the first channel are, `spread` how the days vary.
    """

    kpi: str
    target: float | None = None
    cost: float = 100.0
    clicks: float = 0.05
    conversions: float = 0.01
    value: float | None = 20.0
    lately: float = 1.0
    weak: float = 1.0
    spread: float = 0.08
    approved: bool = True


REVENUE = Plan("return_on_ad_spend", value=20.0)  # 2,000 impressions, 20 conversions, 400 on 100
LEADS = Plan("cost_per_acquisition", target=6.0, value=None)
ATTENTION = Plan("click_through_rate", target=0.045, conversions=0.0, value=None)


def world(plans: Sequence[Plan], seed: int = 1) -> Frames:
    """The five sources that suffice, of these campaigns."""
    rng, spots = np.random.default_rng(seed), [(h, s) for h in (1, 2) for s in (1, 2)]
    rows, assets, campaigns = [], [], []
    for n, plan in enumerate(plans, 1):
        spent = plan.cost * len(spots) * DAYS
        campaigns.append(
            {
                "campaign_id": f"C{n}",
                "name": f"Campaign {n}",
                "primary_kpi": plan.kpi,
                "target_value": plan.target,
                "start_date": FIRST,
                "end_date": LAST + timedelta(days=28),
                "budget": spent * (DAYS + 28) / DAYS,
                "status": "active",
            }
        )
        for h, s in spots:
            assets.append(
                {
                    "asset_id": f"A{n}{h}{s}",
                    "campaign_id": f"C{n}",
                    "segment_id": f"S{s}",
                    "channel_id": f"H{h}",
                    "message_theme": "Savings",
                    "variant": "A",
                    "cta": "Try it",
                    "approved_by_human": plan.approved,
                    "risk_flags": [],
                }
            )
            rows.append(_days(rng, plan, f"A{n}{h}{s}", plan.weak if h == 1 else 1.0))
    return {
        "campaigns": pl.DataFrame(campaigns, schema_overrides={"target_value": pl.Float64}),
        "audience_segments": pl.DataFrame(
            {"segment_id": ["S1", "S2"], "name": ["Small firms", "Large firms"]}
        ),
        "channels": pl.DataFrame(
            {
                "channel_id": ["H1", "H2"],
                "type": ["ads", "ads"],
                "platform": ["search_ads", "social_ads"],
            }
        ),
        "creative_assets": pl.DataFrame(
            assets, schema_overrides={"risk_flags": pl.List(pl.String)}
        ),
        "performance_metrics": pl.concat(rows),
    }


def _days(rng: np.random.Generator, plan: Plan, asset: str, weak: float) -> pl.DataFrame:
    level = 1 + plan.spread * rng.standard_normal(DAYS)
    shown = np.maximum(2000 * level, 1).astype(int)
    lately = np.where(np.arange(DAYS) >= DAYS - 7, plan.lately, 1.0)
    came = rng.binomial(shown, np.clip(plan.conversions * weak * lately, 0, 1))
    return pl.DataFrame(
        {
            "asset_id": asset,
            "timestamp": [FIRST + timedelta(days=day) for day in range(DAYS)],
            "impressions": shown,
            "clicks": rng.binomial(shown, plan.clicks),
            "conversions": came.astype(float),
            "cost": np.round(np.maximum(plan.cost * level, 0), 2),
            "revenue_proxy": came * (plan.value or 0.0),
        }
    )


def five_media(weeks: int = 104, seed: int = 3) -> Frames:
    """Weekly rows of five media in bursts; revenue stands on the campaign's own row alone."""
    rng = np.random.default_rng(seed)
    media = ("tv", "print", "outdoor", "search", "social")
    days = [date(2024, 1, 1) + timedelta(weeks=week) for week in range(weeks)]
    rows = [
        pl.DataFrame(
            {
                "asset_id": name,
                "timestamp": days,
                "impressions": (spend * 40).astype(np.int64),
                "clicks": (spend * 0.4).astype(np.int64),
                "conversions": 0.0,
                "cost": np.round(spend, 2),
                "revenue_proxy": 0.0,
            }
        )
        for name in media
        for spend in [
            np.where(rng.random(weeks) < 0.35, rng.lognormal(8, 1.2, weeks), 0.0)
            if name in ("tv", "print", "outdoor", "social")
            else rng.lognormal(7, 0.5, weeks)
        ]
    ]
    spent = sum(frame["cost"].to_numpy() for frame in rows)
    whole = pl.DataFrame(
        {
            "asset_id": "all",
            "timestamp": days,
            "impressions": np.zeros(weeks, np.int64),
            "clicks": np.zeros(weeks, np.int64),
            "conversions": 0.0,
            "cost": 0.0,
            "revenue_proxy": np.round(1_500_000 + 3 * spent + 2e5 * rng.standard_normal(weeks), 2),
        }
    )
    return {
        "campaigns": pl.DataFrame(
            {
                "campaign_id": ["M"],
                "name": ["All media"],
                "primary_kpi": ["return_on_ad_spend"],
                "start_date": [days[0]],
                "end_date": [None],
                "budget": [None],
                "status": ["active"],
            },
            schema_overrides={"end_date": pl.Date, "budget": pl.Float64},
        ),
        "audience_segments": pl.DataFrame({"segment_id": ["everyone"], "name": ["Everyone"]}),
        "channels": pl.DataFrame(
            {
                "channel_id": [*media, "all"],
                "type": ["ads"] * 6,
                "platform": [*media, "all_media"],
            }
        ),
        "creative_assets": pl.DataFrame(
            {
                "asset_id": [*media, "all"],
                "campaign_id": ["M"] * 6,
                "segment_id": ["everyone"] * 6,
                "channel_id": [*media, "all"],
                "approved_by_human": [True] * 6,
                "risk_flags": [[]] * 6,
            },
            schema_overrides={"risk_flags": pl.List(pl.String)},
        ),
        "performance_metrics": pl.concat([*rows, whole]),
    }
