"""Which file holds a source."""

from __future__ import annotations

import gzip
import hashlib

import polars as pl
import pytest

from mktorch.sources import SPECS, SourceError
from mktorch.sources.files import MissingError, parts, read_file, relative, stem
from mktorch.sources.readers import endings, protocol, register
from mktorch.sources.readers.parquet_files import from_frame
from mktorch.vocab import Source


@pytest.mark.parametrize("ending", endings())
def test_the_same_stem_with_any_ending_is_found(tmp_path, ending):
    (tmp_path / f"channels{ending}").touch()
    assert parts(tmp_path, "channels.json") == (tmp_path / f"channels{ending}",)
    assert stem(f"channels{ending}") == "channels"


def test_a_folder_of_parts_in_order_of_name(tmp_path):
    folder = tmp_path / "channels"
    folder.mkdir()
    for name in ("part-2.json", "part-10.parquet", "part-1.ndjson.gz", "_SUCCESS", "notes.txt"):
        (folder / name).touch()
    found = parts(tmp_path, "channels.json")
    assert [relative(path, tmp_path) for path in found] == [
        "channels/part-1.ndjson.gz",
        "channels/part-10.parquet",
        "channels/part-2.json",
    ]


def test_a_configured_folder_or_path_is_taken(tmp_path):
    (tmp_path / "deep").mkdir()
    file = tmp_path / "deep" / "my.channels.json"
    file.touch()
    assert parts(tmp_path, "deep/my.channels.json") == (file,)
    assert parts(tmp_path, str(file)) == (file,)
    assert parts(tmp_path, "deep") == (file,)


def test_two_candidates_are_one_too_many(tmp_path):
    (tmp_path / "channels.json").touch()
    (tmp_path / "channels.parquet").touch()
    (tmp_path / "channels").mkdir()
    with pytest.raises(SourceError, match=r"\(channels.json, channels.parquet, channels/\)"):
        parts(tmp_path, "channels.json")


def test_none_and_an_empty_folder(tmp_path):
    with pytest.raises(MissingError, match="does not exist"):
        parts(tmp_path, "channels.json")
    (tmp_path / "channels").mkdir()
    with pytest.raises(SourceError, match="holds no parts"):
        parts(tmp_path, "channels.json")


def test_a_new_format_is_one_module_that_registers(tmp_path, monkeypatch):
    monkeypatch.setattr(protocol, "_READERS", dict(protocol._READERS))

    class Lines:
        endings = (".names",)
        packed = True

        def read(self, stream, path, columns, *, fast):
            frame = pl.DataFrame({"channel_id": stream.read().decode().split()})
            return from_frame(frame, columns)

    register(Lines())
    (tmp_path / "channels.names.gz").write_bytes(gzip.compress(b"CH_1\nCH_2\n"))
    assert parts(tmp_path, "channels.json") == (tmp_path / "channels.names.gz",)
    read = read_file(tmp_path / "channels.names.gz", SPECS[Source.CHANNELS])
    assert read.batch.frame["channel_id"].to_list() == ["CH_1", "CH_2"]
    assert read.size == (tmp_path / "channels.names.gz").stat().st_size
    with pytest.raises(ValueError, match=r"\.names, \.names\.gz: already read"):
        register(Lines())


def test_a_file_is_hashed_whole_however_it_was_read(tmp_path):
    pl.DataFrame({"channel_id": ["CH_1"]}).write_parquet(tmp_path / "channels.parquet")
    content = (tmp_path / "channels.parquet").read_bytes()
    read = read_file(tmp_path / "channels.parquet", SPECS[Source.CHANNELS])
    assert (read.size, read.sha256) == (len(content), hashlib.sha256(content).hexdigest())
