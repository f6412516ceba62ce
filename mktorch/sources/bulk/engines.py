"""What sums big inputs: Polars by itself, DuckDB, or a Spark cluster; all through Narwhals.

An engine reads Parquet parts where they are and gives back small frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlparse

import narwhals as nw
import polars as pl

from mktorch.sources.bulk.days import Layout, Rows
from mktorch.sources.schemas import FILE, ROW
from mktorch.vocab import EngineName

if TYPE_CHECKING:
    from mktorch.config.scale_rules import ScaleRules


class Engine(Protocol):
    """Reads parts of one layout; `together` says whether it takes all of them in one pass."""

    together: bool

    def layout(self, path: Path) -> Layout:
        """The columns of a part that hold a value, and those in which one may be missing."""

    def scan(self, paths: Sequence[Path]) -> Rows:
        """The columns of the parts with `_file` (the part's whole path) and `_row`, from 1."""

    def frame(self, rows: Rows) -> pl.DataFrame:
        """The rows of a plan."""


class _Local:
    """Files on this machine, whose footers tell of blanks."""

    together = False

    def layout(self, path: Path) -> Layout:
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            footer = file.metadata
            names = file.schema_arrow.names
        groups = [footer.row_group(place) for place in range(footer.num_row_groups)]
        nulls = dict.fromkeys(names, 0)
        for group in groups:
            for place in range(group.num_columns):
                column = group.column(place)
                told = column.statistics
                known = told is not None and told.has_null_count
                name = column.path_in_schema.partition(".")[0]
                nulls[name] += told.null_count if known else 1
        held = frozenset(name for name in names if nulls[name] < max(footer.num_rows, 1))
        return Layout(held, frozenset(name for name in held if nulls[name]))


class _Polars(_Local):
    def scan(self, paths: Sequence[Path]) -> Rows:
        parts = [
            pl.scan_parquet(path, glob=False)
            .with_row_index(ROW, offset=1)
            .with_columns(pl.lit(str(path)).alias(FILE))
            for path in paths
        ]
        return nw.from_native(pl.concat(parts))

    def frame(self, rows: Rows) -> pl.DataFrame:
        native: pl.LazyFrame = rows.to_native()
        return native.collect(engine="streaming")


class _DuckDB(_Local):
    @cached_property
    def _database(self) -> Any:
        import duckdb

        return duckdb.connect()

    def scan(self, paths: Sequence[Path]) -> Rows:
        rows = self._database.read_parquet(
            [_literal(path) for path in paths], filename=True, file_row_number=True
        )
        places = f"filename as {FILE}, file_row_number + 1 as {ROW}"
        placed = rows.project(f"* exclude (file_row_number, filename), {places}")
        return _lazy(placed)

    def frame(self, rows: Rows) -> pl.DataFrame:
        return pl.DataFrame(rows.to_native().pl())


class _Spark(_Local):
    """A session on a master, or Spark Connect (`sc://`); nothing but Spark runs on its workers."""

    together = True

    def __init__(self, master: str) -> None:
        self._master = master

    @cached_property
    def _session(self) -> Any:
        from pyspark.sql import SparkSession

        made = SparkSession.builder.appName("mktorch")
        at = self._master
        made = made.remote(at) if at.startswith("sc://") else made.master(at)
        for name, value in _SPARK.items():
            made = made.config(name, value)
        return made.getOrCreate()

    def scan(self, paths: Sequence[Path]) -> Rows:
        rows = self._session.read.parquet(*(str(path) for path in paths))
        placed = f"_metadata.file_path as {FILE}", f"_metadata.row_index + 1 as {ROW}"
        return _lazy(rows.selectExpr("*", *placed))

    def frame(self, rows: Rows) -> pl.DataFrame:
        found = pl.DataFrame(pl.from_arrow(rows.to_native().toArrow()))
        if FILE not in found.columns:
            return found
        named = {url: unquote(urlparse(url).path) for url in found[FILE].unique()}
        return found.with_columns(pl.col(FILE).replace(named))


_SPARK = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # a sum that overflows is an error, never another number
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


def _lazy(native: Any) -> Rows:
    rows: Rows = nw.from_native(native)
    return rows


def _literal(path: Path) -> str:
    """A path in which no character stands for others."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in str(path))


def rows_of(path: Path) -> int:
    """Rows of a part, by its footer."""
    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())


def engine(rules: ScaleRules) -> Engine:
    """The engine of the settings."""
    if rules.engine == EngineName.SPARK:
        return _Spark(rules.spark_master)
    return _DuckDB() if rules.engine == EngineName.DUCKDB else _Polars()
