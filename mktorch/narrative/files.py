"""The texts on disk: both whole, or neither."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

REPORT = "campaign_report.md"
SUMMARY = "executive_summary.md"


@dataclass
class Published:
    """Where the texts are, by file name; empty, with `error`, where they could not be written."""

    paths: dict[str, str] = field(default_factory=dict)
    error: str | None = None


@contextmanager
def published(folder: Path, texts: Mapping[str, str]) -> Iterator[Published]:
    """Write the texts beside their places, and put them there once the block is through.

    Nothing is raised for a folder that cannot be written: `error` then says why and what to do.
    Where the block fails, nothing is put in place.
    """
    staged = {folder / name: folder / f".{name}-{os.getpid()}" for name in texts}
    try:
        outcome = _stage(folder, staged, texts)
        yield outcome
        if not outcome.error:
            for target, partial in staged.items():
                partial.replace(target)
    finally:
        for partial in staged.values():
            if folder.is_dir():
                partial.unlink(missing_ok=True)


def _stage(folder: Path, staged: Mapping[Path, Path], texts: Mapping[str, str]) -> Published:
    if not texts:
        return Published()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for target, partial in staged.items():
            if target.is_dir():
                raise IsADirectoryError(0, "a folder has its name", str(target))
            partial.write_text(texts[target.name], encoding="utf-8")
    except OSError as error:
        why = error.strerror or str(error)
        return Published(
            error=f"{folder}: the text reports could not be written ({why}); free space or "
            "choose another place with reports_dir"
        )
    return Published({target.name: str(target) for target in staged})
