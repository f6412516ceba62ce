"""Supplied conversion rates: of which denominator they are, decided once for a whole source."""

from __future__ import annotations

import polars as pl

from mktorch.exact import micros

BASES = ("impressions", "clicks")
"""What a supplied conversion rate may be of; of two that fit alike the first."""
KNOWN = pl.all_horizontal(pl.col("conversion_rate", "conversions", *BASES).is_not_null())
"""Rows that state a rate and all that it could be checked against."""


def implied(base: str) -> pl.Expr:
    """Conversions that a row's rate implies, were it of `base`, in millionths."""
    return micros(pl.col("conversion_rate") * pl.col(base))


def off(base: str) -> pl.Expr:
    """How far the rates are off in all, were they of `base`: conversions in millionths."""
    return (implied(base) - micros(pl.col("conversions"))).abs().sum().alias(f"off_by_{base}")


def rate_base(sums: pl.DataFrame) -> str:
    """The denominator under which the rates are off by less, from `off` of each, summed over rows.

    >>> counts = {"conversions": [8.0], "impressions": [4000], "clicks": [160]}
    >>> rate_base(pl.DataFrame({"conversion_rate": [0.05], **counts}).select(map(off, BASES)))
    'clicks'
    """
    totals = {base: int(sums[f"off_by_{base}"].sum()) for base in BASES}
    return min(BASES, key=lambda base: totals[base])
