"""Every view: order of the input changes nothing, and no rows give no rows."""

from __future__ import annotations

import pytest

from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend.rule import TARGET
from mktorch.recommend.views import BUILDERS

CONFIG = MarketingOrchestratorConfig()


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_order_of_the_tables_changes_nothing(name, sample_tables, sample_views) -> None:
    needs, build = BUILDERS[name]
    shuffled = {
        need: sample_tables[need].sample(fraction=1, shuffle=True, seed=seed)
        for seed, need in enumerate(needs)
    }
    assert build(shuffled, CONFIG).frame.equals(sample_views[name].frame)


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_empty_tables_give_no_targets_in_the_same_columns(
    name, sample_tables, sample_views
) -> None:
    needs, build = BUILDERS[name]
    view = build({need: sample_tables[need].clear() for need in needs}, CONFIG)
    assert view.frame.height == 0
    assert view.frame.schema == sample_views[name].frame.schema


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_a_builder_reads_only_what_it_says_it_needs(name, sample_tables, sample_views) -> None:
    needs, build = BUILDERS[name]
    alone = build({need: sample_tables[need] for need in needs}, CONFIG)
    assert alone.frame.equals(sample_views[name].frame)
    assert {origin.table for origin in alone.origins.values()} <= set(needs)
    assert set(TARGET) <= set(alone.frame.columns)
