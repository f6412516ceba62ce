"""Any table a company keeps, as a frame: CSV, TSV, XLSX, JSON, NDJSON, Parquet."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import polars as pl

from mktorch.connect.errors import ConnectError
from mktorch.connect.presets import fold
from mktorch.sources.limits import (
    Unpacked,
    opened,
    refuse_failures,
    refuse_fields,
    refuse_texts,
    refuse_unpacked,
)
from mktorch.sources.rules import SourceError

ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".json", ".ndjson", ".jsonl", ".parquet")
_SEPARATORS = ("\t", ";", ",", "|")
_PIECE = 8 << 20
_TITLE_LINES = 40
"""A heading lies within as many lines; what stands above it are titles."""


@dataclass(frozen=True)
class Export:
    """One file's table, `rows` the number of each record within the file, with hash and size."""

    name: str
    frame: pl.DataFrame
    rows: pl.Series
    sha256: str
    size: int


def files(patterns: Collection[str], folder: Path) -> list[Path]:
    """The files that patterns name, in order of name.

    Raises
    ------
    ConnectError
        Where a pattern names none, or a file is of no known format.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        path = Path(pattern).expanduser()
        root = path if path.is_absolute() else folder / path
        hits = [root] if root.is_file() else sorted(root.parent.glob(root.name))
        hits = [hit for hit in hits if hit.is_file()]
        if not hits:
            raise ConnectError(f"from = {pattern!r}: no such file in {root.parent}")
        found.update(dict.fromkeys(hits))
    for path in found:
        if not path.name.removesuffix(".gz").casefold().endswith(ENDINGS):
            raise ConnectError(f"{path}: of no known format; known are {', '.join(ENDINGS)}")
    return list(found)


def read(path: Path, headings: Collection[str] = (), sheet: str = "") -> Export:
    """A file's table; `headings`, folded, tell where its heading is, below lines of title.

    Texts stay texts. Rows are numbered from 1 below the heading.

    Raises
    ------
    ConnectError
        Where the file cannot be opened or read.
    """
    try:
        with opened(path) as file:
            content = file.read()
        plain = _unpacked(content) if path.suffix == ".gz" else content
        frame = _frame(plain, path.name.removesuffix(".gz").casefold(), headings, sheet)
        refuse_texts(frame)
    except (OSError, EOFError, zlib.error) as error:
        raise ConnectError(f"{path} cannot be read ({error})") from None
    except pl.exceptions.PolarsError as error:
        raise ConnectError(f"{path} cannot be read ({str(error).splitlines()[0]})") from None
    except (ConnectError, SourceError) as error:
        raise ConnectError(f"{path} {error}") from None
    rows = pl.int_range(1, frame.height + 1, eager=True)
    return Export(path.name, frame, rows, hashlib.sha256(content).hexdigest(), len(content))


def _unpacked(content: bytes) -> bytes:
    packed = io.BytesIO(content)
    stream = Unpacked(cast("IO[bytes]", gzip.GzipFile(fileobj=packed)), packed)
    return b"".join(iter(lambda: stream.read(_PIECE), b""))


def _frame(content: bytes, name: str, headings: Collection[str], sheet: str) -> pl.DataFrame:
    if name.endswith(".parquet"):
        return pl.read_parquet(io.BytesIO(content))
    if name.endswith((".ndjson", ".jsonl")):
        return pl.read_ndjson(io.BytesIO(content), infer_schema_length=None)
    if name.endswith(".json"):
        return pl.read_json(io.BytesIO(content), infer_schema_length=None)
    if name.endswith(".xlsx"):
        return _sheet(content, headings, sheet)
    return _lines(_decoded(content), headings)


def _decoded(content: bytes) -> str:
    """Text of a file: UTF-8, or UTF-16 as some platforms write, with or without a mark."""
    if not content.strip():
        raise ConnectError("is empty")
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content[:64]
    try:
        return content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConnectError(f"is not UTF-8 at byte {error.start}; save it as UTF-8") from None


def _lines(text: str, headings: Collection[str]) -> pl.DataFrame:
    """Delimited text below its lines of title."""
    head = text.splitlines()[:_TITLE_LINES]
    number, separator = max(
        ((n, s) for n, _ in enumerate(head) for s in _SEPARATORS),
        key=lambda at: (_fit(head[at[0]].split(at[1]), headings), -at[0]),
    )
    refuse_fields(head[number].count(separator))
    refuse_texts(pl.DataFrame({"heading": head[number].split(separator)}))
    refuse_failures(text.count("\n\n") + text.count("\n\r\n"))  # a blank line is a row of nothing
    return pl.read_csv(
        io.BytesIO(text.encode()),
        separator=separator,
        skip_lines=number,
        infer_schema=False,
        truncate_ragged_lines=True,
    )


def _sheet(content: bytes, headings: Collection[str], sheet: str) -> pl.DataFrame:
    """The named sheet of a workbook, or its first, every cell as text."""
    try:
        import openpyxl
    except ImportError:
        raise ConnectError(
            "is a workbook; install openpyxl to read it, or save it as CSV"
        ) from None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            size = sum(part.file_size for part in packed.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise ConnectError(f"is not a whole workbook ({error})") from None
    refuse_unpacked(size, len(content))
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except Exception as error:  # whatever a damaged archive makes the library raise
        raise ConnectError(f"is not a whole workbook ({error})") from None
    if sheet and sheet not in book.sheetnames:
        raise ConnectError(f"has no sheet {sheet!r}; its sheets are {', '.join(book.sheetnames)}")
    cells = list((book[sheet] if sheet else book.worksheets[0]).iter_rows(values_only=True))
    if not cells:
        raise ConnectError("has no cells in its sheet")
    head = range(min(len(cells), _TITLE_LINES))
    number = max(head, key=lambda n: (_fit([_cell(c) or "" for c in cells[n]], headings), -n))
    width = max(len(row) for row in cells)
    names = [*map(_cell, cells[number]), *[None] * (width - len(cells[number]))]
    below = [[_cell(c) for c in row] for row in cells[number + 1 :]]
    named = [name or f"column {n}" for n, name in enumerate(names, start=1)]
    return pl.DataFrame(below, schema=dict.fromkeys(named, pl.String), orient="row")


def _cell(value: object) -> str | None:
    """A cell as a CSV file would hold it."""
    if value is None or value == "":
        return None
    isoformat = getattr(value, "isoformat", None)
    return str(isoformat()).removesuffix("T00:00:00") if isoformat else str(value)


def _fit(cells: list[str], headings: Collection[str]) -> int:
    """How well a line would do as the heading: known names, else cells that are no number."""
    folded = list(map(fold, (cell.strip('"') for cell in cells)))
    if headings:
        return sum(cell in headings for cell in folded)
    return sum(bool(cell) and not cell.replace(".", "").isdigit() for cell in folded)
