"""The one error a renderer raises."""

from __future__ import annotations

from pathlib import Path

from mktorch.errors import MktorchError


class RenderError(MktorchError):
    """A document cannot be rendered; the message says where, why, and what to do."""

    @classmethod
    def at(cls, file: Path, line: int, what: str) -> RenderError:
        return cls(f"{file.name}:{line}: {what}")
