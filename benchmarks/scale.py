"""Whole runs of many records in Parquet, beside a DuckDB script that reads, checks and sums them.

    python benchmarks/scale.py [--rows 100000 1000000 10000000] [--rounds 3] [--folder DIRECTORY]
        [--campaigns 10 100 1000 5000 20000] [--out benchmarks/results]

For each number of rows the seconds, processor seconds and peak memory of `mktorch run`, cold and
with what the cache holds, and of DuckDB (`benchmarks/ingest.py`), turn about; given are medians.
From 1e8 rows on the records are in parts of a million; then one part is added and the run is made
again. `--campaigns` varies their number at a million rows. Writes scale.csv, .svg and .md; what
other sizes took before stays in them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import altair as alt
import numpy as np
import polars as pl

from benchmarks import ingest

PART = 1_000_000
HERE = Path(__file__).parents[1]
FEATURES = ("seconds", "processor", "peak")


class Spent(NamedTuple):
    """What a process took: seconds, processor seconds and peak memory in GB."""

    seconds: float
    processor: float
    peak: float


def spent(command: Sequence[str], cache: Path) -> Spent:
    """What a command takes, with its children."""
    done = subprocess.run(
        [sys.executable, "-c", _TIMED, *command],
        check=True, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(HERE), "XDG_CACHE_HOME": str(cache)},
    )  # fmt: skip
    code, seconds, processor, peak = json.loads(done.stdout)
    if code not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    return Spent(seconds, processor, peak / 2**20)


# Starts a command from a small process: a large one would lend the command its own peak of memory.
_TIMED = """
import json, os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
spent = time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss
print(json.dumps((os.waitstatus_to_exitcode(status), *spent)))
"""


def run_of(folder: Path, out: Path) -> list[str]:
    return [sys.executable, "-m", "mktorch", "run", str(folder), "--out", str(out / "runs"),
        "--set", f"reports_dir={out / 'reports'}"]  # fmt: skip


def duckdb_of(folder: Path) -> list[str]:
    return [sys.executable, str(HERE / "benchmarks/ingest.py"), "--peer", "duckdb", "--folder",
        str(folder)]  # fmt: skip


def written(folder: Path, rows: int) -> Path:
    """A data set of so many records: one file, or parts of a million from 1e8 on."""
    if rows < 100 * PART:
        return ingest.write(folder, rows, "parquet")
    ingest.write(folder, 0, "parquet")
    parts = folder / "performance_metrics"
    parts.mkdir()
    for n in range(rows // PART):
        part(parts, n)
    return folder


def part(folder: Path, number: int) -> None:
    ingest.records(PART, number * PART).write_parquet(folder / f"part-{number:04d}.parquet")


def of_rows(rows: int, rounds: int, place: Path) -> Iterator[dict[str, object]]:
    """Each measure of a number of rows."""
    folder = written(place / f"data{rows}", rows)
    out, cache = place / "out", place / "cache"
    for _ in range(1 if rows >= 100 * PART else rounds):
        shutil.rmtree(cache, ignore_errors=True)
        shutil.rmtree(out, ignore_errors=True)
        for what in ("cold", "warm"):
            yield measure(rows, what, spent(run_of(folder, out), cache))
        if rows < 100 * PART:
            yield measure(rows, "DuckDB", spent(duckdb_of(folder), cache))
        else:
            part(folder / "performance_metrics", rows // PART)
            yield measure(rows, "one part more", spent(run_of(folder, out), cache))
    shutil.rmtree(folder)


def of_campaigns(campaigns: int, rounds: int, place: Path) -> Iterator[dict[str, object]]:
    """A million rows of so many campaigns, with two assets each at the least."""
    ingest.CAMPAIGNS, ingest.ASSETS = campaigns, max(2 * campaigns, 5000)
    folder = ingest.write(place / f"wide{campaigns}", PART, "parquet")
    for _ in range(rounds):
        took = spent(run_of(folder, place / "out"), place / "cache")
        yield measure(campaigns, "campaigns", took)
    shutil.rmtree(folder)


def measure(size: int, what: str, took: Spent) -> dict[str, object]:
    print(f"{what:>14} {size:>12,}: " + ", ".join(f"{value:.2f}" for value in took), flush=True)
    return {"size": size, "what": what, **took._asdict()}


def slope(found: pl.DataFrame, what: str) -> tuple[float, float]:
    """Of seconds against size on a log-log scale, the cost of the smallest taken off; and that."""
    line = found.filter(what=what).sort("size")
    fixed = float(line["processor"][0])
    rest = line.filter(pl.col("processor") > 1.1 * fixed)
    if rest.height < 2:
        return float("nan"), fixed
    size, more = np.log(rest["size"].to_numpy()), np.log(rest["processor"].to_numpy() - fixed)
    return float(np.polyfit(size, more, 1)[0]), fixed


def plot(found: pl.DataFrame) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart(found.filter(pl.col("what") != "campaigns"))
        .mark_line(point=True)
        .encode(
            x=alt.X("size:Q", title="Records", scale=alt.Scale(type="log")),
            y=alt.Y("processor:Q", title="Processor seconds", scale=alt.Scale(type="log")),
            color=alt.Color("what:N", title=None),
        )
        .properties(width=420, height=300)
    )
    return chart


def page(found: pl.DataFrame) -> str:
    """The table, with slopes and what it was measured on."""
    names = ", ".join(f"{name} {version(name)}" for name in ("polars", "duckdb"))
    ratio = {
        size: found.filter(what="DuckDB", size=size)["processor"].first()
        for size in found["size"].unique()
    }
    rows = []
    for row in found.sort("size", "what").iter_rows(named=True):
        peer = ratio.get(row["size"]) if row["what"] != "campaigns" else None
        beside = f"{row['processor'] / peer:.2f}" if peer else ""
        unit = "campaigns" if row["what"] == "campaigns" else "records"
        what = "cold" if row["what"] == "campaigns" else row["what"]
        rows.append(
            f"| {row['size']:,} {unit} | {what} | {row['seconds']:.2f} | {row['processor']:.2f} | "
            f"{row['peak']:.2f} | {beside} |"
        )
    said = []
    for what, unit in (("cold", "records"), ("campaigns", "campaigns")):
        if found.filter(what=what).height > 2:
            grade, fixed = slope(found, what)
            said.append(f"processor seconds against {unit}, less the {fixed:.1f} of the fewest: "
                f"slope {grade:.2f} on a log-log scale")  # fmt: skip
    return f"""# Runs of many records

`benchmarks/scale.py` on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} processors, \
Python {platform.python_version()}, {names}. Medians of whole processes, start and imports in;
DuckDB reads, checks and sums, and writes nothing.

| size | run | seconds | processor seconds | peak GB | processor / DuckDB |
|---|---|---:|---:|---:|---:|
{chr(10).join(rows)}

{chr(10).join(f"- {line}" for line in said)}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="*", default=[10**5, 10**6, 10**7])
    parser.add_argument("--campaigns", type=int, nargs="*", default=[10, 100, 1000, 5000, 20_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="a place for the data, with room for it")
    parser.add_argument("--out", type=Path, default=HERE / "benchmarks/results")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as place:
        made = [m for rows in given.rows for m in of_rows(rows, given.rounds, Path(place))]
        made += [m for n in given.campaigns for m in of_campaigns(n, given.rounds, Path(place))]
    each = pl.DataFrame(made)
    found = each.group_by("size", "what", maintain_order=True).agg(
        pl.col(feature).median() for feature in FEATURES
    )
    file = given.out / "scale.csv"
    if file.exists():  # what other sizes took stays
        kept = pl.read_csv(file).join(found, on=["size", "what"], how="anti")
        found = pl.concat([kept, found], how="vertical_relaxed")
    found.write_csv(file)
    (given.out / "scale.md").write_text(page(found), encoding="utf-8")
    plot(found).save(given.out / "scale.svg")
    print(json.dumps({"written": str(given.out / "scale.md")}))


if __name__ == "__main__":
    main()
