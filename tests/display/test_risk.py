"""Risk: what is unresolved in rank order, who raised it, and each breach of policy."""

from __future__ import annotations

import polars as pl

from mktorch import display
from tests.display.made import column, with_tables


def inbox(run, **changes):
    """The sample's first four risks, open, then with these changes."""
    rows = run.tables["risk_inbox"].head(4)
    plain = {"status": ["open"] * 4, "origin": ["supplied"] * 4, "severity": ["low"] * 4}
    set_to = {k: pl.Series(v, dtype=rows.schema[k]) for k, v in (plain | changes).items()}
    return with_tables(run, risk_inbox=rows.with_columns(**set_to))


def test_only_unresolved_risks_are_shown_by_rank(sample_run) -> None:
    run = inbox(
        sample_run,
        rank=[4, 3, 2, 1],
        status=["open", "mitigated", "in_review", "dismissed"],
    )
    table = display.risk_inbox(run)
    assert table.frame["rank"].to_list() == [2, 4]
    assert column(table, "status") == ["In review", "Open"]
    assert "2 risks mitigated or dismissed, not shown." in table.notes


def test_title_counts_gravity_silence_and_exposure(sample_run) -> None:
    run = inbox(
        sample_run,
        severity=["critical", "high", "medium", "low"],
        origin=["supplied", "both", "detected", "supplied"],
        hours_to_action=[None, 3.0, None, 5.0],
        exposure=[10.0, 0.0, 1234.0, 20.0],
    )
    # unanswered: the first alone; the third was found in the data, so nobody was told
    assert display.risk_inbox(run).title == (
        "4 risks open or in review, 2 critical or high, 1 signal unanswered, 1 found only in "
        "the data; the largest exposure is $1,234."
    )


def test_age_is_in_days_and_silence_is_explained(sample_run) -> None:
    run = inbox(sample_run, age_days=[1.5, 1.0, 0.5, 0.0], hours_to_action=[None, 1.25, 1.0, 1.0])
    table = display.risk_inbox(run)
    assert column(table, "age_days") == ["1.5", "1.0", "0.5", "0.0"]
    # 1.25 rounds half to even
    assert column(table, "hours_to_action")[:2] == ["n/a", "1.2"]
    assert any("First action, hours, no action since" in note for note in table.all_notes)


def test_a_finding_bears_no_long_id(sample_run) -> None:
    run = inbox(sample_run, origin=["detected", "both", "supplied", "supplied"])
    raised = display.risk_inbox(run).frame["raised"].to_list()
    ids = sample_run.tables["risk_inbox"]["id"]
    assert raised[:3] == [
        "found in the data",
        f"{ids[1]}, signal, confirmed by the data",
        f"{ids[2]}, signal",
    ]


def test_an_empty_inbox_is_said_to_be_so(sample_run) -> None:
    table = display.risk_inbox(inbox(sample_run, status=["dismissed"] * 4))
    assert table.title == "No open risks."
    assert table.empty in table.html()
    assert "4 risks mitigated or dismissed, not shown." in table.notes


def test_violations_are_counted_by_kind(sample_run) -> None:
    frame = pl.DataFrame(
        {
            "kind": ["asset", "asset", "risk_signal"],
            "id": ["A2", "A1", "R1"],
            "campaign_id": ["CAMP_002", "CAMP_002", "CAMP_001"],
            "detail": ["risk_flags: x_y", "b", "c"],
        }
    )
    table = display.policy_violations(with_tables(sample_run, policy_violations=frame))
    assert table.title == (
        "3 policy violations in 2 campaigns: 1 risk signal and 2 creative assets."
    )
    assert table.frame["id"].to_list() == ["R1", "A1", "A2"]
    assert column(table, "detail")[2] == "risk flags: x y"


def test_no_violation_is_said_to_be_none(sample_run) -> None:
    none = sample_run.tables["policy_violations"].clear()
    table = display.policy_violations(with_tables(sample_run, policy_violations=none))
    assert table.title == table.empty == "No policy violations on record."


def test_one_campaign_has_its_own(sample_run) -> None:
    for section in (display.risk_inbox, display.policy_violations):
        assert set(section(sample_run, "CAMP_002").frame["campaign_id"]) == {"CAMP_002"}
