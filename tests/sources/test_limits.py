"""What is refused before it is read: special files, more than the limits allow, moving targets."""

from __future__ import annotations

import gzip
import os
import re
import threading
from contextlib import suppress

import polars as pl
import pytest

from mktorch.config import load_config
from mktorch.connect.errors import ConnectError
from mktorch.pipeline import check
from mktorch.sources import SourceError
from mktorch.sources.files import read_file
from mktorch.sources.limits import opened
from mktorch.sources.schemas import SPECS
from mktorch.vocab import Source

SPEC = SPECS[Source.PERFORMANCE_METRICS]


def checked(data, **limits):
    config, _ = load_config(overrides={"data_dir": str(data), "input_limits": limits})
    return check(config)


@pytest.fixture
def metrics(tiny):
    """The tiny set with another file of performance metrics: `metrics(name, content)`."""

    def apply(content: bytes, ending: str = ".json"):
        (tiny / "performance_metrics.json").unlink()
        (tiny / f"performance_metrics{ending}").write_bytes(content)
        return tiny

    return apply


ROW = b'{"asset_id":"A","timestamp":"2026-03-01T00:00:00","impressions":1,"clicks":0,"x":[]}'


@pytest.mark.parametrize(
    ("content", "ending", "limit"),
    [
        (b"[" + b"{}," * 200 + b"{}]", ".json", "failures"),
        (b"[" + b"null," * 200 + b"null]", ".json", "failures"),
        (b'{"asset_id":"A"}\n' + b'{"asset_id\n' * 200, ".ndjson", "failures"),
        (b"[" + ROW[:-1] + b',"y":"' + b"z" * 9_000_000, ".json", "record_bytes"),
        (b'[{"asset_id":"' + b"a" * 2_000 + b'"}]', ".json", "field_bytes"),
        (
            b"[{" + b",".join(b'"k%d":1' % i for i in range(200)) + b"}]",
            ".json",
            "fields",
        ),
        (b'[{"asset_id":"A","x":' + b"[" * 101 + b"]" * 101 + b"}]", ".json", "nesting"),
        (b'[{"asset_id":"A","x":' + b'{"a":' * 90_000, ".json", "nesting"),
        (b'{"asset_id":"A","x":' + b"[" * 90_000 + b"\n", ".ndjson", "nesting"),
        (gzip.compress(b"[" + b" " * 70_000_000 + b"]"), ".json.gz", "packed_ratio"),
        (gzip.compress(b"[" + b" " * 2_000_000 + b"]"), ".json.gz", "unpacked_bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_over_a_limit_is_refused_with_its_name(metrics, content, ending, limit) -> None:
    limits = {"failures": 100, "field_bytes": 1_000, "fields": 100, "record_bytes": 8_000_000}
    if limit == "unpacked_bytes":
        limits["unpacked_bytes"] = 1_000_000
    if limit == "packed_ratio":
        limits["record_bytes"] = 1 << 30
    with pytest.raises(SourceError, match=rf"performance_metrics.*input_limits\.{limit}"):
        checked(metrics(content, ending), **limits)


def test_rows_of_parquet_and_parts_of_a_folder_are_limited(tiny) -> None:
    (tiny / "performance_metrics.json").unlink()
    path = tiny / "performance_metrics.parquet"
    pl.DataFrame({"asset_id": ["A"]}).select(pl.col("asset_id").repeat_by(3_000_000).explode()
    ).write_parquet(path)  # fmt: skip
    with pytest.raises(SourceError, match=r"input_limits\.packed_ratio"):
        checked(tiny)
    pl.DataFrame({"asset_id": [[["a"] * 1_000] * 3_000]}).write_parquet(path)
    with pytest.raises(SourceError, match=r"input_limits\.packed_ratio"):
        checked(tiny)
    texts = pl.DataFrame({"asset_id": ["a" * 900_000]})
    texts.select(pl.col("asset_id").repeat_by(200).explode()).write_parquet(path)
    with pytest.raises(SourceError, match=r"times its size unpacked.*input_limits\.packed_ratio"):
        checked(tiny)
    path.unlink()
    parts = tiny / "performance_metrics"
    parts.mkdir()
    for n in range(4):
        (parts / f"{n}.json").write_text("[]")
    with pytest.raises(SourceError, match=r"holds 4 parts.*input_limits\.files"):
        checked(tiny, files=3)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_or_a_device_is_refused_at_once(tiny) -> None:
    path = tiny / "channels.json"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(SourceError, match=r"channels\.json is no regular file"):
        checked(tiny)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(SourceError, match=r"channels\.json is no regular file"):
        checked(tiny)


@pytest.mark.parametrize("how", ["replaced", "appended"])
def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path, how) -> None:
    path, other = tmp_path / "a.json", tmp_path / "b"
    path.write_text("[]")

    def read() -> None:
        with opened(path) as file:
            file.read()
            (other if how == "replaced" else path).write_text("[ ]")
            if how == "replaced":
                other.replace(path)

    with pytest.raises(SourceError, match="changed while it was read"):
        read()


def test_a_parquet_file_replaced_while_it_is_read_gives_one_of_them_or_none(tmp_path) -> None:
    path = tmp_path / "performance_metrics.parquet"
    frames = [pl.DataFrame({"asset_id": [name] * 50_000}) for name in ("A", "B")]
    files = [tmp_path / f"{n}.parquet" for n in range(2)]
    hashes = {}
    for n, (frame, file) in enumerate(zip(frames, files, strict=True)):
        frame.write_parquet(file)
        path.write_bytes(file.read_bytes())
        hashes[read_file(path, SPEC).sha256] = "AB"[n]
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for file in files:
                (tmp_path / "next").write_bytes(file.read_bytes())
                (tmp_path / "next").replace(path)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for _ in range(40):
            with suppress(SourceError):
                read = read_file(path, SPEC)
                assert read.batch.frame["asset_id"].unique().to_list() == [hashes[read.sha256]]
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("kind", ["duration", "invalid text", "cut", "noise"])
def test_an_odd_parquet_file_is_read_or_refused_in_one_line(tiny, kind) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tiny / "performance_metrics.parquet"
    (tiny / "performance_metrics.json").unlink()
    if kind == "invalid text":
        raw = pa.array([b"A\xff\xfe"], pa.binary())
        text = pa.Array.from_buffers(pa.string(), 1, raw.buffers())
        pq.write_table(pa.table({"asset_id": text}), path)
    else:
        columns = {"asset_id": ["A"], "impressions": [1], "clicks": [2], "cost": [0.5]}
        frame = pl.DataFrame(columns).with_columns(
            pl.duration(seconds=pl.col("clicks")).alias("timestamp"), x=pl.duration(days=1)
        )
        frame.write_parquet(path)
        content = path.read_bytes()
        if kind == "cut":
            path.write_bytes(content[: len(content) // 2])
        if kind == "noise":
            middle = len(content) // 2
            path.write_bytes(content[:middle] + b"\xff" * 8 + content[middle + 8 :])
    said = ""
    try:
        checked(tiny)
    except SourceError as error:
        said = str(error)
    assert not said or re.fullmatch(r"\S+performance_metrics\.parquet .*; write it again", said)


def test_a_text_of_an_export_is_limited_too(tiny, tmp_path) -> None:
    heading = "Day,Campaign,Impr.,Clicks,Cost,Conversions,Conv. value\n"
    (tmp_path / "g.csv").write_text(heading + f"2026-03-01,{'x' * 2_000},10,1,1.5,0,0\n")
    feed = {"from": str(tmp_path / "g.csv"), "preset": "google_ads"}
    given = {
        "data_dir": str(tmp_path),
        "exports": {"g": feed},
        "input_limits": {"field_bytes": 999},
    }
    config, _ = load_config(overrides=given)
    with pytest.raises(ConnectError, match=r"g\.csv holds 2,000.*999.*field_bytes"):
        check(config)
    odd = {
        "failures": heading + "\n" * 400,
        "fields": heading.strip() + "," * 400 + "\n",
        "field_bytes": "," * 400,
        "packed_ratio": gzip.compress(b" " * 70_000_000),
        "unpacked_bytes": gzip.compress(heading.encode() * 200),
    }
    for limit, content in odd.items():
        packed = isinstance(content, bytes)
        file = tmp_path / f"{limit}.csv{'.gz' if packed else ''}"
        file.write_bytes(content if packed else content.encode())
        limits = {limit: 100} if limit != "packed_ratio" else {}
        given |= {"exports": {"g": {**feed, "from": str(file)}}, "input_limits": limits}
        with pytest.raises(ConnectError, match=rf"{limit}\.csv.*input_limits\.{limit}"):
            check(load_config(overrides=given)[0])
