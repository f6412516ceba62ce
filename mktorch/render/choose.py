"""Which renderer makes a pack: the one that is asked for, or what the machine has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mktorch.render.errors import RenderError
from mktorch.render.quarto import OLDEST, find_quarto, is_too_old, version_of
from mktorch.vocab import Renderer

_REMEDY = "install it (pip install 'mktorch[quarto]'), or use --renderer embedded"


@dataclass(frozen=True)
class Choice:
    """The renderer, Quarto's executable where it is Quarto, and both in words."""

    renderer: Renderer
    quarto: Path | None
    words: str


def choose(renderer: str = Renderer.AUTO) -> Choice:
    """The renderer to use; `auto` is Quarto where one is found that is new enough.

    Raises
    ------
    RenderError
        For a name that is no renderer; for `quarto` where there is none or too old a one.
    """
    try:
        wanted = Renderer(renderer)
    except ValueError:
        known = ", ".join(Renderer)
        raise RenderError(f"renderer {renderer!r} is unknown; allowed: {known}") from None
    if wanted == Renderer.EMBEDDED:
        return Choice(Renderer.EMBEDDED, None, "the embedded renderer")
    quarto = find_quarto()
    if quarto is None:
        if wanted == Renderer.QUARTO:
            raise RenderError(
                f"Quarto was not found on PATH, in QUARTO_PATH or beside this Python; {_REMEDY}"
            )
        return Choice(Renderer.EMBEDDED, None, "the embedded renderer; no Quarto was found")
    version = version_of(quarto)
    if is_too_old(version):
        old = f"{quarto} is Quarto {version}; Quarto {OLDEST[0]}.{OLDEST[1]} or newer is needed"
        if wanted == Renderer.QUARTO:
            raise RenderError(f"{old}: {_REMEDY}")
        return Choice(Renderer.EMBEDDED, None, f"the embedded renderer; {old}")
    return Choice(Renderer.QUARTO, quarto, f"Quarto {version}")
