"""A command on a leash: it ends by itself, with its exit code, or with whoever asked for it."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
import pytest

from mktorch.render.leash import leashed

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs process groups")

ASKING = """
import subprocess, sys
from mktorch.render.leash import leashed
with leashed(sys.argv[1:]) as (tied, leash):
    subprocess.run(tied, stdin=leash)
"""
# Says its own id and that of a process it started, then waits.
WAITING = "sleep 60 & echo $$ $!; wait"


@pytest.mark.parametrize("code", [0, 3])
def test_what_ends_by_itself_says_how(code) -> None:
    with leashed(["sh", "-c", f"echo said; exit {code}"]) as (tied, leash):
        done = subprocess.run(tied, stdin=leash, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (code, "said\n")


def test_it_ends_with_all_it_started_when_who_asked_is_killed() -> None:
    command = [sys.executable, "-c", ASKING, "sh", "-c", WAITING]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as asking:
        started = [int(number) for number in asking.stdout.readline().split()]
        assert len(started) == 2
        assert all(psutil.pid_exists(pid) for pid in started)
        asking.kill()
        asking.wait()
        end = time.monotonic() + 20
        while any(_lives(pid) for pid in started) and time.monotonic() < end:
            time.sleep(0.05)
    assert not any(_lives(pid) for pid in started)


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
