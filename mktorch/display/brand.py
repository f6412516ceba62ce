"""The house style: name, colours, font and logo from `_brand.yml`, the same for HTML and PDF.

The file follows the brand.yml format that Quarto documents. The nearest one upward of the working
folder is used, else the one mktorch brings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mktorch.display.resources import font_dir, home

BRAND_FILE = "_brand.yml"
HOUSE_FONT = "Source Sans Pro"
_COLORS = {
    "foreground": "#1b2733",
    "background": "#ffffff",
    "primary": "#12436d",
    "secondary": "#5b6875",
    "success": "#00655f",
    "info": "#34557f",
    "warning": "#8a5a00",
    "danger": "#a63024",
    "light": "#f4f6f8",
    "dark": "#1b2733",
}
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_LOGO_SIZES = ("medium", "small", "large")


class BrandError(ValueError):
    """`_brand.yml` cannot be used; the message names the entry and what is allowed."""


@dataclass(frozen=True)
class Brand:
    """What a company changes about its pages."""

    company: str = ""
    colors: Mapping[str, str] = ()  # type: ignore[assignment]
    font: str = HOUSE_FONT
    font_files: tuple[Path, ...] = ()
    logo: Path | None = None
    logo_alt: str = ""
    confidentiality: str = ""

    def color(self, name: str) -> str:
        """A colour as `#rrggbb`."""
        return dict(self.colors).get(name, _COLORS[name])

    def tint(self, name: str, share: float = 0.11) -> str:
        """The colour thinned with the background, for fills behind text.

        >>> Brand().tint("success", 0.5)
        '#80b2af'
        """
        over, under = _rgb(self.color(name)), _rgb(self.color("background"))
        mixed = (round(share * o + (1 - share) * u) for o, u in zip(over, under, strict=True))
        return "#" + "".join(f"{part:02x}" for part in mixed)

    @property
    def page_fonts(self) -> tuple[Path, ...]:
        """The font files a page carries: the company's, or the house font's two weights."""
        if self.font_files or self.font != HOUSE_FONT:
            return self.font_files
        return tuple(
            font_dir() / f"SourceSansPro-{weight}.ttf" for weight in ("Regular", "Semibold")
        )

    @property
    def css(self) -> str:
        """The colours and the font as CSS custom properties."""
        names = {f"--mk-{name}": self.color(name) for name in _COLORS}
        tints = {f"--mk-{name}-tint": self.tint(name) for name in _COLORS}
        line = {"--mk-line": self.tint("secondary", 0.28)}
        properties = {**names, **tints, **line, "--mk-font": f'"{self.font}"'}
        return ":root{" + ";".join(f"{k}:{v}" for k, v in properties.items()) + "}"


def find_brand(start: Path | None = None) -> Path:
    """The nearest `_brand.yml` upward of `start` (the working folder), else the shipped one."""
    here = (start or Path.cwd()).resolve()
    near = (folder / BRAND_FILE for folder in (here, *here.parents))
    return next((path for path in near if path.is_file()), home() / BRAND_FILE)


def load_brand(path: Path | None = None) -> Brand:
    """Read a brand file.

    Raises
    ------
    BrandError
        For a file that is not YAML, a colour that is not `#rrggbb`, or a logo that is not there.
    """
    file = path or find_brand()
    return _read(file, file.stat().st_mtime_ns)


@cache
def _read(file: Path, _modified: int) -> Brand:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise BrandError(f"{file}: not readable as YAML: {error}") from None
    meta, colors, typography = (_table(content, k, file) for k in ("meta", "color", "typography"))
    logo, alt = _logo(content.get("logo"), file)
    return Brand(
        company=_name(meta.get("name", "")),
        colors=_colors(colors, file),
        font=_font(typography, file),
        font_files=_font_files(typography, file),
        logo=logo,
        logo_alt=alt,
        confidentiality=str(meta.get("confidentiality", "")),
    )


def _table(content: Any, key: str, file: Path) -> dict[str, Any]:
    value = content.get(key) or {} if isinstance(content, dict) else None
    if not isinstance(value, dict):
        raise BrandError(f"{file}: {key} must be a table of names and values")
    return value


def _name(name: Any) -> str:
    if isinstance(name, dict):
        name = name.get("full") or name.get("short") or ""
    return str(name)


def _colors(table: dict[str, Any], file: Path) -> dict[str, str]:
    palette = table.get("palette") or {}
    colors = {}
    for name in _COLORS.keys() & table.keys():
        value = str(palette.get(table[name], table[name]))
        if not _HEX.fullmatch(value):
            raise BrandError(
                f"{file}: color {name} is {value!r}; write #rrggbb or a name of color.palette"
            )
        colors[name] = value.lower()
    return colors


def _font(typography: dict[str, Any], file: Path) -> str:
    base = typography.get("base", Brand.font)
    family = str(base.get("family", Brand.font) if isinstance(base, dict) else base)
    if not re.fullmatch(r"[\w .-]+", family):
        raise BrandError(f"{file}: typography.base {family!r} is no font family name")
    return family


def _font_files(typography: dict[str, Any], file: Path) -> tuple[Path, ...]:
    found = []
    for entry in typography.get("fonts") or ():
        if entry.get("source") != "file":
            raise BrandError(
                f"{file}: font {entry.get('family')!r} has source {entry.get('source')!r}; "
                "only `file` keeps a page free of requests"
            )
        for listed in entry.get("files") or ():
            path = (
                file.parent / (listed["path"] if isinstance(listed, dict) else listed)
            ).resolve()
            if path.suffix.lower() not in {".ttf", ".otf"} or not path.is_file():
                raise BrandError(f"{file}: font file {path} is no TTF or OTF file there")
            found.append(path)
    return tuple(found)


def _logo(entry: Any, file: Path) -> tuple[Path | None, str]:
    if isinstance(entry, dict):
        images = entry.get("images") or {}
        entry = next((entry[size] for size in _LOGO_SIZES if size in entry), None)
        entry = images.get(entry, entry) if isinstance(entry, str) else entry
    if not entry:
        return None, ""
    path, alt = (entry["path"], entry.get("alt", "")) if isinstance(entry, dict) else (entry, "")
    logo = (file.parent / path).resolve()
    if logo.suffix.lower() not in {".svg", ".png", ".jpg", ".jpeg"} or not logo.is_file():
        raise BrandError(f"{file}: logo {path!r} is no SVG, PNG or JPEG file beside it")
    return logo, str(alt)


def _rgb(color: str) -> tuple[int, int, int]:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue
