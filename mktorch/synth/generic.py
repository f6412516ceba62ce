"""Campaigns without a story, drawn at random from plausible ranges, to reach any size."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

import numpy as np

from mktorch.synth.model import (
    DAYS,
    FIRST_DAY,
    LAST_DAY,
    Asset,
    Campaign,
    Experiment,
    Market,
    Record,
    generator,
)

ASSETS_EACH = 8
DAYS_EACH = ASSETS_EACH * DAYS
_TESTS_EACH = 2

_OBJECTIVES = ("Increase trial signups", "Book demonstrations", "Sell the yearly plan")
_PLACES = ("North", "South", "East", "West", "Coast", "Valley", "Harbour", "Upland")
_THEMES = ("Feature list", "Hours saved", "Client story", "Yearly price", "Guided import")
_CALLS = ("Start free trial", "Book a demo", "See the plan")
# channel type -> typical click-through rate and daily impressions
_TYPICAL = {
    "email": (0.055, 1200),
    "paid_search": (0.048, 900),
    "social": (0.042, 900),
    "display": (0.006, 6000),
    "video": (0.008, 4000),
    "affiliate": (0.070, 500),
    "in_app": (0.065, 600),
}
_DECISIONS = (
    ("Low conversion rate", "Revised copy of the main message"),
    ("High performance", "Increased budget"),
    ("Sample size review", "Extended experiment"),
    ("Spend spike", "Escalated to human review"),
    ("High cost per acquisition", "Shifted budget to paid search"),
)


def campaign(number: int, story: Market, seed: int) -> Market:
    """Draw the campaign of that number with its assets, experiments and governance records.

    Its true rates depend on `seed` and `number` alone, never on how many others there are.
    """
    rng = generator(seed, 1, number)
    campaign_id = f"CAMP_{number:03d}"
    assets = _assets(number, campaign_id, story, rng)
    tests = tuple(
        Experiment(
            f"EXP_{len(story.experiments) + (number - 8) * _TESTS_EACH + test + 1:03d}",
            campaign_id,
            FIRST_DAY + timedelta(days=7),
            None,
            "A/B",
            "conversion_rate" if test == 0 else "click_through_rate",
            (assets[2 * test].asset_id, assets[2 * test + 1].asset_id),
            "running",
            (0.5, 0.5),
        )
        for test in range(_TESTS_EACH)
    )
    done = bool(rng.random() < 0.2)
    decisions = tuple(_decision(number, i, campaign_id, rng) for i in range(3))
    return Market(
        company=story.company,
        campaigns=(
            Campaign(
                campaign_id,
                f"{_PLACES[number % len(_PLACES)]} {number}",
                _OBJECTIVES[number % len(_OBJECTIVES)],
                "conversion_rate",
                FIRST_DAY,
                LAST_DAY if done else LAST_DAY + timedelta(days=28),
                float(rng.integers(16, 120) * 500),
                "completed" if done else "active",
            ),
        ),
        segments=story.segments,
        channels=story.channels,
        assets=assets,
        experiments=tests,
        decisions=decisions,
        budget_actions=(_budget_action(number, campaign_id, story, rng),),
        risks=(_risk(number, campaign_id, assets, rng),),
    )


def _assets(
    number: int, campaign_id: str, story: Market, rng: np.random.Generator
) -> tuple[Asset, ...]:
    """Pairs to test, a control and its variant each, then assets on their own."""
    first = len(story.assets) + (number - 8) * ASSETS_EACH + 1
    worth = float(np.clip(rng.normal(1.3, 0.5), 0.2, 3.0))  # the campaign's return on ad spend
    assets: list[Asset] = []
    for i in range(ASSETS_EACH):
        theme = _THEMES[int(rng.integers(len(_THEMES)))]
        asset_id = f"ASSET_{first + i:03d}"
        if i < 2 * _TESTS_EACH and i % 2 == 1:
            better = "cvr" if i == 1 else "ctr"
            rate = round(getattr(assets[-1], better) * (1 + float(rng.normal(0.04, 0.10))), 6)
            variant = replace(assets[-1], asset_id=asset_id, variant="B", message_theme=theme)
            assets.append(replace(variant, **{better: rate}))
            continue
        channel = story.channels[int(rng.integers(len(story.channels)))]
        segment = story.segments[int(rng.integers(len(story.segments)))]
        ctr, volume = _TYPICAL[channel["type"]]
        ctr = round(ctr * float(rng.uniform(0.8, 1.2)), 6)
        asset = Asset(
            asset_id,
            campaign_id,
            segment["segment_id"],
            channel["channel_id"],
            "A",
            theme,
            _CALLS[number % len(_CALLS)],
            impressions=round(volume * float(rng.uniform(0.5, 1.5))),
            ctr=ctr,
            cvr=round(ctr * float(rng.uniform(0.12, 0.30)), 6),
            value=0.0,
        )
        value = worth * asset.cost_per_impression(channel) / asset.cvr
        assets.append(replace(asset, value=round(value, 2)))
    return tuple(assets)


def _moment(rng: np.random.Generator) -> str:
    """A working minute, not on the first two days nor on the last."""
    day = FIRST_DAY + timedelta(days=int(rng.integers(2, DAYS - 1)))
    opening = datetime.combine(day, time(8))
    return (opening + timedelta(minutes=int(rng.integers(10 * 60)))).isoformat()


def _decision(number: int, turn: int, campaign_id: str, rng: np.random.Generator) -> Record:
    trigger, action = _DECISIONS[int(rng.integers(len(_DECISIONS)))]
    return {
        "decision_id": f"DEC_{(number - 8) * 3 + turn + 101:03d}",
        "campaign_id": campaign_id,
        "timestamp": _moment(rng),
        "trigger": trigger,
        "action_taken": action,
        "confidence_score": int(rng.integers(55, 96)) / 100,
        "human_override": bool(rng.random() < 0.2),
    }


def _budget_action(
    number: int, campaign_id: str, story: Market, rng: np.random.Generator
) -> Record:
    source, target = rng.choice(len(story.channels), size=2, replace=False)
    return {
        "budget_action_id": f"BA_{number + 93:03d}",
        "timestamp": _moment(rng),
        "campaign_id": campaign_id,
        "from_channel_id": story.channels[int(source)]["channel_id"],
        "to_channel_id": story.channels[int(target)]["channel_id"],
        "amount": float(rng.integers(5, 90) * 100),
        "currency": "USD",
        "reason_code": "roi_optimization",
        "reason_detail": None,
        "proposed_by": "orchestrator",
        "approved_by_human": True,
        "approver_id": f"approver_{int(rng.integers(1, 4)):02d}",
        "approval_latency_minutes": int(rng.integers(15, 900)),
        "status": "executed",
    }


def _risk(
    number: int, campaign_id: str, assets: tuple[Asset, ...], rng: np.random.Generator
) -> Record:
    return {
        "risk_id": f"RISK_{number + 93:03d}",
        "timestamp": _moment(rng),
        "campaign_id": campaign_id,
        "experiment_id": None,
        "asset_ids": [assets[int(rng.integers(len(assets)))].asset_id],
        "risk_type": "low_conversion",
        "severity": "low",
        "evidence": {"note": "Below the campaign's rate for three days"},
        "recommended_action": "revise_copy",
        "status": "open" if rng.random() < 0.5 else "mitigated",
    }
