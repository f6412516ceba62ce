"""What a relative change is worth: by hand, and null with its reason."""

from __future__ import annotations

import polars as pl
import pytest

from mktorch.recommend.worth import kinds, undone, with_worth
from mktorch.vocab import Measure

CHANGE = (pl.col("low"), pl.col("point"), pl.col("high"))
MONEY = (
    *("revenue_low", "revenue", "revenue_high"),
    *("savings_low", "savings", "savings_high"),
    *("lift_percent_low", "lift_percent", "lift_percent_high"),
)
ROW = {
    "numerator": "conversions",
    "low": 0.1,
    "point": 0.2,
    "high": 0.4,
    "base_revenue": 700.0,
    "base_cost": 350.0,
    "days_ahead": 14,
}
SCHEMA = {
    "numerator": pl.String,
    **dict.fromkeys(("low", "point", "high", "base_revenue", "base_cost"), pl.Float64),
    "days_ahead": pl.Int64,
}


def worth(**changed) -> dict:
    frame = pl.DataFrame([ROW | changed], SCHEMA)
    return with_worth(frame, CHANGE, 7).row(0, named=True)


@pytest.mark.parametrize("numerator", ["conversions", "revenue"])
def test_what_earns_is_revenue_at_the_same_spend(numerator) -> None:
    found = worth(numerator=numerator)
    # 700 in 7 days is 1,400 in 14; 10, 20 and 40 % of it.
    assert [found[name] for name in MONEY[:3]] == pytest.approx([140, 280, 560])
    assert [found[name] for name in MONEY[3:6]] == [None] * 3
    assert [found[name] for name in MONEY[6:]] == pytest.approx([10, 20, 40])
    assert found["impact_reason"] is None


def test_what_costs_is_savings_at_the_same_result() -> None:
    found = worth(numerator="cost", low=-0.5, point=-0.2, high=0.25)
    # 350 in 7 days is 700 in 14: at worst 25 % dearer, at best half.
    assert [found[name] for name in MONEY[3:6]] == pytest.approx([-175, 140, 350])
    assert [found[name] for name in MONEY[:3]] == [None] * 3
    # The return is 1 / cost: 1/1.25 - 1, 1/0.8 - 1, 1/0.5 - 1.
    assert [found[name] for name in MONEY[6:]] == pytest.approx([-20, 25, 100])


def test_attention_has_no_price() -> None:
    found = worth(numerator="clicks")
    assert [found[name] for name in MONEY] == [None] * 9


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"numerator": None}, "not in the registry"),
        ({"low": None, "point": None, "high": None}, "not defined"),
        ({"high": None}, "no end on one side"),
        ({"base_cost": None, "base_revenue": None}, "nothing was delivered"),
        ({"days_ahead": None}, "not known"),
        ({"days_ahead": 0}, "flight has ended"),
        ({"days_ahead": -1}, "flight has ended"),
    ],
)
def test_a_missing_part_makes_money_null_and_says_which(changed, reason) -> None:
    found = worth(**changed)
    assert reason in found["impact_reason"]
    assert None in [found[name] for name in MONEY[:3]]


def test_one_day_ahead_is_a_seventh_of_the_window() -> None:
    assert worth(days_ahead=1)["revenue"] == pytest.approx(20)


def test_there_and_back_is_nothing() -> None:
    frame = pl.DataFrame({"low": [-0.2], "point": [0.25], "high": [1.0]})
    low, point, high = frame.select(undone(*CHANGE)).row(0)
    assert (low, point, high) == (-0.5, 1 / 1.25 - 1, 1 / 0.8 - 1)
    twice = frame.select(undone(*CHANGE)).select(undone(*CHANGE)).row(0)
    assert twice == pytest.approx((-0.2, 0.25, 1.0))


def test_from_nothing_there_is_no_way_back() -> None:
    frame = pl.DataFrame({"low": [-1.0], "point": [-1.0], "high": [0.0]})
    assert frame.select(undone(*CHANGE)).row(0) == (0.0, None, None)


def test_each_measure_is_of_one_kind() -> None:
    words = [word for kind in kinds("a", "b") for word in kind.when.words]
    assert sorted(words) == sorted(map(str, Measure))
