"""What a measured relative difference is worth in money over the days ahead."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from mktorch.recommend.rule import Compare, Impact, Range, When
from mktorch.sums import ratio
from mktorch.vocab import Measure

_EARNS = (str(Measure.CONVERSIONS), str(Measure.REVENUE))
_SAVES = (str(Measure.COST),)
_OTHER = tuple(str(measure) for measure in Measure if str(measure) not in (*_EARNS, *_SAVES))
_REVENUE = Range("revenue_low", "revenue", "revenue_high")
_SAVINGS = Range("savings_low", "savings", "savings_high")
_LIFT = Range("lift_percent_low", "lift_percent", "lift_percent_high")
Ends = tuple[pl.Expr, pl.Expr, pl.Expr]


class Kind(NamedTuple):
    """A kind of metric by what its numerator counts, and the impact a change of it has."""

    name: str
    when: When
    impact: Impact


def kinds(change: str, base: str) -> tuple[Kind, ...]:
    """The three kinds a rule on a metric comes in: what earns, what saves, and the rest.

    `change` and `base` say in words what is applied to what, for the basis of the impact.
    """
    over = (
        f"the interval of {change}, applied to {base} of the current window and carried over "
        "the days ahead, or what is left of the flight"
    )
    return (
        Kind(
            "",
            When("numerator", Compare.ONE_OF, words=_EARNS),
            Impact(
                f"Revenue at the same spend: {over}.",
                roi_lift=_LIFT,
                revenue=_REVENUE,
                reason="impact_reason",
            ),
        ),
        Kind(
            "_cost",
            When("numerator", Compare.ONE_OF, words=_SAVES),
            Impact(
                f"Savings at the same result: {over}.",
                roi_lift=_LIFT,
                savings=_SAVINGS,
                reason="impact_reason",
            ),
        ),
        Kind(
            "_attention",
            When("numerator", Compare.ONE_OF, words=_OTHER),
            Impact(
                "The metric counts attention, not conversions; what more of it is worth was not "
                "measured."
            ),
        ),
    )


def undone(low: pl.Expr, point: pl.Expr, high: pl.Expr) -> Ends:
    """The relative change back, from its end to its start: 1 / (1 + x) - 1, ends exchanged.

    Null where the change leaves nothing to return from (x <= -1).

    >>> frame = pl.DataFrame({"low": [-0.5], "point": [-0.2], "high": [0.6]})
    >>> frame.select(undone(*map(pl.col, frame.columns))).row(0)
    (-0.375, 0.25, 1.0)
    """
    one = low * 0 + 1

    def back(x: pl.Expr) -> pl.Expr:
        return ratio(one + x * 0, 1 + x) - 1

    return back(high).alias("low"), back(point).alias("point"), back(low).alias("high")


def with_worth(frame: pl.DataFrame, change: Ends, window_days: int) -> pl.DataFrame:
    """Add what a relative change of a metric brings over the days ahead.

    Parameters
    ----------
    frame
        `numerator` (the metric's, a `Measure`), `base_revenue` and `base_cost` (what the change
        applies to, over `window_days`), `days_ahead`.
    change
        Low, point and high of the metric's relative change (0.1 is +10 %).

    Returns
    -------
    `frame` with `revenue_low`, `revenue`, `revenue_high` where the metric counts conversions or
    revenue: base revenue times the change, at the same spend; `savings_low`, `savings`,
    `savings_high` where it counts cost: base cost times the fall, at the same result;
    `lift_percent_low`, `lift_percent` and `lift_percent_high`, the same in percent of the base's
    return on spend; and `impact_reason` where one of them is null.
    """
    low, point, high = change
    reach = ratio(pl.col("days_ahead"), pl.col("days_ahead") * 0 + window_days)
    ahead = pl.when(pl.col("days_ahead") > 0).then(reach)
    earns, saves = (pl.col("numerator").is_in(kind) for kind in (_EARNS, _SAVES))
    better = undone(low, point, high)
    gained, fallen = (low, point, high), (-high, -point, -low)
    return frame.with_columns(
        *(
            pl.when(earns).then(pl.col("base_revenue") * ahead * part).alias(name)
            for name, part in zip(_names(_REVENUE), gained, strict=True)
        ),
        *(
            pl.when(saves).then(pl.col("base_cost") * ahead * part).alias(name)
            for name, part in zip(_names(_SAVINGS), fallen, strict=True)
        ),
        *(
            pl.when(earns).then(100 * up).when(saves).then(100 * down).alias(name)
            for name, up, down in zip(_names(_LIFT), gained, better, strict=True)
        ),
        _reason(low, point, high).alias("impact_reason"),
    )


def _names(range_: Range) -> tuple[str, str, str]:
    return range_.low, range_.point, range_.high


def _reason(low: pl.Expr, point: pl.Expr, high: pl.Expr) -> pl.Expr:
    rules = (
        (pl.col("numerator").is_null(), "the metric is not in the registry"),
        (point.is_null(), "the relative difference is not defined"),
        (low.is_null() | high.is_null(), "the interval of the difference has no end on one side"),
        (pl.col("base_cost").is_null(), "nothing was delivered in the current window"),
        (pl.col("days_ahead").is_null(), "the days left of the flight are not known"),
        (pl.col("days_ahead") <= 0, "the flight has ended: no days are left"),
    )
    return pl.coalesce(pl.when(condition).then(pl.lit(text)) for condition, text in rules)
