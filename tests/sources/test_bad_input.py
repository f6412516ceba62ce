"""Bad input, one fault of each kind: of a row it is named and set apart, of a file it stops."""

from __future__ import annotations

import gzip
import json
import os
import stat

import pytest

from mktorch.config import MarketingOrchestratorConfig
from mktorch.sources import SourceError, load
from mktorch.sources.readers import json_files
from mktorch.vocab import Source
from tests.sources.good import broken, records, validated, write


def text_of(rows) -> str:
    return json.dumps(rows)


def test_one_row_fault_of_each_kind_is_named_and_the_rest_stays(tmp_path):
    tables = records()
    metrics = tables["performance_metrics"]
    faults = {
        1: {"impressions": "many"},  # wrong type
        2: {"impressions": "12000"},  # numeric string
        3: {"cost": float("nan")},
        4: {"revenue_proxy": float("inf")},
        5: {"conversion_rate": -1},  # negative rate
        6: {"impressions": 10**30},  # huge integer
        7: {"timestamp": "2026-03-20"},  # date only
        8: {"timestamp": "2026-03-20T10:00:00+02:00"},  # offset
        9: {"asset_id": "A99"},  # orphan
    }
    for row, fields in faults.items():
        metrics[row - 1].update(fields)
    metrics += [
        dict(metrics[9]),  # 11: duplicate key
        "not an object",  # 12
        {**metrics[9], "timestamp": "2026-03-25T00:00:00", "impressions": 12000.5},  # 13: fraction
        {**metrics[9], "timestamp": "2026-03-26T00:00:00", "impressions": 12000.0},  # 14: whole
        {**metrics[9], "timestamp": "26/03/2026"},  # 15
        {**metrics[9], "timestamp": "2026-03-27T00:00:00", "note": "x"},  # 16: unknown field
    ]
    tables["campaigns"][2]["status"] = "finished"  # unknown enum value
    result = validated(write(tmp_path, tables))
    own = result.failures.filter(source="performance_metrics")
    assert own.select("row", "field", "value", "rule", "severity").rows() == [
        (1, "impressions", "many", "unreadable_value", "error"),
        (2, "impressions", "12000", "numeric_string", "warning"),
        (3, "cost", "NaN", "unreadable_value", "error"),
        (4, "revenue_proxy", "Infinity", "unreadable_value", "error"),
        (5, "conversion_rate", "-1.0", "out_of_range", "error"),
        (5, "conversion_rate", "-1.0", "rate_mismatch", "warning"),
        (6, "impressions", "1" + "0" * 30, "unreadable_value", "error"),
        (9, "asset_id", "A99", "orphan_key", "error"),
        (
            11,
            "asset_id + experiment_id + timestamp",
            "A1 | E1 | 2026-03-14T10:00:00",
            "duplicate_key",
            "error",
        ),
        (12, None, '"not an object"', "not_an_object", "error"),
        (13, "impressions", "12000.5", "unreadable_value", "error"),
        (15, "timestamp", "26/03/2026", "unreadable_value", "error"),
        (16, "note", '"x"', "unknown_field", "warning"),
    ]
    assert result.failures.filter(source="campaigns").select("row", "field", "rule").rows() == [
        (3, "status", "unknown_enum")
    ]
    kept = result.frames[Source.PERFORMANCE_METRICS]
    assert kept["_row"].to_list() == [2, 7, 8, 10, 14, 16]
    assert kept["timestamp"].dt.to_string("%d %H:%M")[1:3].to_list() == ["20 00:00", "20 08:00"]
    assert kept["impressions"].to_list() == [12000] * 6
    place = "performance_metrics.timestamp: 1 value had"
    assert result.notes == (
        f"{place} no time of day, taken as midnight UTC (performance_metrics.json)",
        f"{place} an offset, converted to UTC (performance_metrics.json)",
        RATES.replace("10 rates", "6 rates"),
    )


RATES = (
    "performance_metrics.conversion_rate: 10 rates taken as conversions / impressions, which they "
    "fit best"
)
GOOD = text_of(records()["channels"])
FILES = {
    "empty": (b"", "is empty"),
    "blank": (b" \n ", "is empty"),
    "an object": (b'{"channels": []}', "is not an array of objects: byte 0 is '{'"),
    "a number": (b"  5", "is not an array of objects: byte 2 is '5'"),
    "cut off in a record": (GOOD[:100].encode(), "is cut off: it ends at byte 100 inside record 1"),
    "cut off before the end": (GOOD[:-1].encode(), "is cut off"),
    "cut off after a comma": (GOOD.split("}")[0].encode() + b"},", "inside the array"),
    "not JSON": (GOOD.replace('"type"', "type", 1).encode(), "is not JSON at byte 22, record 1"),
    "two arrays": (f"{GOOD}[]".encode(), "Text after the end of the array"),
    "not UTF-8": (GOOD.replace("Post", "P\xf6st", 1).encode("latin-1"), "is not UTF-8 at byte 53"),
    "UTF-16": (GOOD.encode("utf-16"), "UTF-16"),
    "too deep": (b"[" * 100_000, "input_limits.nesting"),
}


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(("content", "words"), FILES.values(), ids=FILES)
def test_a_file_that_cannot_be_read_says_where(tmp_path, monkeypatch, content, words, fast):
    write(tmp_path, records())
    (tmp_path / "channels.json").write_bytes(content)
    if not fast:
        monkeypatch.setattr(json_files, "can_be_clean", lambda _: False)
    with pytest.raises(SourceError) as caught:
        load(MarketingOrchestratorConfig(data_dir=str(tmp_path)))
    assert words in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "channels.json"))


def test_every_unreadable_file_is_listed_at_once(tmp_path):
    tables = records()
    del tables["campaigns"]
    write(tmp_path, tables)
    (tmp_path / "roi_ledger.json").write_bytes(b"[{")
    (tmp_path / "channels.json").write_bytes(b"")
    with pytest.raises(SourceError) as caught:
        load(MarketingOrchestratorConfig(data_dir=str(tmp_path)))
    files = [line.split()[0].rsplit("/", 1)[1] for line in str(caught.value).splitlines()]
    assert files == ["campaigns.json", "channels.json", "roi_ledger.json"]


def test_no_folder(tmp_path):
    with pytest.raises(SourceError, match="is no folder"):
        load(MarketingOrchestratorConfig(data_dir=str(tmp_path / "nowhere")))


def test_a_missing_optional_file_is_an_empty_table_and_a_note(tmp_path):
    tables = records()
    del tables["funnel_events"]
    result = validated(write(tmp_path, tables))
    assert result.frames[Source.FUNNEL_EVENTS].is_empty()
    assert result.notes == (
        "funnel_events.json: missing; funnel_events is optional and taken as empty",
        RATES,
    )


def test_an_empty_array_is_an_empty_table_and_a_note(tmp_path):
    tables = records() | {"roi_ledger": [], "attribution_hints": []}
    result = validated(write(tmp_path, tables))
    assert result.failures.is_empty()
    assert result.notes == (
        "roi_ledger.json: roi_ledger holds no records",
        "attribution_hints.json: attribution_hints holds no records",
        RATES,
    )


def test_a_byte_order_mark_is_left_out_and_noted(tmp_path):
    write(tmp_path, records())
    path = tmp_path / "channels.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    result = validated(tmp_path)
    assert result.failures.is_empty()
    bom = "channels.json: began with a byte order mark, which was left out"
    assert result.notes == (bom, RATES)


def test_a_broken_line_is_one_failure(tmp_path):
    tables = records()
    lines = [json.dumps(row) for row in tables.pop("channels")]
    write(tmp_path, tables)
    (tmp_path / "channels.ndjson").write_text("\n".join([lines[0], "{oops", "", lines[1], ""]))
    result = validated(tmp_path)
    assert broken(result, "row", "field", "rule") == [(2, None, "unreadable_row")]
    assert "{oops" in result.failures["value"].item()
    assert result.frames[Source.CHANNELS]["_row"].to_list() == [1, 3]


def test_lines_that_are_cut_off_stop_reading(tmp_path):
    tables = records()
    text = "\n".join(json.dumps(row) for row in tables.pop("channels"))
    write(tmp_path, tables)
    (tmp_path / "channels.ndjson").write_text(text[:-5])
    with pytest.raises(SourceError, match=f"is cut off: it ends at byte {len(text) - 5}.*record 2"):
        validated(tmp_path)


CUT_SHORT = gzip.compress(b"[]" * 99, mtime=0)[:-9]  # without the second it was made in


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b", b"no gzip", CUT_SHORT])
def test_a_broken_gzip(tmp_path, content):
    tables = records()
    del tables["channels"]
    write(tmp_path, tables)
    (tmp_path / "channels.json.gz").write_bytes(content)
    with pytest.raises(SourceError, match=r"channels\.json\.gz is (not whole gzip|empty)"):
        validated(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet at all" * 9])
def test_a_broken_parquet(tmp_path, content):
    tables = records()
    del tables["channels"]
    write(tmp_path, tables)
    (tmp_path / "channels.parquet").write_bytes(content)
    with pytest.raises(SourceError, match=r"channels\.parquet is not whole Parquet"):
        validated(tmp_path)


def test_a_file_that_may_not_be_read(tmp_path):
    path = write(tmp_path, records()) / "channels.json"
    path.chmod(0)
    if os.access(path, os.R_OK):  # the superuser may read anything: stand a folder in its way
        path.chmod(stat.S_IRWXU)
        path.unlink()
        path.symlink_to(path)
        words = "cannot be read|does not exist"
    else:
        words = "cannot be read .Permission denied."
    with pytest.raises(SourceError, match=words):
        validated(tmp_path)


def test_lone_surrogates_and_deep_values_fail_their_row_only(tmp_path):
    tables = records()
    deep: object = 1
    for _ in range(90):
        deep = [deep]
    text = json.dumps(tables["channels"]).replace('"Post"', r'"\ud800"', 1)
    write(tmp_path, tables)
    (tmp_path / "channels.json").write_text(text.replace('"email"', json.dumps(deep)))
    result = validated(tmp_path)
    own = result.failures.filter(source="channels").select("row", "field", "rule")
    assert own.rows() == [
        (1, "type", "unreadable_value"),
        (1, "platform", "unreadable_value"),
        (2, "type", "unreadable_value"),
    ]
