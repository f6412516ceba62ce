"""A run as an analyst holds it: tables, lookups and state, and what a page shows of them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from mktorch import runs
from mktorch.display.show import Show
from mktorch.explain import Explanation, explain
from mktorch.history import Difference
from mktorch.whatif import whatif


class Run(runs.Run):
    """A finished run, read from its folder; tables, lookups and state are loaded on use."""

    @cached_property
    def show(self) -> Show:
        """Every block of `mktorch.display` by name: `run.show.campaigns()`."""
        return Show(self)

    def explain(self, name: str) -> Explanation:
        """Where the figure of an id comes from, as `mktorch explain` prints it."""
        return explain(self, name)

    def whatif(self, **settings: Any) -> Difference:
        """What would be decided under other settings, as `mktorch whatif` prints it.

        `run.whatif(target_roas=1.2, budget_rules={"proposal_stale_days": 7})` changes these alone.
        """
        named = {
            f"{name}.{entry}": inner
            for name, value in settings.items()
            if isinstance(value, dict)
            for entry, inner in value.items()
        }
        whole = {name: value for name, value in settings.items() if not isinstance(value, dict)}
        return whatif(self, {**whole, **named})


def load_run(path: str | Path) -> Run:
    """Open a run folder.

    Raises
    ------
    RunError
        Where the folder holds no whole run.
    """
    held = runs.load_run(path)
    return Run(held.path, held.manifest)
