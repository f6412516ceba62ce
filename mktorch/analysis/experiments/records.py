"""Records: evaluations in the shape of the public contract, nested as structs."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.experiments.declared import (
    GATE,
    MEASURED,
    SIGNIFICANCE,
    ExperimentRecords,
)


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
        pl.struct(GATE).alias("gates")
    )
    key = ["experiment_id", "variant_asset"]
    joined = experiment_evaluations.join(walked, on=key, how="left", maintain_order="left")
    return ExperimentRecords.of(
        joined.with_columns(
            control_performance=_performance("control"),
            variant_performance=_performance("variant"),
            statistical_significance=pl.struct(SIGNIFICANCE),
        )
    )


def _performance(arm: str) -> pl.Expr:
    return pl.struct(
        pl.col(f"{arm}_asset").alias("asset_id"),
        *(pl.col(f"{arm}_{name}").alias(name) for name in MEASURED),
    )
