"""The sample's rollups, from which the rest of the plan is run again under other settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
import pytest

from mktorch.config import MarketingOrchestratorConfig
from mktorch.pipeline import execute
from mktorch.recommend import views
from mktorch.recommend.rule import View
from mktorch.steps import PLAN, Work
from tests.conftest import SAMPLE

AFTER = 1 + next(n for n, step in enumerate(PLAN) if step.name == "rollups")
UNTIL = 1 + next(n for n, step in enumerate(PLAN) if step.name == "recommend")
Rerun = Callable[..., Mapping[str, Any]]


@pytest.fixture(scope="session")
def rolled() -> Work:
    work = Work(MarketingOrchestratorConfig(data_dir=str(SAMPLE)))
    execute(PLAN[:AFTER], work)
    return work


@pytest.fixture(scope="session")
def rerun(rolled) -> Rerun:
    """The artifacts of a run of the sample under other settings, up to its recommendations."""

    def artifacts(config: MarketingOrchestratorConfig | None = None) -> Mapping[str, Any]:
        work = Work(config or rolled.config, artifacts=dict(rolled.artifacts))
        failed = [r.error for r in execute(PLAN[AFTER:UNTIL], work) if r.error]
        assert failed == []
        return work.artifacts

    return artifacts


@pytest.fixture(scope="session")
def sample_artifacts(rerun) -> Mapping[str, Any]:
    return rerun()


@pytest.fixture(scope="session")
def sample_tables(sample_artifacts) -> dict[str, pl.DataFrame]:
    return {n: a for n, a in sample_artifacts.items() if isinstance(a, pl.DataFrame)}


@pytest.fixture(scope="session")
def sample_views(sample_tables, rolled) -> dict[str, View]:
    return views(sample_tables, rolled.config)
