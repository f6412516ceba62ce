"""Random 2x2 tables that the statistics tests share, and Newcombe's eight."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Tables = tuple[NDArray[np.float64], ...]

# Newcombe (1998), Table II: (a) 56/70 - 48/80 to (h) 10/10 - 0/10, as control then variant.
NEWCOMBE_CASES: Tables = tuple(
    np.array(column, dtype=np.float64)
    for column in zip(
        (48, 80, 56, 70),
        (3, 10, 9, 10),
        (2, 7, 6, 7),
        (0, 29, 5, 56),
        (0, 20, 0, 10),
        (0, 10, 0, 10),
        (0, 20, 10, 10),
        (0, 10, 10, 10),
        strict=True,
    )
)


def random_tables(count: int, *, seed: int, largest: float = 1e4) -> Tables:
    """Tables (x0, n0, x1, n1): small and large arms, rare and common rates, zero and full."""
    rng = np.random.default_rng(seed)
    n0, n1 = (np.floor(10 ** rng.uniform(0, np.log10(largest), count)) for _ in range(2))
    p0 = np.where(rng.random(count) < 0.5, rng.random(count), 10 ** rng.uniform(-5, 0, count))
    p1 = np.clip(p0 * rng.lognormal(0, 0.5, count), 0, 1)
    x0, x1 = rng.binomial(n0.astype(np.int64), p0), rng.binomial(n1.astype(np.int64), p1)
    mirrored = rng.random(count) < 0.3
    x0, x1 = np.where(mirrored, n0 - x0, x0), np.where(mirrored, n1 - x1, x1)
    return x0.astype(np.float64), n0, x1.astype(np.float64), n1
