"""Records: evaluations in the shape of the public contract, nested as structs."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.experiments.arms import MEASURED

_SIGNIFICANCE = (
    "method",
    "statistic",
    "p_value",
    "adjusted_p_value",
    "alpha",
    "significant",
    "always_valid_p",
    "probability_to_beat_control",
    "difference",
    "difference_low",
    "difference_high",
    "lift",
    "lift_low",
    "lift_high",
    "power",
    "minimum_detectable_effect",
    "sample_still_needed",
    "days_left",
    "undefined_reason",
)
_GATE = ("gate", "passed", "value", "threshold", "note")


def experiment_records(
    experiment_evaluations: pl.DataFrame, experiment_gates: pl.DataFrame
) -> pl.DataFrame:
    """One row per experiment and variant, in the order evaluated: the contract's record.

    Structs: `control_performance` and `variant_performance` (asset_id, the measures, the metric's
    numerator, denominator and value, days), `statistical_significance`; `gates` is a list of
    structs in the order they decide. Beside the contract's keys: type, metric, warnings,
    deciding_gate and rule.
    """
    walked = experiment_gates.group_by("experiment_id", "variant_asset", maintain_order=True).agg(
        pl.struct(_GATE).alias("gates")
    )
    key = ["experiment_id", "variant_asset"]
    return experiment_evaluations.join(walked, on=key, how="left", maintain_order="left").select(
        "experiment_id",
        "campaign_id",
        "status",
        "type",
        "metric",
        _performance("control"),
        _performance("variant"),
        "lift_percentage",
        pl.struct(_SIGNIFICANCE).alias("statistical_significance"),
        "recommendation",
        "deciding_gate",
        "rule",
        "gates",
        "warnings",
    )


def _performance(arm: str) -> pl.Expr:
    measures = (name for name in MEASURED if name != "trials")
    return pl.struct(
        pl.col(f"{arm}_asset").alias("asset_id"),
        *(pl.col(f"{arm}_{name}").alias(name) for name in measures),
    ).alias(f"{arm}_performance")
