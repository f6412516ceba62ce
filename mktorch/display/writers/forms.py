"""What the writers share: a role's form, and a node filled into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from mktorch.display.nodes import Node


class Form(NamedTuple):
    """How a role is written: around its parts, between them, and its text.

    `frame` holds `{}` for what is within; `void` is written where nothing is, if given.
    """

    frame: str = "{}"
    join: str = ""
    text: Callable[[str], str] | None = None
    void: str | None = None


def filled(
    node: Node,
    form: Form,
    write: Callable[[Any], str],
    text: Callable[[str], str],
    **values: object,
) -> str:
    """A node in its form; `write` writes its parts, `text` its text where the form does not."""
    within = (
        (form.text or text)(node.of)
        if isinstance(node.of, str)
        else form.join.join(filter(None, map(write, node.of)))
    )
    if form.void is not None and not within:
        return form.void
    return form.frame.format(within, **values)
