"""Loading: every format gives the same rows, each with its file and number."""

from __future__ import annotations

import gzip
import hashlib
import json

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mktorch.config import MarketingOrchestratorConfig
from mktorch.sources import InputFile, frame_schema, load
from mktorch.vocab import Source
from tests.sources.good import records, write


def loaded(folder):
    return load(MarketingOrchestratorConfig(data_dir=str(folder)))


def test_every_frame_has_its_schema_and_numbered_rows(tmp_path):
    raw = loaded(write(tmp_path, records()))
    assert list(raw) == list(Source)
    for source, own in raw.items():
        assert dict(own.frame.schema) == frame_schema(source)
        assert own.frame["_row"].to_list() == list(range(1, own.frame.height + 1))
        assert own.frame["_file"].unique().to_list() == [f"{source}.json"]
        assert own.failures.is_empty()
        assert own.notes == ()


def test_files_are_named_hashed_and_counted(tmp_path):
    path = write(tmp_path, records()) / "channels.json"
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    (file,) = loaded(tmp_path)[Source.CHANNELS].files
    assert file == InputFile("channels", "channels.json", digest, len(content), 2)


WRITERS = {
    "json.gz": lambda path, rows: path.write_bytes(gzip.compress(json.dumps(rows).encode())),
    "ndjson": lambda path, rows: path.write_text("\n".join(map(json.dumps, rows))),
    "jsonl": lambda path, rows: path.write_text("\n".join(map(json.dumps, rows)) + "\n"),
    "jsonl.gz": lambda path, rows: path.write_bytes(
        gzip.compress("\n".join(map(json.dumps, rows)).encode())
    ),
    "json": lambda path, rows: path.write_text("\n".join(map(json.dumps, rows))),
    "parquet": lambda path, rows: pl.DataFrame(rows, infer_schema_length=None).write_parquet(path),
}


@pytest.mark.parametrize("source", Source)
@pytest.mark.parametrize(("ending", "writer"), WRITERS.items(), ids=WRITERS)
def test_every_format_gives_the_same_rows(tmp_path, source, ending, writer):
    tables = records()
    expected = loaded(write(tmp_path, tables))[source].frame.drop("_file")
    (tmp_path / f"{source}.json").unlink()
    path = tmp_path / f"{source}.{ending}"
    writer(path, tables[source])
    own = loaded(tmp_path)[source]
    frame = own.frame.drop("_file")
    if source == Source.CAMPAIGN_RISK_SIGNALS:  # Parquet forgets how its objects were written
        ratio = pl.col("evidence").str.json_path_match("$.ratio").cast(pl.Float64)
        frame, expected = (f.with_columns(evidence=ratio) for f in (frame, expected))
    assert_frame_equal(frame, expected)
    assert own.failures.is_empty()
    assert own.frame["_file"].unique().to_list() == [path.name]


def test_parts_of_several_formats_are_one_source(tmp_path):
    tables = records()
    rows = tables.pop("performance_metrics")
    folder = write(tmp_path, tables) / "performance_metrics"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps(rows[:3]))
    WRITERS["jsonl.gz"](folder / "b.jsonl.gz", [*rows[3:5], {**rows[5], "clicks": "x"}])
    WRITERS["parquet"](folder / "c.parquet", rows[6:])
    own = loaded(tmp_path)[Source.PERFORMANCE_METRICS]
    assert [(f.path.split("/")[1], f.rows) for f in own.files] == [
        ("a.json", 3),
        ("b.jsonl.gz", 3),
        ("c.parquet", 4),
    ]
    assert own.frame["_row"].to_list() == [1, 2, 3, 1, 2, 3, 1, 2, 3, 4]
    assert own.failures.select("file", "row", "key", "field").rows() == [
        ("performance_metrics/b.jsonl.gz", 3, "A1 | E1 | 2026-03-10T10:00:00", "clicks")
    ]


def test_a_habit_of_a_whole_file_is_one_warning(tmp_path):
    tables = records()
    for i, row in enumerate(tables["performance_metrics"]):
        row["note"] = i
        row["cost"] = str(row["cost"])
    own = loaded(write(tmp_path, tables))[Source.PERFORMANCE_METRICS]
    assert own.failures.select("row", "field", "value", "rule").rows() == [
        (1, "cost", "240", "numeric_string"),
        (1, "note", "0", "unknown_field"),
    ]
    assert all("in 10 rows" in message for message in own.failures["message"])
    assert own.frame["cost"].to_list() == [240.0] * 10


def test_an_empty_array_has_typed_columns(tmp_path):
    tables = records() | {"funnel_events": []}
    own = loaded(write(tmp_path, tables))[Source.FUNNEL_EVENTS]
    assert dict(own.frame.schema) == frame_schema(Source.FUNNEL_EVENTS)
    assert own.files[0].rows == 0


def test_another_file_may_be_configured(tmp_path):
    write(tmp_path, records())
    (tmp_path / "channels.json").rename(tmp_path / "kanaele.json")
    config = MarketingOrchestratorConfig(data_dir=str(tmp_path), channels_file="kanaele.json")
    assert load(config)[Source.CHANNELS].files[0].path == "kanaele.json"
