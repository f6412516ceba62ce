"""Small exports as platforms write them: one campaign, segment, channel, one or more ads."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from mktorch.clock import Clock
from mktorch.config import MarketingOrchestratorConfig
from mktorch.rollups import rollups
from mktorch.sources import Validated, load, validate
from mktorch.sources.currencies import in_currency
from mktorch.sources.raw import RawSource
from mktorch.sources.totals import totals
from mktorch.sources.zones import in_zone
from mktorch.vocab import Source

Record = dict[str, Any]
CAMPAIGN: Record = {
    "campaign_id": "C1",
    "name": "Search",
    "primary_kpi": "conversion_rate",
    "start_date": "2026-03-01",
    "status": "active",
}
AD: Record = {"asset_id": "AD1", "campaign_id": "C1", "segment_id": "S1", "channel_id": "H1"}


def export(rows: list[Any], **others: list[Record]) -> dict[str, list[Any]]:
    """The five sources that must exist, with these performance rows."""
    return {
        "campaigns": [CAMPAIGN],
        "audience_segments": [{"segment_id": "S1", "name": "Everyone"}],
        "channels": [{"channel_id": "H1", "type": "search", "platform": "Ads"}],
        "creative_assets": [AD],
        "performance_metrics": rows,
    } | others


def row(day: int | str = 1, **fields: Any) -> Record:
    """A day's row of the one ad: 1,000 impressions, 100 clicks, 10 conversions, 100 for 400."""
    stamp = day if isinstance(day, str) else f"2026-03-{day:02d}T00:00:00"
    return {
        "asset_id": "AD1",
        "timestamp": stamp,
        "impressions": 1000,
        "clicks": 100,
        "conversions": 10,
        "cost": 100.0,
        "revenue_proxy": 400.0,
    } | fields


def written(folder: Path, tables: dict[str, list[Any]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, records in tables.items():
        (folder / f"{name}.json").write_text(json.dumps(records))
    return folder


def read(
    folder: Path, tables: dict[str, list[Any]] | None = None, **settings: Any
) -> tuple[dict[Source, RawSource], Validated]:
    if tables is not None:
        written(folder, tables)
    config = MarketingOrchestratorConfig(data_dir=str(folder), **settings)
    raw = load(config)
    return raw, validate(raw, config)


def sums(valid: Validated, as_of: str = "2026-03-31", **settings: Any) -> Record:
    """What the rollups make of the valid rows of all campaigns, over all time."""
    config = MarketingOrchestratorConfig(**settings)
    frames = in_currency(in_zone(valid.frames, config.reporting_timezone), config)
    metrics, assets = frames[Source.PERFORMANCE_METRICS], frames[Source.CREATIVE_ASSETS]
    day = pl.Series([as_of]).str.to_date().item()
    known = metrics.filter(pl.col("timestamp").dt.date() <= day)
    whole = rollups(known, assets, Clock.on(day))["rollup_campaign"].filter(window="all")
    return whole.select(
        pl.col("impressions", "clicks", "conversions", "cost", "revenue").sum()
    ).row(0, named=True)  # fmt: skip


def by_hand(rows: list[Any], column: str) -> Decimal:
    """The sum of a column as it is written, blanks left out."""
    values = (r.get(column) for r in rows if isinstance(r, dict))
    return sum((Decimal(repr(v)) for v in values if isinstance(v, int | float)), Decimal(0))


def assert_proven(
    raw: dict[Source, RawSource], valid: Validated, tables: dict[str, list[Any]]
) -> None:
    """Accepted, rejected and restated sums make up what the files state, to the millionth."""
    proof = totals(raw, valid)
    assert (proof["difference"] == 0).all()
    for source, column, *parts in proof.select(
        "source", "column", "accepted", "rejected", "restated"
    ).iter_rows():
        if source not in tables:
            continue
        rows = tables[source]
        stated = Decimal(len(rows)) if column == "rows" else by_hand(rows, column)
        held = sum((Decimal(repr(part or 0.0)) for part in parts), Decimal(0))
        assert held.quantize(MICRO) == stated.quantize(MICRO), (source, column)


MICRO = Decimal("0.000001")
