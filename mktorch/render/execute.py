"""One warm Python kernel that runs the cells of document after document."""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mktorch.display.block import EXECUTE_INFO
from mktorch.render.errors import RenderError
from mktorch.render.halt import Halt
from mktorch.render.qmd import Cell, Document

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LINE = re.compile(r"Cell In\[\d+\], line (\d+)|File <ipython-input[^>]*>:(\d+)")
_TIMEOUT = 600  # seconds a cell may take
_START = 120  # seconds a kernel may take to start
_SHORT = 6  # lines of a traceback that a message shows

# What a page made is let go before the next; what was imported need not be looked through again.
_AFRESH = "%reset -f\n__import__('gc').collect()\n__import__('gc').freeze()"

Output = dict[str, Any]


class Kernel:
    """A started kernel: `run` executes a document's cells once, for every format."""

    def __init__(self, manager: Any, client: Any, folder: Path, info: Path) -> None:
        self._manager, self._client, self._folder, self._info = manager, client, folder, info

    def run(self, document: Document, parameters: Mapping[str, Any]) -> dict[Cell, list[Output]]:
        """The outputs of every cell that is evaluated, in Jupyter's own form.

        Raises
        ------
        RenderError
            For a parameter the document does not declare, or a cell that fails: cell, line and the
            end of its traceback.
        """
        import nbformat
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

        self._info.write_text(json.dumps(_execute_info(document)), encoding="utf-8")
        steps = list(_steps(document, parameters))
        notebook = nbformat.from_dict(  # type: ignore[no-untyped-call]
            {
                "nbformat": 4,
                "nbformat_minor": 5,
                "metadata": {},
                "cells": [_code_cell(i, code) for i, (_, code) in enumerate(steps)],
            }
        )
        client = NotebookClient(
            notebook,
            km=self._manager,
            timeout=_TIMEOUT,
            resources={"metadata": {"path": str(self._folder)}},
        )
        client.kc = self._client
        outputs: dict[Cell, list[Output]] = {}
        with client.setup_kernel(cleanup_kc=False):
            for i, (cell, _) in enumerate(steps):
                try:
                    done = client.execute_cell(notebook.cells[i], i)
                except CellExecutionError as error:
                    raise _failure(cell, document, error) from None
                except CellTimeoutError:
                    raise RenderError.at(
                        _file(cell, document), _first(cell), f"ran longer than {_TIMEOUT} s"
                    ) from None
                except DeadKernelError:
                    raise RenderError.at(
                        _file(cell, document), _first(cell), "the Python kernel died in this cell"
                    ) from None
                if cell is not None:
                    outputs[cell] = list(done["outputs"])
        return outputs


@contextmanager
def kernel(folder: Path, info: Path, halt: Halt | None = None) -> Iterator[Kernel]:
    """A kernel of this interpreter, working in `folder`, that reads its target from `info`.

    It ends with the context, or at once when `halt` asks.
    """
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_core.utils import run_sync

    class ThisPython(AsyncKernelManager):
        """Starts `sys.executable`, whatever kernels the machine has registered."""

        def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
            command = [sys.executable, "-m", "ipykernel_launcher", "-f", self.connection_file]
            return [*command, "--HistoryManager.enabled=False", *(extra_arguments or [])]

    # Sockets in the working folder rather than on the network, where the system has them.
    transport = "ipc" if os.name == "posix" else "tcp"
    manager = ThisPython(transport=transport, connection_file=str(info.with_name("kernel.json")))
    run_sync(manager.start_kernel)(cwd=str(folder), env={**os.environ, EXECUTE_INFO: str(info)})
    client = manager.client()
    client.start_channels()
    try:
        with (halt or Halt()).ending(_killer(manager)):
            try:
                run_sync(client.wait_for_ready)(timeout=_START)
            except RuntimeError as error:
                raise RenderError(f"the Python kernel did not start: {error}") from None
            yield Kernel(manager, client, folder, info)
    finally:
        client.stop_channels()
        run_sync(manager.shutdown_kernel)(now=True)


def _killer(manager: Any) -> Callable[[], None]:
    """Ends the kernel's process from any thread; its own thread then finds it dead."""
    process = manager.provisioner.process

    def kill() -> None:
        with suppress(ProcessLookupError):
            process.kill()

    return kill


def _steps(document: Document, parameters: Mapping[str, Any]) -> Iterator[tuple[Cell | None, str]]:
    """What to execute, in order: a clean start, the cells, and the parameters after their cell."""
    yield None, _AFRESH
    declared = next((c for c in document.cells if "parameters" in c.options.get("tags", ())), None)
    _check_parameters(document, declared, parameters)
    for cell in document.cells:
        if cell.options.get("eval", True):
            yield cell, cell.code
        if cell is declared and parameters:
            yield None, "\n".join(f"{name} = {value!r}" for name, value in parameters.items())


def _code_cell(number: int, code: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": f"cell-{number}",
        "metadata": {},
        "execution_count": None,
        "source": code,
        "outputs": [],
    }


def _check_parameters(
    document: Document, declared: Cell | None, parameters: Mapping[str, Any]
) -> None:
    names = set(_assigned(declared)) if declared else set()
    for name in parameters:
        if name not in names:
            known = ", ".join(sorted(names)) or "none"
            raise RenderError(f"{document.path.name}: no parameter {name!r}; it declares: {known}")


def _assigned(cell: Cell) -> Iterator[str]:
    try:
        body = ast.parse(cell.code).body
    except SyntaxError as error:
        line = cell.line + (error.lineno or 1) - 1
        raise RenderError.at(
            cell.file, line, f"the parameters cell is no Python: {error.msg}"
        ) from None
    for statement in body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def _execute_info(document: Document) -> dict[str, Any]:
    """The part of Quarto's execution info that names the document; it goes to every format."""
    return {"document-path": str(document.path), "format": {"metadata": dict(document.meta)}}


def _failure(cell: Cell | None, document: Document, error: Any) -> RenderError:
    trace = _ANSI.sub("", str(error.traceback)).strip()
    found = [int(a or b) for a, b in _LINE.findall(trace)]
    line = _first(cell) + (found[0] - 1 if found else 0)
    name = cell.name if cell else "the injected parameters"
    shown = "\n".join(f"    {text}" for text in trace.splitlines()[-_SHORT:])
    return RenderError.at(
        _file(cell, document), line, f"{name} failed: {error.ename}: {error.evalue}\n{shown}"
    )


def _first(cell: Cell | None) -> int:
    return cell.line if cell else 1


def _file(cell: Cell | None, document: Document) -> Path:
    return cell.file if cell else document.path
