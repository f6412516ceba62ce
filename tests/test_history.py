"""What differs between runs, what would under other settings, and whether a run still holds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import mktorch
from mktorch.cli import app
from mktorch.errors import PipelineError
from mktorch.history import difference
from mktorch.verify import broken_seals, seal, verify
from mktorch.whatif import affected, whatif
from tests.conftest import TINY


def test_a_run_does_not_differ_from_itself(tiny_run) -> None:
    told = difference(tiny_run, tiny_run)
    assert told.is_empty
    assert list(told.lines()) == []


def test_one_changed_row_names_its_file_and_what_moved(tiny_run, edit, tmp_path) -> None:
    data = edit("roi_ledger", lambda rows: rows[0].update(llm_cost=rows[0]["llm_cost"] + 1))
    told = difference(tiny_run, mktorch.run(data, out=tmp_path / "runs"))
    assert told.inputs.rows() == [("roi_ledger", "roi_ledger.json", "changed", 0)]
    assert told.settings.is_empty()
    assert told.followed.is_empty()
    # A dollar of model cost lowers the net return, and the ledger's own net return now disagrees.
    moved = [
        (table, key, change, column) for table, key, change, column, *_ in told.decisions.rows()
    ]
    finding = "investigate_net_roi_against_parts:CAMP_001/net_roi_against_parts"
    assert moved == [
        ("roi_analysis", "", "changed", "total_net_roi"),
        ("recommendations", finding, "new", ""),
    ]
    net = told.decisions.row(0, named=True)
    assert float(net["before"]) - float(net["after"]) == pytest.approx(1.0)


def test_a_run_of_exports_holds_and_decides_anew(tmp_path, monkeypatch) -> None:
    """A run's settings stand alone: no table of the folder's settings is merged into them."""
    rows = "".join(f"2026-03-{day:02},Brand,1000,50,9.50,2,30\n" for day in range(1, 15))
    heading = "Day,Campaign,Impr.,Clicks,Cost,Conversions,Conv. value\n"
    (tmp_path / "google.csv").write_text(heading + rows)
    (tmp_path / "mktorch.toml").write_text(
        'exchange_rates = { SEK = 0.1 }\n[exports.g]\nfrom = "google.csv"\npreset = "google_ads"\n'
    )
    monkeypatch.chdir(tmp_path)
    run = mktorch.run()
    (tmp_path / "mktorch.toml").write_text("exchange_rates = { EUR = 2.0 }\n")
    assert verify(run) == []
    assert whatif(run, {"window_days": 5}).settings["setting"].to_list() == ["window_days"]
    (tmp_path / "google.csv").write_text(heading + rows.replace("9.50", "9.51", 1))
    assert verify(run) == ["google.csv: is not the file that the run read"] * 5


def test_another_setting_decides_as_a_run_with_it_does(tiny_run, tmp_path) -> None:
    told = tiny_run.whatif(target_roas=3.0, budget_rules={"proposal_stale_days": 1})
    assert told.settings["setting"].to_list() == [
        "budget_rules.proposal_stale_days",
        "target_roas",
    ]
    settings = {"target_roas": 3.0, "budget_rules": {"proposal_stale_days": 1}}
    made = mktorch.run(TINY, out=tmp_path, **settings)
    expected = difference(tiny_run, made).decisions
    assert told.decisions.rows() == expected.rows()
    assert "campaign_analysis" in told.decisions["table"].to_list()


def test_nothing_is_run_for_no_change_and_little_for_a_late_setting(tiny_run) -> None:
    assert whatif(tiny_run, {}).is_empty
    assert affected(set()) == []
    late = {step.name for step in affected({"narrative_rules"})}
    assert late.isdisjoint({"rollups", "money", "experiments", "segments"})
    assert "verdict" in late


@pytest.mark.parametrize("name", ["as_of", "currency", "funnel_rules.stages", "campaigns_file"])
def test_what_decides_how_records_are_read_asks_for_a_run(tiny_run, name) -> None:
    values = {"as_of": "2026-03-12", "currency": "EUR", "funnel_rules.stages": ["click", "a", "b"]}
    with pytest.raises(PipelineError, match=f"{name}: decides how records are read"):
        whatif(tiny_run, {"funnel_rules.people_from": "click", name: values.get(name, "x")})


def _flip(path: Path, place: int = 100) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_one_flipped_byte_of_any_file_of_a_run_is_noticed(tiny_run, tmp_path) -> None:
    folder = shutil.copytree(tiny_run.path, tmp_path / tiny_run.run_id)
    assert verify(mktorch.load_run(folder), anew=False) == []
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert {"manifest.json", "state.json", "failures.parquet"} < {path.name for path in files}
    assert len(files) > len(tiny_run.manifest.tables)
    for place, file in enumerate(files):
        whole = file.read_bytes()
        _flip(file, place * 37 % len(whole))
        try:
            found = verify(mktorch.load_run(folder), anew=False)
        except mktorch.RunError as error:
            found = [str(error)]
        assert len(found) == 1, file
        assert str(file) in found[0]
        file.write_bytes(whole)


def test_one_flipped_byte_of_any_input_is_noticed(tiny, tmp_path) -> None:
    run = mktorch.run(tiny, out=tmp_path / "runs")
    for place, record in enumerate(run.manifest.inputs):
        file = tiny / record.path
        whole = file.read_bytes()
        _flip(file, place * 37 % len(whole))
        assert verify(run, anew=False) == [f"{file}: is not the file that the run read"]
        file.write_bytes(whole)


def test_an_input_that_changed_is_noticed_and_a_sound_run_is_made_again(tiny, tmp_path) -> None:
    run = mktorch.run(tiny, out=tmp_path / "runs")
    assert verify(run) == []
    _flip(tiny / "channels.json")
    assert verify(run) == [f"{tiny / 'channels.json'}: is not the file that the run read"]


def test_a_sealed_run_that_is_edited_or_gone_is_noticed(tiny_run, tmp_path) -> None:
    folder = shutil.copytree(tiny_run.path, tmp_path / tiny_run.run_id)
    other = shutil.copytree(tiny_run.path, tmp_path / "20260101-aaaaaaaaaa")
    manifest = json.loads((other / "manifest.json").read_text()) | {"run_id": other.name}
    (other / "manifest.json").write_text(json.dumps(manifest))
    assert seal(tmp_path) == 2
    assert seal(tmp_path) == 0
    assert list(broken_seals(tmp_path)) == []
    manifest["config"]["window_days"] = 8
    (other / "manifest.json").write_text(json.dumps(manifest))
    assert [line for line in broken_seals(tmp_path) if "changed after it was sealed" in line]
    shutil.rmtree(folder)
    assert [line for line in broken_seals(tmp_path) if "sealed and is gone" in line]
    links = (tmp_path / "seals.jsonl").read_text().splitlines()
    (tmp_path / "seals.jsonl").write_text(links[1] + "\n")
    assert [line for line in broken_seals(tmp_path) if "the link of run" in line]


def test_the_commands_print_one_line_a_difference(tiny_run, tmp_path) -> None:
    def call(*words) -> tuple[int, str]:
        done = CliRunner().invoke(app, [*map(str, words)])
        return done.exit_code, done.stdout

    assert call("diff", tiny_run.path, tiny_run.path) == (0, "")
    code, said = call("whatif", tiny_run.path, "--set", "target_roas=3.0")
    assert code == 0
    assert "setting target_roas: 1.0 -> 3.0" in said
    assert any(line.startswith("campaign_analysis CAMP_") for line in said.splitlines())
    code, said = call("whatif", tiny_run.path, "--set", "target_roas=3.0", "--json")
    assert json.loads(said)["settings"][0]["after"] == "3.0"
    folder = shutil.copytree(tiny_run.path, tmp_path / tiny_run.run_id)
    _flip(folder / "state.json")
    code, said = call("verify", folder)
    assert code == 1
    assert "state.json: cannot be read (it is not what the run wrote)" in said
