"""The Quarto command line: finding it, and rendering staged documents with it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import psutil

from mktorch.errors import in_a_line
from mktorch.render.engine import Convert
from mktorch.render.errors import RenderError
from mktorch.render.execute import Output
from mktorch.render.halt import Halt
from mktorch.render.leash import leashed
from mktorch.render.notebook import notebook
from mktorch.render.qmd import Cell, Document
from mktorch.render.stage import Stage

OLDEST = (1, 9)  # whose Typst writes tagged PDFs, and which finds fonts beside a document
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_NOISE = re.compile(
    r"^(Starting .*kernel|Executing |\s*Cell \d+/\d+|processing file|Stack trace:|\s+at )"
)
_SHORT = 15  # lines of Quarto's own words that a message shows
_TIMEOUT = 900  # seconds a document may take
_EXTENSION = {"html": ".html", "typst": ".pdf"}


def find_quarto() -> Path | None:
    """Quarto's executable: `QUARTO_PATH` (a file, or its folder), `PATH`, or beside this Python.

    The `quarto` extra installs its command beside the interpreter, which need not be on PATH.
    """
    named = os.environ.get("QUARTO_PATH")
    if named:
        path = Path(named)
        found = shutil.which("quarto", path=str(path)) if path.is_dir() else shutil.which(named)
        if found is None:
            raise RenderError(f"QUARTO_PATH={named}: no quarto executable there; unset or fix it")
        return Path(found)
    found = shutil.which("quarto") or shutil.which("quarto", path=str(Path(sys.executable).parent))
    return Path(found) if found else None


@cache
def version_of(quarto: Path) -> str:
    """The version that a Quarto says it is.

    Raises
    ------
    RenderError
        Where it cannot be started or says none.
    """
    try:
        done = subprocess.run([quarto, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RenderError(f"{quarto}: cannot be started: {error}") from None
    said = done.stdout.decode(errors="replace").strip()
    if not re.match(r"\d+\.\d+", said):
        raise RenderError(
            f"{quarto}: it does not say its version; reinstall it, or use --renderer embedded"
        )
    return said


def is_too_old(version: str) -> bool:
    """Whether a version is older than what the documents need.

    >>> [is_too_old(version) for version in ("1.8.27", "1.9.0", "1.11.3", "99.9.9")]
    [True, False, False, False]
    """
    major, minor = re.findall(r"\d+", version)[:2]
    return (int(major), int(minor)) < OLDEST


@dataclass(frozen=True)
class Quarto:
    """Converts executed documents with the Quarto command line; PDFs are dated `as_of`."""

    executable: Path
    stage: Stage
    as_of: datetime
    halt: Halt

    def __call__(self, document: Document, outputs: Mapping[Cell, list[Output]]) -> Convert:
        def finished(form: str) -> bytes:
            held = notebook(document, outputs, form)
            executed = self.stage.reports / f"{document.name}.ipynb"
            executed.write_text(held.text, encoding="utf-8")
            made = self._rendered(executed, document.path.name, form)
            return held.restored(made.decode()).encode() if held.pieces else made

        return finished

    def _rendered(self, executed: Path, name: str, form: str) -> bytes:
        """Render an executed notebook to one format and return the file's bytes.

        Raises
        ------
        RenderError
            Where Quarto fails or writes nothing; the message carries the end of what it said.
        """
        said, code = self._called(
            [str(self.executable), "render", str(executed), "--to", form], name
        )
        if code:
            raise RenderError(f"{name}: quarto failed (exit {code})\n{_told(said)}")
        made = executed.with_suffix(_EXTENSION[form])
        if not made.is_file():
            raise RenderError(f"{name}: quarto said it was done but wrote no {made.name}")
        rendered = made.read_bytes()
        made.unlink()
        return rendered

    def _called(self, command: list[str], name: str) -> tuple[bytes, int]:
        """What the command said, and its exit code; a halt ends it and all that it started.

        It ends with this process, too, even where that is killed.
        """
        with leashed(command) as (tied, leash):
            try:
                process = subprocess.Popen(
                    tied,
                    stdin=leash,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    cwd=self.stage.root,
                    env=_environment(self.as_of),
                    start_new_session=True,
                )
            except OSError as error:
                raise RenderError(f"{command[0]}: cannot be started: {in_a_line(error)}") from None
            with process, self.halt.ending(lambda: _end(process.pid)):
                try:
                    said, _ = process.communicate(timeout=_TIMEOUT)
                except subprocess.TimeoutExpired:
                    _end(process.pid)
                    raise RenderError(f"{name}: quarto took longer than {_TIMEOUT} s") from None
        return said, process.returncode


def _end(pid: int) -> None:
    """End a process and all that it started."""
    with suppress(psutil.Error):
        parent = psutil.Process(pid)
        for process in [*parent.children(recursive=True), parent]:
            with suppress(psutil.Error):
                process.kill()


def _environment(as_of: datetime) -> dict[str, str]:
    seconds = int(as_of.replace(tzinfo=UTC).timestamp())
    return {
        **os.environ,
        "QUARTO_PYTHON": sys.executable,
        "TYPST_IGNORE_SYSTEM_FONTS": "true",
        "SOURCE_DATE_EPOCH": str(seconds),
        "NO_COLOR": "1",
    }


def _told(output: bytes) -> str:
    lines = _ANSI.sub("", output.decode(errors="replace")).splitlines()
    told = [line.rstrip() for line in lines if line.strip() and not _NOISE.match(line)]
    return "\n".join(f"    {line}" for line in told[-_SHORT:])
