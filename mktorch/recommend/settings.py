"""Settings by dotted name, and the thresholds that a recommendation shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import reduce
from typing import Any

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend.rule import Compare, Rule, When

THRESHOLD = pl.Struct(
    {
        "name": pl.String,
        "compare": pl.String,
        "number": pl.Float64,
        "words": pl.List(pl.String),
        "column": pl.String,
        "role": pl.String,
    }
)
CONFIDENCE = (
    "recommendation_rules.high_confidence_width",
    "recommendation_rules.medium_confidence_width",
)
Threshold = dict[str, Any]


class Role(StrEnum):
    """Why a threshold bears on a recommendation."""

    CONDITION = "condition"
    FACT = "fact"
    CAP = "cap"
    FREEZE = "freeze"
    GRAVER = "graver"
    LESSER = "lesser"


def setting(config: MarketingOrchestratorConfig, name: str) -> Any:
    """The value of a setting by its dotted name.

    >>> setting(MarketingOrchestratorConfig(), "performance_thresholds.meeting_expectations")
    0.8
    """
    return reduce(_step, name.split("."), config)


def limit(when: When, config: MarketingOrchestratorConfig) -> tuple[float | None, list[str]]:
    """What a condition compares with: a number, or words."""
    return _split(setting(config, when.setting)) if when.setting else (when.number, [*when.words])


def holds(when: When, config: MarketingOrchestratorConfig) -> pl.Expr:
    """Whether a row satisfies a condition; a null fact does not."""
    fact, (number, words) = pl.col(when.column), limit(when, config)
    if number is None:
        return fact.cast(pl.String).is_in(words).fill_null(value=False)
    compared = {
        Compare.AT_LEAST: fact >= number,
        Compare.ABOVE: fact > number,
        Compare.AT_MOST: fact <= number,
        Compare.BELOW: fact < number,
        Compare.IS: fact == number,
    }
    return compared[when.compare].fill_null(value=False)


def thresholds_of(rule: Rule, config: MarketingOrchestratorConfig) -> list[Threshold]:
    """A rule's own thresholds: its conditions, the settings behind its facts, and its caps."""
    judged = (
        CONFIDENCE if any((rule.impact.revenue, rule.impact.savings, rule.impact.roi_lift)) else ()
    )
    return [
        *(_threshold(when, config) for when in rule.when),
        *named(rule.behind, config, Role.FACT),
        *named(judged, config, Role.FACT),
        *named(rule.caps, config, Role.CAP),
    ]


def named(names: Iterable[str], config: MarketingOrchestratorConfig, role: Role) -> list[Threshold]:
    """Settings that bear on a recommendation without a comparison of its own."""
    return [_record(name, None, *_split(setting(config, name)), None, role) for name in names]


def settings_of(rule: Rule) -> tuple[str, ...]:
    """Every setting that can change what a rule says, each once and in order."""
    own = (when.setting for when in rule.when if when.setting)
    return tuple(dict.fromkeys((*own, *rule.behind, *rule.caps)))


def _threshold(when: When, config: MarketingOrchestratorConfig) -> Threshold:
    number, words = limit(when, config)
    name = when.setting or None
    return _record(name, str(when.compare), number, words, when.column, Role.CONDITION)


def _record(
    name: str | None,
    compare: str | None,
    number: float | None,
    words: list[str],
    column: str | None,
    role: Role,
) -> Threshold:
    values = (name, compare, number, words, column, str(role))
    return dict(zip((field.name for field in THRESHOLD.fields), values, strict=True))


def _split(value: Any) -> tuple[float | None, list[str]]:
    """A setting's value as a number, or as words."""
    if isinstance(value, bool):
        return None, [str(value).lower()]
    if isinstance(value, int | float):
        return float(value), []
    if isinstance(value, str):
        return None, [str(value)]
    if isinstance(value, Mapping):
        return None, [f"{name}={held}" for name, held in value.items()]
    return None, [str(word) for word in value or ()]


def _step(held: Any, name: str) -> Any:
    return held[name] if isinstance(held, Mapping) else getattr(held, name)
