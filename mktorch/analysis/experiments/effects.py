"""Effects of every pair of arms: each kind of metric by its own statistics, one set of columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import polars as pl

from mktorch.analysis.experiments.proportions import proportion_effects
from mktorch.analysis.experiments.ratios import ratio_effects
from mktorch.analysis.experiments.terms import Terms
from mktorch.vocab import MetricKind

POINT = ("difference", "lift")
TESTS = (
    "difference_low",
    "difference_high",
    "lift_low",
    "lift_high",
    "statistic",
    "p_value",
    "always_valid_p",
    "always_valid_difference_low",
    "always_valid_difference_high",
    "always_valid_lift_low",
    "always_valid_lift_high",
    "probability_to_beat_control",
    "expected_loss_scale",
    "expected_loss_keep",
    "credible_lift_low",
    "credible_lift_high",
    "power",
    "minimum_detectable_effect",
    "lift_error",
)
EFFECTS = {"method": pl.String, **dict.fromkeys((*POINT, *TESTS), pl.Float64)}
"""Columns of an effect: fractions for lifts, the metric's unit for differences."""

ROWS_AT_ONCE = 8_192
"""Pairs answered by one thread at a time: fixed, so that results do not depend on the machine."""

KINDS: Mapping[MetricKind, Callable[[pl.DataFrame, Terms], pl.DataFrame]] = {
    MetricKind.PROPORTION: proportion_effects,
    MetricKind.RATIO: ratio_effects,
}


def with_effects(pairs: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """`pairs` with the columns of `EFFECTS`; null where undefined or the metric is unknown."""
    indexed = pairs.with_row_index("_pair")
    answered = [pl.DataFrame(schema={"_pair": pl.UInt32, **EFFECTS})]
    with ThreadPoolExecutor(pl.thread_pool_size()) as threads:
        for kind, answer in KINDS.items():
            rows = indexed.filter(pl.col("metric_kind") == kind)
            slices = rows.iter_slices(ROWS_AT_ONCE)
            answered.extend(threads.map(partial(_answer, answer, terms=terms), slices))
    return indexed.join(pl.concat(answered), on="_pair", how="left").sort("_pair").drop("_pair")


def _answer(
    answer: Callable[[pl.DataFrame, Terms], pl.DataFrame], rows: pl.DataFrame, terms: Terms
) -> pl.DataFrame:
    """One kind's answers for some rows; nothing where an arm has no value."""
    both = rows["control_value"].is_not_null() & rows["variant_value"].is_not_null()
    answers = answer(rows, terms).select(
        pl.when(both).then(pl.col(column)).alias(column) for column in EFFECTS
    )
    return answers.insert_column(0, rows["_pair"])
