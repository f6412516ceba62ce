"""All sources where some are fed from exports or databases: the folder's own files come first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.config.feed import Feed
from mktorch.connect.errors import ConnectError
from mktorch.connect.mapping import Fed, fed
from mktorch.connect.tables import files
from mktorch.sources.convert import Batch, stacked
from mktorch.sources.files import MissingError, parts
from mktorch.sources.load import load_source, own_source
from mktorch.sources.raw import PLACES, InputFile, RawSource, with_keys
from mktorch.sources.readers.parquet_files import from_frame
from mktorch.sources.rules import FOUND, Rule, SourceError, failures
from mktorch.sources.schemas import FILE, ROW, SPECS, SourceSpec
from mktorch.sources.settled import present, settled
from mktorch.vocab import Source
from mktorch.words import count


class _Feed(NamedTuple):
    """A feed, the one source it feeds (None: all that its preset makes), and its files."""

    name: str
    feed: Feed
    only: Source | None
    paths: list[Path]


def feeds_of(config: MarketingOrchestratorConfig) -> Iterator[tuple[str, Feed, Source | None]]:
    """Name, feed and the one source it feeds (None: all that its preset makes), in order."""
    for source, own in config.sources.items():
        for feed in own:
            yield f"[sources.{source}]", feed, source
    for name, feed in config.exports.items():
        yield f"[exports.{name}]", feed, None


def load_feeds(config: MarketingOrchestratorConfig) -> dict[Source, RawSource]:
    """Read all sources, in `Source` order: files of `data_dir`, then what the feeds make.

    A thing that several tell of (a campaign, a channel) is as the first one tells it; measured rows
    of all are kept.

    Raises
    ------
    SourceError
        Naming every file, feed or required source that cannot be had.
    """
    feeds, problems = _feeds(config)
    named = _names(feeds, Path(config.data_dir))
    made: list[Fed] = []
    for name, feed, only, paths in feeds:
        try:
            made.append(fed(name, feed, {path: named[path] for path in paths}, only))
        except ConnectError as error:
            problems.append(str(error))
    if problems:
        raise ConnectError("\n".join(problems))
    loaded: dict[Source, RawSource] = {}
    for source in SPECS:
        try:
            fed_by = [m for m in made if source in m.frames]
            loaded[source] = _source(source, config, fed_by, loaded)
        except SourceError as error:
            problems.append(str(error))
    if problems:
        raise SourceError("\n".join(problems))
    return loaded


def feed_files(config: MarketingOrchestratorConfig) -> dict[str, Path]:
    """The files of all feeds by the name that a run knows them by."""
    feeds, _ = _feeds(config)
    return {name: path for path, name in _names(feeds, Path(config.data_dir)).items()}


def _feeds(config: MarketingOrchestratorConfig) -> tuple[list[_Feed], list[str]]:
    """Every feed whose files are there, and what is said of the others."""
    found: list[_Feed] = []
    problems: list[str] = []
    for name, feed, only in feeds_of(config):
        try:
            paths = [] if feed.database else files(feed.from_, Path())
            found.append(_Feed(name, feed, only, paths))
        except ConnectError as error:
            problems.append(f"{name}: {error}")
    return found, problems


def _names(feeds: Iterable[_Feed], folder: Path) -> dict[Path, str]:
    """What each file is called in failures and manifest: its name, or where another file has the
    name too, its path."""
    paths = {path for feed in feeds for path in feed.paths}
    beside = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    held = Counter(path.name for path in paths)
    return {
        path: path.name
        if held[path.name] == 1 and (path.name not in beside or path.parent == folder)
        else path.as_posix()
        for path in paths
    }


def _source(
    source: Source,
    config: MarketingOrchestratorConfig,
    made: list[Fed],
    loaded: Mapping[Source, RawSource],
) -> RawSource:
    if not made:
        return own_source(source, config, loaded)
    spec = settled(source, config)
    folder, name = Path(config.data_dir), config.file_of(source)
    try:
        parts(folder, name)
    except MissingError:
        return _joined(spec, None, made)
    return _joined(spec, load_source(spec, folder, name), made)


def _joined(spec: SourceSpec, own: RawSource | None, made: list[Fed]) -> RawSource:
    """One source of the folder's records and the feeds' records."""
    frames, bad = [], []
    if own is not None:
        frames.append(own.frame)
        bad.append(own.failures.select("file", *FOUND))
    for each in made:
        frame = each.frames[spec.source]
        batch = from_frame(frame.drop(FILE, ROW), spec.columns)
        frames.append(batch.frame.hstack(frame.select(FILE, ROW)))
        bad.append(_faults(spec, batch, frame, each))
    whole = stacked(frames, {**spec.columns, **PLACES})
    if not spec.measured:
        whole = whole.unique(list(spec.key), keep="first", maintain_order=True)
    told = pl.concat(bad).join(
        whole.select(file=FILE, row=ROW),
        on=["file", "row"],
        how="semi",
        maintain_order="left",
    )
    fitted = present(spec, whole)
    return RawSource(
        spec=fitted,
        frame=whole,
        failures=with_keys(told, whole, fitted),
        files=(*(own.files if own else ()), *_inputs(spec, made)),
        notes=(*(own.notes if own else ()), *_notes(spec, made)),
    )


def _faults(spec: SourceSpec, batch: Batch, frame: pl.DataFrame, each: Fed) -> pl.DataFrame:
    """What could not be read, by the file and row of the export.

    A cell rejects a measured row that reads it. A thing that is told of by many rows, as a campaign
    is, does not rest on a cell of one of them: there it counts as blank, and a note says so.
    """
    places = frame.select(FILE, ROW)
    rows = batch.failures["row"]
    typed = batch.failures.drop("row").hstack(places[rows].select(file=FILE, row=ROW))
    told = each.unread[spec.source] if spec.measured else each.unread[spec.source].clear()
    spots = told.join(places, on=[FILE, ROW], how="semi", maintain_order="left")
    cells = failures(
        spots[ROW],
        rule=Rule.UNREADABLE_VALUE,
        values=spots["value"],
        message="{value} is no number or day; correct the cell, or name it in the preset's missing",
    ).with_columns(spots["column"].alias("field"), spots[FILE].alias("file"))
    return pl.concat([typed.select("file", *FOUND), cells.select("file", *FOUND)])


def _inputs(spec: SourceSpec, made: list[Fed]) -> Iterator[InputFile]:
    for each in made:
        counts = dict(each.frames[spec.source].group_by(FILE).len().iter_rows())
        for export in each.exports:
            rows = int(counts.get(export.name, 0))
            yield InputFile(spec.source, export.name, export.sha256, export.size, rows)


def _notes(spec: SourceSpec, made: list[Fed]) -> Iterator[str]:
    for each in made:
        blank = each.unread[spec.source]["column"].value_counts() if not spec.measured else None
        for column, cells in blank.sort("column").iter_rows() if blank is not None else ():
            held = f"{count(cells, 'cell')} of {column} {'holds' if cells == 1 else 'hold'}"
            yield f"{each.name}: {held} no number or day; taken as blank"
        if spec.measured and each.left_out:
            yield (
                f"{each.name}: {each.left_out:,} rows of the export are no records of their own "
                "(totals, blank lines, or left out by where)"
            )
