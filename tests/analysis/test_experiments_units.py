"""Rows that name the unit chance assigned: units, not days, are what varies."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from scipy import stats as scipy_stats

from mktorch.analysis.experiments import (
    Terms,
    allocation_checks,
    arm_totals,
    arm_units,
    experiment_evaluations,
    experiment_setup_faults,
    guardrail_checks,
)
from mktorch.clock import Clock
from mktorch.config.experiment_rules import ExperimentRules
from mktorch.rollups import rollups
from mktorch.rollups.assigned import rollup_experiment_unit
from tests.analysis.experiment_cases import (
    CPA,
    MONDAY,
    arms_of,
    assets,
    experiments,
    one,
)

USERS = 300


def records(column: str = "unit_id", days: int = 3, seed: int = 5, users: int = USERS):
    """Rows of users of A and B on up to `days` days; some users click much, most never."""
    rng = np.random.default_rng(seed)
    arm = np.repeat(["A", "B"], users)
    keen = rng.beta(0.3, 2.7, 2 * users)
    rows = [
        (a, "E1", datetime.combine(MONDAY + timedelta(days=d), datetime.min.time()), f"U{i}", n, x)
        for i, (a, k) in enumerate(zip(arm, keen, strict=True))
        for d in range(days)
        for n in [int(rng.integers(1, 12))]
        for x in [int(rng.binomial(n, k))]
    ]
    frame = pl.DataFrame(
        rows,
        schema=["asset_id", "experiment_id", "timestamp", column, "impressions", "clicks"],
        orient="row",
    )
    return frame.with_columns(
        pl.col("timestamp").cast(pl.Datetime("us")),
        conversions=pl.col("clicks"),
        conversion_rate=pl.lit(None, pl.Float64),
        cost=pl.col("impressions") * 0.5,
        revenue_proxy=pl.lit(0.0),
    )


def judged(frame: pl.DataFrame, tested: pl.DataFrame, terms: Terms | None = None) -> dict:
    terms = terms or Terms(rules=ExperimentRules(inference="fixed"))
    clock = Clock.on(MONDAY + timedelta(days=27))
    days, weekdays = arms_of(tested, rollups(frame, assets(), clock, tested), terms)
    totals = arm_totals(tested, days, terms)
    checks = allocation_checks(tested, totals, days, terms)
    named = arm_units(tested, days, rollup_experiment_unit(frame, tested))
    guards = guardrail_checks(tested, days, named, terms)
    faults = experiment_setup_faults(tested, assets(), totals, checks, terms)
    return one(
        experiment_evaluations(
            assets(), totals, checks, days, weekdays, named, guards, faults, terms
        )
    )


def welch(frame: pl.DataFrame, over: str, under: str):
    """Welch's t of units, each by how far it moves its arm's ratio."""
    by_unit = frame.group_by("asset_id", "unit_id").agg(pl.col(over, under).sum())

    def linear(asset: str) -> np.ndarray:
        x, n = (by_unit.filter(asset_id=asset)[name].to_numpy() for name in (over, under))
        ratio = x.sum() / n.sum()
        return ratio + (x - ratio * n) / n.mean()

    return scipy_stats.ttest_ind(linear("B"), linear("A"), equal_var=False)


@pytest.mark.parametrize(
    ("change", "over", "under"), [({}, "clicks", "impressions"), (CPA, "cost", "conversions")]
)
@pytest.mark.parametrize("days", [1, 3])
def test_units_are_clusters_and_p_is_that_of_welch(change, over, under, days) -> None:
    frame = records(days=days)
    row = judged(frame, experiments(change))
    expected = welch(frame, over, under)
    assert (row["cluster"], row["clusters"]) == ("units: the rows name what was assigned", 600)
    assert abs(row["statistic"]) == pytest.approx(abs(expected.statistic), rel=1e-9)
    assert row["p_value"] == pytest.approx(expected.pvalue, rel=1e-6)
    assert (row["p_value"] < row["alpha"]) == (
        row["difference_low"] > 0 or row["difference_high"] < 0
    )


def test_users_who_click_alike_vary_more_than_their_impressions() -> None:
    frame = records()
    by_unit, by_trial = (judged(each, experiments({})) for each in (frame, frame.drop("unit_id")))
    assert by_unit["inflation"] == by_unit["dispersion"] > 2
    assert by_trial["cluster"] == "trials: their unit is what was assigned by chance"
    assert by_unit["p_value"] > by_trial["p_value"]


def test_a_row_without_its_unit_leaves_the_experiment_to_its_days() -> None:
    frame = records().with_columns(unit_id=pl.when(pl.int_range(pl.len()) > 0).then("unit_id"))
    assert judged(frame, experiments({}))["cluster"].startswith("trials")


@pytest.mark.parametrize(("assignment", "cluster"), [("geo", "units"), ("user", "trials")])
def test_regions_are_units_where_regions_were_assigned(assignment, cluster) -> None:
    tested = experiments({"unit": assignment, "assignment": assignment})
    row = judged(records("geo", users=9), tested)
    assert row["cluster"].startswith(cluster)
    assert row["clusters"] == (18 if cluster == "units" else 3)


def test_a_sample_of_units_is_planned_in_units() -> None:
    row = judged(records(days=1), experiments(CPA))
    assert row["sample_unit"] == "units"
    assert row["sample_needed_per_arm"] > 100
    assert judged(records(days=3).drop("unit_id"), experiments(CPA))["sample_unit"] == "days"
