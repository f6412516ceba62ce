"""What `quarto render` and `quarto preview` run first: it checks their Python and places the fonts.

`mktorch report` does without it.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

NEEDED = {"mktorch": "mktorch", "ipykernel": "ipykernel", "papermill": "papermill"}
missing = [package for module, package in NEEDED.items() if find_spec(module) is None]
if missing:
    sys.exit(
        f"{sys.executable} has no {', '.join(missing)}: name a Python that has them in "
        "QUARTO_PYTHON (after make install: .venv/bin/python), or pip install 'mktorch[quarto]'"
    )

from mktorch.display.brand import load_brand  # noqa: E402
from mktorch.render.stage import place_fonts  # noqa: E402

place_fonts(Path(__file__).parent, load_brand())
