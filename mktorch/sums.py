"""Sums that depend on no order: money as whole millionths, which add up exactly.

Integer sums do not depend on order, so the same rows give the same bits on any engine, thread count
or row order.
"""

from __future__ import annotations

import narwhals as nw
import polars as pl

MICRO = 1_000_000


def micros(money: pl.Expr) -> pl.Expr:
    """Money as whole millionths (Int128), so that sums are exact and free of order."""
    return (money * MICRO).round().cast(pl.Int128)


def whole_micros(number: nw.Expr) -> nw.Expr:
    """Millionths, the nearest whole ones (of two as near the even one), as a float.

    In arithmetic that every engine does alike: what they call `round` differs half-way.
    """
    value = number.cast(nw.Float64) * MICRO
    below = value.floor()
    part = value - below
    odd = below - (below / 2).floor() * 2
    return below + (part > 0.5).cast(nw.Float64) + (part == 0.5).cast(nw.Float64) * odd


def units(money: pl.Expr) -> pl.Expr:
    """Whole millionths back as money: the nearest Float64, up to 9e15 units."""
    small = money.abs() < 2**53  # beyond it the cast would round before the division does
    whole, rest = money // MICRO, money % MICRO
    return pl.when(small).then(_in_units(money)).otherwise(whole.cast(pl.Float64) + _in_units(rest))


def _in_units(money: pl.Expr) -> pl.Expr:
    # Polars divides by a scalar through its reciprocal, which is off by one bit; by a column, not.
    value = money.cast(pl.Float64)
    return value / (value * 0 + MICRO)


def plain(number: pl.Expr) -> pl.Expr:
    """A number as text, to the millionth and without decimals where it has none.

    >>> pl.DataFrame({"x": [9.25, 12.0, None]}).select(plain(pl.col("x")))["x"].to_list()
    ['9.25', '12', None]
    """
    value = number.cast(pl.Float64)
    whole = value.cast(pl.Int64, strict=False)
    return pl.when(value == whole).then(whole.cast(pl.String)).otherwise(
        value.round(6).cast(pl.String)
    )  # fmt: skip


def known_sum(column: str) -> pl.Expr:
    """The sum of what is known of a column; null where nothing is, never an invented 0.

    >>> pl.DataFrame({"x": [None, 2]}).select(known_sum("x")).item()
    2
    """
    return pl.when(pl.col(column).count() > 0).then(pl.col(column).sum()).alias(column)


def total(column: str) -> pl.Expr:
    """The exact sum of a money column; null where no row has a value.

    >>> pl.DataFrame({"x": [0.1, 0.2, None]}).select(total("x")).item()
    0.3
    """
    known = pl.col(column).count() > 0  # `any` of polars 2.1 is true for an emptied chunk
    return pl.when(known).then(units(micros(pl.col(column)).sum())).alias(column)


def ratio(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """`numerator / denominator`; null where the denominator is null or not positive.

    >>> pl.select(ratio(pl.lit(3), pl.lit(4)), none=ratio(pl.lit(3), pl.lit(0))).row(0)
    (0.75, None)
    """
    # Polars divides by a scalar through its reciprocal, off by one bit; by a column it divides.
    return numerator / (pl.when(denominator > 0).then(denominator) + numerator * 0)
