"""A request to stop, by Ctrl-C or SIGTERM: heard once, kept, and ended in good order."""

from __future__ import annotations

import os
import signal
from time import monotonic
from types import FrameType

_BASE = 128  # what a shell adds to a signal's number
_REPEATED = 1.0  # seconds within which a second signal is the same request


class _Asked:
    number: int | None = None
    at = 0.0


_asked = _Asked()


def listen() -> None:
    """Raise `KeyboardInterrupt` on either signal, unless the process was started to ignore it.

    A second request, a moment later, ends the process at once.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def unlisten() -> None:
    """From here on, let either signal end the process without a word."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is _stop:
            signal.signal(number, signal.SIG_DFL)


def check() -> None:
    """Stop here if that was asked for and something swallowed the request."""
    if _asked.number is not None:
        raise KeyboardInterrupt


def exit_code() -> int:
    """What a process exits with that was asked to stop: 130 for Ctrl-C, 143 for SIGTERM."""
    return _BASE + (_asked.number or signal.SIGINT)


def _stop(number: int, _: FrameType | None) -> None:
    if _asked.number is None:
        _asked.number, _asked.at = number, monotonic()
        raise KeyboardInterrupt
    if monotonic() - _asked.at > _REPEATED:
        os._exit(exit_code())
