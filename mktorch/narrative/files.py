"""The texts on disk: both whole, or neither; never without their run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mktorch.errors import PipelineError, in_a_line
from mktorch.folders import locked, sweep, workshop

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
    if not texts:
        yield Published()
        return
    outcome = Published()
    with ExitStack() as stack:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            sweep(folder.parent)
            made = stack.enter_context(workshop(folder.parent, folder.name))
            outcome.paths = _stage(folder, made, texts)
        except OSError as error:
            outcome.error = _failed(folder, error)
        yield outcome
        if outcome.error:
            return
        try:
            with locked(folder.parent):  # a pack may just be changing places with the folder
                folder.mkdir(exist_ok=True)
                for name in texts:
                    (made / name).replace(folder / name)
        except OSError as error:
            raise PipelineError(_failed(folder, error)) from None


def _failed(folder: Path, error: OSError) -> str:
    return (
        f"{folder}: the text reports could not be written ({in_a_line(error)}); "
        "free space or choose another place with reports_dir"
    )


def _stage(folder: Path, made: Path, texts: Mapping[str, str]) -> dict[str, str]:
    """Write the texts into `made`; name -> where each will be."""
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(0, "a file has its name", str(folder))
    for name, text in texts.items():
        if (folder / name).is_dir():
            raise IsADirectoryError(0, "a folder has its name", str(folder / name))
        (made / name).write_text(text, encoding="utf-8")
    return {name: str(folder / name) for name in texts}
