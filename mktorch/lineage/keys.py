"""The columns that tell one row of a table from the others; none where a table has one row."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "experiment_evaluations": ("experiment_id", "variant_asset"),
        "experiment_gates": ("experiment_id", "variant_asset", "gate"),
        "experiment_setup_faults": ("experiment_id", "fault", "detail"),
    }
)
