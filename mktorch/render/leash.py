"""Runs a command that ends when whoever asked for it does, with all that it started.

Started as a file of its own: standard input is a pipe whose other end the asking process holds and
never writes to, so that it ends with that process, however that ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def leashed(command: Sequence[str]) -> Iterator[tuple[list[str], int]]:
    """The command on a leash, and the standard input to start it with; for as long as this runs."""
    if os.name != "posix":
        yield list(command), subprocess.DEVNULL
        return
    inner, outer = os.pipe()
    try:
        yield [sys.executable, "-I", "-S", __file__, *command], inner
    finally:
        os.close(inner)
        os.close(outer)


def main() -> int:
    """Run the command named by the arguments in a session of its own, and end it with the leash."""
    try:
        process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        print(f"{sys.argv[1]}: cannot be started: {error.strerror}")
        return 127

    def watch() -> None:
        sys.stdin.buffer.read()
        os.killpg(process.pid, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    code = process.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    ended = main()
    sys.stdout.flush()
    os._exit(ended)  # the watching thread waits for the pipe
