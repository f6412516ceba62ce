"""The careful reader: exact about what was written and where it ends."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mktorch.sources import columns as c
from mktorch.sources.convert import Seen
from mktorch.sources.json_records import Malformed, as_json, elements, lines, to_batch

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.lists(JSON))
def test_elements_are_those_of_the_array_as_written(values):
    text = json.dumps(values)[1:]
    records = []
    stop = elements(text, records)
    assert stop.closed
    assert stop.fault is None
    assert [json.loads(as_json(record)) for record in records] == values


@pytest.mark.parametrize(
    ("text", "read", "position", "problem"),
    [
        ('{"a": 1}, {"a": ', 1, 16, "Expecting value"),
        ('{"a": 1} {"a": 2}]', 0, 9, "Expecting ',' or ']'"),
        ('{"a": 1}', 0, 8, "Expecting ',' or ']'"),
        ('{"a": "x', 0, 6, "Unterminated string starting at"),
        ("{'a': 1}]", 0, 1, "Expecting property name enclosed in double quotes"),
        ("1,,2]", 1, 2, "Expecting value"),
        ("1] 2", 1, 3, "Text after the end of the array"),
    ],
)
def test_a_fault_is_placed(text, read, position, problem):
    records = []
    fault = elements(text, records).fault
    assert fault is not None
    assert (len(records), fault.position, fault.problem) == (read, position, problem)


def test_a_comma_after_the_last_element_is_forgiven():
    records = []
    assert elements("1, 2, ]", records).closed
    assert records == ["1", "2"]


def test_lines_keep_the_place_of_a_broken_one():
    read = list(lines('{"a": 1}\n\n  {"a": \r\n{"a": 2} x\n[1]\n'))
    assert read[0] == {"a": "1"}
    assert [type(r) for r in read[1:3]] == [Malformed, Malformed]
    assert read[3] == ["1"]
    assert len(read) == 4


COLUMNS = {"name": c.text(), "n": c.count(optional=True), "free": c.free()}


def test_numbers_keep_the_digits_they_were_written_with():
    records = []
    elements('{"name": "a", "n": 12.50, "free": {"x": [1.50, 1e5, NaN]}}]', records)
    batch = to_batch(records, COLUMNS)
    assert batch.frame["free"].to_list() == ['{"x": [1.50, 1e5, NaN]}']
    assert batch.failures.select("field", "value").rows() == [("n", "12.50")]


def test_unknown_fields_are_counted_with_their_first_value():
    records = []
    elements('{"name": "a"}, {"name": "b", "x": [1]}, 5, {"name": "c", "x": 2}]', records)
    batch = to_batch(records, COLUMNS)
    assert dict(batch.habits.seen) == {("unknown_field", "x"): Seen(2, 1, "[1]")}
    assert batch.failures.select("row", "rule", "value").rows() == [(2, "not_an_object", "5")]
    assert batch.frame["name"].to_list() == ["a", "b", None, "c"]
