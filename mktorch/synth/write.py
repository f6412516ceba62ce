"""Write a synthetic data set: thirteen sources and `truth.json`, campaign by campaign."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import get_args

import polars as pl

from mktorch.synth import company, derived, generic, governance, stories
from mktorch.synth.files import Format, chunk_file, write_records
from mktorch.synth.model import Market, Record, SynthError, generator
from mktorch.synth.performance import delivered_days, snapshots
from mktorch.vocab import Source

SAMPLE = Market(
    company=company.COMPANY,
    campaigns=company.CAMPAIGNS,
    segments=company.SEGMENTS,
    channels=company.CHANNELS,
    assets=company.ASSETS,
    experiments=company.EXPERIMENTS,
    effects=company.EFFECTS,
    wrong_rates=company.WRONG_RATES,
    wrong_rollups=company.WRONG_ROLLUPS,
    decisions=governance.DECISIONS,
    budget_actions=governance.BUDGET_ACTIONS,
    risks=governance.RISKS,
    stories=stories.STORIES,
)
SMALLEST = len(SAMPLE.campaigns)
_IDS = {
    Source.FUNNEL_EVENTS: ("event_id", "FE_", 5),
    Source.SEGMENT_ROLLUPS: ("rollup_id", "ROLL_", 3),
}
_PER_DAY = (24, 12, 8, 6, 4, 3, 2, 1)  # snapshots a day that divide it evenly, most first


@dataclass
class Flows:
    """What is known once performance is written: rows by source, warnings, books, attribution."""

    rows: Counter[Source] = field(default_factory=Counter)
    warnings: Counter[tuple[Source, str]] = field(default_factory=Counter)
    ledger: list[Record] = field(default_factory=list)
    hints: list[Record] = field(default_factory=list)


def synth(
    out: str | Path,
    *,
    rows: int | None = None,
    seed: int = 20260301,
    campaigns: int = SMALLEST,
    format: Format = "json",  # noqa: A002
) -> Record:
    """Write all thirteen sources and `truth.json`, the same bytes for the same arguments.

    The first seven campaigns are the sample company's, with every planted story. More are generic,
    drawn at random. Performance is written a campaign at a time, so memory does not grow with it.

    Parameters
    ----------
    out
        Folder to write, made if need be; files of the same names are replaced.
    rows
        Exact number of `performance_metrics` rows. Daily snapshots become finer, up to hourly, and
        campaigns are added beyond `campaigns` as needed. None: one snapshot a day.
    seed
        Seed of every draw, 0 or more.
    campaigns
        Number of campaigns, at least the sample's seven.
    format
        Format of `performance_metrics`, the one big source: `json`, `ndjson` or `parquet`. Its
        file is named for it.

    Returns
    -------
    The truth, as written to `truth.json`.

    Raises
    ------
    SynthError
        For fewer campaigns or rows than the stories need, a negative seed, an unknown format, or a
        folder that cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> truth = synth(tempfile.mkdtemp())
    >>> truth["company"], truth["rows"]["campaigns"]
    ('Quillmere', 7)
    """
    if format not in get_args(Format):
        raise SynthError(f"format = {format!r}: allowed are {', '.join(get_args(Format))}")
    if seed < 0:
        raise SynthError(f"seed = {seed}: give a whole number, 0 or more")
    per_day, campaigns = _layout(rows, campaigns)
    extra = [generic.campaign(n, SAMPLE, seed) for n in range(SMALLEST + 1, campaigns + 1)]
    parts = [_slice(SAMPLE, c.campaign_id) for c in SAMPLE.campaigns] + extra
    whole = _merge(SAMPLE, extra)
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        flows = _write_flows(folder, parts, seed, per_day, rows, format)
        counts = flows.rows | _write_small(folder, whole, flows)
        rows_of = {str(s): counts[s] for s in Source}
        truth = stories.truth(whole, seed, flows.warnings, rows_of)
        text = json.dumps(truth, indent=1, ensure_ascii=False) + "\n"
        (folder / "truth.json").write_bytes(text.encode())
    except OSError as error:
        raise SynthError(
            f"{folder} cannot be written: {error.strerror}; give a folder you may write, with room"
        ) from None
    return truth


def _layout(rows: int | None, campaigns: int) -> tuple[int, int]:
    """Snapshots a day and campaigns that hold `rows` rows, or a few more, at the finest grain."""
    if campaigns < SMALLEST:
        raise SynthError(f"campaigns = {campaigns}: the stories need at least {SMALLEST}")
    story = int(delivered_days(SAMPLE).sum())
    least = story + (campaigns - SMALLEST) * generic.DAYS_EACH
    if rows is None:
        return 1, campaigns
    if rows < least:
        raise SynthError(f"rows = {rows}: {campaigns} campaigns need at least {least}")
    per_day = next(n for n in _PER_DAY if least * n <= rows)
    more = -(-(rows - least * per_day) // (generic.DAYS_EACH * per_day))
    return per_day, campaigns + more


def _write_flows(
    folder: Path, parts: list[Market], seed: int, per_day: int, rows: int | None, format_: Format
) -> Flows:
    """Write what flows from performance, campaign by campaign; keep what adds up from it."""
    flows = Flows()
    formats: dict[Source, Format] = {
        Source.PERFORMANCE_METRICS: format_,
        Source.FUNNEL_EVENTS: "json",
        Source.SEGMENT_ROLLUPS: "json",
    }
    with ExitStack() as stack:
        files = {
            source: stack.enter_context(chunk_file(folder / f"{source}.{name}", name))
            for source, name in formats.items()
        }
        for number, part in enumerate(parts, start=1):
            frame = snapshots(part, generator(seed, 0, number), per_day=per_day)
            if rows is not None:
                frame = _newest(frame, rows - flows.rows[Source.PERFORMANCE_METRICS])
            if frame.is_empty():
                continue
            campaign, rng = part.campaigns[0], generator(seed, 2, number)
            weeks = derived.weekly(part.assets, frame)
            chunks = {
                Source.PERFORMANCE_METRICS: frame,
                Source.FUNNEL_EVENTS: derived.funnel_events(campaign, weeks, rng),
                Source.SEGMENT_ROLLUPS: derived.segment_rollups(
                    campaign, weeks, wrong=part.wrong_rollups
                ),
            }
            for source, chunk in chunks.items():
                files[source].add(_numbered(chunk, source, flows.rows[source]))
                flows.rows[source] += chunk.height
                flows.warnings.update(_suspicious(chunk, source))
            flows.ledger += derived.ledger(campaign, frame, rng)
            flows.hints += derived.attribution_hints(campaign, weeks, rng)
    return flows


def _newest(frame: pl.DataFrame, rows: int) -> pl.DataFrame:
    """The newest `rows` rows in key order: a campaign cut short started late, it did not stop."""
    keys = ["asset_id", "timestamp"]
    return frame.sort("timestamp", "asset_id").tail(rows).sort(keys) if rows < len(frame) else frame


def _suspicious(frame: pl.DataFrame, source: Source) -> dict[tuple[Source, str], int]:
    """Rows that validation should warn of, by source and rule."""
    rules = {}
    if {"clicks", "conversions"} <= set(frame.columns):
        rules["conversions_exceed_clicks"] = pl.col("conversions") > pl.col("clicks")
    if "conversion_rate" in frame.columns:
        rate = pl.col("conversions") / pl.col("impressions")
        rules["rate_mismatch"] = (pl.col("conversion_rate") - rate).abs() > 0.5 * rate
    counts = frame.select(**{rule: broken.sum() for rule, broken in rules.items()})
    return {(source, rule): int(counts[rule].item()) for rule in rules}


def _numbered(frame: pl.DataFrame, source: Source, before: int) -> pl.DataFrame:
    """The frame with its ids in front, counted on from `before`, where it has ids of its own."""
    if source not in _IDS:
        return frame
    name, prefix, width = _IDS[source]
    number = pl.int_range(before + 1, before + 1 + pl.len()).cast(pl.String).str.zfill(width)
    return frame.select(pl.format(prefix + "{}", number).alias(name), pl.all())


def _slice(market: Market, campaign_id: str) -> Market:
    """One campaign of a market, with every experiment: an arm may belong to another campaign."""
    return replace(
        market,
        campaigns=tuple(c for c in market.campaigns if c.campaign_id == campaign_id),
        assets=tuple(a for a in market.assets if a.campaign_id == campaign_id),
    )


def _merge(market: Market, extra: list[Market]) -> Market:
    """A market with the campaigns of others added."""
    parts = [market, *extra]
    return replace(
        market,
        campaigns=tuple(chain.from_iterable(p.campaigns for p in parts)),
        assets=tuple(chain.from_iterable(p.assets for p in parts)),
        experiments=tuple(chain.from_iterable(p.experiments for p in parts)),
        decisions=tuple(chain.from_iterable(p.decisions for p in parts)),
        budget_actions=tuple(chain.from_iterable(p.budget_actions for p in parts)),
        risks=tuple(chain.from_iterable(p.risks for p in parts)),
    )


def _write_small(folder: Path, market: Market, flows: Flows) -> Counter[Source]:
    """Write the sources that fit in memory; rows of each."""
    small: dict[Source, list[Record]] = {
        Source.CAMPAIGNS: [c.record() for c in market.campaigns],
        Source.AUDIENCE_SEGMENTS: list(market.segments),
        Source.CHANNELS: list(market.channels),
        Source.CREATIVE_ASSETS: [a.record() for a in market.assets],
        Source.EXPERIMENTS: [e.record() for e in market.experiments],
        Source.ORCHESTRATOR_DECISIONS: list(market.decisions),
        Source.ROI_LEDGER: flows.ledger,
        Source.BUDGET_ACTIONS: list(market.budget_actions),
        Source.CAMPAIGN_RISK_SIGNALS: list(market.risks),
        Source.ATTRIBUTION_HINTS: [
            {"hint_id": f"HINT_{n:03d}", **hint} for n, hint in enumerate(flows.hints, start=1)
        ],
    }
    for source, records in small.items():
        write_records(folder / f"{source}.json", records)
    return Counter({source: len(records) for source, records in small.items()})
