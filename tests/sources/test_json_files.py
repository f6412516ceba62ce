"""Reading in pieces: any size of piece, any layout, the same records."""

from __future__ import annotations

import io
import json

import pytest
from polars.testing import assert_frame_equal

from mktorch.sources import SPECS, SourceError
from mktorch.sources.convert import Seen
from mktorch.sources.readers import json_files
from mktorch.sources.readers.json_files import read_json
from mktorch.vocab import Source
from tests.sources.good import RECORDS

METRICS = SPECS[Source.PERFORMANCE_METRICS].columns
ROWS = RECORDS["performance_metrics"] * 5
WHOLE = json.dumps(ROWS)
LAYOUTS = {
    "one line": WHOLE,
    "compact": json.dumps(ROWS, separators=(",", ":")),
    "a line each": WHOLE.replace("}, {", "},\n{"),
    "comma first": WHOLE.replace("}, {", "}\n, {"),
    "indented": json.dumps(ROWS, indent=2),
    "windows": json.dumps(ROWS, indent=2).replace("\n", "\r\n"),
    "comma last": WHOLE[:-1] + ",\n]",
    "lines": "\n".join(map(json.dumps, ROWS)),
    "lines, last one ended": "".join(json.dumps(r) + "\n" for r in ROWS),
    "windows lines": "\r\n".join(map(json.dumps, ROWS)),
}


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("piece", [250, 1000, 8 << 20])
@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS)
def test_every_layout_in_pieces_of_any_size(monkeypatch, text, piece, fast):
    monkeypatch.setattr(json_files, "PIECE", 8 << 20)
    expected = read_json(io.BytesIO(WHOLE.encode()), METRICS, fast=False)
    monkeypatch.setattr(json_files, "PIECE", piece)
    batch = read_json(io.BytesIO(text.encode()), METRICS, fast=fast)
    assert not batch.bom
    assert batch.failures.is_empty()
    assert batch.frame.height == 50
    assert_frame_equal(batch.frame, expected.frame)


@pytest.mark.parametrize("layout", ["one line", "compact", "a line each", "indented", "lines"])
def test_usual_layouts_are_read_fast(monkeypatch, layout):
    def careful(*_):
        raise AssertionError("read carefully")

    monkeypatch.setattr(json_files, "to_batch", careful)
    batch = read_json(io.BytesIO(LAYOUTS[layout].encode()), METRICS)
    assert batch.frame.height == 50


def test_one_bad_row_makes_only_its_piece_slow(monkeypatch):
    read = []
    to_batch = json_files.to_batch
    monkeypatch.setattr(json_files, "PIECE", 2000)
    monkeypatch.setattr(
        json_files, "to_batch", lambda rows, columns: read.append(rows) or to_batch(rows, columns)
    )
    rows = [*ROWS[:30], {**ROWS[30], "clicks": "many"}, *ROWS[31:]]
    batch = read_json(io.BytesIO(json.dumps(rows).encode()), METRICS)
    assert batch.failures.select("row", "field", "value").rows() == [(30, "clicks", "many")]
    assert batch.frame.height == 50
    assert len(read) == 1
    assert len(read[0]) < 15


@pytest.mark.parametrize("piece", [200, 8 << 20])
@pytest.mark.parametrize("fast", [True, False])
def test_positions_count_from_the_start_of_the_file(monkeypatch, piece, fast):
    monkeypatch.setattr(json_files, "PIECE", piece)
    text = "\ufeff  " + json.dumps([{"asset_id": "é"}, *ROWS], ensure_ascii=False)
    cases = {
        text[:-40]: f"ends at byte {len(text[:-40].encode())} inside record 51",
        text[:-1] + "}": f"at byte {len(text[:-1].encode())}, record 51: Expecting ',' or ']'",
        text + "x": f"at byte {len(text.encode())}, record 52: Text after the end",
    }
    for damaged, words in cases.items():
        with pytest.raises(SourceError) as caught:
            read_json(io.BytesIO(damaged.encode()), METRICS, fast=fast)
        assert words in str(caught.value)
    at = len(text[:500].encode())
    with pytest.raises(SourceError, match=f"not UTF-8 at byte {at} "):
        read_json(
            io.BytesIO(text[:500].encode() + b"\xff" + text[500:].encode()), METRICS, fast=fast
        )


def test_habits_are_counted_over_all_pieces(monkeypatch):
    monkeypatch.setattr(json_files, "PIECE", 2000)
    rows = [dict(row) for row in ROWS]
    for place in (20, 21, 45):
        rows[place] |= {"clicks": "840", "timestamp": f"2026-03-05T10:00:{place}+02:00"}
    batch = read_json(io.BytesIO(json.dumps(rows).encode()), METRICS)
    assert {habit.name: seen for habit, seen in batch.habits.seen.items()} == {
        "numeric_string": Seen(3, 20, "840"),
        "offset": Seen(3, 20, "2026-03-05T10:00:20+02:00"),
    }
