"""What a page shows of a run: tables, charts and text blocks made from results.

```python
run = mktorch.load_run("runs/20260412-0123456789")
mktorch.display.campaigns(run)          # in a notebook: HTML; in a report: HTML or Typst
mktorch.display.campaigns(run).as_gt()  # the Great Tables object
mktorch.display.roi_waterfall(run).drawing  # the Altair chart
```

Every function that `@section` registers in `mktorch.display.sections` is here by its name.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

# Public names beside the sections -> the module that holds them, imported on first use.
_HOMES = {
    "Block": "block",
    "DisplayError": "block",
    "Stack": "block",
    "Column": "tables",
    "Table": "tables",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"mktorch.display.{_HOMES[name]}"), name)
    # `from mktorch.display import escape` asks here first; a module of that name is none of these.
    if not name.startswith("_") and find_spec(f"{__name__}.{name}") is None:
        from mktorch.display.register import sections

        if name in sections():
            return sections()[name]
    raise AttributeError(f"module 'mktorch.display' has no attribute {name!r}")


def __dir__() -> list[str]:
    from mktorch.display.register import sections

    return sorted({*_HOMES, *sections()})
