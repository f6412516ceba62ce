"""The same sums on a standalone Spark with two workers on loopback, also where one of them dies."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mktorch.sources import SourceError
from tests.sources.test_bulk import alike, looked, records, with_faults

MISSING = shutil.which("java") is None or importlib.util.find_spec("pyspark") is None
pytestmark = [
    pytest.mark.skipif(
        MISSING and "REQUIRE_SPARK" not in os.environ, reason="needs Java and pyspark"
    ),
    # Sockets of the session stay open until the process ends.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.xdist_group("spark"),
]


class Cluster(NamedTuple):
    master: str
    workers: list[subprocess.Popen[bytes]]


def _started(folder: Path, name: str, kind: str, *more: str) -> tuple[subprocess.Popen[bytes], str]:
    """A daemon of Spark and what it says once it stands."""
    import pyspark

    home = Path(pyspark.__file__).parent
    log = folder / f"{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [home / "bin/spark-class", f"org.apache.spark.deploy.{kind}", "--host", "127.0.0.1",
             "--port", "0", "--webui-port", "0", *more],
            stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_NO_DAEMONIZE": "1",
                 "SPARK_WORKER_DIR": str(folder / name)},
        )  # fmt: skip
    for _ in range(600):
        text = log.read_text(errors="replace")
        if found := re.search(r"(?:at |registered with master )(spark://127\.0\.0\.1:\d+)", text):
            return process, found[1]
        assert process.poll() is None, text
        time.sleep(0.1)
    raise TimeoutError(text)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("spark")
    processes = []
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    try:
        master, address = _started(folder, "master", "master.Master")
        processes.append(master)
        workers = []
        for n in (1, 2):
            worker, _ = _started(
                folder, f"worker{n}", "worker.Worker", "-c", "1", "-m", "1g", address
            )
            processes.append(worker)
            workers.append(worker)
        yield Cluster(address, workers)
    finally:
        from pyspark.sql import SparkSession

        if session := SparkSession.getActiveSession():
            session.stop()
        for process in processes:
            process.kill()
            process.wait()


def test_faults_come_out_as_they_do_of_records_read(tmp_path_factory, cluster):
    parts = {"a": with_faults(), "b": records(60).with_columns(
        pl.col("timestamp") + pl.duration(days=90)
    )}  # fmt: skip
    alike(tmp_path_factory, parts, engine="spark", spark_master=cluster.master)


def test_a_worker_that_dies_changes_no_figure(tmp_path, cluster):
    parts = {f"p{n}": records(20_000, every=1).with_columns(
        pl.col("timestamp") + pl.duration(days=200 * n)
    ) for n in range(4)}  # fmt: skip
    before, _, _ = looked(tmp_path, parts, 0)
    kill = threading.Timer(0.7, lambda: cluster.workers[0].send_signal(signal.SIGKILL))
    kill.start()
    after, _, made = looked(
        tmp_path, parts, 0, engine="spark", spark_master=cluster.master, cache=False
    )
    kill.join()
    assert made["bulk"] is not None
    assert cluster.workers[0].wait(10) is not None
    for name, table in before.items():
        assert_frame_equal(table, after[name], check_exact=True)


def test_a_master_that_is_not_there_is_named(tmp_path):
    script = (
        "from tests.sources.test_bulk import looked, records; from pathlib import Path; import sys;"
        "looked(Path(sys.argv[1]), {'a': records()}, 0, engine='spark', spark_master='nowhere:1')"
    )
    import sys

    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode
    last = done.stderr.strip().splitlines()[-1]
    assert SourceError.__name__ in last
    assert "spark could not sum performance_metrics" in last
    assert "scale.engine" in last
