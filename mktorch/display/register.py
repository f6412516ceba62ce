"""The sections of a page by name: each is registered where it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, wraps
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Concatenate, ParamSpec, TypeVar

from mktorch.display.page import Unavailable
from mktorch.runs import Run

P = ParamSpec("P")
B = TypeVar("B")
_FOUND: dict[str, Callable[..., Any]] = {}


def section(
    *tables: str,
) -> Callable[[Callable[Concatenate[Run, P], B]], Callable[Concatenate[Run, P], B | Unavailable]]:
    """Register a function that makes a block of a run, under its own name.

    `tables` are those it is made of; without one of them the block says so and why.

    Raises
    ------
    ValueError
        Where two sections bear one name.
    """

    def registered(
        make: Callable[Concatenate[Run, P], B],
    ) -> Callable[Concatenate[Run, P], B | Unavailable]:
        @wraps(make)
        def made(run: Run, /, *args: P.args, **kwargs: P.kwargs) -> B | Unavailable:
            absent = [name for name in tables if name not in run.tables]
            return Unavailable(reason=_why(run, absent)) if absent else make(run, *args, **kwargs)

        if make.__name__ in _FOUND:
            raise ValueError(f"two sections are named {make.__name__!r}")
        _FOUND[make.__name__] = made
        return made

    return registered


@cache
def sections() -> Mapping[str, Callable[..., Any]]:
    """Every section by name; the first call imports the modules they are written in."""
    package = import_module("mktorch.display.sections")
    for module in iter_modules(package.__path__, f"{package.__name__}."):
        import_module(module.name)
    return dict(sorted(_FOUND.items()))


def _why(run: Run, absent: list[str]) -> str:
    failed = [f"{step.name}: {step.error}" for step in run.manifest.steps if step.error]
    cause = f" ({'; '.join(failed)})" if failed else ""
    return f"Not available: this run has no table {', '.join(absent)}{cause}."
