"""Two samples of a metric: the interval by counts and by days, and why there is none."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats

from mktorch.analysis.comparisons import CONTROL, MOMENTS, compare, moments, trend

FIELDS = ("numerator", "denominator")


def sample(days: list[tuple[float, float]]) -> dict[str, float | None]:
    """The moments of (numerator, denominator) days, by numpy."""
    if not days:
        return dict.fromkeys(MOMENTS)
    y, x = np.array(days, dtype=float).T
    return dict(
        zip(MOMENTS, (len(y), x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), x @ y), strict=True)
    )


def compared(kind, control, variant, alpha=0.05) -> dict:
    row = {
        "kind": kind,
        "numerator": "conversions",
        "denominator": "clicks",
        **sample(variant),
        **{f"{name}{CONTROL}": value for name, value in sample(control).items()},
    }
    schema = {"kind": pl.String} | dict.fromkeys(FIELDS, pl.String)
    frame = pl.DataFrame(
        [row],
        schema_overrides=schema | {m: pl.Float64 for m in row if m[0] in "nxy" and m not in FIELDS},
    )
    return compare(frame, alpha, "the old", "the new").row(0, named=True)


def test_moments_by_hand() -> None:
    # a: days (1, 10) and (2, 30): x 40, y 3, xx 100 + 900, yy 1 + 4, xy 10 + 60
    days = pl.DataFrame(
        {
            "k": ["b", "a", "a"],
            "date": [1, 1, 2],
            "numerator": [0.1, 1.0, 2.0],
            "denominator": [0.2, 10.0, 30.0],
        }
    )
    assert moments(days, "k").rows() == [
        ("a", 2, 40.0, 3.0, 1000.0, 5.0, 70.0),
        ("b", 1, 0.2, 0.1, 0.04, 0.01, 0.02),
    ]


def test_a_proportion_is_compared_by_its_counts() -> None:
    # 100 of 10000 against 150 of 10000: z = 0.005 / sqrt(0.0125 * 0.9875 * 2 / 10000) = 3.18
    row = compared("proportion", [(60, 6000), (40, 4000)], [(150, 10000)], alpha=0.01)
    assert (row["method"], row["change_reason"]) == ("score", None)
    assert (row["value"], row["value_control"]) == (0.015, 0.01)
    assert row["change"] == pytest.approx(0.5)
    assert 0 < row["change_low"] < 0.5 < row["change_high"]
    # at the level of its own p-value (0.00146) the interval ends at no change
    p = 2 * stats.norm.sf(0.005 / np.sqrt(0.0125 * 0.9875 * 2e-4))
    edge = compared("proportion", [(100, 10000)], [(150, 10000)], alpha=p)
    assert edge["change_low"] == pytest.approx(0.0, abs=1e-9)


def test_a_ratio_is_compared_over_its_days() -> None:
    control = [(20.0, 2.0), (33.0, 3.0), (41.0, 4.0), (19.0, 2.0)]
    variant = [(30.0, 2.0), (47.0, 3.0), (63.0, 4.0), (28.0, 2.0)]
    row = compared("ratio", control, variant)

    def ratio_and_variance(days):
        y, x = np.array(days).T
        r, n = y.sum() / x.sum(), len(y)
        return r, n / (n - 1) * ((y - r * x) ** 2).sum() / x.sum() ** 2, n - 1

    (a, va, dfa), (b, vb, dfb) = ratio_and_variance(control), ratio_and_variance(variant)
    df = (va + vb) ** 2 / (va**2 / dfa + vb**2 / dfb)
    t = stats.t.ppf(0.975, df)
    # Fieller: the roots in q of (b - q a)^2 = t^2 (vb + q^2 va)
    roots = np.sort(np.roots([a * a - t * t * va, -2 * a * b, b * b - t * t * vb]))
    assert row["method"] == "daily"
    assert row["change"] == pytest.approx(b / a - 1)
    assert (row["change_low"], row["change_high"]) == pytest.approx(tuple(roots - 1))


def test_more_successes_than_trials_is_no_proportion() -> None:
    days = [(30, 20), (41, 30), (28, 20), (33, 25)]
    assert compared("proportion", days, days)["method"] == "daily"
    assert compared("proportion", [(3, 20), (4, 30)], days)["method"] == "daily"


@pytest.mark.parametrize(
    ("kind", "control", "variant", "reason"),
    [
        (None, [(1, 9)], [(1, 9)], "the metric is not in the registry"),
        ("proportion", [(1, 9)], [], "no delivery in the new"),
        ("proportion", [], [(1, 9)], "no delivery in the old"),
        ("proportion", [(1, 9)], [(0, 0)], "no clicks in the new"),
        ("ratio", [(1, 0)], [(1, 9)], "no clicks in the old"),
        ("proportion", [(0, 9)], [(0, 9)], "no conversions in the new or in the old"),
        ("ratio", [(5, 9)], [(6, 9)], "one day alone has no spread to make an interval from"),
        (
            "ratio",
            [(5, 10), (10, 20)],
            [(5, 10), (10, 20)],
            "the days vary too much, or not at all, to bound the change",
        ),
    ],
)
def test_no_interval_has_its_reason(kind, control, variant, reason) -> None:
    row = compared(kind, control, variant)
    assert (row["change_low"], row["change_high"]) == (None, None)
    assert row["change_reason"] == reason


def test_from_nothing_the_low_end_alone_is_known() -> None:
    # 0 of 1000 against 30 of 1000: no ratio can be ruled out above, but it surely rose
    row = compared("proportion", [(0, 1000)], [(30, 1000)])
    assert (row["change"], row["change_high"]) == (None, None)
    assert row["change_low"] > 0
    assert row["change_reason"] == ("no conversions in the old: a change from nothing has no ratio")


@pytest.mark.parametrize(
    ("direction", "low", "high", "word"),
    [
        ("up", 0.1, 0.3, "improving"),
        ("up", -0.3, -0.1, "declining"),
        ("down", 0.1, 0.3, "declining"),
        ("down", -0.3, -0.1, "improving"),
        ("up", -0.1, 0.1, "stable"),
        ("up", 0.0, 0.1, "stable"),
        ("up", -0.1, 0.0, "stable"),
        ("down", 0.1, None, "declining"),
        ("up", -1.0, None, "stable"),
        ("up", None, None, "unknown"),
        (None, None, None, "unknown"),
    ],
)
def test_the_word_is_the_intervals(direction, low, high, word) -> None:
    frame = pl.DataFrame(
        {"d": [direction], "low": [low], "high": [high]},
        schema={"d": pl.String, "low": pl.Float64, "high": pl.Float64},
    )
    assert frame.select(trend(pl.col("d"), pl.col("low"), pl.col("high"))).item() == word


def test_each_row_stands_alone() -> None:
    """No row's interval depends on the rows beside it."""
    rows = [
        ("proportion", [(100, 10000)], [(150, 10000)]),
        ("ratio", [(20, 2), (33, 3), (41, 4)], [(30, 2), (47, 3), (63, 4)]),
        ("proportion", [], [(1, 9)]),
    ]
    alone = [compared(*row) for row in rows]
    together = compare(
        pl.DataFrame(
            [
                {key: row[key] for key in row if not key.startswith(("change", "value", "method"))}
                for row in alone
            ],
            infer_schema_length=None,
        ),
        0.05,
        "the old",
        "the new",
    )
    assert together.to_dicts() == alone


def test_no_rows() -> None:
    days = pl.DataFrame(
        schema={"k": pl.String, "date": pl.Date, "numerator": pl.Float64, "denominator": pl.Float64}
    )
    empty = moments(days, "k")
    pairs = empty.join(
        empty.rename({m: f"{m}{CONTROL}" for m in MOMENTS}), on="k", how="left"
    ).with_columns(pl.lit(None, pl.String).alias(c) for c in ("kind", *FIELDS))
    assert compare(pairs, 0.05, "the old", "the new").height == 0
