"""Whether a run is still what it was: manifest, files, inputs, and what they give anew.

A sealed run is a link in `seals.jsonl`: each link holds a hash of its run and of the link before,
so that a run that was edited or removed afterwards is noticed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mktorch.config import load_config
from mktorch.connect import feed_files
from mktorch.errors import MktorchError, in_a_line
from mktorch.folders import locked, scratch
from mktorch.manifest import digest_of, file_hash, manifest_text
from mktorch.pipeline import FRAMES, run_configured
from mktorch.runs import Run, RunError, check_whole, stored_runs
from mktorch.version import __version__

SEALS = "seals.jsonl"
_MEASURED = "measured_"  # tables that hold measured time


def verify(run: Run, *, anew: bool = True) -> list[str]:
    """What of a run no longer matches, one line each; none where all does.

    The manifest against its digest, every table and the state against the manifest, every input
    against its hash; then, with `anew`, the run is made again and its tables are compared.
    """
    found = [*_manifest(run), *_outputs(run), *_inputs(run), *broken_seals(run.path.parent)]
    return found or (list(_again(run)) if anew else [])


def seal(runs_dir: Path) -> int:
    """Add every run that has none as a link to the chain of seals; how many were added."""
    file = runs_dir / SEALS
    with locked(runs_dir):
        links = list(_links(file))
        known = {link["run_id"] for link in links}
        runs, _ = stored_runs(runs_dir)
        fresh = [run for run in runs if run.run_id not in known]
        for run in fresh:
            before = links[-1]["seal"] if links else ""
            links.append(_link(run.run_id, _content(run), before))
        beside = file.with_name(f".{SEALS}")
        beside.write_text("".join(json.dumps(link) + "\n" for link in links), encoding="utf-8")
        beside.replace(file)
    return len(fresh)


def broken_seals(runs_dir: Path) -> Iterator[str]:
    """What the chain of seals says of the runs beside it."""
    file = runs_dir / SEALS
    runs = {run.run_id: run for run in stored_runs(runs_dir)[0]} if file.exists() else {}
    before = ""
    for link in _links(file):
        run_id, content = str(link.get("run_id")), str(link.get("content"))
        if link != _link(run_id, content, before):
            yield f"{file}: the link of run {run_id} was changed"
        elif run_id not in runs:
            yield f"{runs_dir / run_id}: the run was sealed and is gone, or cannot be read"
        elif _content(runs[run_id]) != content:
            yield f"{runs_dir / run_id}: the run was changed after it was sealed"
        before = str(link.get("seal"))


def _links(file: Path) -> Iterator[dict[str, Any]]:
    if file.exists():
        try:
            for line in file.read_text(encoding="utf-8").splitlines():
                yield dict(json.loads(line))
        except (OSError, ValueError, TypeError) as error:
            raise RunError(f"{file}: cannot be read ({in_a_line(error)})") from None


def _link(run_id: str, content: str, before: str) -> dict[str, Any]:
    seal = hashlib.sha256(f"{before} {run_id} {content}".encode()).hexdigest()
    return {"run_id": run_id, "content": content, "seal": seal}


def _content(run: Run) -> str:
    """A hash of what decides and what was decided; the same for a run that is made again."""
    kept = run.manifest.model_dump(
        mode="json", include={"run_id", "version", "as_of", "inputs", "config"}
    )
    kept["tables"] = _lasting(run)
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _lasting(run: Run) -> dict[str, str]:
    tables = run.manifest.tables.items()
    return {n: record.sha256 for n, record in tables if not n.startswith(_MEASURED)}


def _manifest(run: Run) -> Iterator[str]:
    file = run.path / "manifest.json"
    held = run.manifest
    if not held.digest:
        yield f"{file}: has no digest; it was written by an earlier version"
    elif digest_of(held) != held.digest or file.read_text("utf-8") != manifest_text(held):
        yield f"{file}: was changed after it was written"
    if run.path.name != held.run_id:
        yield f"{run.path}: the folder is not called by its run, {held.run_id}"


def _outputs(run: Run) -> Iterator[str]:
    try:
        check_whole(run)
    except RunError as error:
        yield str(error)


def _inputs(run: Run) -> Iterator[str]:
    folder = Path(str(run.manifest.config.get("data_dir")))
    if str(folder) == FRAMES:
        return
    exports = feed_files(run.config)
    for record in run.manifest.inputs:
        if "://" in record.path:
            continue  # a query's answer is no file: it is compared where the run is made again
        path = exports.get(record.path, folder / record.path)
        try:
            if file_hash(path) != record.sha256:
                yield f"{path}: is not the file that the run read"
        except OSError as error:
            yield f"{path}: cannot be read ({in_a_line(error)})"


def _again(run: Run) -> Iterator[str]:
    """Make the run again beside and compare it."""
    if str(run.manifest.config.get("data_dir")) == FRAMES:
        return
    if run.manifest.version != __version__:
        yield f"{run.path}: made by version {run.manifest.version}, this is {__version__}"
        return
    with scratch() as folder:
        places = {"runs_dir": f"{folder}/runs", "reports_dir": f"{folder}/reports"}
        try:
            config, origins = load_config(overrides={**run.manifest.config, **places}, alone=True)
            made = run_configured(config, origins, run.manifest.campaign_id)
        except MktorchError as error:
            yield f"{run.path}: cannot be made again: {error}"
            return
        if made.run_id != run.run_id:
            yield f"{run.path}: the same inputs and settings give run {made.run_id}"
        then, now = _lasting(run), _lasting(made)
        for name in sorted({*then, *now}):
            if then.get(name) != now.get(name):
                yield f"{run.path}: made again, table {name} differs"
