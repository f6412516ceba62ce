"""Which file holds a source."""

from __future__ import annotations

import pytest

from mktorch.sources import SourceError
from mktorch.sources.files import ENDINGS, MissingError, parts, relative, stem


@pytest.mark.parametrize("ending", ENDINGS)
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
