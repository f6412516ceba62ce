"""The base of every foreseen error, a run that cannot be made, and any error in one line."""

from __future__ import annotations


class MktorchError(Exception):
    """Something the user can mend; the message says what is wrong, where, and how to mend it."""


class PipelineError(MktorchError):
    """The run cannot be made; the message says which step, why, and what to do."""


def in_a_line(error: BaseException) -> str:
    """What a library says went wrong: the system's words, or the first line of its own.

    >>> in_a_line(FileNotFoundError(2, "No such file or directory", "x.json"))
    'No such file or directory'
    >>> in_a_line(ValueError("bad page\\nat offset 3"))
    'bad page'
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return next(filter(None, str(error).splitlines()), type(error).__name__)


def is_failure(error: BaseException) -> bool:
    """Whether an error is one of the work at hand, rather than a request to stop.

    A panic of a native library is no `Exception`, and yet a failure.
    """
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"
