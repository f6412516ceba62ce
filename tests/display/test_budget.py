"""Budget: figures with their denominators, faults by gravity, pacing off pace first, net flow."""

from __future__ import annotations

import polars as pl

from mktorch import display
from mktorch.display.page import Unavailable
from tests.display.made import column, with_tables


def governed(run, **changes):
    total = run.tables["budget_governance"]
    return with_tables(
        run,
        budget_governance=total.with_columns(
            **{k: pl.lit(v, dtype=total.schema[k]) for k, v in changes.items()}
        ),
    )


def shown(table) -> dict[str, tuple[str, str]]:
    return dict(
        zip(
            column(table, "figure"),
            zip(column(table, "amount"), column(table, "standing"), strict=True),
            strict=True,
        )
    )


def test_governance_shows_each_figure_with_its_denominator(sample_run) -> None:
    run = governed(
        sample_run,
        actions=13,
        approval_rate=0.75,
        decided=8,
        decided_approved=6,
        latency_moves=5,
        latency_median_minutes=95.0,
        latency_mean_minutes=600.0,
        latency_p90_minutes=5760.0,
        violations=2,
        executed_without_approval=5,
        executed_below_limit=3,
        pending=3,
        stale_proposals=1,
        same_channel_moves=0,
    )
    table = display.budget_governance(run)
    figures = shown(table)
    assert figures["Approval rate"] == ("75.0%", "Measured")
    assert "6 approved of 8 reviewed by an approver" in table.frame["what"].to_list()
    assert figures["Approval time, median"][0] == "95 min"
    assert figures["Approval time, mean"][0] == "10.0 hours"
    assert figures["Approval time, 90th percentile"][0] == "4.0 days"
    assert figures["Executed without required approval"] == ("2", "Breach")
    # 5 executed without approval, of which 2 needed it
    assert figures["Executed below the approval limit"] == ("3", "Measured")
    assert figures["Pending proposals"] == ("3", "Open")
    assert figures["Moves within one channel"] == ("0", "In order")
    assert table.title == (
        "2 of 13 budget moves were executed without required approval; 1 proposal is overdue."
    )


def test_governance_without_a_figure_says_why(sample_run) -> None:
    run = governed(
        sample_run,
        approval_rate=None,
        approval_rate_reason="nobody decided anything",
        latency_median_minutes=None,
        latency_reason="no move states one",
        violations=0,
        stale_proposals=0,
    )
    table = display.budget_governance(run)
    assert shown(table)["Approval rate"][0] == "n/a"
    assert shown(table)["Approval time, median"][0] == "n/a"
    what = table.frame["what"].to_list()
    assert "nobody decided anything" in what
    assert "no move states one" in what
    assert table.title == "No budget move was executed without required approval."


def test_without_moves_there_is_a_sentence(sample_run) -> None:
    table = display.budget_governance(governed(sample_run, actions=0))
    assert table.title == "No budget moves on record."
    assert table.empty in table.html()


def test_pacing_puts_over_pace_first_then_the_widest_gap(sample_run) -> None:
    rows = sample_run.tables["budget_pacing"].head(4)
    pacing = rows.with_columns(
        name=pl.Series(["a", "b", "c", "d"]),
        pacing=pl.Series(["on_pace", "over", "under", "over"]),
        projected_gap=pl.Series([0.0, 100.0, -900.0, -300.0]),
    )
    table = display.budget_pacing(with_tables(sample_run, budget_pacing=pacing))
    assert column(table, "name") == ["d", "b", "c", "a"]
    assert table.title == (
        "2 of 4 campaigns over pace, 1 under pace; d is projected to end $300 below its budget."
    )


def test_pacing_title_without_anyone_over(sample_run) -> None:
    rows = sample_run.tables["budget_pacing"]
    for words, title in (
        ("under", f"No campaign is over pace; {rows.height} campaigns under pace."),
        ("on_pace", "All campaigns are on pace."),
    ):
        made = with_tables(sample_run, budget_pacing=rows.with_columns(pacing=pl.lit(words)))
        assert display.budget_pacing(made).title == title


def test_flow_names_the_largest_gain_and_loss(sample_run) -> None:
    chart = display.channel_flow(sample_run)
    flow = sample_run.tables["channel_flow"]
    most, least = flow["executed_net"].max(), flow["executed_net"].min()
    assert f"${most:,.0f}" in chart.title
    assert f"${-least:,.0f}" in chart.title
    assert flow["executed_net"].sum() == 0
    assert chart.alt.count(": ") == flow.filter(pl.col("moves_in") + pl.col("moves_out") > 0).height


def test_flow_says_where_nothing_moved(sample_run) -> None:
    flow = sample_run.tables["channel_flow"]
    still = flow.with_columns(moves_in=pl.lit(0), moves_out=pl.lit(0))
    assert isinstance(
        display.channel_flow(with_tables(sample_run, channel_flow=still)), Unavailable
    )
    only_pending = flow.with_columns(executed_net=pl.lit(0.0))
    chart = display.channel_flow(with_tables(sample_run, channel_flow=only_pending))
    assert chart.title == "Executed moves left channel budgets unchanged."
    assert chart.svg()
