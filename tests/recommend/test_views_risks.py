"""Open risks by what they are about."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend.views import BUILDERS

CONFIG = MarketingOrchestratorConfig()
ENTRY = {
    "id": "R1",
    "origin": "supplied",
    "risk_type": "spend_spike",
    "severity": "high",
    "status": "open",
    "campaign_id": "C",
    "asset_ids": ["A"],
    "exposure": 12.0,
    "exposure_scope": "assets",
    "timestamp": datetime(2026, 4, 1),
    "age_hours": 5.0,
    "hours_to_action": None,
    "action_reason": None,
    "recommended_action": "pause",
    "detail": '{"note": "four times the usual"}',
    "detection_ids": [],
}


@pytest.fixture
def view(sample_tables):
    schema = sample_tables["risk_inbox"].schema
    pacing = pl.DataFrame(
        {
            "campaign_id": ["C"],
            "name": ["Spring"],
            "status": ["active"],
            "flight_days": [50],
            "elapsed_days": [10],
        }
    )
    delivered = pl.DataFrame(
        {
            "asset_id": ["A", "B"],
            "campaign_id": ["C", "C"],
            "segment_id": ["S", "T"],
            "window": ["current", "current"],
            "impressions": [5, 5],
        }
    )

    assets = pl.DataFrame(
        {"asset_id": ["A", "B"], "message_theme": ["Month end", None], "variant": ["B", "A"]}
    )

    def build(*entries: dict) -> list[dict]:
        rows = [ENTRY | {"rank": rank} | entry for rank, entry in enumerate(entries, start=1)]
        tables = {
            "risk_inbox": pl.DataFrame(rows, schema),
            "rollup_asset": delivered,
            "budget_pacing": pacing,
            "creative_assets": assets,
        }
        return BUILDERS["risk"].build(tables, CONFIG).frame.to_dicts()

    return build


def test_a_risk_of_one_asset_has_the_asset_as_its_target(view) -> None:
    (found,) = view({})
    assert (found["target_id"], found["target_name"]) == (
        "A",
        "spend spike of A (Month end, variant B)",
    )
    assert found["halts"] == found["eased"] == ["asset:A", "segment:C/S"]
    assert found["campaign_runs"] == ["campaign:C"]
    assert found["known"] == "note: four times the usual"
    assert found["others"] == ""


@pytest.mark.parametrize(
    ("origin", "source", "entry"),
    [
        ("supplied", "Reported as R1", "R1"),
        ("both", "Reported as R1 and detected in the data", "R1"),
        ("detected", "Detected in the data", "the spend spike of A (Month end, variant B)"),
    ],
)
def test_who_says_so_and_what_to_close(origin, source, entry, view) -> None:
    (found,) = view({"origin": origin})
    assert (found["source"], found["entry"]) == (source, entry)


def test_a_creative_without_a_theme_is_called_by_its_id(view) -> None:
    (found,) = view({"asset_ids": ["B"], "detail": "no rows on 3 days"})
    assert (found["about"], found["known"]) == ("B", "no rows on 3 days")


def test_a_risk_of_several_assets_is_its_own_target(view) -> None:
    (found,) = view({"asset_ids": ["B", "A"]})
    assert (found["target_id"], found["about"]) == ("R1", "2 creatives (A, B)")
    assert found["halts"] == ["asset:A", "asset:B", "segment:C/S", "segment:C/T"]


@pytest.mark.parametrize("none", [None, []])
def test_a_risk_without_assets_is_about_the_campaign(none, view) -> None:
    (found,) = view({"asset_ids": none})
    assert (found["target_id"], found["about"]) == ("R1", "Spring")
    assert found["halts"] == ["budget:C", "campaign:C"]
    assert found["eased"] == ["budget:C"]
    assert found["campaign_runs"] == []


def test_of_two_about_one_asset_the_first_in_the_inbox_speaks(view) -> None:
    found = view({"id": "R1", "risk_type": "low_conversion"}, {"id": "R0"}, {"id": "R9"})
    assert [row["id"] for row in found] == ["R1"]
    assert found[0]["others"] == " Also open: R0, R9."


def test_findings_of_one_kind_are_one_target_that_the_largest_speaks_for(view) -> None:
    plain = {"origin": "detected", "id": "spend_spike:A", "detail": "spent 10"}
    (found,) = view(
        plain,
        {
            **plain,
            "id": "spend_spike:B",
            "asset_ids": ["B"],
            "exposure": 90.0,
            "detail": "spent 90",
        },
        {**plain, "id": "spend_spike:A2"},
    )
    assert (found["id"], found["target_id"]) == ("spend_spike:B", "C/spend_spike/high")
    assert found["about"] == "2 creatives (A, B)"
    assert found["others"] == " 3 findings; the largest: spent 90."
    assert {"asset:A", "asset:B"} <= set(found["eased"])


def test_findings_of_another_severity_or_that_somebody_raised_stand_apart(view) -> None:
    plain = {"origin": "detected"}
    found = view(
        {**plain, "id": "D1"},
        {**plain, "id": "D2", "severity": "low", "asset_ids": ["B"]},
        {"id": "R1", "asset_ids": ["A", "B"]},
    )
    assert sorted(row["target_id"] for row in found) == ["A", "B", "R1"]


@pytest.mark.parametrize(
    ("status", "rows"), [("open", 1), ("in_review", 1), ("mitigated", 0), ("dismissed", 0)]
)
def test_only_what_is_open_or_in_review_is_a_target(status, rows, view) -> None:
    assert len(view({"status": status})) == rows


def test_what_is_settled_does_not_speak_for_an_asset_that_has_an_open_risk(view) -> None:
    (found,) = view({"id": "R1", "status": "dismissed"}, {"id": "R2"})
    assert (found["id"], found["others"]) == ("R2", "")
