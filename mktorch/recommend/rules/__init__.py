"""The rules as data, gravest first."""

from __future__ import annotations

from mktorch.recommend.rule import Rule
from mktorch.recommend.rules import (
    budget,
    campaigns,
    creatives,
    experiments,
    journey,
    proposals,
    risks,
    segments,
    tracking,
)

RULES: tuple[Rule, ...] = tuple(
    sorted(
        (
            *budget.RULES,
            *campaigns.RULES,
            *creatives.RULES,
            *experiments.RULES,
            *journey.RULES,
            *proposals.RULES,
            *risks.RULES,
            *segments.RULES,
            *tracking.RULES,
        ),
        key=lambda rule: -rule.gravity,
    )
)
