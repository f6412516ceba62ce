"""Measure error rates and coverage of the statistics core by simulation, seeded.

    python benchmarks/stats_calibration.py

Writes benchmarks/results/stats_calibration.csv (one row per claim: what was measured, its
simulation error and the bound it must keep) and stats_calibration.svg. Exits 1 when a bound
is broken.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import altair as alt
import numpy as np
import polars as pl
from numpy.typing import NDArray

from mktorch import stats

SEED = 1998
ALPHA = 0.05
LOOKS = 20
RESULTS = Path(__file__).parent / "results"
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5)


class Claim(NamedTuple):
    """One measured rate with the bounds it must keep."""

    group: str
    case: str
    measured: float
    standard_error: float
    at_least: float
    at_most: float


def claim(
    group: str,
    case: str,
    events: NDArray[np.bool_] | NDArray[np.float64],
    at_least: float = 0.0,
    at_most: float = 1.0,
) -> Claim:
    error = float(np.std(events) / np.sqrt(events.size))
    return Claim(group, case, float(events.mean()), error, at_least, at_most)


def same_rate(
    rng: np.random.Generator, rate: float, trials: int, shape: tuple[int, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return rng.binomial(trials, rate, shape), rng.binomial(trials, rate, shape)


def fixed_test(rng: np.random.Generator) -> Iterator[Claim]:
    """One look at experiments without an effect: rejected as often as alpha says."""
    for rate, trials in ((0.01, 20_000), (0.05, 10_000), (0.2, 5_000), (0.5, 5_000)):
        x0, x1 = same_rate(rng, rate, trials, (200_000,))
        rejected = stats.score_test(x0, trials, x1, trials).p_value < ALPHA
        case = f"rate {rate}, {trials:,} an arm"
        yield claim("fixed test, one look", case, rejected, 0.045, 0.055)


def peeking(rng: np.random.Generator) -> Iterator[Claim]:
    """Twenty looks at experiments without an effect, stopping at the first p < alpha."""
    for rate, per_look in ((0.01, 2_000), (0.05, 500), (0.2, 250), (0.5, 1_000)):
        trials = float(per_look) * np.arange(1, LOOKS + 1)
        x0, x1 = (arm.cumsum(axis=1) for arm in same_rate(rng, rate, per_look, (20_000, LOOKS)))
        case = f"rate {rate}, {per_look:,} an arm and look"
        fixed = stats.score_test(x0, trials, x1, trials).p_value < ALPHA
        valid = stats.always_valid_proportions(x0, trials, x1, trials).p_value < ALPHA
        yield claim("fixed test, 20 looks", case, fixed.any(axis=1), at_least=0.15)
        yield claim("always-valid test, 20 looks", case, valid.any(axis=1), at_most=0.05)


def coverage(rng: np.random.Generator) -> Iterator[Claim]:
    """How often the intervals hold the true difference and lift, equal and unequal arms."""
    for rate in RATES:
        for effect, n0, n1 in ((1.0, 10_000, 10_000), (1.2, 10_000, 10_000), (1.2, 20_000, 5_000)):
            x0, x1 = rng.binomial(n0, rate, 100_000), rng.binomial(n1, rate * effect, 100_000)
            gap, lift = stats.mee(x0, n0, x1, n1), stats.koopman_lift(x0, n0, x1, n1)
            true_gap, true_lift = rate * (effect - 1), effect - 1
            case = f"rate {rate}, lift {effect - 1:.0%}, {n0:,} and {n1:,}"
            held = (gap.low <= true_gap) & (true_gap <= gap.high)
            yield claim("Mee coverage", case, held, at_least=0.94)
            held = (lift.low <= true_lift) & (true_lift <= lift.high)
            yield claim("Koopman coverage", case, held, at_least=0.94)


def portfolio(rng: np.random.Generator) -> Iterator[Claim]:
    """Portfolios of 40 experiments: false among rejected, and any false rejection."""
    portfolios, size, trials = 5_000, 40, 10_000
    family = np.repeat(np.arange(portfolios), size)
    for share in (0.0, 0.25, 0.5):
        real = rng.random((portfolios, size)) < share
        x0 = rng.binomial(trials, 0.05, real.shape)
        x1 = rng.binomial(trials, np.where(real, 0.06, 0.05))
        p = stats.score_test(x0, trials, x1, trials).p_value.ravel()
        case = f"{share:.0%} with a real effect"
        for name in ("benjamini_hochberg", "benjamini_yekutieli"):
            rejected = stats.adjust(p, name, family=family).reshape(real.shape) < ALPHA
            false = (rejected & ~real).sum(axis=1) / np.maximum(rejected.sum(axis=1), 1)
            yield claim(f"false discoveries, {name}", case, false, at_most=ALPHA)
        for name in ("bonferroni", "holm", "hochberg"):
            rejected = stats.adjust(p, name, family=family).reshape(real.shape) < ALPHA
            any_false = (rejected & ~real).any(axis=1)
            yield claim(f"any false rejection, {name}", case, any_false, at_most=ALPHA)


def sequential_coverage(rng: np.random.Generator) -> Iterator[Claim]:
    """The confidence sequence holds the true difference at all of twenty looks at once."""
    for rate, effect in ((0.05, 1.1), (0.2, 1.05)):
        trials = 1_000.0 * np.arange(1, LOOKS + 1)
        x0, x1 = (
            rng.binomial(1_000, p, (10_000, LOOKS)).cumsum(axis=1) for p in (rate, rate * effect)
        )
        low, high = stats.always_valid_proportions(x0, trials, x1, trials).difference
        held = ((low <= rate * (effect - 1)) & (rate * (effect - 1) <= high)).all(axis=1)
        case = f"rate {rate}, lift {effect - 1:.0%}, all 20 looks"
        yield claim("confidence sequence coverage", case, held, at_least=0.95)


def measure() -> pl.DataFrame:
    studies = (fixed_test, peeking, coverage, sequential_coverage, portfolio)
    streams = np.random.SeedSequence(SEED).spawn(len(studies))
    claims = [
        row
        for study, stream in zip(studies, streams, strict=True)
        for row in study(np.random.default_rng(stream))
    ]
    return pl.DataFrame(claims, schema=Claim._fields, orient="row").with_columns(
        kept=pl.col("measured").is_between(pl.col("at_least"), pl.col("at_most"))
    )


def plot(claims: pl.DataFrame) -> alt.VConcatChart:
    """One panel per kind of rate: each claim a dot on its scale, its bounds as rules."""

    def panel(title: str, groups: str, low: float, high: float) -> alt.LayerChart:
        rows = claims.filter(pl.col("group").str.contains(groups)).with_columns(
            at_least=pl.col("at_least").replace(0.0, None),
            at_most=pl.col("at_most").replace(1.0, None),
        )
        base = alt.Chart(rows).encode(y=alt.Y("group:N", title=None, axis=alt.Axis(labelLimit=320)))
        scale = alt.Scale(domain=[low, high], clamp=True)
        dots = base.mark_circle(size=45, opacity=0.65, color="#2b6cb0").encode(
            x=alt.X("measured:Q", title=title, scale=scale, axis=alt.Axis(tickCount=6))
        )
        bounds = [
            base.mark_tick(color="#c53030", thickness=2, size=22).encode(
                x=alt.X(f"{bound}:Q", scale=scale)
            )
            for bound in ("at_least", "at_most")
        ]
        return alt.layer(dots, *bounds).properties(width=460)

    return alt.vconcat(
        panel("share of experiments without an effect rejected", "test", 0.0, 0.3),
        panel("share of intervals that hold the truth", "coverage", 0.93, 1.0),
        panel("false discoveries, or portfolios with any", "false", 0.0, 0.06),
    ).properties(title="Measured (dots) against the bound to keep (red), alpha 0.05")


def main() -> int:
    claims = measure()
    RESULTS.mkdir(parents=True, exist_ok=True)
    claims.write_csv(RESULTS / "stats_calibration.csv", float_precision=5)
    plot(claims).save(RESULTS / "stats_calibration.svg")
    summary = claims.group_by("group", maintain_order=True).agg(
        pl.col("measured").min().alias("least"),
        pl.col("measured").max().alias("greatest"),
        pl.col("kept").all(),
    )
    with pl.Config(tbl_rows=-1, fmt_str_lengths=60):
        print(summary)
        print(claims.filter(~pl.col("kept")))
    return 0 if claims["kept"].all() else 1


if __name__ == "__main__":
    sys.exit(main())
