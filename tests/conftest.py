"""Shared data: a tiny set that is checked by hand, and the committed sample."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

import mktorch
from mktorch.folders import locked

# The same examples on every machine; HYPOTHESIS_PROFILE=explore draws new ones.
settings.register_profile("repeatable", derandomize=True)
settings.register_profile("explore", derandomize=False, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


HERE = Path(__file__).parent
TINY = HERE / "data" / "tiny"
SAMPLE = HERE.parent / "data"


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside(tmp_path_factory):
    """Tests see no setting of the person who runs them, and write no report into the tree."""
    theirs = ("MKTORCH_", "LLM_MODEL", "OPENAI_")
    held = {name: value for name, value in os.environ.items() if name.startswith(theirs)}
    for name in held:
        del os.environ[name]
    os.environ["MKTORCH_REPORTS_DIR"] = str(tmp_path_factory.mktemp("reports"))
    yield
    del os.environ["MKTORCH_REPORTS_DIR"]
    os.environ.update(held)


@pytest.fixture(scope="session")
def shared(tmp_path_factory) -> Callable[[str, Callable[[Path], object]], Path]:
    """A folder that one worker makes for all: `shared(name, make)`, with `make(folder)`."""
    base = tmp_path_factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def apply(name: str, make: Callable[[Path], object]) -> Path:
        place, lock = root / f"shared-{name}", root / f"lock-{name}"
        done = lock / "done"
        lock.mkdir(exist_ok=True)  # a folder of its own: what is made locks the folder it is in
        with locked(lock):
            if not done.exists():
                make(place)
                done.touch()
        return place

    return apply


@pytest.fixture(scope="session")
def tiny_run(shared) -> mktorch.Run:
    """The tiny set, analysed once."""
    return mktorch.load_run(_only(shared("tiny", lambda folder: mktorch.run(TINY, out=folder))))


@pytest.fixture(scope="session")
def sample_run(shared) -> mktorch.Run:
    """The committed sample, analysed once."""
    return mktorch.load_run(_only(shared("sample", lambda folder: mktorch.run(SAMPLE, out=folder))))


def _only(folder: Path) -> Path:
    (found,) = (file.parent for file in folder.glob("*/manifest.json"))
    return found


@pytest.fixture
def tiny(tmp_path) -> Path:
    """A copy of the tiny set that a test may change."""
    return Path(shutil.copytree(TINY, tmp_path / "tiny"))


@pytest.fixture
def edit(tiny):
    """Change the records of one source of the tiny copy: `edit("campaigns", change)`."""

    def apply(source: str, change) -> Path:
        path = tiny / f"{source}.json"
        rows = json.loads(path.read_text()) if path.exists() else []
        changed = change(rows)
        path.write_text(json.dumps(rows if changed is None else changed))
        return tiny

    return apply
