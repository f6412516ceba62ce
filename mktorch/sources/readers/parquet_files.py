"""Parquet files: columns as text and kinds, so that one conversion serves all formats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import dataframely as dy
import polars as pl

from mktorch.errors import in_a_line
from mktorch.sources.columns import metadata
from mktorch.sources.convert import UNKNOWN_FIELD, Batch, Habits, Kind, Seen, convert, stacked
from mktorch.sources.limits import refuse_rows, refuse_unpacked
from mktorch.sources.readers.protocol import register
from mktorch.sources.rules import SourceError
from mktorch.sources.typed import declared


def read_parquet(path: Path, columns: Mapping[str, dy.Column], *, fast: bool = True) -> Batch:
    """Read a Parquet file into the declared types; an absent column is a column of nulls.

    Of a column that is not declared only the first value is read, to say what was left out.

    Raises
    ------
    SourceError
        Where the file is not whole Parquet.
    """
    try:
        scan = pl.scan_parquet(path, glob=False)
        refuse_rows(scan.select(pl.len()).collect().item(), path)
        names = scan.collect_schema().names()
        known = [name for name in names if name in columns] or names
        refuse_rows(_inner(path, scan.select(known).collect_schema()), path)
        refuse_unpacked(_expanded(scan.select(known)), path.stat().st_size)
        frame = scan.select(known).collect()
        others = scan.select(name for name in names if name not in known).head(1).collect()
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise SourceError(f"is not whole Parquet ({reason}); write it again") from None
    return from_frame(frame, columns, others, fast=fast)


PARQUET = ".parquet"


def _inner(path: Path, schema: pl.Schema) -> int:
    """The values that the fullest column holds, nested ones counted, as the file itself has it."""
    if not any(dtype.is_nested() for dtype in schema.values()):
        return 0
    import pyarrow as pa
    from pyarrow import parquet as pq

    try:
        told = pq.read_metadata(path)
        groups = [told.row_group(n) for n in range(told.num_row_groups)]
        return sum(max(g.column(c).num_values for c in range(g.num_columns)) for g in groups)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"is not whole Parquet ({in_a_line(error)}); write it again") from None


def _expanded(scan: pl.LazyFrame) -> int:
    """Bytes of all texts, each as often as a row has it: a dictionary holds it once."""
    schema = scan.collect_schema()
    sizes = [
        pl.col(name).str.len_bytes().cast(pl.Int64).sum()
        for name, dtype in schema.items()
        if dtype == pl.String
    ]
    return sum(scan.select(sizes).collect().row(0)) if sizes else 0


_NONE = pl.DataFrame()


def from_frame(
    frame: pl.DataFrame,
    columns: Mapping[str, dy.Column],
    others: pl.DataFrame = _NONE,
    *,
    fast: bool = True,
) -> Batch:
    """Bring a frame of any types to the declared ones, as a batch of records.

    `others` holds the first row of columns that were left out because they are not declared.
    `fast` False reads every column as text, even one that has the declared type.
    """
    ready = dict(_ready(frame, columns)) if fast else {}
    read = {name: column for name, column in columns.items() if name not in ready}
    texts, kinds = [], []
    for name, column in read.items():
        values = frame[name] if name in frame.columns else _absent(pl.String(), frame.height)
        kind = Kind.OBJECT if metadata(column, "json") else _kind(values.dtype)
        text = as_text(values)
        held = pl.Series([kind], dtype=pl.UInt8).new_from_index(0, frame.height)
        hollow = _hollow(values)
        held = held.set(hollow, Kind.ARRAY).set(text.is_null(), Kind.NULL)
        texts.append(text.rename(name))
        kinds.append(held.rename(name))
    habits = Habits()
    rows = frame.height
    for left_out in (frame, others):
        for name in left_out.columns if rows else ():
            if name not in columns:
                habits.add(UNKNOWN_FIELD, name, Seen(rows, 0, as_text(left_out[name].head(1))[0]))
    batch = convert(pl.DataFrame(texts), pl.DataFrame(kinds), read, habits)
    whole = pl.DataFrame([*batch.frame, *ready.values()])
    return Batch(stacked([whole], columns), batch.failures, habits)


def _ready(
    frame: pl.DataFrame, columns: Mapping[str, dy.Column]
) -> Iterator[tuple[str, pl.Series]]:
    """The declared columns that need no reading: absent ones, and those of the declared type."""
    for name, column in columns.items():
        if name not in frame.columns:
            yield name, _absent(column.dtype, frame.height).rename(name)
        elif (values := declared(frame[name], column)) is not None:
            yield name, values


def _absent(dtype: pl.DataType, height: int) -> pl.Series:
    return pl.Series([None], dtype=dtype).new_from_index(0, height)


def _kind(dtype: pl.DataType) -> Kind:
    """The JSON kind that values of a type correspond to."""
    if isinstance(dtype, pl.List | pl.Array):
        inner = _kind(dtype.inner) if isinstance(dtype.inner, pl.DataType) else Kind.OBJECT
        return {Kind.STRING: Kind.STRINGS, Kind.NUMBER: Kind.NUMBERS}.get(inner, Kind.ARRAY)
    if dtype.is_numeric():
        return Kind.NUMBER
    if dtype == pl.Boolean:
        return Kind.BOOL
    return Kind.OBJECT if isinstance(dtype, pl.Struct) else Kind.STRING


def as_text(values: pl.Series) -> pl.Series:
    """Values as JSON would write them, text without its quotes."""
    dtype = values.dtype
    if isinstance(dtype, pl.Datetime):
        zone = {None: "", "UTC": "Z"}.get(dtype.time_zone, "%:z")
        return values.dt.to_string(f"%Y-%m-%dT%H:%M:%S%.f{zone}")
    if isinstance(dtype, pl.Array):
        return as_text(values.arr.to_list())
    if isinstance(dtype, pl.List):
        encoded = values.rename("v").to_frame().to_struct("").struct.json_encode()
        bare = encoded.str.strip_prefix('{"v":').str.strip_suffix("}")
        return bare.zip_with(values.is_not_null(), pl.Series([None], dtype=pl.String))
    if isinstance(dtype, pl.Struct):
        encoded = values.struct.json_encode()
        return encoded.zip_with(values.is_not_null(), pl.Series([None], dtype=pl.String))
    return values.cast(pl.String, strict=False)


def _hollow(values: pl.Series) -> pl.Series:
    """Whether a list holds a null, so that it is a list of no one type."""
    lists = values.arr.to_list() if isinstance(values.dtype, pl.Array) else values
    if not isinstance(lists.dtype, pl.List):
        return pl.Series([False]).new_from_index(0, len(values))
    return (lists.list.drop_nulls().list.len() < lists.list.len()).fill_null(value=False)


class _ParquetFiles:
    """Parquet, which is read by its own offsets: from the path, not from a stream."""

    endings = (".parquet",)
    packed = False

    def read(
        self,
        stream: IO[bytes],  # noqa: ARG002
        path: Path,
        columns: Mapping[str, dy.Column],
        *,
        fast: bool,
    ) -> Batch:
        return read_parquet(path, columns, fast=fast)


register(_ParquetFiles())
