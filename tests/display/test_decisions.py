"""Decisions: verdicts by weight, lift beside its interval, the answer on confidence."""

from __future__ import annotations

import polars as pl
import pytest

from mktorch import display
from tests.display.made import column, with_tables


def outcomes(run, **changes):
    rows = run.tables["decision_outcomes"].head(4)
    set_to = {k: pl.Series(v, dtype=rows.schema[k]) for k, v in changes.items()}
    return with_tables(run, decision_outcomes=rows.with_columns(**set_to))


def ranked(run, **changes):
    row = run.tables["confidence_ranking"]
    set_to = {k: pl.lit(v, dtype=row.schema[k]) for k, v in changes.items()}
    return with_tables(run, confidence_ranking=row.with_columns(**set_to))


def test_verdicts_that_moved_come_first_then_the_largest_lift(sample_run) -> None:
    run = outcomes(
        sample_run,
        verdict=["too_little_data", "improved", "worsened", "improved"],
        lift=[None, 0.1, -0.2, -0.3],  # a lower cost is better: a fall can improve
    )
    table = display.decision_outcomes(run)
    assert table.frame["lift"].to_list() == [-0.2, -0.3, 0.1, None]
    assert column(table, "verdict") == ["Worsened", "Improved", "Improved", "Too little data"]
    assert table.title == (
        "Of 3 rated decisions, the KPI improved after 2, declined after 1 and showed no "
        "detectable change after 0."
    )


def test_lift_is_signed_and_stands_above_its_interval(sample_run) -> None:
    run = outcomes(
        sample_run,
        verdict=["improved"] * 4,
        lift=[0.4, 0.3, 0.2, 0.1],
        lift_low=[0.1, None, -0.1, None],
        lift_high=[0.7, 0.5, None, None],
        primary_kpi=["conversion_rate"] * 4,
        value_before=[0.01, None, 0.02, 0.03],
        value_after=[0.014, 0.02, None, 0.033],
    )
    table = display.decision_outcomes(run)
    assert column(table, "lift") == ["+40.0%", "+30.0%", "+20.0%", "+10.0%"]
    assert table.frame["interval"].to_list() == [
        "10.0% to 70.0%",
        "50.0% or less",
        "\u221210.0% or more",
        None,
    ]
    assert column(table, "kpi") == [
        "1.00% to 1.40%",
        "n/a to 2.00%",
        "2.00% to n/a",
        "3.00% to 3.30%",
    ]


def test_what_weakens_a_verdict_is_said_below_it(sample_run) -> None:
    run = outcomes(
        sample_run,
        verdict=["improved"] * 4,
        lift=[0.4, 0.3, 0.2, 0.1],
        reason=["2 of 5 days", None, None, None],
        overlapping_decisions=[1, 1, 2, 0],
        human_override=[True, False, False, False],
    )
    frame = display.decision_outcomes(run).frame
    assert frame["why"].to_list() == [
        "2 of 5 days",
        "1 other decision near",
        "2 other decisions near",
        None,
    ]
    assert frame["by"].to_list() == ["overridden by a reviewer", None, None, None]


def test_where_nothing_can_be_judged(sample_run) -> None:
    run = outcomes(sample_run, verdict=["too_little_data"] * 4)
    assert display.decision_outcomes(run).title == "No decision can be rated yet."


@pytest.mark.parametrize(
    ("answer", "p_value", "title"),
    [
        (
            "better",
            0.0004,
            (
                "Higher-confidence decisions had better outcomes, across 20 rated decisions (p "
                "< 0.001)."
            ),
        ),
        (
            "worse",
            0.0233,
            ("Higher-confidence decisions had worse outcomes, across 20 rated decisions (p = "),
        ),
        (
            "no_detectable_relation",
            0.5,
            ("Confidence shows no detectable relation to outcome, across"),
        ),
        (
            "too_little_data",
            None,
            "Confidence and outcome cannot be compared: few.",
        ),
    ],
)
def test_the_title_answers_the_question(sample_run, answer, p_value, title) -> None:
    run = ranked(sample_run, answer=answer, p_value=p_value, judged=20, reason="few")
    assert display.decision_calibration(run).title.startswith(title)


@pytest.mark.parametrize(
    ("p_value", "text"),
    [(0.0233, "(p = 0.023)"), (0.0009, "(p < 0.001)"), (0.001, "(p = 0.001)"), (1.0, "(p = 1)")],
)
def test_p_is_bounded_below(sample_run, p_value, text) -> None:
    run = ranked(sample_run, answer="better", p_value=p_value)
    assert text in display.decision_calibration(run).title


def test_pairs_are_counted_in_the_note(sample_run) -> None:
    run = ranked(sample_run, concordant=5, discordant=15, gamma=-0.5)
    (note,) = (n for n in display.decision_calibration(run).notes if n.startswith("Of 20 pairs"))
    assert note.endswith("did better in 5 and worse in 15 (gamma −0.50).")
    without = ranked(sample_run, concordant=0, discordant=0, gamma=None)
    assert not any("pairs" in n for n in display.decision_calibration(without).notes)


def test_bands_show_share_and_interval(sample_run) -> None:
    table = display.decision_calibration(sample_run)
    bands = sample_run.tables["decision_calibration"]
    assert column(table, "confidence") == ["0% to 60%", "60% to 80%", "80% to 100%"]
    assert column(table, "decisions") == [str(n) for n in bands["decisions"]]
    low, high = bands["share_low"][1], bands["share_high"][1]
    assert table.frame["interval"][1] == f"{low:.1%} to {high:.1%}"


def test_no_decisions_no_bands(sample_run) -> None:
    bands = sample_run.tables["decision_calibration"].with_columns(decisions=pl.lit(0))
    table = display.decision_calibration(with_tables(sample_run, decision_calibration=bands))
    assert table.frame.is_empty()
    assert table.empty in table.html()
