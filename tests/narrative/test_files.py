"""The texts on disk: whole or absent, and a run stands without them."""

from __future__ import annotations

from pathlib import Path

import pytest

import mktorch
from mktorch.narrative.files import REPORT, SUMMARY, published
from tests.conftest import TINY

TEXTS = {REPORT: "report \u20ac\n", SUMMARY: "summary\n"}


def test_both_are_put_in_place_once_the_block_is_through(tmp_path):
    folder = tmp_path / "reports" / "run"
    with published(folder, TEXTS) as files:
        assert not (folder / REPORT).exists()
    assert files.error is None
    assert files.paths == {name: str(folder / name) for name in TEXTS}
    assert {p.name: p.read_text(encoding="utf-8") for p in folder.iterdir()} == TEXTS


def test_what_was_there_is_replaced(tmp_path):
    (tmp_path / REPORT).write_text("old")
    with published(tmp_path, TEXTS):
        assert (tmp_path / REPORT).read_text() == "old"
    assert (tmp_path / REPORT).read_text(encoding="utf-8") == TEXTS[REPORT]


def test_a_failure_in_the_block_leaves_what_was_there(tmp_path):
    (tmp_path / REPORT).write_text("old")
    with pytest.raises(RuntimeError), published(tmp_path, TEXTS):
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == [REPORT]
    assert (tmp_path / REPORT).read_text() == "old"


def test_a_folder_that_cannot_be_made_is_an_error_that_helps(tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    with published(taken / "run", TEXTS) as files:
        pass
    assert files.paths == {}
    assert files.error is not None
    assert files.error.startswith(f"{taken / 'run'}: the text reports could not be written (")
    assert "choose another place with reports_dir" in files.error
    assert taken.read_text() == "a file"


def test_a_folder_in_a_texts_place_leaves_neither(tmp_path):
    (tmp_path / SUMMARY).mkdir()
    with published(tmp_path, TEXTS) as files:
        pass
    assert files.error is not None
    assert "a folder has its name" in files.error
    assert [p.name for p in tmp_path.iterdir()] == [SUMMARY]


def test_nothing_to_write_makes_no_folder(tmp_path):
    with published(tmp_path / "none", {}) as files:
        pass
    assert (files.paths, files.error) == ({}, None)
    assert not (tmp_path / "none").exists()


def test_a_run_stands_without_its_texts_and_says_so(tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    run = mktorch.run(TINY, out=tmp_path / "runs", reports_dir=str(taken))
    assert run.state["report_file_path"] is None
    assert run.state["campaign_report"].startswith("# Campaign report")
    assert any("the text reports could not be written" in e for e in run.manifest.errors)
    assert run.state["errors"] == run.manifest.errors
    assert not run.ok


def test_a_run_writes_under_its_own_id(tmp_path):
    run = mktorch.run(TINY, out=tmp_path / "runs", reports_dir=str(tmp_path / "reports"))
    path = Path(run.state["report_file_path"])
    assert path == tmp_path / "reports" / run.run_id / REPORT
    assert sorted(p.name for p in path.parent.iterdir()) == [REPORT, SUMMARY]
