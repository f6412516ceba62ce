"""Page one: the verdict as a word, cards that say better or worse, what waits for a decision."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from mktorch import display
from mktorch.analysis.metric_values import window_metrics
from mktorch.display.brand import Brand
from mktorch.display.page import Unavailable
from mktorch.display.sections import momentum
from mktorch.display.sparkline import Sparkline
from mktorch.display.status import Tone
from mktorch.display.writers import html
from mktorch.metrics import registry
from mktorch.vocab import Direction
from tests.display.made import column, with_config, with_tables

HOSTILE = "</p><script>x</script>#panic() `{=html} " + "x" * 60


def told(run, **changes):
    given = {"headline": "CRITICAL: it burns; it floods", "verdict": "CRITICAL"} | changes
    row = run.tables["verdict"].with_columns(
        **{k: pl.lit(v, pl.String) for k, v in given.items()},
        reasons=pl.lit(["it burns: One", "it floods", "a KPI is short: rate"], pl.List(pl.String)),
    )
    return with_tables(run, verdict=row)


def test_the_verdict_is_a_word_a_shape_and_a_colour(sample_run) -> None:
    lead = display.verdict(told(sample_run, financial_summary="So."))
    assert lead.sentence == "So."
    assert lead.points == ("It burns: One.", "It floods.", "A KPI is short: rate.")
    assert "mk-bad" in lead.html()
    assert "\u25bc</span> CRITICAL" in lead.html()
    assert "\u25bc CRITICAL" in lead.typst().replace("\\u{25bc}", "\u25bc")


@pytest.mark.parametrize(
    ("word", "tone"),
    [
        ("ON TRACK", Tone.GOOD),
        ("WATCH", Tone.STEADY),
        ("ATTENTION", Tone.WATCH),
        ("CRITICAL", Tone.BAD),
    ],
)
def test_each_verdict_has_its_tone(sample_run, word: str, tone: Tone) -> None:
    status = display.verdict(told(sample_run, verdict=word, headline=f"{word}: why")).status
    assert (status.word, status.tone) == (word, tone)


def test_what_cannot_be_told_says_why(sample_run) -> None:
    run = told(sample_run, financial_summary=None, financial_summary_reason="no money")
    assert display.verdict(run).sentence == "The return is not known: no money."


def test_page_one_has_room_for_five_reasons_of_one_line(sample_run) -> None:
    reasons = pl.DataFrame(
        {"reasons": [[f"{n} things are wrong: " + "name, " * 99 for n in range(9)]]}
    )
    run = with_tables(sample_run, verdict=sample_run.tables["verdict"].update(reasons))
    _, *points = display.verdict(run).points
    assert [point[:2] for point in points] == ["0 ", "1 ", "2 ", "3 ", "4 "]
    assert all(len(point) <= 96 and point.endswith("name and more.") for point in points)


def test_a_run_without_verdict_says_so(sample_run) -> None:
    tables = {k: v for k, v in sample_run.tables.items() if k != "verdict"}
    run = with_tables(sample_run)
    run.tables = tables
    assert isinstance(display.verdict(run), Unavailable)


def rows(run, spend: list[float], revenue: list[float], conversions: list[int]) -> dict:
    """A current and a prior window, and one record a day that adds up to neither."""
    window = pl.DataFrame(
        {
            "campaign_id": ["CAMP_001"] * 2,
            "window": ["current", "prior"],
            "impressions": [1000, 1000],
            "clicks": [100, 100],
            "conversions": conversions,
            "cost": spend,
            "revenue": revenue,
        }
    )
    day = run.tables["rollup_day"].filter(campaign_id="CAMP_001")
    unpaired = run.tables["rollup_paired"].clear()
    return {"window_metrics": window_metrics(window, unpaired, registry()), "rollup_day": day}


def test_cards_say_better_worse_and_steady(sample_run) -> None:
    # spend 110 after 100: more, neither good nor bad; value 198 after 200: -1 %, within 2 %;
    # return 1.8 after 2: -10 %; conversions 11 after 10: +10 %, and so the rate;
    # cost per conversion 10 after 10: no change
    run = with_tables(sample_run, **rows(sample_run, [110.0, 100.0], [198.0, 200.0], [11, 10]))
    cards = display.kpi_cards(run)
    assert [(c.value, c.change.word, c.change.tone) for c in cards.cards] == [
        ("$110", "\u2191 10.0%", Tone.NONE),
        ("$198", "\u2192 \u22121.0%, steady", Tone.NONE),
        ("1.80\u00d7", "\u2193 10.0%, worse", Tone.BAD),
        ("11", "\u2191 10.0%, better", Tone.GOOD),
        ("1.10%", "\u2191 10.0%, better", Tone.GOOD),
        ("$10.00", "\u2192 0.0%, steady", Tone.NONE),
    ]
    assert cards.cards[0].detail == "prior 7 days: $100"
    assert cards.title == "2 of 6 metrics improved from the prior 7 days; 1 declined."


def test_a_dearer_conversion_is_worse_though_it_rises(sample_run) -> None:
    run = with_tables(sample_run, **rows(sample_run, [200.0, 100.0], [1.0, 1.0], [10, 10]))
    assert display.kpi_cards(run).cards[-1].change.word == "\u2191 100.0%, worse"


@pytest.mark.parametrize(
    ("change", "word"),
    [(0.0199, "steady"), (-0.0199, "steady"), (0.02, "better"), (-0.02, "worse")],
)
def test_the_neutral_range_ends_at_its_limit(change: float, word: str) -> None:
    figure = momentum.Figure("Value")
    assert momentum._told(change, figure, 0.02).word.endswith(word)
    turned = momentum.Figure("Cost", better=Direction.DOWN)
    assert momentum._told(-change, turned, 0.02).word.endswith(word)


def test_what_counts_as_steady_is_a_setting(sample_run) -> None:
    made = rows(sample_run, [110.0, 100.0], [198.0, 200.0], [11, 10])
    told = {}
    for limit in (0.0, 0.125):
        rules = sample_run.config.narrative_rules.model_copy(update={"steady_change": limit})
        cards = display.kpi_cards(
            with_config(with_tables(sample_run, **made), narrative_rules=rules)
        )
        told[limit] = [card.change.word.rpartition(", ")[2] for card in cards.cards[1:]]
        assert f"less than {'0%' if limit == 0 else '12.5%'} in either direction" in cards.notes[0]
    assert told[0.0] == ["worse", "worse", "better", "better", "steady"]  # no change is no change
    assert told[0.125] == ["steady"] * 5


def test_cards_without_records_compare_nothing(sample_run) -> None:
    cards = display.kpi_cards(sample_run, "CAMP_007")
    assert cards.title == "No delivery is recorded in the current window."
    assert {c.value for c in cards.cards} == {"n/a"}
    assert {c.change.word for c in cards.cards} == {"No prior value"}
    assert "<svg" not in cards.html()


def test_a_campaign_is_shown_by_its_own_kpi(sample_run) -> None:
    labels = [c.label for c in display.kpi_cards(sample_run, "CAMP_004").cards]
    assert labels[4] == "Demo request rate"


def test_a_line_spans_four_windows_and_keeps_gaps(sample_run) -> None:
    last = sample_run.manifest.as_of.date()
    day = sample_run.tables["rollup_day"].filter(pl.col("date") != last - timedelta(days=3))
    run = with_config(with_tables(sample_run, rollup_day=day), window_days=7)
    line = display.kpi_cards(run).cards[0].line
    assert len(line.values) == 28
    assert line.values[-4] is None
    assert line.values[-3] is not None
    total = day.filter(pl.col("date") == last)["cost"].sum()
    assert line.values[-1] == pytest.approx(total)
    assert "Apr 26, 2026" in line.alt


def test_a_sparkline_is_drawn_in_two_parts_with_gaps() -> None:
    line = Sparkline(values=(1.0, None, 3.0, 2.0), recent=2, alt="<b>")
    svg = line.svg(Brand())
    # four places over 132 less two edges of 3.5; 1 lies lowest, 3 highest, 2 in the middle
    assert svg.count("<path") == 2
    assert "M3.5 28.5" in svg
    assert "M86.83 3.5" in svg
    assert "L128.5 16" in svg
    assert '<circle cx="128.5" cy="16"' in svg
    assert "&#60;b&#62;" in html.write(line)
    assert not Sparkline(values=(None, None), recent=1, alt="")


def test_a_line_that_never_moves_lies_in_the_middle() -> None:
    assert 'cy="16"' in Sparkline(values=(5.0, 5.0), recent=1, alt="").svg(Brand())


def test_decisions_name_who_when_and_how_much(sample_run) -> None:
    asked = pl.DataFrame(
        {
            "order": [1, 2],
            "question": ["Approve it?", HOSTILE],
            "kind": ["proposal", "freeze"],
            "topic": ["Budget moves", None],
            "target": ["BA_1", "x"],
            "target_id": ["BA_1", "x"],
            "campaign_id": ["CAMP_001", None],
            "amount": [4000.0, None],
            "decided_by": ["finance", "marketing lead"],
            "due": [date(2026, 5, 31), None],
            "age_days": [24, None],
            "why": ["it waits too long", "critical"],
        }
    )
    table = display.decisions_asked(with_tables(sample_run, decisions_asked=asked))
    assert table.title == "2 decisions are open with 2 owners, the largest for $4,000."
    assert column(table, "decided_by") == ["Finance", "Marketing lead"]
    assert column(table, "amount") == ["$4,000", "n/a"]
    assert table.frame["age"].to_list() == [None, None]
    assert len(table.frame["question"][1]) <= 96
    register = display.decisions_asked(with_tables(sample_run, decisions_asked=asked), whole=True)
    assert register.frame["age"].to_list() == ["open 24 days", None]
    assert register.frame["question"][1] == HOSTILE
    assert "<script" not in table.html()
    assert "#panic" not in table.typst()
    none = display.decisions_asked(with_tables(sample_run, decisions_asked=asked.clear()))
    assert none.title == "No decision is open."


@pytest.mark.parametrize(("late", "words"), [(-1, None), (0, None), (1, "1 day overdue")])
def test_what_is_overdue_says_by_how_long(late, words, sample_run) -> None:
    asked = sample_run.tables["decisions_asked"].head(1)
    due = sample_run.manifest.as_of.date() - timedelta(days=late)
    run = with_tables(sample_run, decisions_asked=asked.with_columns(due=pl.lit(due)))
    assert display.decisions_asked(run).frame["age"].to_list() == [words]


def test_an_overdue_proposal_of_the_sample_says_how_long_it_waits(sample_run) -> None:
    # BA_006 was recorded 24 days ago and goes stale after 14.
    assert display.decisions_asked(sample_run).frame["age"][1] == "10 days overdue"
    register = display.decisions_asked(sample_run, whole=True)
    assert register.frame["age"][1] == "10 days overdue, open 24 days"


@pytest.mark.parametrize("most", [1, 7])
def test_page_one_lists_the_gravest_and_says_where_the_rest_is(most, sample_run) -> None:
    rules = sample_run.config.narrative_rules.model_copy(update={"max_decisions": most})
    run = with_config(sample_run, narrative_rules=rules)
    first = display.decisions_asked(run)
    assert first.frame["order"].to_list() == list(range(1, most + 1))
    assert first.title.startswith("19 decisions are open with ")
    assert "Every decision is in the governance appendix." in first.notes
    whole = display.decisions_asked(run, whole=True)
    assert whole.frame.height == 19
    assert len(whole.notes) == 1


def test_many_decisions_of_one_topic_share_a_line(sample_run) -> None:
    asked = pl.DataFrame(
        {
            "order": range(1, 7),
            "question": [f"Do {n}." for n in range(1, 7)],
            "topic": [None, "Pause", "Cut", "Pause", "Cut", "Pause"],
            "target": [None, "A", "B", "C", "D", "E" * 40],
            "amount": [None, 9.0, 8.0, 7.0, None, 1.0],
            "decided_by": ["me"] * 6,
            "due": [date(2026, 5, day) for day in (9, 8, 7, 6, 5, 4)],
            "age_days": [None] * 6,
            "why": [""] * 6,
        },
        schema_overrides={"order": pl.Int64, "age_days": pl.Int64},
    )
    table = display.decisions_asked(with_tables(sample_run, decisions_asked=asked))
    shortened = "E" * 27 + "\u2026"
    assert column(table, "question") == ["Do 1.", f"Pause: A, C and {shortened}", "Do 3.", "Do 5."]
    assert table.frame["due"][1] == date(2026, 5, 4)
    assert table.frame["largest"].to_list() == [None, "first of 3", None, None]
    assert table.title.startswith("6 decisions are open")


def test_the_models_words_stand_as_text_and_the_rules_are_not_repeated(sample_run) -> None:
    row = sample_run.tables["measured_summary"]
    by_rules = display.summary(sample_run)
    assert by_rules.paragraphs == ()
    assert by_rules.note == row["note"][0]
    made = row.with_columns(
        origin=pl.lit("model"),
        text=pl.lit("Net \\*up\\*.\n\n- \\<script>a\n- b\n"),
        note=pl.lit("m"),
    )
    text = display.summary(with_tables(sample_run, measured_summary=made))
    assert text.paragraphs == ("Net *up*.", "\u2022 <script>a", "\u2022 b")
    assert "<script" not in text.html()


def test_the_basis_counts_records_and_gaps(sample_run) -> None:
    read = sum(file.rows for file in sample_run.manifest.inputs)
    gaps = sample_run.tables["reconciliations"].filter(verdict="differs").height
    note = display.data_basis(sample_run).note
    assert note.startswith(f"Based on {read:,} records in ")
    assert f"; {gaps} figures stated in two records differ." in note


def test_each_card_is_defined_as_the_sum_or_the_ratio_it_is(sample_run) -> None:
    figures = {f.column: f for f in display.kpi_cards(sample_run).figures()}
    assert figures["cost"].id == "kpi-cards.cost"
    words = {name: figure.defined[0][2].words for name, figure in figures.items()}
    for name in ("conversions", "return_on_ad_spend", "conversion_rate", "cost_per_acquisition"):
        assert words[name].startswith("The measure, or the metric's numerator / its denominator")
    assert figures["cost"].row == {"campaign_id": None, "window": "current", "metric": "cost"}
