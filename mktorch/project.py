"""A folder to work in: settings, house style and a place for the records, ready to be changed."""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mktorch.config.load import DEFAULT_FILE, load_config
from mktorch.config.reference import template
from mktorch.display.brand import BRAND_FILE, load_brand
from mktorch.display.resources import home, reports_dir
from mktorch.errors import MktorchError
from mktorch.sources.schemas import SPECS
from mktorch.synth import synth
from mktorch.vocab import PageSize

_GUIDE = "README.md"
_READABLE = 4.5  # contrast of text, WCAG 2.2, success criterion 1.4.3


class ProjectError(MktorchError):
    """The folder cannot be made; the message says what is in the way."""


@dataclass(frozen=True, kw_only=True)
class House:
    """What a company sets about its reports."""

    company: str = ""
    currency: str = "USD"
    locale: str = "en_US"
    page_size: str = PageSize.A4
    primary: str = ""
    logo: Path | None = None


def init(folder: str | Path, house: House = House(), *, sample: bool = False) -> list[Path]:
    """Set up a folder: settings, house style, documents of the reports, Makefile, place for data.

    With `sample`, a synthetic company's records are put into `data/`.

    Everything is checked before the first file is written, and no file is replaced.

    Returns
    -------
    The files made.

    Raises
    ------
    ProjectError
        Where one of the files is there already, the logo or the colour cannot be used, or the
        folder cannot be written.
    ConfigError
        For a currency, locale or page size that is not allowed.
    """
    root = Path(folder)
    texts = {
        DEFAULT_FILE: _settings(house),
        BRAND_FILE: _brand(house),
        f"data/{_GUIDE}": _guide(),
        "Makefile": _makefile(),
        ".gitignore": "output/\n",
        _GUIDE: _readme(house),
        **_documents(),
    }
    logo = {f"logo{house.logo.suffix.lower()}": house.logo} if house.logo else {}
    taken = [name for name in (*texts, *logo) if (root / name).exists()]
    if taken:
        raise ProjectError(
            f"{root}: {', '.join(taken)} is there already; choose another folder, or move it away"
        )
    _check(texts, logo)
    try:
        _write(root, texts, logo)
        records = _sample(root) if sample else []
    except OSError as error:
        raise ProjectError(
            f"{root}: cannot be written ({error.strerror or error}); choose another folder"
        ) from None
    return [*(root / name for name in (*texts, *logo)), *records]


def _sample(root: Path) -> list[Path]:
    """The records of a synthetic company, a file per source."""
    synth(root / "data")
    return sorted((root / "data").glob("*.json"))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours `#rrggbb`, 1 to 21 (WCAG 2.2, relative luminance).

    >>> round(contrast("#000000", "#ffffff"), 1)
    21.0
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    parts = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _check(texts: dict[str, str], logo: dict[str, Path]) -> None:
    """Read the files back as a run would, before any of them stands in the folder."""
    with tempfile.TemporaryDirectory() as trial:
        try:
            _write(Path(trial), texts, logo)
        except OSError as error:
            raise ProjectError(f"logo: cannot be read ({error})") from None
        load_config(Path(trial) / DEFAULT_FILE)
        try:
            brand = load_brand(Path(trial) / BRAND_FILE)
        except ValueError as error:
            raise ProjectError(str(error).replace(f"{Path(trial).resolve()}/", "")) from None
    ratio = contrast(brand.color("primary"), brand.color("background"))
    if ratio < _READABLE:
        raise ProjectError(
            f"primary color {brand.color('primary')}: its contrast with the page is {ratio:.1f}; "
            f"headings need {_READABLE} for everyone to read them: choose a darker one"
        )


def _write(root: Path, texts: dict[str, str], logo: dict[str, Path]) -> None:
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for name, source in logo.items():
        shutil.copyfile(source, root / name)


def _settings(house: House) -> str:
    values = {
        "data_dir": "data",
        "runs_dir": "output/runs",
        "reports_dir": "output/reports",
        "company": house.company,
        "currency": house.currency,
        "locale": house.locale,
        "page_size": str(house.page_size),
    }
    lines = (f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items())
    head = "# Settings of the runs and reports made in this folder."
    rest = "# Every other setting with its default; take away the # before those you change."
    left = "\n".join(
        line
        for line in template().splitlines()
        if not line.startswith(tuple(f"# {n} =" for n in values))
    )
    return "\n".join((head, *lines, "", rest, left, ""))


def _brand(house: House) -> str:
    """The house style mktorch brings, with the company's colour and logo in it."""
    text = (home() / BRAND_FILE).read_text(encoding="utf-8")
    if house.primary:
        text = re.sub(r"(?m)^  primary: .*$", f"  primary: {json.dumps(house.primary)}", text)
    if house.logo:
        alt = json.dumps(house.company or "Logo", ensure_ascii=False)
        path = json.dumps(f"logo{house.logo.suffix.lower()}")
        entry = f"logo:\n  images:\n    company: {{path: {path}, alt: {alt}}}\n  medium: company"
        text = re.sub(r"(?m)^# logo: .*$", lambda _: entry, text)
    return text


def _documents() -> dict[str, str]:
    """The documents of the reports and their styles, to be changed."""
    return {
        f"reports/{path.name}": path.read_text(encoding="utf-8")
        for path in sorted(reports_dir().iterdir())
        if path.suffix in {".qmd", ".css", ".js", ".yml", ".typ"}
    }


def _makefile() -> str:
    """`make report` from records to pages; a run with rejected records is still a run."""
    command = "mktorch" if shutil.which("mktorch") else Path(sys.executable).with_name("mktorch")
    return (
        f"MKTORCH ?= {command}\n\n"
        ".PHONY: report validate sources\n\n"
        'report:\n\t@run=$$($(MKTORCH) run); [ $$? -le 1 ] && $(MKTORCH) report "$$run"\n\n'
        "validate:\n\t@$(MKTORCH) validate --totals\n\n"
        "sources:\n\t@$(MKTORCH) sources\n"
    )


def _readme(house: House) -> str:
    return (
        f"# {house.company or 'Marketing'} decisions and reports\n\n"
        "- `make report` analyzes `data/` and writes the pages into `output/reports/`.\n"
        "- `make validate` lists what is wrong with a record, and proves the sums.\n"
        "- `make sources` shows where every figure's records come from.\n\n"
        "Exports of ad platforms and tables of a warehouse need no conversion: "
        "`mktorch sources --presets` lists the layouts that are known, and "
        "`mktorch sources --suggest FILE` proposes the lines for `mktorch.toml`.\n\n"
        "`mktorch.toml` holds the settings, `_brand.yml` colors, fonts and logo, "
        "`reports/*.qmd` the documents.\n"
    )


def _guide() -> str:
    """Which files go into the data folder, from the declarations themselves."""
    rows = (
        f"| {source}.json | {'required' if spec.required else 'optional'} "
        f"| {', '.join(spec.key)} | {', '.join(n for n in spec.columns if n not in spec.key)} |"
        for source, spec in SPECS.items()
    )
    return "\n".join(
        (
            "# Put the records here",
            "",
            "Arrays of objects in JSON; NDJSON, Parquet and `.gz` of either are read too.",
            "`mktorch validate` says what is wrong with a record, file by file and row by row.",
            "",
            "| file | | key | further fields |",
            "|---|---|---|---|",
            *rows,
            "",
        )
    )
