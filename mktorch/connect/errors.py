"""What goes wrong between an export and the sources."""

from __future__ import annotations

from mktorch.sources.rules import SourceError


class ConnectError(SourceError):
    """An export, a database or a mapping cannot be used; the message says what would mend it."""
