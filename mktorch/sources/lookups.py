"""Keyed access to the input tables: five id -> row, six id -> frame."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from mktorch import screen
from mktorch.sources.schemas import FILE, ROW
from mktorch.vocab import Source


class _Keyed(Mapping[str, Any]):
    """A table found by key: a `KeyError` names the table and near keys."""

    def __init__(self, table: Source, key: str, frame: pl.DataFrame) -> None:
        self._table = table
        self._key = key
        self._given = frame

    @cached_property
    def _frame(self) -> pl.DataFrame:
        return self._given.drop(FILE, ROW, strict=False)

    @property
    def _places(self) -> Mapping[str, Any]:
        raise NotImplementedError

    def _place(self, key: str) -> Any:
        try:
            return self._places[key]
        except KeyError:
            near = difflib.get_close_matches(str(key), self._places, n=3, cutoff=0.5)
            hint = f"; near: {', '.join(near)}" if near else f"; {len(self)} are known"
            raise KeyError(f"{self._table} has no {self._key} {key!r}{hint}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._table} by {self._key}: {len(self)} keys>"


class Rows(_Keyed, Mapping[str, dict[str, Any]]):
    """Key -> the row as a dict, without `_file` and `_row`.

    >>> frame = pl.DataFrame({"channel_id": ["CH_01"], "type": ["email"]})
    >>> Rows(Source.CHANNELS, "channel_id", frame)["CH_01"]
    {'channel_id': 'CH_01', 'type': 'email'}
    """

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {value: place for place, value in enumerate(self._frame[self._key])}

    def __getitem__(self, key: str) -> dict[str, Any]:
        return self._frame.row(self._place(key), named=True)


class Groups(_Keyed, Mapping[str, pl.DataFrame]):
    """Key -> the rows with that key, in order of `time`: a slice of one sorted frame, not a copy.

    Rows without the key belong to no group. The frame is sorted when it is first asked.

    >>> frame = pl.DataFrame({"asset_id": ["B", "A", "B"], "day": [2, 1, 1]})
    >>> Groups(Source.PERFORMANCE_METRICS, "asset_id", frame, "day")["B"]["day"].to_list()
    [1, 2]
    """

    def __init__(self, table: Source, key: str, frame: pl.DataFrame, time: str) -> None:
        super().__init__(table, key, frame)
        self._time = time

    @cached_property
    def _frame(self) -> pl.DataFrame:
        return (
            self._given.lazy()
            .drop(FILE, ROW, strict=False)
            .filter(pl.col(self._key).is_not_null())
            .sort(self._key, self._time, maintain_order=True)
            .collect()
            .rechunk()
        )

    @cached_property
    def _places(self) -> Mapping[str, tuple[int, int]]:
        runs = self._frame[self._key].rle().struct.unnest()
        starts = runs["len"].cum_sum() - runs["len"]
        return dict(zip(runs["value"], zip(starts, runs["len"], strict=True), strict=True))

    def __getitem__(self, key: str) -> pl.DataFrame:
        return self._frame.slice(*self._place(key))


@dataclass(frozen=True, repr=False)
class Lookups:
    """The eleven lookups, under the names of the state contract."""

    campaigns_lookup: Rows
    segments_lookup: Rows
    channels_lookup: Rows
    assets_lookup: Rows
    experiments_lookup: Rows
    metrics_by_asset: Groups
    metrics_by_experiment: Groups
    decisions_by_campaign: Groups
    risks_by_campaign: Groups
    budget_actions_by_campaign: Groups
    segment_rollups_by_campaign: Groups

    def __repr__(self) -> str:
        return screen.rows("Lookups", vars(self))

    def _repr_html_(self) -> str:
        return screen.html_rows("Lookups", vars(self))


def lookups(frames: Mapping[Source, pl.DataFrame]) -> Lookups:
    """Make the eleven lookups over valid frames."""

    def rows(table: Source, key: str) -> Rows:
        return Rows(table, key, frames[table])

    def groups(table: Source, key: str, time: str = "timestamp") -> Groups:
        return Groups(table, key, frames[table], time)

    return Lookups(
        campaigns_lookup=rows(Source.CAMPAIGNS, "campaign_id"),
        segments_lookup=rows(Source.AUDIENCE_SEGMENTS, "segment_id"),
        channels_lookup=rows(Source.CHANNELS, "channel_id"),
        assets_lookup=rows(Source.CREATIVE_ASSETS, "asset_id"),
        experiments_lookup=rows(Source.EXPERIMENTS, "experiment_id"),
        metrics_by_asset=groups(Source.PERFORMANCE_METRICS, "asset_id"),
        metrics_by_experiment=groups(Source.PERFORMANCE_METRICS, "experiment_id"),
        decisions_by_campaign=groups(Source.ORCHESTRATOR_DECISIONS, "campaign_id"),
        risks_by_campaign=groups(Source.CAMPAIGN_RISK_SIGNALS, "campaign_id"),
        budget_actions_by_campaign=groups(Source.BUDGET_ACTIONS, "campaign_id"),
        segment_rollups_by_campaign=groups(Source.SEGMENT_ROLLUPS, "campaign_id", "window_start"),
    )
