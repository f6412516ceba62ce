"""The Quarto command line: finding it, and rendering staged documents with it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
import yaml

from mktorch.render.engine import Convert
from mktorch.render.errors import RenderError
from mktorch.render.halt import Halt
from mktorch.render.pages import Page
from mktorch.render.stage import Stage

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
            raise RenderError(f"QUARTO_PATH={named}: no quarto executable there; unset or mend it")
        return Path(found)
    found = shutil.which("quarto") or shutil.which("quarto", path=str(Path(sys.executable).parent))
    return Path(found) if found else None


@dataclass(frozen=True)
class QuartoEngine:
    """Calls Quarto for each page and format; Quarto executes the document anew for each."""

    executable: Path
    stage: Stage
    as_of: datetime
    halt: Halt

    def __call__(self, page: Page, _forms: Sequence[str]) -> Convert:
        return lambda form: self._rendered(page, form)

    def _rendered(self, page: Page, form: str) -> bytes:
        """Render one staged document to one format and return the file's bytes.

        Raises
        ------
        RenderError
            Where Quarto fails or writes nothing; the message carries the end of what it said.
        """
        document = self.stage.reports / f"{page.document}.qmd"
        command = [str(self.executable), "render", str(document), "--to", form]
        given = {"--execute-params": page.parameters, "--metadata-file": page.metadata}
        for option, content in given.items():
            file = self.stage.root / f"{page.name}{option}.yml"
            file.write_text(yaml.safe_dump(dict(content), allow_unicode=True), encoding="utf-8")
            command += [option, str(file)]
        said, code = self._called(command, document.name)
        if code:
            raise RenderError(f"{document.name}: quarto failed (exit {code})\n{_told(said)}")
        made = document.with_suffix(_EXTENSION[form])
        if not made.is_file():
            raise RenderError(f"{document.name}: quarto said it was done but wrote no {made.name}")
        rendered = made.read_bytes()
        made.unlink()
        return rendered

    def _called(self, command: list[str], name: str) -> tuple[bytes, int]:
        """What the command said, and its exit code; a halt ends it and all that it started."""
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=self.stage.root,
                env=_environment(self.stage, self.as_of),
                start_new_session=True,
            )
        except OSError as error:
            why = error.strerror or error
            raise RenderError(f"{command[0]}: cannot be started: {why}") from None
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


def _environment(stage: Stage, as_of: datetime) -> dict[str, str]:
    fonts = os.pathsep.join(str(folder) for folder in stage.font_dirs)
    seconds = int(as_of.replace(tzinfo=UTC).timestamp())
    return {
        **os.environ,
        "QUARTO_PYTHON": sys.executable,
        "TYPST_FONT_PATHS": fonts,
        "TYPST_IGNORE_SYSTEM_FONTS": "true",
        "SOURCE_DATE_EPOCH": str(seconds),
        "NO_COLOR": "1",
    }


def _told(output: bytes) -> str:
    lines = _ANSI.sub("", output.decode(errors="replace")).splitlines()
    told = [line.rstrip() for line in lines if line.strip() and not _NOISE.match(line)]
    return "\n".join(f"    {line}" for line in told[-_SHORT:])
