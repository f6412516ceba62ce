"""Sources given as frames: read as files are, named and hashed by what they hold."""

from __future__ import annotations

import json

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import mktorch
from mktorch.config import MarketingOrchestratorConfig
from mktorch.errors import MktorchError
from mktorch.sources import SPECS, SourceError, load, load_frames
from mktorch.sources.frames import content
from mktorch.vocab import Source
from tests.conftest import TINY

CONFIG = MarketingOrchestratorConfig()
FILES = {source: TINY / f"{source}.json" for source in Source}


def records(source: str) -> list[dict]:
    """The tiny set's records, an object in one of them as the text it is in a frame."""
    return [
        {k: json.dumps(v, sort_keys=True) if isinstance(v, dict) else v for k, v in record.items()}
        for record in json.loads(FILES[source].read_text())
    ]


def frames() -> dict[str, pl.DataFrame]:
    """The tiny set as frames, times and days as types of their own."""
    return {
        str(source): pl.DataFrame(records(source), infer_schema_length=None).with_columns(
            pl.col("^timestamp|created_at$").str.to_datetime(time_zone="UTC"),
            pl.col("^(start|end)_date$").str.to_date(),
        )
        for source in Source
        if FILES[source].exists()
    }


def made(given, tmp_path, name="runs", **settings) -> mktorch.Run:
    return mktorch.run(given, out=tmp_path / name, **settings)


def test_frames_make_the_tables_that_files_make(tiny_run, tmp_path) -> None:
    run = made(frames(), tmp_path)
    assert run.tables.keys() == tiny_run.tables.keys()
    for name in set(run.tables) - {n for n in run.tables if n.startswith("measured_")}:
        shown = pl.exclude("_file", "path")
        assert_frame_equal(run.tables[name].select(shown), tiny_run.tables[name].select(shown))
    assert run.config.data_dir == "(frames)"


def test_an_input_record_names_the_frame(tmp_path) -> None:
    run = made(frames(), tmp_path)
    first = run.manifest.inputs[0]
    assert (first.source, first.path, first.rows) == ("campaigns", "campaigns (frame)", 3)
    assert (first.sha256, first.bytes) == content(frames()["campaigns"])
    assert set(run.tables.campaigns["_file"]) == {"campaigns (frame)"}
    assert {i.source for i in run.manifest.inputs} == set(frames())  # the absent are noted


def test_the_run_id_follows_from_the_content(tmp_path) -> None:
    given = frames()
    once, again = made(given, tmp_path), made(frames(), tmp_path)
    assert once.run_id == again.run_id
    reordered = {name: f.select(reversed(f.columns)) for name, f in reversed(given.items())}
    assert made(reordered, tmp_path).run_id == once.run_id
    raised = given | {"campaigns": given["campaigns"].with_columns(pl.col("budget") + 1)}
    assert made(raised, tmp_path).run_id != once.run_id


def test_a_failure_names_frame_and_row(tmp_path) -> None:
    given = frames()
    metrics = given["performance_metrics"]
    bad = pl.int_range(pl.len()) == 2
    given["performance_metrics"] = metrics.with_columns(
        asset_id=pl.when(bad).then(pl.lit("NOBODY")).otherwise("asset_id")
    )
    run = made(given, tmp_path)
    [failure] = run.tables.failures.filter(severity="error").rows(named=True)
    assert (failure["file"], failure["row"]) == ("performance_metrics (frame)", 3)
    assert failure["field"] == "asset_id"


def test_a_lazy_frame_and_one_of_another_library_are_read_alike() -> None:
    given = frames()
    arrow = {name: frame.to_arrow() for name, frame in given.items()}
    lazy = {name: frame.lazy() for name, frame in given.items()}
    pandas = pytest.importorskip("pandas")
    indexed = {name: pandas.DataFrame(records(name)) for name in given}
    expected = load_frames(given, CONFIG)
    for other in (arrow, lazy, indexed):
        for source, held in load_frames(other, CONFIG).items():
            assert_frame_equal(held.frame, expected[source].frame)
            assert held.failures.is_empty()


def test_frames_are_typed_as_files_are() -> None:
    read = load(MarketingOrchestratorConfig(data_dir=str(TINY)))
    for source, held in load_frames(frames(), CONFIG).items():
        assert_frame_equal(held.frame.drop("_file"), read[source].frame.drop("_file"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"campaign": pl.DataFrame()}, "'campaign' is no source; did you mean 'campaigns'?"),
        ({"zzz": pl.DataFrame()}, "'zzz' is no source; known are campaigns, "),
        ({"channels": None}, "channels: NoneType is no frame; give one of Polars, pandas or Arrow"),
        ({"channels": [{"channel_id": "A"}]}, "channels: list is no frame"),
    ],
)
def test_what_is_no_source_or_frame_is_named(change, message) -> None:
    with pytest.raises(SourceError) as raised:
        load_frames(frames() | change, CONFIG)
    assert message in str(raised.value)


def test_every_required_frame_that_is_absent_is_named(tmp_path) -> None:
    with pytest.raises(MktorchError) as raised:
        made({}, tmp_path)
    lines = str(raised.value).splitlines()
    required = [str(source) for source, spec in SPECS.items() if spec.required]
    assert [line.partition(":")[0] for line in lines] == required
    assert "pass a frame" in lines[0]
    assert list(tmp_path.iterdir()) == []
