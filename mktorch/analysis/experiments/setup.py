"""Setup faults: what makes a comparison unfit to judge, whatever its numbers say."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.experiments.arms import arms
from mktorch.analysis.experiments.declared import ExperimentSetupFaults
from mktorch.analysis.experiments.terms import Allocation, Fault, Terms
from mktorch.vocab import STUDIES, ExperimentStatus

_DUE = (str(ExperimentStatus.RUNNING), str(ExperimentStatus.COMPLETED))
_ARM = ["experiment_id", "arm"]
_ROLE = pl.when(pl.col("arm") == 0).then(pl.lit("control")).otherwise(pl.lit("variant"))


def experiment_setup_faults(
    experiments: pl.DataFrame,
    known_assets: pl.DataFrame,
    arm_totals: pl.DataFrame,
    allocation_checks: pl.DataFrame,
    terms: Terms,
) -> pl.DataFrame:
    """One row per experiment and fault, sorted: `experiment_id`, `fault`, `detail`.

    Faults are the words of `Fault`. An arm is without data where no impression names the
    experiment; only running and completed experiments owe data.
    """
    experiments = experiments.filter(~pl.col("type").is_in(STUDIES))
    listed = arms(experiments)
    known = known_assets.select("asset_id", pl.col("campaign_id").alias("asset_campaign"))
    placed = listed.join(known, on="asset_id", how="left")
    silent = arm_totals.filter(
        pl.col("status").is_in(_DUE) & (pl.col("impressions").fill_null(0) == 0)
    ).join(placed.filter(pl.col("asset_campaign") == pl.col("campaign_id")), on=_ARM, how="semi")
    is_known = pl.col("asset_campaign").is_not_null()
    is_own = pl.col("asset_campaign") == pl.col("campaign_id")
    found = [
        _faults(placed.filter(~is_known), Fault.UNKNOWN_ASSET, "{} {} is not among the assets"),
        _faults(
            placed.filter(is_known & ~is_own),
            Fault.OTHER_CAMPAIGN,
            "{} {} belongs to {}",
            "asset_campaign",
        ),
        _faults(silent, Fault.NO_DATA, "{} {} has no impressions in the experiment"),
        _faults(
            listed.filter(pl.col("arm") > 0).join(
                listed.filter(pl.col("arm") == 0), on=["experiment_id", "asset_id"], how="semi"
            ),
            Fault.SAME_ASSET,
            "{} {} is the control too",
        ),
        _rows(
            experiments.filter(pl.col("end_date") < pl.col("start_date")),
            Fault.END_BEFORE_START,
            pl.format("ends {}, starts {}", *(_day(c) for c in ("end_date", "start_date"))),
        ),
        _rows(
            experiments.filter(~pl.col("metric").is_in(list(terms.metrics))),
            Fault.UNKNOWN_METRIC,
            pl.format("no metric is called {}", "metric"),
        ),
        _rows(
            _guardrails(experiments).filter(~pl.col("guardrail").is_in(list(terms.metrics))),
            Fault.UNKNOWN_METRIC,
            pl.format("no guardrail metric is called {}", "guardrail"),
        ),
        _rows(
            allocation_checks.filter(pl.col("allocation_verdict") == Allocation.FAILED).join(
                experiments, on="experiment_id", how="semi"
            ),
            Fault.ALLOCATION,
            pl.col("allocation_note"),
        ),
    ]
    return ExperimentSetupFaults.of(pl.concat(found).sort("experiment_id", "fault", "detail"))


def _guardrails(experiments: pl.DataFrame) -> pl.DataFrame:
    """One row per experiment and metric of its `guardrail`."""
    if "guardrail" not in experiments.columns:
        return pl.DataFrame(schema={"experiment_id": pl.String, "guardrail": pl.String})
    return experiments.select("experiment_id", "guardrail").explode("guardrail").drop_nulls()


def _faults(arms: pl.DataFrame, fault: Fault, template: str, *more: str) -> pl.DataFrame:
    """A fault of single arms, its detail from the arm's role, its asset and `more` columns."""
    return _rows(arms, fault, pl.format(template, _ROLE, "asset_id", *more))


def _rows(frame: pl.DataFrame, fault: Fault, detail: pl.Expr) -> pl.DataFrame:
    # In one chunk: polars 2.1's `format` can panic where a filter left a chunk without rows.
    return frame.rechunk().select(
        "experiment_id",
        pl.lit(str(fault)).alias("fault"),
        detail.cast(pl.String).alias("detail"),
    )


def _day(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Date).dt.to_string("iso:strict")
