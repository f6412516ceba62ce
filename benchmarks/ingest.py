"""From files to rollups, beside a DuckDB script that reads, checks and sums the same.

    python benchmarks/ingest.py [--rows 100000 1000000] [--formats json parquet] [--rounds 5]
        [--before DIRECTORY] [--out benchmarks/RESULTS.md]

Each measure is a process of its own, imports not counted, turn about; given are medians of the
seconds, processor seconds and peak memory. `--before` measures the mktorch of another checkout
too. DuckDB reads the file into a table, counts what breaks the rules (nulls, ranges, duplicate
keys, orphans, rates), and sums by the keys of the rollups, exactly and per window.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

ASSETS, CAMPAIGNS, EXPERIMENTS = 5000, 50, 100
STAGES = ("read", "check", "sum")
_MEASURES = ("impressions", "clicks", "conversions", "cost", "revenue_proxy")
_KEYS = (
    "campaign_id", "campaign_id, segment_id", "campaign_id, channel_id", "asset_id",
)  # fmt: skip


class Spent(NamedTuple):
    """What one reading took: seconds by stage, processor seconds, peak memory in GB, and rows."""

    stages: tuple[float, ...]
    processor: float
    peak: float
    rows: int

    @property
    def seconds(self) -> float:
        return sum(self.stages)


def records(rows: int, first: int = 0) -> pl.DataFrame:
    """Performance records from the `first` on, the same for the same numbers."""
    draw, place = np.random.default_rng(1 + first), first + np.arange(rows)
    impressions = draw.integers(100, 10_000, rows)
    clicks = (impressions * draw.random(rows) / 10).astype(int)
    asset, experiment = pl.Series(place % ASSETS), pl.Series(place % EXPERIMENTS)
    return pl.DataFrame(
        {
            "asset_id": "A" + asset.cast(pl.String).str.zfill(5),
            "experiment_id": ("E" + experiment.cast(pl.String)).set(
                pl.Series(place % 3 == 0), None
            ),
            "timestamp": pl.Series(place // ASSETS * 3600).cast(pl.Int64),
            "impressions": impressions,
            "clicks": clicks,
            "conversions": (clicks * draw.random(rows) / 5).astype(int),
            "cost": (draw.random(rows) * 50).round(2),
            "revenue_proxy": (draw.random(rows) * 100).round(2),
        }
    ).with_columns(
        pl.from_epoch(pl.col("timestamp") + 1_735_689_600, "s").cast(pl.Datetime("us")),
        conversion_rate=(pl.col("conversions") / pl.col("clicks")).round(4).fill_nan(0.0),
    )


def write(folder: Path, rows: int, form: str) -> Path:
    """The five sources that must exist, and experiments: `rows` records, and their parents."""
    folder.mkdir(parents=True, exist_ok=True)
    day = "2025-01-01"
    of = [
        {"asset_id": f"A{n:05d}", "campaign_id": f"C{n % CAMPAIGNS}", "segment_id": f"S{n % 7}",
         "channel_id": f"H{n % 4}", "created_at": day, "variant": "A", "message_theme": "Cost",
         "cta": "Try", "approved_by_human": True, "risk_flags": []}
        for n in range(ASSETS)
    ]  # fmt: skip
    tables: dict[str, list[dict[str, Any]]] = {
        "campaigns": [
            {"campaign_id": f"C{n}", "name": f"Launch {n}", "primary_kpi": "conversion_rate",
             "start_date": day, "end_date": "2025-12-31", "status": "active", "budget": 1e6,
             "objective": "Trials", "created_at": day}
            for n in range(CAMPAIGNS)
        ],
        "audience_segments": [
            {"segment_id": f"S{n}", "name": f"Group {n}", "size_estimate": 9, "priority": "high"}
            for n in range(7)
        ],
        "channels": [
            {"channel_id": f"H{n}", "type": "ads", "platform": "P", "cost_model": "cpc",
             "avg_cost": 1}
            for n in range(4)
        ],
        "creative_assets": of,
        "experiments": [
            {"experiment_id": f"E{n}", "campaign_id": of[n]["campaign_id"], "type": "A/B",
             "start_date": day, "metric": "conversion_rate", "status": "running",
             "control_asset": of[n]["asset_id"], "variant_asset": of[n + EXPERIMENTS]["asset_id"]}
            for n in range(EXPERIMENTS)
        ],
        "orchestrator_decisions": [],
        "roi_ledger": [],
    }  # fmt: skip
    for name, table in tables.items():
        (folder / f"{name}.json").write_text(json.dumps(table), encoding="utf-8")
    if not rows:
        return folder
    frame, path = records(rows), folder / f"performance_metrics.{form}"
    if form == "parquet":
        frame.write_parquet(path)
    else:
        text = frame.with_columns(pl.col("timestamp").dt.to_string("%Y-%m-%dT%H:%M:%SZ"))
        lines = text.write_ndjson().rstrip("\n").replace("\n", ",\n  ")
        path.write_text(f"[\n  {lines}\n]\n", encoding="utf-8")
    return folder


def by_mktorch(folder: Path) -> Iterator[int]:
    """Load, validate and roll up; gives the rows summed at the last."""
    from mktorch.clock import Clock
    from mktorch.config import MarketingOrchestratorConfig
    from mktorch.rollups import rollups
    from mktorch.sources import load, validate
    from mktorch.vocab import Source

    config = MarketingOrchestratorConfig(data_dir=str(folder))
    raw = load(config)
    yield 0
    frames = validate(raw, config).frames
    yield 0
    metrics, assets = frames[Source.PERFORMANCE_METRICS], frames[Source.CREATIVE_ASSETS]
    newest = metrics["timestamp"].max()
    tables = rollups(metrics, assets, Clock(newest, config.window_days))  # type: ignore[arg-type]
    yield int(tables["rollup_campaign"].filter(window="all")["snapshots"].sum())


def by_duckdb(folder: Path) -> Iterator[int]:
    """The same in SQL."""
    import duckdb

    def rows(query: str) -> list[Any]:
        return database.execute(query).fetchall()

    database = duckdb.connect()
    path = next(folder.glob("performance_metrics.*"))
    read = "read_parquet" if path.suffix == ".parquet" else "read_json"
    rows(f"create temp table metrics as select * from {read}('{path}')")
    for name in ("creative_assets", "experiments"):
        rows(f"create temp table {name} as select * from read_json('{folder / name}.json')")
    yield 0
    rows(
        """select count(*) filter (asset_id is null or timestamp is null),
        count(*) filter (conversion_rate < 0 or timestamp < '1970-01-01'
            or timestamp > '2199-12-31'),
        count(*) filter (conversions > clicks), count(*) filter (clicks > impressions),
        count(*) filter (abs(conversion_rate - conversions / nullif(clicks, 0)) > 0.05)
        from metrics"""
    )
    keys = "asset_id, experiment_id, timestamp"
    rows(f"select {keys} from metrics group by {keys} having count(*) > 1")
    rows("select count(*) from metrics anti join creative_assets using (asset_id)")
    rows("select count(*) from metrics anti join experiments using (experiment_id)")
    yield 0
    money = ("conversions", "cost", "revenue_proxy")
    exact = ", ".join(
        f"sum({m}::decimal(18, 6)) {m}" if m in money else f"sum({m}) {m}" for m in _MEASURES
    )
    blank = ", ".join(f"count(*) - count({m}) {m}_blanks" for m in _MEASURES)
    rows(
        f"""create temp table daily as select asset_id, experiment_id, timestamp::date as date,
        {exact}, {blank}, count(*) snapshots from metrics group by all"""
    )
    rows("create temp table owned as select * from daily join creative_assets using (asset_id)")
    sums = ", ".join(f"sum({m}) {m}" for m in _MEASURES)
    newest = "(select max(date) from daily)"
    windows = ("true", f"date > {newest} - 7", f"date between {newest} - 13 and {newest} - 7")
    made = "create or replace temp table made as select"
    for keys in _KEYS:
        for window in windows:
            rows(f"{made} {keys}, {sums}, sum(snapshots) from owned where {window} group by all")
    for keys in ("asset_id, date", "campaign_id, segment_id, channel_id, date"):
        rows(f"{made} {keys}, {sums} from owned group by all")
    products = ", ".join(
        f"sum({a}::double * {b}::double) {a}_{b}" for a in _MEASURES for b in _MEASURES if a <= b
    )
    named = "from owned where experiment_id is not null group by all"
    rows(f"{made} experiment_id, asset_id, {sums}, {products} {named}")
    for part in ("date_trunc('week', date)", "dayofweek(date)"):
        rows(f"{made} experiment_id, asset_id, {part} part, {sums} {named}")
    yield int(rows("select sum(snapshots) from daily")[0][0])


PEERS: dict[str, Callable[[Path], Iterator[int]]] = {"mktorch": by_mktorch, "duckdb": by_duckdb}


def spent(peer: str, folder: Path) -> Spent:
    """What a peer takes in this process, imports not counted."""
    for name in ("duckdb", "mktorch.rollups", "mktorch.config", "mktorch.sources"):
        __import__(name)
    stages, rows, began = [], 0, time.process_time()
    start = time.perf_counter()
    for found in PEERS[peer](folder):
        end = time.perf_counter()
        stages.append(end - start)
        start, rows = end, found
    return Spent(tuple(stages), time.process_time() - began, _peak(), rows)


def _peak() -> float:
    """The most memory this program has held, in GB; `ru_maxrss` would count its parent's too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) / 2**20


def measured(peer: str, folder: Path, tree: str) -> Spent:
    """The same in a process of its own, with the mktorch of the checkout `tree`."""
    done = subprocess.run(
        [sys.executable, __file__, "--peer", peer, "--folder", str(folder)],
        check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": tree},
    )  # fmt: skip
    stages, *others = json.loads(done.stdout)
    return Spent(tuple(stages), *others)


def compared(rows: int, form: str, rounds: int, trees: dict[str, str]) -> Iterator[str]:
    """A line of the table for each peer, then the ratios."""
    with tempfile.TemporaryDirectory() as place:
        folder = write(Path(place), rows, form)
        runs: dict[str, list[Spent]] = {name: [] for name in trees}
        for _ in range(rounds):
            for name, tree in trees.items():
                runs[name].append(
                    measured("duckdb" if name == "duckdb" else "mktorch", folder, tree)
                )
    if any(run.rows != rows for each in runs.values() for run in each):
        raise SystemExit(f"a peer did not sum {rows} rows")
    middle = {
        name: [statistics.median(values) for values in zip(
            *((*run.stages, run.seconds, run.processor, run.peak) for run in each), strict=True
        )]
        for name, each in runs.items()
    }  # fmt: skip
    for name, (*seconds, processor, peak) in middle.items():
        ratio = " | ".join(
            f"{middle[name][place] / middle['duckdb'][place]:.2f}" for place in (-3, -2)
        )
        stages = " | ".join(f"{value:.2f}" for value in (*seconds, processor))
        yield f"| {rows:,} | {form} | {name} | {stages} | {peak:.2f} | {ratio} |"


def page(lines: list[str]) -> str:
    """The results with what they were measured on."""
    names = ", ".join(f"{name} {version(name)}" for name in ("polars", "duckdb"))
    heads = ("rows", "format", "by", *(f"{stage}, s" for stage in STAGES), "all, s",
        "processor, s", "peak, GB", "all / DuckDB", "processor / DuckDB")  # fmt: skip
    machine = f"{os.cpu_count()} processors, Python {platform.python_version()}, {names}"
    return f"""# Reading, checking and summing records

`make bench` on {datetime.now(UTC):%Y-%m-%d}: {machine}.
Medians; each measure is a process of its own, turn about. `benchmarks/ingest.py` says what is done.

| {" | ".join(heads)} |
|---|---|---{"|---:" * (len(heads) - 3)}|
{chr(10).join(lines)}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--formats", nargs="+", default=["json", "parquet"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--before", help="a checkout to measure too")
    parser.add_argument("--out", type=Path, help="file to write the results to")
    parser.add_argument("--peer", choices=PEERS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peer:
        print(json.dumps(spent(given.peer, given.folder)))
        return
    here = str(Path(__file__).parents[1])
    trees = {"mktorch": here, "duckdb": here} | ({"before": given.before} if given.before else {})
    lines = [
        line
        for form in given.formats
        for rows in given.rows
        for line in compared(rows, form, given.rounds, trees)
    ]
    print(page(lines))
    if given.out:
        given.out.write_text(page(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
