"""Every table of a run by its name, and what its declaration says of a column.

The report's appendix, `mktorch explain`, page columns and the data dictionary read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import polars as pl

from mktorch import ingest
from mktorch.analysis import (
    attribution,
    budget,
    calibration,
    campaigns,
    creatives,
    decisions,
    detection,
    funnel,
    funnel_steps,
    goals,
    metric_values,
    model_cost,
    money,
    operating,
    outcomes,
    pacing,
    portfolio,
    reconciliations,
    returns,
    risk,
    roi,
    scorecard,
    segment_trends,
    segments,
    studies,
)
from mktorch.analysis.experiments import declared as experiments
from mktorch.formats import (
    COUNT,
    CURRENCY_EXACT,
    DATE,
    DATETIME,
    FIGURE,
    INTEGER,
    PERCENT,
    RATIO,
    TEXT,
    Format,
)
from mktorch.narrative import (
    decisions_asked,
    grounds,
    llm_calls,
    llm_text,
    momentum,
    next_steps,
    verdict,
)
from mktorch.recommend import rank, reallocate, records
from mktorch.rollups import assigned, declared, geo
from mktorch.sources import rules, schemas, set_aside
from mktorch.sources.schemas import SPECS
from mktorch.tables import Definition, Table
from mktorch.vocab import Source

__all__ = [
    "FORMATS",
    "TABLES",
    "adds",
    "definition",
    "definitions",
    "format_of",
    "key",
    "label",
    "rows",
    "unit",
]

_MODULES = (
    ingest,
    schemas,
    rules,
    set_aside,
    reconciliations,
    declared,
    geo,
    assigned,
    money,
    campaigns,
    attribution,
    budget,
    pacing,
    funnel,
    funnel_steps,
    detection,
    risk,
    decisions,
    outcomes,
    calibration,
    segment_trends,
    segments,
    studies,
    experiments,
    creatives,
    metric_values,
    returns,
    goals,
    portfolio,
    roi,
    operating,
    model_cost,
    scorecard,
    reallocate,
    rank,
    records,
    momentum,
    next_steps,
    llm_text,
    llm_calls,
    grounds,
    verdict,
    decisions_asked,
)

TABLES: Mapping[str, type[Table]] = MappingProxyType(
    {
        each.table: each
        for module in _MODULES
        for held in vars(module).values()
        for each in (held.values() if isinstance(held, Mapping) else (held,))
        if isinstance(each, type) and issubclass(each, Table) and each.columns()
    }
)
"""Table -> its declaration."""

_ADDITIVE = frozenset(
    {
        *("clicks", "conversions", "cost", "count", "estimated_value", "human_review_cost"),
        *("impressions", "llm_cost", "media_spend", "net_roi", "revenue_proxy", "amount"),
        "attributed_conversions",
    }
)
"""Columns of sources whose values add up over rows."""

FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "count": COUNT,
        "currency": CURRENCY_EXACT,
        "days": INTEGER,
        "fraction": PERCENT,
        "ratio": RATIO,
    }
)
"""Unit -> how a page writes it, unless it says otherwise; another unit's numbers as they are."""


def label(table: str, column: str) -> str:
    """What a page calls a column.

    >>> label("campaign_analysis", "roas")
    'Return on ad spend'
    """
    return TABLES[table].label_of(column)


def unit(table: str, column: str) -> str:
    """A column's unit, empty for what is no number; `currency` is the run's own."""
    return TABLES[table].definition_of(column).unit


def format_of(table: str, column: str) -> Format:
    """How a page writes a column's values.

    >>> format_of("campaign_analysis", "roas").kind, format_of("campaign_analysis", "name").kind
    (<Kind.RATIO: 'ratio'>, <Kind.TEXT: 'text'>)
    """
    kind = TABLES[table].columns()[column].dtype
    if kind == pl.Date:
        return DATE
    if kind == pl.Datetime:
        return DATETIME
    return FORMATS.get(unit(table, column), FIGURE) if kind.is_numeric() else TEXT


def key(table: str) -> tuple[str, ...] | None:
    """The columns that tell a table's rows apart, none where it has one; None for no table."""
    if table in set(Source):
        return SPECS[Source(table)].key
    return TABLES[table].key_columns() if table in TABLES else None


def definition(table: str, column: str, row: str = "") -> Definition | None:
    """The definition of a column's figure in the row of a key: the row's own before the column's.

    >>> definition("roi_analysis", "roi_percentage").unit
    'percentage'
    >>> definition("roi_analysis", "no_such_column")
    """
    held = TABLES.get(table)
    found = held.definition_of(column, row) if held and column in held.described() else None
    return found if found and found.words else None


def rows(table: str, column: str) -> frozenset[str]:
    """The keys of the rows that have a definition of the column for themselves alone."""
    held = TABLES.get(table)
    known = held is not None and column in held.described()
    return frozenset(held.rows_of(column)) if held and known else frozenset()


def definitions() -> Iterator[tuple[str, str, str, Definition]]:
    """Table, column, row and definition of all that is defined."""
    for table, held in TABLES.items():
        for column in held.described():
            for row in ("", *held.rows_of(column)):
                found = definition(table, column, row)
                if found:
                    yield table, column, row, found


def adds(table: str, column: str) -> bool:
    """Whether the column's values add up over rows; of others a range says more than a sum."""
    if table in TABLES and table not in set(Source):
        return column in TABLES[table].described() and TABLES[table].adds_up(column)
    return column in _ADDITIVE
