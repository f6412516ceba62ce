"""Shared data: a tiny set that is checked by hand, and the committed sample."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

import mktorch

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
def tiny_run(tmp_path_factory) -> mktorch.Run:
    """The tiny set, analysed once."""
    return mktorch.run(TINY, out=tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory) -> mktorch.Run:
    """The committed sample, analysed once."""
    return mktorch.run(SAMPLE, out=tmp_path_factory.mktemp("sample"))


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
