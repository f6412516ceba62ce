"""Which columns of a source are summed, and their exact sums."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

from mktorch.sums import micros, units
from mktorch.vocab import Source

MONEY = {
    Source.CAMPAIGNS: ("budget",),
    Source.PERFORMANCE_METRICS: ("cost", "revenue_proxy"),
    Source.ROI_LEDGER: (
        "llm_cost",
        "human_review_cost",
        "media_spend",
        "estimated_value",
        "net_roi",
    ),
    Source.BUDGET_ACTIONS: ("amount",),
    Source.SEGMENT_ROLLUPS: ("spend", "revenue_proxy"),
}
"""Money columns by source, all in the reporting currency or in one that the row states."""
_COUNTS = {
    Source.PERFORMANCE_METRICS: ("impressions", "clicks", "conversions"),
    Source.FUNNEL_EVENTS: ("count",),
    Source.SEGMENT_ROLLUPS: ("impressions", "clicks", "conversions"),
    Source.ATTRIBUTION_HINTS: ("attributed_conversions",),
}
SUMMED: Mapping[Source, tuple[str, ...]] = MappingProxyType(
    {s: (*_COUNTS.get(s, ()), *MONEY.get(s, ())) for s in Source if s in _COUNTS or s in MONEY}
)
"""Columns by source that add up, counts before money."""


def exact_sum(column: str) -> pl.Expr:
    """The sum of a column, to the millionth and in any order; null where no row has a value.

    >>> pl.DataFrame({"x": [0.1, 0.2, None]}).select(exact_sum("x")).item()
    0.3
    """
    known = pl.col(column).count() > 0  # `any` of polars 2.1 is true for an emptied chunk
    return pl.when(known).then(units(micros(pl.col(column)).sum())).alias(column)
