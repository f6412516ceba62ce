"""A pack in its folder: whole or not at all, and nothing left of the pack before it.

`pack.json` lists what belongs to the pack: file, document, campaign, size and digest. The folder
changes as a whole, in one rename, with whatever else lies in it. Where that cannot be (the folder
is a mount, somebody's working folder, or holds much else), its files change one by one: the list is
taken away before and written after, so that a program that finds it reads a whole pack.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from mktorch import folders
from mktorch.folders import exchange, locked, sweep, sync

PACK = "pack.json"
_MOVING = ".pack.json"  # the list while files move: of the pack before and the pack to be
_FEW = 100  # other files that may move with the pack

Entries = dict[str, dict[str, Any]]


@contextmanager
def workshop(folder: Path) -> Iterator[Path]:
    """A hidden folder to make a pack's files in, beside `folder` where that may be written."""
    folder = folder.resolve()
    existed = folder.exists()
    if existed and not folder.is_dir():
        raise FileExistsError(errno.EEXIST, "a file has its name", str(folder))
    if existed and not os.access(folder, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    sweep(folder.parent, folder.name)
    sweep(folder)
    beside = folder.parent if os.access(folder.parent, os.W_OK) else folder
    try:
        with folders.workshop(beside, folder.name) as place:
            (place / "new").mkdir()
            yield place
    finally:
        if not existed:
            with suppress(OSError):
                folder.rmdir()


def publish(place: Path, folder: Path, run_id: str, facts: Mapping[str, Any], whole: bool) -> None:
    """Put the files of `place`/new into `folder`, with a list of them; undone where it fails.

    A `whole` pack replaces all that the list before it named. A part of one replaces its own files
    and keeps the others, if they are of the same run.
    """
    folder, new = folder.resolve(), place / "new"
    made = sorted(p.relative_to(new).as_posix() for p in new.rglob("*") if p.is_file())
    with locked(folder.parent):
        before = listed_pack(folder)
        kept = {
            name: entry
            for name, entry in before["files"].items()
            if not whole and before["run_id"] == run_id and name not in made
        }
        entries = kept | {name: _entry(new / name) | facts.get(name, {}) for name in made}
        _write_list(new / PACK, run_id, entries)
        sync(new)
        stale = [name for name in before["files"] if name not in entries]
        others = _others(folder, [*before["files"], *made])
        if others is None or not _moved_whole(place, folder, [*kept, *others]):
            _moved_one_by_one(place, folder, run_id, made, stale, entries | before["files"])


def _others(folder: Path, names: Sequence[str]) -> list[str] | None:
    """The files in `folder` that are none of the pack's; None where they are more than a few.

    A folder of somebody else's in it is more than a few, and so is this process's working folder.
    """
    if folder == Path.cwd() or folder in Path.cwd().parents:
        return None
    known = {PurePosixPath(name) for name in (*names, PACK, _MOVING)}
    parents = {parent for name in known for parent in name.parents}
    found = []
    for path in folder.rglob("*"):
        inside = PurePosixPath(path.relative_to(folder).as_posix())
        if path.is_symlink() or not (path.is_file() or (path.is_dir() and inside in parents)):
            return None
        if path.is_file() and inside not in known:
            found.append(str(inside))
        if len(found) > _FEW:
            return None
    return found


def _moved_whole(place: Path, folder: Path, others: Sequence[str]) -> bool:
    """Let the new folder, with what else belongs in it, and `folder` change places."""
    new = place / "new"
    if place.parent != folder.parent:
        return False
    try:
        if not folder.exists():
            new.rename(folder)
            return True
        for name in others:
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            os.link(folder / name, new / name)
        shutil.copymode(folder, new)
    except OSError:
        changed = False
    else:
        changed = exchange(new, folder)
    if not changed:
        for name in others:
            (new / name).unlink(missing_ok=True)
    return changed


def _moved_one_by_one(
    place: Path,
    folder: Path,
    run_id: str,
    made: Sequence[str],
    stale: Sequence[str],
    listed: Mapping[str, Any],
) -> None:
    """Move the files of the new pack into `folder`, and remove the stale ones."""
    new = place / "new"
    with _undoing(place / "old", folder, [PACK, _MOVING, *stale, *made]):
        folder.mkdir(exist_ok=True)
        _write_list(folder / _MOVING, run_id, listed)
        (folder / PACK).unlink(missing_ok=True)
        for name in [*made, PACK]:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).replace(folder / name)
        for name in stale:
            (folder / name).unlink(missing_ok=True)
    (folder / _MOVING).unlink(missing_ok=True)
    for parent in {(folder / name).parent for name in stale} - {folder}:
        with suppress(OSError):
            parent.rmdir()


def _write_list(path: Path, run_id: str, entries: Mapping[str, Any]) -> None:
    content = {"run_id": run_id, "files": dict(sorted(entries.items()))}
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def listed_pack(folder: Path) -> dict[str, Any]:
    """The pack that lies in `folder`: its run and files, of those that are there and within it.

    Where a move was cut short, all that it knew of is of no one run.
    """
    halfway = (folder / _MOVING).exists()
    try:
        content = json.loads((folder / (_MOVING if halfway else PACK)).read_bytes())
        files = dict(content["files"])
        run_id = None if halfway else content["run_id"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
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
