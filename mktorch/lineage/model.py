"""What a definition says of a figure, and how it names the rows it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """Rows of another table that a figure is made of.

    `columns` of `table` enter the figure, in the rows that agree with the figure's own row: in
    each column of `on` (own name -> that table's), and in `where` (that table's column -> the one
    value). `within` names a column of moments that must lie on the days `first_day` to `last_day`
    of the figure's row.
    """

    table: str
    columns: tuple[str, ...]
    on: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    where: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    within: str = ""


@dataclass(frozen=True)
class Definition:
    """How a figure is made: in words, in which unit, from which rows, under which settings.

    `config` names fields, nested ones with a dot. `over` names the columns of the figure's own
    table whose quotient it is; `reason` the column that says why it is null. `evidence` says that
    the figure's row names what it rests on itself, in its column of that name.
    """

    words: str
    unit: str = ""
    upstream: tuple[Upstream, ...] = ()
    config: tuple[str, ...] = ()
    over: tuple[str, str] | None = None
    reason: str = ""
    evidence: bool = False


def read(
    table: str,
    *columns: str,
    on: Sequence[str] | Mapping[str, str] = (),
    within: str = "",
    **where: str,
) -> Upstream:
    """An upstream in one line; `on` as a sequence where both tables name the columns alike.

    >>> read("campaign_money", "total_spend", on=("campaign_id",)).on
    {'campaign_id': 'campaign_id'}
    """
    pairs = dict(on) if isinstance(on, Mapping) else {name: name for name in on}
    return Upstream(table=table, columns=columns, on=pairs, where=where, within=within)


CAMPAIGN = ("campaign_id",)

ADDITIVE = frozenset(
    {
        "amount",
        "attributed_conversions",
        "clicks",
        "conversions",
        "cost",
        "count",
        "estimated_value",
        "human_review_cost",
        "ledger_revenue",
        "ledger_spend",
        "impressions",
        "llm_cost",
        "media_spend",
        "metrics_revenue",
        "metrics_spend",
        "net_roi",
        "revenue",
        "revenue_proxy",
        "total_revenue_proxy",
        "total_spend",
    }
)
"""Columns whose values add up over rows; of others a range says more than a sum."""
