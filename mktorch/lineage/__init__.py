"""Where every published figure comes from: definitions as data, by table and column.

The report's appendix "Sources of the figures" and `mktorch explain` are both written from these.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mktorch.lineage.experiments import EXPERIMENTS
from mktorch.lineage.keys import KEYS
from mktorch.lineage.model import ADDITIVE, Definition, Upstream

__all__ = ["ADDITIVE", "DEFINITIONS", "KEYS", "THEMES", "Definition", "Upstream"]

THEMES = (EXPERIMENTS,)

DEFINITIONS: Mapping[str, Definition] = MappingProxyType(
    {name: each for theme in THEMES for name, each in theme.items()}
)
"""`table.column`, `table.column.key` (one row) or `table.*` (every other column) -> definition."""
