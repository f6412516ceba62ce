"""Moves of money: by hand, and never above a cap or a rest over generated holders."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mktorch.config.recommendation_rules import RecommendationRules
from mktorch.recommend.reallocate import campaign_moves, moves

RULES = RecommendationRules(
    growth_share=0.5,
    reallocation_share=0.5,
    maximum_reallocation=400.0,
    minimum_reallocation=50.0,
    reallocation_gap=0.0,
    recipient_attainment=1.0,
)


def held(
    *rows: tuple[str, str, float | None, float | None, float | None, float, bool],
) -> pl.DataFrame:
    """scope, id, low, point, high of the return (target 1), planned spend = rest, open."""
    frame = pl.DataFrame(
        rows,
        schema={
            "scope": pl.String,
            "id": pl.String,
            "roas_low": pl.Float64,
            "roas": pl.Float64,
            "roas_high": pl.Float64,
            "planned_spend": pl.Float64,
            "open": pl.Boolean,
        },
        orient="row",
    )
    return frame.with_columns(
        attainment_low="roas_low",
        attainment_high="roas_high",
        rest="planned_spend",
        name=pl.format("name of {}", "id"),
    )


def amounts(frame: pl.DataFrame, rules: RecommendationRules = RULES) -> dict[str, float]:
    done = moves(frame, rules)
    return dict(zip(done["donor_id"], done["amount"], strict=True))


def test_the_worst_donors_fill_what_the_best_recipient_can_take() -> None:
    frame = held(
        ("S", "best", 3.0, 3.5, 4.0, 1000.0, True),  # takes 0.5 * 1000 = 500
        ("S", "good", 2.5, 2.9, 3.2, 9000.0, True),  # high end overlaps: nothing
        ("S", "poor", 0.5, 0.6, 0.7, 600.0, True),  # 0.5 * 600 = 300, second in line
        ("S", "worst", 0.1, 0.2, 0.3, 900.0, True),  # 450, capped at 400: first in line
    )
    done = moves(frame, RULES)
    assert set(done["recipient_id"]) == {"best"}
    assert amounts(frame) == {"good": 0.0, "poor": 100.0, "worst": 400.0}
    worst = done.filter(donor_id="worst").row(0, named=True)
    assert worst["capacity"] == 500.0
    assert worst["return_gap"] == 3.0 - 0.3
    # 400 * (3.0 - 0.3), 400 * (3.5 - 0.2), 400 * (4.0 - 0.1)
    assert [worst[f"gain{end}"] for end in ("_low", "", "_high")] == pytest.approx(
        [1080.0, 1320.0, 1560.0]
    )
    # 3.0 / 0.3 - 1 = 900 %, 3.5 / 0.2 - 1 = 1650 %, 4.0 / 0.1 - 1 = 3900 %
    assert [worst[f"lift{end}"] for end in ("_low", "", "_high")] == pytest.approx(
        [900.0, 1650.0, 3900.0]
    )


@pytest.mark.parametrize(
    ("change", "poor"),
    [
        ({}, 300.0),
        ({"minimum_reallocation": 300.0}, 300.0),
        ({"minimum_reallocation": 300.01}, 0.0),
        ({"reallocation_gap": 2.29}, 300.0),
        ({"reallocation_gap": 2.3}, 0.0),
        ({"maximum_reallocation": 120.0}, 120.0),
        ({"growth_share": 0.2}, 200.0),
        ({"reallocation_share": 1.0, "maximum_reallocation": 1e6}, 500.0),
    ],
)
def test_each_cap_and_minimum_binds(change, poor) -> None:
    frame = held(
        ("S", "best", 3.0, 3.5, 4.0, 1000.0, True), ("S", "poor", 0.5, 0.6, 0.7, 600.0, True)
    )
    assert amounts(frame, RULES.model_copy(update=change)) == {"poor": poor}


def test_who_may_receive() -> None:
    poor = ("S", "poor", 0.5, 0.6, 0.7, 600.0, True)
    closed = ("S", "closed", 3.0, 3.5, 4.0, 1000.0, False)
    short = ("S", "short", 0.99, 1.5, 2.0, 1000.0, True)
    enough = ("S", "enough", 1.0, 1.5, 2.0, 1000.0, True)
    unknown = ("S", "unknown", None, 5.0, None, 1000.0, True)
    tiny = ("S", "tiny", 3.0, 3.5, 4.0, 99.98, True)  # takes 49.99, below the minimum
    elsewhere = ("Z", "elsewhere", 3.0, 3.5, 4.0, 1000.0, True)
    assert moves(held(poor, closed, short, unknown, tiny, elsewhere), RULES).height == 0
    assert set(moves(held(poor, closed, enough), RULES)["recipient_id"]) == {"enough"}


def test_a_return_without_an_interval_gives_nothing() -> None:
    frame = held(
        ("S", "best", 3.0, 3.5, 4.0, 1000.0, True), ("S", "dark", None, 0.1, None, 600.0, True)
    )
    assert amounts(frame) == {"dark": 0.0}


def test_only_active_campaigns_on_pace_or_over_take_part() -> None:
    returns = held(
        ("x", "A", 3.0, 3.5, 4.0, 1000.0, True),
        ("x", "B", 0.5, 0.6, 0.7, 600.0, True),
        ("x", "C", 9.0, 9.5, 9.9, 1000.0, True),
        ("x", "D", 9.0, 9.5, 9.9, 1000.0, True),
    ).select(
        pl.exclude("scope", "id", "name", "rest", "open"),
        campaign_id="id",
        remaining="rest",
        status=pl.Series(["active", "active", "paused", "active"]),
    )
    pacing = pl.DataFrame(
        {
            "campaign_id": list("ABCD"),
            "name": list("abcd"),
            "pacing": ["over", "over", "over", "under"],
        }
    )
    done = campaign_moves(returns, pacing, RULES)
    assert done.select("donor_id", "recipient_id", "recipient_name", "amount").rows() == [
        ("B", "A", "a", 300.0),
        ("D", "A", "a", 0.0),
    ]


cents = st.integers(0, 500_000).map(lambda n: n / 100)
returns_ = st.lists(st.floats(0, 5), min_size=3, max_size=3).map(sorted)
holders = st.lists(
    st.tuples(st.sampled_from("ST"), st.sampled_from("abcdefgh"), returns_, cents, st.booleans()),
    max_size=10,
    unique_by=lambda row: row[:2],
)
limits = st.builds(
    RecommendationRules,
    growth_share=st.floats(0.01, 2),
    reallocation_share=st.floats(0.01, 1),
    maximum_reallocation=st.floats(0.01, 5000),
    minimum_reallocation=st.floats(0, 200),
    reallocation_gap=st.floats(0, 1),
    recipient_attainment=st.floats(0, 2),
)


@settings(deadline=None, max_examples=60)
@given(holders, limits)
def test_no_move_is_above_a_cap_or_a_rest(rows, rules) -> None:
    frame = held(*((s, i, *ends, spend, open_) for s, i, ends, spend, open_ in rows))
    done = moves(frame, rules)
    assert done.filter(pl.col("donor_id") == pl.col("recipient_id")).height == 0
    assert done.select("scope", "donor_id").is_duplicated().sum() == 0
    moved = done.filter(pl.col("amount") > 0)
    assert (done["amount"] >= 0).all()
    tolerance = 1e-9
    for row in moved.to_dicts():
        assert row["amount"] <= row["rest"] * rules.reallocation_share + tolerance
        assert row["amount"] <= rules.maximum_reallocation + tolerance
        assert row["amount"] >= rules.minimum_reallocation
        assert abs(row["amount"] * 100 - round(row["amount"] * 100)) < 1e-6
        assert (
            row["recipient_attainment_low"] - row["donor_attainment_high"] > rules.reallocation_gap
        )
        assert row["recipient_attainment_low"] >= rules.recipient_attainment
        assert row["gain_low"] <= row["gain"] + tolerance <= row["gain_high"] + 2 * tolerance
    taken = moved.group_by("scope", "recipient_id", "capacity").agg(pl.col("amount").sum())
    assert (taken["amount"] <= taken["capacity"] + tolerance).all()
    assert taken["scope"].is_duplicated().sum() == 0
    assert moves(frame.reverse(), rules).equals(done)


def test_the_sample_moves_no_more_than_there_is(sample_tables) -> None:
    for name in ("campaign_moves", "channel_moves"):
        moved = sample_tables[name]
        assert moved.height > 0 or name == "campaign_moves"
        assert (moved["amount"] <= moved["bound"]).all()
        assert (moved["bound"] <= moved["rest"]).all()
