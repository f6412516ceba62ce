"""How fast is a large JSON array read? mktorch against DuckDB's `read_json`, in one run.

    python benchmarks/read_json.py [--rows 1000000] [--rounds 7]

Writes `performance_metrics.json` into a temporary folder and reads it in fresh processes, turn
about: mktorch with `load_source` (every record typed and numbered, timestamps parsed, the file
hashed), DuckDB into an Arrow table. Then loads, validates and rolls up the whole folder once for
its peak memory. Prints the best and the median of each, and the ratio of the bests.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

ASSETS = 5000
EXPERIMENTS = 100
NAME = "performance_metrics.json"


def write(folder: Path, rows: int) -> None:
    """Write the thirteen sources: `rows` snapshots, and parents enough for them."""
    day = "2025-01-01"
    stamp = f"{day}T00:00:00Z"
    campaign = {
        "campaign_id": "C1", "created_at": stamp, "name": "Launch", "objective": "Trials",
        "primary_kpi": "conversion_rate", "start_date": day, "end_date": "2025-12-31",
        "budget": 1e6, "status": "active",
    }  # fmt: skip
    tables: dict[str, list[dict[str, object]]] = {
        "campaigns": [campaign],
        "audience_segments": [
            {"segment_id": "S1", "name": "All", "size_estimate": 10, "priority": "high"}
        ],
        "channels": [
            {"channel_id": "H1", "type": "email", "platform": "Post", "cost_model": "flat",
             "avg_cost": 1}
        ],
        "creative_assets": [
            {"asset_id": f"A{i:05d}", "created_at": stamp, "campaign_id": "C1",
             "segment_id": "S1", "channel_id": "H1", "variant": "A", "message_theme": "Cost",
             "cta": "Try", "approved_by_human": True, "risk_flags": []}
            for i in range(ASSETS)
        ],
        "experiments": [
            {"experiment_id": f"EXP{i:03d}", "campaign_id": "C1", "start_date": day,
             "type": "A/B", "metric": "conversion_rate", "control_asset": f"A{i:05d}",
             "variant_asset": f"A{i + 1:05d}", "status": "running"}
            for i in range(EXPERIMENTS)
        ],
        "orchestrator_decisions": [],
        "roi_ledger": [],
    }  # fmt: skip
    for name, table in tables.items():
        (folder / f"{name}.json").write_text(json.dumps(table), encoding="utf-8")
    with (folder / NAME).open("w", encoding="utf-8") as out:
        for row in range(rows):
            out.write("[\n  " if row == 0 else ",\n  ")
            out.write(json.dumps(snapshot(row)))
        out.write("\n]\n")


def snapshot(row: int) -> dict[str, object]:
    """One record of performance_metrics, the same for the same row."""
    draw = random.Random(row)
    impressions = draw.randint(100, 10_000)
    clicks = draw.randint(0, impressions // 10)
    conversions = draw.randint(0, clicks // 5)
    time_ = datetime(2025, 1, 1) + timedelta(hours=row // ASSETS)
    return {
        "asset_id": f"A{row % ASSETS:05d}",
        "experiment_id": f"EXP{row % EXPERIMENTS:03d}" if row % 3 else None,
        "timestamp": f"{time_:%Y-%m-%dT%H:%M:%SZ}",
        "impressions": impressions,
        "clicks": clicks,
        "conversions": conversions,
        "conversion_rate": round(conversions / clicks, 4) if clicks else 0.0,
        "cost": round(draw.uniform(0, 50), 2),
        "revenue_proxy": round(draw.uniform(0, 100), 2),
    }


def read_with_mktorch(path: Path) -> int:
    from mktorch.sources.load import load_source
    from mktorch.sources.schemas import SPECS
    from mktorch.vocab import Source

    raw = load_source(SPECS[Source.PERFORMANCE_METRICS], path.parent, path.name)
    return raw.frame.height


def read_with_duckdb(path: Path) -> int:
    import duckdb

    relation = duckdb.connect().read_json(str(path))
    return int(relation.to_arrow_table().num_rows)


def roll_up_with_mktorch(path: Path) -> int:
    from mktorch.clock import Clock
    from mktorch.config import MarketingOrchestratorConfig
    from mktorch.rollups import rollups
    from mktorch.sources import load, validate
    from mktorch.vocab import Source

    config = MarketingOrchestratorConfig(data_dir=str(path.parent))
    frames = validate(load(config), config).frames
    metrics, assets = frames[Source.PERFORMANCE_METRICS], frames[Source.CREATIVE_ASSETS]
    clock = Clock(metrics["timestamp"].max(), config.window_days)
    tables = rollups(metrics, assets, clock)
    summed = tables["rollup_campaign"].filter(window="all")
    return int(summed["snapshots"].sum())


READERS = {
    "mktorch": read_with_mktorch,
    "duckdb": read_with_duckdb,
    "rollups": roll_up_with_mktorch,
}


def measure(reader: str, path: Path) -> tuple[float, float, int]:
    """Seconds, peak memory in GB and rows of one reading, in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--reader", reader, "--file", str(path)],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, peak, rows = done.stdout.split()
    return float(seconds), float(peak), int(rows)


def read_once(reader: str, path: Path) -> None:
    """Read in this process, imports not counted, and print what `measure` takes."""
    read = READERS[reader]
    __import__({"duckdb": "pyarrow"}.get(reader, "mktorch.sources"))
    __import__({"duckdb": "duckdb"}.get(reader, "mktorch.rollups"))
    start = time.perf_counter()
    rows = read(path)
    seconds = time.perf_counter() - start
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, rows)


def compare(rows: int, rounds: int) -> None:
    """Measure both readers and print the comparison."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        write(path.parent, rows)
        versions = ", ".join(f"{name} {version(name)}" for name in ("polars", "duckdb"))
        print(f"{rows:,} rows, {path.stat().st_size / 1e6:.0f} MB, {rounds} rounds, turn about")
        print(f"{os.cpu_count()} processors, Python {platform.python_version()}, {versions}")
        runs = [(measure("mktorch", path), measure("duckdb", path)) for _ in range(rounds)]
        best = []
        for name, results in zip(("mktorch", "duckdb"), zip(*runs, strict=True), strict=True):
            if any(read != rows for _, _, read in results):
                raise SystemExit(f"{name} did not read {rows} rows")
            seconds = [s for s, _, _ in results]
            best.append(min(seconds))
            print(
                f"{name:8} best {min(seconds):.3f} s, median {statistics.median(seconds):.3f} s, "
                f"peak memory {max(peak for _, peak, _ in results):.2f} GB"
            )
        print(f"ratio    {best[0] / best[1]:.2f} (mktorch / duckdb; 1.10 is the most allowed)")
        seconds, peak, valid = measure("rollups", path)
        print(
            f"load, validate, roll up: {seconds:.2f} s, peak memory {peak:.2f} GB, {valid:,} rows"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.reader:
        read_once(given.reader, given.file)
    else:
        compare(given.rows, given.rounds)


if __name__ == "__main__":
    main()
