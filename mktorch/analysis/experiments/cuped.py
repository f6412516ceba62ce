"""Variance reduction from the days before the experiment (CUPED), over daily snapshots.

The classic covariate is a unit's own value before the experiment. Here the unit is a day of an
asset and the asset is the treatment, so its level before the start already holds the effect:
adjusting for the level would remove what is to be measured. The covariate is therefore the asset's
weekday pattern: its value on the same weekday before the start, less its own mean there. No variant
can have caused it to differ in level, and it explains the swing of the week.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from mktorch import stats
from mktorch.analysis.experiments.arrays import arrays, table
from mktorch.analysis.experiments.clusters import Days
from mktorch.analysis.experiments.terms import Terms
from mktorch.metrics import measure_of
from mktorch.rollups import BEFORE
from mktorch.stats import Estimate, Floats, Sums

CUPED = (
    "cuped_difference",
    "cuped_difference_low",
    "cuped_difference_high",
    "cuped_lift",
    "cuped_lift_low",
    "cuped_lift_high",
    "cuped_variance_reduction",
)
_WEEKDAYS = 7
_PARTS = {"n": ("numerator", ""), "d": ("denominator", "")} | {
    "n_before": ("numerator", BEFORE),
    "d_before": ("denominator", BEFORE),
}


class _Week(NamedTuple):
    """Per pair and weekday: days, and the metric's parts during and before the experiment."""

    days: Floats
    n: Floats
    d: Floats
    n_before: Floats
    d_before: Floats


def with_cuped(
    pairs: pl.DataFrame, arm_weekdays: pl.DataFrame, days: Days, terms: Terms
) -> pl.DataFrame:
    """`pairs` with the columns of `CUPED` and `cuped_reason`, which says why they are null.

    Any metric is taken as a ratio over days, linearized by the delta method; the adjusted lift is
    relative to the control's adjusted value. `cuped_variance_reduction` is the share of the
    difference's variance that the weekday pattern explains. Defined where every weekday of the
    experiment has data before its start in both arms.
    Sources: Deng, Xu, Kohavi and Walker (2013), WSDM; Deng, Knoblich and Lu (2018), KDD.
    """
    weeks = [_week(pairs, arm_weekdays, terms, arm) for arm in ("control", "variant")]
    moments = [_moments(pairs, days, arm) for arm in ("control", "variant")]
    control, variant = (_sums(m, week) for m, week in zip(moments, weeks, strict=True))
    adjusted = stats.cuped_estimates(control, variant)
    plain = [stats.ratio_estimate(m) for m in moments]
    difference = stats.welch_interval(*adjusted, alpha=terms.alpha)
    lift = stats.relative_interval(*adjusted, alpha=terms.alpha)
    before, after = _variance(*plain), _variance(*adjusted)
    columns = (
        adjusted[1].value - adjusted[0].value,
        *difference,
        stats.relative_difference(*adjusted),
        *lift,
        1 - after / np.where(before > 0, before, np.nan),
    )
    found = table(dict(zip(CUPED, columns, strict=True)))
    seen = [(week.d_before > 0).any(axis=1) for week in weeks]
    return pairs.hstack(found).with_columns(
        pl.when(pl.col("cuped_difference_low").is_not_null())
        .then(None)
        .when(pl.Series(~(seen[0] & seen[1])))
        .then(pl.lit("no days before the experiment in both arms"))
        .when(pl.col("cuped_difference").is_null())
        .then(pl.lit("a weekday of the experiment has no data before its start"))
        .otherwise(pl.lit("fewer than two days in an arm, or no variation between days"))
        .alias("cuped_reason")
    )


def _variance(control: Estimate, variant: Estimate) -> Floats:
    return control.variance + variant.variance


def _moments(pairs: pl.DataFrame, days: Days, arm: str) -> Sums:
    """An arm's days, denominators, numerators, their squares and products, as `Sums` wants."""
    numerators, denominators = days.parts[:2] if arm == "control" else days.parts[2:]
    x, n = np.nan_to_num(denominators), np.nan_to_num(numerators)
    xx, yy, xy = (
        np.bincount(days.pair, weights=each, minlength=pairs.height)
        for each in (x * x, n * n, x * n)
    )
    count, total, top = arrays(pairs, f"{arm}_days", f"{arm}_denominator", f"{arm}_numerator")
    return Sums(count, total, top, xx, yy, xy)


def _week(pairs: pl.DataFrame, arm_weekdays: pl.DataFrame, terms: Terms, arm: str) -> _Week:
    """One arm's weekday sums as arrays of pairs by weekdays, 0 where there are none."""
    metric = pl.col("metric")
    rows = (
        pairs.select(
            "experiment_id",
            "metric",
            pl.lit(0, pl.Int64).alias("arm") if arm == "control" else "arm",
        )
        .with_row_index("_pair")
        .join(arm_weekdays, on=["experiment_id", "arm"])
        .filter(pl.col("weekday").is_between(1, _WEEKDAYS))
        .select(
            "_pair",
            "weekday",
            "days",
            *(
                measure_of(metric, part, terms.metrics, suffix).alias(name)
                for name, (part, suffix) in _PARTS.items()
            ),
        )
    )
    cell = (rows["_pair"].to_numpy(), rows["weekday"].to_numpy() - 1)

    def grid(column: str) -> Floats:
        filled = np.zeros((pairs.height, _WEEKDAYS))
        filled[cell] = rows[column].cast(pl.Float64).fill_null(0.0).to_numpy()
        return filled

    return _Week(*(grid(name) for name in _Week._fields))


def _sums(moments: Sums, week: _Week) -> Sums:
    """Sufficient statistics of the linearized daily values (y) and the weekday pattern (x).

    y = R + (numerator - R denominator) / mean(denominator): its mean is the ratio R and the
    variance of its mean the delta method's. NaN where a weekday lacks its past.
    """
    n, denominator, numerator, dd, nn, nd = (np.asarray(each) for each in moments)
    during = week.days > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        positive = np.where(denominator > 0, denominator, np.nan)
        ratio, scale = numerator / positive, n / positive
        level = week.n_before.sum(axis=1) / week.d_before.sum(axis=1)
        past = week.n_before / np.where(week.d_before > 0, week.d_before, np.nan)
    pattern = np.where(during, past - level[:, None], 0.0)
    residual = nn - 2 * ratio * nd + ratio * ratio * dd
    x = (week.days * pattern).sum(axis=1)
    tilt = (week.n * pattern).sum(axis=1) - ratio * (week.d * pattern).sum(axis=1)
    return Sums(
        n=n,
        x=x,
        y=n * ratio,
        xx=(week.days * pattern * pattern).sum(axis=1),
        yy=n * ratio * ratio + scale * scale * np.maximum(residual, 0.0),
        xy=ratio * x + scale * tilt,
    )
