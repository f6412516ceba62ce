"""A run with some of its tables replaced, for sections of hand-made figures."""

from __future__ import annotations

from collections import ChainMap
from types import SimpleNamespace
from typing import Any

import polars as pl

import mktorch
from mktorch.clock import Clock


def with_tables(run: mktorch.Run, **frames: pl.DataFrame) -> Any:
    """The run with these tables in the place of its own."""
    return SimpleNamespace(
        tables=ChainMap(frames, run.tables),
        config=run.config,
        clock=run.clock,
        manifest=run.manifest,
        run_id=run.run_id,
        path=run.path,
    )


def with_config(run: mktorch.Run, **settings: Any) -> Any:
    """The run under other settings; its tables as they are."""
    config = run.config.model_copy(update=settings)
    return SimpleNamespace(
        tables=run.tables,
        config=config,
        clock=Clock(run.manifest.as_of, config.window_days),
        manifest=run.manifest,
        run_id=run.run_id,
        path=run.path,
    )


def column(table: Any, name: str) -> list[str]:
    """What a reader sees in a column."""
    return table.texts(next(c for c in table.columns if c.name == name))
