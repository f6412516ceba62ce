"""What a KPI is: one entry that says how it is computed, named, judged, worded and followed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any, NamedTuple

from mktorch.vocab import Direction, KpiGroup, Unit, Window

MEASURED = "seconds"
"""The input that a run measures: what is computed from it differs from run to run."""
MOMENT = "clock"
GROUPS: Mapping[KpiGroup, str] = {
    KpiGroup.OPERATIONAL_HEALTH: "operational",
    KpiGroup.CAMPAIGN_IMPACT: "effectiveness",
    KpiGroup.BUSINESS_VALUE: "business",
}
"""The groups in order, each with the word that its settings and its key of the state begin with."""


QUOTIENT, DIFFERENCE = "numerator / denominator", "numerator - denominator"
REDUCTION = f"1 - {QUOTIENT}"


class Value(NamedTuple):
    """What a KPI is in a run: null with a reason, or beside what it was computed from."""

    value: float | None
    numerator: float | None = None
    denominator: float | None = None
    window: str = Window.ALL
    reason: str | None = None


class Reads(NamedTuple):
    """What a KPI reads of one table: `columns`, in the rows whose `where` columns hold the word."""

    table: str
    columns: tuple[str, ...]
    where: Mapping[str, str]


def read(table: str, *columns: str, **where: str) -> Reads:
    """What is read of a table, in one line.

    >>> read("rollup_asset", "cost", window="all").where
    {'window': 'all'}
    """
    return Reads(table, columns, where)


def both(table: str, *columns: str) -> tuple[Reads, ...]:
    """What is read of a rollup in the current and in the prior window."""
    return tuple(read(table, *columns, window=w) for w in (Window.CURRENT, Window.PRIOR))


def share(numerator: float, denominator: float, window: str = Window.ALL) -> Value:
    """`numerator / denominator`; null where there is nothing to divide by.

    >>> share(1, 4).value, share(1, 0).value
    (0.25, None)
    """
    value = numerator / denominator if denominator else None
    return Value(value, numerator, denominator, window)


@dataclass(frozen=True)
class Kpi:
    """One KPI, wholly.

    `compute` bears its name; the parameters name the tables it reads, and `clock` or `seconds` (of
    the run's executed steps) where it needs them. `missing` says why a null is null where `compute`
    does not say it. `target` is the default; 0 for an upward KPI means none is set.

    `upstream` is what it reads, `fallback` what it reads besides where there is no prior window;
    a table's key is read with its columns. `settings` names what else of the configuration has a
    say. `formula` is the arithmetic that gives the value, by default that of `upstream`; `points`
    says that it is a difference of two fractions, written in percentage points with so many
    decimals.

    `change` says that it sets a figure now (its numerator) against one before (its denominator):
    0 is no change. `full` is the most that such a figure can be: from there nothing can improve.
    """

    compute: Callable[..., Value]
    label: str
    group: KpiGroup
    better: Direction
    unit: Unit
    target: float
    words: str
    upstream: tuple[Reads, ...] = ()
    fallback: tuple[Reads, ...] = ()
    settings: tuple[str, ...] = ()
    missing: str = ""
    formula: str = ""
    points: int | None = None
    change: bool = False
    full: float | None = None

    @property
    def name(self) -> str:
        return self.compute.__name__

    @property
    def inputs(self) -> tuple[str, ...]:
        """What `compute` takes: tables by name, `clock`, `seconds`, and what may be beside."""
        return tuple(signature(self.compute).parameters)

    @property
    def beside(self) -> tuple[str, ...]:
        """Inputs that a run may lack."""
        asked = signature(self.compute).parameters
        return tuple(name for name, each in asked.items() if each.default is not each.empty)

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple(name for name in self.inputs if name not in (MEASURED, MOMENT, *self.beside))

    @property
    def measured(self) -> bool:
        """Whether it is measured on each run, and so no two runs need agree on it."""
        return MEASURED in self.inputs

    def of(self, inputs: Mapping[str, Any]) -> Value:
        """The KPI computed from its inputs by name, a null with its reason."""
        given = [n for n in self.inputs if n in inputs or n not in self.beside]
        found = self.compute(**{name: inputs[name] for name in given})
        missing = found.value is None and found.reason is None
        return found._replace(reason=self.missing) if missing else found

    @property
    def phrase(self) -> str:
        """The label within a sentence.

        >>> from mktorch.kpis import NAMED
        >>> NAMED["conversion_rate_delta"].label, NAMED["conversion_rate_delta"].phrase
        ('Conversion rate, change', 'change in conversion rate')
        """
        of, _, what = self.label.partition(", ")
        spoken = of[:1].lower() + of[1:]
        return f"{what} in {spoken}" if what else spoken
