"""Sums that depend on no order: money as whole millionths, which add up exactly.

Integer sums do not depend on order, so the same rows give the same bits on any engine, thread count
or row order.
"""

from __future__ import annotations

import polars as pl

MICRO = 1_000_000


def micros(money: pl.Expr) -> pl.Expr:
    """Money as whole millionths (Int128), so that sums are exact and free of order."""
    return (money * MICRO).round().cast(pl.Int128)


def units(money: pl.Expr) -> pl.Expr:
    """Whole millionths back as money: the nearest Float64, up to 9e15 units."""
    small = money.abs() < 2**53  # beyond it the cast would round before the division does
    whole, rest = money // MICRO, money % MICRO
    return pl.when(small).then(_in_units(money)).otherwise(whole.cast(pl.Float64) + _in_units(rest))


def _in_units(money: pl.Expr) -> pl.Expr:
    # Polars divides by a scalar through its reciprocal, which is off by one bit; by a column, not.
    value = money.cast(pl.Float64)
    return value / (value * 0 + MICRO)
