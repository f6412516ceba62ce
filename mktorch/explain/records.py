"""The input records behind a figure, printed or saved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from mktorch.display.csv_files import write_csv
from mktorch.explain.told import Explanation
from mktorch.screen import plain

__all__ = ["printed", "save"]

SHOWN = 20
"""Records of a source that are printed."""


def printed(told: Explanation) -> Iterator[str]:
    """The records as lines of their values, source by source, the first ones of each."""
    for source, rows in told.records().items():
        more = f", the first {SHOWN}" if rows.height > SHOWN else ""
        yield f"{source}, {rows.height:,} {'record' if rows.height == 1 else 'records'}{more}"
        held = _columns(rows)
        for row in held.head(SHOWN).iter_rows(named=True):
            values = (f"{name} {value}" for name, value in row.items() if value is not None)
            yield plain(f"  {', '.join(values)}")


def save(told: Explanation, file: Path) -> list[Path]:
    """Write all the records as CSV; of several sources one file each, named after its source.

    Where the file cannot be written, the error of the system.
    """
    held = told.records()
    if len(held) <= 1:
        files = dict.fromkeys(held, file)
    else:
        files = {name: file.with_name(f"{file.stem}-{name}{file.suffix}") for name in held}
    for name, rows in held.items():
        write_csv(files[name], _columns(rows))
    return list(files.values())


def _columns(rows: pl.DataFrame) -> pl.DataFrame:
    """File and row first, without what the run itself keeps of a record."""
    return rows.select(file="_file", row="_row").hstack(rows.select(pl.exclude("^_.*$")))
