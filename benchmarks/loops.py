"""Experiments judged from rows: mktorch beside pandas, and beside loops over dicts.

    python -m benchmarks.loops [--rounds 3]

The loops scan all rows once for each arm of each experiment, as a system without tables does; at
5,000 experiments they are timed over `SAMPLED` arms and that is multiplied. The three find the same
sums of every arm; pandas and the loops then give a z test of two proportions, mktorch every column
of an evaluation. Writes benchmarks/results/loops.md.
"""

from __future__ import annotations

import argparse
import math
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
from scipy import stats

from benchmarks.experiments_speed import BEFORE, START, portfolio
from mktorch.analysis.experiments import (
    Terms,
    allocation_checks,
    arm_days,
    arm_sums,
    arm_totals,
    arm_weekdays,
    experiment_evaluations,
    experiment_gates,
    experiment_setup_faults,
)
from mktorch.clock import Clock
from mktorch.rollups import rollups

RESULT = Path(__file__).parent / "results" / "loops.md"
DAYS = 100
SAMPLED = 40
COUNTED = ("impressions", "conversions")


def by_loops(arms: Sequence[tuple[str, str]], rows: list[dict[str, Any]]) -> list[tuple[int, ...]]:
    """Impressions and conversions of each arm, by a scan of all rows."""
    found = []
    for experiment, asset in arms:
        own = [r for r in rows if r["experiment_id"] == experiment and r["asset_id"] == asset]
        found.append(tuple(sum(r[name] for r in own) for name in COUNTED))
    return found


def tested(sums: Sequence[tuple[int, ...]]) -> list[float]:
    """p of a z test of two proportions, control and variant in turn."""
    found = []
    for (n1, x1), (n2, x2) in zip(sums[::2], sums[1::2], strict=True):
        pooled = (x1 + x2) / (n1 + n2)
        error = math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
        found.append(2 * stats.norm.sf(abs(x2 / n2 - x1 / n1) / error) if error else 1.0)
    return found


def by_pandas(arms: Sequence[tuple[str, str]], rows: pd.DataFrame) -> list[tuple[int, ...]]:
    keys = ["experiment_id", "asset_id"]
    sums = rows.groupby(keys)[list(COUNTED)].sum()
    return [tuple(map(int, row)) for row in sums.loc[list(arms)].to_numpy()]


def by_mktorch(
    experiments: pl.DataFrame, assets: pl.DataFrame, rows: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The sums of arms and every column of their evaluation."""
    terms, clock = Terms(), Clock.on(START + timedelta(days=DAYS - 1))
    sums = rollups(rows, assets, clock, experiments)
    arms = arm_sums(experiments, sums["rollup_experiment"])
    days = arm_days(experiments, arms, sums["rollup_experiment_day"], terms, clock)
    weekdays = arm_weekdays(experiments, arms, sums["rollup_experiment_weekday"])
    totals = arm_totals(experiments, days, terms)
    checks = allocation_checks(experiments, totals, days, terms)
    faults = experiment_setup_faults(experiments, assets, totals, checks, terms)
    found = experiment_evaluations(assets, totals, checks, days, weekdays, faults, terms)
    experiment_gates(found, terms)
    return sums["rollup_experiment"], found


def seconds(run: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """Median seconds of some rounds, and what the last gave."""
    taken, made = [], None
    for _ in range(rounds):
        start = time.perf_counter()
        made = run()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken), made


def compared(count: int, rounds: int) -> str:
    """A line of the table."""
    experiments, assets, rows = portfolio(count, DAYS - BEFORE)
    pairs = experiments.select("experiment_id", "control_asset", "variant_asset").iter_rows()
    arms = [(name, asset) for name, *both in pairs for asset in both]
    records, frame = rows.to_dicts(), rows.to_pandas()
    whole = count <= 500
    some = arms if whole else arms[:SAMPLED]
    loops, sums = seconds(lambda: by_loops(some, records), 1 if whole else rounds)
    tested(sums)
    loops *= len(arms) / len(some)
    pandas, others = seconds(lambda: tested(by_pandas(arms, frame)), rounds)
    own, (rolled, evaluated) = seconds(lambda: by_mktorch(experiments, assets, rows), rounds)
    held = {row[:2]: row[2:] for row in rolled.select("experiment_id", "asset_id", *COUNTED).rows()}
    if [held[arm] for arm in some] != sums or len(others) != evaluated.height:
        raise SystemExit("the three do not find the same sums")
    how = "" if whole else " *"
    print(f"{rows.height:,} rows, {count:,} experiments: {loops:.1f}, {pandas:.2f}, {own:.2f} s")
    return (
        f"| {rows.height:,} | {count:,} | {loops:,.1f}{how} | {pandas:.2f} | {own:.2f} | "
        f"{loops / own:,.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    lines = [compared(count, rounds) for count in (500, 5_000)]
    names = ", ".join(f"{name} {version(name)}" for name in ("polars", "pandas"))
    RESULT.write_text(
        f"""# Experiments from rows

`python -m benchmarks.loops`: Python {platform.python_version()}, {names}. Medians in seconds, turn
about. The loops scan all rows for each arm (* timed over {SAMPLED} arms and multiplied); they and
pandas end with a z test, mktorch with every column of an evaluation and its gates.

| rows | experiments | loops over dicts | pandas | mktorch | loops / mktorch |
|---:|---:|---:|---:|---:|---:|
{chr(10).join(lines)}
""",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
