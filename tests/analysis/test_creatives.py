"""Each creative against the others of its segment: by hand."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from mktorch.analysis.creatives import creative_standing
from mktorch.clock import Clock
from mktorch.config.segment_rules import SegmentRules
from mktorch.metrics import METRICS
from mktorch.stats import koopman_lift

TODAY = date(2026, 4, 26)
DAYS = [date(2026, 4, 25), date(2026, 4, 26)]
EXPERIMENTS = pl.DataFrame(
    {
        "experiment_id": ["E1", "E2", "E3", "E4"],  # E4 sets A against itself: a faulty setup
        "campaign_id": ["C", "C", "C", "C"],
        "status": ["running", "running", "completed", "running"],
        "type": ["A/B", "A/B/n", "A/B", "A/B"],
        "metric": ["conversion_rate"] * 4,
        "control_asset": ["A", "A", "D", "A"],
        "variant_asset": ["B", "X", "B", "A"],
        "variant_assets": [None, ["B"], None, None],
    },
    schema_overrides={"variant_assets": pl.List(pl.String)},
)


def standing(rows, kpi: str = "conversion_rate", alpha: float = 0.05) -> dict[str, dict]:
    """By asset, from rows of asset, segment, day, impressions, conversions and cost."""
    days = pl.DataFrame(
        [(a, "C", s, "CH", d, i, i // 10, c, m, 1.0) for a, s, d, i, c, m in rows],
        {
            **dict.fromkeys(("asset_id", "campaign_id", "segment_id", "channel_id"), pl.String),
            "date": pl.Date,
            **dict.fromkeys(("impressions", "clicks", "conversions"), pl.Int64),
            "cost": pl.Float64,
            "revenue": pl.Float64,
        },
        orient="row",
    )
    campaigns = pl.DataFrame({"campaign_id": ["C"], "primary_kpi": [kpi]})
    found = creative_standing(
        campaigns, days, EXPERIMENTS, Clock.on(TODAY), METRICS, SegmentRules(trend_alpha=alpha)
    )
    assert found["asset_id"].to_list() == sorted(found["asset_id"])
    return {row["asset_id"]: row for row in found.to_dicts()}


ROWS = [
    ("A", "S", DAYS[0], 1000, 10, 5.0),
    ("A", "S", DAYS[1], 1000, 10, 5.0),
    ("B", "S", DAYS[0], 3000, 90, 5.0),
    ("D", "S", DAYS[1], 1000, 30, 5.0),
    ("F", "T", DAYS[1], 500, 1, 5.0),
    ("A", "S", date(2026, 4, 19), 9999, 9999, 5.0),  # the day before the window
]


def test_an_asset_is_set_against_the_sum_of_the_others() -> None:
    found = standing(ROWS)["A"]
    # 20 of 2,000 against 120 of 4,000.
    assert (found["kpi_value"], found["rest_value"]) == (0.01, 0.03)
    assert found["attainment"] == pytest.approx(1 / 3)
    assert found["difference"] == pytest.approx(-2 / 3)
    low, high = koopman_lift(120, 4000, 20, 2000, alpha=0.05)
    assert found["difference_low"] == pytest.approx(float(low))
    assert found["difference_high"] == found["shortfall"] == pytest.approx(float(high))
    assert found["shortfall"] < 0
    assert (found["peers"], found["method"], found["reason"]) == (2, "score", None)


def test_a_segment_of_one_has_nobody_to_stand_against() -> None:
    found = standing(ROWS)["F"]
    assert (found["peers"], found["kpi_value"], found["rest_value"]) == (0, 0.002, None)
    assert found["attainment"] is None
    assert found["reason"] == "no delivery in the segment's other creatives"


def test_only_running_experiments_count_each_once() -> None:
    found = standing(ROWS)
    assert {a: row["running_experiments"] for a, row in found.items()} == {
        "A": 3,
        "B": 2,
        "D": 0,
        "F": 0,
    }


def test_what_delivered_before_the_window_alone_has_no_row() -> None:
    rows = [*ROWS, ("G", "S", date(2026, 4, 19), 10, 1, 1.0)]
    assert "G" not in standing(rows)
    assert standing(rows)["A"]["peers"] == 2


def test_for_a_cost_dearer_is_worse() -> None:
    days = [date(2026, 4, 20 + n) for n in range(7)]
    rows = [
        (asset, "S", day, 1000, 10 + n % 2, cost + n % 3)
        for asset, cost in (("A", 60.0), ("B", 20.0))
        for n, day in enumerate(days)
    ]
    found = standing(rows, "cost_per_acquisition")
    dear, cheap = found["A"], found["B"]
    assert dear["attainment"] == pytest.approx(cheap["kpi_value"] / dear["kpi_value"])
    assert dear["difference_low"] > 0
    assert dear["shortfall"] == -dear["difference_low"] < 0
    assert cheap["shortfall"] > 0
    assert dear["method"] == "daily"


def test_order_changes_nothing() -> None:
    assert standing(ROWS[::-1]) == standing(ROWS)


def test_nothing_delivered_nobody_stands() -> None:
    assert standing([]) == {}
