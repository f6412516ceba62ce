"""The base of every foreseen error, and the error of a run that cannot be made."""

from __future__ import annotations


class MktorchError(Exception):
    """Something the user can mend; the message says what is wrong, where, and how to mend it."""


class PipelineError(MktorchError):
    """The run cannot be made; the message says which step, why, and what to do."""
