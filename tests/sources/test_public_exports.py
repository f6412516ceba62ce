"""Two exports in the layouts of large platforms, through a whole run: every total is the file's."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mktorch.config import MarketingOrchestratorConfig
from mktorch.pipeline import check, run
from tests.sources.exports import Record, written

DAYS = [f"2026-03-{day:02d}" for day in range(1, 15)]


def google() -> tuple[dict[str, list[Record]], list[Record]]:
    """Ads by day, device and network: cost in micros, conversions shared between ads, a credit."""
    rng = random.Random(1)
    ads = [
        {"campaign.id": 9_000_000_000 + ad // 2, "ad_group_ad.ad.id": 700_000_000_000 + ad}
        for ad in range(4)
    ]
    report = [
        {
            **ad,
            "segments.date": day,
            "segments.device": device,
            "segments.ad_network_type": network,
            "metrics.impressions": rng.randint(50, 900),
            "metrics.clicks": rng.randint(0, 40),
            "metrics.conversions": rng.randint(0, 5_000_000) / 1_000_000,
            "metrics.conversions_value": rng.randint(0, 90_000) / 100,
            "metrics.cost_micros": rng.randint(0, 30_000_000),
        }
        for ad in ads
        for day in DAYS
        for device in ("MOBILE", "DESKTOP", "TABLET")
        for network in ("SEARCH", "CONTENT")
    ]
    report[7]["metrics.cost_micros"] = -4_250_000  # an adjustment
    rows = [
        {
            "asset_id": line["ad_group_ad.ad.id"],
            "timestamp": line["segments.date"],
            "device": line["segments.device"],
            "network": line["segments.ad_network_type"],
            "impressions": line["metrics.impressions"],
            "clicks": line["metrics.clicks"],
            "conversions": line["metrics.conversions"],
            "cost": line["metrics.cost_micros"] / 1_000_000,
            "revenue_proxy": line["metrics.conversions_value"],
        }
        for line in report
    ]
    return _files(rows, {ad["ad_group_ad.ad.id"]: ad["campaign.id"] for ad in ads}), rows


def meta(currencies: dict[int, str]) -> tuple[dict[str, list[Record]], list[Record]]:
    """Ads by day in two accounts of a currency each; conversions may exceed clicks (view-through);
    the newest days have none yet."""
    rng = random.Random(2)
    ads = [
        {"account_id": account, "campaign_id": account * 10, "ad_id": account * 100 + ad}
        for account in currencies
        for ad in range(3)
    ]
    rows = [
        {
            "asset_id": ad["ad_id"],
            "account_id": ad["account_id"],
            "timestamp": day,
            "currency": currencies[ad["account_id"]],
            "impressions": rng.randint(500, 5000),
            "clicks": rng.randint(0, 9),
            "conversions": rng.randint(5, 30) if day < "2026-03-12" else None,
            "cost": rng.randint(100, 9_999) / 100,
            "revenue_proxy": rng.randint(0, 99_999) / 100,
        }
        for ad in ads
        for day in DAYS
    ]
    files = _files(rows, {ad["ad_id"]: ad["campaign_id"] for ad in ads})
    account = {ad["campaign_id"]: ad["account_id"] for ad in ads}
    for campaign in files["campaigns"]:
        own = account[campaign["campaign_id"]]
        campaign |= {"account_id": own, "currency": currencies[own]}
    return files, rows


def _files(rows: list[Record], campaign_of: dict[int, int]) -> dict[str, list[Any]]:
    return {
        "campaigns": [
            {
                "campaign_id": campaign,
                "name": f"Campaign {campaign}",
                "primary_kpi": "conversion_rate",
                "start_date": DAYS[0],
                "status": "active",
            }
            for campaign in dict.fromkeys(campaign_of.values())
        ],
        "audience_segments": [{"segment_id": "all", "name": "Everyone"}],
        "channels": [{"channel_id": "ads", "type": "ads", "platform": "Platform"}],
        "creative_assets": [
            {"asset_id": ad, "campaign_id": campaign, "segment_id": "all", "channel_id": "ads"}
            for ad, campaign in campaign_of.items()
        ],
        "performance_metrics": rows,
    }


def total(rows: list[Record], column: str, rates: dict[str, str] | None = None) -> float:
    worth = {None: Decimal(1), **{c: Decimal(r) for c, r in (rates or {}).items()}}
    values = (
        Decimal(repr(r[column])) * (worth[r.get("currency")] if rates else 1)
        for r in rows
        if r[column] is not None
    )
    return float(sum(values, Decimal(0)))


def finished(tmp_path: Path, files: dict[str, list[Any]], **settings: Any) -> pl.DataFrame:
    """Sums over all campaigns of a run without a failed record or step."""
    data = written(tmp_path / "data", files)
    proof = check(MarketingOrchestratorConfig(data_dir=str(data), **settings))
    assert proof.problem is None
    assert (proof.totals["difference"] == 0).all()
    assert (proof.totals["rejected"].fill_null(0) == 0).all()
    done = run(
        data,
        out=tmp_path / "runs",
        reports_dir=str(tmp_path / "reports"),
        enable_progress_tracking=False,
        **settings,
    )
    assert done.ok
    assert done.tables.set_aside.is_empty()
    whole = done.tables.rollup_campaign.filter(window="all")
    return whole.select(
        pl.col("impressions", "clicks", "conversions", "cost", "revenue").sum(),
        snapshots=pl.col("snapshots").sum(),
    )


def test_an_export_of_google_ads(tmp_path):
    files, rows = google()
    sums = finished(tmp_path, files).row(0, named=True)
    assert sums["snapshots"] == len(rows) == 336
    for name, column in (("cost", "cost"), ("revenue", "revenue_proxy")):
        assert sums[name] == pytest.approx(total(rows, column), abs=1e-6)
    assert sums["conversions"] == pytest.approx(total(rows, "conversions"), abs=1e-6)
    assert sums["clicks"] == total(rows, "clicks")


def test_an_export_of_meta_ads(tmp_path):
    rates = {"USD": "1", "SEK": "0.1"}
    files, rows = meta({120_210_000_000_000_001: "USD", 120_210_000_000_000_002: "SEK"})
    sums = finished(tmp_path, files, exchange_rates={"SEK": 0.1}).row(0, named=True)
    assert sums["snapshots"] == len(rows) == 84
    for name, column in (("cost", "cost"), ("revenue", "revenue_proxy")):
        assert sums[name] == pytest.approx(total(rows, column, rates), abs=1e-6)
    assert sums["conversions"] == total(rows, "conversions")
