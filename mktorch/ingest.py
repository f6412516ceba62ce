"""From files to what a run looks at: load, validate, keep what was known and what is asked for."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import polars as pl

from mktorch.clock import DAYS_PER_MONTH
from mktorch.config import MarketingOrchestratorConfig
from mktorch.connect import load_feeds
from mktorch.errors import PipelineError
from mktorch.manifest import InputRecord
from mktorch.sources.bulk.scan import Scan
from mktorch.sources.currencies import in_currency
from mktorch.sources.frames import load_frames
from mktorch.sources.limits import limited
from mktorch.sources.load import load
from mktorch.sources.raw import RawSource
from mktorch.sources.rules import Rule
from mktorch.sources.set_aside import set_aside, set_aside_total
from mktorch.sources.validate import validate
from mktorch.sources.zones import in_zone
from mktorch.tables import Table, count, read, text, word
from mktorch.vocab import FailureSeverity, Source
from mktorch.wiring import makes

MOST_AHEAD = timedelta(days=366)
"""How far after the newest record a run may look from: no window is longer."""


@dataclass(frozen=True)
class Period:
    """The whole set's extent, so that a run of one campaign bears its own share and no more."""

    months: float
    campaigns: int

    @classmethod
    def of(cls, frames: Mapping[Source, pl.DataFrame], bulk: Scan | None = None) -> Period:
        """Months from the first to the last performance day; 0 where there is none."""
        days = frames[Source.PERFORMANCE_METRICS]["timestamp"].dt.date()
        if bulk is not None:
            days = pl.concat([days, bulk.days["date"]])
        first, last = days.min(), days.max()
        span = (last - first).days + 1 if isinstance(first, date) and isinstance(last, date) else 0
        return cls(span / DAYS_PER_MONTH, max(frames[Source.CAMPAIGNS].height, 1))


_FAILED = read("failures", "row", on={"source": "source", "path": "file"})


class Checked(NamedTuple):
    """The records that stand, by source, every failure found, what it comes to in money, and the
    sources as they were looked at."""

    valid: dict[Source, pl.DataFrame]
    failures: pl.DataFrame
    set_aside: pl.DataFrame
    set_aside_total: pl.DataFrame
    looked_at: dict[Source, RawSource]


# fmt: off
class InputFiles(Table):
    """One row per input file: what was read of it and what stands."""

    source = word(Source, "The source", key=True)
    path = text("The file", key=True)
    rows = count("Number of records in the file")
    valid = count("Number of the file's records that broke no rule that rejects, and that no newer "
        "one replaced", _FAILED, config=("validation_severity",))
    failed = count("Number of the file's records that were rejected; failures.parquet holds each",
        _FAILED, config=("validation_severity",))
# fmt: on


def raw(
    config: MarketingOrchestratorConfig, frames: Mapping[str, object] | None
) -> dict[Source, RawSource]:
    """Every source, from the frames given, else from the data folder and what the settings feed."""
    if frames is not None:
        return load_frames(frames, config)
    with limited(config.input_limits):
        return load_feeds(config) if config.sources or config.exports else load(config)


def checked(
    raw: Mapping[Source, RawSource], config: MarketingOrchestratorConfig, notes: list[str]
) -> Checked:
    """The records that pass every check, and what the others failed; see `validate`.

    `notes` is told what was noted of reading them, too.
    """
    with limited(config.input_limits):
        found = validate(raw, config)
    notes.extend(found.notes)
    frames = {name: own.frame for name, own in found.read.items()}
    scans = {name: own.scan for name, own in found.read.items() if own.scan}
    read = in_currency(frames, config, strict=False)
    by_rule = set_aside(read, found.failures, scans)
    total = set_aside_total(by_rule, read, found.failures, config.maximum_rejected_share, scans)
    return Checked(found.frames, found.failures, by_rule, total, found.read)


def input_files(raw: Mapping[Source, RawSource], failures: pl.DataFrame) -> pl.DataFrame:
    """`InputFiles`, in the order read."""
    columns = InputFiles.dtypes()
    records = input_records(raw, failures)
    return InputFiles.frame([[getattr(record, name) for name in columns] for record in records])


@makes(*Source, "as_of", "period", "bulk")
def scope(
    valid: Mapping[Source, pl.DataFrame],
    looked_at: Mapping[Source, RawSource],
    config: MarketingOrchestratorConfig,
    campaign_id: str | None,
    notes: list[str],
) -> dict[str, Any]:
    """Every source up to `as_of` and, where one is asked for, of one campaign.

    `as_of` is the setting's, else the newest timestamp of all records; `period` is the whole
    set's, whatever is asked for; `bulk` are the performance records that were summed where they
    are, or None.

    Raises
    ------
    PipelineError
        Where no record has a timestamp and none is set, the moment set is more than
        `MOST_AHEAD` after all records, or there is no such campaign.
    """
    frames = in_currency(in_zone(valid, config.reporting_timezone), config)
    bulk = looked_at[Source.PERFORMANCE_METRICS].scan
    as_of = _looked_from(config.as_of, _newest(frames, bulk))
    known, late = _known_at(frames, as_of)
    if bulk is not None:
        bulk, after = bulk.known()
        late[Source.PERFORMANCE_METRICS] += after
    notes.extend(
        f"{source}: {rows} records after {as_of.isoformat()} left out"
        for source, rows in late.items()
        if rows
    )
    period = Period.of(known, bulk)
    if campaign_id is not None:
        known = _of_campaign(known, campaign_id)
        bulk = bulk and bulk.of_assets(known[Source.CREATIVE_ASSETS]["asset_id"])
    tables = {str(source): frame for source, frame in known.items()}
    return {**tables, "as_of": as_of, "period": period, "bulk": bulk}


def input_records(raw: Mapping[Source, RawSource], failures: pl.DataFrame) -> list[InputRecord]:
    """Every input file with its hash and how many of its records stand."""
    error = pl.col("severity") == FailureSeverity.ERROR
    gone = failures.filter(error | (pl.col("rule") == Rule.RESTATED_ROW))
    failed, left_out = (
        {
            (source, file): count
            for source, file, count in rows.group_by("source", "file")
            .agg(pl.col("row").n_unique())
            .iter_rows()
        }
        for rows in (gone.filter(error), gone)
    )
    return [
        InputRecord(
            source=file.source,
            path=file.path,
            sha256=file.sha256,
            bytes=file.bytes,
            rows=file.rows,
            valid=file.rows - left_out.get((file.source, file.path), 0),
            failed=failed.get((file.source, file.path), 0),
        )
        for held in raw.values()
        for file in held.files
    ]


def known_assets(valid: Mapping[Source, pl.DataFrame]) -> pl.DataFrame:
    """All creative assets, so that one of another campaign is known as such in a run of one."""
    return valid[Source.CREATIVE_ASSETS]


def newest_summed(bulk: Scan | None = None) -> datetime | None:
    """The newest timestamp of the performance records that were summed where they are."""
    newest = None if bulk is None else bulk.days["last"].max()
    return newest if isinstance(newest, datetime) else None


def infrastructure_share(infrastructure_cost_per_month: float, period: Period) -> float:
    """What of the infrastructure's cost over the period each campaign bears."""
    return infrastructure_cost_per_month * period.months / period.campaigns


def _newest(frames: Mapping[Source, pl.DataFrame], bulk: Scan | None) -> datetime | None:
    stamps = [f["timestamp"].max() for f in frames.values() if "timestamp" in f.columns]
    stamps += [bulk.days["last"].max()] if bulk is not None else []
    return max((stamp for stamp in stamps if isinstance(stamp, datetime)), default=None)


def _looked_from(asked: datetime | None, newest: datetime | None) -> datetime:
    """The moment asked for, if the records reach near it; else that of the newest record."""
    if asked is None and newest is None:
        raise PipelineError("no record has a timestamp to look from; give one with --as-of")
    if asked and newest and asked - newest > MOST_AHEAD:
        raise PipelineError(
            f"as_of = {asked:%Y-%m-%d} is more than {MOST_AHEAD.days} days after the newest "
            f"record, of {newest:%Y-%m-%d}; choose {newest + MOST_AHEAD:%Y-%m-%d} or earlier"
        )
    return asked or newest  # type: ignore[return-value]


def _known_at(
    frames: Mapping[Source, pl.DataFrame], as_of: datetime
) -> tuple[dict[Source, pl.DataFrame], dict[Source, int]]:
    """The records stamped at or before `as_of`, and how many of each table are later."""
    known = {
        source: frame.filter((pl.col("timestamp") <= as_of).fill_null(value=True))
        if "timestamp" in frame.columns
        else frame
        for source, frame in frames.items()
    }
    return known, {source: frames[source].height - frame.height for source, frame in known.items()}


def _of_campaign(
    frames: Mapping[Source, pl.DataFrame], campaign_id: str
) -> dict[Source, pl.DataFrame]:
    """Only what belongs to one campaign; performance belongs through its asset."""
    ids = frames[Source.CAMPAIGNS]["campaign_id"].to_list()
    if campaign_id not in ids:
        near = difflib.get_close_matches(campaign_id, ids, n=3, cutoff=0.4) or ids[:5]
        raise PipelineError(
            f"--campaign {campaign_id!r}: no such campaign; known: {', '.join(near)}"
        )
    own = {
        source: frame.filter(pl.col("campaign_id") == campaign_id)
        if "campaign_id" in frame.columns
        else frame
        for source, frame in frames.items()
    }
    own[Source.PERFORMANCE_METRICS] = frames[Source.PERFORMANCE_METRICS].join(
        own[Source.CREATIVE_ASSETS], on="asset_id", how="semi", maintain_order="left"
    )
    return own
