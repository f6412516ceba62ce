"""A mapping proposed for a table nobody described: by its headings, types and ranges."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from mktorch.connect.errors import ConnectError
from mktorch.connect.layout import days, decimal_sign, matched, numbers
from mktorch.connect.presets import Preset, fold, names, preset
from mktorch.connect.tables import Export, read
from mktorch.sources.schemas import SPECS, SourceSpec
from mktorch.vocab import Source

_LIKELY = 0.6
_READABLE = 0.95
"""Share of a column's cells that must read as a number or a day for it to be taken as one."""


@dataclass(frozen=True)
class Match:
    """A field of a source, the heading proposed for it, and how certain that is, 0 to 1."""

    field: str
    heading: str
    certainty: float


@dataclass(frozen=True)
class Suggestion:
    """What a table seems to be: a preset's layout, or one source with a heading per field."""

    file: Path
    certainty: float
    preset: str = ""
    source: Source | None = None
    matches: tuple[Match, ...] = ()
    missing: tuple[str, ...] = ()
    """Required fields, or columns of the preset, that no heading fits."""

    def toml(self) -> str:
        """The lines for `mktorch.toml`."""
        where = json.dumps(str(self.file))
        if self.preset:
            name = "".join(c if c.isalnum() else "_" for c in self.file.name.split(".")[0]).lower()
            lines = [f"[exports.{name}]", f"from = {where}", f'preset = "{self.preset}"']
            return "\n".join((f"# certainty {self.certainty:.0%}", *lines))
        lines = [f"[sources.{self.source}]", f"from = {where}", f"[sources.{self.source}.columns]"]
        lines += [
            f"{m.field} = {json.dumps(_quoted(m.heading))}  # certainty {m.certainty:.0%}"
            for m in self.matches
        ]
        lines += [f'{field} = "?"  # required: give an expression' for field in self.missing]
        return "\n".join((f"# certainty {self.certainty:.0%}", *lines))

    def as_json(self) -> dict[str, Any]:
        """A mapping for JSON."""
        return {**asdict(self), "file": str(self.file)}


def note(suggestion: Suggestion, settings: Path) -> str:
    """Add a suggestion to a file of settings, as comments, and say so.

    Raises
    ------
    ConnectError
        Where the file cannot be written.
    """
    lines = "".join(f"# {line}\n".replace("# #", "#") for line in suggestion.toml().splitlines())
    try:
        with settings.open("a", encoding="utf-8") as opened:
            opened.write("\n" + lines)
    except OSError as error:
        raise ConnectError(f"{settings} cannot be written ({error.strerror})") from None
    return f"Added to {settings} as comments; check them and take away the # to use them."


def suggest(path: Path) -> Suggestion:
    """The likeliest reading of a table.

    A preset whose required columns are all there comes first, the one that knows the most columns;
    else the source whose required fields are matched best.

    Raises
    ------
    ConnectError
        Where the file cannot be read.
    """
    layouts = {name: preset(name) for name in names()}
    spellings = {each for layout in layouts.values() for each in layout.spellings()}
    headings = read(path, spellings).frame.columns
    fitting = [s for name in layouts if (s := _as_preset(path, headings, name, layouts[name]))]
    if fitting:
        return max(fitting, key=lambda s: s.certainty)
    export = read(path)
    return max(
        (_as_source(path, export, spec) for spec in SPECS.values()), key=lambda s: s.certainty
    )


def _as_preset(path: Path, headings: list[str], name: str, layout: Preset) -> Suggestion | None:
    """The table as a preset's layout; None where a required column is missing."""
    have = matched(headings, layout)
    if any(c.required and n not in have for n, c in layout.columns.items()):
        return None
    return Suggestion(path, len(set(have.values())) / len(headings), preset=name)


def _as_source(path: Path, export: Export, spec: SourceSpec) -> Suggestion:
    headings = export.frame.columns
    kinds = {h: _kind(export.frame[h]) for h in headings}
    wanted = spec.columns
    pairs = sorted(
        (
            Match(
                field,
                heading,
                round(_near(field, heading) * _fits(column.dtype, kinds[heading]), 2),
            )
            for field, column in wanted.items()
            for heading in headings
        ),
        key=lambda m: -m.certainty,
    )
    taken = list(_assigned(pairs))
    needed = [n for n, c in wanted.items() if not c.nullable]
    found = {m.field: m.certainty for m in taken}
    score = sum(found.get(n, 0.0) for n in needed) / max(len(needed), 1)
    covered = len(taken) / max(len(headings), 1)
    return Suggestion(
        path,
        round(0.7 * score + 0.3 * covered, 2),
        source=spec.source,
        matches=tuple(sorted(taken, key=lambda m: list(wanted).index(m.field))),
        missing=tuple(n for n in needed if n not in found),
    )


def _assigned(pairs: list[Match]) -> Iterator[Match]:
    """The best pairs, each field and each heading once."""
    fields: set[str] = set()
    headings: set[str] = set()
    for match in pairs:
        if match.certainty < _LIKELY:
            return
        if match.field not in fields and match.heading not in headings:
            fields.add(match.field)
            headings.add(match.heading)
            yield match


def _near(field: str, heading: str) -> float:
    """How alike two names are, words in any order, 0 to 1."""
    one, other = fold(field).replace("_", " "), fold(heading).replace("_", " ")
    first, second = (" ".join(sorted(name.split())) for name in (one, other))
    return max(
        difflib.SequenceMatcher(None, one, other).ratio(),
        difflib.SequenceMatcher(None, first, second).ratio(),
    )


def _kind(values: pl.Series) -> str:
    """Whether a column's cells are numbers, days or texts."""
    if values.dtype.is_numeric():
        return "number"
    if values.dtype.is_temporal():
        return "day"
    if values.dtype != pl.String:
        return "other"
    cells = values.drop_nulls().head(1000)
    if not len(cells):
        return "none"
    if 1 - days(cells).null_count() / len(cells) >= _READABLE:
        return "day"
    if 1 - numbers(cells, decimal_sign([cells])).null_count() / len(cells) >= _READABLE:
        return "number"
    return "text"


def _fits(dtype: pl.DataType, kind: str) -> float:
    """How well a column's cells suit a field's type: names alike are worth little without."""
    if kind == "none":
        return 0.9
    if dtype.is_numeric():
        return 1.0 if kind == "number" else 0.3
    if dtype.is_temporal():
        return 1.0 if kind == "day" else 0.3
    return 0.6 if kind == "day" else 1.0


def _quoted(heading: str) -> str:
    return '"' + heading.replace('"', '""') + '"'
