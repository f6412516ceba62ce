"""Experiments made from a few daily rows, for the tests of their evaluation."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import polars as pl

from mktorch.analysis.experiments import (
    Terms,
    allocation_checks,
    arm_days,
    arm_totals,
    arm_units,
    arm_weekdays,
    experiment_evaluations,
    experiment_gates,
    experiment_setup_faults,
    guardrail_checks,
)
from mktorch.clock import Clock
from mktorch.config.experiment_rules import ExperimentRules
from mktorch.rollups import rollups
from mktorch.rollups.assigned import RollupExperimentUnit

MONDAY = date(2026, 3, 2)
CPA = {"metric": "cost_per_acquisition"}
TABLES = ((48, 80, 56, 70), (60, 100, 76, 100), (50, 100, 61, 100), (52, 100, 55, 100))
SEEN = {"inference": "fixed", "correction": "none", "lift_gate": "point"}
"""Rules that judge what is seen at one look: the plainest, for what does not concern the look."""
FIXED = Terms(rules=ExperimentRules(**SEEN))
EXPERIMENTS = {
    "experiment_id": pl.String,
    "campaign_id": pl.String,
    "start_date": pl.Date,
    "end_date": pl.Date,
    "type": pl.String,
    "metric": pl.String,
    "control_asset": pl.String,
    "variant_asset": pl.String,
    "variant_assets": pl.List(pl.String),
    "allocation": pl.List(pl.Float64),
    "status": pl.String,
    "control_assets": pl.List(pl.String),
    "unit": pl.String,
    "assignment": pl.String,
    "planned_end": pl.Date,
    "planned_sample": pl.Int64,
    "assigned": pl.List(pl.Float64),
    "guardrail": pl.List(pl.String),
}
ASSETS = {
    "asset_id": pl.String,
    "campaign_id": pl.String,
    "segment_id": pl.String,
    "channel_id": pl.String,
}
METRICS = {
    "asset_id": pl.String,
    "experiment_id": pl.String,
    "timestamp": pl.Datetime("us"),
    "impressions": pl.Int64,
    "clicks": pl.Int64,
    "conversions": pl.Int64,
    "conversion_rate": pl.Float64,
    "cost": pl.Float64,
    "revenue_proxy": pl.Float64,
}


def experiments(*changes: dict) -> pl.DataFrame:
    """Experiments E1, E2 ... like a running A/B test of A against B, each with its changes.

    Users are its unit and were assigned by chance, so that trials are independent.
    """
    usual = {
        "campaign_id": "C1",
        "start_date": MONDAY,
        "type": "A/B",
        "metric": "click_through_rate",
        "control_asset": "A",
        "variant_asset": "B",
        "status": "running",
        "unit": "user",
        "assignment": "user",
    }
    rows = [{"experiment_id": f"E{i}", **usual, **c} for i, c in enumerate(changes, start=1)]
    return pl.DataFrame(rows, schema=EXPERIMENTS)


def assets(**segments: str) -> pl.DataFrame:
    """Assets A to D of campaign C1 and X of C2; all of segment S1 but those given."""
    campaigns = {"A": "C1", "B": "C1", "C": "C1", "D": "C1", "X": "C2"}
    rows = [(a, campaign, segments.get(a, "S1"), "H1") for a, campaign in campaigns.items()]
    return pl.DataFrame(rows, schema=ASSETS, orient="row")


def day(
    asset: str,
    offset: int = 0,
    *,
    of: str | None = "E1",
    impressions: int = 0,
    clicks: int = 0,
    conversions: int = 0,
    cost: float = 0.0,
    revenue: float = 0.0,
) -> tuple:
    """One asset's row at noon, `offset` days after Monday 2 March 2026."""
    stamp = datetime.combine(MONDAY + timedelta(days=offset), time(12))
    return (asset, of, stamp, impressions, clicks, conversions, None, cost, revenue)


def sums(rows: list[tuple], known: pl.DataFrame | None = None) -> dict[str, pl.DataFrame]:
    """Rollups of the rows."""
    metrics = pl.DataFrame(rows, schema=METRICS, orient="row")
    known = assets() if known is None else known
    return rollups(metrics.lazy(), known.lazy(), Clock.on(MONDAY + timedelta(days=27)))


def arms_of(
    tested: pl.DataFrame, rolled: dict[str, pl.DataFrame], terms: Terms | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The days and the weekdays of every arm."""
    sums = rolled["rollup_experiment"]
    return (
        arm_days(
            tested,
            sums,
            rolled["rollup_experiment_day"],
            terms or FIXED,
            Clock.on(MONDAY + timedelta(days=27)),
        ),
        arm_weekdays(tested, sums, rolled["rollup_experiment_weekday"]),
    )


def evaluate(
    tested: pl.DataFrame,
    rows: list[tuple],
    terms: Terms | None = None,
    known: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Evaluations, gates and setup faults."""
    known = assets() if known is None else known
    terms = terms or FIXED
    rolled = sums(rows, known)
    days, weekdays = arms_of(tested, rolled, terms)
    totals = arm_totals(tested, days, terms)
    units = arm_units(tested, days, RollupExperimentUnit.create_empty())
    checks = allocation_checks(tested, totals, days, terms)
    guards = guardrail_checks(tested, days, units, terms)
    faults = experiment_setup_faults(tested, known, totals, checks, terms)
    evaluations = experiment_evaluations(
        known, totals, checks, days, weekdays, units, guards, faults, terms
    )
    return evaluations, experiment_gates(evaluations, terms), faults


def counts(x0: int, n0: int, x1: int, n1: int, of: str = "E1") -> list[tuple]:
    """Clicks and impressions of A and B, told in two days each."""
    return [
        row
        for asset, x, n in (("A", x0, n0), ("B", x1, n1))
        for row in (
            day(asset, 0, of=of, clicks=x // 2, impressions=n // 2),
            day(asset, 1, of=of, clicks=x - x // 2, impressions=n - n // 2),
        )
    ]


def one(frame: pl.DataFrame) -> dict:
    """The only row."""
    assert frame.height == 1
    return frame.row(0, named=True)


def several(*tables: tuple[int, int, int, int]) -> tuple[pl.DataFrame, list[tuple]]:
    """One experiment per table, two to a campaign."""
    tested = experiments(*({"campaign_id": f"C{1 + i // 2}"} for i in range(len(tables))))
    rows = [row for i, table in enumerate(tables, start=1) for row in counts(*table, of=f"E{i}")]
    return tested, rows
