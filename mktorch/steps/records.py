"""From files to rollups: load, validate, scope, roll up."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

from mktorch.rollups import ROLLUPS, rollups
from mktorch.runs import FAILURES
from mktorch.sources.load import load
from mktorch.sources.validate import validate
from mktorch.steps.work import Period, PipelineError, Step, Work
from mktorch.vocab import Source

SOURCES = tuple(str(source) for source in Source)


def _load(work: Work) -> Mapping[str, Any]:
    raw = load(work.config)
    work.notes.extend(note for source in raw.values() for note in source.notes)
    return {"raw": raw}


def _validate(work: Work) -> Mapping[str, Any]:
    valid = validate(work["raw"], work.config)
    work.notes.extend(valid.notes)
    return {"valid": valid.frames, FAILURES: valid.failures}


def _scope(work: Work) -> Mapping[str, Any]:
    frames: Mapping[Source, pl.DataFrame] = work["valid"]
    as_of = work.config.as_of or _newest(frames)
    known, late = _known_at(frames, as_of)
    work.notes.extend(late)
    period = Period.of(known)
    if work.campaign_id is not None:
        known = _of_campaign(known, work.campaign_id)
    tables = {str(source): frame for source, frame in known.items()}
    return {**tables, "as_of": as_of, "period": period}


def _rollups(work: Work) -> Mapping[str, Any]:
    return rollups(
        work[Source.PERFORMANCE_METRICS].lazy(),
        work[Source.CREATIVE_ASSETS].lazy(),
        work.day,
        work.config.window_days,
    )


def _newest(frames: Mapping[Source, pl.DataFrame]) -> datetime:
    stamps = [f["timestamp"].max() for f in frames.values() if "timestamp" in f.columns]
    known = [stamp for stamp in stamps if isinstance(stamp, datetime)]
    if not known:
        raise PipelineError("no record has a timestamp to look from; give one with --as-of")
    return max(known)


def _known_at(
    frames: Mapping[Source, pl.DataFrame], as_of: datetime
) -> tuple[dict[Source, pl.DataFrame], list[str]]:
    """The records stamped at or before `as_of`, and a note for each table that has later ones."""
    known = {
        source: frame.filter((pl.col("timestamp") <= as_of).fill_null(value=True))
        if "timestamp" in frame.columns
        else frame
        for source, frame in frames.items()
    }
    return known, [
        f"{source}: {frames[source].height - frame.height} records after {as_of.isoformat()} "
        "left out"
        for source, frame in known.items()
        if frame.height < frames[source].height
    ]


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


STEPS: tuple[Step, ...] = (
    Step("load", "Read the thirteen sources", (), ("raw",), _load, optional=False),
    Step(
        "validate",
        "Check every record; set the failed apart, with reasons",
        ("raw",),
        ("valid", FAILURES),
        _validate,
        optional=False,
    ),
    Step(
        "scope",
        "Keep what was known at as_of, of the campaign asked for",
        ("valid",),
        (*SOURCES, "as_of", "period"),
        _scope,
        optional=False,
    ),
    Step(
        "rollups",
        "Sum performance by asset, experiment, campaign, segment, channel and day",
        (Source.PERFORMANCE_METRICS, Source.CREATIVE_ASSETS, "as_of"),
        tuple(ROLLUPS),
        _rollups,
        optional=False,
    ),
)
