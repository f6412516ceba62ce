"""Wiring: what a step needs and makes is read from its functions; what cannot be is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from mktorch.config import MarketingOrchestratorConfig
from mktorch.errors import PipelineError
from mktorch.plan import PLAN, VALUES
from mktorch.wiring import GIVEN, SETTINGS, PipelineContext, Step, makes, outputs, wired

DOCS = Path(__file__).parents[1] / "docs"


def clicks(window_days):
    return pl.DataFrame({"n": [window_days]})


def doubled(clicks):
    return clicks.select(pl.col("n") * 2)


def told(doubled, extra=None):
    return (doubled["n"].item(), extra)


def extra():
    return "more"


class Pair(NamedTuple):
    left: int
    right: int


def pair() -> Pair:
    return Pair(1, 2)


@makes("one", "two")
def many():
    return {"one": 1, "two": 2}


def step(*functions, name="a", **more) -> Step:
    return Step(name, f"Do {name}", functions, **more)


def context() -> PipelineContext:
    return PipelineContext(MarketingOrchestratorConfig(window_days=3))


def test_names_say_what_is_needed_and_made() -> None:
    each = step(doubled, told)
    assert (each.needs, each.makes) == (("clicks",), ("doubled", "told"))
    assert each.awaits == ("clicks", "extra")
    assert (outputs(pair), outputs(many)) == (("left", "right"), ("one", "two"))


def test_what_one_function_makes_the_next_may_ask_for() -> None:
    made = step(clicks, doubled, told, pair, many).run(context())
    assert made["told"] == (6, None)
    assert (made["left"], made["right"], made["one"], made["two"]) == (1, 2, 1, 2)


def test_what_has_a_default_is_read_where_it_was_made() -> None:
    held = context()
    held.artifacts |= {"doubled": pl.DataFrame({"n": [1]}), "extra": "more"}
    assert step(told).run(held)["told"] == (1, "more")
    order = wired(step(told, name="b"), step(clicks, doubled), step(extra, name="c"))
    assert [s.name for s in order] == ["a", "c", "b"]  # it waits for what it can do without


def test_a_value_is_made_when_it_is_asked_for_and_not_kept() -> None:
    each = step(doubled, values={"clicks": clicks})
    assert each.needs == ()
    assert list(each.run(context())) == ["doubled"]


def test_tables_are_those_made_before() -> None:
    def counted(tables):
        return sorted(tables)

    held = context()
    held.artifacts |= {"clicks": pl.DataFrame(), "as_of": "no table"}
    assert step(counted).run(held) == {"counted": ["clicks"]}


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ((step(clicks), step(clicks, name="b")), "clicks is made twice, by a and by b"),
        ((step(doubled),), "a asks for clicks, which nothing makes"),
        ((step(doubled, clicks),), "wait for each other: a"),
        ((step(doubled), step(clicks, name="b", reads=("doubled",))), "wait for each other: a, b"),
        ((step(clicks, values={"clicks": clicks}),), "a makes clicks, which is a setting or given"),
        ((step(replace),), "a asks for obj, which nothing makes"),
    ],
)
def test_a_plan_that_cannot_be_run_is_refused(steps, message) -> None:
    with pytest.raises(PipelineError, match=message):
        wired(*steps)


def test_a_name_cannot_be_a_setting() -> None:
    def currency():
        return "EUR"

    with pytest.raises(PipelineError, match="a makes currency"):
        wired(step(currency))


def test_the_order_follows_from_the_names() -> None:
    shuffled = (step(told, name="c"), step(doubled, name="b"), step(clicks, extra, name="a"))
    assert [s.name for s in wired(*shuffled)] == ["a", "b", "c"]
    assert wired(*PLAN) == PLAN


def test_every_parameter_of_the_plan_names_something() -> None:
    made = {name for each in PLAN for name in each.makes}
    functions = [function for each in PLAN for function in each.functions]
    for function in (*functions, *VALUES.values()):
        assert set(signature(function).parameters) <= made | set(VALUES) | GIVEN | SETTINGS
    asked = {name for f in (*functions, *VALUES.values()) for name in signature(f).parameters}
    assert set(VALUES) <= asked  # no value that nobody asks for


def test_every_table_the_docs_describe_is_made() -> None:
    heading = re.compile(r"^#{2,4} `([a-z_]+)`", re.MULTILINE)
    described = {name for page in DOCS.glob("*.md") for name in heading.findall(page.read_text())}
    assert len(described) >= 5
    assert described <= {name for each in PLAN for name in each.makes}
