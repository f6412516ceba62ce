"""What is said of whole worlds: a verdict that varies with the data, and advice that fits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import mktorch
from tests.worlds import ATTENTION, LEADS, REVENUE, Plan, five_media, world

HEALTHY = (REVENUE, REVENUE, LEADS, ATTENTION)
TROUBLED = (replace(REVENUE, value=3.5), REVENUE, replace(LEADS, lately=0.5))
DISASTER = (replace(REVENUE, value=1.5), replace(REVENUE, value=2.0, approved=False))
STEADY = (replace(REVENUE, value=22.5), replace(REVENUE, value=22.5))  # 450 on 100, day by day
WORLDS = {"healthy": HEALTHY, "troubled": TROUBLED, "disaster": DISASTER, "steady": STEADY}


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, mktorch.Run]:
    folder = tmp_path_factory.mktemp("worlds")
    return {
        name: mktorch.run(world(plans), out=folder / name, enable_reporting=False)
        for name, plans in WORLDS.items()
    }


def judged(run: mktorch.Run) -> dict:
    assert run.manifest.errors == []
    return run.tables["verdict"].row(0, named=True)


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("healthy", "ON TRACK"),
        ("steady", "ON TRACK"),
        ("troubled", "ATTENTION"),
        ("disaster", "CRITICAL"),
    ],
)
def test_the_verdict_varies_with_the_world(name, verdict, runs) -> None:
    row = judged(runs[name])
    assert row["verdict"] == verdict, row["reasons"]


@pytest.mark.parametrize("name", ["healthy", "steady"])
def test_a_healthy_world_may_raise_its_winners(name, runs) -> None:
    asked = runs[name].tables["recommendation_candidates"].filter("increases")
    assert asked.height >= 2
    assert set(asked["standing"]) == {"stands"}
    assert runs[name].tables["recommendations"].filter(action="pause").is_empty()


def test_a_disaster_loses_money_beyond_doubt_and_raises_nothing(runs) -> None:
    grounds = runs["disaster"].tables["verdict_grounds"]
    loss = grounds.row(by_predicate=pl.col("ground") == "proven_loss", named=True)
    assert loss["verdict"] == "CRITICAL"
    assert loss["money"] > 0
    held = runs["disaster"].tables["recommendation_candidates"]
    assert held.filter("increases", standing="stands").is_empty()


def drawn(seed: int, number: int = 24) -> list[Plan]:
    """Campaigns of all three kinds, some of which meet what they are for."""
    rng = np.random.default_rng(seed)
    kinds = (
        REVENUE,
        replace(REVENUE, kpi="conversion_rate", target=0.008),
        LEADS,
        replace(LEADS, kpi="demo_request_rate", target=0.009),
        ATTENTION,
        replace(ATTENTION, kpi="cost_per_click", target=1.1),
    )
    return [
        replace(
            kinds[n % len(kinds)],
            clicks=float(rng.choice([0.02, 0.05, 0.06])),
            conversions=kinds[n % len(kinds)].conversions * float(rng.choice([0, 0.1, 0.9, 1.3])),
            value=kinds[n % len(kinds)].value and float(rng.choice([0.0, 1.0, 4.0, 20.0])),
            weak=float(rng.choice([0.0, 0.2, 1.0])),
            lately=float(rng.choice([0.3, 1.0])),
        )
        for n in range(number)
    ]


@pytest.mark.parametrize("seed", [5, 6])
def test_nothing_is_cut_where_the_goal_is_met_and_the_return_is_not_poor(seed, tmp_path) -> None:
    run = mktorch.run(world(drawn(seed), seed), out=tmp_path, enable_reporting=False)
    assert run.manifest.errors == []
    tables, poor = run.tables, run.config.performance_thresholds["meeting_expectations"]
    well = (
        tables["campaign_goals"]
        .filter(goal="met")
        .join(tables["campaign_returns"], on="campaign_id")
        .filter((pl.col("attainment_high") >= poor).fill_null(value=True) | ~pl.col("valued"))
    )
    asked = tables["recommendation_candidates"].filter(
        pl.col("action").is_in(["pause", "decrease_budget"])
    )
    assert well.height > 3
    assert asked.height > 3
    assert asked.join(well, on="campaign_id", how="semi").is_empty()
    want = asked.filter(pl.col("rule_id").str.contains("without_conversions"))
    sought = tables["campaign_goals"].filter(
        pl.col("counts") != "attention", pl.col("goal") != "met"
    )
    assert want.join(sought, on="campaign_id", how="anti").is_empty()


def test_media_whose_revenue_stands_on_the_campaign_alone_are_not_stopped(tmp_path) -> None:
    run = mktorch.run(five_media(), out=tmp_path)
    assert run.manifest.errors == []
    assert run.tables["risk_detected"].is_empty()
    assert run.tables["recommendation_candidates"].filter(action="pause").is_empty()
    assert judged(run)["verdict"] in {"ON TRACK", "WATCH"}
    assert "without a conversion" not in run.state["executive_summary"]
    assert run.tables["performance_assessment"]["overall_roi"].item() > 50
