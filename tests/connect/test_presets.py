"""Every preset reads an export in its platform's layout, quirks and all, to the file's totals."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pytest

from mktorch.config import MarketingOrchestratorConfig
from mktorch.connect import ConnectError, load_feeds
from mktorch.connect.presets import names
from mktorch.ingest import checked
from mktorch.vocab import Source

SUMMED = ("impressions", "clicks", "conversions", "cost", "revenue_proxy")


def english(value: Decimal | None) -> str:
    return " --" if value is None else f"{value:,}"


def german(value: Decimal | None) -> str:
    return "--" if value is None else f"{value:,}".translate(str.maketrans(",.", ".,"))


def bare(value: Decimal | None) -> str:
    return "" if value is None else str(value)


def micros(value: Decimal | None) -> str:
    return "" if value is None else str(int(value * 1_000_000))


@dataclass(frozen=True)
class Layout:
    """How one platform writes a table: headings by what they hold, in its order."""

    columns: dict[str, str]
    number: Callable[[Decimal | None], str] = bare
    day: str = "{y}-{m:02}-{d:02}"
    title: Sequence[str] = ()
    total: str = ""
    separator: str = ","
    encoding: str = "utf-8"
    money: Callable[[Decimal | None], str] | None = None
    constant: dict[str, str] = field(default_factory=dict)


LAYOUTS: dict[str, list[Layout]] = {
    "google_ads": [
        Layout(
            {
                "day": "Day",
                "campaign": "Campaign",
                "campaign_id": "Campaign ID",
                "group": "Ad group",
                "ad_id": "Ad ID",
                "device": "Device",
                "currency": "Currency code",
                "impressions": "Impr.",
                "clicks": "Clicks",
                "cost": "Cost",
                "conversions": "Conversions",
                "revenue_proxy": "Conv. value",
            },
            english,
            title=("Ad report", '"March 1, 2026 - March 31, 2026"'),
            total="Total: Account",
        ),
        Layout(
            {
                "day": "Tag",
                "campaign": "Kampagne",
                "group": "Anzeigengruppe",
                "device": "Gerät",
                "currency": "Währungscode",
                "impressions": "Impressionen",
                "clicks": "Klicks",
                "cost": "Kosten",
                "conversions": "Conversions",
                "revenue_proxy": "Conv.-Wert",
            },
            german,
            title=("Anzeigenbericht", "1. März 2026 - 31. März 2026"),
            total="Gesamt: Konto",
            separator="\t",
            encoding="utf-16",
        ),
    ],
    "meta_ads": [
        Layout(
            {
                "campaign": "Campaign name",
                "group": "Ad set name",
                "ad_id": "Ad ID",
                "day": "Day",
                "currency": "Currency",
                "impressions": "Impressions",
                "clicks": "Link clicks",
                "cost": "Amount spent (USD)",
                "conversions": "Purchases",
                "revenue_proxy": "Purchases conversion value",
            }
        ),
        Layout(
            {
                "campaign": "Kampagnenname",
                "group": "Name der Anzeigengruppe",
                "day": "Tag",
                "impressions": "Impressionen",
                "clicks": "Link-Klicks",
                "cost": "Ausgegebener Betrag (EUR)",
                "conversions": "Käufe",
                "revenue_proxy": "Conversion-Wert von Käufen",
            },
            encoding="utf-8-sig",
        ),
    ],
    "linkedin_ads": [
        Layout(
            {
                "day": "Start Date (in UTC)",
                "campaign": "Campaign Name",
                "campaign_id": "Campaign ID",
                "ad_id": "Creative ID",
                "currency": "Currency",
                "cost": "Total Spent",
                "impressions": "Impressions",
                "clicks": "Clicks",
                "conversions": "Conversions",
                "revenue_proxy": "Total Conversion Value",
            },
            day="{m}/{d}/{y}",
            title=("Creative Performance Report (in UTC)", "Report Start: March 1", ""),
            separator="\t",
            encoding="utf-16",
        )
    ],
    "microsoft_ads": [
        Layout(
            {
                "day": "Gregorian date",
                "campaign": "Campaign name",
                "campaign_id": "Campaign ID",
                "ad_id": "Ad ID",
                "device": "Device type",
                "currency": "Currency code",
                "impressions": "Impressions",
                "clicks": "Clicks",
                "cost": "Spend",
                "conversions": "Conversions",
                "revenue_proxy": "Revenue",
            },
            english,
            day="{m}/{d}/{y}",
            title=('"Report Name: Ads"', '"Report Aggregation: Daily"', '"Rows: 60"', ""),
            total="©2026 Microsoft Corporation. All rights reserved.",
        )
    ],
    "tiktok_ads": [
        Layout(
            {
                "campaign": "Campaign name",
                "group": "Ad group name",
                "ad_id": "Ad ID",
                "day": "By Day",
                "currency": "Currency",
                "cost": "Cost",
                "impressions": "Impressions",
                "clicks": "Clicks (destination)",
                "conversions": "Conversions",
                "revenue_proxy": "Complete payment value",
            },
            total="Total of 60 results",
        )
    ],
    "fivetran_ad_report": [
        Layout(
            {
                "day": "date_day",
                "platform": "platform",
                "campaign_id": "campaign_id",
                "campaign": "campaign_name",
                "group": "ad_group_name",
                "ad_id": "ad_id",
                "clicks": "clicks",
                "impressions": "impressions",
                "cost": "spend",
                "conversions": "conversions",
                "revenue_proxy": "conversions_value",
            },
            constant={"platform": "facebook_ads"},
        )
    ],
    "fivetran_google_ads": [
        Layout(
            {
                "day": "date",
                "campaign_id": "campaign_id",
                "ad_id": "ad_id",
                "device": "device",
                "clicks": "clicks",
                "impressions": "impressions",
                "cost": "cost_micros",
                "conversions": "conversions",
                "revenue_proxy": "conversions_value",
            },
            money=micros,
        )
    ],
    "fivetran_facebook_ads": [
        Layout(
            {
                "day": "date",
                "campaign_id": "campaign_id",
                "campaign": "campaign_name",
                "group": "adset_name",
                "ad_id": "ad_id",
                "impressions": "impressions",
                "clicks": "inline_link_clicks",
                "cost": "spend",
                "conversions": "conversions",
                "revenue_proxy": "conversions_value",
            }
        )
    ],
    "airbyte_google_ads": [
        Layout(
            {
                "day": "segments.date",
                "campaign_id": "campaign.id",
                "campaign": "campaign.name",
                "ad_id": "ad_group_ad.ad.id",
                "device": "segments.device",
                "impressions": "metrics.impressions",
                "clicks": "metrics.clicks",
                "cost": "metrics.cost_micros",
                "conversions": "metrics.conversions",
                "revenue_proxy": "metrics.conversions_value",
            },
            money=micros,
        )
    ],
    "airbyte_facebook_marketing": [
        Layout(
            {
                "day": "date_start",
                "campaign_id": "campaign_id",
                "campaign": "campaign_name",
                "ad_id": "ad_id",
                "currency": "account_currency",
                "impressions": "impressions",
                "clicks": "inline_link_clicks",
                "cost": "spend",
                "conversions": "conversions",
                "revenue_proxy": "conversion_values",
            }
        )
    ],
    "dlt_google_ads": [
        Layout(
            {
                "day": "segments__date",
                "campaign_id": "campaign__id",
                "campaign": "campaign__name",
                "ad_id": "ad_group_ad__ad__id",
                "impressions": "metrics__impressions",
                "clicks": "metrics__clicks",
                "cost": "metrics__cost_micros",
                "conversions": "metrics__conversions",
                "revenue_proxy": "metrics__conversions_value",
            },
            money=micros,
        )
    ],
    "dlt_facebook_ads": [
        Layout(
            {
                "day": "date_start",
                "campaign_id": "campaign_id",
                "ad_id": "ad_id",
                "impressions": "impressions",
                "clicks": "inline_link_clicks",
                "cost": "spend",
                "conversions": "conversions",
                "revenue_proxy": "conversion_values",
            }
        )
    ],
    "ga4_csv": [
        Layout(
            {
                "day": "Date",
                "campaign": "Session campaign",
                "group": "Session source / medium",
                "impressions": "Sessions",
                "clicks": "Engaged sessions",
                "conversions": "Key events",
                "revenue_proxy": "Total revenue",
            },
            day="{y}{m:02}{d:02}",
            title=("# ----", "# Traffic acquisition", "# Start date: 20260301", ""),
        )
    ],
    "mailchimp": [
        Layout(
            {
                "campaign": "Title",
                "campaign_id": "Unique Id",
                "day": "Send Date",
                "group": "List",
                "impressions": "Successful Deliveries",
                "clicks": "Unique Clicks",
                "conversions": "Total Orders",
                "revenue_proxy": "Total Revenue",
            },
            english,
            day="{mon} {d:02}, {y}",
        )
    ],
    "hubspot": [
        Layout(
            {
                "campaign": "Email name",
                "campaign_id": "Email ID",
                "day": "Publish date",
                "impressions": "Delivered",
                "clicks": "Clicked",
                "conversions": "Form submissions",
                "revenue_proxy": "Attributed revenue",
            }
        )
    ],
}
CASES = [(name, layout) for name, layouts in LAYOUTS.items() for layout in layouts]
MONTH = "Mar"


def export(layout: Layout, path: Path, seed: int = 0) -> dict[str, Decimal]:
    """Write an export of sixty rows; the sums of what it says, by our names."""
    draw = random.Random(seed)
    counted = {"impressions", "clicks", "conversions", "cost", "revenue_proxy"} & {*layout.columns}
    sums = dict.fromkeys(counted, Decimal(0))
    lines = [*layout.title, layout.separator.join(layout.columns.values())]
    for number in range(60):
        ad, day = number % 3, 1 + number // 3
        figures: dict[str, Decimal | None] = {
            "impressions": Decimal(draw.randint(2000, 9000)),
            "clicks": Decimal(draw.randint(40, 400)),
            "conversions": Decimal(draw.randint(0, 80)) / 4,
            "cost": Decimal(draw.randint(100, 250_000)) / 100,
            "revenue_proxy": Decimal(draw.randint(0, 900_000)) / 100,
        }
        if draw.random() < 0.1:
            figures["revenue_proxy"] = None
        for name in counted:
            sums[name] += figures[name] or 0
        texts = {
            "day": layout.day.format(y=2026, m=3, d=day, mon=MONTH),
            "campaign": f"Drive {ad}",
            "campaign_id": str(120_210_000_000_000_000 + ad),
            "group": "Broad",
            "ad_id": str(9000 + ad),
            "device": "Mobile phones",
            "currency": "USD",
            **layout.constant,
        }
        cells = []
        for name in layout.columns:
            figure = figures.get(name)
            write = layout.money if name == "cost" and layout.money else layout.number
            cells.append(write(figure) if name in figures else texts[name])
        quoted = (f'"{c}"' if layout.separator in c else c for c in cells)
        lines.append(layout.separator.join(quoted))
    if layout.total:
        filler = [english(sums[n]) if n in sums else "" for n in layout.columns]
        lines.append(layout.separator.join(f'"{c}"' for c in [layout.total, *filler[1:]]))
    path.write_bytes(("\n".join(lines) + "\n").encode(layout.encoding))
    return sums


def config(folder: Path, preset: str, name: str, **more: object) -> MarketingOrchestratorConfig:
    feed = {"from": str(folder / name), "preset": preset}
    return MarketingOrchestratorConfig(
        data_dir=str(folder), exports={"export": feed}, exchange_rates={"EUR": 1.1}, **more
    )


@pytest.mark.parametrize(("preset", "layout"), CASES)
def test_an_export_keeps_the_totals_of_its_file(
    tmp_path: Path, preset: str, layout: Layout
) -> None:
    sums = export(layout, tmp_path / "export.csv", seed=len(preset))
    settings = config(tmp_path, preset, "export.csv")
    raw = load_feeds(settings)
    valid, failures, *_ = checked(raw, settings, [])
    assert failures.filter(severity="error").height == 0, failures.to_dicts()
    found = valid[Source.PERFORMANCE_METRICS]
    assert found.height == 60
    for name, total in sums.items():
        assert Decimal(str(round(found[name].sum(), 6))) == total, name
    assert set(found["timestamp"].dt.day()) == set(range(1, 21))
    assert valid[Source.CAMPAIGNS].height == valid[Source.CREATIVE_ASSETS].height == 3
    if "campaign_id" in layout.columns:
        known = {str(120_210_000_000_000_000 + ad) for ad in range(3)}
        assert set(valid[Source.CAMPAIGNS]["campaign_id"]) == known


@pytest.mark.parametrize(("preset", "layout"), CASES)
def test_a_changed_layout_names_the_missing_column_and_the_nearest(
    tmp_path: Path, preset: str, layout: Layout
) -> None:
    gone = layout.columns["impressions"]
    changed = {**layout.columns, "impressions": gone[:-1] + "x"}
    file = tmp_path / "export.csv"
    export(replace(layout, columns=changed), file)
    with pytest.raises(ConnectError) as said:
        load_feeds(config(tmp_path, preset, "export.csv"))
    assert gone in str(said.value)
    assert repr(changed["impressions"]) in str(said.value)
    assert "export" in str(said.value)


def test_every_preset_is_tried() -> None:
    own = {"ab_test_users", "ab_test_daily", "ga4_bigquery"}
    assert {*LAYOUTS, *own} == {*names()}
