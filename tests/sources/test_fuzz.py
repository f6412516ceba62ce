"""Any record is read or refused with a reason, and both readers of JSON say the same of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mktorch.sources import SourceError
from mktorch.sources.load import load_source
from mktorch.sources.schemas import SPECS
from mktorch.vocab import Source
from tests.sources.good import RECORDS

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))

ODD = st.sampled_from(
    [
        *("NaN", "Infinity", "-Infinity", "1e999", "-0", "1e-400", "9" * 40, "0.1e+3", "-1"),
        *("123456789012345678901234567890.5", "18446744073709551616", "1E400", "00", "1.", ".5"),
        *('"1e999"', '"\\ud800"', '"\\u0000"', '""', '" "', '"2026-02-30"', '"9999-99-99"'),
        *("[]", "[[]]", "{}", "[null]", "[1,null]", '["a",1]', "[1e999]", '[{"a":1}]', "true"),
    ]
)
VALUE = ODD | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
).map(json.dumps)


def written(rows: list[dict[str, str]], lines: bool) -> bytes:
    objects = ["{" + ",".join(f"{json.dumps(k)}:{v}" for k, v in r.items()) + "}" for r in rows]
    text = "\n".join(objects) if lines else "[" + ",".join(objects) + "]"
    return text.encode("utf-8", "surrogatepass")


def read(folder: Path, source: Source, *, fast: bool) -> tuple[str, pl.DataFrame, pl.DataFrame]:
    name = f"{source}.json"
    try:
        made = load_source(SPECS[source], folder, name, fast=fast)
    except SourceError as error:
        return str(error), pl.DataFrame(), pl.DataFrame()
    return "", made.frame, made.failures


def agree(folder: Path, source: Source) -> None:
    said, frame, failures = read(folder, source, fast=True)
    other, careful, found = read(folder, source, fast=False)
    assert said == other
    assert len(said.splitlines()) < 2
    assert_frame_equal(frame, careful, check_exact=True)
    assert_frame_equal(failures, found, check_exact=True, check_row_order=False)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), lines=st.booleans())
def test_any_value_of_any_field_is_read_alike_or_refused(tmp_path, data, lines) -> None:
    source = data.draw(st.sampled_from(list(Source)))
    good = {name: json.dumps(value) for name, value in RECORDS[source][0].items()}
    field = data.draw(st.sampled_from(list(SPECS[source].columns)) | st.text(max_size=4))
    rows = [good, {**good, field: data.draw(VALUE)}, good]
    for left in tmp_path.iterdir():
        left.unlink()
    (tmp_path / f"{source}.{'ndjson' if lines else 'json'}").write_bytes(written(rows, lines))
    agree(tmp_path, source)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), source=st.sampled_from(list(Source)))
def test_any_damage_to_a_file_is_read_alike_or_refused(tmp_path, data, source) -> None:
    good = {name: json.dumps(value) for name, value in RECORDS[source][0].items()}
    content = bytearray(written([good] * 3, lines=False))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    for left in tmp_path.iterdir():
        left.unlink()
    (tmp_path / f"{source}.json").write_bytes(bytes(content))
    agree(tmp_path, source)


@pytest.mark.parametrize("content", [b"", b"\x00", b"[", b"[{", b"\xff\xfe[\x00]\x00", b"[1,[2]]"])
def test_what_is_no_array_of_objects_is_told_alike(tmp_path, content) -> None:
    (tmp_path / "campaigns.json").write_bytes(content)
    agree(tmp_path, Source.CAMPAIGNS)
