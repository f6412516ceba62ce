"""A run as an analyst holds it: tables, lookups and state, and what a page shows of them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from mktorch import runs
from mktorch.display.show import Show
from mktorch.explain import Explanation, explain


class Run(runs.Run):
    """A finished run, read from its folder; tables, lookups and state are loaded on use."""

    @cached_property
    def show(self) -> Show:
        """Every block of `mktorch.display` by name: `run.show.campaigns()`."""
        return Show(self)

    def explain(self, name: str) -> Explanation:
        """Where the figure of an id comes from, as `mktorch explain` prints it."""
        return explain(self, name)


def load_run(path: str | Path) -> Run:
    """Open a run folder.

    Raises
    ------
    RunError
        Where the folder holds no whole run.
    """
    held = runs.load_run(path)
    return Run(held.path, held.manifest)
