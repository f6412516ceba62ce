"""How a plan is wired: a step's functions name what they need, and are named after what they make.

A parameter is the name of a table or another artifact that an earlier function makes, of a setting,
of one of `GIVEN`, or of a value: a function of the same rules whose result is not kept. A parameter
with a default is read where it was made, and done without where it was not. A function makes the
table it is named after; the fields of the named tuple it returns; or what `makes` says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from inspect import Parameter, signature
from typing import Any, TypeVar, get_type_hints

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.errors import PipelineError
from mktorch.manifest import StepRecord

Function = Callable[..., Any]
_F = TypeVar("_F", bound=Function)

GIVEN = frozenset({"config", "campaign_id", "frames", "notes", "seconds", "steps", "tables"})
"""What every step may ask of the run: see `PipelineContext`."""
# The moment a run looks from is made: by the setting, or from the data where it is not set.
SETTINGS = frozenset(MarketingOrchestratorConfig.model_fields) - {"as_of"}


@dataclass
class PipelineContext:
    """What the steps of a run share: settings, scope, artifacts by name, notes, measured times
    and how each step went.

    `frames` are the sources an analyst passed, by name; without them the data folder is read.
    """

    config: MarketingOrchestratorConfig
    campaign_id: str | None = None
    frames: Mapping[str, object] | None = None
    artifacts: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    steps: list[StepRecord] = field(default_factory=list)

    def __getitem__(self, name: str) -> Any:
        return self.artifacts[name]

    @property
    def tables(self) -> dict[str, pl.DataFrame]:
        """Every table made so far."""
        return {name: a for name, a in self.artifacts.items() if isinstance(a, pl.DataFrame)}


def makes(*names: str) -> Callable[[_F], _F]:
    """Declare what a function makes that returns a mapping of names which data decide."""

    def declared(function: _F) -> _F:
        function.makes = names  # type: ignore[attr-defined]
        return function

    return declared


def outputs(function: Function) -> tuple[str, ...]:
    """The names of what a function makes.

    >>> def clicks_by_day(clicks): ...
    >>> outputs(clicks_by_day)
    ('clicks_by_day',)
    """
    declared: tuple[str, ...] | None = getattr(function, "makes", None)
    if declared is None:
        declared = getattr(_returned(function), "_fields", (function.__name__,))
    return declared


@dataclass(frozen=True)
class Step:
    """Functions that run together: all of what they make is kept, or nothing where one fails.

    Parameters
    ----------
    values
        The functions whose results a parameter may name without their being kept.
    optional
        Whether a run stands without the step.
    switch
        The setting that turns the step off.
    reads, uses
        What its functions find in `tables`: that without which they cannot do, and the rest.
    """

    name: str
    description: str
    functions: tuple[Function, ...]
    values: Mapping[str, Function] = field(default_factory=dict)
    optional: bool = True
    switch: str | None = None
    reads: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()

    @cached_property
    def makes(self) -> tuple[str, ...]:
        """The artifacts it makes, in order."""
        return tuple(name for function in self.functions for name in outputs(function))

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """The artifacts without which it is not run."""
        asked = (name for name, required in self._asked if required)
        return tuple(dict.fromkeys((*asked, *self.reads)))

    @cached_property
    def awaits(self) -> tuple[str, ...]:
        """The artifacts it comes after: `needs`, and what it reads where it was made."""
        asked = (name for name, _ in self._asked)
        return tuple(dict.fromkeys((*asked, *self.reads, *self.uses)))

    def run(self, context: PipelineContext) -> dict[str, Any]:
        """Call the functions in order; what one makes, the next may ask for."""
        made: dict[str, Any] = {}
        held: dict[str, Any] = {}
        for function in self.functions:
            made |= _named(function, self._call(function, context, made, held))
        return made

    @cached_property
    def _asked(self) -> tuple[tuple[str, bool], ...]:
        """Every artifact asked for and not made here, and whether it must be there."""
        made: set[str] = set()
        asked: dict[str, bool] = {}
        for function in self.functions:
            for name, required in self._artifacts(function):
                if name not in made:
                    asked[name] = required or asked.get(name, False)
            made |= set(outputs(function))
        return tuple(asked.items())

    def _artifacts(self, function: Function) -> Iterable[tuple[str, bool]]:
        for name, parameter in signature(function).parameters.items():
            if name in self.values:
                yield from self._artifacts(self.values[name])
            elif name not in GIVEN | SETTINGS:
                yield name, parameter.default is Parameter.empty

    def _call(
        self,
        function: Function,
        context: PipelineContext,
        made: Mapping[str, Any],
        held: dict[str, Any],
    ) -> Any:
        given: dict[str, Any] = {}
        for name, parameter in signature(function).parameters.items():
            if name in self.values:
                if name not in held:
                    held[name] = self._call(self.values[name], context, made, held)
                given[name] = held[name]
            elif name in GIVEN:
                given[name] = getattr(context, name)
            elif name in SETTINGS:
                given[name] = getattr(context.config, name)
            elif name in made:
                given[name] = made[name]
            elif name in context.artifacts or parameter.default is Parameter.empty:
                given[name] = context.artifacts[name]
        return function(**given)


def wired(*steps: Step) -> tuple[Step, ...]:
    """The steps in an order in which each finds what it awaits: as listed, where that will do.

    Raises
    ------
    PipelineError
        Where two functions make one name, a name is a setting's, a value's or given, or a
        parameter is made by nobody or only by what waits for it.
    """
    makers: dict[str, str] = {}
    for step in steps:
        for name in step.makes:
            if name in makers:
                raise PipelineError(f"{name} is made twice, by {makers[name]} and by {step.name}")
            if name in GIVEN | SETTINGS or name in step.values:
                raise PipelineError(f"{step.name} makes {name}, which is a setting or given")
            makers[name] = step.name
    for step in steps:
        for name in step.awaits:
            if name not in makers:
                raise PipelineError(f"{step.name} asks for {name}, which nothing makes")
    ordered: list[Step] = []
    made: set[str] = set()
    while len(ordered) < len(steps):
        ready = next((s for s in steps if s not in ordered and made.issuperset(s.awaits)), None)
        if ready is None:
            rest = ", ".join(step.name for step in steps if step not in ordered)
            raise PipelineError(f"these steps wait for each other: {rest}")
        ordered.append(ready)
        made |= set(ready.makes)
    return tuple(ordered)


def _returned(function: Function) -> Any:
    """The class a function returns; None where its module does not say."""
    try:
        return get_type_hints(function).get("return")
    except NameError:
        return None


def _named(function: Function, result: Any) -> dict[str, Any]:
    """What a function returned, by name."""
    names = outputs(function)
    if hasattr(result, "_asdict"):
        result = result._asdict()
    elif not hasattr(function, "makes"):
        result = {names[0]: result}
    undeclared = set(result).symmetric_difference(names)
    if undeclared:
        raise PipelineError(f"declared outputs and made ones differ: {sorted(undeclared)}")
    return dict(result)
