"""The fast reader against the careful one: where it answers, both must say the same."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mktorch.sources.clean_json import can_be_clean, read_clean
from mktorch.sources.json_records import lines, to_batch
from mktorch.sources.readers import json_files
from mktorch.sources.rules import SourceError
from mktorch.sources.schemas import SPECS
from mktorch.vocab import Source

ROW = {
    "asset_id": "A1",
    "experiment_id": "E1",
    "timestamp": "2026-03-15T10:00:00",
    "impressions": 100,
    "clicks": 10,
    "conversions": 1,
    "conversion_rate": 0.1,
    "cost": 2.5,
    "revenue_proxy": 9.0,
}
METRICS = SPECS[Source.PERFORMANCE_METRICS].columns
ASSETS = SPECS[Source.CREATIVE_ASSETS].columns
EXPERIMENTS = SPECS[Source.EXPERIMENTS].columns
LISTS = {
    "experiment_id": "E1",
    "campaign_id": "C1",
    "start_date": "2026-03-01",
    "end_date": None,
    "type": "A/B",
    "metric": "ctr",
    "control_asset": "A1",
    "variant_asset": "A2",
    "variant_assets": ["A2", "A3"],
    "allocation": [0.5, 0.25, 0.25],
    "status": "running",
}

WORDS = st.sampled_from(
    ["", " ", "\u00a0", "A1", "a b", ':"', "},{", "12", "x:y", ": z", "é", "\\", '"', "[", "{}",
     "null", "2026-03-15", "2026-03-15 10:00:00", "2026-03-15T10:00:00+02:00",
     "2026-02-30", "\ud800"]
)  # fmt: skip
NUMBERS = (
    st.integers(-(2**70), 2**70)
    | st.integers(0, 9)
    | st.floats(allow_nan=True)
    | st.sampled_from([1e3, 12.0, -0.0, 12.5, 2.0**53, 0.1 + 0.2])
)
ANY = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)
EXTRAS = st.dictionaries(st.sampled_from(["xx", "zz"]), st.booleans() | NUMBERS | WORDS, max_size=2)


def faulty(base: dict[str, object]) -> st.SearchStrategy[object]:
    """Records made of a good one by changing, dropping and adding fields, or no record at all."""
    change = st.dictionaries(st.sampled_from(list(base)) | WORDS, ANY, max_size=2)
    return st.one_of(
        st.just(base),
        st.builds(
            lambda new, without: {k: v for k, v in (base | new).items() if k not in without},
            change,
            st.sets(st.sampled_from(list(base)), max_size=2),
        ),
        ANY,
    )


def both(text: bytes, columns) -> None:
    """Read fast and carefully, in small pieces; compare frames, failures and habits."""
    results = []
    for fast in (True, False):
        try:
            results.append(json_files.read_json(io.BytesIO(text), columns, fast=fast))
        except SourceError as error:
            results.append(str(error))
    quick, careful = results
    if isinstance(quick, str) or isinstance(careful, str):
        assert quick == careful
        return
    assert_frame_equal(quick.frame, careful.frame, check_exact=True)
    order = ["row", "field", "rule", "value"]
    assert_frame_equal(quick.failures.sort(order), careful.failures.sort(order))
    assert quick.habits == careful.habits


@pytest.mark.parametrize(("columns", "base"), [(METRICS, ROW), (EXPERIMENTS, LISTS)])
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("as_lines", [False, True])
def test_both_readers_agree_on_any_records(monkeypatch, columns, base, indent, as_lines):
    monkeypatch.setattr(json_files, "PIECE", 400)

    @settings(max_examples=40, deadline=None)
    @given(st.lists(faulty(base), max_size=8), EXTRAS, st.booleans())
    @example([base, base], {}, False)
    @example([base, {**base, "zz": None}], {"yy": 1.50}, True)
    def check(records, extras, spaced):
        records = [{**r, **extras} if isinstance(r, dict) else r for r in records]
        separators = (" , ", " : ") if spaced else (",", ":")
        written = [json.dumps(r, separators=separators, ensure_ascii=False) for r in records]
        if as_lines:
            text = "\n".join(written)
        else:
            text = json.dumps(records, indent=indent, separators=separators, ensure_ascii=False)
        both(text.encode("utf-8", "surrogatepass"), columns)

    check()


CLEAN_LINES = [
    json.dumps(ROW),
    json.dumps(ROW, separators=(",", ":")),
    json.dumps({**ROW, "experiment_id": None}),
    json.dumps({k: v for k, v in ROW.items() if k != "experiment_id"}),
    json.dumps({**ROW, "asset_id": "é{}"}, ensure_ascii=False),
    json.dumps({**ROW, "timestamp": "yesterday"}),
    json.dumps({**ROW, "experiment_id": ""}),
    json.dumps({**ROW, "experiment_id": "  "}),
    json.dumps({**ROW, "timestamp": ""}),
    json.dumps({**ROW, "experiment_id": "\u00a0"}, ensure_ascii=False),
]


@pytest.mark.parametrize("line", CLEAN_LINES)
def test_what_is_clean_is_read_fast_and_alike(line):
    text = f"{json.dumps(ROW)}\n{line}\n"
    quick = read_clean(text.encode(), METRICS)
    careful = to_batch(list(lines(text)), METRICS)
    assert quick is not None
    assert_frame_equal(quick.frame, careful.frame)
    assert_frame_equal(quick.failures, careful.failures)


SURPRISES = {
    "number as text": '"asset_id": 12',
    "truth as text": '"asset_id": true',
    "list as text": '"asset_id": ["A1"]',
    "object as text": '"asset_id": {}',
    "unknown null field": '"extra": null',
    "unknown field with a blank before the colon": '"extra" : null',
    "unknown field of a colon": '":": 1',
    "numeric text": '"clicks": "12"',
    "fraction": '"clicks": 12.5',
    "whole fraction": '"clicks": 12.0',
    "too large": '"clicks": 9223372036854775808',
    "truth as number": '"clicks": true',
    "not a number": '"cost": NaN',
    "infinite": '"cost": 1e400',
    "escape": r'"asset_id": "\u0041"',
}


@pytest.mark.parametrize("field", SURPRISES.values(), ids=SURPRISES)
def test_a_surprise_is_left_to_the_careful_reader(field):
    name = field.split('"')[1]
    rest = json.dumps({k: v for k, v in ROW.items() if k != name})
    text = f"{json.dumps(ROW)}\n{rest[:-1]}, {field}}}\n".encode()
    assert read_clean(text, METRICS) is None


def test_an_unknown_field_cannot_hide_behind_a_number_written_for_a_text():
    """Two quotes too many and two too few: only the count of names tells."""
    odd = json.dumps({**ROW, "asset_id": 12, "zz": None})
    for text in (odd, odd.replace('"zz":', '"zz" :')):
        assert read_clean(text.encode(), METRICS) is None
        assert read_clean(f"{json.dumps(ROW)}\n{text}".encode(), METRICS) is None


def test_records_within_a_record_are_no_records(monkeypatch):
    """Pieces of a list inside one record look like whole records of their own."""
    monkeypatch.setattr(json_files, "PIECE", 300)
    text = json.dumps([ROW, {**ROW, "history": [ROW] * 9}, ROW], separators=(",", ":"))
    both(text.encode(), METRICS)
    assert json_files.read_json(io.BytesIO(text.encode()), METRICS).frame.height == 3


@pytest.mark.parametrize("value", [1, 1.5, "x", True])
def test_an_unknown_field_of_every_record_is_read_fast_and_told(value):
    text = "\n".join([json.dumps({"zz": value, **ROW, "yy": value})] * 3)
    quick = read_clean(text.encode(), METRICS)
    careful = to_batch(list(lines(text)), METRICS)
    assert quick is not None
    assert_frame_equal(quick.frame, careful.frame)
    assert quick.habits == careful.habits
    later = f"{text}\n{json.dumps(ROW)}"
    assert read_clean(later.encode(), METRICS) is None
    assert read_clean(f"{text}\n{json.dumps({**ROW, 'zz': [], 'yy': 1})}".encode(), METRICS) is None


def test_an_unknown_field_cannot_hide_behind_an_absent_one():
    misspelt = {("experimentid" if k == "experiment_id" else k): v for k, v in ROW.items()}
    assert read_clean(json.dumps({**misspelt, "experimentid": None}).encode(), METRICS) is None


@pytest.mark.parametrize("value", ["[1]", '["A", null]', '[["A"]]', '"A"', "{}"])
def test_lists_of_another_kind_are_left_to_the_careful_reader(value):
    text = json.dumps(LISTS).replace('["A2", "A3"]', value)
    assert read_clean(text.encode(), EXPERIMENTS) is None
    assert read_clean(json.dumps(LISTS).encode(), EXPERIMENTS) is not None


def test_the_first_of_a_repeated_field_counts_for_both_readers():
    text = json.dumps(ROW)[:-1] + ', "experiment_id": "E2"}'
    assert to_batch(list(lines(text)), METRICS).frame["experiment_id"].item() == "E1"
    absent = json.dumps({k: v for k, v in ROW.items() if k != "experiment_id"})
    mixed = f"{absent}\n{text}".encode()
    quick = read_clean(mixed, METRICS)
    assert quick is None or quick.frame["experiment_id"].to_list() == [None, "E1"]


def test_a_wrong_split_never_passes():
    """`},` inside text or a nested object leaves pieces that are no JSON."""
    for value in ('"a},{b"', '{"x": {"y": 1}, "z": 2}'):
        text = json.dumps(ROW).replace('"A1"', value)
        assert read_clean(f"{text},{text}".encode(), METRICS, array=True) is None


def test_only_sources_without_free_fields_are_read_fast():
    assert can_be_clean(METRICS)
    assert can_be_clean(ASSETS)
    assert not can_be_clean(SPECS[Source.CAMPAIGN_RISK_SIGNALS].columns)
