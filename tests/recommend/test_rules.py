"""Every rule: at the boundary of each condition and on both sides, and by hand on the sample."""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mktorch.config import MarketingOrchestratorConfig
from mktorch.config.recommendation_rules import RecommendationRules
from mktorch.recommend import RULES, candidates
from mktorch.recommend.candidates import facts_of
from mktorch.recommend.rule import Compare, Rule, View, When
from mktorch.recommend.settings import setting
from mktorch.recommend.views import BUILDERS
from mktorch.recommend.words import FORMATS, WORDS, columns_of
from mktorch.vocab import Action

CONFIG = MarketingOrchestratorConfig()
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    Compare.AT_LEAST: operator.ge,
    Compare.ABOVE: operator.gt,
    Compare.AT_MOST: operator.le,
    Compare.BELOW: operator.lt,
    Compare.IS: operator.eq,
}
CASES = [
    pytest.param(rule, when, id=f"{rule.id}-{when.column}-{n}")
    for rule in RULES
    for n, when in enumerate(rule.when)
]


def limit(when: When) -> Any:
    if when.setting:
        return setting(CONFIG, when.setting)
    return when.words if when.number is None else when.number


def holds(when: When, value: Any) -> bool:
    """The comparison as one makes it by hand."""
    if value is None:
        return False
    against = limit(when)
    if isinstance(against, bool):
        return value is against
    if isinstance(against, str | tuple):
        words = (against,) if isinstance(against, str) else tuple(map(str, against))
        return (str(value).lower() if isinstance(value, bool) else str(value)) in words
    return COMPARED[when.compare](value, against)


def trials(column: str, rule: Rule, dtype: pl.DataType) -> list[Any]:
    """Values at every limit that the rule sets for a column, and next to it on either side."""
    found: list[Any] = []
    for when in (w for w in rule.when if w.column == column):
        against = limit(when)
        if dtype == pl.Boolean:
            found += [True, False]
        elif isinstance(against, str | tuple):
            found += [*((against,) if isinstance(against, str) else against), "another word"]
        elif dtype.is_integer():
            found += [
                math.floor(against) - 1,
                math.floor(against),
                math.floor(against) + 1,
                math.floor(against) + 100,
            ]
        else:
            found += [
                math.nextafter(against, -math.inf),
                float(against),
                math.nextafter(against, math.inf),
                against - 1.0,
                against + 1.0,
            ]
    return found


def meeting(column: str, rule: Rule, dtype: pl.DataType) -> Any:
    """A value that meets every condition on a column."""
    conditions = [when for when in rule.when if when.column == column]
    return next(
        v for v in reversed(trials(column, rule, dtype)) if all(holds(w, v) for w in conditions)
    )


@pytest.mark.parametrize(("rule", "when"), CASES)
def test_a_rule_speaks_exactly_where_its_conditions_hold(rule, when, sample_views) -> None:
    view = sample_views[rule.view]
    schema = view.frame.schema
    met = {w.column: meeting(w.column, rule, schema[w.column]) for w in rule.when}
    values = [*trials(when.column, rule, schema[when.column]), None]
    base = (
        view.frame.head(1) if view.frame.height else pl.DataFrame([dict.fromkeys(schema)], schema)
    )
    rows = pl.concat(
        base.with_columns(
            target_id=pl.lit(f"T{n}"),
            **{c: pl.lit(v, schema[c]) for c, v in {**met, when.column: value}.items()},
        )
        for n, value in enumerate(values)
    )
    asked = candidates({rule.view: View(rows, view.origins)}, [rule], CONFIG)
    conditions = [w for w in rule.when if w.column == when.column]
    expected = {f"T{n}" for n, v in enumerate(values) if all(holds(w, v) for w in conditions)}
    assert set(asked["target_id"]) == expected
    assert expected
    assert len(expected) < len(values)


STOPS = [
    rule
    for rule in RULES
    if rule.action in {Action.PAUSE, Action.DECREASE_BUDGET}
    and any("attainment" in when.column for when in rule.when)
]


@pytest.mark.parametrize("rule", STOPS, ids=[rule.id for rule in STOPS])
def test_a_return_that_may_be_fine_stops_nothing(rule, sample_views) -> None:
    """Every condition is met, the return and its low end are nothing: its high end alone is."""
    view = sample_views[rule.view]
    schema = view.frame.schema
    met = {w.column: meeting(w.column, rule, schema[w.column]) for w in rule.when}
    poor = met | {"attainment_low": 0.0, "attainment": 0.0}
    base = (
        view.frame.head(1) if view.frame.height else pl.DataFrame([dict.fromkeys(schema)], schema)
    )
    rows = pl.concat(
        base.with_columns(
            target_id=pl.lit(name),
            **{c: pl.lit(v, schema[c]) for c, v in {**poor, "attainment_high": high}.items()},
        )
        for name, high in (("stops", 0.0), ("stays", 1.0))
    )
    asked = candidates({rule.view: View(rows, view.origins)}, [rule], CONFIG)
    assert asked["target_id"].to_list() == ["stops"]


def test_each_rule_declares_what_it_needs(sample_views) -> None:
    for rule in RULES:
        view = sample_views[rule.view]
        columns = set(view.frame.columns)
        assert rule.when, rule.id
        for when in rule.when:
            assert when.column in view.origins, (rule.id, when.column)
            given = (bool(when.setting), when.number is not None, bool(when.words))
            assert sum(given) == 1, (rule.id, when)
        named = [*rule.facts, rule.stake, rule.raises, rule.lowers, rule.depends_on]
        texts = (
            rule.description,
            rule.rationale,
            rule.current_value,
            rule.recommended_value,
            rule.what_could_go_wrong,
            *rule.steps,
        )
        named += [column for text in texts for column in columns_of(text)]
        impact = rule.impact
        ranges = [r for r in (impact.roi_lift, impact.revenue, impact.savings) if r]
        named += [end for r in ranges for end in (r.low, r.point, r.high)]
        assert {name for name in named if name} <= columns, rule.id
        assert all(text.strip() for text in (*texts, impact.basis, rule.owner)), rule.id
        assert rule.steps, rule.id
        assert bool(ranges) == bool(impact.reason), rule.id
        assert impact.reason in {"", *columns}, rule.id
        for name in (*rule.behind, *rule.caps):
            setting(CONFIG, name)


def test_ids_and_gravities_are_unique() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert len({rule.gravity for rule in RULES}) == len(RULES)
    assert {rule.view for rule in RULES} <= set(BUILDERS)


def test_views_hold_one_row_per_target_and_none_without(sample_views) -> None:
    for name, view in sample_views.items():
        ids = view.frame["target_id"]
        assert ids.null_count() == 0, name
        assert ids.n_unique() == ids.len(), name
        assert set(view.origins) <= set(view.frame.columns), name


def test_each_fact_of_a_view_is_found_in_its_table(sample_views, sample_tables) -> None:
    for name, view in sample_views.items():
        for column, origin in view.origins.items():
            keys = list(origin.keys)
            table = sample_tables[origin.table].filter(**origin.fixed)
            assert table.select(keys).is_duplicated().sum() == 0, (name, column)
            found = view.frame.select(**dict(origin.keys), value=column).join(
                table.select(*keys, found=origin.column), on=keys, how="left", nulls_equal=True
            )
            assert found["value"].equals(found["found"]), (name, column, origin)


def test_the_rules_find_what_a_reader_of_the_views_finds(sample_views) -> None:
    asked = candidates(sample_views, RULES, CONFIG)
    by_hand = {
        f"{rule.id}:{row['target_id']}"
        for rule in RULES
        for row in sample_views[rule.view].frame.to_dicts()
        if all(holds(when, row[when.column]) for when in rule.when)
    }
    assert set(asked["recommendation_id"]) == by_hand
    assert by_hand


def test_each_recommendation_follows_from_its_evidence_and_thresholds(sample_tables) -> None:
    """Only what the recommendation itself states, and the tables that it names, are read."""
    for recommendation in sample_tables["recommendations"].to_dicts():
        facts = {}
        for fact in recommendation["evidence"]:
            value = fact["word"] if fact["number"] is None else fact["number"]
            row = sample_tables[fact["table"]].filter(**json.loads(fact["keys"]))
            assert row.height == 1
            found = row[fact["column"]][0]
            assert (
                float(found)
                if fact["number"] is not None
                else None
                if found is None
                else str(found).lower()
                if found in (True, False)
                else str(found)
            ) == value
            facts[fact["fact"]] = value
        conditions = [t for t in recommendation["thresholds"] if t["role"] == "condition"]
        assert facts
        assert conditions
        for threshold in conditions:
            value = facts[threshold["column"]]
            if threshold["number"] is None:
                assert value in threshold["words"]
            else:
                assert COMPARED[threshold["compare"]](value, threshold["number"])


def test_facts_of_a_rule_begin_with_its_conditions(sample_views) -> None:
    for rule in RULES:
        facts = facts_of(rule, sample_views[rule.view])
        assert facts[: len({w.column for w in rule.when})] == tuple(
            dict.fromkeys(w.column for w in rule.when)
        )


def test_every_template_names_a_known_format(sample_views) -> None:
    from string import Formatter

    for rule in RULES:
        texts = (
            rule.description,
            rule.rationale,
            rule.current_value,
            rule.recommended_value,
            rule.what_could_go_wrong,
            *rule.steps,
        )
        specs = {spec or "" for text in texts for _, _, spec, _ in Formatter().parse(text)}
        named = {spec for spec in specs if spec.startswith(("in ", "as "))}
        assert specs - named <= {*FORMATS, *WORDS}, rule.id


@pytest.mark.parametrize("empty", [True, False])
def test_no_rows_no_recommendations(empty, sample_views) -> None:
    held = {n: View(v.frame.clear(), v.origins) for n, v in sample_views.items()} if empty else {}
    assert candidates(held, RULES, CONFIG).height == 0


def test_cases_cover_every_rule() -> None:
    assert {c.values[0].id for c in CASES} == {rule.id for rule in RULES}


def test_the_documentation_names_every_rule_and_setting() -> None:
    text = (Path(__file__).parents[2] / "docs" / "recommendations.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    for rule in RULES:
        row = next((line for line in rows if f"`{rule.id}`" in line.split("|")[1]), "")
        assert f"| {rule.priority} |" in row, rule.id
    for name, field in RecommendationRules.model_fields.items():
        assert f"| `{name}` | {str(field.default).lower()} |" in text, name
