"""Time 100,000 experiments from performance rows to recommendations, in one run.

    python benchmarks/experiments_speed.py [EXPERIMENTS]

Every column of an evaluation is made: tests, three kinds of intervals, Bayesian answers, planning,
allocation check, weekday adjustment, strata, gates. Four in five experiments test a proportion, one
in five a ratio metric. Writes benchmarks/results/experiments_speed.txt.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl

from mktorch.analysis.experiments import (
    Terms,
    allocation_checks,
    arm_days,
    arm_sums,
    arm_totals,
    arm_units,
    arm_weekdays,
    experiment_evaluations,
    experiment_gates,
    experiment_records,
    experiment_setup_faults,
    guardrail_checks,
)
from mktorch.clock import Clock
from mktorch.rollups import rollups
from mktorch.rollups.assigned import rollup_experiment_unit

RESULT = Path(__file__).parent / "results" / "experiments_speed.txt"
START = date(2026, 3, 2)
BEFORE, DURING = 7, 14
METRICS = (
    "click_through_rate",
    "conversion_rate",
    "demo_request_rate",
    "click_to_conversion_rate",
    "cost_per_acquisition",
)


def portfolio(count: int, during: int = DURING) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Experiments of two arms, their assets, and one performance row per asset and day."""
    rng = np.random.default_rng(20_240_301)
    ids = pl.DataFrame({"index": pl.int_range(count, eager=True)})
    experiments = ids.select(
        pl.format("E{}", "index").alias("experiment_id"),
        pl.format("C{}", pl.col("index") // 10).alias("campaign_id"),
        pl.lit(START + timedelta(days=BEFORE)).alias("start_date"),
        pl.lit(None, pl.Date).alias("end_date"),
        pl.lit("A/B").alias("type"),
        pl.lit(pl.Series(METRICS)).gather(pl.col("index") % len(METRICS)).alias("metric"),
        pl.format("A{}", pl.col("index") * 2).alias("control_asset"),
        pl.format("A{}", pl.col("index") * 2 + 1).alias("variant_asset"),
        pl.lit(None, pl.List(pl.String)).alias("variant_assets"),
        pl.concat_list(pl.lit(0.5), pl.lit(0.5)).alias("allocation"),
        pl.lit("running").alias("status"),
    )
    days = BEFORE + during
    asset = np.repeat(np.arange(2 * count), days)
    day = np.tile(np.arange(days), 2 * count)
    daily = rng.integers(200, 5_000, count).repeat(2 * days)
    impressions = rng.poisson(daily)
    rate = rng.uniform(0.01, 0.1, count).repeat(2) * rng.lognormal(0, 0.05, 2 * count)
    clicks = rng.binomial(impressions, rate.repeat(days))
    conversions = rng.binomial(clicks, 0.3)
    metrics = pl.DataFrame(
        {
            "asset": asset,
            "day": day,
            "impressions": impressions,
            "clicks": clicks,
            "conversions": conversions,
            "cost": (clicks * rng.uniform(0.8, 1.2, clicks.size)).round(2),
            "revenue_proxy": (conversions * rng.uniform(8.0, 12.0, clicks.size)).round(2),
        }
    ).select(
        pl.format("A{}", "asset").alias("asset_id"),
        pl.when(pl.col("day") >= BEFORE)
        .then(pl.format("E{}", pl.col("asset") // 2))
        .alias("experiment_id"),
        (pl.lit(START).cast(pl.Datetime("us")) + pl.duration(days="day")).alias("timestamp"),
        pl.lit(None, pl.Float64).alias("conversion_rate"),
        *("impressions", "clicks", "conversions", "cost", "revenue_proxy"),
    )
    assets = pl.DataFrame({"index": pl.int_range(2 * count, eager=True)}).select(
        pl.format("A{}", "index").alias("asset_id"),
        pl.format("C{}", pl.col("index") // 20).alias("campaign_id"),
        pl.lit("S1").alias("segment_id"),
        pl.lit("H1").alias("channel_id"),
    )
    return experiments, assets, metrics


def main(count: int) -> None:
    """Run every stage once, timed, and write what it took."""
    versions = f"Python {platform.python_version()}, polars {version('polars')}"
    lines = [f"{count:,} experiments; {versions}, {pl.thread_pool_size()} threads"]

    @contextmanager
    def timed(stage: str) -> Iterator[None]:
        started, worked = time.perf_counter(), time.process_time()
        yield
        wall, work = time.perf_counter() - started, time.process_time() - worked
        lines.append(f"{stage:<46}{wall:8.2f} s {work:8.2f} s of processor")
        print(lines[-1])

    experiments, assets, metrics = portfolio(count)
    terms = Terms()
    with timed(f"rollups of {metrics.height:,} performance rows"):
        sums = rollups(metrics, assets, Clock.on(START + timedelta(days=20)))
    with timed("arms by day and by weekday"):
        of_arms = arm_sums(experiments, sums["rollup_experiment"])
        days = arm_days(
            experiments,
            of_arms,
            sums["rollup_experiment_day"],
            terms,
            Clock.on(START + timedelta(days=20)),
        )
        weekdays = arm_weekdays(experiments, of_arms, sums["rollup_experiment_weekday"])
    with timed("arms in all, their allocation, setup faults"):
        totals = arm_totals(experiments, days, terms)
        units = arm_units(experiments, days, rollup_experiment_unit(metrics, experiments))
        checks = allocation_checks(experiments, totals, days, terms)
        guards = guardrail_checks(experiments, days, units, terms)
        faults = experiment_setup_faults(experiments, assets, totals, checks, terms)
    with timed("evaluations, every column"):
        evaluations = experiment_evaluations(
            assets, totals, checks, days, weekdays, units, guards, faults, terms
        )
    with timed("gates"):
        gates = experiment_gates(evaluations, terms)
    with timed("records"):
        experiment_records(evaluations, gates)
    lines.append(f"{evaluations.height:,} evaluations of {evaluations.width} columns")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
