"""Shared wording: units, intervals, names that stay apart, labels that stay whole."""

from __future__ import annotations

import json

import polars as pl
import pytest

from mktorch.display.sections import wording
from tests.display.made import with_config, with_tables


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (-0.5, 0.125, "\u221250.0% to 12.5%"),
        (0.1, None, "10.0% or more"),
        (None, 0.1, "10.0% or less"),
        (None, None, None),
    ],
)
def test_interval_names_the_ends_it_has(low, high, text) -> None:
    ends = (pl.Series([end], dtype=pl.Float64) for end in (low, high))
    assert wording.interval(*ends).to_list() == [text]


def test_metric_values_bear_their_unit_and_small_ones_their_digits(sample_run) -> None:
    names = ["conversion_rate", "conversion_rate", "cost_per_acquisition", "cost_per_click"]
    values = [0.0155, 0.0000826, 8.554, 0.0123]
    shown = wording.metric_texts(
        sample_run,
        pl.Series([*names, "return_on_ad_spend", "their_own", "conversion_rate"]),
        pl.Series([*values, 1.5, 12.25, None]),
    )
    edges = wording.metric_texts(
        sample_run, pl.Series(["conversion_rate"] * 2), pl.Series([0.0, 0.001])
    )
    assert edges.to_list() == ["0.00%", "0.10%"]
    assert shown.to_list() == ["1.55%", "0.0083%", "$8.55", "$0.0123", "1.50\u00d7", "12.25", None]


def test_lower_is_better_names_only_such_metrics(sample_run) -> None:
    metrics = pl.Series(["cost_per_click", "conversion_rate", None, "cost_per_acquisition"])
    assert wording.lower_is_better(sample_run, metrics) == [
        "Lower is better for cost per acquisition and cost per click."
    ]
    assert wording.lower_is_better(sample_run, metrics[1:2]) == []


def test_two_of_one_name_bear_their_ids(sample_run) -> None:
    campaigns = pl.DataFrame(
        {"campaign_id": ["A", "B", "C"], "name": ["Spring", "Spring", "Autumn"]}
    )
    run = with_tables(sample_run, campaigns=campaigns)
    named = wording.with_names(run, pl.DataFrame({"campaign_id": ["C", "B", "X", "A"]}), "campaign")
    assert named["campaign"].to_list() == ["Autumn", "Spring (B)", "X", "Spring (A)"]


def test_channels_are_told_apart_as_far_as_needed(sample_run) -> None:
    channels = pl.DataFrame(
        {
            "channel_id": ["1", "2", "3", "4", "5"],
            "type": ["email", "paid_search", "paid_search", "social", "social"],
            "platform": ["m", "north_ads", "south_ads", "s", "s"],
        }
    )
    names = wording.channel_names(with_tables(sample_run, channels=channels))["channel"].to_list()
    assert names == [
        "email",
        "paid search (north ads)",
        "paid search (south ads)",
        "social 4",
        "social 5",
    ]


def test_long_labels_break_and_end_in_an_ellipsis() -> None:
    assert wording.wrapped("one two three four", 8, 2) == ["one two", "three\u2026"]
    assert wording.wrapped("W" * 40, 10, 3) == ["W" * 10, "W" * 10, "W" * 9 + "\u2026"]
    assert wording.wrapped("", 10) == [""]
    assert all(len(line) <= 10 for line in wording.wrapped("ab " * 40, 10))


def test_axis_labels_are_one_expression_whatever_the_name() -> None:
    name = 'a"] + b \\ \u202e`<'
    expression = wording.axis_labels({"C1": name}, 40)
    literal = expression.removesuffix("[datum.label]")
    assert json.loads(literal) == {"C1": ['a"] + b \\ \ufffd`<']}
    lifts = wording.row_labels({"C1": name}, 40)["labelOffset"]["condition"]
    assert [lift["value"] for lift in lifts] == [-7.5, -15]  # half of one line, half of two


def test_a_metric_of_ones_own_keeps_its_label(sample_run) -> None:
    known = wording.metric_label(sample_run, pl.col("m"))
    frame = pl.DataFrame({"m": ["cost_per_click", "their_own_rate"]})
    assert frame.select(known)["m"].to_list() == ["Cost per click", "their own rate"]


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(None, "n/a"), (119.4, "119 min"), (120, "2.0 hours"), (2880, "2.0 days")],
)
def test_durations_take_the_unit_that_reads_best(minutes, text) -> None:
    assert wording.duration(minutes) == text


def test_money_is_in_the_reporting_currency(sample_run) -> None:
    run = with_config(sample_run, currency="EUR")
    shown = wording.metric_texts(run, pl.Series(["cost_per_click"]), pl.Series([1.5]))
    assert shown.to_list() == ["\u20ac1.50"]
