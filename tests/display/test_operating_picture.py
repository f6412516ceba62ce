"""The sections of the operating picture bear any name, any campaign, and a run without a table."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import polars as pl
import pytest

import mktorch
from mktorch import display
from mktorch.display.charts import Chart
from mktorch.display.page import Unavailable
from tests.display.made import with_tables

WHOLE = ("budget_governance", "channel_flow", "decision_calibration", "value_per_unit")
SCOPED = (
    "segments",
    "funnel",
    "journey_leaks",
    "budget_pacing",
    "risk_inbox",
    "policy_violations",
    "decision_outcomes",
    "attribution",
    "fully_loaded",
)
HOSTILE = '<script>alert(1)</script> `x` {{< y >}} #panic() "q" \\ $a$ \u202e\x00'


@pytest.fixture(scope="module")
def hostile(sample_run):
    """The sample with one name for every campaign, segment, channel and action."""
    named = {
        "campaigns": ("name",),
        "audience_segments": ("name",),
        "channels": ("type", "platform"),
        "decision_outcomes": ("action_taken",),
        "attribution_summary": ("name",),
        "budget_pacing": ("name",),
        "roi_fully_loaded": ("name",),
        "value_by_segment": ("name",),
        "policy_violations": ("detail",),
    }
    frames = {
        table: sample_run.tables[table].with_columns(
            pl.lit(HOSTILE).alias(column) for column in columns
        )
        for table, columns in named.items()
    }
    return with_tables(sample_run, **frames)


@pytest.mark.parametrize("name", [*WHOLE, *SCOPED])
def test_a_hostile_name_is_text(hostile, name: str) -> None:
    block = getattr(display, name)(hostile)
    markup = block.html()
    assert "<script" not in markup
    assert "{{<" not in markup
    assert "\x00" not in markup
    assert "`" not in block.typst()
    if isinstance(block, Chart):
        ET.fromstring(block.svg())


@pytest.mark.parametrize("name", SCOPED)
def test_a_campaign_without_records_has_a_page(sample_run: mktorch.Run, name: str) -> None:
    block = getattr(display, name)(sample_run, "CAMP_007")
    assert block.html()
    assert block.typst()


@pytest.mark.parametrize("name", SCOPED)
def test_each_campaigns_page_speaks_of_it_alone(sample_run: mktorch.Run, name: str) -> None:
    other = sample_run.tables["campaigns"].filter(campaign_id="CAMP_002")["name"].item()
    block = getattr(display, name)(sample_run, "CAMP_001")
    assert other not in block.html()
    with pytest.raises(display.DisplayError, match="NOPE"):
        getattr(display, name)(sample_run, "NOPE")


@pytest.mark.parametrize("name", [*WHOLE, *SCOPED])
def test_no_table_is_longer_than_a_page_bears(sample_run: mktorch.Run, name: str) -> None:
    block = getattr(display, name)(sample_run)
    if isinstance(block, display.Table):
        assert block.shown.frame.height <= (60 if block.dense else 18 if block.group else 13)
        assert len(block.columns) <= 7


def test_a_run_whose_step_failed_says_so_in_place(sample_run: mktorch.Run) -> None:
    class Without(dict):
        """No table at all."""

    run = with_tables(sample_run)
    run.tables = Without()
    for name in (*WHOLE, *SCOPED):
        block = getattr(display, name)(run)
        assert isinstance(block, Unavailable)
        assert block.reason.startswith("Not available: this run has no table ")
