"""Expected impacts of campaigns, channels and budgets, again from evidence and thresholds alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend import candidates
from mktorch.recommend.candidates import confidence
from mktorch.recommend.rule import View
from mktorch.recommend.rules import RULES
from mktorch.recommend.rules.budget import RULES as BUDGET
from mktorch.recommend.rules.campaigns import RULES as CAMPAIGNS

MINE = (*CAMPAIGNS, *BUDGET)
CONFIG = MarketingOrchestratorConfig()
Facts = dict[str, float]
Triple = tuple[float, float, float]


def cents(money: float) -> float:
    return math.floor(round(money * 1e6) / 1e4) / 100


def forgone(f: Facts, money: float) -> Triple:
    return -money * f["roas_high"], -money * f["roas"], -money * f["roas_low"]


def gained(f: Facts, money: float) -> Triple:
    return money * f["roas_low"], money * f["roas"], money * f["roas_high"]


def cut(f: Facts, s: Facts) -> float:
    rules = "recommendation_rules."
    return cents(min(f["planned_spend"] * s[f"{rules}change_share"], s[f"{rules}maximum_change"]))


def rise(f: Facts, s: Facts) -> float:
    rules = "recommendation_rules."
    return cents(min(f["run_rate"] * s[f"{rules}change_share"], s[f"{rules}maximum_change"]))


def faster(f: Facts, s: Facts) -> float:
    share = s["recommendation_rules.growth_share"]
    return cents(min(-f["projected_gap"], f["run_rate"] * share))


def moved(f: Facts, _s: Facts) -> tuple[Triple, float]:
    amount = f["amount"]
    gain = (
        amount * (f["recipient_roas_low"] - f["donor_roas_high"]),
        amount * (f["recipient_roas"] - f["donor_roas"]),
        amount * (f["recipient_roas_high"] - f["donor_roas_low"]),
    )
    return gain, amount


# Rule -> revenue (low, point, high), savings and stake, as its `impact_basis` says in words.
PAUSE = lambda f, s: (forgone(f, f["planned_spend"]), f["planned_spend"], f["planned_spend"])  # noqa: E731
BY_HAND: dict[str, Callable[[Facts, Facts], tuple[Triple | None, float | None, float]]] = {
    "pause_campaign_without_conversions": PAUSE,
    "pause_campaign_without_return": PAUSE,
    "pause_channel_without_conversions": PAUSE,
    "pause_channel_without_return": PAUSE,
    "decide_on_spent_budget": lambda f, s: (
        gained(f, f["run_rate"]),
        -f["run_rate"],
        f["run_rate"],
    ),
    "slow_overspending": lambda f, s: (
        forgone(f, f["projected_gap"]),
        f["projected_gap"],
        f["projected_gap"],
    ),
    "optimize_below_expectations": lambda f, s: (None, None, f["planned_spend"]),
    "reallocate_between_campaigns": lambda f, s: (moved(f, s)[0], None, moved(f, s)[1]),
    "reallocate_between_channels": lambda f, s: (moved(f, s)[0], None, moved(f, s)[1]),
    "decrease_budget_of_poor_return": lambda f, s: (forgone(f, cut(f, s)), cut(f, s), cut(f, s)),
    "increase_budget_of_winner": lambda f, s: (gained(f, rise(f, s)), -rise(f, s), rise(f, s)),
    "spend_winner_faster": lambda f, s: (gained(f, faster(f, s)), -faster(f, s), faster(f, s)),
}


def level(low: float, point: float, high: float, s: Facts) -> str:
    width = (high - low) / abs(point) if point else math.inf
    if not (low > 0 or high < 0):
        return "low"
    if width <= s["recommendation_rules.high_confidence_width"]:
        return "high"
    return "medium" if width <= s["recommendation_rules.medium_confidence_width"] else "low"


def check(row: dict[str, Any]) -> None:
    facts = {e["fact"]: e["number"] for e in row["evidence"] if e["number"] is not None}
    limits = {t["name"]: t["number"] for t in row["thresholds"] if t["number"] is not None}
    revenue, savings, stake = BY_HAND[row["rule_id"]](facts, limits)
    assert row["stake"] == pytest.approx(stake)
    stated = [row[c] for c in ("revenue_low", "revenue_impact", "revenue_high")]
    assert stated == pytest.approx(list(revenue)) if revenue else stated == [None] * 3
    saved = [row[c] for c in ("savings_low", "cost_savings", "savings_high")]
    assert saved == (pytest.approx([savings] * 3) if savings is not None else [None] * 3)
    if revenue is None:
        assert row["confidence"] is None
        assert row["impact_reason"]
    else:
        net = [amount + (savings or 0.0) for amount in revenue]
        assert row["confidence"] == level(*net, limits)


def test_every_rule_of_mine_has_its_formula() -> None:
    assert set(BY_HAND) == {rule.id for rule in MINE}


def test_impacts_of_the_sample(sample_tables) -> None:
    rows = sample_tables["recommendation_candidates"].filter(pl.col("rule_id").is_in(list(BY_HAND)))
    assert rows.height > 10
    for row in rows.to_dicts():
        check(row)


@pytest.fixture(scope="module")
def others(rerun) -> dict[str, Any]:
    """Settings under which the rules that are silent on the sample speak."""
    config = MarketingOrchestratorConfig(
        budget_rules={"under_pace": 0.8, "over_pace": 1.1},
        kpi_critical_threshold=0.0,
        target_roas=0.5,
        operational_kpi_targets={"policy_violation_count": 99, "experiment_setup_errors": 99},
        recommendation_rules={"recipient_attainment": 0.5, "growth_share": 0.3},
    )
    return rerun(config, "budget_rules", "target_roas", "recommendation_rules", "kpi")


def test_impacts_under_other_settings(others) -> None:
    rows = others["recommendation_candidates"].filter(pl.col("rule_id").is_in(list(BY_HAND)))
    spoke = set(rows["rule_id"])
    assert {"increase_budget_of_winner", "reallocate_between_campaigns"} <= spoke
    for row in rows.to_dicts():
        check(row)


def test_money_is_whole_cents(others) -> None:
    for name in ("campaign_moves", "channel_moves"):
        amounts = others[name]["amount"] * 100
        assert (amounts - amounts.round()).abs().max() < 1e-6


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_null_impact_has_a_reason(rule, sample_views) -> None:
    view = sample_views[rule.view]
    free = View(view.frame, view.origins)
    asked = candidates({rule.view: free}, [rule], CONFIG)
    unknown = asked.filter(
        pl.all_horizontal(pl.col("roi_lift_percentage", "revenue_impact", "cost_savings").is_null())
    )
    assert unknown["impact_reason"].null_count() == 0
    assert unknown["confidence"].null_count() == unknown.height
    known = asked.filter(pl.col("confidence").is_null() & pl.col("impact_reason").is_null())
    assert known.height == 0


def test_confidence_at_its_boundaries() -> None:
    frame = pl.DataFrame(
        {
            "low": [7.5, 7.5, 5.0, 5.0, 0.0, -15.0, -12.0, None],
            "point": [10.0, 10.0, 10.0, 10.0, 10.0, -10.0, -10.0, 1.0],
            "high": [12.5, 12.51, 15.0, 15.01, 2.0, 0.0, -8.0, 2.0],
        }
    )
    ends = map(pl.col, frame.columns)
    assert frame.select(c=confidence(*ends, CONFIG))["c"].to_list() == [
        "high",  # 5 wide on 10
        "medium",
        "medium",  # 10 wide on 10
        "low",
        "low",  # the low end is not above 0
        "low",  # the high end is not below 0
        "high",
        None,
    ]
