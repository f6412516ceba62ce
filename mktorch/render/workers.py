"""Pages side by side: each worker has its own staged project and its own engine.

A worker converts one page while it executes the next.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, closing, contextmanager
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import TypeVar

from jupyter_core.utils import ensure_event_loop

from mktorch import stops
from mktorch.render.engine import Convert, Engine
from mktorch.render.errors import RenderError
from mktorch.render.halt import Halt
from mktorch.render.pages import Page

Saved = TypeVar("Saved")

_MOST = 4  # kernels at once; each holds some 300 MB
_TICK = 0.2  # seconds


def worker_count(pages: int, wanted: int | None = None) -> int:
    """How many workers: as wanted, else one per processor this process may use, at most four."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(pages, wanted or min(usable or 1, _MOST)))


def render_pages(
    pages: Sequence[Page],
    forms: Sequence[str],
    opened: Callable[[], AbstractContextManager[Engine]],
    save: Callable[[Page, str, bytes, float], Saved],
    workers: int,
    halt: Halt,
) -> list[Saved]:
    """What `save` makes of every page in every format, in the order given.

    `save` gets page, format, content and seconds: those of the conversion and an even share of the
    execution. The first failure of any, or an interrupt, stops all.
    """
    waiting: SimpleQueue[Page] = SimpleQueue()
    for page in pages:
        waiting.put(page)
    saved: dict[tuple[str, str], Saved] = {}

    def finish(page: Page, convert: Convert, executing: float) -> None:
        for form in forms:
            started = perf_counter()
            with _naming(page):
                content = convert(form)
                seconds = perf_counter() - started + executing / len(forms)
                saved[page.name, form] = save(page, form, content, seconds)

    def work() -> None:
        with closing(ensure_event_loop()), opened() as engine, ThreadPoolExecutor(1) as after:
            before: Future[None] | None = None
            while not halt.asked:
                try:
                    page = waiting.get_nowait()
                except Empty:
                    break
                started = perf_counter()
                with _naming(page):
                    convert = engine(page)
                executing = perf_counter() - started
                if before:
                    before.result()
                before = after.submit(finish, page, convert, executing)
            if before:
                before.result()

    with ThreadPoolExecutor(workers) as pool:
        try:
            running = {pool.submit(work) for _ in range(workers)}
            while running:
                # A short wait: an interrupt is not heard on every system while a thread waits.
                done, running = wait(running, timeout=_TICK, return_when=FIRST_EXCEPTION)
                stops.check()
                for one in done:
                    one.result()
        except BaseException:
            halt.ask()
            raise
    return [saved[page.name, form] for page in pages for form in forms]


@contextmanager
def _naming(page: Page) -> Iterator[None]:
    """Say of a failure whose page it was, where the document serves many campaigns."""
    try:
        yield
    except RenderError as error:
        if not page.campaign:
            raise
        raise RenderError(f"{error}\nThis was the page of campaign {page.campaign!r}.") from None
