"""What `import mktorch` offers, and what it costs."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest


def test_every_public_name_resolves_whatever_was_imported_before() -> None:
    import mktorch.render
    import mktorch.synth

    for name in mktorch.__all__:
        assert getattr(mktorch, name) is not None
    assert mktorch.report is mktorch.render.render
    assert callable(mktorch.synth.synth)
    assert set(mktorch.__all__) <= set(dir(mktorch))


HEAVY = (
    *("polars", "pandas", "pydantic", "scipy", "statsmodels", "altair", "vl_convert", "openai"),
    *("pypandoc", "typst", "nbclient", "duckdb", "great_tables"),
)


HELP = (
    "import sys; sys.argv = ['mktorch', '--help']; import mktorch.cli; "
    "mktorch.cli.app(standalone_mode=False)"
)


@pytest.mark.parametrize("code", ["import mktorch", HELP], ids=["import", "help"])
def test_it_loads_nothing_heavy(code) -> None:
    loaded = f"import sys; print([m for m in {HEAVY} if m in sys.modules])"
    done = run("-c", f"{code}; {loaded}")
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_is_as_quick_as_its_parser() -> None:
    """Processor time over an empty Python: typer takes 0.07 s, and mktorch adds little."""
    bare, parser, help_ = (
        min(taken(*arguments) for _ in range(3))
        for arguments in (
            ("-c", "pass"), ("-c", "import typer, rich.console"), ("-m", "mktorch.cli", "--help"),
        )
    )  # fmt: skip
    assert help_ - bare < 2.5 * (parser - bare)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def taken(*arguments: str) -> float:
    """Processor seconds of a Python of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(*arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
