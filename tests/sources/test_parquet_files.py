"""Parquet columns of other types, brought to the declared ones."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mktorch.sources import columns as c
from mktorch.sources.readers.parquet_files import from_frame

NOON = datetime(2026, 3, 15, 12)
BAD = ["unreadable_value"]
ROME = ZoneInfo("Europe/Rome")


@pytest.mark.parametrize(
    ("values", "column", "outcome", "habits"),
    [
        (pl.Series([7], dtype=pl.UInt8), c.count(), 7, []),
        (pl.Series([7.0]), c.count(), 7, []),
        (pl.Series([7.5]), c.count(), BAD, []),
        (pl.Series([2**64 - 1], dtype=pl.UInt64), c.count(), BAD, []),
        (pl.Series(["7"]), c.count(), 7, ["numeric_string"]),
        (pl.Series([True]), c.count(), BAD, []),
        (pl.Series([0.1], dtype=pl.Float32), c.amount(), 0.1, []),
        (pl.Series([Decimal("1.25")]), c.amount(), 1.25, []),
        (pl.Series([float("nan")]), c.amount(), BAD, []),
        (pl.Series([120210000000000011]), c.text(), "120210000000000011", []),
        (pl.Series([7.0]), c.text(), BAD, []),
        (pl.Series(["a"], dtype=pl.Categorical), c.text(), "a", []),
        (pl.Series([None]), c.text(optional=True), None, []),
        (pl.Series([True]), c.flag(), True, []),
        (pl.Series([1]), c.flag(), BAD, []),
        (pl.Series([NOON]), c.moment(), NOON, []),
        (pl.Series([NOON], dtype=pl.Datetime("ns")), c.moment(), NOON, []),
        (pl.Series([NOON.replace(tzinfo=UTC)]), c.moment(), NOON, []),
        (
            pl.Series([NOON.replace(tzinfo=ROME)], dtype=pl.Datetime("us", "Europe/Rome")),
            c.moment(),
            datetime(2026, 3, 15, 11),
            ["offset"],
        ),
        (pl.Series([NOON.date()]), c.moment(), datetime(2026, 3, 15), ["date_only"]),
        (pl.Series([NOON]), c.date(), date(2026, 3, 15), ["time_dropped"]),
        (pl.Series([date(2026, 3, 15)]), c.date(), date(2026, 3, 15), []),
        (pl.Series([["a", "b"]]), c.ids(), ["a", "b"], []),
        (pl.Series([[]], dtype=pl.List(pl.String)), c.ids(), [], []),
        (pl.Series([["a", None]]), c.ids(), BAD, []),
        (pl.Series([[1]]), c.ids(), ["1"], []),
        (pl.Series([[1.5]]), c.ids(), BAD, []),
        (pl.Series([["a"]], dtype=pl.Array(pl.String, 1)), c.ids(), ["a"], []),
        (pl.Series([{"x": 1, "y": None}]), c.free(), '{"x":1,"y":null}', []),
        (pl.Series(['{"x": 1}']), c.free(), '{"x": 1}', []),
        (pl.Series([None], dtype=pl.List(pl.String)), c.ids(optional=True), None, []),
        (pl.Series([None], dtype=pl.Struct({"x": pl.Int64})), c.free(), None, []),
    ],
)
def test_a_column_of_some_type(values, column, outcome, habits):
    batch = from_frame(values.alias("f").to_frame(), {"f": column})
    assert batch.frame.schema["f"] == column.dtype
    if outcome is BAD:
        assert batch.failures["rule"].to_list() == BAD
        assert batch.frame["f"].to_list() == [None]
    else:
        assert batch.failures.is_empty()
        assert batch.frame["f"].to_list() == [outcome]
    assert [habit.name for habit in batch.habits.seen] == habits


def test_absent_columns_are_null_and_others_are_told():
    batch = from_frame(pl.DataFrame({"extra": [1, 2]}), {"name": c.text()})
    assert batch.frame["name"].to_list() == [None, None]
    assert [tuple(h) for h in batch.habits.seen] == [("unknown_field", "extra")]


_ENDS = [-62_198_323_200, 253_433_836_800]  # of the years -1 and 10000
_SECONDS = st.integers(-(10**11), 3 * 10**11) | st.sampled_from(_ENDS)
_TYPES = {
    pl.Int8(): st.integers(-128, 127),
    pl.Int64(): st.integers(-(2**63), 2**63 - 1),
    pl.UInt64(): st.integers(0, 2**64 - 1),
    pl.Float64(): st.floats() | st.sampled_from([2.0**53, 2.0**53 + 2, 1e16, -0.0, 7.0, 0.1]),
    pl.Float32(): st.floats(width=32),
    pl.String(): st.sampled_from(["a", "", "  ", "7", " b ", "\u2003", "2026-03-01"]),
    pl.Boolean(): st.booleans(),
    pl.Date(): _SECONDS.map(lambda second: second // 86_400),
    pl.Datetime("us"): _SECONDS.map(lambda second: second * 1_000_001),
    pl.Datetime("ms", "UTC"): _SECONDS.map(lambda second: second * 1_003),
    pl.Datetime("ns"): st.integers(-(10**17), 4 * 10**18),
    pl.Datetime("us", "Europe/Rome"): st.integers(0, 2**40),
    pl.Null(): st.none(),
}
_COLUMNS = {
    name: getattr(c, name)()
    for name in ("text", "grain", "free", "count", "amount", "shared", "flag", "date", "moment")
} | {"local": c.moment().with_metadata({"zone": "Europe/Stockholm"}), "ids": c.ids()}


@pytest.mark.parametrize("column", _COLUMNS.values(), ids=_COLUMNS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_column_of_the_declared_type_is_what_its_text_would_be(column, data):
    own = [dtype for dtype in _TYPES if dtype.base_type() == column.dtype.base_type()]
    dtype = data.draw(st.sampled_from(own or list(_TYPES)) | st.sampled_from(list(_TYPES)))
    drawn = data.draw(st.lists(_TYPES[dtype] | st.none(), max_size=6))
    values = pl.Series("f", drawn, dtype=pl.Int64 if dtype.is_temporal() else dtype)
    values = values.cast(dtype)
    frame = values.to_frame()
    fast, careful = (from_frame(frame, {"f": column}, fast=fast) for fast in (True, False))
    assert_frame_equal(fast.frame, careful.frame)
    assert_frame_equal(fast.failures, careful.failures)
    assert fast.habits == careful.habits
