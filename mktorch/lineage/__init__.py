"""Where every published figure comes from: definitions as data, by table and column.

The report's appendix "Sources of the figures" and `mktorch explain` are both written from these.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mktorch.lineage.experiments import EXPERIMENTS
from mktorch.lineage.governance import GOVERNANCE
from mktorch.lineage.journey import JOURNEY
from mktorch.lineage.keys import KEYS
from mktorch.lineage.kpis import KPIS
from mktorch.lineage.model import ADDITIVE, Definition, Upstream
from mktorch.lineage.money import MONEY
from mktorch.lineage.quality import QUALITY
from mktorch.lineage.recommendations import RECOMMENDATIONS
from mktorch.lineage.rollups import ROLLUPS
from mktorch.lineage.segments import SEGMENTS

__all__ = ["ADDITIVE", "DEFINITIONS", "KEYS", "THEMES", "Definition", "Upstream", "definition"]

THEMES = (
    ROLLUPS,
    MONEY,
    KPIS,
    EXPERIMENTS,
    SEGMENTS,
    JOURNEY,
    GOVERNANCE,
    RECOMMENDATIONS,
    QUALITY,
)

DEFINITIONS: Mapping[str, Definition] = MappingProxyType(
    {name: each for theme in THEMES for name, each in theme.items()}
)
"""`table.column`, `table.column.key` (one row) or `table.*` (every other column) -> definition."""


def definition(table: str, column: str, key: str = "") -> Definition | None:
    """The definition of a column's figure in the row of `key`: the row's own before the column's.

    >>> definition("roi_analysis", "roi_percentage").unit
    'percentage'
    >>> definition("roi_analysis", "no_such_column")
    """
    names = (f"{table}.{column}.{key}", f"{table}.{column}", f"{table}.*")
    return next((DEFINITIONS[name] for name in names if name in DEFINITIONS), None)
