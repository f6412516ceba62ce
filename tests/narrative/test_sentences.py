"""Financial summary, momentum, next steps and decisions asked, by hand."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from mktorch.clock import Clock
from mktorch.config import MarketingOrchestratorConfig
from mktorch.config.recommendation_rules import RecommendationRules
from mktorch.formats import Locale
from mktorch.narrative.decisions_asked import decisions_asked
from mktorch.narrative.financial_summary import financial_summary
from mktorch.narrative.momentum import momentum as momentum_of
from mktorch.narrative.momentum import momentum_line
from mktorch.narrative.next_steps import next_steps
from mktorch.paired import WITHIN, RollupPaired
from tests.narrative import made
from tests.narrative.made import recommendation, recommendations

US, DE = Locale(), Locale("EUR", "de_DE")
CONFIG, DAY = MarketingOrchestratorConfig(), date(2026, 4, 26)


def rollup(**windows: tuple[float, float]) -> pl.DataFrame:
    """Revenue and cost by window, each split over two campaigns."""
    return pl.DataFrame(
        [
            {"campaign_id": c, "window": w, "revenue": revenue / 2, "cost": cost / 2}
            for w, (revenue, cost) in windows.items()
            for c in ("C1", "C2")
        ],
        schema={
            "campaign_id": pl.String,
            "window": pl.String,
            "revenue": pl.Float64,
            "cost": pl.Float64,
        },
    )


def test_the_financial_summary_states_net_return_and_value_against_spend():
    text, reason = financial_summary({"roi_analysis": made.roi(40.5, 100.0, 150.5)}, US)
    # 150.50 / 100 = 1.505, to two decimals
    assert text == ("Net return is $40: $150 of value on $100 of media spend, a 1.50\u00d7 return.")
    assert reason is None


def test_the_financial_summary_in_german():
    text, _ = financial_summary({"roi_analysis": made.roi(-1234.5, 2000.0, 765.5)}, DE)
    assert text == (
        "Net return is \u22121.234\u00a0\u20ac: 766\u00a0\u20ac of value on "
        "2.000\u00a0\u20ac of media spend, a 0,38\u00d7 return."
    )


def test_effects_are_named_singly_and_never_added():
    asked = recommendations(
        recommendation(
            1,
            stake=50.0,
            savings_low=90.0,
            cost_savings=100.0,
            savings_high=110.0,
            revenue_low=-70.0,
            revenue_impact=-60.0,
            revenue_high=-50.0,
        ),
        recommendation(2, stake=80.0, revenue_low=30.0, revenue_impact=41.0, revenue_high=60.0),
        recommendation(3),
    )
    text, _ = financial_summary({"roi_analysis": made.roi(1.0), "recommendations": asked}, US)
    # Net of the first: 100 - 60 = 40; the second brings 41.
    assert text is not None
    assert text.endswith(
        "The largest expected gain from one recommendation is $41 ($30 to $60, Target 2)."
    )


def test_the_net_effect_of_one_recommendation_holds_both_sides():
    asked = recommendations(
        recommendation(
            1,
            savings_low=90.0,
            cost_savings=100.0,
            savings_high=110.0,
            revenue_low=-70.0,
            revenue_impact=-60.0,
            revenue_high=-50.0,
        )
    )
    text, _ = financial_summary({"roi_analysis": made.roi(1.0), "recommendations": asked}, US)
    assert text is not None
    assert text.endswith(
        "The largest expected gain from one recommendation is $40 ($20 to $60, Target 1)."
    )


@pytest.mark.parametrize(
    ("tables", "reason"),
    [
        ({}, "roi_analysis was not made"),
        ({"roi_analysis": made.roi(None)}, "no value on record"),
    ],
)
def test_the_financial_summary_is_null_with_its_reason(tables, reason):
    assert financial_summary(tables, US) == (None, reason)


def momentum(sums):
    """Of days without a blank."""
    return momentum_of(sums, RollupPaired.create_empty())


def test_momentum_is_of_the_days_that_know_both():
    """C1 knows its 40 of only 10 of its 25 spent: (40 + 40) / (10 + 25); before, 100 / 40."""
    blank = pl.DataFrame(
        [("C1", "current", "revenue", "cost", 40.0, 10.0)],
        schema=["campaign_id", "window", "numerator_name", "denominator_name", "numerator",
                "denominator"],
        orient="row",
    ).with_columns(pl.lit(None, pl.String).alias(part) for part in WITHIN)  # fmt: skip
    sums = rollup(current=(80.0, 50.0), prior=(100.0, 40.0))
    moves = momentum_of(sums, blank).select("measure", "current", "prior").rows()
    assert moves == [("revenue", 80.0, 100.0), ("spend", 50.0, 40.0), ("return", 80 / 35, 2.5)]


def test_momentum_by_hand():
    moves = momentum(rollup(current=(80.0, 50.0), prior=(100.0, 40.0), all=(999.0, 999.0)))
    # 80/50 = 1.6, 100/40 = 2.5; -20/100, 10/40, -0.9/2.5
    assert moves["measure"].to_list() == ["revenue", "spend", "return"]
    assert moves["current"].to_list() == [80.0, 50.0, 1.6]
    assert moves["prior"].to_list() == [100.0, 40.0, 2.5]
    assert moves["relative"].to_list() == pytest.approx([-0.2, 0.25, -0.36])
    assert moves["reason"].null_count() == 3


def test_momentum_line_with_segments():
    trends = pl.DataFrame(
        {
            "scope": ["portfolio"],
            "segments": [1],
            "improving": [0],
            "stable": [1],
            "declining": [0],
            "unknown": [0],
        }
    )
    tables = {
        "momentum": momentum(rollup(current=(80.0, 50.0), prior=(100.0, 40.0))),
        "segment_momentum": trends,
    }
    line, reason = momentum_line(tables, US)
    assert line == (
        "Since the prior window, revenue fell 20.0% to $80, spend rose 25.0% to $50 and "
        "return was 1.60\u00d7, from 2.50\u00d7. Segments: 1 stable."
    )
    assert reason is None


@pytest.mark.parametrize(
    ("windows", "reason"),
    [
        ({"current": (80.0, 50.0)}, "no records in the prior window"),
        ({"prior": (80.0, 50.0)}, "no records in the current window"),
        ({}, "no records in the current window; no records in the prior window"),
    ],
)
def test_without_a_window_momentum_is_null_with_its_reason(windows, reason):
    moves = momentum(rollup(**windows))
    assert moves["change"].null_count() == 3
    assert moves["reason"].to_list() == [reason] * 3
    assert momentum_line({"momentum": moves}, US) == (None, reason)


def test_a_prior_window_of_nothing_has_no_share():
    moves = momentum(rollup(current=(80.0, 50.0), prior=(0.0, 0.0)))
    assert moves["relative"].to_list() == [None, None, None]
    assert moves["reason"].to_list() == [
        "the prior value is zero",
        "the prior value is zero",
        "no spend to divide by",
    ]
    line, _ = momentum_line({"momentum": moves}, US)
    assert line == "Since the prior window, revenue was $80, from $0 and spend was $50, from $0."


def test_momentum_does_not_depend_on_row_order():
    frame = rollup(current=(80.1, 50.7), prior=(100.3, 40.9))
    assert momentum(frame).equals(momentum(frame.reverse()))


def test_next_steps_are_the_first_by_rank_whatever_the_order():
    asked = recommendations(*(recommendation(n) for n in (3, 1, 2)))
    steps = next_steps(asked, RecommendationRules(max_next_steps=2))
    assert steps["order"].to_list() == [1, 2]
    assert steps["recommendation_id"].to_list() == ["rule:T1", "rule:T2"]
    assert steps.row(0, named=True)["first_action"] == "First of 1"


def test_fewer_recommendations_than_next_steps():
    assert next_steps(recommendations(), RecommendationRules()).height == 0
    assert next_steps(recommendations(recommendation(1, steps=[])), RecommendationRules())[
        "first_action"
    ].to_list() == [None]


def tables_to_decide() -> dict[str, pl.DataFrame]:
    return {
        "kpis": made.kpis("critical", "at_risk"),
        "channels": pl.DataFrame({"channel_id": ["CH_1"], "platform": ["search_ads"]}),
        "budget_moves": made.moves(
            {"budget_action_id": "B1", "age_days": 2},
            {"budget_action_id": "B2", "age_days": 20, "stale": True},
            {"budget_action_id": "B3", "status": "executed"},
            {"budget_action_id": "B4", "age_days": 1, "currency": "GBP"},
        ),
        "recommendations": recommendations(
            recommendation(1, target_id="B2", priority="high", owner="Finance"),
            recommendation(2, priority="high"),
            recommendation(3, priority="medium"),
            recommendation(4, priority="low", category="experiment", action="scale"),
        ),
        "recommendation_candidates": pl.DataFrame(
            {
                "standing": ["blocked", "stands"],
                "recommendation_id": ["r:T9", "r:T2"],
                "target_id": ["T9", "T2"],
                "target_name": ["Nine", "Two"],
            }
        ),
        "budget_pacing": pl.DataFrame(
            {"campaign_id": ["C1"], "pacing": ["over"], "end_date": [date(2026, 5, 3)]}
        ),
    }


def test_decisions_asked_by_hand():
    asked = decisions_asked(tables_to_decide(), CONFIG, Clock.on(DAY))
    assert asked["order"].to_list() == [1, 2, 3, 4, 5, 6]
    assert asked["target_id"].to_list() == ["budget_freeze", "B2", "B1", "B4", "T2", "T4"]
    assert asked["kind"].to_list() == ["freeze", *["proposal"] * 3, "recommendation", "experiment"]
    assert asked["decided_by"].to_list()[1:3] == ["Finance", "Budget approver"]
    assert asked["question"][1] == "Approve or reject moving $1,000 from search ads to CH_2 (B2)."
    assert asked["question"][3].startswith("Approve or reject moving \u00a31,000 from ")
    assert asked["amount"].to_list()[1:4] == [1000.0, 1000.0, None]  # pounds are not dollars
    assert asked["why"][0] == (
        "Campaigns active or completed critical at 10.0%, lifts at 25.0% or higher. "
        "The freeze blocks Nine."
    )
    assert asked["why"][1].endswith("; open for more than 14 days.")


def test_nothing_to_decide():
    assert decisions_asked({}, CONFIG, Clock.on(DAY)).height == 0
    assert decisions_asked(made.quiet(), CONFIG, Clock.on(DAY)).height == 0


def due(target: str, **columns: object) -> date:
    """When a decision is due; `columns` change the campaign's pacing."""
    tables = tables_to_decide()
    tables["budget_pacing"] = tables["budget_pacing"].with_columns(
        **{name: pl.lit(value) for name, value in columns.items()}
    )
    return decisions_asked(tables, CONFIG, Clock.on(DAY)).filter(target_id=target)["due"].item()


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (date(2026, 5, 2), date(2026, 5, 2)),  # before the cycle ends
        (date(2026, 5, 3), date(2026, 5, 3)),
        (date(2026, 5, 4), date(2026, 5, 3)),  # the cycle: April 26 and seven days
        (date(2026, 4, 27), date(2026, 4, 27)),
        (date(2026, 4, 26), date(2026, 5, 3)),  # ended: its end sets no date
        (date(2026, 1, 1), date(2026, 5, 3)),
        (None, date(2026, 5, 3)),
    ],
)
def test_a_decision_is_due_by_the_cycle_or_the_campaigns_end_if_that_is_to_come(end, expected):
    assert due("T2", end_date=end) == expected


def test_the_freeze_is_due_with_the_cycle():
    assert due("budget_freeze") == date(2026, 5, 3)


def test_the_cycle_is_a_setting():
    config = MarketingOrchestratorConfig(narrative_rules={"decision_cycle_days": 3})
    asked = decisions_asked(tables_to_decide(), config, Clock.on(DAY))
    assert asked.filter(target_id="T2")["due"].item() == date(2026, 4, 29)
    with pytest.raises(ValueError, match="decision_cycle_days"):
        MarketingOrchestratorConfig(narrative_rules={"decision_cycle_days": 0})


def test_a_proposal_is_due_when_it_goes_stale():
    # B2 was recorded on April 6, B4 on April 25: fourteen days on are April 20 and May 9.
    assert due("B2") == date(2026, 4, 20)
    assert due("B4", end_date=None) == date(2026, 5, 3)
