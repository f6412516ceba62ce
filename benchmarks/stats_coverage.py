"""Enumerate how often the intervals of two proportions hold the truth at small counts.

    python benchmarks/stats_coverage.py

Every table of two arms, at every pair of 40 rates from 0.0005 to 0.999: the chance that the
interval holds the true difference, lift and odds ratio is a sum of binomial probabilities, without
simulation. Writes benchmarks/results/stats_coverage.csv (per pair of arms and interval, with and
without the correction: least, mean, and where the least is). Exits 1 when a bound is broken.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import binom

from mktorch import stats

RESULT = Path(__file__).parent / "results" / "stats_coverage.csv"
EQUAL = [(n, n) for n in range(10, 51)]
UNEQUAL = [
    (20, 10),
    (50, 10),
    (10, 50),
    (100, 10),
    (100, 30),
    (300, 10),
    (10, 300),
    (1000, 10),
    (10, 1000),
    (1000, 50),
]
RATES = np.concatenate(
    [np.geomspace(0.0005, 0.1, 16), np.linspace(0.13, 0.87, 15), 1 - np.geomspace(0.1, 0.001, 9)]
)
BOUNDS = {"difference": (0.94, 0.93), "lift": (0.94, 0.93), "odds_ratio": (0.93, 0.93)}


def odds(rate: NDArray[np.float64]) -> NDArray[np.float64]:
    return rate / (1 - rate)


def coverage(n0: int, n1: int, *, continuity: bool) -> dict[str, NDArray[np.float64]]:
    """The chance of holding the truth by interval, for every pair of rates."""
    first, second = np.arange(n0 + 1.0), np.arange(n1 + 1.0)
    answer = stats.compare_proportions(first[:, None], n0, second, n1, continuity=continuity)
    chance0, chance1 = (
        binom.pmf(count, n, RATES[:, None]) for count, n in ((first, n0), (second, n1))
    )
    held = {name: np.empty((RATES.size, RATES.size)) for name in BOUNDS}
    for i, base in enumerate(RATES):
        likely = chance0[i] > 1e-14
        truths = {
            "difference": RATES - base,
            "lift": RATES / base - 1,
            "odds_ratio": odds(RATES) / odds(base),
        }
        for name, truth in truths.items():
            interval = getattr(answer, name)
            slack = 1e-12 * np.abs(truth)
            inside = (interval.low[likely][..., None] <= truth + slack) & (
                truth - slack <= interval.high[likely][..., None]
            )
            held[name][i] = np.einsum("a,abj,jb->j", chance0[i][likely], inside, chance1)
    return held


def rows() -> Iterator[dict[str, object]]:
    for arms in (*EQUAL, *UNEQUAL):
        for continuity in (True, False):
            for name, held in coverage(*arms, continuity=continuity).items():
                i, j = np.unravel_index(held.argmin(), held.shape)
                yield {
                    "control": arms[0],
                    "variant": arms[1],
                    "interval": name,
                    "correction": continuity,
                    "least": round(float(held.min()), 5),
                    "mean": round(float(held.mean()), 5),
                    "control_rate": round(float(RATES[i]), 5),
                    "variant_rate": round(float(RATES[j]), 5),
                }


def main() -> int:
    found = pl.DataFrame(list(rows()))
    found.write_csv(RESULT)
    equal = pl.col("control") == pl.col("variant")
    told = found.group_by("correction", "interval", equal.alias("equal")).agg(
        pl.col("least").min(), pl.col("mean").min(), pl.col("mean").max().alias("mean_most")
    )
    broken = 0
    for row in told.sort("correction", "interval", "equal").iter_rows(named=True):
        bound = BOUNDS[row["interval"]][0 if row["equal"] else 1]
        bad = row["correction"] and row["least"] < bound
        broken += bad
        print(
            f"{'corrected' if row['correction'] else 'plain':10} {row['interval']:11} "
            f"{'equal' if row['equal'] else 'unequal':8} least {row['least']:.4f}  "
            f"mean {row['mean']:.4f} to {row['mean_most']:.4f}"
            f"{'  BELOW ' + str(bound) if bad else ''}"
        )
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
