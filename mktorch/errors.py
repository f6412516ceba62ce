"""The base of every foreseen error."""

from __future__ import annotations


class MktorchError(Exception):
    """Something the user can mend; the message says what is wrong, where, and how to mend it."""
