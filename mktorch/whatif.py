"""What a run would decide under other settings, from its saved tables; no record is read again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any

from mktorch.config import load_config
from mktorch.errors import PipelineError, in_a_line, is_failure
from mktorch.history import Difference, decisions_changed, inputs_changed, settings_changed
from mktorch.ingest import Period
from mktorch.manifest import InputRecord
from mktorch.plan import PLAN
from mktorch.runs import Run
from mktorch.vocab import Source
from mktorch.wiring import GIVEN, SETTINGS, Function, PipelineContext, Step

_FIRST, _LAST = "rollups", "verdict"  # before them records are read, after them words are found
_BIG = str(Source.PERFORMANCE_METRICS)
# What decides which records there are, and what they mean.
_READING = frozenset(
    {
        *(f"{source}_file" for source in Source),
        *("as_of", "currency", "data_dir", "duplicates", "enable_validation", "exchange_rates"),
        *("exports", "grain", "input_limits", "maximum_rejected_share", "rate_tolerance"),
        *("reporting_timezone", "scale", "sources", "validation_severity"),
    }
)


@dataclass(frozen=True)
class _Files:
    """Of a source as read, the files."""

    files: tuple[InputRecord, ...]


def whatif(run: Run, settings: Mapping[str, Any]) -> Difference:
    """What changes in a run's decisions under other settings.

    Only the steps that read a changed setting are run again, and those that follow from them.

    Parameters
    ----------
    run
        A run of all campaigns.
    settings
        Values by name; a dotted name sets one entry of a table.

    Raises
    ------
    ConfigError
        For a setting that is unknown, or a value that is not allowed.
    PipelineError
        Where a setting decides how records are read, the run is of one campaign, or a step fails.
    """
    if run.manifest.campaign_id is not None:
        raise PipelineError(f"{run.path}: a run of one campaign; give one of all campaigns")
    held = run.config.model_dump(mode="json")
    config, _ = load_config(overrides=_merged(held, settings), alone=True)
    changed = settings_changed(held, config.model_dump(mode="json"))
    names = {name.partition(".")[0] for name in changed["setting"]}
    for name in sorted(names & _READING | {"funnel_rules.stages"} & set(changed["setting"])):
        raise PipelineError(f"{name}: decides how records are read; make a new run with it")
    steps = affected(names)
    context = PipelineContext(config, artifacts=_saved(run, steps))
    for step in steps:
        try:
            context.artifacts.update(step.run(context))
        except BaseException as error:
            if not is_failure(error):
                raise
            raise PipelineError(f"{step.name}: {in_a_line(error)}") from None
    return Difference(
        run.run_id,
        run.run_id,
        inputs_changed(run.manifest, run.manifest),
        changed,
        decisions_changed(run.tables, context.tables),
    )


def affected(settings: set[str]) -> list[Step]:
    """The steps of the plan that read one of these settings, or what such a step makes."""
    names = [step.name for step in PLAN]
    found: list[Step] = []
    made: set[str] = set()
    for step in PLAN[names.index(_FIRST) : names.index(_LAST) + 1]:
        if settings & set(_settings(step)) or made & set(step.awaits):
            found.append(step)
            made |= set(step.makes)
    return found


def _settings(step: Step) -> Iterator[str]:
    """The settings that a step's functions name; all of them where one asks for the whole."""

    def named(function: Function) -> Iterator[str]:
        for name in signature(function).parameters:
            if name in step.values:
                yield from named(step.values[name])
            elif name == "config":
                yield from SETTINGS
            elif name in SETTINGS - GIVEN:
                yield name

    for function in step.functions:
        yield from named(function)


def _saved(run: Run, steps: list[Step]) -> dict[str, Any]:
    """What the steps find: the run's tables, the big one only where one of them asks for it."""
    asked = {name for step in steps for name in step.awaits}
    artifacts: dict[str, Any] = {
        name: run.tables[name] for name in run.tables if name != _BIG or asked & {_BIG, "period"}
    }
    files = run.manifest.inputs
    artifacts["as_of"] = run.manifest.as_of
    artifacts["raw"] = {s: _Files(tuple(i for i in files if i.source == s)) for s in Source}
    artifacts["valid"] = {s: artifacts[s] for s in Source if s in artifacts}
    if "period" in asked:
        artifacts["period"] = Period.of(artifacts["valid"])
    return artifacts


def _merged(held: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The run's settings with other values, an entry of a table in the place of its own."""
    merged = dict(held)
    for name, value in settings.items():
        head, dot, entry = name.partition(".")
        merged[head] = {**(merged.get(head) or {}), entry: value} if dot else value
    return merged
