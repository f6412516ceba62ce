"""What `import mktorch` offers, and what it costs."""

from __future__ import annotations

import subprocess
import sys


def test_every_public_name_resolves_whatever_was_imported_before() -> None:
    import mktorch.render
    import mktorch.synth

    for name in mktorch.__all__:
        assert getattr(mktorch, name) is not None
    assert mktorch.report is mktorch.render.render
    assert callable(mktorch.synth.synth)
    assert set(mktorch.__all__) <= set(dir(mktorch))


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = ("polars", "altair", "scipy")
    code = f"import sys, mktorch; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
