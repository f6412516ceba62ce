"""Tables as CSV files that a spreadsheet opens as they are meant."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl

from mktorch.display.escape import clean

__all__ = ["harmless", "texts", "write_csv"]

_ACTS = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula when it opens a CSV file.

    >>> harmless("=1+1"), harmless("a=b"), harmless("\\tx")
    ("'=1+1", 'a=b', "' x")
    """
    return f"'{clean(text)}" if _ACTS.match(text) else clean(text)


def write_csv(file: Path, frame: pl.DataFrame) -> None:
    """Comma-separated UTF-8 with the mark by which Excel knows it."""
    listed = pl.col(pl.List).cast(pl.List(pl.String)).list.join("; ")
    flat = frame.with_columns(listed)
    held = flat.with_columns(texts(flat, harmless)).rename(
        {name: harmless(name) for name in frame.columns}
    )
    held.write_csv(
        file,
        include_bom=True,
        date_format="%Y-%m-%d",
        datetime_format="%Y-%m-%dT%H:%M:%S",
    )


def texts(frame: pl.DataFrame, written: Callable[[str], str]) -> list[pl.Expr]:
    """The columns of text as `written` makes them, each text once."""
    made = []
    for name in frame.select(pl.col(pl.String)).columns:
        texts = frame[name].drop_nulls().unique(maintain_order=True).to_list()
        changed = {text: new for text in texts if (new := written(text)) != text}
        made.append(pl.col(name).replace(changed))
    return made
