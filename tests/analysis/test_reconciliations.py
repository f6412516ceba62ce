"""Two records of one figure: gaps and verdicts by hand."""

from __future__ import annotations

import pytest

import mktorch


def rows(run: mktorch.Run, check: str, **where) -> list[tuple]:
    columns = ["key", "figure", "supplied", "computed", "verdict"]
    return run.tables.reconciliations.filter(check=check, **where).select(columns).rows()


def test_the_tiny_set(tiny_run: mktorch.Run) -> None:
    assert rows(tiny_run, "ledger_against_metrics", key="CAMP_001") == [
        ("CAMP_001", "estimated_value", 9350.0, 8960.0, "agrees"),  # 390 / 8960 = 4.4 %
        ("CAMP_001", "media_spend", 4200.0, 4200.0, "agrees"),
    ]
    assert {row[-1] for row in rows(tiny_run, "net_roi_against_parts")} == {"agrees"}
    assert {row[-1] for row in rows(tiny_run, "rate_against_counts")} == {"agrees"}
    # 9 to 15 March, segment 2: assets 2 (5000) and 3 (1000); segment 1: asset 1, 20 conversions
    found = rows(tiny_run, "rollup_against_metrics")
    assert ("ROLL_001", "impressions", 6000.0, 6000.0, "agrees") in found
    assert ("ROLL_001", "revenue_proxy", 3360.0, 3360.0, "agrees") in found
    assert ("ROLL_002", "clicks", None, 310.0, "not_comparable") in found
    assert ("ROLL_002", "conversions", 26.0, 20.0, "differs") in found
    assert [row for row in found if row[-1] == "differs"] == [
        ("ROLL_002", "conversions", 26.0, 20.0, "differs")
    ]


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(3990.0, "agrees"), (3610.0, "agrees"), (3990.02, "differs"), (3609.98, "differs")],
)
def test_the_tolerance_is_a_share_of_the_computed_figure(edit, tmp_path, value, verdict) -> None:
    """CAMP_002 cost 3800 by its metrics; 5 % of that is 190."""

    def spend(ledger):
        ledger[1]["media_spend"] = value

    run = mktorch.run(edit("roi_ledger", spend), out=tmp_path / "runs")
    found = rows(run, "ledger_against_metrics", key="CAMP_002", figure="media_spend")
    assert found == [("CAMP_002", "media_spend", value, 3800.0, verdict)]


@pytest.mark.parametrize(("net", "verdict"), [(301.025, "agrees"), (301.026, "differs")])
def test_net_roi_may_be_off_by_the_rounding_of_its_amounts(edit, tmp_path, net, verdict) -> None:
    def change(ledger):
        ledger[2]["net_roi"] = net

    run = mktorch.run(edit("roi_ledger", change), out=tmp_path / "runs")
    assert rows(run, "net_roi_against_parts", key="CAMP_003")[0][-1] == verdict
    warned = run.tables.failures.filter(rule="net_roi_mismatch", key="CAMP_003")
    assert warned.is_empty() == (verdict == "agrees")


def test_a_missing_side_is_not_comparable_and_says_which(edit, tmp_path) -> None:
    edit("roi_ledger", lambda ledger: ledger[1:])
    data = edit("performance_metrics", lambda all_rows: all_rows[:5])
    table = mktorch.run(data, out=tmp_path / "runs").tables.reconciliations
    said = table.filter(check="ledger_against_metrics", figure="media_spend").select(
        "key", "verdict", "reason"
    )
    assert said.rows() == [
        ("CAMP_001", "not_comparable", "not supplied"),
        ("CAMP_002", "not_comparable", "no rows to compute it from"),
        ("CAMP_003", "not_comparable", "no rows to compute it from"),
    ]
