"""The root finder, the exact product and the settled boundary."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mktorch import stats
from mktorch.stats._numeric import Interval, cross, floats, settle, solve_increasing


def test_cross_is_exact_where_floats_cancel() -> None:
    rng = np.random.default_rng(91)
    a, b, c = (rng.integers(1, 10**12, 1000) for _ in range(3))
    d = a * b // c
    exact = [int(p) * int(q) - int(r) * int(s) for p, q, r, s in zip(a, b, c, d, strict=True)]
    assert np.allclose(cross(*floats(a, b, c, d)), np.array(exact, dtype=float), rtol=1e-15, atol=0)


def test_solves_smooth_and_cornered_functions_together() -> None:
    target = np.array([2.0, 2.0, 1e-9, 0.5])
    power = np.array([2.0, 3.0, 3.0, 1.0])

    def function(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        # The last is flat, then steep: Newton alone would leave the bracket.
        cornered = np.where(x < 1, -0.5, 1e6 * (x - 1) - 0.5)
        slope = np.where(x < 1, 0.0, 1e6)
        smooth = x**power - target
        return np.where(power == 1, cornered, smooth), np.where(
            power == 1, slope, power * x ** (power - 1)
        )

    root = solve_increasing(function, np.zeros(4), np.full(4, 4.0), np.full(4, 0.01))
    expected = [2**0.5, 2 ** (1 / 3), 1e-3, 1 + 0.5e-6]
    assert np.allclose(root, expected, rtol=1e-13, atol=0)


def test_without_a_sign_change_the_near_end_is_the_answer() -> None:
    def positive(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return x + 1, np.ones_like(x)

    root = solve_increasing(positive, np.zeros(1), np.ones(1), np.full(1, 0.5))
    assert np.allclose(root, 0.0, atol=1e-12)


def test_settle_moves_only_the_last_bit() -> None:
    low, high = np.array([-1e-18, 1e-18, 0.2]), np.array([1.0, 1.0, 1.0])
    positive, significant = np.full(3, True), np.array([True, False, True])
    settled = settle(Interval(low, high), positive, significant, null=0.0)
    assert settled.low.tolist() == [5e-324, 0.0, 0.2]
    assert settled.high.tolist() == [1.0, 1.0, 1.0]


def test_every_public_name_resolves_and_no_other_is_shown() -> None:
    assert all(getattr(stats, name) is not None for name in stats.__all__)
    assert set(dir(stats)) == set(stats.__all__)
