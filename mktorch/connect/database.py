"""A query's result as a table: PostgreSQL by ADBC, SQLite, DuckDB, warehouses by Ibis."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from threading import Timer
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from mktorch.connect.errors import ConnectError
from mktorch.connect.tables import Export


def fetch(address: str, query: str, seconds: int) -> Export:
    """Run a query for at most so many seconds and take its rows; nothing else is copied.

    Credentials come from the environment (`PGPASSWORD`, `PGPASSFILE`, ...), never the address.

    Raises
    ------
    ConnectError
        Where the address holds a password, the driver is not there, or the database refuses.
    """
    parts = urlsplit(address)
    if parts.password:
        raise ConnectError(
            "from holds a password; leave it out and set it in the environment (PGPASSWORD)"
        )
    kind = parts.scheme.partition("+")[0]
    if kind not in _READERS:
        raise ConnectError(
            f"{kind}:// is no known database; known are {', '.join(sorted(_READERS))}"
        )
    try:
        frame = _READERS[kind](address, query, seconds)
    except ImportError as error:
        raise ConnectError(
            f"{kind} needs a package that is not installed"
            f"{f' ({error.name})' if error.name else ''}: pip install 'mktorch[databases]', or for "
            "a warehouse 'mktorch[warehouses]'"
        ) from None
    except Exception as error:  # each driver has errors of its own
        told = " ".join(str(error).split())
        raise ConnectError(f"{kind} refused: {told or type(error).__name__}") from None
    text = f"{address}\n{query}"
    rows = pl.int_range(1, frame.height + 1, eager=True)
    digest = hashlib.sha256(frame.write_ndjson().encode())
    name = f"{kind}://{parts.hostname or ''}{parts.path}"
    return Export(name, frame, rows, digest.hexdigest(), len(text))


def _postgres(address: str, query: str, seconds: int) -> pl.DataFrame:
    import adbc_driver_postgresql.dbapi as driver

    with driver.connect(address) as link, link.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = {seconds * 1000}")
        cursor.execute(query)
        return pl.DataFrame(pl.from_arrow(cursor.fetch_arrow_table()))


def _sqlite(address: str, query: str, seconds: int) -> pl.DataFrame:
    path = urlsplit(address).path
    file = f"file:{path.removeprefix('/')}?mode=ro"
    with closing(sqlite3.connect(file, uri=True)) as link, _limit(seconds, link.interrupt):
        return pl.read_database(query, link, infer_schema_length=None)


def _duckdb(address: str, query: str, seconds: int) -> pl.DataFrame:
    import duckdb

    path = urlsplit(address).path.removeprefix("/") or ":memory:"
    with (
        duckdb.connect(path, read_only=path != ":memory:") as link,
        _limit(seconds, link.interrupt),
    ):
        return pl.DataFrame(pl.from_arrow(link.execute(query).to_arrow_table()))


def _ibis(address: str, query: str, seconds: int) -> pl.DataFrame:  # noqa: ARG001
    """Through the warehouse's own Ibis backend, which reads its own credentials and limits."""
    import ibis

    return pl.DataFrame(ibis.connect(address).sql(query).to_polars())


@contextmanager
def _limit(seconds: int, stop: Callable[[], None]) -> Iterator[None]:
    """Stop a query that takes longer."""
    timer = Timer(seconds, stop)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


_READERS: dict[str, Any] = {
    "postgresql": _postgres,
    "postgres": _postgres,
    "sqlite": _sqlite,
    "duckdb": _duckdb,
    **dict.fromkeys(("bigquery", "snowflake", "databricks"), _ibis),
}
