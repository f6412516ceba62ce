"""Written values into types, by kind of value and of column."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mktorch.sources import columns as c
from mktorch.sources.convert import Habits, Kind, Seen, convert, to_date, to_moment

S, N, B, Z, K = Kind.STRING, Kind.NUMBER, Kind.BOOL, Kind.NULL, Kind.CONSTANT


def one(column, text, kind):
    """Value, rules broken and habits of one value written into one column."""
    habits = Habits()
    texts = pl.DataFrame({"f": pl.Series([text], dtype=pl.String)})
    kinds = pl.DataFrame({"f": pl.Series([kind], dtype=pl.UInt8)})
    batch = convert(texts, kinds, {"f": column}, habits)
    assert batch.frame.schema["f"] == column.dtype
    value = batch.frame["f"].to_list()[0]
    return value, batch.failures["rule"].to_list(), [h.name for h in habits.seen]


BAD = ["unreadable_value"]


@pytest.mark.parametrize(
    ("column", "text", "kind", "outcome"),
    [
        (c.count(), "12", N, (12, [], [])),
        (c.count(), "-12", N, (-12, [], [])),  # a range fault, not one of reading
        (c.count(), "12.0", N, (12, [], [])),
        (c.count(), "1.2e1", N, (12, [], [])),
        (c.count(), "12.5", N, (None, BAD, [])),
        (c.count(), "9223372036854775807", N, (2**63 - 1, [], [])),
        (c.count(), "9223372036854775808", N, (None, BAD, [])),
        (c.count(), "1e30", N, (None, BAD, [])),
        (c.count(), "12", S, (12, [], ["numeric_string"])),
        (c.count(), " 12.0 ", S, (12, [], ["numeric_string"])),
        (c.count(), "12.5", S, (None, BAD, [])),
        (c.count(), "1_000", S, (None, BAD, [])),
        (c.count(), "0x1F", S, (None, BAD, [])),
        (c.count(), "inf", S, (None, BAD, [])),
        (c.count(), "true", B, (None, BAD, [])),
        (c.count(), "", S, (None, [], [])),
        (c.count(), None, Z, (None, [], [])),
        (c.amount(), "12", N, (12.0, [], [])),
        (c.amount(), "0.1", N, (0.1, [], [])),
        (c.amount(), "1e400", N, (None, BAD, [])),
        (c.amount(), "NaN", K, (None, BAD, [])),
        (c.amount(), "nan", S, (None, BAD, [])),
        (c.amount(), "2.50", S, (2.5, [], ["numeric_string"])),
        (c.flag(), "true", B, (True, [], [])),
        (c.flag(), "false", B, (False, [], [])),
        (c.flag(), "true", S, (None, BAD, [])),
        (c.flag(), "1", N, (None, BAD, [])),
        (c.text(), "true", S, ("true", [], [])),
        (c.text(), " a ", S, (" a ", [], [])),
        (c.text(), "  ", S, (None, [], [])),
        (c.text(), "120210000000000011", N, ("120210000000000011", [], [])),
        (c.text(), "12.0", N, (None, BAD, [])),  # 1.2021e17 may have lost digits
        (c.text(), "1.2e17", N, (None, BAD, [])),
        (c.text(), "true", B, (None, BAD, [])),
        (c.ids(), '["a", "b"]', Kind.STRINGS, (["a", "b"], [], [])),
        (c.ids(), "[]", Kind.EMPTY, ([], [], [])),
        (c.ids(), "[1, -2]", Kind.NUMBERS, (["1", "-2"], [], [])),
        (c.ids(), "[1.5]", Kind.NUMBERS, (None, BAD, [])),
        (c.ids(), "a", S, (None, BAD, [])),
        (c.free(), '{"a": 1}', Kind.OBJECT, ('{"a": 1}', [], [])),
        (c.free(), '"a"', S, ('"a"', [], [])),
        (c.free(), "NaN", K, (None, BAD, [])),
        (c.moment(), "2026-03-15", S, (datetime(2026, 3, 15), [], ["date_only"])),
        (c.moment(), "1773568800", N, (None, BAD, [])),
        (c.date(), "2026-03-15", S, (date(2026, 3, 15), [], [])),
        (c.date(), "2026-02-29", S, (None, BAD, [])),
    ],
)
def test_a_value_in_a_column(column, text, kind, outcome):
    assert one(column, text, kind) == outcome


@pytest.mark.parametrize(
    ("text", "value", "habit"),
    [
        ("2026-03-15T10:00:00", "2026-03-15T10:00:00", None),
        ("2026-03-15 10:00:00", "2026-03-15T10:00:00", None),
        ("2026-03-15T10:00:00Z", "2026-03-15T10:00:00", None),
        ("2026-03-15T10:00", "2026-03-15T10:00:00", None),
        ("2026-03-15T10:00Z", "2026-03-15T10:00:00", None),
        ("2026-03-15T10:00:00.25", "2026-03-15T10:00:00.25", None),
        ("2026-03-15T10:00:00.25Z", "2026-03-15T10:00:00.25", None),
        ("2026-03-15T10:00:00+02:00", "2026-03-15T08:00:00", "offset"),
        ("2026-03-15T10:00:00-0530", "2026-03-15T15:30:00", "offset"),
        ("2026-03-15 10:00:00.5+02:00", "2026-03-15T08:00:00.5", "offset"),
        ("2026-03-15T01:00+02:00", "2026-03-14T23:00:00", "offset"),
        ("2026-03-15", "2026-03-15T00:00:00", "date_only"),
        ("2026-02-30T10:00:00", None, None),
        ("2026-03-15T25:00:00", None, None),
        ("15/03/2026", None, None),
        ("2026-03-15T10:00:00 UTC", None, None),
        ("2026-W11", None, None),
    ],
)
def test_a_timestamp_alone_and_among_others(text, value, habit):
    for around in ([], ["2026-01-01T00:00:00"], ["2026-01-01T00:00:00Z"], [None]):
        habits = Habits()
        series = to_moment(pl.Series([*around, text, *around], dtype=pl.String), "t", habits)
        assert series.dtype == pl.Datetime("us")
        expected = None if value is None else datetime.fromisoformat(value)
        assert series[len(around)] == expected
        counted = {h.name: s for h, s in habits.seen.items()}
        assert counted == ({habit: Seen(1, len(around), text)} if habit else {})


@given(st.datetimes(datetime(1970, 1, 1), datetime(2199, 12, 31)), st.integers(-14 * 60, 14 * 60))
def test_any_timestamp_with_any_offset_is_the_instant_it_names(moment, minutes):
    sign = "-" if minutes < 0 else "+"
    offset = f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    text = moment.isoformat() + offset
    (read,) = to_moment(pl.Series([text]), "t", Habits())
    assert read == datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def test_a_day_written_as_a_timestamp_is_the_day_it_names():
    habits = Habits()
    texts = pl.Series(["2026-03-15", "2026-03-15T23:00:00-05:00", "2026-03-15T99:00:00", None])
    assert to_date(texts, "d", habits).to_list() == [date(2026, 3, 15)] * 2 + [None] * 2
    assert list(habits.seen.values()) == [Seen(1, 1, "2026-03-15T23:00:00-05:00")]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_floats_are_read_to_the_last_bit(values):
    texts = pl.DataFrame({"f": [repr(v) for v in values]})
    kinds = pl.DataFrame({"f": pl.Series([N] * len(values), dtype=pl.UInt8)})
    assert convert(texts, kinds, {"f": c.amount()}, Habits()).frame["f"].to_list() == values


def test_habits_add_up_over_batches():
    first, second = Habits(), Habits()
    first.add("offset", "t", Seen(2, 5, "a"))
    second.add("offset", "t", Seen(3, 1, "b"))
    second.add("offset", "u", Seen(1, 0, "c"))
    total = Habits()
    total.merge(first, 0)
    total.merge(second, 10)
    assert list(total.seen.values()) == [Seen(5, 5, "a"), Seen(1, 10, "c")]
