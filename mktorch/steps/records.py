"""From files to rollups: load, validate, scope, roll up."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import polars as pl

from mktorch.analysis.money import total
from mktorch.rollups import BY_KEY, BY_WINDOW, rollups
from mktorch.runs import FAILURES
from mktorch.sources.currencies import in_currency
from mktorch.sources.load import load
from mktorch.sources.set_aside import set_aside, set_aside_total
from mktorch.sources.validate import validate
from mktorch.sources.zones import in_zone
from mktorch.steps.work import Period, PipelineError, Step, Work
from mktorch.vocab import Source, Window

SOURCES = tuple(str(source) for source in Source)
ROLLUPS = ("rollup_rate", "rollup_correction", "rollup_paired", *BY_WINDOW, *BY_KEY)


def _load(work: Work) -> Mapping[str, Any]:
    raw = load(work.config)
    work.notes.extend(note for source in raw.values() for note in source.notes)
    return {"raw": raw}


def _validate(work: Work) -> Mapping[str, Any]:
    valid = validate(work["raw"], work.config)
    work.notes.extend(valid.notes)
    read = {source: own.frame for source, own in work["raw"].items()}
    stated = in_currency(read, work.config, strict=False)
    return {
        "valid": valid.frames,
        FAILURES: valid.failures,
        "set_aside": set_aside(stated, valid.failures),
        "set_aside_total": set_aside_total(
            stated, valid.failures, work.config.maximum_rejected_share
        ),
    }


def _scope(work: Work) -> Mapping[str, Any]:
    local = in_zone(work["valid"], work.config.reporting_timezone)
    frames = in_currency(local, work.config)
    as_of = work.config.as_of or _newest(frames)
    known, late = _known_at(frames, as_of)
    work.notes.extend(late)
    period = Period.of(known)
    if work.campaign_id is not None:
        known = _of_campaign(known, work.campaign_id)
    tables = {str(source): frame for source, frame in known.items()}
    return {**tables, "as_of": as_of, "period": period}


def _rollups(work: Work) -> Mapping[str, Any]:
    made = rollups(
        work[Source.PERFORMANCE_METRICS].lazy(),
        work[Source.CREATIVE_ASSETS].lazy(),
        work.day,
        work.config.window_days,
    )
    work.notes.extend(_taken_back(made["rollup_correction"]))
    return made


def _taken_back(corrections: pl.DataFrame) -> Iterator[str]:
    """How much credits and corrections take back, and the windows that they bring below 0."""
    whole = corrections.filter(window=str(Window.ALL)).group_by("measure").agg(
        pl.col("rows").sum(), total("corrected")
    ).sort("measure")  # fmt: skip
    for measure, rows, corrected in whole.iter_rows():
        yield (
            f"{Source.PERFORMANCE_METRICS}: {rows:,} rows take back {measure}, "
            f"{-corrected:,.6g} in all; they are kept and summed"
        )
    below = corrections.filter("below_zero").select("campaign_id", "window", "measure", "total")
    for campaign, window, measure, amount in below.iter_rows():
        yield (
            f"{campaign}: {measure} of the window {window!r} is below 0 ({amount:,.6g}); right if "
            "more was taken back than the window brought, else mend the rows"
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
        ("valid", FAILURES, "set_aside", "set_aside_total"),
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
        ROLLUPS,
        _rollups,
        optional=False,
    ),
)
