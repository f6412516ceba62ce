"""Supplied conversion rates: of which denominator they are, decided once for a whole source."""

from __future__ import annotations

import polars as pl

from mktorch.sums import MICRO

BASES = ("impressions", "clicks")
"""What a supplied conversion rate may be of; of two that fit alike the first."""
KNOWN = pl.all_horizontal(pl.col("conversion_rate", "conversions", *BASES).is_not_null())
"""Rows that state a rate and all that it could be checked against."""


def implied(base: str) -> pl.Expr:
    """Conversions that a row's rate implies, were it of `base`."""
    return pl.col("conversion_rate") * pl.col(base)


def votes() -> list[pl.Expr]:
    """Of how many rows the rate is nearer to conversions per each of `BASES` than per the other."""
    stated = _millionths(pl.col("conversions"))
    off = {base: (_millionths(implied(base)) - stated).abs() for base in BASES}
    one, other = BASES
    return [
        (off[one] < off[other]).sum().alias(f"{one}_votes"),
        (off[other] < off[one]).sum().alias(f"{other}_votes"),
    ]


def _millionths(number: pl.Expr) -> pl.Expr:
    """Whole millionths as floats: exact to 9e9, and as quick to compare as any float."""
    return (number * MICRO).round()


def counted(rows: pl.DataFrame) -> pl.DataFrame:
    """The `votes` of all rows, and how many they are (`known`)."""
    return rows.lazy().filter(KNOWN).select(pl.len().alias("known"), *votes()).collect()


def rate_base(votes_cast: pl.DataFrame) -> str:
    """The denominator that more rows vote for, from `votes` of all rows or of parts of them.

    >>> counts = {"conversions": [8.0], "impressions": [4000], "clicks": [160]}
    >>> rate_base(pl.DataFrame({"conversion_rate": [0.05], **counts}).select(votes()))
    'clicks'
    """
    return max(BASES, key=lambda base: int(votes_cast[f"{base}_votes"].sum()))
