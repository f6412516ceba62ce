"""Experiments one by one: cards, gates, time to decision and the terms in force."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import date

import polars as pl
import pytest

from mktorch import display
from mktorch.display.readouts import Check, Part, Reading, Readout, Readouts
from mktorch.display.status import Status, Tone
from tests.display.made import column, with_config, with_tables

HOSTILE = '<script>alert(1)</script> `x` {{< y >}} #panic() "q" \\ $a$ \u202e\x00'
NAMES = ("experiment_verdict", "experiment_readouts", "experiment_timing")


def cards(run, campaign: str = "") -> dict[str, Readout]:
    block = display.experiment_readouts(run, campaign)
    return {card.heading.partition(":")[0]: card for card in block.cards}


def lines(part: Part) -> dict[str, str]:
    return dict(part.lines)


def test_every_experiment_has_one_card_and_every_variant_one_part(sample_run) -> None:
    found = sample_run.tables["experiment_evaluations"]
    made = cards(sample_run)
    assert set(made) == set(found["experiment_id"])
    assert sum(len(card.parts) for card in made.values()) == found.height


def test_a_card_states_both_sides_lift_and_p(sample_run) -> None:
    part = cards(sample_run)["EXP_001"].parts[0]
    read = {one.label: (one.value, one.detail) for one in part.readings}
    # 843 / 60,889 is 1.38 %, 1,175 / 61,009 is 1.93 %; their ratio less 1 is 39.1 %.
    assert read == {
        "Control ASSET_001": ("1.38%", "843 conversions / 60,889 impressions, 49 days"),
        "Variant ASSET_002": ("1.93%", "1,175 conversions / 61,009 impressions, 49 days"),
        "Lift": ("+39.1%", "+1.7% to +90.3%"),
        "p-value": ("0.0305", "score test over days, < 0.001 before correction"),
    }


def test_money_in_a_ratio_is_written_as_money(sample_run) -> None:
    part = cards(sample_run)["EXP_012"].parts[0]
    assert part.readings[0].detail == "$5,583.83 cost / 630 conversions, 49 days"


def test_gates_stand_in_order_with_value_and_threshold(sample_run) -> None:
    checks = cards(sample_run)["EXP_006"].parts[0].checks
    assert [(c.name, c.status.word, c.value, c.threshold) for c in checks] == [
        ("Setup", "Passed", "0 faults", "none"),
        ("Allocation", "Not passed", "p < 0.001", "p at least 0.001"),
        ("Sample", "Passed", "33,259 impressions", "at least 100"),
        ("Significance", "Not passed", "p 0.232", "p under 0.05"),
        ("Lift", "Passed", "+23.1%", "at least 10%"),
    ]


def test_what_was_not_evaluated_says_so_with_its_reason(sample_run) -> None:
    part = cards(sample_run)["EXP_014"].parts[0]
    last = part.checks[-1]
    assert (last.status.word, last.value, last.note) == (
        "Not evaluated",
        "n/a",
        "variant arm without data",
    )


@pytest.mark.parametrize(
    ("experiment", "part", "todo"),
    [
        ("EXP_001", 0, "Move traffic to ASSET_002 and end the experiment."),
        ("EXP_002", 0, "Stop serving ASSET_012; it underperforms."),
        ("EXP_003", 0, "End the test; it can no longer show the minimum lift to scale."),
        ("EXP_005", 0, "Run about 7 more days to reach the planned sample."),
        (
            "EXP_006",
            0,
            "Find out why traffic is not split as planned before using the result.",
        ),
        ("EXP_007", 0, "ASSET_007 won the experiment; this variant ends with it."),
        (
            "EXP_008",
            1,
            "This variant also passed, but the gain of ASSET_030 is more certain. Scale that one.",
        ),
        ("EXP_008", 2, "Use ASSET_030 in place of ASSET_027."),
        ("EXP_009", 0, "Keep ASSET_031."),
        ("EXP_010", 0, "No action: the test was stopped. ASSET_021 remains."),
        ("EXP_011", 0, "Start it or remove it from the plan."),
        (
            "EXP_014",
            0,
            ("Correct the setup and restart; the current data cannot answer the question."),
        ),
    ],
)
def test_every_card_says_what_to_do(sample_run, experiment: str, part: int, todo: str) -> None:
    assert lines(cards(sample_run)[experiment].parts[part])["Next step"] == todo


def test_the_verdict_counts_every_variant_once(sample_run) -> None:
    found = sample_run.tables["experiment_evaluations"]
    scale, stop, go_on = (
        found.filter(recommendation=word).height for word in ("scale_variant", "stop", "continue")
    )
    lead = display.experiment_verdict(sample_run)
    assert f"{scale + stop} of {found.height} variants" in lead.sentence
    assert f"scale {scale}, stop {stop}; {go_on} continue." in lead.sentence
    assert any("EXP_005, in 7 days" in point for point in lead.points)


def test_time_counts_from_the_reports_moment(sample_run) -> None:
    table = display.experiment_timing(sample_run)
    shown = dict(zip(table.frame["experiment_id"], table.frame["ends"], strict=True))
    assert shown["EXP_005"] == date(2026, 5, 3)  # seven days after April 26
    assert table.frame["experiment_id"][0] == "EXP_005"
    # A ratio metric is counted in days of the arm with fewer.
    have = dict(zip(table.frame["experiment_id"], column(table, "have"), strict=True))
    assert (have["EXP_012"], have["EXP_003"]) == ("49 days", "79,279 impressions")


def test_terms_name_setting_value_and_origin(sample_run) -> None:
    rules = sample_run.config.experiment_rules.model_copy(
        update={"inference": "sequential", "correction": "holm"}
    )
    frame = display.experiment_terms(with_config(sample_run, experiment_rules=rules)).frame
    held = {row["setting"]: row for row in frame.to_dicts()}
    assert held["experiment_rules.inference"]["value"].startswith("Always-valid")
    assert held["experiment_rules.correction"]["value"].startswith("Holm correction")
    assert held["minimum_sample_size"]["value"] == "100 trials per arm"
    assert set(frame["origin"]) == {"default"}


@pytest.mark.parametrize("inference", ["sequential", "bayesian"])
def test_cards_read_what_the_inference_reads(sample_run, inference: str) -> None:
    rules = sample_run.config.experiment_rules.model_copy(update={"inference": inference})
    part = cards(with_config(sample_run, experiment_rules=rules))["EXP_001"].parts[0]
    label = {"sequential": "Always-valid p", "bayesian": "Chance to beat control"}[inference]
    assert part.readings[3].label == label


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_are_text(sample_run, name: str) -> None:
    campaigns = sample_run.tables["campaigns"].with_columns(
        name=pl.lit(HOSTILE), hypothesis=pl.lit(HOSTILE)
    )
    found = sample_run.tables["experiment_evaluations"].with_columns(
        variant_asset=pl.lit(HOSTILE), rule=pl.lit(HOSTILE), type=pl.lit(HOSTILE)
    )
    run = with_tables(sample_run, campaigns=campaigns, experiment_evaluations=found)
    block = getattr(display, name)(run)
    assert "<script" not in block.html()
    assert "{{<" not in block.html()
    assert "\x00" not in block.html()
    assert "`" not in block.typst()
    ET.fromstring(f"<div>{block.html()}</div>".replace("&nbsp;", " ").replace("<wbr>", ""))


@pytest.mark.parametrize("name", NAMES)
def test_one_campaign_speaks_of_itself_alone(sample_run, name: str) -> None:
    other = sample_run.tables["campaigns"].filter(campaign_id="CAMP_002")["name"].item()
    block = getattr(display, name)(sample_run, "CAMP_001")
    assert other not in block.html()
    assert getattr(display, name)(sample_run, "CAMP_006").html()


def test_no_experiment_is_a_sentence(sample_run) -> None:
    empty = {
        name: sample_run.tables[name].clear()
        for name in ("experiment_evaluations", "experiment_gates", "experiment_setup_faults")
    }
    run = with_tables(sample_run, **empty)
    assert display.experiment_verdict(run).sentence == "No experiments on record."
    assert "No experiments on record." in display.experiment_readouts(run).html()
    assert display.experiment_timing(run).title == "No experiment is running."


def test_figures_have_ids_that_no_two_share_and_lead_to_their_sources(sample_run) -> None:
    block = display.experiment_readouts(sample_run).linked()
    ids = [figure.id for figure in block.figures()]
    assert len(ids) == len(set(ids))
    assert "experiment-readouts.improvement.EXP_001.ASSET_002" in ids
    anchors = re.findall(r'\bid="([^"]+)"', block.html())
    assert len(anchors) == len(set(anchors))


def test_a_card_of_few_parts_stays_whole_and_a_long_one_breaks_between_parts() -> None:
    part = Part(name="One", statuses=(Status("Good", Tone.GOOD),), lines=(("To do", "Wait."),))

    def typst(parts: int) -> str:
        card = Readout(id="a", heading="A", subtitle="B", parts=(part,) * parts)
        return Readouts(id="made", title="T.", cards=(card,)).typst()

    assert "breakable: true" not in typst(2)
    assert typst(3).count("breakable: true") == 1
    assert typst(3).count("breakable: false") == 3


def test_status_is_a_word_and_a_shape_as_well_as_a_colour() -> None:
    check = Check(name="G", status=Status("Not passed", Tone.BAD), value="1", threshold="2")
    part = Part(name="P", statuses=(), readings=(Reading(label="L", value="3"),), checks=(check,))
    card = Readout(id="a", heading="A", subtitle="B", parts=(part,))
    block = Readouts(id="made", title="T.", cards=(card,))
    for markup in (block.html(), block.typst()):
        assert Tone.BAD.shape in markup
        assert "not passed" in markup
