"""What a run shows: every block of `mktorch.display` by name, for documents and notebooks alike.

```python
run = mktorch.load_run("output/runs/20260412-0123456789")
run.show.campaigns()                    # every campaign
run.show(campaign="CAMP_001").risk_inbox()
run.show.forest(interactive=True)       # the Altair chart itself
```
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import Any

from mktorch.display import trace
from mktorch.display.block import Block, DisplayError, rendering
from mktorch.display.charts import Chart
from mktorch.display.register import sections
from mktorch.display.sources import Sources
from mktorch.runs import Run


class Show:
    """A run's blocks by name, narrowed to `campaign` where one is given.

    `show.NAME()` calls the function NAME of `mktorch.display` with the run and, where it takes
    one, the campaign; other arguments are passed on. `interactive=True` gives a chart's Altair
    object. The blocks made are kept in `blocks`, in the order they were first asked for.

    Raises
    ------
    AttributeError
        For a name that is no block, with the nearest ones.
    """

    def __init__(self, run: Run, campaign: str = "") -> None:
        self.run, self.campaign = run, campaign
        self.blocks: dict[str, Block] = {}

    def __call__(self, campaign: str = "") -> Show:
        """The same run, seen through one campaign, with no block made yet."""
        return Show(self.run, campaign)

    def sources(self, *, brief: bool = False) -> Sources:
        """Where each figure of the blocks shown so far comes from: the last block of a document.

        In a document every figure links to its entry here. A `brief` one takes little paper.
        """
        blocks = self.blocks.values()
        return Sources(
            run=self.run,
            brief=brief,
            entries=tuple(trace.entries(f for block in blocks for f in block.figures())),
        )

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in sections():
            near = difflib.get_close_matches(name, sections(), n=3, cutoff=0.5)
            hint = f"; near it: {', '.join(near)}" if near else ""
            raise AttributeError(f"there is no block {name!r} to show{hint}")
        return self._shown(name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *sections()})

    def __repr__(self) -> str:
        narrowed = f", campaign={self.campaign!r}" if self.campaign else ""
        return f"Show({self.run.run_id!r}{narrowed})"

    def _shown(self, name: str) -> Callable[..., Any]:
        """The block's function with this run and campaign filled in, under its own signature."""
        make = sections()[name]
        _, *own = signature(make).parameters.values()
        taken = signature(make).replace(parameters=own)

        @wraps(make)
        def shown(*args: Any, interactive: bool = False, **options: Any) -> Any:
            if "campaign" in set(taken.parameters) - set(taken.bind_partial(*args).arguments):
                options.setdefault("campaign", self.campaign)
            block: Block = make(self.run, *args, **options)
            if rendering():
                block = block.linked(self.campaign)
            self.blocks[name] = block
            if not interactive:
                return block
            if not isinstance(block, Chart):
                raise DisplayError(f"{name} is no chart here; leave out interactive=True")
            return block.drawing

        last = Parameter("interactive", Parameter.KEYWORD_ONLY, default=False, annotation=bool)
        shown.__signature__ = taken.replace(parameters=[*own, last])  # type: ignore[attr-defined]
        return shown
