"""Reasons: why a result is null, and what a reader should know before trusting one."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.experiments.terms import Allocation, Caution, Decider, Method, Terms
from mktorch.vocab import ExperimentStatus, MetricKind

_PROPORTION = pl.col("metric_kind") == MetricKind.PROPORTION
_RATIO = pl.col("metric_kind") == MetricKind.RATIO
_DEFINED = pl.col("p_value").is_not_null()


def undefined_reason() -> pl.Expr:
    """Why the test, or else the lift or its interval, is null: the first cause that applies."""
    no_data = {arm: pl.col(f"{arm}_impressions").is_null() for arm in ("control", "variant")}
    below = pl.min_horizontal("control_days", "variant_days") < 2
    return pl.coalesce(
        pl.when(condition).then(reason)
        for condition, reason in (
            (pl.col("metric_kind").is_null(), pl.lit("unknown metric")),
            (
                no_data["control"] & no_data["variant"],
                pl.when(pl.col("status") == ExperimentStatus.PLANNED)
                .then(pl.lit("not started"))
                .otherwise(pl.lit("both arms without data")),
            ),
            *((missing, pl.lit(f"{arm} arm without data")) for arm, missing in no_data.items()),
            *(
                (
                    pl.col(f"{arm}_denominator") <= 0,
                    pl.format(f"{arm} arm has no {{}}", "denominator_name"),
                )
                for arm in no_data
            ),
            *(
                (
                    _PROPORTION & (pl.col(f"{arm}_numerator") > pl.col(f"{arm}_denominator")),
                    pl.format(
                        f"{arm} arm has more {{}} than {{}}", "numerator_name", "denominator_name"
                    ),
                )
                for arm in no_data
            ),
            (_PROPORTION & ~_DEFINED, pl.lit("zero variance: every trial ended alike")),
            (_RATIO & ~_DEFINED & below, pl.lit("fewer than two days in an arm")),
            (
                _RATIO & ~_DEFINED,
                pl.lit("zero variance: the gap between the arms is the same every day"),
            ),
            (pl.col("control_value") == 0, pl.lit("zero control: no relative lift")),
            (pl.col("control_value") < 0, pl.lit("negative control: no relative lift")),
            (
                pl.col("lift_low").is_null() | pl.col("lift_high").is_null(),
                pl.lit("control not distinguishable from 0: the lift is unbounded"),
            ),
        )
    )


def planning_reason(terms: Terms) -> pl.Expr:
    """Why no sample can be planned; null where one is."""
    worth = pl.col("control_value") * (1 + pl.col("sign") * terms.lift_threshold)
    return pl.when(pl.col("sample_needed_per_arm").is_null()).then(
        pl.coalesce(
            pl.when(pl.lit(terms.lift_threshold <= 0)).then(
                pl.lit("the lift threshold is 0: nothing to plan for")
            ),
            pl.when(_PROPORTION & ((worth > 1) | (worth < 0))).then(
                pl.lit("the rate to be reached is outside 0 to 1")
            ),
            "undefined_reason",
        )
    )


def cautions(reversed_pair: pl.Expr, delivered: pl.Expr, terms: Terms) -> pl.Expr:
    """The words of `Caution` that apply, as a list; empty where none does."""
    early = (
        (pl.col("status") == ExperimentStatus.RUNNING)
        & (pl.col("decider") == Decider.FIXED)
        & ~pl.col("planned_sample_reached").fill_null(value=False)
        & (pl.col("p_value") < terms.alpha)
        & (pl.col("always_valid_p") >= terms.alpha)
    )
    small = (pl.col("method") == Method.CONTINUITY) & _DEFINED
    held = {
        Caution.LOOKED_EARLY: early,
        Caution.REVERSAL: reversed_pair,
        Caution.SEGMENTS: pl.col("control_segment") != pl.col("variant_segment"),
        Caution.SMALL_COUNTS: small,
        Caution.FRACTIONAL: pl.col("fractional"),
        Caution.DELIVERY: delivered,
        Caution.SPLIT: pl.col("allocation_verdict") == Allocation.WARNED,
        Caution.CLAIMED: pl.col("claimed"),
        Caution.GUARDRAIL: pl.col("guardrails_worse") > 0,
        Caution.HELD_BACK: pl.col("held_back") > 0,
    }
    return pl.concat_list(
        pl.when(condition).then(pl.lit(str(word))) for word, condition in held.items()
    ).list.drop_nulls()
