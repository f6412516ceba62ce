"""What a page shows of a run: tables, charts and text blocks made from results.

```python
run = mktorch.load_run("runs/20260412-0123456789")
mktorch.display.campaigns(run)          # in a notebook: HTML; in a report: HTML or Typst
mktorch.display.campaigns(run).as_gt()  # the Great Tables object
mktorch.display.roi_waterfall(run).drawing  # the Altair chart
```
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mktorch.display.block import Block, DisplayError, Stack
    from mktorch.display.sections.campaigns import campaigns, portfolio, spend_and_value
    from mktorch.display.sections.headline import cards, headline, masthead
    from mktorch.display.sections.provenance import inputs, provenance, settings, steps
    from mktorch.display.sections.quality import (
        failure_summary,
        failures,
        reconciliation_summary,
        reconciliations,
    )
    from mktorch.display.sections.roi import roi_by_campaign, roi_totals, roi_waterfall
    from mktorch.display.tables import Column, Table

__all__ = [
    "Block",
    "Column",
    "DisplayError",
    "Stack",
    "Table",
    "campaigns",
    "cards",
    "failure_summary",
    "failures",
    "headline",
    "inputs",
    "masthead",
    "portfolio",
    "provenance",
    "reconciliation_summary",
    "reconciliations",
    "roi_by_campaign",
    "roi_totals",
    "roi_waterfall",
    "settings",
    "spend_and_value",
    "steps",
]

# Module -> the public names it holds, imported on first use.
_MODULES = {
    "block": ("Block", "DisplayError", "Stack"),
    "sections.campaigns": ("campaigns", "portfolio", "spend_and_value"),
    "sections.headline": ("cards", "headline", "masthead"),
    "sections.provenance": ("inputs", "provenance", "settings", "steps"),
    "sections.quality": (
        "failure_summary",
        "failures",
        "reconciliation_summary",
        "reconciliations",
    ),
    "sections.roi": ("roi_by_campaign", "roi_totals", "roi_waterfall"),
    "tables": ("Column", "Table"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mktorch.display' has no attribute {name!r}")
    return getattr(import_module(f"mktorch.display.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
