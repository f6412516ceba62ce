"""How a command ends: with what is said in one line, and with an exit code."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from mktorch import stops
from mktorch.errors import MktorchError, in_a_line, is_failure
from mktorch.screen import plain

DONE, FINDINGS, IMPOSSIBLE, UNFORESEEN = 0, 1, 2, 70


@contextmanager
def helpful_errors() -> Iterator[None]:
    """Turn every error into one message and an exit code: 2 where it was foreseen, else 70."""
    try:
        yield
    except MktorchError as error:
        say(f"mktorch: {error}")
        raise typer.Exit(IMPOSSIBLE) from None
    except KeyboardInterrupt:
        say("mktorch: stopped; nothing half-written was kept")
        raise typer.Exit(stops.exit_code()) from None
    except BrokenPipeError:  # who read the output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(DONE) from None
    except (MemoryError, OSError) as error:
        place = getattr(error, "filename", None)
        why = in_a_line(error) if isinstance(error, OSError) else "out of memory"
        say(f"mktorch: {f'{place}: ' if place else ''}{why}")
        raise typer.Exit(IMPOSSIBLE) from None
    except (typer.Exit, SystemExit):
        raise
    except BaseException as error:
        if not is_failure(error):
            raise
        what = f"{type(error).__name__}: {in_a_line(error)}"
        say(f"mktorch: unexpected error, {what}; traceback in {_traceback()}")
        raise typer.Exit(UNFORESEEN) from None


def _traceback() -> str:
    """Where the traceback of the error at hand was written for whoever mends it."""
    try:
        descriptor, name = tempfile.mkstemp(prefix="mktorch-traceback-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            traceback.print_exc(file=file)
    except OSError:
        return "no file: none could be written"
    return name


def say(message: str) -> None:
    print(plain(message, lines=True), file=sys.stderr)
