"""Folders that are whole or absent: made beside their place, and put there in one rename.

A folder in the making is locked by its maker. The lock ends with the process, however that ends,
so that a folder nobody holds is what a killed process left, whatever number its process had.
"""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

try:
    import fcntl
except ImportError:  # a system without advisory locks: nothing is swept there
    fcntl = None  # type: ignore[assignment]

PARTIAL = ".partial-"
_ASIDE = ".aside-"
_SCRATCH = "mktorch-"
_FILES_AT = -100  # AT_FDCWD: paths as they stand
_EXCHANGE = 2  # RENAME_EXCHANGE


@contextmanager
def workshop(parent: Path, name: str) -> Iterator[Path]:
    """A hidden folder in `parent` to make `name` in; gone at the end, unless put in its place."""
    parent.mkdir(parents=True, exist_ok=True)
    with _held(parent, f"{PARTIAL}{name}-", 0o777) as path:
        yield path


@contextmanager
def scratch() -> Iterator[Path]:
    """A private temporary folder; what killed processes left of theirs is removed first."""
    parent = Path(tempfile.gettempdir()).resolve()
    _remove_left(parent, _SCRATCH)
    with _held(parent, _SCRATCH, 0o700) as path:
        yield path


def sweep(parent: Path, name: str = "") -> None:
    """Remove what killed processes left in `parent` (of `name`, where one is given).

    Where a process was killed between moving a folder aside and putting the new one in its place,
    the old one is put back.
    """
    with suppress(OSError), locked(parent):
        for aside in parent.glob(f"{_ASIDE}{escape(name) or '*'}"):
            stood = parent / aside.name.removeprefix(_ASIDE)
            if stood.exists():
                shutil.rmtree(aside, ignore_errors=True)
            else:
                aside.rename(stood)
    _remove_left(parent, f"{PARTIAL}{name}")


def place(made: Path, target: Path) -> None:
    """Put a folder in `target`'s place, in one step; what stood there is then at `made`.

    Everything is on the disk before it is in place.

    Raises
    ------
    OSError
        Where it cannot be put there; what stood there stands.
    """
    sync(made)
    with locked(target.parent):
        try:
            made.rename(target)
        except OSError:
            if not target.is_dir():
                raise
            if not exchange(made, target):
                _one_after_the_other(made, target)
    _sync_one(target.parent)


def exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; False where the system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    paths = (_FILES_AT, os.fsencode(one), _FILES_AT, os.fsencode(other))
    return bool(rename(*paths, _EXCHANGE) == 0)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder against other threads and processes that ask the same; for short steps."""
    descriptor = _lock(folder)
    try:
        yield
    finally:
        _close(descriptor)


@contextmanager
def _held(parent: Path, prefix: str, mode: int) -> Iterator[Path]:
    while True:
        path = parent / f"{prefix}{secrets.token_hex(4)}"
        path.mkdir(mode)
        descriptor = _lock(path)
        if path.is_dir():
            break
        _close(descriptor)  # swept before it was held
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        _close(descriptor)


def _remove_left(parent: Path, prefix: str) -> None:
    """Remove every folder of this prefix that is ours and that nobody holds."""
    for left in parent.glob(f"{escape(prefix)}*") if fcntl else ():
        with suppress(OSError):
            if left.is_symlink() or left.stat().st_uid != os.getuid():
                continue
            descriptor = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(descriptor)


def _lock(folder: Path) -> int | None:
    """Wait for a folder's lock; None where the system or the disk has none."""
    if fcntl is None:
        return None
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor
    return None


def _close(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)


def _one_after_the_other(made: Path, target: Path) -> None:
    """Two renames, where one will not do; `sweep` mends what a kill between them leaves."""
    aside = target.with_name(f"{_ASIDE}{target.name}")
    target.rename(aside)
    try:
        made.rename(target)
    except BaseException:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def sync(folder: Path) -> None:
    """Have a folder and all that is in it written to the disk itself."""
    for root, _, files in os.walk(folder):
        for name in files:
            _sync_one(Path(root, name))
        _sync_one(Path(root))


def _sync_one(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:  # a system on which folders are not opened
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EBADF, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
