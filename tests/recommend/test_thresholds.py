"""One changed setting changes only the recommendations whose `thresholds` name it."""

from __future__ import annotations

from functools import reduce
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from mktorch.config import MarketingOrchestratorConfig
from mktorch.config.recommendation_rules import RecommendationRules
from mktorch.recommend import RULES
from mktorch.recommend.settings import settings_of
from mktorch.recommend.settle import FREEZE
from mktorch.vocab import Standing

BASE = MarketingOrchestratorConfig()
# The verdict and the length of a summary: no rule reads them.
NAMES = sorted(
    {
        *(f"recommendation_rules.{name}" for name in RecommendationRules.model_fields),
        *(name for rule in RULES for name in settings_of(rule)),
        *FREEZE,
    }
)


def others(name: str, value: Any) -> list[dict[str, Any]]:
    """Settings in full with another value of `name`: half, double, or the other way round."""
    if isinstance(value, bool):
        tries: list[Any] = [not value]
    elif isinstance(value, int):
        tries = [max(value // 2, 1), value * 2 + 1]
    elif isinstance(value, float):
        tries = [value / 2, value * 2, (1 + value) / 2] if value else [0.3]
    elif isinstance(value, dict):
        tries = [{n: v * 1.5 for n, v in value.items()}, {n: v / 10 for n, v in value.items()}]
    else:
        tries = []
    return [_set(BASE.model_dump(), name.split("."), other) for other in tries]


def _set(held: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    head, *rest = path
    return {**held, head: _set(held[head], rest, value) if rest else value}


def _value(name: str) -> Any:
    return reduce(lambda held, key: held[key], name.split("."), BASE.model_dump())


def _variants(name: str) -> list[MarketingOrchestratorConfig]:
    found = []
    for settings in others(name, _value(name)):
        try:
            found.append(MarketingOrchestratorConfig(**settings))
        except ValidationError:
            continue
    return found


def _rows(frame: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """By id, all but the rank."""
    return {row["recommendation_id"]: row for row in frame.drop("rank").to_dicts()}


def _names(row: dict[str, Any]) -> set[str]:
    return {t["name"] for t in row["thresholds"] if t["name"]}


CASES = [
    pytest.param(name, config, id=f"{name}-{n}")
    for name in NAMES
    for n, config in enumerate(
        _variants(name)[: 2 if name.startswith("recommendation_rules") else 1]
    )
]


@pytest.mark.parametrize(("name", "config"), CASES)
def test_a_setting_changes_only_what_names_it(name, config, rerun, sample_tables) -> None:
    before = _rows(sample_tables["recommendations"])
    after = _rows(rerun(config, name.split(".")[0])["recommendations"])
    unnamed = [
        i
        for i in sorted({*before, *after})
        if before.get(i) != after.get(i) and name not in _names(before.get(i) or after[i])
    ]
    assert unnamed == []


def test_a_threshold_shows_the_number_in_force(sample_tables) -> None:
    for row in sample_tables["recommendation_candidates"].to_dicts():
        for threshold in row["thresholds"]:
            if threshold["name"] is None:
                continue
            value = _value(threshold["name"])
            if isinstance(value, bool):
                assert threshold["words"] == [str(value).lower()]
            elif isinstance(value, int | float):
                assert threshold["number"] == value
            elif isinstance(value, dict):
                assert threshold["words"] == [f"{n}={v}" for n, v in value.items()]
            elif isinstance(value, tuple):
                assert threshold["words"] == list(value)
            else:
                assert threshold["words"] == [str(value)]


def test_settings_do_change_recommendations(rerun, sample_tables) -> None:
    """The test above would pass on rules that read no setting."""
    config = MarketingOrchestratorConfig(
        recommendation_rules={"pause_attainment": 0.05, "minimum_reallocation": 1000.0}
    )
    before, after = (
        sample_tables["recommendations"],
        rerun(config, "recommendation_rules")["recommendations"],
    )
    gone = set(before["recommendation_id"]) - set(after["recommendation_id"])
    assert "pause_campaign_without_return:CAMP_003" in gone
    assert "reallocate_between_channels:CAMP_002/CH_02" in gone
    assert "decrease_budget_of_poor_return:CAMP_003" in set(after["recommendation_id"])
    assert after["recommendation_id"].n_unique() == after.height
    held = rerun(config, "recommendation_rules")["recommendation_candidates"]
    assert set(held["standing"]) <= set(map(str, Standing))
