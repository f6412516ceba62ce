"""Arms: who is compared with whom, and what each arm's rows add up to."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.experiments.declared import MEASURED
from mktorch.analysis.experiments.terms import Terms
from mktorch.metrics import attribute_of, measure_of, value_of
from mktorch.rollups import ADDED
from mktorch.vocab import STUDIES, Direction, ExperimentType, Measure, MetricKind

ATTRIBUTES = {"metric_kind": "kind", "direction": "direction", "metric_unit": "unit"}
_NONE = pl.lit([], pl.List(pl.String))
DECLARED = ("unit", "assignment", "planned_end", "planned_sample")
"""What few experiments declare: columns of `arms` where the source has them."""


def arms(experiments: pl.DataFrame) -> pl.DataFrame:
    """One row per experiment, arm and asset: `arm` 0 is the control, 1 and on the variants.

    An A/B test has the one `variant_asset`; any other type also its `variant_assets`, each an arm,
    in order and each once. Where an A/B test gives `control_assets` its arms are groups: those
    beside `control_asset`, and `variant_assets` beside `variant_asset`. `arm_asset` is the first
    asset of the arm, by which it goes.
    """
    experiments = experiments.filter(~pl.col("type").is_in(STUDIES))
    groups = (
        pl.col("control_assets").cast(pl.List(pl.String)).fill_null([])
        if "control_assets" in experiments.columns
        else _NONE
    )
    more = pl.col("variant_assets").cast(pl.List(pl.String)).fill_null([])
    paired = pl.col("type") == ExperimentType.AB
    grouped = paired & (groups.list.len() > 0)
    listed = (
        pl.when(paired & ~grouped)
        .then(pl.concat_list("variant_asset"))
        .otherwise(pl.concat_list("variant_asset", more))
    )
    control = pl.when(grouped).then(pl.concat_list("control_asset", groups))
    named = experiments.select(
        *("experiment_id", "campaign_id", "status", "type", "metric"),
        *(name for name in DECLARED if name in experiments.columns),
        grouped.alias("_grouped"),
        control.otherwise(pl.concat_list("control_asset"))
        .list.unique(maintain_order=True)
        .alias("_control"),
        listed.list.drop_nulls().list.unique(maintain_order=True).alias("asset_id"),
    )
    place = pl.int_ranges(1, pl.col("asset_id").list.len() + 1)
    variants = named.with_columns(
        pl.when("_grouped").then(place * 0 + 1).otherwise(place).alias("arm")
    ).explode("asset_id", "arm")
    controls = named.with_columns(
        pl.col("_control").alias("asset_id"), pl.lit(0, pl.Int64).alias("arm")
    )
    return (
        pl.concat([controls.explode("asset_id"), variants.filter(pl.col("arm").is_not_null())])
        .drop("_control", "_grouped")
        .sort("experiment_id", "arm", maintain_order=True)
        .with_columns(pl.col("asset_id").first().over("experiment_id", "arm").alias("arm_asset"))
    )


def arm_totals(experiments: pl.DataFrame, arm_days: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """One row per experiment and arm, with what its days add up to and its metric's own parts.

    Adds the measures, `numerator`, `denominator`, `value`, `days`, `first_day`, `last_day`,
    `trials` (a proportion's denominator; impressions for a ratio metric), `metric_kind` (a ratio
    where conversions are `fractional`), `direction` and `metric_unit`. Null where the arm has no
    day or the metric is unknown.
    """
    metric, metrics = pl.col("metric"), terms.metrics
    sums = arm_days.group_by("experiment_id", "arm").agg(
        *ADDED,
        pl.len().cast(pl.Int64).alias("days"),
        pl.col("date").min().alias("first_day"),
        pl.col("date").max().alias("last_day"),
        (pl.col("conversions") % 1 != 0).any().alias("_parted"),
        pl.col("claimed").any(),
        pl.col("held_back").max(),
    )
    conversions = attribute_of(metric, "numerator", metrics) == Measure.CONVERSIONS
    shared = pl.col("_parted").any().over("experiment_id").fill_null(value=False) & conversions
    return (
        arms(experiments)
        .unique(["experiment_id", "arm"], keep="first", maintain_order=True)
        .drop("asset_id")
        .rename({"arm_asset": "asset_id"})
        .join(sums, on=["experiment_id", "arm"], how="left")
        .with_columns(
            *(attribute_of(metric, of, metrics).alias(name) for name, of in ATTRIBUTES.items()),
            measure_of(metric, "numerator", metrics).cast(pl.Float64).alias("numerator"),
            measure_of(metric, "denominator", metrics).cast(pl.Float64).alias("denominator"),
            value_of(metric, metrics).alias("value"),
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
        .drop("_parted")
        .sort("experiment_id", "arm")
    )


def pairs(totals: pl.DataFrame) -> pl.DataFrame:
    """One row per experiment and variant arm, its measures prefixed `variant_`, its control's
    `control_`; `first_day` and `last_day` span both. Sorted by experiment and arm.
    """
    own = ("asset_id", "first_day", "last_day", *MEASURED, "trials")
    control = totals.filter(pl.col("arm") == 0).select(
        "experiment_id", pl.col(own).name.prefix("control_")
    )
    variant = totals.filter(pl.col("arm") > 0).rename({name: f"variant_{name}" for name in own})
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
