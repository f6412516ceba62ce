"""Settings by dotted name, comparisons, and the thresholds that a recommendation shows."""

from __future__ import annotations

import polars as pl
import pytest

from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend.rule import Compare, When
from mktorch.recommend.rules import RULES
from mktorch.recommend.settings import (
    Role,
    holds,
    limit,
    named,
    setting,
    settings_of,
    thresholds_of,
)

CONFIG = MarketingOrchestratorConfig()
FRAME = pl.DataFrame({"x": [0.5, 1.0, 1.5, None], "w": ["a", "b", "c", None]})


@pytest.mark.parametrize(
    ("compare", "expected"),
    [
        (Compare.AT_LEAST, [False, True, True, False]),
        (Compare.ABOVE, [False, False, True, False]),
        (Compare.AT_MOST, [True, True, False, False]),
        (Compare.BELOW, [True, False, False, False]),
        (Compare.IS, [False, True, False, False]),
    ],
)
def test_a_number_is_compared_and_a_null_never_holds(compare, expected) -> None:
    by_number = When("x", compare, number=1.0)
    by_setting = When("x", compare, "target_roas")
    for when in (by_number, by_setting):
        assert FRAME.select(h=holds(when, CONFIG))["h"].to_list() == expected


def test_words_and_booleans() -> None:
    words = When("w", Compare.ONE_OF, words=("a", "c"))
    assert FRAME.select(h=holds(words, CONFIG))["h"].to_list() == [True, False, True, False]
    flags = pl.DataFrame({"f": [True, False, None]})
    frozen = When("f", Compare.IS, "recommendation_rules.budget_freeze")
    assert flags.select(h=holds(frozen, CONFIG))["h"].to_list() == [False, True, False]


def test_limits() -> None:
    assert setting(CONFIG, "recommendation_rules.minimum_spend") == 100.0
    assert setting(CONFIG, "business_kpi_targets.roi_estimate") == 0.5
    assert limit(When("x", Compare.IS, "minimum_sample_size"), CONFIG) == (100.0, [])
    assert limit(When("x", Compare.IS, "money_authority"), CONFIG) == (None, ["ledger"])
    with pytest.raises(AttributeError):
        setting(CONFIG, "recommendation_rules.no_such_setting")


def test_named_settings_show_their_value() -> None:
    shown = named(("target_roas", "performance_thresholds", "enable_reporting"), CONFIG, Role.CAP)
    assert [(t["number"], t["words"], t["role"]) for t in shown] == [
        (
            1.0,
            [],
            "cap",
        ),
        (
            None,
            [
                "exceeding_expectations=1.2",
                "meeting_expectations=0.8",
                "below_expectations=0.0",
            ],
            "cap",
        ),
        (None, ["true"], "cap"),
    ]


def test_a_rule_s_thresholds_hold_each_of_its_settings() -> None:
    for rule in RULES:
        shown = {t["name"] for t in thresholds_of(rule, CONFIG)}
        assert set(settings_of(rule)) <= shown, rule.id
        conditions = [t for t in thresholds_of(rule, CONFIG) if t["role"] == Role.CONDITION]
        assert [t["column"] for t in conditions] == [when.column for when in rule.when]
