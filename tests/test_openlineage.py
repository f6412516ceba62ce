"""A run as OpenLineage events, made and sent by the official client to a file or on loopback."""

from __future__ import annotations

import builtins
import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import pytest
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import column_lineage_dataset, schema_dataset
from pydantic import ValidationError

import mktorch
from mktorch.config import MarketingOrchestratorConfig
from mktorch.openlineage import LineageError
from tests.conftest import TINY


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A run, the events of it in a file, and what a server on loopback was sent."""
    folder = tmp_path_factory.mktemp("lineage")
    data = shutil.copytree(TINY, folder / "data")
    rows = json.loads((data / "roi_ledger.json").read_text())
    rows[0]["llm_cost"] = "much"
    (data / "roi_ledger.json").write_text(json.dumps(rows))
    got: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            got.append({"path": self.path, "key": self.headers["Authorization"], "body": body})
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *said) -> None:
            """Nothing on the test's screen."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    patch = pytest.MonkeyPatch()
    patch.setenv("LINEAGE_KEY", "k-123")
    places = {
        "file": str(folder / "events.ndjson"),
        "url": f"http://127.0.0.1:{server.server_port}",
        "api_key_variable": "LINEAGE_KEY",
    }
    run = mktorch.run(data, out=folder / "runs", openlineage=places)
    server.shutdown()
    server.server_close()
    patch.undo()
    events = [json.loads(line) for line in (folder / "events.ndjson").read_text().splitlines()]
    return run, events, got


def test_a_run_tells_start_end_job_and_tables_to_both_places(told) -> None:
    run, events, got = told
    assert [event["body"] for event in got] == events
    assert {(event["path"], event["key"]) for event in got} == {("/api/v1/lineage", "Bearer k-123")}
    assert [e["eventType"] for e in events if "run" in e] == ["START", "COMPLETE"]
    assert len({UUID(e["run"]["runId"]) for e in events if "run" in e}) == 1
    assert [set(e) & {"run", "job", "dataset"} for e in events[2:4]] == [{"job"}, {"dataset"}]
    tables = {e["dataset"]["name"] for e in events if "dataset" in e}
    assert tables == {*run.tables} - {"failures"}
    text = "".join(map(json.dumps, events))
    assert str(run.path) not in text
    assert "k-123" not in text


def test_the_end_is_what_the_client_s_own_classes_take(told) -> None:
    run, events, _ = told
    end = next(e for e in events if e.get("eventType") == "COMPLETE")
    again = RunEvent(
        eventTime=end["eventTime"],
        eventType=RunState(end["eventType"]),
        run=Run(**end["run"]),
        job=Job(**end["job"]),
        inputs=[InputDataset(**each) for each in end["inputs"]],
        outputs=[OutputDataset(**each) for each in end["outputs"]],
    )
    assert again.job.name == "mktorch.run"
    assert end["run"]["facets"]["tags"]["tags"][0]["value"] == run.run_id
    for each in (*end["inputs"], *end["outputs"]):
        fields = each["facets"]["schema"]["fields"]
        assert [schema_dataset.SchemaDatasetFacetFields(**f).name for f in fields]
        lineage = each["facets"].get("columnLineage", {"fields": {}})["fields"]
        for held in lineage.values():
            parts = [column_lineage_dataset.InputField(**f) for f in held["inputFields"]]
            assert {p.namespace for p in parts} == {"mktorch"}


def test_a_figure_leads_to_the_columns_of_the_records(told) -> None:
    _, events, _ = told
    end = next(e for e in events if e.get("eventType") == "COMPLETE")
    lineage = {
        (each["name"], column): [(f["name"], f["field"]) for f in held["inputFields"]]
        for each in end["outputs"]
        for column, held in each["facets"].get("columnLineage", {"fields": {}})["fields"].items()
    }
    names = {each["name"] for each in (*end["inputs"], *end["outputs"])}
    reached, wanted = set(), [("roi_analysis", "total_net_roi")]
    while wanted:
        here = wanted.pop()
        assert here[0] in names
        if here not in reached:
            reached.add(here)
            wanted += lineage.get(here, [])
    assert {("roi_ledger", "llm_cost"), ("performance_metrics", "cost")} <= reached


def test_quality_is_that_of_the_records(told) -> None:
    run, events, _ = told
    end = next(e for e in events if e.get("eventType") == "COMPLETE")
    ledger = next(each for each in end["inputs"] if each["name"] == "roi_ledger")["inputFacets"]
    record = next(r for r in run.manifest.inputs if r.source == "roi_ledger")
    metrics = ledger["dataQualityMetrics"]
    assert (metrics["rowCount"], metrics["bytes"]) == (record.rows, record.bytes)
    spend = run.tables["roi_ledger"]["media_spend"]
    assert metrics["columnMetrics"]["media_spend"]["sum"] == pytest.approx(spend.sum())
    whole, *wrong = ledger["dataQualityAssertions"]["assertions"]
    assert (whole["success"], whole["actual"]) == (False, str(record.valid))
    assert [(a["column"], a["severity"], a["actual"]) for a in wrong] == [
        ("llm_cost", "error", "1")
    ]


def test_a_run_that_fails_says_so(tmp_path) -> None:
    file = tmp_path / "events.ndjson"
    data = shutil.copytree(TINY, tmp_path / "data")
    for each in data.iterdir():
        each.write_text("[]")
    with pytest.raises(mktorch.MktorchError):
        mktorch.run(data, out=tmp_path / "runs", openlineage={"file": str(file)})
    ends = [json.loads(line) for line in file.read_text().splitlines()]
    assert [e["eventType"] for e in ends] == ["START", "FAIL"]
    assert ends[1]["run"]["facets"]["errorMessage"]["message"]


def test_a_place_that_takes_nothing_and_a_client_that_lacks_are_one_line(
    tmp_path, monkeypatch
) -> None:
    with pytest.raises(LineageError, match="takes no OpenLineage events"):
        mktorch.run(TINY, out=tmp_path, openlineage={"url": "http://127.0.0.1:1"})
    with pytest.raises(LineageError, match="NO_SUCH: no such environment variable"):
        mktorch.run(
            TINY,
            out=tmp_path,
            openlineage={"url": "http://127.0.0.1:1", "api_key_variable": "NO_SUCH"},
        )
    kept = builtins.__import__

    def without(name: str, *rest):
        if name.startswith("openlineage"):
            raise ImportError(name)
        return kept(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(LineageError, match=r'pip install "mktorch\[openlineage\]"'):
        mktorch.run(TINY, out=tmp_path, openlineage={"file": str(tmp_path / "e")})
    assert not list(tmp_path.glob("*/manifest.json"))


def test_off_by_default_and_no_part_of_a_run_s_id(tiny_run) -> None:
    config = MarketingOrchestratorConfig()
    assert (config.openlineage.url, config.openlineage.file) == ("", "")
    assert "openlineage" not in config.fingerprint()
    for url in ("localhost:5000", "ftp://x", "http://u:p@x"):
        with pytest.raises((ValidationError, mktorch.ConfigError)):
            MarketingOrchestratorConfig(openlineage={"url": url})
