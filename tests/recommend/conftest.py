"""The sample's rollups, from which the rest of the plan is run again under other settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
import pytest

from mktorch.config import MarketingOrchestratorConfig
from mktorch.pipeline import execute
from mktorch.plan import PLAN
from mktorch.recommend import views
from mktorch.recommend.rule import View
from mktorch.wiring import PipelineContext
from tests.conftest import SAMPLE

FIRST = 1 + next(n for n, step in enumerate(PLAN) if step.name == "rollups")
LAST = 1 + next(n for n, step in enumerate(PLAN) if step.name == "recommend")
Rerun = Callable[..., Mapping[str, Any]]


class _Watched:
    """Settings that remember which of them were read."""

    def __init__(self, config: MarketingOrchestratorConfig) -> None:
        self.config, self.read = config, set()

    def __getattr__(self, name: str) -> Any:
        self.read.add(name)
        return getattr(self.config, name)


@dataclass(frozen=True)
class Sample:
    """The artifacts of a run of the sample, and the settings that each step read."""

    artifacts: Mapping[str, Any]
    read: Mapping[str, set[str]]


@pytest.fixture(scope="session")
def sample() -> Sample:
    context = PipelineContext(MarketingOrchestratorConfig(data_dir=str(SAMPLE)))
    execute(PLAN[:FIRST], context)
    read = {}
    for step in PLAN[FIRST:LAST]:
        watched = _Watched(context.config)
        context.artifacts.update(step.run(replace(context, config=watched)))
        read[step.name] = watched.read
    return Sample(context.artifacts, read)


@pytest.fixture(scope="session")
def rerun(sample) -> Rerun:
    """The sample's artifacts under other settings: each step that reads one, and what follows."""

    def artifacts(config: MarketingOrchestratorConfig, *changed: str) -> Mapping[str, Any]:
        context = PipelineContext(config, artifacts=dict(sample.artifacts))
        stale: set[str] = set()
        for step in PLAN[FIRST:LAST]:
            last = step is PLAN[LAST - 1]
            if last or stale & set(step.needs) or sample.read[step.name] & set(changed):
                context.artifacts.update(step.run(context))
                stale |= set(step.makes)
        return context.artifacts

    return artifacts


@pytest.fixture(scope="session")
def sample_tables(sample) -> dict[str, pl.DataFrame]:
    return {n: a for n, a in sample.artifacts.items() if isinstance(a, pl.DataFrame)}


@pytest.fixture(scope="session")
def sample_views(sample_tables) -> dict[str, View]:
    return views(sample_tables, MarketingOrchestratorConfig())
