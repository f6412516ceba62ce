"""All sources through SQL, from a PostgreSQL server of the test's own on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mktorch.config import MarketingOrchestratorConfig
from mktorch.connect import ConnectError, load_feeds
from mktorch.ingest import raw
from mktorch.pipeline import run
from mktorch.sources.schemas import SPECS
from mktorch.vocab import Source
from tests.conftest import TINY

pytestmark = pytest.mark.skipif(
    not [*Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    and not os.environ.get("REQUIRE_POSTGRES"),
    reason="needs a PostgreSQL server's programs",
)
# The server refuses to run as root.
OWNER = {"user": "postgres"} if os.geteuid() == 0 else {}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server that asks for a password, and ends with the tests."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    home = Path(tempfile.mkdtemp(prefix="pg-"))  # short: a socket's path has few letters
    if OWNER:
        shutil.chown(home, "postgres", "postgres")
    (home / "word").write_text("correct")
    (home / "word").chmod(0o644)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    create = [programs / "initdb", "-D", home / "data", "-A", "scram-sha-256", "-U", "ops"]
    subprocess.run([*create, f"--pwfile={home / 'word'}"], check=True, capture_output=True, **OWNER)
    start = [programs / "postgres", "-D", home / "data", "-p", str(port), "-k", home]
    flags = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
    log = (home / "log").open("wb")
    process = subprocess.Popen([*start, *flags], stdout=log, stderr=log, **OWNER)
    try:
        _await(port)
        yield f"postgresql://ops@127.0.0.1:{port}/postgres"
    finally:
        process.terminate()
        process.wait(20)
        log.close()
        shutil.rmtree(home, ignore_errors=True)


def _await(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                time.sleep(0.3)
                return
        time.sleep(0.1)
    raise TimeoutError("the server did not start")


@pytest.fixture
def address(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PGPASSWORD", "correct")
    return server


def settings(
    queries: dict[str, str], address: str, folder: Path, **more: int
) -> MarketingOrchestratorConfig:
    feeds = {s: {"from": address, "query": q, **more} for s, q in queries.items()}
    places = {"data_dir": str(folder / "no"), "runs_dir": str(folder / "runs")}
    return MarketingOrchestratorConfig(sources=feeds, reports_dir=str(folder / "out"), **places)


def test_every_source_comes_through_sql(address: str, tmp_path: Path) -> None:
    import adbc_driver_postgresql.dbapi as driver

    files = raw(MarketingOrchestratorConfig(data_dir=str(TINY)), None)
    with driver.connect(address) as link, link.cursor() as cursor:
        for source, own in files.items():
            rows = own.frame.drop("_file", "_row")
            cursor.adbc_ingest(str(source), rows.to_arrow(), mode="replace")
        link.commit()
    fed = load_feeds(settings({s: f"SELECT * FROM {s}" for s in SPECS}, address, tmp_path))
    for source, own in files.items():
        columns = [c for c in own.frame.columns if not c.startswith("_")]
        assert fed[source].frame.select(columns).equals(own.frame.select(columns)), source
    assert fed[Source.CAMPAIGNS].files[0].path.startswith("postgresql://127.0.0.1")


def test_what_the_database_refuses_is_said_and_leaves_no_run(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(query: str, **more: int) -> str:
        config = settings({"campaigns": query}, address, tmp_path, **more)
        with pytest.raises(ConnectError) as error:
            load_feeds(config)
        return str(error.value)

    assert "canceling statement due to statement timeout" in fails(
        "SELECT pg_sleep(20)", timeout_seconds=1
    )
    assert "terminating connection" in fails("SELECT pg_terminate_backend(pg_backend_pid())")
    assert 'relation "nowhere" does not exist' in fails("SELECT * FROM nowhere")
    monkeypatch.setenv("PGPASSWORD", "wrong")
    told = fails("SELECT 1")
    assert "password authentication failed" in told
    assert "wrong" not in told
    with pytest.raises(ConnectError):
        run(
            config=None,
            sources={"campaigns": {"from": address, "query": "SELECT 1"}},
            out=tmp_path / "runs",
        )
    assert not [*(tmp_path / "runs").glob("*")] if (tmp_path / "runs").exists() else True
