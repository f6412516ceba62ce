"""Records that disagree: one row per campaign and check, by the worst pair."""

from __future__ import annotations

import polars as pl
import pytest

from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend.views import BUILDERS

CONFIG = MarketingOrchestratorConfig()


@pytest.fixture
def view(sample_tables):
    schema = sample_tables["reconciliations"].schema

    def build(*pairs: tuple) -> list[dict]:
        """Pairs of check, source, key, figure, gap, relative gap, verdict."""
        names = ("check", "source", "key", "figure", "gap", "relative_gap", "verdict")
        rows = pl.DataFrame(
            [dict.fromkeys(schema) | dict(zip(names, pair, strict=True)) for pair in pairs], schema
        )
        tables = {**sample_tables, "reconciliations": rows}
        return BUILDERS["record"].build(tables, CONFIG).frame.to_dicts()

    return build


ROLL = ("rollup_against_metrics", "segment_rollups")


def test_many_pairs_are_one_target_and_the_widest_gap_speaks(view) -> None:
    # ROLL_060 and ROLL_061 are of CAMP_002.
    (found,) = view(
        (*ROLL, "ROLL_060", "spend", 5.0, 0.1, "differs"),
        (*ROLL, "ROLL_061", "clicks", -9.0, -0.3, "differs"),
        (*ROLL, "ROLL_061", "spend", 90.0, 0.2, "differs"),
        (*ROLL, "ROLL_060", "clicks", 99.0, 0.9, "agrees"),
    )
    assert found["target_id"] == "CAMP_002/rollup_against_metrics"
    assert (found["key"], found["figure"], found["off"]) == ("ROLL_061", "clicks", 0.3)
    assert (found["differing"], found["pairs"]) == (3, 4)


def test_equal_shares_are_told_apart_by_the_gap_then_the_key(view) -> None:
    (found,) = view(
        (*ROLL, "ROLL_061", "spend", 5.0, 0.2, "differs"),
        (*ROLL, "ROLL_060", "spend", -7.0, -0.2, "differs"),
        (*ROLL, "ROLL_061", "clicks", 7.0, 0.2, "differs"),
    )
    assert found["key"] == "ROLL_060"


def test_a_gap_over_nothing_speaks_where_it_alone_differs(view) -> None:
    (found,) = view(
        (*ROLL, "ROLL_061", "spend", 5.0, None, "differs"),
        (*ROLL, "ROLL_060", "spend", 0.0, 0.0, "agrees"),
    )
    assert (found["key"], found["off"], found["verdict"]) == ("ROLL_061", None, "differs")


def test_campaigns_and_checks_stay_apart(view) -> None:
    found = view(
        ("ledger_against_metrics", "roi_ledger", "CAMP_002", "media_spend", 1.0, 0.2, "differs"),
        ("net_roi_against_parts", "roi_ledger", "CAMP_004 2026-03", "net_roi", 1.0, 0.2, "differs"),
        ("rate_against_counts", "performance_metrics", "ASSET_005", "x", 0.1, 0.2, "differs"),
    )
    assert [row["target_id"] for row in found] == [
        "CAMP_001/rate_against_counts",
        "CAMP_002/ledger_against_metrics",
        "CAMP_004/net_roi_against_parts",
    ]


def test_each_pair_of_the_sample_has_its_campaign(sample_tables, sample_views) -> None:
    assert sample_views["record"].frame["pairs"].sum() == sample_tables["reconciliations"].height
