"""The rules as data, from the `RULES` of every module beside this one, gravest first."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from mktorch.recommend.rule import Rule

RULES: tuple[Rule, ...] = tuple(
    sorted(
        (
            rule
            for found in iter_modules(__path__)
            for rule in import_module(f"{__name__}.{found.name}").RULES
        ),
        key=lambda rule: -rule.gravity,
    )
)
