"""Measure how experiments are judged on delivered data by simulation, seeded: before and after.

    python benchmarks/experiment_inference.py [REPLICATES] [CORES]

Two campaigns. "size": experiments without an effect, looked at once, over a grid of dispersion,
days, autocorrelation, shared shocks, base rates and splits; how often p < 0.05 by independent
trials (before) and as it is done now. "looks": experiments that are looked at each week and each
day until their last one; how often a variant is ever scaled, by each inference and lift gate, with
no effect and with one of 20 %. Everything is drawn as daily sums, all replicates at once.

Dispersion is the variance of the arms' daily gap by that of independent trials. Writes
benchmarks/results/experiment_size.csv, experiment_looks.csv and a plot of each. Exits 1 where a
bound is broken.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import altair as alt
import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from mktorch import stats
from mktorch.stats import Floats

ALPHA, THRESHOLD, DAILY = 0.05, 0.10, 1_200
FIRST_LOOK, LEAST_COUNT = 14, 5.0
LEAST_DAYS, PRIOR = 7, 0.095
RESULTS = Path(__file__).parent / "results"
DISPERSIONS = (1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0)
DAYS = (5, 7, 14, 28, 56)
RATES = (0.001, 0.01, 0.05, 0.2)
SPLITS = (1, 9, 99)


class World(NamedTuple):
    """What experiments are drawn from: `split` control trials to each of the variant's.

    `shape` names how a day's rate moves, a function of `SHAPES`.
    """

    days: int
    rate: float
    dispersion: float = 1.0
    correlation: float = 0.0
    shared: float = 0.0
    split: int = 1
    lift: float = 0.0
    shape: str = "autoregression"


class Arms(NamedTuple):
    """Successes and trials of both arms, experiments by days."""

    x0: Floats
    n0: Floats
    x1: Floats
    n1: Floats

    def until(self, day: int) -> Arms:
        return Arms(*(part[:, :day] for part in self))

    def sums(self) -> Arms:
        return Arms(*(part.sum(axis=1) for part in self))


def draw(world: World, replicates: int) -> Arms:
    """Daily sums: rates of each arm move by the world's shape, part of it shared."""
    rng = np.random.default_rng(crc32(repr(world._replace(lift=0.0)).encode()))
    size = (replicates, world.days)
    trials = (DAILY * world.split, DAILY)
    spread = (world.dispersion - 1) * world.rate * (1 - world.rate)
    variance = spread * (1 / trials[0] + 1 / trials[1]) / 2 / world.rate**2
    moves, rates = SHAPES[world.shape]
    common, own = moves(rng, size, world), (moves(rng, size, world), moves(rng, size, world))
    parts: list[Floats] = []
    for arm, (mean, moved) in enumerate(zip(trials, own, strict=True)):
        mixed = np.sqrt(world.shared) * common + np.sqrt(1 - world.shared) * moved
        rate = world.rate * (1 + arm * world.lift) * rates(mixed, variance)
        count = rng.poisson(mean, size)
        parts += [rng.binomial(count, np.clip(rate, 0.0, 1.0)).astype(float), count.astype(float)]
    return Arms(*parts)


def _autoregression(rng: np.random.Generator, size: tuple[int, int], world: World) -> Floats:
    noise = rng.standard_normal(size)
    if world.dispersion == 1.0:
        return np.zeros(size)
    for day in range(1, size[1]):
        fresh = np.sqrt(1 - world.correlation**2) * noise[:, day]
        noise[:, day] = world.correlation * noise[:, day - 1] + fresh
    return noise


def _drift(rng: np.random.Generator, size: tuple[int, int], world: World) -> Floats:
    """A random walk back to where it began: no day of the experiment resembles a far one."""
    steps = rng.standard_normal(size)
    walk = np.cumsum(steps - steps.mean(axis=1, keepdims=True), axis=1)
    return np.asarray(walk * np.sqrt(6 / size[1]))


def _weekly(rng: np.random.Generator, size: tuple[int, int], world: World) -> Floats:
    """A pattern of the week of each arm's own."""
    pattern = rng.standard_normal((size[0], 7))
    pattern = (pattern - pattern.mean(axis=1, keepdims=True)) * np.sqrt(7 / 6)
    return np.asarray(pattern[:, np.arange(size[1]) % 7])


def _alternating(rng: np.random.Generator, size: tuple[int, int], world: World) -> Floats:
    """Up one day and down the next, as far as each arm does."""
    return np.asarray(rng.standard_normal((size[0], 1)) * (-1.0) ** np.arange(size[1]))


def _spikes(rng: np.random.Generator, size: tuple[int, int], world: World) -> Floats:
    """One day in a fortnight out of line, the others not."""
    return np.asarray(rng.standard_normal(size) * np.sqrt(14) * (rng.random(size) < 1 / 14))


def _lognormal(moved: Floats, variance: float) -> Floats:
    log = np.log1p(variance)
    return np.asarray(np.exp(np.sqrt(log) * moved - log / 2))


def _gamma(moved: Floats, variance: float) -> Floats:
    """Rates of a gamma distribution: negative binomial successes of a day, at low rates."""
    shape = 1 / variance
    return np.asarray(special.gammaincinv(shape, special.ndtr(moved)) / shape)


def _plain(moved: Floats, variance: float) -> Floats:
    return np.asarray(np.maximum(1 + np.sqrt(variance) * moved, 0.0))


SHAPES = {
    "autoregression": (_autoregression, _lognormal),
    "negative binomial": (_autoregression, _gamma),
    "drift": (_drift, _plain),
    "weekly": (_weekly, _plain),
    "alternating": (_alternating, _plain),
    "spikes": (_spikes, _plain),
}
"""How rates move: what moves them, of variance 1, and what that makes of them."""


class Read(NamedTuple):
    """What one look says of each experiment."""

    before: Floats
    p: Floats
    always: Floats
    beats: Floats
    lift: Floats
    low: Floats
    chance: Floats
    planned: Floats
    seen: stats.Dispersion


def read(arms: Arms) -> Read:
    """Judge the days of every experiment, as `mktorch.analysis.experiments` does."""
    replicates, days = arms.x0.shape
    pair = np.repeat(np.arange(replicates), days)
    found = stats.cluster(pair, replicates, tuple(part.ravel() for part in arms))
    sums = arms.sums()
    seen = stats.dispersion(found, sums)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = stats.score_test(*sums)
        counts = Arms(*(part / seen.inflation for part in sums))
        few = stats.smallest_expected_count(*counts) < LEAST_COUNT
        t = score.statistic / np.sqrt(seen.inflation)
        p = 2 * special.stdtr(seen.df, -np.abs(t))
        careful = stats.score_test(*(part[few] for part in counts), continuity=True)
        p[few] = 2 * special.stdtr(seen.df[few], -np.abs(careful.statistic))
        always = stats.always_valid_p(stats.as_normal(t, seen.df), counts.n0 + counts.n1)
        lift = sums.x1 / sums.n1 / (sums.x0 / sums.n0) - 1
        error = _lift_error(counts)
        weight = PRIOR**2 / (PRIOR**2 + error**2)
        chance = special.ndtr((lift * weight - THRESHOLD) / (np.sqrt(weight) * error))
        critical = stats.as_student(stats.critical_z(ALPHA), seen.df)
        low = lift - critical * error
        beats = special.ndtr(lift / error)
    return Read(
        score.p_value,
        p,
        np.where(few | (days < LEAST_DAYS), 1.0, always),
        beats,
        lift,
        low,
        chance,
        counts.n1,
        seen,
    )


def _lift_error(counts: Arms) -> Floats:
    x0, n0, x1, n1 = counts
    rate0, rate1 = (x0 + 0.5) / (n0 + 1), (x1 + 0.5) / (n1 + 1)
    own0, own1 = rate0 * (1 - rate0) / n0, rate1 * (1 - rate1) / n1
    return np.asarray(np.sqrt(own1 + (rate1 / rate0) ** 2 * own0) / rate0)


def sizes(world: World, replicates: int) -> dict[str, object]:
    """How often one look at no effect is significant."""
    seen = read(draw(world, replicates))
    return {
        **world._asdict(),
        "before": float(np.nanmean(seen.before < ALPHA)),
        "now": float((seen.p < ALPHA).mean()),
        "near_one": float(seen.seen.near.mean()),
    }


def grid() -> Iterator[World]:
    for days, rate, split in product(DAYS, RATES, SPLITS):
        yield World(days, rate, split=split)
        for dispersion, correlation, shared in product(DISPERSIONS[1:], (0.0, 0.3, 0.6), (0, 0.5)):
            yield World(days, rate, dispersion, correlation, shared, split)


def powers(world: World, replicates: int) -> dict[str, object]:
    """Power at dispersion 1 of the effect that independent trials show four times in five."""
    trials = DAILY * world.days
    error = np.sqrt(world.rate * (1 - world.rate) * 2 / trials)
    lift = 2.8016 * error / world.rate
    seen = read(draw(world._replace(lift=lift), replicates))
    return {
        "days": world.days,
        "rate": world.rate,
        "lift": lift,
        "before": float((seen.before < ALPHA).mean()),
        "now": float((seen.p < ALPHA).mean()),
        "near_one": float(seen.seen.near.mean()),
    }


def looks(world: World, replicates: int) -> list[dict[str, object]]:
    """How often a variant is ever scaled, by inference, lift gate and interval of looks."""
    arms = draw(world, replicates)
    first = arms.until(FIRST_LOOK)
    opening, seen = first.sums(), read(first).seen
    with np.errstate(divide="ignore", invalid="ignore"):
        base = opening.x0 / opening.n0
        needed = stats.proportion_sample_size(base, base * (1 + THRESHOLD))
    needed = needed * np.where(np.isinf(seen.df), 1.0, np.fmax(seen.gap, 1.0))
    scaled: dict[tuple[str, str, int], NDArray[np.bool_]] = {}
    reached = np.zeros(replicates, dtype=np.bool_)
    for day in range(1, world.days + 1):
        found = read(arms.until(day))
        total = arms.until(day).sums()
        last = day == world.days
        planned = (day >= FIRST_LOOK) & (np.minimum(total.n0, total.n1) >= needed)
        reached |= planned
        early = (found.always < ALPHA) & (day >= FIRST_LOOK)
        significant = {
            "before": found.before < ALPHA,
            "fixed": found.p < ALPHA,
            "sequential": found.always < ALPHA,
            "bayesian": found.beats >= 0.95,
            "hybrid": np.where(planned | last, found.p < ALPHA, early),
            "hybrid, end declared": found.p < ALPHA if last else early,
            "last look": (found.p < ALPHA) & last,
        }
        gates = {
            "point": found.lift >= THRESHOLD,
            "chance": found.chance >= 0.5,
            "low": found.low >= THRESHOLD,
        }
        for (name, passed), (gate, worth), every in product(
            significant.items(), gates.items(), (1, 7)
        ):
            if day % every and not last:
                continue
            key = (name, gate, every)
            won = passed & worth & (found.lift > 0)
            scaled[key] = scaled.get(key, np.zeros(replicates, dtype=np.bool_)) | won
    return [
        {
            **world._asdict(),
            "inference": name,
            "gate": gate,
            "looks": "daily" if every == 1 else "weekly",
            "scaled": float(won.mean()),
            "plan_reached": float(reached.mean()),
        }
        for (name, gate, every), won in scaled.items()
    ]


def worlds() -> Iterator[World]:
    for (rate, days), (dispersion, correlation), lift in product(
        product(RATES, (28, 56)), ((1.0, 0.0), (3.0, 0.3), (10.0, 0.3)), (0.0, 0.2)
    ):
        yield World(days, rate, dispersion, correlation, lift=lift)


def measured(replicates: int, cores: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Sizes, powers at dispersion 1 and looks; sizes near the bound are drawn again, ten times as
    many, so that the greatest of some thousand cells is not the luckiest."""
    cells = list(grid())
    with ProcessPoolExecutor(cores) as pool:
        first = pl.DataFrame(list(pool.map(sizes, cells, [replicates] * len(cells), chunksize=16)))
        near = [cell for cell, now in zip(cells, first["now"], strict=True) if now > 0.053]
        again = [10 * replicates + 1] * len(near)
        keys = list(World._fields)
        second = pl.DataFrame(list(pool.map(sizes, near, again)), schema=first.schema)
        size = pl.concat([first.join(second, on=keys, how="anti"), second]).sort(keys)
        plain = [World(days, rate) for days, rate in product(DAYS, RATES)]
        power = pl.DataFrame(list(pool.map(powers, plain, [2 * replicates] * len(plain))))
        wanted = list(worlds())
        parts = pool.map(looks, wanted, [replicates] * len(wanted))
        return size, power, pl.DataFrame([row for part in parts for row in part])


def plots(size: pl.DataFrame, found: pl.DataFrame) -> dict[str, alt.Chart]:
    """Sizes by dispersion and days, and how often no effect is scaled, before and after."""
    worst = (
        size.unpivot(["before", "now"], index=["days", "dispersion"], value_name="size")
        .group_by("days", "dispersion", "variable")
        .agg(pl.col("size").max())
    )
    ever = found.filter((pl.col("lift") == 0) & (pl.col("dispersion") == 3)).filter(
        ((pl.col("inference") == "before") & (pl.col("gate") == "point"))
        | ((pl.col("inference") == "hybrid") & (pl.col("gate") == "chance"))
    )
    bound = alt.Chart(pl.DataFrame({"y": [0.06]})).mark_rule(strokeDash=[4, 4]).encode(y="y:Q")
    lines = (
        alt.Chart(worst)
        .mark_line(point=True)
        .encode(
            x=alt.X("dispersion:Q", scale=alt.Scale(type="log"), title="dispersion"),
            y=alt.Y("size:Q", title="greatest size of the cells"),
            color=alt.Color("days:N"),
            strokeDash=alt.StrokeDash("variable:N", title="test"),
        )
    )
    bars = (
        alt.Chart(ever)
        .mark_bar()
        .encode(
            x=alt.X("inference:N", title=None),
            y=alt.Y("scaled:Q", title="null experiments ever scaled"),
            color=alt.Color("inference:N", legend=None),
            column=alt.Column("rate:N"),
            row=alt.Row("looks:N"),
        )
    )
    return {"experiment_size": lines + bound, "experiment_looks": bars}


def main(replicates: int, cores: int) -> int:
    """Measure, write, and say which bounds are broken."""
    size, power, found = measured(replicates, cores)
    RESULTS.mkdir(exist_ok=True)
    for name, frame in {"size": size, "power": power, "looks": found}.items():
        rounded = frame.with_columns(pl.col(pl.Float64).round(5))
        rounded.write_csv(RESULTS / f"experiment_{name}.csv")
    for name, chart in plots(size, found).items():
        chart.save(RESULTS / f"{name}.svg")
    default = found.filter(inference="hybrid", gate="chance")
    bounds = {
        "size at dispersion 1 <= 0.055": size.filter(dispersion=1.0)["now"].max() <= 0.055,
        "size at dispersion 2 and more <= 0.06": size.filter(pl.col("dispersion") >= 2)["now"].max()
        <= 0.06,
        "no effect ever scaled <= 0.01": default.filter(lift=0.0)["scaled"].max() <= 0.01,
    }
    with pl.Config(tbl_rows=100, tbl_cols=20, tbl_width_chars=160):
        print(size.group_by("days", "dispersion").agg(pl.col("before", "now").max()).sort(
            "days", "dispersion"))  # fmt: skip
        print(power)
    for bound, kept in bounds.items():
        print("kept  " if kept else "BROKEN", bound)
    return 0 if all(bounds.values()) else 1


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*arguments, *(2_000, 2)[len(arguments) :]))
