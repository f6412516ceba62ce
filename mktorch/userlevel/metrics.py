"""What is measured: columns of a frame as metrics, with the covariates that explain them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from mktorch.errors import MktorchError

Column: TypeAlias = str | tuple[str, str]
"""A column, or numerator and denominator of a ratio."""
Columns: TypeAlias = Column | Sequence[Column] | Mapping[str, Column]


class ExperimentError(MktorchError, ValueError):
    """A frame or an argument that no experiment can be made of; says what to change."""


class Role(StrEnum):
    """What a metric is there for."""

    METRIC = "metric"
    GUARDRAIL = "guardrail"


@dataclass(frozen=True)
class Measure:
    """One metric: its columns, its covariate's, its role, and which way is better."""

    name: str
    columns: tuple[str, ...]
    role: Role
    lower_is_better: bool = False
    covariate: tuple[str, ...] = ()

    @property
    def read(self) -> tuple[str, ...]:
        """The columns of a unit that the metric is made of, covariates last."""
        return self.columns + self.covariate


def measures(
    metric: Columns,
    guardrail: Columns,
    covariate: Column | Mapping[str, Column] | None,
    lower_is_better: Iterable[str],
) -> tuple[Measure, ...]:
    """Every metric and guardrail, in the order they were named.

    Raises
    ------
    ExperimentError
        Where none is named, two have one name, or what was said of a metric names none.
    """
    named = [
        (name, _parts(columns), role)
        for given, role in ((metric, Role.METRIC), (guardrail, Role.GUARDRAIL))
        for name, columns in _named(given)
    ]
    names = [name for name, _, _ in named]
    if not any(role is Role.METRIC for _, _, role in named):
        raise ExperimentError("metric: name at least one column")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ExperimentError(f"metrics named twice: {', '.join(twice)}")
    lower = {lower_is_better} if isinstance(lower_is_better, str) else set(lower_is_better)
    covariates = (
        {name: _parts(columns) for name, columns in covariate.items()}
        if isinstance(covariate, Mapping)
        else dict.fromkeys(names, _parts(covariate))
        if covariate is not None
        else {}
    )
    for word, said in (("lower_is_better", lower), ("covariate", set(covariates))):
        if unknown := sorted(said - set(names)):
            raise ExperimentError(
                f"{word}: {', '.join(unknown)} is no metric here; known are {', '.join(names)}"
            )
    return tuple(
        Measure(name, columns, role, name in lower, covariates.get(name, ()))
        for name, columns, role in named
    )


def _named(given: Columns) -> list[tuple[str, Column]]:
    """Metrics by name: a column's own, `numerator / denominator`, or the mapping's key."""
    if isinstance(given, Mapping):
        return list(given.items())
    # Two names in a tuple are a ratio; several metrics come in a list, or as tuples in a tuple.
    single = isinstance(given, str) or (
        isinstance(given, tuple) and len(given) == 2 and all(isinstance(g, str) for g in given)
    )
    listed: Sequence[Column] = (given,) if single else given  # type: ignore[assignment]
    return [(" / ".join(_parts(columns)), columns) for columns in listed]


def _parts(columns: Column) -> tuple[str, ...]:
    parts = (columns,) if isinstance(columns, str) else tuple(columns)
    if not 1 <= len(parts) <= 2 or not all(isinstance(part, str) for part in parts):
        raise ExperimentError(
            f"{columns!r} is no metric: give a column, or (numerator, denominator)"
        )
    return parts
