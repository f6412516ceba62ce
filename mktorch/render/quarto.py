"""The Quarto command line: finding it, and rendering a staged document with it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from mktorch.render.errors import RenderError
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


def render_with_quarto(
    quarto: Path,
    document: Path,
    form: str,
    parameters: Mapping[str, Any],
    stage: Stage,
    as_of: datetime,
) -> bytes:
    """Render one staged document to one format and return the file's bytes.

    Raises
    ------
    RenderError
        Where Quarto fails or writes nothing; the message carries the end of what it said.
    """
    given = stage.root / f"{document.stem}-parameters.yml"
    given.write_text(yaml.safe_dump(dict(parameters), allow_unicode=True), encoding="utf-8")
    command = [str(quarto), "render", str(document), "--to", form, "--execute-params", str(given)]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            cwd=stage.root,
            env=_environment(stage, as_of),
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RenderError(f"{document.name}: quarto took longer than {_TIMEOUT} s") from None
    except OSError as error:
        raise RenderError(f"{quarto}: cannot be started: {error.strerror or error}") from None
    if done.returncode:
        said = _said(done.stderr + done.stdout)
        raise RenderError(f"{document.name}: quarto failed (exit {done.returncode})\n{said}")
    made = document.with_suffix(_EXTENSION[form])
    if not made.is_file():
        raise RenderError(f"{document.name}: quarto said it was done but wrote no {made.name}")
    return made.read_bytes()


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


def _said(output: bytes) -> str:
    lines = _ANSI.sub("", output.decode(errors="replace")).splitlines()
    told = [line.rstrip() for line in lines if line.strip() and not _NOISE.match(line)]
    return "\n".join(f"    {line}" for line in told[-_SHORT:])
