"""Supplied conversion rates: of which denominator they are, decided once for a whole source."""

from __future__ import annotations

from functools import reduce
from operator import and_

import narwhals as nw
import polars as pl

from mktorch.sums import whole_micros

BASES = ("impressions", "clicks")
"""What a supplied conversion rate may be of; of two that fit alike the first."""
RATED, VOTES = "rated", "_votes"


def rated() -> nw.Expr:
    """Rows that state a rate and all that it could be checked against."""
    named = ("conversion_rate", "conversions", *BASES)
    return reduce(and_, (~nw.col(name).is_null() for name in named))


def implied(base: str) -> nw.Expr:
    """Conversions that a row's rate implies, were it of `base`."""
    return nw.col("conversion_rate") * nw.col(base).cast(nw.Float64)


def votes() -> dict[str, nw.Expr]:
    """By name, whether a row states a rate, and whether that is nearer to conversions per each of
    `BASES` than per the other; in whole millionths, which floats hold to 9e9."""
    stated = whole_micros(nw.col("conversions"))
    off = {base: (whole_micros(implied(base)) - stated).abs() for base in BASES}
    one, other = BASES
    return {
        RATED: rated(),
        f"{one}{VOTES}": rated() & (off[one] < off[other]),
        f"{other}{VOTES}": rated() & (off[other] < off[one]),
    }


def counted(rows: pl.DataFrame) -> pl.DataFrame:
    """The `votes` of all rows."""
    shown = (shows.cast(nw.Int64).sum().alias(name) for name, shows in votes().items())
    return nw.from_native(rows.lazy()).select(*shown).to_native().collect()


def rate_base(votes_cast: pl.DataFrame) -> str:
    """The denominator that more rows vote for, from `counted` of all rows or of parts of them.

    >>> counts = {"conversions": [8.0], "impressions": [4000], "clicks": [160]}
    >>> rate_base(counted(pl.DataFrame({"conversion_rate": [0.05], **counts})))
    'clicks'
    """
    return max(BASES, key=lambda base: int(votes_cast[f"{base}{VOTES}"].sum()))
