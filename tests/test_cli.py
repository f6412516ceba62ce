"""The command as a user meets it: exit codes, what goes where, no traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mktorch.runs import load_run
from mktorch.state import STATE_KEYS
from mktorch.synth import plant_faults
from tests.conftest import SAMPLE, TINY

COMMAND = Path(sys.executable).with_name("mktorch")


def mktorch(*arguments, cwd=None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [COMMAND, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_run_prints_the_folder_and_nothing_else_to_stdout(tmp_path) -> None:
    done = mktorch("run", TINY, "--out", tmp_path, "--set", "window_days=14")
    assert (done.returncode, done.stderr) == (0, "as of 2026-03-15 10:00, 36 records\n")
    run = load_run(done.stdout.strip())
    assert run.config.window_days == 14
    assert tuple(run.state) == STATE_KEYS


def test_run_speaks_json(tmp_path) -> None:
    done = mktorch("run", TINY, "--out", tmp_path, "--json", "--as-of", "2026-03-14")
    said = json.loads(done.stdout)
    assert said["as_of"] == "2026-03-14T23:59:59.999999"
    assert (said["failed"], said["errors"]) == (0, [])


def test_failed_records_are_findings_and_the_rest_is_analysed(edit, tmp_path) -> None:
    data = edit("performance_metrics", lambda rows: rows[0].update(impressions="many"))
    done = mktorch("run", data, "--out", tmp_path / "runs")
    assert done.returncode == 1
    assert "1 set apart (see failures.parquet)" in done.stderr
    run = load_run(done.stdout.strip())
    assert run.tables.performance_metrics.height == 8
    assert run.tables.failures.select("file", "row", "field", "value", "rule").rows() == [
        ("performance_metrics.json", 1, "impressions", "many", "unreadable_value")
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "nowhere"], "nowhere"),
        (["run", TINY, "--campaign", "CAMP_9"], "known: CAMP_00"),
        (["run", TINY, "--set", "windowdays=3"], "did you mean 'window_days'"),
        (["run", TINY, "--config", "none.toml"], "none.toml does not exist"),
        (["run", TINY, "--as-of", "soon"], "as_of = 'soon'"),
        (["run", TINY, "--out", "/dev/null/x"], "could not be written"),
        (["run", TINY, "--out", "x", "--set", "reports_dir=x"], "reports_dir are one folder, x"),
        (["run", TINY, "--as-of", "0001-01-01"], "must be between 1990-01-01 and 2100-12-31"),
        (["run", TINY, "--as-of", "2090-01-01"], "choose 2027-03-16 or earlier"),
        (["run", TINY, "--set", "as_of=soon"], "as_of = 'soon'"),
        (["run", TINY, "--set", "out=x"], "out: unknown setting"),
        (["report", "nowhere"], "manifest.json is missing"),
        (["report"], "holds no run yet"),
        (["validate", "nowhere"], "nowhere"),
        (["synth", "set", "--campaigns", "2"], "7"),
        (["synth", "set", "--format", "xlsx"], "ndjson"),
    ],
)
def test_what_cannot_be_done_is_one_message_and_code_2(tmp_path, arguments, said) -> None:
    done = mktorch(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr


def test_validate_lists_findings_and_counts_them(edit) -> None:
    data = edit("creative_assets", lambda rows: rows[1].update(campaign_id="CAMP_404"))
    done = mktorch("validate", data)
    assert done.returncode == 1
    assert "error: creative_assets.json:2 campaign_id [orphan_key]" in done.stdout
    as_json = json.loads(mktorch("validate", data, "--json").stdout)
    assert as_json["failures"][0]["rule"] == "orphan_key"


def test_validate_of_sound_data_is_0() -> None:
    done = mktorch("validate", TINY)
    assert done.returncode == 0
    assert "0 errors, 0 warnings, 1 figures that differ" in done.stderr


def test_runs_lists_what_is_there(tmp_path) -> None:
    assert "No runs" in mktorch("runs", "--out", tmp_path).stderr
    made = [
        mktorch("run", TINY, "--out", tmp_path, "--as-of", f"2026-03-{day}").stdout.strip()
        for day in (14, 12)
    ]
    listed = mktorch("runs", "--out", tmp_path).stdout.splitlines()
    assert [line.split("  ")[0] for line in listed] == made[::-1]
    assert len(json.loads(mktorch("runs", "--out", tmp_path, "--json").stdout)) == 2


def test_reporting_switched_off_renders_nothing(tmp_path) -> None:
    off = "enable_reporting=false"
    folder = mktorch("run", TINY, "--out", tmp_path, "--set", off).stdout.strip()
    done = mktorch("report", folder, "--out", tmp_path / "reports")
    assert (done.returncode, done.stdout) == (0, "")
    assert "enable_reporting = false" in done.stderr
    assert not (tmp_path / "reports").exists()


def test_a_value_cannot_act_on_the_terminal_or_forge_a_line(edit) -> None:
    forged = "\x1b[2J\x9b31m\nerror: campaigns.json:1 forged\r\u202e"
    data = edit("creative_assets", lambda rows: rows[1].update(campaign_id=forged))
    done = mktorch("validate", data)
    shown = done.stdout + done.stderr
    assert not set(shown) & set("\x1b\x9b\r\u202e")
    assert "\\x1b[2J" in shown
    assert not [line for line in shown.splitlines() if line.startswith("error: campaigns")]


UNFORESEEN = """
import mktorch.config.load, mktorch.__main__
def fail(*_):
    raise KeyError("no\\nsuch \\x1b[31m thing")
import mktorch.pipeline
mktorch.pipeline.check = fail
mktorch.__main__.main()
"""


def test_an_unforeseen_error_is_one_line_and_code_70(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNFORESEEN, "validate", TINY],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 70
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("mktorch: unexpected error, KeyError: ")
    assert "Traceback" in Path(done.stderr.rpartition(" ")[2].strip()).read_text()


WAITING = """
import mktorch.pipeline, mktorch.__main__, time
def wait(*_):
    print("waiting", flush=True)
    time.sleep(60)
mktorch.pipeline.check = wait
mktorch.__main__.main()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_request_to_stop_is_one_line_and_the_shell_s_code(number, code) -> None:
    command = [sys.executable, "-c", WAITING, "validate", str(TINY)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(number)
        said = process.communicate(timeout=30)[1]
    assert (process.returncode, said) == (code, "mktorch: stopped; nothing half-written was kept\n")


def test_a_broken_manifest_hides_no_other_run(tmp_path) -> None:
    made = mktorch("run", TINY, "--out", tmp_path).stdout.strip()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "manifest.json").write_text('{"run_id": "x"}')
    listed = mktorch("runs", "--out", tmp_path)
    assert listed.returncode == 1
    assert listed.stdout.startswith(made)
    assert "other/manifest.json: not a manifest of this version" in listed.stderr


def test_version_and_help() -> None:
    assert mktorch("--version").stdout.startswith("mktorch ")
    helped = mktorch("--help").stdout
    assert all(name in helped for name in ("run", "report", "validate", "runs", "synth"))


def test_synth_writes_a_set_that_runs(tmp_path) -> None:
    done = mktorch("synth", tmp_path / "set", "--rows", "3000", "--seed", "5", "--campaigns", "7")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "set" / "truth.json").exists()
    run = mktorch("run", done.stdout.strip(), "--out", tmp_path / "runs")
    assert run.returncode == 0, run.stderr


def test_validate_lists_one_fault_of_each_kind_and_the_rest_still_analyses(tmp_path) -> None:
    planted = plant_faults(SAMPLE, tmp_path / "faulty")
    done = mktorch("validate", tmp_path / "faulty", "--json")
    assert done.returncode == 1
    found = {
        (f["source"], f["file"], f["row"], f["field"], f["rule"], f["severity"])
        for f in json.loads(done.stdout)["failures"]
    }
    keys = ("source", "file", "row", "field", "rule", "severity")
    listed = {tuple(f[key] for key in keys) for f in planted if f["severity"] != "note"}
    assert len(listed) > 20
    assert listed <= found
    run = mktorch("run", tmp_path / "faulty", "--out", tmp_path / "runs")
    assert run.returncode == 1
    made = load_run(run.stdout.strip())
    assert made.state["errors"] == []
    assert any("converted to UTC" in note for note in made.manifest.notes)
    for record in made.manifest.inputs:
        assert record.rows == record.valid + record.failed
        assert made.tables[record.source].height <= record.valid
