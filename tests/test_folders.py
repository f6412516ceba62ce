"""Folders in the making: held by who makes them, swept when nobody does, put in place at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from mktorch import folders
from mktorch.folders import exchange, locked, place, scratch, sweep, workshop

HOLDING = """
import sys, time
from pathlib import Path
from mktorch.folders import workshop
with workshop(Path(sys.argv[1]), "x") as path:
    print(path, flush=True)
    time.sleep(60)
"""


def test_a_folder_is_swept_once_its_maker_is_dead_and_not_before(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDING, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as maker:
        left = Path(maker.stdout.readline().strip())
        sweep(tmp_path)
        assert left.is_dir()
        maker.send_signal(signal.SIGKILL)
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_not_followed_when_sweeping(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / ".partial-x-1").symlink_to(tmp_path / "mine")
    sweep(tmp_path)
    assert (tmp_path / "mine").is_dir()


@pytest.mark.parametrize("one_step", [True, False])
def test_what_is_put_in_place_replaces_what_stood(tmp_path, monkeypatch, one_step) -> None:
    if not one_step:
        monkeypatch.setattr(folders, "exchange", lambda *_: False)
    for content in ("old", "new"):
        with workshop(tmp_path, "x") as made:
            (made / content).touch()
            place(made, tmp_path / "x")
    assert [p.name for p in tmp_path.rglob("*")] == ["x", "new"]


def test_a_kill_between_two_renames_is_mended(tmp_path: Path) -> None:
    (tmp_path / ".aside-x").mkdir()
    (tmp_path / ".aside-x" / "old").touch()
    sweep(tmp_path)
    assert [p.name for p in tmp_path.rglob("*")] == ["x", "old"]


def test_a_place_that_a_file_has_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    with workshop(tmp_path, "x") as made, pytest.raises(OSError):
        place(made, tmp_path / "x")
    assert (tmp_path / "x").read_text() == "mine"


def test_two_folders_change_places(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if exchange(tmp_path / "a", tmp_path / "b"):
        assert (tmp_path / "a" / "b").exists()
        assert (tmp_path / "b" / "a").exists()
    assert not exchange(tmp_path / "a", tmp_path / "none")


def test_temporary_folders_are_private_and_swept(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(folders.tempfile, "gettempdir", lambda: str(tmp_path))
    (tmp_path / "mktorch-left").mkdir()
    with scratch() as path:
        assert [p.name for p in tmp_path.iterdir()] == [path.name]
        assert path.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


def test_a_lock_lets_go_at_the_end(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path):
            pass
    held = psutil.Process().num_fds()
    with locked(tmp_path):
        assert psutil.Process().num_fds() == held + 1
    assert psutil.Process().num_fds() == held
