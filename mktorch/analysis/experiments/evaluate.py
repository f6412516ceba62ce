"""Evaluations: one row per experiment and variant, with every answer and the recommendation."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.experiments.allocation import delivered
from mktorch.analysis.experiments.arms import pairs
from mktorch.analysis.experiments.clusters import Days, days, units, with_clusters
from mktorch.analysis.experiments.cuped import CUPED, with_cuped
from mktorch.analysis.experiments.declared import ExperimentEvaluations
from mktorch.analysis.experiments.effects import TESTS, with_effects
from mktorch.analysis.experiments.gates import decide
from mktorch.analysis.experiments.guardrails import with_guardrails
from mktorch.analysis.experiments.planned import with_plan
from mktorch.analysis.experiments.reasons import cautions, planning_reason, undefined_reason
from mktorch.analysis.experiments.significance import with_significance
from mktorch.analysis.experiments.strata import reversals
from mktorch.analysis.experiments.terms import Fault, Terms
from mktorch.analysis.experiments.winner import winner
from mktorch.vocab import MetricKind


def experiment_evaluations(
    known_assets: pl.DataFrame,
    arm_totals: pl.DataFrame,
    allocation_checks: pl.DataFrame,
    arm_days: pl.DataFrame,
    arm_weekdays: pl.DataFrame,
    arm_units: pl.DataFrame,
    guardrail_checks: pl.DataFrame,
    experiment_setup_faults: pl.DataFrame,
    terms: Terms,
) -> pl.DataFrame:
    """Judge every variant of every experiment against its control, all at once.

    Parameters
    ----------
    known_assets
        The input table.
    arm_totals, allocation_checks
        What each arm adds up to, and how its experiment was split.
    arm_days, arm_weekdays, arm_units
        What `rollups` sums of them, by arm: each day, by weekday, and each unit that rows name.
    guardrail_checks
        From `guardrail_checks`.
    experiment_setup_faults
        From `experiment_setup_faults`.
    terms
        The settings to judge by.

    Returns
    -------
    `ExperimentEvaluations`, one row per experiment and variant arm, sorted by both. Rates, lifts,
    powers and probabilities are fractions; `lift_percentage` is 100 times the lift; differences
    and losses are in the metric's unit. What is undefined is null, and `undefined_reason`,
    `planning_reason`, `allocation_note` and `cuped_reason` say why.
    """
    compared = _with_context(
        pairs(arm_totals), known_assets, experiment_setup_faults, allocation_checks
    )
    daily = days(compared, arm_days, terms)
    named = units(compared, arm_units, terms)
    clustered = with_clusters(with_cuped(compared, arm_weekdays, daily, terms), daily, named)
    answered = with_plan(with_effects(clustered, terms), daily, named, terms)
    explained = answered.with_columns(undefined_reason().alias("undefined_reason")).with_columns(
        planning_reason(terms).alias("planning_reason")
    )
    tested = explained if terms.testing else _without_tests(explained)
    guarded = with_guardrails(with_significance(tested, terms), guardrail_checks, terms)
    decided = decide(
        _with_cautions(guarded, daily, terms).with_columns(
            (100 * pl.col("lift")).alias("lift_percentage")
        ),
        terms,
    )
    return ExperimentEvaluations.of(decided.with_columns(winner())).sort("experiment_id", "arm")


def _with_context(
    compared: pl.DataFrame, assets: pl.DataFrame, faults: pl.DataFrame, allocation: pl.DataFrame
) -> pl.DataFrame:
    """Pairs with their sample, segments, allocation check, and faults that no other gate reads."""
    text = pl.format("{}: {}", "fault", "detail").str.join("; ")
    by_experiment = (
        faults.filter(pl.col("fault") != Fault.ALLOCATION)
        .rechunk()
        .group_by("experiment_id", maintain_order=True)
        .agg(pl.len().cast(pl.Int64).alias("setup_faults"), text.alias("setup_note"))
    )
    segments = {
        arm: assets.select(
            pl.col("asset_id").alias(f"{arm}_asset"), pl.col("segment_id").alias(f"{arm}_segment")
        )
        for arm in ("control", "variant")
    }
    smaller = pl.min_horizontal(
        pl.col("control_trials").fill_null(0.0), pl.col("variant_trials").fill_null(0.0)
    )
    ratio = pl.col("metric_kind") == MetricKind.RATIO
    return (
        compared.join(by_experiment, on="experiment_id", how="left")
        .join(allocation, on="experiment_id", how="left")
        .join(segments["control"], on="control_asset", how="left")
        .join(segments["variant"], on="variant_asset", how="left")
        .with_columns(
            pl.col("setup_faults").fill_null(0),
            smaller.cast(pl.Int64, strict=False).alias("sample"),
            pl.when(ratio)
            .then(pl.lit("impressions"))
            .otherwise("denominator_name")
            .alias("trials_name"),
        )
        .sort("experiment_id", "arm")
    )


def _with_cautions(evidence: pl.DataFrame, days: Days, terms: Terms) -> pl.DataFrame:
    reversed_pair = pl.lit(pl.Series(reversals(evidence, days)))
    return evidence.with_columns(
        cautions(reversed_pair, delivered(evidence), terms).alias("warnings")
    )


def _without_tests(explained: pl.DataFrame) -> pl.DataFrame:
    """Effects alone: every column that rests on a test is null, and says that testing is off."""
    off = pl.lit("statistical testing is off")
    words = ("method", "cluster", "plan", "sample_unit")
    counts = ("sample_needed_per_arm", "sample_still_needed", "days_left")
    return explained.with_columns(
        *(pl.lit(None, pl.Float64).alias(name) for name in (*TESTS, *CUPED)),
        *(pl.lit(None, pl.String).alias(name) for name in words),
        *(pl.lit(None, pl.Int64).alias(name) for name in counts),
        pl.lit(None, pl.Boolean).alias("planned_sample_reached"),
        pl.lit(None, pl.Float64).alias("sample_reached"),
        off.alias("planning_reason"),
        off.alias("cuped_reason"),
    )
