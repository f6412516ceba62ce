"""The sources as the settings complete them: zone of timestamps, stages, what splits a key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import dataframely as dy
import polars as pl

from mktorch.config.scale_rules import ScaleRules
from mktorch.sources.columns import grain, metadata
from mktorch.sources.limits import Limits
from mktorch.sources.schemas import SPECS, SourceSpec
from mktorch.vocab import Duplicates, FailureSeverity, Source


class Stages(Protocol):
    """The journey's stages, in order."""

    @property
    def stages(self) -> tuple[str, ...]: ...


class SourcesConfig(Protocol):
    """The settings that reading and validation look at."""

    @property
    def data_dir(self) -> str: ...
    @property
    def enable_validation(self) -> bool: ...
    @property
    def rate_tolerance(self) -> float: ...
    @property
    def validation_severity(self) -> Mapping[str, FailureSeverity]: ...
    @property
    def reporting_timezone(self) -> str: ...
    @property
    def duplicates(self) -> Duplicates: ...
    @property
    def grain(self) -> Mapping[str, Sequence[str]]: ...
    @property
    def currency(self) -> str: ...
    @property
    def as_of(self) -> datetime | None: ...
    @property
    def scale(self) -> ScaleRules: ...
    @property
    def input_limits(self) -> Limits: ...
    @property
    def funnel_rules(self) -> Stages: ...
    def file_of(self, source: Source) -> str: ...


def settled(source: Source, config: SourcesConfig) -> SourceSpec:
    """A source's declaration under the settings.

    Timestamps without an offset are of `reporting_timezone`, funnel stages those of
    `funnel_rules.stages`, and each column of `grain` may split the rows of one key.
    """
    spec = SPECS[source]
    return replace(spec, settled=dict(_columns(spec, config)))


def _columns(spec: SourceSpec, config: SourcesConfig) -> Iterator[tuple[str, dy.Column]]:
    for name, column in spec.columns.items():
        if column.dtype == pl.Datetime("us") and config.reporting_timezone != "UTC":
            yield name, _with(column, zone=config.reporting_timezone)
        elif name == "stage":
            yield (
                name,
                _with(column, words=config.funnel_rules.stages, setting="funnel_rules.stages"),
            )
    for name in config.grain.get(spec.source, ()):
        if name not in spec.columns:
            yield name, grain()


def _with(column: dy.Column, **annotations: object) -> dy.Column:
    return column.with_metadata({**(column.metadata or {}), **annotations})


def present(spec: SourceSpec, frame: pl.DataFrame) -> SourceSpec:
    """The declaration of the columns that a frame has; `account_id` and the grain among them split
    the key."""
    left = {name: column for name, column in spec.columns.items() if name in frame.columns}
    further = [n for n, c in left.items() if metadata(c, "grain") or n == "account_id"]
    return replace(spec, only=tuple(left), key=(*spec.key, *further))
