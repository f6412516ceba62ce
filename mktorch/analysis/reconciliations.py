"""Two records of one figure, side by side: what was supplied, what the rows say, and the gap."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from mktorch.analysis.money import exact, relative_gap
from mktorch.rollups import MEASURES
from mktorch.sources.checks import NET_ROI_ROUNDING
from mktorch.sums import total
from mktorch.tables import Table, count, fraction, key, number, read, reason, same, text, word
from mktorch.vocab import Source

_CENT = 0.01
_GRAINS = {"conversion_rate": 0.0, "net_roi": NET_ROI_ROUNDING}
# A supplied segment rollup's columns against the measures they restate.
_ROLLED = {
    "impressions": "impressions",
    "clicks": "clicks",
    "conversions": "conversions",
    "spend": "cost",
    "revenue_proxy": "revenue",
}
_FIGURES = "that of the figure"
_CHECK = ("check", "source", "tolerance")
_VERDICTS = ("agrees", "differs", "not_comparable")
_TOLERANCES = ("rate_tolerance", "money_tolerance")


# fmt: off
class Reconciliations(Table):
    """One row per figure that two records state: both statements, the gap and what it means."""

    check = key("The pair of records compared")
    source = word(Source, "The source that supplies the figure", key=True, label="Supplied by")
    key = text("The record of that source", key=True, label="Record")
    figure = text("The column compared", key=True)
    supplied = number(_FIGURES, "The figure as the record states it", null="reason")
    computed = number(_FIGURES, "The same figure computed from the records", null="reason")
    gap = number(_FIGURES, "Supplied less computed", null="reason")
    relative_gap = fraction("(Supplied - computed) / computed without its sign",
        config=_TOLERANCES, null="reason", label="Gap, relative")
    tolerance = fraction("The gap allowed, as a share of the computed figure", config=_TOLERANCES)
    verdict = word(_VERDICTS, "Whether the gap lies within the tolerance", config=_TOLERANCES)
    reason = reason("one side")


def _pairs(verdict: str, what: str) -> dy.Int64:
    return count(f"Number of pairs of figures of the check that {what}",
        read("reconciliations", "verdict", on=("check", "source", "tolerance"), verdict=verdict),
        config=_TOLERANCES)


class ReconciliationSummary(Table):
    """One row per check, source and tolerance: how many pairs agree."""

    check = same(Reconciliations, "check", _CHECK, key=True)
    source = same(Reconciliations, "source", _CHECK, key=True)
    tolerance = same(Reconciliations, "tolerance", _CHECK, key=True)
    agrees = _pairs("agrees", "lie within the tolerance")
    differs = _pairs("differs", "lie further apart than the tolerance")
    not_comparable = _pairs("not_comparable", "cannot be compared")
# fmt: on


def reconciliations(
    roi_ledger: pl.DataFrame,
    segment_rollups: pl.DataFrame,
    campaign_money: pl.DataFrame,
    rollup_rate: pl.DataFrame,
    rollup_day: pl.DataFrame,
    rate_tolerance: float,
    money_tolerance: float,
) -> pl.DataFrame:
    """Every pair of figures that should agree, with gap and verdict.

    Returns
    -------
    `Reconciliations`, sorted by check, key and figure; `relative_gap` is null where computed is 0
    too. `verdict` is `agrees` where |gap| is within
    `tolerance` times |computed| or the rounding of the amounts (0.025 for `net_roi`, a sum of
    five), `differs` beyond it, and `not_comparable` where one side has no record; `reason` then
    says which.
    """
    parts = (
        _ledger_against_metrics(campaign_money).with_columns(
            pl.lit(money_tolerance).alias("tolerance")
        ),
        _net_against_parts(roi_ledger).with_columns(pl.lit(0.0).alias("tolerance")),
        _rate_against_counts(rollup_rate).with_columns(pl.lit(rate_tolerance).alias("tolerance")),
        _supplied_rollups(segment_rollups, rollup_day).with_columns(
            pl.lit(money_tolerance).alias("tolerance")
        ),
    )
    supplied, computed = pl.col("supplied"), pl.col("computed")
    return Reconciliations.of(
        pl.concat(parts)
        .with_columns(
            exact(supplied - computed).alias("gap"),
            relative_gap(supplied, computed).alias("relative_gap"),
        )
        .with_columns(_verdict().alias("verdict"), _reason().alias("reason"))
        .sort("check", "key", "figure")
    )


def reconciliation_summary(reconciliations: pl.DataFrame) -> pl.DataFrame:
    """`ReconciliationSummary`, sorted by its key."""
    counts = (
        (pl.col("verdict") == verdict).sum().cast(pl.Int64).alias(verdict) for verdict in _VERDICTS
    )
    return ReconciliationSummary.of(reconciliations.group_by(_CHECK).agg(counts).sort(_CHECK))


def _pair(
    check: str, source: str, key: pl.Expr, figure: str, supplied: pl.Expr, computed: pl.Expr
) -> list[pl.Expr]:
    return [
        pl.lit(check).alias("check"),
        pl.lit(source).alias("source"),
        key.alias("key"),
        pl.lit(figure).alias("figure"),
        supplied.cast(pl.Float64).alias("supplied"),
        computed.cast(pl.Float64).alias("computed"),
    ]


def _ledger_against_metrics(money: pl.DataFrame) -> pl.DataFrame:
    known = money.filter(pl.any_horizontal(pl.col("ledger_spend", "metrics_spend").is_not_null()))
    return pl.concat(
        known.select(
            _pair(
                "ledger_against_metrics",
                "roi_ledger",
                pl.col("campaign_id"),
                figure,
                pl.col(f"ledger_{short}"),
                pl.col(f"metrics_{short}"),
            )
        )
        for figure, short in (("media_spend", "spend"), ("estimated_value", "revenue"))
    )


def _net_against_parts(ledger: pl.DataFrame) -> pl.DataFrame:
    parts = exact(
        pl.col("estimated_value")
        - pl.sum_horizontal("llm_cost", "human_review_cost", "media_spend")
    )
    key = pl.concat_str("campaign_id", "period", separator=" ", ignore_nulls=True)
    return ledger.select(
        _pair("net_roi_against_parts", "roi_ledger", key, "net_roi", pl.col("net_roi"), parts)
    )


def _rate_against_counts(rollup_rate: pl.DataFrame) -> pl.DataFrame:
    return rollup_rate.filter(pl.col("rate_base") > 0).select(
        _pair(
            "rate_against_counts",
            "performance_metrics",
            pl.col("asset_id"),
            "conversion_rate",
            pl.col("implied_conversions") / pl.col("rate_base"),
            pl.col("conversions") / pl.col("rate_base"),
        )
    )


def _supplied_rollups(supplied: pl.DataFrame, rollup_day: pl.DataFrame) -> pl.DataFrame:
    first, last = (pl.col(column).cast(pl.Date) for column in ("window_start", "window_end"))
    computed = (
        supplied.select("rollup_id", "campaign_id", "segment_id", first, last)
        .join(rollup_day, on=["campaign_id", "segment_id"])
        .filter(pl.col("date").is_between("window_start", "window_end"))
        .group_by("rollup_id")
        .agg(total(measure) for measure in MEASURES)
    )
    both = supplied.select("rollup_id", *_ROLLED).join(
        computed, on="rollup_id", how="left", suffix="_computed"
    )
    return pl.concat(
        both.select(
            _pair(
                "rollup_against_metrics",
                "segment_rollups",
                pl.col("rollup_id"),
                column,
                pl.col(column),
                pl.col(f"{measure}_computed" if measure in _ROLLED else measure),
            )
        )
        for column, measure in _ROLLED.items()
    )


def _verdict() -> pl.Expr:
    # Money recorded in cents may differ by one, a sum of amounts by more; a rate has no such grain.
    grain = pl.col("figure").replace_strict(_GRAINS, default=_CENT, return_dtype=pl.Float64)
    limit = pl.max_horizontal(pl.col("tolerance") * pl.col("computed").abs(), grain)
    return (
        pl.when(pl.col("supplied").is_null() | pl.col("computed").is_null())
        .then(pl.lit("not_comparable"))
        .when(pl.col("gap").abs() <= limit)
        .then(pl.lit("agrees"))
        .otherwise(pl.lit("differs"))
    )


def _reason() -> pl.Expr:
    return (
        pl.when(pl.col("supplied").is_null())
        .then(pl.lit("not supplied"))
        .when(pl.col("computed").is_null())
        .then(pl.lit("no rows to compute it from"))
    )
