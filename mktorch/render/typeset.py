"""Sets a Typst file as PDF, in a process of its own.

Typst keeps what it worked out for the next document: some 350 MB after fifty sheets, which end with
the process. Started as a file of its own, it imports nothing of mktorch.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime


@dataclass(eq=False)
class TypesetError(Exception):
    """Why Typst set nothing: its message and where; `families` where the font is none of them."""

    message: str
    diagnostic: str = ""
    families: tuple[str, ...] = ()


def typeset(file: str, root: str, fonts: str, family: str, seconds: float) -> bytes:
    """A Typst file's PDF, in the fonts of one folder, dated by its POSIX time.

    Raises
    ------
    TypesetError
        Where the fonts lack `family`, Typst refuses the file, or its process dies.
    """
    asked = json.dumps([file, root, fonts, family, seconds]).encode()
    command = [sys.executable, "-I", __file__]
    done = subprocess.run(command, input=asked, capture_output=True, check=False)
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.decode(errors="replace").strip()
    try:
        raise TypesetError(**json.loads(said))
    except (ValueError, TypeError):
        raise TypesetError(f"its process ended with {done.returncode}", said) from None


def _set(file: str, root: str, fonts: str, family: str, seconds: float) -> bytes:
    import typst

    held = typst.Fonts(False, True, [fonts])
    if family not in held.families():
        raise TypesetError("", families=tuple(held.families()))
    try:
        made = typst.compile(
            file,
            root=root,
            font_paths=held,
            ignore_system_fonts=True,
            format="pdf",
            timestamp=datetime.fromtimestamp(seconds, UTC),
        )
    except typst.TypstError as error:
        raise TypesetError(error.message, str(error.diagnostic)) from None
    assert isinstance(made, bytes)
    return made


if __name__ == "__main__":
    try:
        sys.stdout.buffer.write(_set(*json.load(sys.stdin)))
    except TypesetError as refused:
        sys.exit(json.dumps(asdict(refused)))
