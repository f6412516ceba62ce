"""The metric registry: a name is a numerator over a denominator, a direction and a unit.

Every rate in mktorch is a sum over a sum: roll the measures up first, then call these.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from mktorch.config import Metric
from mktorch.vocab import Direction, Measure, MetricKind, Unit

METRICS: Mapping[str, Metric] = {
    "click_through_rate": Metric(
        numerator=Measure.CLICKS,
        denominator=Measure.IMPRESSIONS,
        kind=MetricKind.PROPORTION,
        label="Click-through rate",
    ),
    "feature_click_through_rate": Metric(
        numerator=Measure.CLICKS,
        denominator=Measure.IMPRESSIONS,
        kind=MetricKind.PROPORTION,
        label="Feature click-through rate",
    ),
    "conversion_rate": Metric(
        numerator=Measure.CONVERSIONS,
        denominator=Measure.IMPRESSIONS,
        kind=MetricKind.PROPORTION,
        label="Conversion rate",
    ),
    "demo_request_rate": Metric(
        numerator=Measure.CONVERSIONS,
        denominator=Measure.IMPRESSIONS,
        kind=MetricKind.PROPORTION,
        label="Demo request rate",
    ),
    "click_to_conversion_rate": Metric(
        numerator=Measure.CONVERSIONS,
        denominator=Measure.CLICKS,
        kind=MetricKind.PROPORTION,
        label="Click-to-conversion rate",
    ),
    "cost_per_acquisition": Metric(
        numerator=Measure.COST,
        denominator=Measure.CONVERSIONS,
        kind=MetricKind.RATIO,
        direction=Direction.DOWN,
        unit=Unit.CURRENCY,
        label="Cost per acquisition",
    ),
    "cost_per_click": Metric(
        numerator=Measure.COST,
        denominator=Measure.CLICKS,
        kind=MetricKind.RATIO,
        direction=Direction.DOWN,
        unit=Unit.CURRENCY,
        label="Cost per click",
    ),
    "cost_per_impression": Metric(
        numerator=Measure.COST,
        denominator=Measure.IMPRESSIONS,
        kind=MetricKind.RATIO,
        direction=Direction.DOWN,
        unit=Unit.CURRENCY,
        label="Cost per impression",
    ),
    "return_on_ad_spend": Metric(
        numerator=Measure.REVENUE,
        denominator=Measure.COST,
        kind=MetricKind.RATIO,
        unit=Unit.RATIO,
        label="Return on ad spend",
    ),
    "revenue_per_impression": Metric(
        numerator=Measure.REVENUE,
        denominator=Measure.IMPRESSIONS,
        kind=MetricKind.RATIO,
        unit=Unit.CURRENCY,
        label="Revenue per impression",
    ),
    "revenue_per_conversion": Metric(
        numerator=Measure.REVENUE,
        denominator=Measure.CONVERSIONS,
        kind=MetricKind.RATIO,
        unit=Unit.CURRENCY,
        label="Revenue per conversion",
    ),
}


def registry(metrics: Mapping[str, Metric] | None = None) -> dict[str, Metric]:
    """The built-in metrics with a user's own beside or over them."""
    return {**METRICS, **(metrics or {})}


def ratio(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """`numerator / denominator`; null where the denominator is null or not positive.

    >>> pl.select(ratio(pl.lit(3), pl.lit(4)), none=ratio(pl.lit(3), pl.lit(0))).row(0)
    (0.75, None)
    """
    # Polars divides by a scalar through its reciprocal, off by one bit; by a column it divides.
    return numerator / (pl.when(denominator > 0).then(denominator) + numerator * 0)


def roas(revenue: pl.Expr, cost: pl.Expr) -> pl.Expr:
    """Revenue per unit of cost (ratio); null where cost is not positive."""
    return ratio(revenue, cost)


def roi(revenue: pl.Expr, cost: pl.Expr) -> pl.Expr:
    """Net return per unit of cost: 0.25 is +25 %; null where cost is not positive.

    >>> round(pl.select(roi(pl.lit(19150.0), pl.lit(10500.0))).item(), 2)
    0.82
    """
    return roas(revenue, cost) - 1


def measure_of(
    metric: pl.Expr, part: str, metrics: Mapping[str, Metric] = METRICS, suffix: str = ""
) -> pl.Expr:
    """Each row's own `numerator` or `denominator` column, chosen by the metric it names.

    Null where the metric is unknown. `suffix` picks a variant of the columns, such as `_sq`.

    >>> frame = pl.DataFrame(
    ...     {"metric": ["click_through_rate", "conversion_rate"], "impressions": 90, "clicks": 5,
    ...      "conversions": 2, "cost": 7, "revenue": 9})
    >>> frame.select(n=measure_of(pl.col("metric"), "numerator"))["n"].to_list()
    [5, 2]
    """
    by_column: dict[str, list[str]] = {}
    for name, definition in metrics.items():
        by_column.setdefault(str(getattr(definition, part)), []).append(name)
    choices = (
        pl.when(metric.is_in(names)).then(pl.col(f"{column}{suffix}"))
        for column, names in sorted(by_column.items())
    )
    return pl.coalesce(*choices)


def value_of(metric: pl.Expr, metrics: Mapping[str, Metric] = METRICS) -> pl.Expr:
    """The value of the metric each row names; null where unknown or without a denominator."""
    return ratio(
        measure_of(metric, "numerator", metrics).cast(pl.Float64),
        measure_of(metric, "denominator", metrics).cast(pl.Float64),
    )


def attribute_of(metric: pl.Expr, attribute: str, metrics: Mapping[str, Metric]) -> pl.Expr:
    """A registry attribute (`kind`, `direction`, `unit`, `label`) of the metric each row names."""
    return metric.replace_strict(
        {name: str(getattr(definition, attribute)) for name, definition in metrics.items()},
        default=None,
        return_dtype=pl.String,
    )
