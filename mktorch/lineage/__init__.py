"""Where every published figure comes from: definitions as data, by table and column.

The report's appendix "Sources of the figures" and `mktorch explain` are both written from these.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mktorch.lineage.experiments import EXPERIMENTS
from mktorch.lineage.governance import GOVERNANCE
from mktorch.lineage.keys import KEYS
from mktorch.lineage.model import ADDITIVE, Definition, Upstream
from mktorch.lineage.money import MONEY
from mktorch.lineage.quality import QUALITY
from mktorch.lineage.recommendations import RECOMMENDATIONS
from mktorch.lineage.rollups import ROLLUPS
from mktorch.lineage.segments import SEGMENTS

__all__ = ["ADDITIVE", "DEFINITIONS", "KEYS", "THEMES", "Definition", "Upstream"]

THEMES = (
    ROLLUPS,
    MONEY,
    EXPERIMENTS,
    SEGMENTS,
    GOVERNANCE,
    RECOMMENDATIONS,
    QUALITY,
)

DEFINITIONS: Mapping[str, Definition] = MappingProxyType(
    {name: each for theme in THEMES for name, each in theme.items()}
)
"""`table.column`, `table.column.key` (one row) or `table.*` (every other column) -> definition."""
