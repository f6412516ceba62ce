"""Lift studies and tests by region, from records to the table and the page."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

import mktorch
from mktorch import stats
from mktorch.analysis.studies import IncrementalityStudies, incrementality_studies
from mktorch.clock import Clock
from mktorch.metrics import METRICS
from mktorch.rollups.geo import RollupGeoDay, rollup_geo_day
from mktorch.sources.schemas import Experiments

START = date(2026, 3, 20)
CLOCK = Clock.on(date(2026, 4, 18))


def study(**fields: object) -> pl.DataFrame:
    given = {
        "experiment_id": "S1",
        "campaign_id": "C1",
        "start_date": START,
        "metric": "conversions",
        "status": "completed",
        **fields,
    }
    return pl.DataFrame([given], schema_overrides=dict(Experiments.dtypes()))


def judged(experiments: pl.DataFrame, days: pl.DataFrame | None = None) -> dict[str, object]:
    held = pl.DataFrame(schema=RollupGeoDay.dtypes()) if days is None else days
    found = incrementality_studies(experiments, held, METRICS, CLOCK, 0.05)
    assert found.columns == IncrementalityStudies.column_names()
    return found.row(0, named=True)


REPORTED = {
    "type": "lift",
    "test_reached": 100_000,
    "test_conversions": 1_200.0,
    "control_reached": 50_000,
    "control_conversions": 500.0,
    "spend": 20_000.0,
}


def test_a_lift_study_by_hand() -> None:
    # 1.2 % against 1.0 %: 20 % more; 0.2 points of 100,000 people are 200 conversions, $100 each.
    row = judged(study(**REPORTED))
    assert (row["lift"], row["incremental"]) == pytest.approx((0.2, 200.0))
    assert row["cost_per_incremental"] == pytest.approx(100.0)
    answer = stats.compare_proportions(500, 50_000, 1_200, 100_000)
    assert row["p_value"] == float(answer.p_value)
    assert (row["lift_low"], row["lift_high"]) == tuple(map(float, answer.lift))
    low, high = (float(end) * 100_000 for end in answer.difference)
    assert (row["incremental_low"], row["incremental_high"]) == pytest.approx((low, high))
    assert row["cost_per_incremental_low"] == pytest.approx(20_000 / high)
    assert row["cost_per_incremental_high"] == pytest.approx(20_000 / low)
    assert (row["test_units"], row["control_units"], row["placebos"]) == (100_000, 50_000, None)
    assert (row["method"], row["study_reason"]) == ("score", None)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"control_reached": None}, "the record lacks people reached or conversions"),
        ({"control_reached": 0, "control_conversions": 0.0}, "no one was reached in one of"),
        ({"test_conversions": 200_000.0}, "more conversions than people"),
        ({"control_conversions": 0.0}, "a lift over nothing has no ratio"),
    ],
)
def test_a_lift_that_cannot_be_stated_says_why(changed: dict[str, object], says: str) -> None:
    row = judged(study(**{**REPORTED, **changed}))
    assert row["lift"] is None
    assert says in row["study_reason"]
    # Over a control of none the units added are known, the ratio is not.
    assert (row["incremental"] is None) == ("ratio" not in says)


def test_nothing_added_has_no_cost_of_one() -> None:
    row = judged(study(**{**REPORTED, "test_conversions": 900.0}))
    assert row["incremental"] == pytest.approx(-100.0)
    assert (row["cost_per_incremental"], row["cost_per_incremental_high"]) == (None, None)


def regions(lift: float, *, tested: int = 3, count: int = 24, seed: int = 6) -> pl.DataFrame:
    """Daily conversions of regions of any size that share a week's swing."""
    rng = np.random.default_rng(seed)
    rows = []
    for place, size in enumerate(rng.uniform(50, 900, count)):
        for day in range(77):
            when = START - timedelta(days=47 - day)
            more = 1 + lift if place < tested and when >= START else 1.0
            swing = 1 + 0.3 * np.sin(day / 7 * 2 * np.pi)
            rows.append(
                ("C1", f"R{place:02d}", when, float(rng.poisson(size * swing * more)), 10.0)
            )
    columns = ("campaign_id", "geo", "date", "conversions", "cost")
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    blank = (
        pl.lit(None, kind).alias(name)
        for name, kind in RollupGeoDay.dtypes().items()
        if name not in columns
    )
    return RollupGeoDay.of(frame.with_columns(blank))


TESTED = {"type": "geo", "test_geos": ["R00", "R01", "R02"]}


def test_a_test_by_region_finds_what_was_planted() -> None:
    days = regions(0.25)
    row = judged(study(**TESTED), days)
    assert row["lift_low"] < 0.25 < row["lift_high"]
    assert row["lift"] == pytest.approx(0.25, abs=0.02)
    assert row["p_value"] < 0.01
    assert (row["test_units"], row["control_units"]) == (3, 21)
    assert (row["method"], row["placebos"]) == ("placebos", 2_000)
    # What came above what the controls foretell: total less total / (1 + lift).
    after = days.filter(pl.col("date") >= START, pl.col("geo").is_in(TESTED["test_geos"]))
    total = after["conversions"].sum()
    assert row["incremental"] == pytest.approx(total - total / (1 + row["lift"]))
    # 30 days of three regions at 10 a day, as nothing is stated.
    assert row["spend"] == 900.0
    assert judged(study(**TESTED, spend=500.0), days)["spend"] == 500.0
    # A metric of the registry counts by its numerator.
    assert judged(study(**TESTED, metric="conversion_rate"), days)["lift"] == row["lift"]


def test_a_test_by_region_without_effect_is_not_significant() -> None:
    row = judged(study(**TESTED), regions(0.0))
    assert row["p_value"] > 0.05
    assert row["lift_low"] < 0 < row["lift_high"]
    few = judged(study(**TESTED), regions(0.0, count=5))
    assert (few["method"], few["placebos"]) == ("regression", 10)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"test_geos": None}, "names no test_geos"),
        ({"metric": "happiness"}, "no metric or measure of that name"),
        ({"campaign_id": "C9"}, "no row of the campaign carries a geo"),
        ({"start_date": date(2026, 1, 1)}, "do not cover days before and after the start"),
        ({"test_geos": ["Atlantis"]}, "it takes a test region and two control regions"),
    ],
)
def test_a_test_by_region_that_cannot_be_judged_says_why(fields: dict, says: str) -> None:
    row = judged(study(**{**TESTED, **fields}), regions(0.1))
    assert row["lift"] is None
    assert says in row["study_reason"]


def test_days_by_region_are_summed_by_hand() -> None:
    metrics = pl.DataFrame(
        {
            "asset_id": ["A1", "A1", "A2", "A1"],
            "geo": ["north", "north", "north", None],
            "timestamp": [datetime(2026, 3, 1, hour) for hour in (1, 2, 3, 4)],
            "impressions": [10, 20, None, 5],
            "clicks": [1, 2, 3, 4],
            "conversions": [0.5, 0.25, 1.0, 9.0],
            "cost": [0.1, 0.2, 0.3, 9.0],
            "revenue_proxy": [None, None, None, 1.0],
        }
    )
    assets = pl.DataFrame({"asset_id": ["A1", "A2"], "campaign_id": ["C1", "C1"]})
    found = rollup_geo_day(metrics, assets).rows()
    assert found == [("C1", "north", date(2026, 3, 1), 30, 6, 1.75, 0.6, None)]
    assert rollup_geo_day(metrics.drop("geo"), assets).is_empty()


def test_a_run_judges_studies_apart_from_comparisons(tiny, edit) -> None:
    asset = mktorch.run(tiny, out=tiny / "before").tables.creative_assets.row(0, named=True)
    fields = {
        "campaign_id": asset["campaign_id"],
        "start_date": "2026-03-10",
        "status": "completed",
    }
    lift = {"experiment_id": "L1", **fields, **REPORTED, "metric": "conversions"}
    broken = {"experiment_id": "B1", **fields, "type": "A/B", "metric": "conversion_rate"}
    edit("experiments", lambda records: [*records, lift, broken])
    run = mktorch.run(tiny, out=tiny / "after")
    assert run.tables.incrementality_studies["experiment_id"].to_list() == ["L1"]
    assert "L1" not in run.tables.experiment_evaluations["experiment_id"].to_list()
    assert "L1" not in run.tables.experiment_setup_faults["experiment_id"].to_list()
    # What compares assets must name them.
    failed = run.tables.failures.filter(pl.col("field").is_in(["control_asset", "variant_asset"]))
    assert failed["rule"].unique().to_list() == ["missing_required"]
    shown = run.show.incrementality()
    assert shown.title == "1 study: 1 shows an increase."
    assert "+20.0%" in shown.html()
    assert "+20.0%" in shown.typst()
    assert "test_conversions" in str(run.explain("incrementality_studies.lift"))
    assert mktorch.load_run(run.path).show.incrementality().frame.height == 1
