"""What a rule is: conditions on a view's columns, and the words and money that follow from them.

A rule is evaluated on a view: a frame with one row per possible target, every column of which knows
the run table, column and keys it came from. Conditions carry the evidence and the thresholds of
each recommendation by themselves, so that a reader can redo the comparison by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.vocab import Action, Category, Level, Priority

TARGET = ("target_id", "target_name", "campaign_id")  # the columns every view has
Tables = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Origin:
    """Where a view's column is from: a run table's column, found by its key columns.

    `keys` maps the table's key columns to the view's columns of the same values; `fixed` adds keys
    of constant value, such as `{"window": "current"}`.
    """

    table: str
    column: str
    keys: Mapping[str, str]
    fixed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class View:
    """One row per possible target: `target_id` (unique), `target_name`, `campaign_id`, facts."""

    frame: pl.DataFrame
    origins: Mapping[str, Origin]


class Builder(NamedTuple):
    """How a view is made: the run tables it needs, and the function that takes them."""

    needs: tuple[str, ...]
    build: Callable[[Tables, MarketingOrchestratorConfig], View]


class Compare(StrEnum):
    """How a fact is set against a threshold. A null fact satisfies none."""

    AT_LEAST = ">="
    ABOVE = ">"
    AT_MOST = "<="
    BELOW = "<"
    IS = "is"
    ONE_OF = "is one of"


@dataclass(frozen=True)
class When:
    """One condition: a fact of the view against a setting, or against the rule's own constant.

    Exactly one of `setting` (dotted name in the configuration), `number` and `words` is given.
    """

    column: str
    compare: Compare
    setting: str = ""
    number: float | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Range:
    """Low, point and high column of an amount in the view; nulls stay nulls."""

    low: str
    point: str
    high: str


@dataclass(frozen=True)
class Impact:
    """What the action is expected to change, from intervals, or why that cannot be said.

    `roi_lift` in percent of the target's own return, `revenue` and `savings` in money over the
    horizon that `basis` states. `reason` names the view's column that says why a value is null.
    """

    basis: str
    roi_lift: Range | None = None
    revenue: Range | None = None
    savings: Range | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule: where it looks, when it speaks, what it asks for and what that may do.

    Texts are templates over the view's columns, `{spend:currency}`: the words after the colon are
    the formats of `recommend.words`. `gravity` orders rules that meet on one target, the larger
    wins; it is unique. `raises` and `lowers` name list columns of ids that the action gives more
    or less to: two actions that pull one id both ways contradict each other. `increases` marks
    what a budget freeze blocks. `behind` names the settings that decided the facts themselves,
    such as the gates of an experiment, and `caps` those that bound an amount. `facts` names view
    columns to show as evidence beside those that conditions, texts and money use. `reaches` names
    kinds of ids where settings decide which ids the action pulls at, or which targets there are.
    """

    id: str
    view: str
    category: Category
    action: Action
    when: tuple[When, ...]
    priority: Priority
    gravity: int
    owner: str
    risk: Level
    description: str
    rationale: str
    current_value: str
    recommended_value: str
    steps: tuple[str, ...]
    what_could_go_wrong: str
    impact: Impact
    stake: str = ""
    raises: str = ""
    reaches: tuple[str, ...] = ()
    lowers: str = ""
    increases: bool = False
    behind: tuple[str, ...] = ()
    caps: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    depends_on: str = ""
