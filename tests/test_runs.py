"""A run on disk: whole or absent, the same twice, and read back as it was."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import mktorch
from mktorch import runs
from mktorch.folders import workshop
from mktorch.manifest import file_hash
from mktorch.runs import (
    RunError,
    check_whole,
    latest,
    records,
    stored_runs,
    table_path,
    write_run,
)
from mktorch.state import STATE_KEYS
from tests.conftest import TINY


def reproducible(run: mktorch.Run) -> list[str]:
    """All tables but those that hold measured time."""
    return [name for name in run.tables if not name.startswith("measured_")]


def test_the_same_input_twice_is_the_same_run(tiny_run, tmp_path) -> None:
    again = mktorch.run(TINY, out=tmp_path)
    assert again.run_id == tiny_run.run_id
    assert set(again.tables) == set(tiny_run.tables)
    for name in reproducible(again):
        assert again.manifest.tables[name] == tiny_run.manifest.tables[name]  # rows and hash
        assert_frame_equal(again.tables[name], tiny_run.tables[name], check_exact=True)


def test_the_order_of_records_changes_no_result(tiny_run, edit, tmp_path) -> None:
    for source in ("performance_metrics", "campaigns", "roi_ledger", "creative_assets"):
        data = edit(source, lambda rows: rows[::-1])
    again = mktorch.run(data, out=tmp_path)
    inputs = {source for source in again.state if source in again.tables}
    for name in set(reproducible(again)) - inputs | {"campaign_analysis"}:
        assert_frame_equal(again.tables[name], tiny_run.tables[name], check_exact=True)


@pytest.mark.parametrize("changed", [{"window_days": 8}, {"as_of": "2026-03-14"}])
def test_another_setting_is_another_run(tiny_run, tmp_path, changed) -> None:
    assert mktorch.run(TINY, out=tmp_path, **changed).run_id != tiny_run.run_id


def test_a_changed_record_is_another_run(tiny_run, edit, tmp_path) -> None:
    data = edit("roi_ledger", lambda rows: rows[0].update(llm_cost=38.51))
    assert mktorch.run(data, out=tmp_path).run_id != tiny_run.run_id


def test_the_manifest_knows_every_input_and_table(tiny_run) -> None:
    manifest = tiny_run.manifest
    performance = next(i for i in manifest.inputs if i.source == "performance_metrics")
    path = TINY / "performance_metrics.json"
    assert performance.sha256 == file_hash(path)
    assert (performance.bytes, performance.rows, performance.valid) == (path.stat().st_size, 9, 9)
    for name, table in manifest.tables.items():
        assert file_hash(table_path(tiny_run.path, name)) == table.sha256
        assert tiny_run.tables[name].height == table.rows
    assert {step.status for step in manifest.steps} == {"done"}
    assert manifest.as_of.isoformat() == "2026-03-15T10:00:00"
    assert manifest.config["window_days"] == 7
    assert manifest.config_sources["data_dir"] == "argument"


def test_stored_state_has_exactly_the_contracts_keys_and_stays_small(tiny_run) -> None:
    stored = json.loads((tiny_run.path / "state.json").read_text())
    assert tuple(stored) == STATE_KEYS
    assert stored["campaigns"] == {"table": "tables/campaigns.parquet", "rows": 3}
    assert stored["metrics_by_asset"] == {"table": "tables/performance_metrics.parquet", "rows": 9}
    assert (tiny_run.path / stored["campaigns"]["table"]).exists()


def test_state_in_python_is_the_whole_mapping(tiny_run) -> None:
    state = tiny_run.state
    assert tuple(state) == STATE_KEYS
    assert [row["campaign_id"] for row in state["campaigns"]] == [
        "CAMP_001",
        "CAMP_002",
        "CAMP_003",
    ]
    assert state["performance_metrics"][0]["timestamp"] == "2026-03-06T10:00:00.000000"
    assert state["campaign_risk_signals"][0]["evidence"] == {"ratio": 2.5, "day": "2026-03-10"}
    assert state["campaigns_lookup"]["CAMP_002"]["name"] == "Summer Webinar Series"
    assert [row["impressions"] for row in state["metrics_by_asset"]["ASSET_001"]] == [5000, 5000]
    assert state["decisions_by_campaign"]["CAMP_001"][1]["human_override"] is True
    assert state["errors"] == []
    assert state["processing_time"] > 0
    assert "_row" not in state["campaigns"][0]


def test_tables_say_what_they_hold(tiny_run) -> None:
    assert "campaign_analysis" in dir(tiny_run.tables)
    with pytest.raises(AttributeError, match="no table 'campaign_analysys'; near it: campaign_ana"):
        _ = tiny_run.tables.campaign_analysys
    assert tiny_run.run_id in repr(tiny_run)


def test_records_are_json_ready() -> None:
    frame = pl.DataFrame({"evidence": ['{"a": [1]}', None], "_file": ["f", "f"]})
    assert records(frame) == [{"evidence": {"a": [1]}}, {"evidence": None}]


def test_a_folder_without_a_run_is_refused(tmp_path) -> None:
    with pytest.raises(RunError, match=r"manifest\.json is missing"):
        mktorch.load_run(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(RunError, match="not a manifest"):
        mktorch.load_run(tmp_path)
    with pytest.raises(RunError, match="holds no run yet"):
        latest(tmp_path / "none")


def test_the_latest_run_is_the_one_that_looks_from_latest(tmp_path) -> None:
    late = mktorch.run(TINY, out=tmp_path)
    mktorch.run(TINY, out=tmp_path, as_of="2026-03-12")
    assert latest(tmp_path) == late.path


def test_a_run_of_the_same_id_is_replaced_whole(tmp_path) -> None:
    first = mktorch.run(TINY, out=tmp_path)
    (first.path / "stray").touch()
    again = mktorch.run(TINY, out=tmp_path)
    assert again.path == first.path
    assert not (again.path / "stray").exists()
    assert [p.name for p in tmp_path.iterdir()] == [again.run_id]


def test_a_full_disk_leaves_no_half_run(tmp_path, monkeypatch) -> None:
    written = []

    def full(folder, name, frame):
        if len(written) == 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(name)
        return real(folder, name, frame)

    real = runs._write_table
    monkeypatch.setattr(runs, "_write_table", full)
    with pytest.raises(RunError, match=r"could not be written \(No space left on device\).*--out"):
        mktorch.run(TINY, out=tmp_path)
    assert len(written) == 5
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_keeps_the_run_that_stood(tmp_path, monkeypatch) -> None:
    stood = mktorch.run(TINY, out=tmp_path)

    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(runs, "_write_json", fail)
    with pytest.raises(RunError):
        mktorch.run(TINY, out=tmp_path)
    assert mktorch.load_run(stood.path).state["roi_analysis"]["total_net_roi"] == 8052.45


def test_an_unwritable_place_is_named(tmp_path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="could not be written"):
        mktorch.run(TINY, out=tmp_path / "file")


KILLED = """
import os, signal, sys
from mktorch import runs
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
runs._write_json = die
import mktorch
mktorch.run(sys.argv[1], out=sys.argv[2])
"""


def test_a_kill_in_mid_write_leaves_no_run_and_the_next_run_sweeps(tmp_path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, TINY, tmp_path], check=False)
    assert done.returncode == -9
    left = [p.name for p in tmp_path.iterdir()]
    assert len(left) == 1
    assert left[0].startswith(".partial-")
    with pytest.raises(RunError, match="holds no run yet"):
        latest(tmp_path)
    made = mktorch.run(TINY, out=tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [made.run_id]


def test_sweeping_spares_a_living_writer(tiny_run, tmp_path) -> None:
    with workshop(tmp_path, "other") as mine:
        write_run(tmp_path, tiny_run.manifest, {}, {})
        assert mine.exists()
    assert [p.name for p in tmp_path.iterdir()] == [tiny_run.run_id]


def test_a_process_id_that_lives_again_spares_nothing(tiny_run, tmp_path) -> None:
    (tmp_path / f".partial-{tiny_run.run_id}-{os.getpid()}").mkdir()
    write_run(tmp_path, tiny_run.manifest, {}, {})
    assert [p.name for p in tmp_path.iterdir()] == [tiny_run.run_id]


def test_what_is_half_made_is_no_run_and_a_broken_one_hides_none(tiny_run, tmp_path) -> None:
    shutil.copytree(tiny_run.path, tmp_path / ".partial-x-1")
    shutil.copytree(tiny_run.path, tmp_path / tiny_run.run_id)
    for name, content in (("a", "{"), ("b", "[" * 100_000), ("c", '{"run_id": 1}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text(content)
    found, broken = stored_runs(tmp_path)
    assert [run.path.name for run in found] == [tiny_run.run_id]
    assert len(broken) == 3
    assert all("make the run again" in str(error) for error in broken)
    assert latest(tmp_path) == found[0].path


@pytest.mark.parametrize("content", [None, b"", b"PAR1PAR1", b"x" * 200])
def test_a_table_that_cannot_be_read_is_named(tiny_run, tmp_path, content) -> None:
    run = mktorch.load_run(shutil.copytree(tiny_run.path, tmp_path / "run"))
    path = run.path / "tables" / "campaigns.parquet"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(RunError, match=r"tables/campaigns\.parquet: cannot be read \(.*again"):
        _ = run.tables.campaigns
    with pytest.raises(RunError, match=r"tables/campaigns\.parquet: cannot be read"):
        check_whole(run)


def test_threads_that_make_the_same_run_all_succeed(tmp_path) -> None:
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda _: mktorch.run(TINY, out=tmp_path), range(3)))
    assert {run.run_id for run in made} == {p.name for p in tmp_path.iterdir()}
    check_whole(mktorch.load_run(made[0].path))


def test_a_run_survives_being_moved(tiny_run, tmp_path) -> None:
    moved = shutil.copytree(tiny_run.path, tmp_path / "elsewhere")
    assert mktorch.load_run(moved).tables.campaigns.height == 3
