"""Where the reports, their styles and their fonts lie: in the source tree or in the wheel."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
COMPONENTS = "components.css"


def home() -> Path:
    """The folder that holds `_quarto.yml` and `_brand.yml`."""
    installed = _PACKAGE / "_reports"
    return installed if installed.is_dir() else _PACKAGE.parent


def reports_dir() -> Path:
    """The folder of the `.qmd` documents and their shared styles: one's own, where there is one.

    One's own is `reports/` of the working folder, or the working folder, with these styles in it.
    """
    for near in (Path("reports"), Path()):
        if (near / "_metadata.yml").is_file() and (near / COMPONENTS).is_file():
            return near.resolve()
    installed = _PACKAGE / "_reports"
    return installed if installed.is_dir() else _PACKAGE.parent / "reports"


@cache
def font_dir() -> Path:
    """The folder of the fonts that PDF and charts are set in."""
    return _package("font_source_sans_pro", "font-source-sans-pro") / "files"


@cache
def script_font_dir() -> Path:
    """The folder of the Noto fonts: scripts that the house font lacks, and emoji."""
    return _package("manimgx_fonts", "manimgx-fonts")


def _package(module: str, distribution: str) -> Path:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{distribution} is not installed: pip install mktorch")
    return Path(spec.origin).parent
