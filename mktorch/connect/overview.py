"""Per source: where it comes from, its fields, what is missing, its first rows and sums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from mktorch.screen import plain
from mktorch.sources.raw import RawSource
from mktorch.sources.schemas import FILE, ROW
from mktorch.vocab import Source

_FIRST = 3


@dataclass(frozen=True)
class Origin:
    """One source as it was found."""

    source: str
    required: bool
    files: tuple[str, ...]
    rows: int
    filled: tuple[str, ...]
    """Fields with a value in at least one row."""
    empty: tuple[str, ...]
    totals: Mapping[str, float]
    first: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """A mapping for JSON."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """Lines for the terminal."""
        need = "required" if self.required else "optional"
        if not self.files:
            yield f"{self.source} ({need}): not given"
            return
        yield f"{self.source} ({need}): {self.rows:,} rows from {', '.join(self.files)}"
        yield f"  fields: {', '.join(self.filled) or 'none'}"
        if self.empty:
            yield f"  without a value: {', '.join(self.empty)}"
        if self.totals:
            yield "  totals: " + ", ".join(f"{n} {v:,.10g}" for n, v in self.totals.items())
        for row in self.first:
            yield plain("  " + ", ".join(f"{k}={v}" for k, v in row.items() if v is not None))
        for note in self.notes:
            yield f"  {note}"


def overview(raw: Mapping[Source, RawSource]) -> list[Origin]:
    """What was found of every source, in `Source` order."""
    return [_origin(source, own) for source, own in raw.items()]


def _origin(source: Source, own: RawSource) -> Origin:
    frame = own.frame.drop(FILE, ROW)
    filled = [c for c in frame.columns if frame[c].null_count() < frame.height]
    counted = [c for c in filled if frame[c].dtype.is_numeric()]
    return Origin(
        source=str(source),
        required=own.spec.required,
        files=tuple(dict.fromkeys(file.path for file in own.files)),
        rows=frame.height,
        filled=tuple(filled),
        empty=tuple(c for c in frame.columns if c not in filled),
        totals={c: float(frame[c].sum()) for c in counted},
        first=tuple(_shown(frame.head(_FIRST))),
        notes=own.notes,
    )


def _shown(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return frame.with_columns(pl.selectors.temporal().cast(pl.String)).to_dicts()
