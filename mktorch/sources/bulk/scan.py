"""One pass over big parts, and the rows of them that must be looked at one by one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import narwhals as nw
import polars as pl

from mktorch.sources.bulk.cache import Cache, terms_of
from mktorch.sources.bulk.days import (
    BLANKS,
    COLUMNS,
    IN_MICROS,
    KEYS,
    Layout,
    added,
    by_day,
    exact,
    filled,
)
from mktorch.sources.bulk.doubt import MOST_ROWS, Terms, in_doubt, splits, suited, usable
from mktorch.sources.bulk.engines import Engine
from mktorch.sources.limits import opened
from mktorch.sources.rates import BASES, counted, rate_base
from mktorch.sources.rules import SourceError
from mktorch.sources.schemas import FILE, ROW, SourceSpec
from mktorch.sums import MICRO

PAIR = ("asset_id", "date")
"""What is in doubt together: all rows of an asset on a day."""
_FEW = 10_000
_DOUBTS, _LATE = "doubts", "late"
_MEASURES = {column: measure for measure, column in COLUMNS.items()}


@dataclass(frozen=True)
class Part:
    """One file: its name in the data folder, its place, hash, bytes and rows."""

    name: str
    path: Path
    sha256: str
    size: int
    rows: int


@dataclass(frozen=True, repr=False)
class Scan:
    """Parts that were summed where they are.

    `days` has one row per part, asset, experiment, day (and region, and whether after `as_of`).
    """

    engine: Engine
    spec: SourceSpec
    terms: Terms
    parts: tuple[Part, ...]
    layouts: Mapping[Path, Layout]
    days: pl.DataFrame
    drawn: pl.DataFrame
    """asset_id, date: whose rows are not in `days`, since they were read."""

    @property
    def rows(self) -> int:
        """How many rows are in the sums."""
        return int(self.days["snapshots"].sum())

    @property
    def by_key(self) -> pl.DataFrame:
        """`days` with one row per asset, experiment and day."""
        if len(self.parts) == 1 and not splits(self.spec, self.days.columns):
            return exact(self.days.lazy()).collect()
        return added([self.days])

    def blank(self, column: str) -> pl.DataFrame:
        """date, rows: where a measure's column is blank."""
        count = f"{_MEASURES[column]}{BLANKS}"
        return self.days.filter(pl.col(count) > 0).select("date", rows=count)

    def total(self, column: str) -> int | None:
        """The sum of a measure's column in millionths; null where no row knows it."""
        measure = _MEASURES[column]
        known = int(self.days[f"{measure}{BLANKS}"].sum()) < self.rows
        scale = 1 if measure in IN_MICROS else MICRO
        return int(self.days[measure].cast(pl.Int128).sum()) * scale if known else None

    def known(self) -> tuple[Scan, int]:
        """Without the rows after the moment set to look from, and how many these were."""
        if _LATE not in self.days.columns:
            return self, 0
        late = self.days.filter(_LATE)
        known = replace(self, days=self.days.filter(~pl.col(_LATE)))
        return known, int(late["snapshots"].sum())

    def of_assets(self, assets: pl.Series) -> Scan:
        """Of some assets alone."""
        days = self.days.filter(pl.col("asset_id").is_in(assets.implode()))
        return replace(self, days=days)


def scanned(
    paths: Sequence[tuple[str, Path]],
    spec: SourceSpec,
    engine: Engine,
    terms: Terms,
    cache: Cache,
) -> Scan | None:
    """The sums of all parts; None where a part is not as it is declared, and must be read."""
    layouts = {path: engine.layout(path) for _, path in paths}
    schemas = {path: pl.read_parquet_schema(path) for path in layouts}
    if not all(suited(schema, spec, terms.zone) for schema in schemas.values()):
        return None
    terms = terms._replace(base=_likely_base(*layouts.items()))
    days, files = _kept_or_summed(layouts, spec, engine, terms, cache)
    if rate_base(days) != terms.base:
        terms = terms._replace(base=rate_base(days))
        days, files = _kept_or_summed(layouts, spec, engine, terms, cache)
    cache.trim()
    counts = dict(days.group_by(FILE).agg(pl.col("snapshots").sum()).iter_rows())
    parts = tuple(Part(name, path, *files[path], counts.get(str(path), 0)) for name, path in paths)
    return Scan(engine, spec, terms, parts, layouts, days, days.select(PAIR).clear())


def _kept_or_summed(
    layouts: Mapping[Path, Layout], spec: SourceSpec, engine: Engine, terms: Terms, cache: Cache
) -> tuple[pl.DataFrame, dict[Path, tuple[str, int]]]:
    """The sums of all parts, those seen before from the cache, and each part's hash and size.

    Parts are hashed beside the pass over them; those that may have been seen, before it.
    """
    decisive = terms_of(terms, sorted(map(str, spec.columns.values())))
    with ThreadPoolExecutor(1) as pool:
        waiting = {path: pool.submit(hashed, path) for path in layouts}
        kept = {
            path: found
            for path in layouts
            if cache.holds(decisive, path.stat().st_size)
            and (found := cache.read(decisive, *waiting[path].result())) is not None
        }
        fresh = {path: of for path, of in layouts.items() if path not in kept}
        made = [_pass(engine, paths, of, spec, terms) for paths, of in _passes(fresh, engine)]
        files = {path: each.result() for path, each in waiting.items()}
    for part in made:
        for (path,), days in part.partition_by(FILE, as_dict=True).items():
            cache.write(decisive, *files[Path(str(path))], days.drop(FILE))
    named = [days.with_columns(pl.lit(str(path)).alias(FILE)) for path, days in kept.items()]
    place = pl.Enum([str(path) for path in layouts])
    parts = [days.with_columns(pl.col(FILE).cast(place)) for days in (*named, *made)]
    return pl.concat(parts, how="diagonal"), files


def drawn(
    scan: Scan, assets: pl.Series, experiments: pl.Series, more: pl.DataFrame
) -> tuple[Scan, pl.DataFrame]:
    """What stands of the sums without the rows in doubt, and these rows as the parts have them.

    `more` (asset_id, date) are wanted as rows, too.

    In doubt is an asset's day with a row of that kind, with two rows of one key, in two parts whose
    moments overlap, of an asset or experiment that does not exist, or with a name that is blank.
    The rows have `_file` and `_row`, and come in order.
    """
    keys = [*KEYS, *splits(scan.spec, scan.days.columns)]
    names = pl.col([name for name in keys if name != "date"])
    blank = pl.any_horizontal((names.str.strip_chars() != names) | (names == ""))
    stray = ~pl.col("asset_id").is_in(assets.implode()) | ~pl.col("experiment_id").is_in(
        experiments.implode()
    )
    repeated = (pl.col("moments") != pl.col("snapshots")) | (pl.col("snapshots") > MOST_ROWS)
    doubtful = (pl.col(_DOUBTS) > 0) | repeated | blank | stray
    found = scan.days.filter(doubtful.fill_null(value=False)).select(PAIR)
    if len(scan.parts) > 1:
        found = pl.concat([found, _overlapping(scan.days, keys)])
    pairs = pl.concat([found, more.select(PAIR)]).unique()
    if pairs.is_empty():
        return scan, pl.DataFrame()
    stands = scan.days.join(pairs, on=PAIR, how="anti", nulls_equal=True)
    rows = pl.concat(_rows(scan, pairs), how="diagonal_relaxed")
    order = {str(part.path): place for place, part in enumerate(scan.parts)}
    rows = rows.sort(pl.col(FILE).replace_strict(order), ROW)
    return replace(scan, days=stands, drawn=pairs), rows


def _overlapping(days: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """asset_id, date of keys of which two parts hold moments that overlap, and so may be one."""
    keys = [*keys, _LATE] if _LATE in days.columns else keys
    twice = days.filter(days.select(keys).is_duplicated()).sort(*keys, "first")
    before = pl.col("last").cum_max().shift().over(keys)
    return twice.filter((pl.col("first") <= before).fill_null(value=False)).select(PAIR)


def first_days(parts: Sequence[Part]) -> pl.DataFrame:
    """asset_id, date of the first row of each part."""
    day = pl.col("timestamp").dt.date().alias("date")
    rows = [
        pl.scan_parquet(part.path, glob=False).select("asset_id", day).head(1) for part in parts
    ]
    empty = pl.LazyFrame(schema={"asset_id": pl.String, "date": pl.Date})
    return pl.concat([empty, *rows]).collect()


def _rows(scan: Scan, pairs: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The rows of pairs, and those without an asset or a moment, a pass at a time."""
    whole = pairs.drop_nulls()
    for paths, of in _passes(scan.layouts, scan.engine):
        rows = scan.engine.scan(paths)
        day = nw.col("timestamp").dt.date()
        bare = nw.col("asset_id").is_null() | nw.col("timestamp").is_null()
        named = rows.with_columns(day.alias("_date"))
        assets, days = whole["asset_id"].unique().to_list(), whole["date"].unique().to_list()
        near = nw.col("asset_id").is_in(assets) & nw.col("_date").is_in(days)
        kept = [name for name in scan.spec.columns if name in of.names]
        found = scan.engine.frame(named.filter(bare | near).select(*kept, "_date", FILE, ROW))
        of_pairs = found.join(whole, left_on=["asset_id", "_date"], right_on=list(PAIR), how="semi")
        without = found.filter(pl.any_horizontal(pl.col("asset_id", "timestamp").is_null()))
        yield pl.concat([of_pairs, without]).drop("_date")


def _passes(layouts: Mapping[Path, Layout], engine: Engine) -> Iterator[tuple[list[Path], Layout]]:
    """Parts that go through one pass: of one layout, and one by one where the engine wants so."""
    for of, group in groupby(layouts, key=layouts.__getitem__):
        paths = list(group)
        yield from [(paths, of)] if engine.together else (([path], of) for path in paths)


def _pass(
    engine: Engine, paths: Sequence[Path], of: Layout, spec: SourceSpec, terms: Terms
) -> pl.DataFrame:
    rows = engine.scan(paths)
    keys = [*KEYS, *splits(spec, of.names)]
    if terms.as_of is not None:
        rows = rows.with_columns((nw.col("timestamp") > nw.lit(terms.as_of)).alias(_LATE))
        keys.append(_LATE)
    if len(paths) > 1:
        keys.append(FILE)
    marked = rows.with_columns(in_doubt(of.names, spec, terms).alias(_DOUBTS))
    flags = {_DOUBTS: nw.col(_DOUBTS)}
    of = of._replace(bases=(terms.base,))
    summed = engine.frame(by_day(usable(marked, of, spec), of, keys, flags, nw.Int64))
    if len(paths) == 1:
        summed = summed.with_columns(pl.lit(str(paths[0])).alias(FILE))
        keys.append(FILE)
    return filled(summed, of, keys)


def _likely_base(*layouts: tuple[Path, Layout]) -> str:
    """What the rates of the first rows are of, as those of all then turn out to be."""
    sample = [
        pl.scan_parquet(path, glob=False)
        .select("conversion_rate", "conversions", *BASES)
        .head(_FEW)
        for path, of in layouts[:3]
        if of.rates
    ]
    return (
        rate_base(counted(pl.concat(sample, how="vertical_relaxed").collect()))
        if sample
        else BASES[0]
    )


def hashed(path: Path) -> tuple[str, int]:
    """SHA-256 and bytes of a part that nobody changes meanwhile."""
    try:
        with opened(path) as file:
            digest = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]
            return digest.hexdigest(), file.tell()
    except SourceError as error:
        raise SourceError(f"{path} {error}") from None
