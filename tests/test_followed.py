"""What followed the recommendations of an earlier run, in its records and in the KPI."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta

import polars as pl
import pytest

import mktorch
from mktorch.display.page import Prose
from mktorch.followed import Followed, Taken, followed
from mktorch.history import difference
from tests.conftest import SAMPLE

EARLIER = "2026-04-05"


@pytest.fixture(scope="module")
def pair(sample_run, tmp_path_factory):
    """The sample seen from April 5 and from its end, in one folder of runs."""
    folder = tmp_path_factory.mktemp("runs")
    before = mktorch.run(SAMPLE, out=folder, as_of=EARLIER)
    after = shutil.copytree(sample_run.path, folder / sample_run.run_id)
    return before, mktorch.load_run(after)


def row(frame: pl.DataFrame, name: str) -> dict:
    return frame.row(by_predicate=pl.col("recommendation_id") == name, named=True)


def test_each_earlier_recommendation_has_a_row_and_the_kpi_is_that_of_the_days(pair) -> None:
    before, after = pair
    found = followed(pair[:1], after)
    assert found.schema == Followed.frame().schema
    asked = before.tables["recommendations"]["recommendation_id"]
    assert sorted(found["recommendation_id"]) == sorted(asked)
    assert found.filter(pl.col("on") <= before.clock.as_of).is_empty()
    moved = row(found, "reallocate_between_channels:CAMP_001/CH_06")
    assert (moved["taken_up"], moved["record"]) == (Taken.BUDGET_ACTION, "BA_008")
    assert moved["said"] == "1200 from CH_06 to CH_07: executed"
    # The campaign's conversion rate of the seven days on either side of April 9, from the files.
    raw = json.loads((SAMPLE / "performance_metrics.json").read_text())
    assets = {
        a["asset_id"]
        for a in json.loads((SAMPLE / "creative_assets.json").read_text())
        if a["campaign_id"] == "CAMP_001"
    }
    rates = []
    for first in (datetime(2026, 4, 2), datetime(2026, 4, 10)):
        days = {f"{first + timedelta(days=n):%Y-%m-%d}" for n in range(7)}
        mine = [r for r in raw if r["asset_id"] in assets and r["timestamp"][:10] in days]
        rates.append(sum(r["conversions"] for r in mine) / sum(r["impressions"] for r in mine))
    assert moved["value_before"] == pytest.approx(rates[0])
    assert moved["value_after"] == pytest.approx(rates[1])
    assert moved["lift"] == pytest.approx(rates[1] / rates[0] - 1)
    scaled = row(found, "carry_over_variant:EXP_008")
    assert (scaled["taken_up"], scaled["record"]) == (Taken.DECISION, "DEC_018")


@pytest.fixture(scope="module")
def acted(pair, tmp_path_factory):
    """Records in which somebody has acted on what was asked."""
    data = shutil.copytree(SAMPLE, tmp_path_factory.mktemp("acted") / "data")

    def edit(source: str, change) -> None:
        file = data / f"{source}.json"
        rows = json.loads(file.read_text())
        change(rows)
        file.write_text(json.dumps(rows))

    def set_(key: str, value: str, **fields):
        return lambda rows: [r.update(fields) for r in rows if r[key] == value]

    late = 60.0 * 24 * 10  # BA_006 was proposed on April 2: settled on April 12
    edit(
        "budget_actions",
        set_("budget_action_id", "BA_006", status="rejected", approval_latency_minutes=late),
    )
    edit("campaigns", set_("campaign_id", "CAMP_003", status="paused"))
    edit("campaign_risk_signals", set_("risk_id", "RISK_006", status="mitigated"))
    decision = {
        "decision_id": "DEC_100", "campaign_id": "CAMP_002", "trigger": "Report",
        "confidence_score": 0.9, "human_override": True, "timestamp": "2026-04-08T09:00:00",
    }  # fmt: skip
    other = {**decision, "decision_id": "DEC_099", "timestamp": "2026-04-07T09:00:00"}
    edit(
        "orchestrator_decisions",
        lambda rows: rows.extend(
            [
                {**decision, "action_taken": "Stopped experiment EXP_002 (harmful)"},
                {**other, "action_taken": "Stopped experiment EXP_0021"},
            ]
        ),
    )
    return followed(pair[:1], mktorch.run(data, out=data.parent / "runs"))


def test_a_proposal_that_was_settled_a_status_that_changed_a_decision_that_names_it(acted) -> None:
    settled = row(acted, "decide_proposal:BA_006")
    assert (settled["taken_up"], settled["on"]) == (
        Taken.BUDGET_ACTION,
        datetime(2026, 4, 12, 9, 30),
    )
    paused = row(acted, "pause_campaign_without_return:CAMP_003")
    assert (paused["taken_up"], paused["on"]) == (Taken.STATUS, None)
    assert paused["said"] == "status active -> paused"
    assert paused["verdict"] is None
    stopped = row(acted, "stop_harmful_variant:EXP_002")
    assert (stopped["taken_up"], stopped["record"]) == (Taken.DECISION, "DEC_100")
    assert not row(acted, "decide_proposal:BA_006")["stands"]


def test_diff_and_pages_tell_it_and_a_run_has_no_sequel_of_its_own(pair, sample_run) -> None:
    before, after = pair
    told = difference(before, after)
    line = next(li for li in told.lines() if li.startswith("carry_over_variant:EXP_008: taken"))
    assert "taken up by decision DEC_018 on 2026-04-13 (Scaled variant D of EXP_008)" in line
    assert "demo_request_rate no detectable change, -6.1%" in line
    json.dumps(told.as_json())
    assert followed([after], after).filter(pl.col("taken_up") != Taken.NOTHING).is_empty()
    shown = after.show.recommendations_followed()
    assert shown.title.startswith("Of 43 earlier recommendations, 3 were taken up, ")
    assert isinstance(sample_run.show.recommendations_followed(), Prose)
    assert followed([], after).is_empty()
