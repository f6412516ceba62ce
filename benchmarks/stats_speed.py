"""Time the statistics core against loops over statsmodels and tea-tasting, in one run.

    python benchmarks/stats_speed.py

The same 5,000 experiments and the same outputs (two-sided p, difference interval, relative
interval) for each; then every column of an evaluation for 100,000 experiments. Writes
benchmarks/results/stats_speed.txt.
"""

from __future__ import annotations

import platform
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest
from tea_tasting.aggr import Aggregates
from tea_tasting.metrics import Proportion

from mktorch import stats

Table = tuple[NDArray[np.float64], ...]
RESULT = Path(__file__).parent / "results" / "stats_speed.txt"


def experiments(count: int) -> Table:
    """Successes and trials of both arms, like a marketing portfolio's."""
    rng = np.random.default_rng(20_240_301)
    n0, n1 = rng.integers(1_000, 200_000, (2, count))
    rate = rng.uniform(0.002, 0.10, count)
    x0, x1 = rng.binomial(n0, rate), rng.binomial(n1, rate * rng.lognormal(0, 0.1, count))
    return tuple(column.astype(np.float64) for column in (x0, n0, x1, n1))


def ours(x0: NDArray[np.float64], *rest: NDArray[np.float64]) -> NDArray[np.float64]:
    table = (x0, *rest)
    p = stats.score_test(*table).p_value
    return np.stack([p, *stats.mee(*table), *stats.koopman_lift(*table)], axis=1)


def by_statsmodels(*table: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same p, with statsmodels' default intervals: Newcombe's and the log ratio's."""
    rows = []
    for x0, n0, x1, n1 in zip(*table, strict=True):
        _, p = proportions_ztest([x1, x0], [n1, n0])
        low, high = confint_proportions_2indep(x1, n1, x0, n0, compare="diff")
        least, most = confint_proportions_2indep(x1, n1, x0, n0, compare="ratio")
        rows.append([p, low, high, least - 1, most - 1])
    return np.array(rows)


def by_statsmodels_score(*table: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same p, with statsmodels' score intervals; NaN where its root finder gives up."""
    rows = []
    for x0, n0, x1, n1 in zip(*table, strict=True):
        _, p = proportions_ztest([x1, x0], [n1, n0])
        ends = []
        for compare in ("diff", "ratio"):
            try:
                ends += confint_proportions_2indep(
                    x1, n1, x0, n0, compare=compare, method="score", correction=False
                )
            except ValueError:
                ends += [np.nan, np.nan]
        rows.append([p, ends[0], ends[1], ends[2] - 1, ends[3] - 1])
    return np.array(rows)


def by_tea_tasting(*table: NDArray[np.float64]) -> NDArray[np.float64]:
    """tea-tasting's proportion metric from aggregates, one experiment at a time."""
    metric = Proportion("converted", method="norm", correction=False, equal_var=True)
    rows = []
    for x0, n0, x1, n1 in zip(*table, strict=True):
        control = Aggregates(count_=int(n0), mean_={"converted": x0 / n0})
        variant = Aggregates(count_=int(n1), mean_={"converted": x1 / n1})
        result = metric.analyze_aggregates(control, variant)
        rows.append(
            [
                result.pvalue,
                result.effect_size_ci_lower,
                result.effect_size_ci_upper,
                result.rel_effect_size_ci_lower,
                result.rel_effect_size_ci_upper,
            ]
        )
    return np.array(rows)


def seconds(function: Callable[[], object], repeats: int) -> float:
    """The shortest of several runs."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return best


def comparison(count: int) -> list[str]:
    table = experiments(count)
    expected = ours(*table)
    fastest = seconds(lambda: ours(*table), 5)
    lines = [f"{count:,} experiments: p, difference interval, relative interval", ""]
    lines.append(f"{'mktorch.stats':38} {fastest:9.4f} s")
    for name, peer in (
        ("statsmodels, its default intervals", by_statsmodels),
        ("statsmodels, its score intervals", by_statsmodels_score),
        ("tea-tasting", by_tea_tasting),
    ):
        start = time.perf_counter()
        result = peer(*table)
        elapsed = time.perf_counter() - start
        agreement = np.nanmax(np.abs(result[:, 0] - expected[:, 0]))
        lines.append(
            f"{name:38} {elapsed:9.4f} s {elapsed / fastest:8.0f} times as long;"
            f" greatest difference in p {agreement:.0e}"
        )
        if failed := int(np.isnan(result).any(axis=1).sum()):
            lines.append(f"{'':38} no interval for {failed:,} of them")
    return lines


def full_evaluation(count: int) -> list[str]:
    table = x0, n0, _, n1 = experiments(count)
    p = stats.score_test(*table).p_value
    campaign = np.arange(count) // 20
    rate, target = x0 / n0, np.minimum(x0 / n0 * 1.1, 1.0)
    arms = np.stack([n0, n1], axis=1)
    small = tuple(np.floor(column[: count // 10] / 500) for column in table)
    steps: dict[str, Callable[[], object]] = {
        "score test": lambda: stats.score_test(*table),
        "difference and lift": lambda: (stats.difference(*table), stats.lift(*table)),
        "Mee interval": lambda: stats.mee(*table),
        "Koopman interval": lambda: stats.koopman_lift(*table),
        "corrected test and three intervals": lambda: stats.compare_proportions(*table),
        "always-valid p and intervals": lambda: stats.always_valid_proportions(*table),
        "probability to beat, expected losses": lambda: stats.beta_binomial(*table),
        "Benjamini-Hochberg by campaign": lambda: stats.adjust(
            p, "benjamini_hochberg", family=campaign
        ),
        "power at a 10 % lift": lambda: stats.proportion_power(rate, target, n0, n1),
        "sample size for a 10 % lift": lambda: stats.proportion_sample_size(rate, target),
        "minimum detectable effect": lambda: stats.minimum_detectable_effect(rate, n0, n1),
        "allocation check": lambda: stats.allocation_test(arms, [1.0, 1.0]),
        "Fisher exact, a tenth at small counts": lambda: stats.fisher_exact(*small),
        "reasons": lambda: stats.why_undefined(*table),
    }
    lines = ["", f"{count:,} experiments: every column of an evaluation", ""]
    total = 0.0
    for name, step in steps.items():
        elapsed = seconds(step, 1)
        total += elapsed
        lines.append(f"{name:38} {elapsed:9.4f} s")
    lines.append(f"{'all of them':38} {total:9.4f} s")
    extra = seconds(lambda: stats.credible_lift(*(column[:10_000] for column in table)), 1)
    lines += ["", f"{'credible lift interval, 10,000':38} {extra:9.4f} s"]
    return lines


def main() -> None:
    stats.mee(1, 10, 2, 10)
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("numpy", "scipy", "statsmodels", "tea-tasting")
    )
    lines = [f"Python {platform.python_version()}, {versions}", ""]
    with warnings.catch_warnings(action="ignore"):  # statsmodels' own, from its cubic
        lines += comparison(5_000) + full_evaluation(100_000)
    text = "\n".join(lines) + "\n"
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
