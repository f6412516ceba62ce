"""A feed's tables as the sources it makes, each record with the file and row it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from mktorch.config.feed import Feed
from mktorch.connect.database import fetch
from mktorch.connect.errors import ConnectError
from mktorch.connect.layout import AT, UNREAD, named
from mktorch.connect.presets import Preset, preset
from mktorch.connect.tables import Export, read
from mktorch.sources.schemas import FILE, ROW, SPECS
from mktorch.vocab import Source


@dataclass(frozen=True)
class Fed:
    """What a feed makes: a frame per source with `_file` and `_row`, and what was read for it.

    `unread` holds, per source, the cells that it reads and that hold no number or day: `_file`,
    `_row`, `column`, `value`. `left_out` counts records of the export that are no record of any
    source, such as its rows of totals.
    """

    name: str
    frames: Mapping[Source, pl.DataFrame]
    exports: tuple[Export, ...]
    unread: Mapping[Source, pl.DataFrame]
    left_out: int


def fed(name: str, feed: Feed, files: Mapping[Path, str], only: Source | None = None) -> Fed:
    """Read a feed from its files, each under the name given, and make its sources, or `only` one.

    Raises
    ------
    ConnectError
        Where a file, a query, the layout or an expression cannot be used; the message names it.
    """
    try:
        layout = preset(feed.preset) if feed.preset else None
        exports = _exports(feed, files, layout)
        return _made(name, feed, only, layout, exports)
    except ConnectError as error:
        raise ConnectError(f"{name}: {error}") from None
    except pl.exceptions.PolarsError as error:
        raise ConnectError(f"{name}: {str(error).splitlines()[0]}") from None


def _exports(feed: Feed, files: Mapping[Path, str], layout: Preset | None) -> tuple[Export, ...]:
    if feed.database:
        return (fetch(feed.database, feed.query, feed.timeout_seconds),)
    headings = layout.spellings() if layout else {}
    return tuple(
        replace(read(path, headings, feed.sheet), name=name) for path, name in files.items()
    )


def _made(
    name: str, feed: Feed, only: Source | None, layout: Preset | None, exports: tuple[Export, ...]
) -> Fed:
    places = pl.concat(
        pl.DataFrame({ROW: e.rows}).select(pl.lit(e.name).alias(FILE), ROW) for e in exports
    )
    records, unread = _records(feed, layout, exports)
    if feed.where:
        records = records.filter(pl.sql_expr(feed.where))
    wanted = [only] if only else [*layout.select] if layout else []
    if not wanted:
        raise ConnectError("feeds no source; give a preset, or name it in [sources]")
    frames = {
        source: _placed(_selected(records, feed, source, layout), places) for source in wanted
    }
    spots = unread.hstack(places[unread["at"]]).drop("at")
    cells = {
        source: spots.filter(pl.col("name").is_in(layout.reads(source) if layout else ()))
        for source in wanted
    }
    return Fed(name, frames, exports, cells, places.height - records.height)


def _records(
    feed: Feed, layout: Preset | None, exports: tuple[Export, ...]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The records of all exports with `_at`, and the cells that cannot be read (`named`)."""
    if layout is None:
        whole = pl.concat([export.frame for export in exports], how="diagonal_relaxed")
        return whole.with_columns(pl.int_range(pl.len()).alias(AT)), UNREAD
    said = {n: v for n in ("decimal", "day_format") if (v := getattr(feed, n))}
    told = layout.model_copy(update=said)
    records, unread, start = [], [UNREAD], 0
    for export in exports:
        try:
            known, cells = named(export.frame, told)
        except ConnectError as error:
            raise ConnectError(f"{export.name} {error}") from None
        records.append(known.with_columns(pl.col(AT) + start))
        unread.append(cells.with_columns(pl.col("at") + start))
        start += export.frame.height
    return pl.concat(records), pl.concat(unread)


def _select(feed: Feed, source: Source, layout: Preset | None, columns: list[str]) -> str:
    """The SELECT that makes a source: one's own, of one's own columns, the preset's, or of the
    columns that have our names."""
    if feed.select:
        return feed.select
    if feed.columns:
        fields = ", ".join(f'{sql} AS "{field}"' for field, sql in feed.columns.items())
        return f"SELECT {fields}, {AT} FROM export"
    if layout and source in layout.select:
        return layout.select[source]
    if layout:
        raise ConnectError(
            f"preset {feed.preset} makes no {source}; it makes {', '.join(layout.select)}"
        )
    known = [f'"{column}"' for column in columns if column in SPECS[source].columns]
    return f"SELECT {', '.join((*known, AT))} FROM export"


def _selected(
    records: pl.DataFrame, feed: Feed, source: Source, layout: Preset | None
) -> pl.DataFrame:
    query = _select(feed, source, layout, records.columns)
    try:
        made = pl.SQLContext(export=records).execute(query, eager=True)
    except (pl.exceptions.PolarsError, ValueError) as error:
        raise ConnectError(f"{source}: {str(error).splitlines()[0]} (in {query!r})") from None
    if AT not in made.columns:
        raise ConnectError(
            f"{source}: its SELECT gives no {AT}; add {AT}, or MIN({AT}) AS {AT} where it groups"
        )
    return made.with_columns(
        (pl.col(k).fill_null(pl.lit(v)) if k in made.columns else pl.lit(v)).alias(k)
        for k, v in feed.constants.items()
        if k in SPECS[source].columns
    ).sort(AT)


def _placed(made: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Records with the file and row each comes from in place of `_at`."""
    at = made[AT].cast(pl.Int64)
    return made.drop(AT).hstack(places[at])
