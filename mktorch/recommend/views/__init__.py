"""Views: one row per possible target, each column of which knows the run table it is from."""

from __future__ import annotations

from collections.abc import Mapping

from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend.rule import Builder, Tables, View
from mktorch.recommend.views import (
    campaigns,
    channels,
    creatives,
    experiments,
    journey,
    proposals,
    risks,
    segments,
    tracking,
)

BUILDERS: Mapping[str, Builder] = {
    **campaigns.VIEWS,
    **channels.VIEWS,
    **creatives.VIEWS,
    **experiments.VIEWS,
    **journey.VIEWS,
    **proposals.VIEWS,
    **risks.VIEWS,
    **segments.VIEWS,
    **tracking.VIEWS,
}
"""View -> its builder."""


def views(tables: Tables, config: MarketingOrchestratorConfig) -> dict[str, View]:
    """Build every view whose run tables are there; a view that lacks one is left out."""
    return {
        name: builder.build(tables, config)
        for name, builder in BUILDERS.items()
        if all(need in tables for need in builder.needs)
    }
