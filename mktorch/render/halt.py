"""A stop that every worker hears: kernels and commands end at once, work not begun is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock


class Halt:
    """Whether work must stop, and what to end when it must. Safe to use from several threads."""

    def __init__(self) -> None:
        self._asked = Event()
        self._lock = Lock()
        self._ends: list[Callable[[], None]] = []

    @property
    def asked(self) -> bool:
        return self._asked.is_set()

    @contextmanager
    def ending(self, end: Callable[[], None]) -> Iterator[None]:
        """While this runs, `end` is called when a stop is asked for; at once if it already was."""
        with self._lock:
            self._ends.append(end)
        try:
            if self.asked:
                end()
            yield
        finally:
            with self._lock:
                self._ends.remove(end)

    def ask(self) -> None:
        """Ask everyone to stop, and end what is running."""
        self._asked.set()
        with self._lock:
            ends = list(self._ends)
        for end in ends:
            end()
