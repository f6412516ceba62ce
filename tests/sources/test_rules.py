"""Rules, severities and failure frames."""

from __future__ import annotations

import polars as pl
import pytest

from mktorch.sources import FAILURE_SCHEMA, Rule, SourceError
from mktorch.sources.rules import FIXED, FOUND, SEVERITY, failures, found, no_failures, severities
from mktorch.vocab import FailureSeverity


def test_every_rule_has_a_severity():
    assert set(SEVERITY) == set(Rule)
    assert all(SEVERITY[rule] == FailureSeverity.ERROR for rule in FIXED)


def test_overrides_change_only_what_they_name():
    changed = severities({"orphan_key": FailureSeverity.WARNING})
    assert {r for r in Rule if changed[r] != SEVERITY[r]} == {Rule.ORPHAN_KEY}


@pytest.mark.parametrize("rule", sorted(FIXED))
def test_what_leaves_nothing_to_keep_stays_an_error(rule):
    with pytest.raises(SourceError, match="always an error"):
        severities({rule: FailureSeverity.WARNING})
    assert severities({rule: FailureSeverity.ERROR}) == SEVERITY


def test_failures_show_and_clip_the_value():
    frame = failures(
        pl.Series([4, 9]),
        rule=Rule.OUT_OF_RANGE,
        field="cost",
        values=pl.Series(["x" * 300, None], dtype=pl.String),
        message="cost is {value}; mend {it}",
    )
    assert frame.rows() == [
        (4, "cost", "x" * 200, "out_of_range", f"cost is {'x' * 200}; mend {{it}}"),
        (9, "cost", None, "out_of_range", "cost is nothing; mend {it}"),
    ]


def test_empty_frames_have_the_columns_of_full_ones():
    assert found([]).columns == list(FOUND)
    assert dict(no_failures().schema) == dict(FAILURE_SCHEMA)
    full = failures(1, rule=Rule.OUT_OF_RANGE, message="m")
    assert full.schema == found([]).schema
