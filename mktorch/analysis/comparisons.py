"""Two samples of one metric compared: relative change, an interval, and which way it points."""

from __future__ import annotations

import numpy as np
import polars as pl

from mktorch.config.segment_rules import Trend, TrendMethod
from mktorch.metrics import ratio
from mktorch.stats import Floats, Sums, koopman_lift, ratio_estimate, relative_interval
from mktorch.sums import micros, units
from mktorch.vocab import Direction, MetricKind

MOMENTS = ("n", "x", "y", "xx", "yy", "xy")
CONTROL = "_control"


def moments(days: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Sums, squares and products of daily `numerator` (y) and `denominator` (x).

    Takes one row per key and `date`; gives one per key, sorted: `n` days, `x`, `y`, `xx`, `yy`,
    `xy`. The sums are made in whole millionths, so that row order changes no bit.

    >>> days = pl.DataFrame({"k": ["a", "a"], "date": [1, 2], "numerator": [1.0, 2.0],
    ...                      "denominator": [10.0, 30.0]})
    >>> moments(days, "k").row(0)
    ('a', 2, 40.0, 3.0, 1000.0, 5.0, 70.0)
    """
    x, y = micros(pl.col("denominator")), micros(pl.col("numerator"))
    return (
        days.group_by(keys)
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            units(x.sum()).alias("x"),
            units(y.sum()).alias("y"),
            units(units((x * x).sum())).alias("xx"),
            units(units((y * y).sum())).alias("yy"),
            units(units((x * y).sum())).alias("xy"),
        )
        .sort(keys)
    )


def compare(pairs: pl.DataFrame, alpha: float, control: str, variant: str) -> pl.DataFrame:
    """Relative change of a metric, variant over control minus 1, with its interval.

    Parameters
    ----------
    pairs
        One row per comparison: `kind` (of the metric), `numerator` and `denominator` (names of its
        measures), the variant's `MOMENTS`, and the control's with the suffix `_control`.
    alpha
        One minus the confidence of the interval.
    control, variant
        What the two samples are called in a reason.

    Returns
    -------
    `pairs` with `value`, `value_control`, `change`, `change_low`, `change_high`, `method`, and
    `change_reason`, which says why a change or a bound is null.

    A proportion with no more successes than trials on either side gets Koopman's score interval
    on its counts (`score`); any other metric gets Fieller's over its daily sums (`daily`), with
    the delta-method variance of a ratio and Welch's degrees of freedom. The upper end is null
    where the control has no success: no ratio can be ruled out.
    """
    counted = (
        (pl.col("kind") == MetricKind.PROPORTION)
        & (pl.col("y") <= pl.col("x"))
        & (pl.col(f"y{CONTROL}") <= pl.col(f"x{CONTROL}"))
    )
    known = (
        (pl.col("x") > 0) & (pl.col(f"x{CONTROL}") > 0) & ((pl.col("y") > 0) | _succeeds(CONTROL))
    )
    by_score, by_day = _score(pairs, alpha), _daily(pairs, alpha)
    return (
        pairs.with_columns(
            ratio(pl.col("y"), pl.col("x")).alias("value"),
            ratio(pl.col(f"y{CONTROL}"), pl.col(f"x{CONTROL}")).alias("value_control"),
            pl.when(known & counted)
            .then(pl.lit(str(TrendMethod.SCORE)))
            .when(known)
            .then(pl.lit(str(TrendMethod.DAILY)))
            .alias("method"),
        )
        .with_columns(
            (ratio(pl.col("value"), pl.col("value_control")) - 1).alias("change"),
            *(
                pl.when(pl.col("method") == TrendMethod.SCORE)
                .then(score)
                .when(pl.col("method") == TrendMethod.DAILY)
                .then(day)
                .alias(name)
                for name, score, day in zip(
                    ("change_low", "change_high"), by_score, by_day, strict=True
                )
            ),
        )
        .with_columns(_reason(control, variant).alias("change_reason"))
    )


def trend(direction: pl.Expr, low: pl.Expr, high: pl.Expr) -> pl.Expr:
    """The `Trend` an interval for the relative change shows, by which way is better.

    `stable` where the interval includes 0; `unknown` where it has no end at all.

    >>> frame = pl.DataFrame({"d": ["up", "down", "up", "up"], "low": [0.1, 0.1, -0.1, None],
    ...                       "high": [None, 0.3, 0.3, None]})
    >>> frame.select(trend(pl.col("d"), pl.col("low"), pl.col("high")))["trend"].to_list()
    ['improving', 'declining', 'stable', 'unknown']
    """
    rises, falls = low > 0, high < 0
    better = pl.when(direction == Direction.DOWN).then(falls).otherwise(rises)
    worse = pl.when(direction == Direction.DOWN).then(rises).otherwise(falls)
    return (
        pl.when(low.is_null() & high.is_null())
        .then(pl.lit(str(Trend.UNKNOWN)))
        .when(better)
        .then(pl.lit(str(Trend.IMPROVING)))
        .when(worse)
        .then(pl.lit(str(Trend.DECLINING)))
        .otherwise(pl.lit(str(Trend.STABLE)))
        .alias("trend")
    )


def _succeeds(suffix: str) -> pl.Expr:
    return pl.col(f"y{suffix}") > 0


def _arrays(pairs: pl.DataFrame, suffix: str) -> list[Floats]:
    return [pairs[f"{name}{suffix}"].cast(pl.Float64).to_numpy() for name in MOMENTS]


def _ends(low: Floats, high: Floats) -> tuple[pl.Series, pl.Series]:
    finite = (np.where(np.isfinite(end), end, np.nan) for end in (low, high))
    low_end, high_end = (pl.Series(end, dtype=pl.Float64).fill_nan(None) for end in finite)
    return low_end, high_end


def _score(pairs: pl.DataFrame, alpha: float) -> tuple[pl.Series, pl.Series]:
    (_, x0, y0, *_), (_, x1, y1, *_) = _arrays(pairs, CONTROL), _arrays(pairs, "")
    return _ends(*koopman_lift(y0, x0, y1, x1, alpha=alpha))


def _daily(pairs: pl.DataFrame, alpha: float) -> tuple[pl.Series, pl.Series]:
    control, variant = (ratio_estimate(Sums(*_arrays(pairs, s))) for s in (CONTROL, ""))
    return _ends(*relative_interval(control, variant, alpha=alpha))


def _reason(control: str, variant: str) -> pl.Expr:
    sides = (("", variant), (CONTROL, control))
    rules: list[tuple[pl.Expr, pl.Expr]] = [
        (pl.col("kind").is_null(), pl.lit("the metric is not in the registry")),
        *((pl.col(f"n{s}").is_null(), pl.lit(f"no delivery in {label}")) for s, label in sides),
        *(
            (pl.col(f"x{s}") <= 0, pl.format(f"no {{}} in {label}", "denominator"))
            for s, label in sides
        ),
        (
            pl.col("method").is_null(),
            pl.format(f"no {{}} in {variant} or in {control}", "numerator"),
        ),
        (
            ~_succeeds(CONTROL),
            pl.format(f"no {{}} in {control}: a change from nothing has no ratio", "numerator"),
        ),
        (
            pl.min_horizontal("n", f"n{CONTROL}") < 2,
            pl.lit("one day alone has no spread to make an interval from"),
        ),
        (
            pl.lit(value=True),
            pl.lit("the days vary too much, or not at all, to bound the change"),
        ),
    ]
    complete = pl.all_horizontal(pl.col("change", "change_low", "change_high").is_not_null())
    return pl.when(~complete).then(
        pl.coalesce(*(pl.when(condition).then(words) for condition, words in rules))
    )
