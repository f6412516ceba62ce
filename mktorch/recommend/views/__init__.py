"""Views: one row per possible target, each column of which knows the run table it is from."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend.rule import Builder, Tables, View

# View -> its builder, from the `VIEWS` of every module beside this one.
BUILDERS: Mapping[str, Builder] = {
    name: builder
    for module in sorted(found.name for found in iter_modules(__path__))
    for name, builder in import_module(f"{__name__}.{module}").VIEWS.items()
}


def views(tables: Tables, config: MarketingOrchestratorConfig) -> dict[str, View]:
    """Build every view whose run tables are there; a view that lacks one is left out."""
    return {
        name: builder.build(tables, config)
        for name, builder in BUILDERS.items()
        if all(need in tables for need in builder.needs)
    }
