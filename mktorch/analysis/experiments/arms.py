"""Arms: who is compared with whom, and what each arm's rows add up to."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from mktorch.config import Metric
from mktorch.metrics import attribute_of, measure_of, value_of
from mktorch.rollups import MEASURES, PRODUCTS
from mktorch.vocab import STUDIES, Direction, ExperimentType, Measure, MetricKind

ATTRIBUTES = {"metric_kind": "kind", "direction": "direction", "metric_unit": "unit"}
MEASURED = (*MEASURES, "numerator", "denominator", "value", "days", "trials")
MOMENTS = ("numerator_sq", "denominator_sq", "product")


def arms(experiments: pl.DataFrame) -> pl.DataFrame:
    """One row per experiment and arm: `arm` 0 is the control, 1 and on the variants.

    An A/B test has the one `variant_asset`; any other type also its `variant_assets`, in order and
    each once.
    """
    experiments = experiments.filter(~pl.col("type").is_in(STUDIES))
    more = pl.col("variant_assets").cast(pl.List(pl.String)).fill_null([])
    listed = (
        pl.when(pl.col("type") == ExperimentType.AB)
        .then(pl.concat_list("variant_asset"))
        .otherwise(pl.concat_list("variant_asset", more))
    )
    variants = listed.list.drop_nulls().list.unique(maintain_order=True)
    return (
        experiments.select(
            "experiment_id",
            "campaign_id",
            "status",
            "type",
            "metric",
            pl.concat_list("control_asset", variants).alias("asset_id"),
        )
        .with_columns(pl.int_ranges(pl.col("asset_id").list.len()).alias("arm"))
        .explode("asset_id", "arm")
        .sort("experiment_id", "arm")
    )


def measured(
    arms: pl.DataFrame, rollup_experiment: pl.DataFrame, metrics: Mapping[str, Metric]
) -> pl.DataFrame:
    """`arms` with the measures of the rows that name the experiment, and its metric's own parts.

    Adds `numerator`, `denominator`, `value`, the sums of their squares and `product`, `days`,
    `first_day`, `last_day`, `trials` (a proportion's denominator; impressions for a ratio metric),
    `metric_kind` (a ratio where conversions are `fractional`), `direction` and `metric_unit`. Null
    where no row names the experiment or the metric is unknown.
    """
    metric = pl.col("metric")
    sums = rollup_experiment.select(
        "experiment_id",
        "asset_id",
        *MEASURES,
        *PRODUCTS.values(),
        "days",
        "first_day",
        "last_day",
        "fractional_days",
    )
    parted = pl.col("fractional_days").sum().over("experiment_id") > 0
    shared = parted & (attribute_of(metric, "numerator", metrics) == Measure.CONVERSIONS)
    return (
        arms.join(sums, on=["experiment_id", "asset_id"], how="left")
        .with_columns(
            *(attribute_of(metric, of, metrics).alias(name) for name, of in ATTRIBUTES.items()),
            measure_of(metric, "numerator", metrics).cast(pl.Float64).alias("numerator"),
            measure_of(metric, "denominator", metrics).cast(pl.Float64).alias("denominator"),
            value_of(metric, metrics).alias("value"),
            measure_of(metric, "numerator", metrics, "_sq").alias("numerator_sq"),
            measure_of(metric, "denominator", metrics, "_sq").alias("denominator_sq"),
            _product_of(metric, metrics).alias("product"),
            attribute_of(metric, "denominator", metrics).alias("denominator_name"),
            attribute_of(metric, "numerator", metrics).alias("numerator_name"),
        )
        .with_columns(
            # Parts of conversions are no successes to count: their sums are compared day by day.
            pl.when(shared & (pl.col("metric_kind") == MetricKind.PROPORTION))
            .then(pl.lit(str(MetricKind.RATIO)))
            .otherwise("metric_kind")
            .alias("metric_kind"),
            shared.alias("fractional"),
        )
        .with_columns(
            pl.when(pl.col("metric_kind") == MetricKind.PROPORTION)
            .then("denominator")
            .otherwise(pl.col("impressions").cast(pl.Float64))
            .alias("trials")
        )
        .drop(*PRODUCTS.values(), "fractional_days")
        .sort("experiment_id", "arm")
    )


def pairs(measured: pl.DataFrame) -> pl.DataFrame:
    """One row per experiment and variant arm, its measures prefixed `variant_`, its control's
    `control_`; `first_day` and `last_day` span both. Sorted by experiment and arm.
    """
    own = ("asset_id", "first_day", "last_day", *MEASURED, *MOMENTS)
    control = measured.filter(pl.col("arm") == 0).select(
        "experiment_id", pl.col(own).name.prefix("control_")
    )
    variant = measured.filter(pl.col("arm") > 0).rename({name: f"variant_{name}" for name in own})
    days = {
        "first_day": pl.min_horizontal("control_first_day", "variant_first_day"),
        "last_day": pl.max_horizontal("control_last_day", "variant_last_day"),
    }
    return (
        variant.join(control, on="experiment_id", how="left")
        .with_columns(
            **days,
            sign=pl.when(pl.col("direction") == Direction.DOWN).then(-1.0).otherwise(1.0),
        )
        .rename({"control_asset_id": "control_asset", "variant_asset_id": "variant_asset"})
        .sort("experiment_id", "arm")
    )


def _product_of(metric: pl.Expr, metrics: Mapping[str, Metric]) -> pl.Expr:
    """The sum of numerator times denominator over daily snapshots, of the metric a row names."""
    by_column: dict[str, list[str]] = {}
    for name, definition in metrics.items():
        pair = (definition.numerator, definition.denominator)
        column = PRODUCTS.get(pair) or PRODUCTS[pair[::-1]]
        by_column.setdefault(column, []).append(name)
    choices = (
        pl.when(metric.is_in(names)).then(pl.col(column))
        for column, names in sorted(by_column.items())
    )
    return pl.coalesce(*choices)
