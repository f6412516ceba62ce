"""Attribution: the largest channels of each method, disagreement first."""

from __future__ import annotations

import polars as pl

from mktorch import display
from tests.display.made import column, with_tables


def shares(run) -> pl.DataFrame:
    """First touch: mostly the second channel. Last touch: one channel. No assist."""
    schema = run.tables["attribution_shares"].schema
    rows = (
        ("CAMP_001", "first_touch", "CH_01", 0.2),
        ("CAMP_001", "first_touch", "CH_02", 0.7),
        ("CAMP_001", "first_touch", "CH_03", 0.1),
        ("CAMP_001", "last_touch", "CH_03", 1.0),
        ("CAMP_001", "assist", "CH_03", None),
    )
    return pl.DataFrame(
        [dict(zip(("campaign_id", "method", "channel_id", "share"), r, strict=True)) for r in rows],
        schema=schema,
    )


def summary(run, **changes):
    rows = run.tables["attribution_summary"].head(3)
    set_to = {k: pl.Series(v, dtype=rows.schema[k]) for k, v in changes.items()}
    return rows.with_columns(**set_to)


def test_each_method_names_its_two_largest_channels(sample_run) -> None:
    run = with_tables(sample_run, attribution_shares=shares(sample_run))
    table = display.attribution(run, "CAMP_001")
    assert column(table, "first_touch") == ["paid search 70%, email 20%"]
    assert column(table, "last_touch") == ["social 100%"]
    assert column(table, "assist") == ["n/a"]
    assert any("Assist, no hints for that method" in note for note in table.all_notes)


def test_disagreement_is_first_and_unknown_last(sample_run) -> None:
    run = with_tables(
        sample_run,
        attribution_summary=summary(
            sample_run,
            agreement=[0.9, None, 0.3],
            finding=["methods_agree", None, "methods_disagree"],
            explained=[0.5, None, 0.75],
        ),
    )
    table = display.attribution(run)
    assert table.frame["campaign_id"].to_list() == ["CAMP_003", "CAMP_001", "CAMP_002"]
    assert column(table, "finding") == ["Disagree", "Agree", "n/a"]
    assert table.frame["alike"].to_list() == ["30.0%", "90.0%", None]
    assert table.title == (
        "First and last touch credit different channels in 1 of 2 campaigns, Finance Team Video "
        "Reach; last touch explains 50.0% to 75.0% of reported conversions."
    )


def test_agreement_everywhere_is_said(sample_run) -> None:
    agreed = summary(
        sample_run, agreement=[0.9] * 3, finding=["methods_agree"] * 3, explained=[0.5] * 3
    )
    run = with_tables(sample_run, attribution_summary=agreed)
    assert display.attribution(run).title == (
        "First and last touch credit the same channels in each of 3 campaigns; last touch "
        "explains 50.0% of reported conversions."
    )


def test_nothing_to_compare(sample_run) -> None:
    run = with_tables(
        sample_run,
        attribution_summary=summary(
            sample_run, agreement=[None] * 3, finding=[None] * 3, explained=[None] * 3
        ),
        attribution_shares=sample_run.tables["attribution_shares"].clear(),
    )
    table = display.attribution(run)
    assert table.title.startswith("No campaign has both first-")
    assert set(column(table, "last_touch")) == {"n/a"}


def test_the_planted_disagreement_is_on_top(sample_run) -> None:
    table = display.attribution(sample_run)
    assert table.frame["campaign_id"][0] == "CAMP_005"
    assert column(table, "finding")[0] == "Disagree"
