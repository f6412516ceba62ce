"""A pack in its folder: whole or not at all, and nothing left of the pack before it.

`pack.json` lists what belongs to the pack: file, document, campaign, size and digest. Whatever else
lies in the folder is never touched. The list is taken away before files move and written after, so
that a program that finds it reads a whole pack.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

import psutil

PACK = "pack.json"
_PARTIAL = ".partial-"

Entries = dict[str, dict[str, Any]]


@contextmanager
def workshop(folder: Path) -> Iterator[Path]:
    """A hidden folder inside `folder` to make files in; gone at the end, and `folder` if empty."""
    existed = folder.exists()
    place = folder / f"{_PARTIAL}{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        (place / "new").mkdir(parents=True, exist_ok=True)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        if not existed:
            with suppress(OSError):
                folder.rmdir()


def publish(place: Path, folder: Path, run_id: str, facts: Mapping[str, Any], whole: bool) -> None:
    """Move the files of `place`/new into `folder`, with a list of them; undone where it fails.

    A `whole` pack replaces all that the list before it named. A part of one replaces its own files
    and keeps the others, if they are of the same run.
    """
    new = place / "new"
    made = sorted(p.relative_to(new).as_posix() for p in new.rglob("*") if p.is_file())
    before = _listed(folder)
    kept = {
        name: entry
        for name, entry in before["files"].items()
        if not whole and before["run_id"] == run_id and name not in made
    }
    entries = kept | {name: _entry(new / name) | facts.get(name, {}) for name in made}
    content = {"run_id": run_id, "files": dict(sorted(entries.items()))}
    (new / PACK).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
    stale = [name for name in before["files"] if name not in entries]
    with _undoing(place / "old", folder, [PACK, *stale, *made]):
        (folder / PACK).unlink(missing_ok=True)
        for name in [*made, PACK]:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).replace(folder / name)
        for name in stale:
            (folder / name).unlink(missing_ok=True)
    for parent in {(folder / name).parent for name in stale} - {folder}:
        with suppress(OSError):
            parent.rmdir()


def _listed(folder: Path) -> dict[str, Any]:
    """The pack that lies in `folder`: its run and files, of those that are there and within it."""
    try:
        content = json.loads((folder / PACK).read_text(encoding="utf-8"))
        files = dict(content["files"])
        run_id = content["run_id"]
    except (OSError, ValueError, KeyError, TypeError):
        return {"run_id": None, "files": {}}
    return {"run_id": run_id, "files": {n: e for n, e in files.items() if _within(n, folder)}}


def _within(name: str, folder: Path) -> bool:
    path = PurePosixPath(name)
    inside = not path.is_absolute() and ".." not in path.parts and name != PACK
    return inside and (folder / name).is_file()


def _entry(file: Path) -> dict[str, Any]:
    content = file.read_bytes()
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


@contextmanager
def _undoing(aside: Path, folder: Path, names: list[str]) -> Iterator[None]:
    """Copy the named files first; where what follows fails, put everything back as it was."""
    there = [name for name in names if (folder / name).is_file()]
    for name in there:
        (aside / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / name, aside / name)
    try:
        yield
    except BaseException:
        for name in names:
            with suppress(OSError):
                if name in there:
                    (aside / name).replace(folder / name)
                else:
                    (folder / name).unlink(missing_ok=True)
        raise


def _sweep(folder: Path) -> None:
    """Remove what a killed process left behind."""
    for left in folder.glob(f"{_PARTIAL}*"):
        pid = left.name.removeprefix(_PARTIAL)
        if not (pid.isdigit() and psutil.pid_exists(int(pid))):
            shutil.rmtree(left, ignore_errors=True)
