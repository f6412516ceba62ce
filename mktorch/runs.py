"""A run on disk: a folder that is whole or absent, and the object that reads it back.

```
runs/<run_id>/manifest.json       inputs, config, steps, table hashes, errors, model usage
runs/<run_id>/state.json          the contract of `mktorch.state`; inputs and lookups by reference
runs/<run_id>/failures.parquet    every record that failed or is suspicious
runs/<run_id>/tables/<name>.parquet
```
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import ValidationError

from mktorch import screen
from mktorch.clock import Clock
from mktorch.config import MarketingOrchestratorConfig
from mktorch.errors import MktorchError, in_a_line, is_failure
from mktorch.folders import place, sweep, workshop
from mktorch.kpis import STATE_GROUPS
from mktorch.manifest import (
    Manifest,
    TableRecord,
    digest_of,
    file_hash,
    json_text,
    manifest_text,
)
from mktorch.sources.bulk.again import summed_records
from mktorch.sources.bulk.scan import Scan
from mktorch.sources.lookups import Lookups, lookups
from mktorch.state import LOOKUPS, RECORD_TABLES, ROW_TABLES, STATE_KEYS, empty_state
from mktorch.vocab import Source

FAILURES = "failures"
DRAWN = "drawn"
_NESTED_JSON = ("evidence",)


class RunError(MktorchError):
    """A run cannot be written or read; the message says where and what to do."""


class Tables(Mapping[str, pl.DataFrame]):
    """A run's tables by name, as attributes or items, each read on first use."""

    def __init__(
        self,
        path: Path,
        manifest: Manifest,
        frames: Mapping[str, pl.DataFrame] | None = None,
    ) -> None:
        self._path = path
        self._manifest = manifest
        self._records = {n: r for n, r in sorted(manifest.tables.items()) if n != DRAWN}
        self._frames = dict(frames or {})

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._records:
            near = difflib.get_close_matches(name, self._records, n=3)
            hint = f"; near it: {', '.join(near)}" if near else ""
            raise KeyError(f"this run has no table {name!r}{hint}")
        if name not in self._frames:
            self._frames[name] = self._read(name)
        return self._frames[name]

    def __getattr__(self, name: str) -> pl.DataFrame:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def _read(self, name: str) -> pl.DataFrame:
        path = table_path(self._path, name)
        try:
            frame = pl.read_parquet(path, glob=False)
            if name == Source.PERFORMANCE_METRICS and self._manifest.scan is not None:
                drawn = pl.read_parquet(table_path(self._path, DRAWN), glob=False)
                assets = self[Source.CREATIVE_ASSETS]["asset_id"]
                more = summed_records(self._manifest, frame.schema, drawn, assets)
                frame = pl.concat([frame, more])
            return frame
        except BaseException as error:
            if isinstance(error, MktorchError) or not is_failure(error):
                raise
            raise _damaged(path, in_a_line(error)) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._records]

    def __repr__(self) -> str:
        return screen.names(self._title, self._records)

    def _repr_html_(self) -> str:
        rows = {name: f"{record.rows:,} rows" for name, record in self._records.items()}
        return screen.html_rows(self._title, rows, folded=True)

    @property
    def _title(self) -> str:
        return f"{len(self)} tables of run {self._path.name}"


class _Built(Mapping[str, Any]):
    """A mapping whose values are built when they are asked for."""

    def __init__(self, keys: Mapping[str, Any], build: Callable[[str], Any]) -> None:
        self._keys, self._build = keys, build

    def __getitem__(self, key: str) -> Any:
        self._keys[key]  # the underlying mapping words its own KeyError
        return self._build(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


class Run:
    """A finished run, read from its folder; tables, lookups and state are loaded on use.

    `frames` are tables that need not be read, by name.
    """

    def __init__(
        self, path: Path, manifest: Manifest, frames: Mapping[str, pl.DataFrame] | None = None
    ) -> None:
        self.path = path
        self.manifest = manifest
        self.tables = Tables(path, manifest, frames)

    @property
    def run_id(self) -> str:
        return self.manifest.run_id

    @property
    def ok(self) -> bool:
        """Whether every step ran and no record failed."""
        return not self.manifest.errors and not any(i.failed for i in self.manifest.inputs)

    @cached_property
    def config(self) -> MarketingOrchestratorConfig:
        """The configuration in force, free of this machine's environment."""
        try:
            return MarketingOrchestratorConfig(**self.manifest.config)
        except ValueError as error:
            raise _damaged(self.path / "manifest.json", in_a_line(error)) from None

    @cached_property
    def lookups(self) -> Lookups:
        return lookups({source: self.tables[source] for source in Source})

    @cached_property
    def state(self) -> Mapping[str, Any]:
        """The whole contract, each list and lookup built when it is asked for."""
        stored = _read_json(self.path / "state.json")

        def build(key: str) -> Any:
            if key in LOOKUPS:
                held = getattr(self.lookups, key)
                return _Built(held, lambda name: _value(held[name]))
            return records(self.tables[key]) if key in set(Source) else stored[key]

        return _Built(stored, build)

    @cached_property
    def clock(self) -> Clock:
        """When the run looks from, and its windows."""
        config = self.config
        return Clock(self.manifest.as_of, config.window_days, config.reporting_timezone)

    def __repr__(self) -> str:
        return screen.rows(f"Run {self.run_id}", self._facts)

    def _repr_html_(self) -> str:
        return screen.html_rows(f"Run {self.run_id}", self._facts) + self.tables._repr_html_()

    @property
    def _facts(self) -> dict[str, object]:
        held = self.manifest
        read, failed = (sum(getattr(i, name) for i in held.inputs) for name in ("rows", "failed"))
        return {
            "as of": f"{held.as_of:%Y-%m-%d %H:%M}",
            "scope": held.campaign_id or "all campaigns",
            "records": f"{read:,} read, {failed:,} set apart",
            "steps": f"{len(held.steps)} run, {len(held.errors)} failed",
            "tables": len(self.tables),
            "folder": self.path,
        }


def load_run(path: str | Path) -> Run:
    """Open a run folder.

    Raises
    ------
    RunError
        Where the folder holds no whole run.
    """
    folder = Path(path)
    file = folder / "manifest.json"
    if not file.is_file():
        raise RunError(f"{folder}: no run here (manifest.json is missing); give a folder of runs/")
    try:
        manifest = Manifest.model_validate(_read_json(file))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise RunError(
            f"{file}: not a manifest of this version ({where}: {first['msg']}); make the run again"
        ) from None
    return Run(folder, manifest)


def stored_runs(runs_dir: str | Path) -> tuple[list[Run], list[RunError]]:
    """The runs in `runs_dir`, newest last, and what is wrong with those that cannot be read.

    What is being made, or was left half-made, is under a hidden name and no run.
    """
    found: list[Run] = []
    broken: list[RunError] = []
    for file in sorted(Path(runs_dir).glob("[!.]*/manifest.json")):
        try:
            found.append(load_run(file.parent))
        except RunError as error:
            broken.append(error)
    return sorted(found, key=lambda r: (r.manifest.as_of, r.run_id)), broken


def latest(runs_dir: str | Path) -> Path:
    """The run in `runs_dir` with the newest `as_of`, the last written where several share it."""
    found, broken = stored_runs(runs_dir)
    if not found:
        raise (
            broken[0]
            if broken
            else RunError(f"{runs_dir}: holds no run yet; make one with `mktorch run`")
        )
    return max(found, key=lambda r: (r.manifest.as_of, _written(r))).path


def check_whole(run: Run) -> None:
    """See to it that every file of a run is there, as it was written.

    Raises
    ------
    RunError
        Naming the first file that is missing or changed.
    """
    hashes = {table_path(run.path, n): r.sha256 for n, r in run.manifest.tables.items()}
    if run.manifest.state_sha256:
        hashes[run.path / "state.json"] = run.manifest.state_sha256
    for path, expected in hashes.items():
        try:
            if file_hash(path) != expected:
                raise _damaged(path, "it is not what the run wrote")
        except OSError as error:
            raise _damaged(path, in_a_line(error)) from None
    if not run.manifest.state_sha256:
        _read_json(run.path / "state.json")


def write_run(
    runs_dir: str | Path,
    manifest: Manifest,
    tables: Mapping[str, pl.DataFrame],
    state: Mapping[str, Any],
    bulk: Scan | None = None,
) -> Path:
    """Write a run beside its place and rename it in, so that it is whole or absent.

    A run of the same id is replaced. Returns the run's folder.

    Raises
    ------
    RunError
        Where the folder cannot be written or the disk is full; nothing half-written is left.
    """
    target = Path(runs_dir).resolve() / manifest.run_id
    try:
        sweep(target.parent)
        with workshop(target.parent, target.name) as made:
            (made / "tables").mkdir()
            held = dict(tables) if bulk is None else {**tables, DRAWN: bulk.drawn}
            written = {name: _write_table(made, name, held[name]) for name in sorted(held)}
            _write_json(made / "state.json", state)
            facts = {"tables": written, "state_sha256": file_hash(made / "state.json")}
            told = manifest.model_copy(update=facts)
            told = told.model_copy(update={"digest": digest_of(told)})
            (made / "manifest.json").write_text(manifest_text(told), encoding="utf-8")
            place(made, target)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RunError(
            f"{target}: the run could not be written ({in_a_line(error)}); "
            "free space or choose another place with --out"
        ) from None
    return Path(runs_dir) / manifest.run_id


def state_of(
    tables: Mapping[str, pl.DataFrame], settled: Mapping[str, Any], bulk: Scan | None = None
) -> dict[str, Any]:
    """The contract as stored: results in full, inputs and lookups as references to tables.

    `settled` holds the keys that are no table: goal, plan, errors, processing time, texts; `bulk`
    the performance records that were summed where they are.
    """
    state = empty_state()
    references = {str(source): source for source in Source} | dict(LOOKUPS)
    for key, source in references.items():
        more = bulk.rows if bulk is not None and source == Source.PERFORMANCE_METRICS else 0
        state[key] = {"table": f"tables/{source}.parquet", "rows": tables[source].height + more}
    for key, name in RECORD_TABLES.items():
        if name in tables:
            state[key] = records(tables[name])
    for key, names in ROW_TABLES.items():
        made = next((name for name in names if name in tables), None)
        if made:
            state[key] = records(tables[made])[0]
    if "measured_kpis" in tables:
        for key, group in STATE_GROUPS.items():
            rows = tables["measured_kpis"].filter(group=str(group))
            state[key] = dict(zip(rows["kpi"], rows["value"], strict=True))
        words = tables["measured_kpi_status"]
        state["kpi_status"] = dict(zip(words["group"], words["status"], strict=True))
    return {key: settled.get(key, state[key]) for key in STATE_KEYS}


def records(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """A table as JSON-ready records: times as ISO text, hidden columns left out.

    >>> records(pl.DataFrame({"day": ["2026-03-01"], "_row": [1]}).with_columns(
    ...     pl.col("day").str.to_date()))
    [{'day': '2026-03-01'}]
    """
    shown = frame.select(pl.exclude("^_.*$"))
    rows = shown.with_columns(pl.selectors.temporal().dt.to_string("iso:strict")).to_dicts()
    for column in _NESTED_JSON:
        if shown.schema.get(column) == pl.String:
            for row in rows:
                row[column] = None if row[column] is None else json.loads(row[column])
    return rows


def table_path(folder: Path, name: str) -> Path:
    """Where a run keeps a table."""
    beside = name in (FAILURES, DRAWN)
    return folder / f"{name}.parquet" if beside else folder / f"tables/{name}.parquet"


def _value(held: Any) -> Any:
    return records(held) if isinstance(held, pl.DataFrame) else held


def _write_table(folder: Path, name: str, frame: pl.DataFrame) -> TableRecord:
    path = table_path(folder, name)
    frame.write_parquet(path)
    return TableRecord(rows=frame.height, sha256=file_hash(path))


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json_text(content, indent=None), encoding="utf-8")


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, in_a_line(error)) from None


def _written(run: Run) -> int:
    try:
        return run.path.stat().st_mtime_ns
    except OSError:  # replaced at this moment, and so the newest
        return sys.maxsize


def _damaged(path: Path, why: str) -> RunError:
    return RunError(f"{path}: cannot be read ({why}); make the run again with `mktorch run`")
