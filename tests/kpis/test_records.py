"""Nothing constant: one changed record of the tiny set moves each KPI as its definition says."""

from __future__ import annotations

import pytest

import mktorch
from tests.conftest import TINY

AS_OF = "2026-03-15T12:00:00"
# The experiments of the set run for two days: one look decides, as it does at a planned end.
ONE_LOOK = {"experiment_rules": {"inference": "fixed"}}


def values(run: mktorch.Run) -> dict[str, float | None]:
    return (
        run.state["operational_kpis"] | run.state["effectiveness_kpis"] | run.state["business_kpis"]
    )


@pytest.fixture(scope="module")
def before(tmp_path_factory) -> dict[str, float | None]:
    return values(mktorch.run(TINY, out=tmp_path_factory.mktemp("runs"), as_of=AS_OF, **ONE_LOOK))


def add_decision(rows) -> None:
    rows.append(
        {
            **rows[0],
            "decision_id": "DEC_9",
            "campaign_id": "CAMP_002",
            "timestamp": "2026-03-11T12:00:00",
        }
    )


CHANGES = [
    # three of three launched campaigns run or are completed; one is paused: 2 / 3
    ("campaign_execution_success_rate", "campaigns", lambda r: r[0].update(status="paused"),
     1.0, 2 / 3),
    ("human_review_frequency", "orchestrator_decisions",
     lambda r: r[1].update(human_override=False), 0.5, 0.0),
    ("policy_violation_count", "creative_assets",
     lambda r: r[1].update(approved_by_human=False), 0.0, 1.0),
    # EXP_002 and EXP_005 have no rows; a variant of another campaign makes three
    ("experiment_setup_errors", "experiments",
     lambda r: r[2].update(variant_asset="ASSET_006"), 2.0, 3.0),
    # the newest row is of 10:00, two hours ago; then of 11:00
    ("data_freshness_hours", "performance_metrics",
     lambda r: r[4].update(timestamp="2026-03-15T11:00:00"), 2.0, 1.0),
    ("experiment_velocity", "experiments", lambda r: r.pop(), 5 / 3, 4 / 3),
    # significant: EXP_003 (500 against 400: +25 %, then +50 %); EXP_001 (62 against 40: +55 %) has
    # two days, which tell too little of how days differ
    ("average_lift_percentage", "performance_metrics", lambda r: r[6].update(clicks=600),
     25.0, 50.0),
    # one call to action everywhere; then 1,000 of 69,000 impressions with another
    ("messaging_consistency_score", "creative_assets", lambda r: r[2].update(cta="Book"),
     1.0, 1 - 1000 / 69000),
    # the signal of 8:00 is unanswered, then answered at 12:00
    ("insight_to_action_time_hours", "orchestrator_decisions", add_decision, None, 4.0),
    ("marketing_attributed_revenue", "roi_ledger",
     lambda r: r[0].update(estimated_value=9450.0, net_roi=5091.5), 19150.0, 19250.0),
    ("roi_estimate", "roi_ledger",
     lambda r: r[0].update(estimated_value=9450.0, net_roi=5091.5), 8650 / 10500, 8750 / 10500),
    # nothing was wasted before; then asset 1's thousand of 6 March was
    ("wasted_spend_reduction", "performance_metrics",
     lambda r: r[0].update(conversions=0, conversion_rate=0.0), None, 1.0),
    # now 163 of 59,000 convert, before 50 of 10,000; one more of the first
    ("conversion_rate_delta", "performance_metrics",
     lambda r: r[4].update(conversions=11, conversion_rate=0.011),
     163 / 59000 - 50 / 10000, 164 / 59000 - 50 / 10000),
    # 8,500 now, 2,000 before, over the same conversions
    ("cpa_reduction_percentage", "performance_metrics",
     lambda r: r[4].update(conversions=11, conversion_rate=0.011),
     1 - (8500 / 163) / 40, 1 - (8500 / 164) / 40),
    # before, segment 2 (6 per mille) beats the campaign's 5, half of the impressions. Now both
    # campaigns' single segments count whole, and of campaign 1 segment 2: 6,000 of 11,000. With
    # segment 1 at 26 per mille it is segment 1's 5,000 instead.
    ("targeting_precision_improvement", "performance_metrics",
     lambda r: r[1].update(conversions=130, conversion_rate=0.026),
     54000 / 59000 - 0.5, 53000 / 59000 - 0.5),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kpi", "source", "change", "was", "becomes"), CHANGES, ids=[c[0] for c in CHANGES]
)
def test_one_record_moves_the_kpi(before, edit, tmp_path, kpi, source, change, was, becomes):
    def apply(rows):
        change(rows)

    after = values(mktorch.run(edit(source, apply), out=tmp_path / "runs", as_of=AS_OF, **ONE_LOOK))
    assert before[kpi] == (None if was is None else pytest.approx(was))
    assert after[kpi] == pytest.approx(becomes)


def test_every_kpi_but_the_measured_one_is_moved_above(before) -> None:
    assert {c[0] for c in CHANGES} == set(before) - {"average_latency_seconds"}
