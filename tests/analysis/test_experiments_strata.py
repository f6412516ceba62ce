"""Weeks, weekdays and segments: reversals, and the adjustment for the weekday pattern."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from tests.analysis.experiment_cases import (
    assets,
    counts,
    day,
    evaluate,
    experiments,
    one,
)


def test_a_reversal_in_every_week_is_named() -> None:
    # B is better in both weeks (0.10 > 0.08, 0.50 > 0.45) and worse pooled, by its traffic
    rows = [
        day("A", 0, impressions=100, clicks=8),
        day("B", 0, impressions=900, clicks=90),
        day("A", 7, impressions=900, clicks=405),
        day("B", 7, impressions=100, clicks=50),
    ]
    row = one(evaluate(experiments({}), rows)[0])
    assert row["variant_value"] < row["control_value"]
    assert "simpson reversal" in row["warnings"]
    # Sunday is still the first week: one week alone cannot reverse anything
    for change in (
        [*rows[:2], *(day(row[0], 6, impressions=row[3], clicks=row[4]) for row in rows[2:])],
        rows[:2],
        [*rows, day("A", 14, impressions=9, clicks=9), day("B", 14, impressions=9)],
    ):
        assert "simpson reversal" not in one(evaluate(experiments({}), change)[0])["warnings"]


def test_arms_for_different_segments_are_named() -> None:
    rows = counts(48, 80, 56, 70)
    apart = one(evaluate(experiments({"status": "completed"}), rows, known=assets(B="S2"))[0])
    assert apart["warnings"] == ["arms target different segments"]


def weekly(
    level: float,
    swing: float,
    noise: list[int],
    asset: str,
    of: str | None,
    first: int,
    *,
    growth: int = 0,
) -> list[tuple]:
    """Clicks of 1,000 impressions (and `growth` more a day) with a weekday pattern."""
    return [
        day(
            asset,
            first + i,
            of=of,
            impressions=1000 + growth * i,
            clicks=round((level + swing * ((first + i) % 7)) * (1 + growth * i / 1000) + e),
        )
        for i, e in enumerate(noise)
    ]


NOISE = [3, -2, 4, -5, 1, 0, -1, 2, -3, 5, -4, 1, -2, 1]


def reference(rows: list[tuple]) -> tuple[float, float, float, float]:
    """Difference, interval and variance reduction, each day linearized and adjusted by itself."""

    def days(asset: str) -> tuple[np.ndarray, np.ndarray]:
        mine = [(r[2].weekday(), r[4], r[3], r[1]) for r in rows if r[0] == asset]
        during = [(w, c, n) for w, c, n, of in mine if of]
        weekdays = {w for w, _, _ in during}
        past = [(w, c, n) for w, c, n, of in mine if not of and w in weekdays]

        def rate(some: list[tuple[int, int, int]]) -> float:
            return sum(c for _, c, _ in some) / sum(n for _, _, n in some)

        pattern = {w: rate([p for p in past if p[0] == w]) - rate(past) for w in weekdays}
        size = np.mean([n for _, _, n in during])
        y = [rate(during) + (c - rate(during) * n) / size for _, c, n in during]
        return np.array([pattern[w] for w, _, _ in during]), np.array(y)

    (x0, y0), (x1, y1) = days("A"), days("B")
    slope = sum(((x - x.mean()) * (y - y.mean())).sum() for x, y in ((x0, y0), (x1, y1)))
    slope /= sum(((x - x.mean()) ** 2).sum() for x in (x0, x1))
    left, right = y0 - slope * x0, y1 - slope * x1
    interval = scipy_stats.ttest_ind(right, left, equal_var=False).confidence_interval()
    plain, after = (
        a.var(ddof=1) / a.size + b.var(ddof=1) / b.size for a, b in ((y0, y1), (left, right))
    )
    return right.mean() - left.mean(), interval.low, interval.high, 1 - after / plain


COLUMNS = (
    "cuped_difference",
    "cuped_difference_low",
    "cuped_difference_high",
    "cuped_variance_reduction",
)


def test_weekday_adjustment_against_days_taken_one_by_one() -> None:
    rows = [
        *weekly(50, 10, NOISE, "A", None, -14),
        *weekly(70, 11, NOISE[::-1], "B", None, -14),
        *weekly(52, 10, NOISE[3:] + NOISE[:3], "A", "E1", 0),
        *weekly(58, 10, NOISE[5:] + NOISE[:5], "B", "E1", 0),
    ]
    row = one(evaluate(experiments({}), rows)[0])
    assert row["cuped_reason"] is None
    assert [row[c] for c in COLUMNS] == pytest.approx(list(reference(rows)), rel=1e-6)
    assert row["cuped_variance_reduction"] > 0.9
    # whole weeks on both sides: the pattern averages out, and the effect stays what it was
    assert row["cuped_difference"] == pytest.approx(row["difference"], rel=1e-6)


def test_weekday_adjustment_with_uneven_days_and_a_broken_week() -> None:
    rows = [
        *weekly(50, 10, NOISE, "A", None, -14, growth=40),
        *weekly(60, 9, NOISE[::-1], "B", None, -14, growth=30),
        *weekly(52, 10, NOISE[:10], "A", "E1", 0, growth=70),
        *weekly(58, 10, NOISE[4:13], "B", "E1", 1, growth=-50),
    ]
    row = one(evaluate(experiments({}), rows)[0])
    assert [row[c] for c in COLUMNS] == pytest.approx(list(reference(rows)), rel=1e-6)
    assert abs(row["cuped_difference"] - row["difference"]) > 1e-4


def test_an_assets_level_before_does_not_move_its_effect() -> None:
    during = [*weekly(52, 10, NOISE, "A", "E1", 0), *weekly(58, 10, NOISE[::-1], "B", "E1", 0)]
    low, high = (
        one(
            evaluate(
                experiments({}),
                [
                    *during,
                    *weekly(50, 10, NOISE, "A", None, -14),
                    *weekly(level, 10, NOISE, "B", None, -14),
                ],
            )[0]
        )
        for level in (50, 90)
    )
    assert low["cuped_difference"] == pytest.approx(high["cuped_difference"], rel=1e-9)
    assert low["cuped_variance_reduction"] == pytest.approx(high["cuped_variance_reduction"])


def test_no_adjustment_says_why() -> None:
    rows = counts(49, 80, 55, 71)  # Monday and Tuesday
    assert (
        one(evaluate(experiments({}), rows)[0])["cuped_reason"]
        == "no days before the experiment in both arms"
    )
    mondays = [day(a, -7, of=None, impressions=50, clicks=30) for a in "AB"]
    assert (
        one(evaluate(experiments({}), rows + mondays)[0])["cuped_reason"]
        == "a weekday of the experiment has no data before its start"
    )
    tuesdays = [day(a, -6, of=None, impressions=50, clicks=20) for a in "AB"]
    assert one(evaluate(experiments({}), rows + mondays + tuesdays)[0])["cuped_reason"] is None
