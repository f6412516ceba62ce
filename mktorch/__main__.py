"""The start of the `mktorch` command: until all is loaded, a signal ends it without a word."""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def main() -> None:
    """Entry point of the `mktorch` command."""
    from mktorch.cli import main as command

    command()


if __name__ == "__main__":
    main()
