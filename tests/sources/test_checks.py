"""Checks as data: each is an expression over one source's columns."""

from __future__ import annotations

import polars as pl
import pytest

from mktorch.sources import SPECS, ForeignKey, Rule
from mktorch.sources.checks import column_checks, reference_check, row_checks
from mktorch.vocab import Source


@pytest.mark.parametrize("source", Source)
def test_every_check_runs_on_its_source_and_keeps_nulls_and_no_rows(source):
    """Null breaks no rule but the one that a value is required."""
    checks = [*column_checks(SPECS[source]), *row_checks(source, 0.05)]
    schema = SPECS[source].dtypes
    nulls = pl.DataFrame({name: [None] for name in schema}, schema=schema)
    for check in checks:
        broken = nulls.select(check.broken.fill_null(value=False)).to_series()
        required = not SPECS[source].columns[check.field].nullable if check.field else False
        assert broken.to_list() == [check.rule == Rule.MISSING_REQUIRED and required]
        assert pl.DataFrame(schema=schema).select(check.broken, message=check.message).is_empty()


@pytest.mark.parametrize("source", Source)
def test_every_required_column_is_checked_once(source):
    missing = [c.field for c in column_checks(SPECS[source]) if c.rule == Rule.MISSING_REQUIRED]
    columns = SPECS[source].columns.items()
    assert missing == [name for name, column in columns if not column.nullable]


@pytest.mark.parametrize(
    ("share", "fits"), [(0, True), (1, True), (-0.001, False), (1.001, False), (None, True)]
)
def test_limits_hold_at_both_ends(share, fits):
    (check,) = (
        c for c in column_checks(SPECS[Source.FUNNEL_EVENTS])
        if (c.rule, c.field) == (Rule.OUT_OF_RANGE, "confidence")
    )  # fmt: skip
    frame = pl.DataFrame({"confidence": [share]}, schema={"confidence": pl.Float64})
    assert (frame.select(check.broken).item() is True) is not fits


VALID = pl.Series(["A1", "A2"])
REJECTED = pl.DataFrame({"id": ["A3"], "reason": ["parent record was rejected (a.json row 3: x)"]})


def test_a_reference_names_unknown_and_rejected_parents():
    key = ForeignKey("asset_id", Source.CREATIVE_ASSETS, "asset_id")
    check = reference_check(key, VALID, REJECTED, is_list=False)
    frame = pl.DataFrame({"asset_id": ["A1", None, "A3", "A4"]})
    assert (
        frame.select(check.broken.fill_null(False)).to_series().to_list()
        == [False] * 2 + [True] * 2
    )
    messages = frame.select(check.message).to_series().to_list()
    assert messages[2] == (
        "asset_id names 'A3': parent record was rejected (a.json row 3: x); write a valid asset_id "
        "of creative_assets, or correct that row"
    )
    assert "no such row in creative_assets" in messages[3]


def test_a_list_of_references_is_checked_by_element():
    key = ForeignKey("assets", Source.CREATIVE_ASSETS, "asset_id", Rule.UNKNOWN_REFERENCE)
    check = reference_check(key, VALID, REJECTED.clear(), is_list=True)
    frame = pl.DataFrame({"assets": [["A1", "A2"], [], None, ["A1", "A4", "A5"]]})
    broken = frame.select(check.broken.fill_null(value=False)).to_series()
    assert broken.to_list() == [False, False, False, True]
    assert frame.select(check.value).to_series()[3] == "A4, A5"
