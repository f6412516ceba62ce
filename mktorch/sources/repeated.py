"""Rows that share a key: the same row twice, a row restated later, or parts of one sum."""

from __future__ import annotations

import polars as pl

from mktorch.sources.measures import SUMMED, exact_sum
from mktorch.sources.raw import key_text
from mktorch.sources.rules import CLIP, Rule
from mktorch.sources.schemas import FILE, ROW, SourceSpec
from mktorch.vocab import Duplicates

LOADED = "loaded_at"
TWICE = "the key is that of {kept}, which is kept; remove one, or correct its key"
OLDER = "{kept} states its key anew and stands; nothing to fix"
UNTOLD = (
    "{kept} has the same key and stands; if both are parts, set duplicates to sum or name the "
    "column that splits them in grain"
)
CLASH = (
    "the key is used for {kept}; if two accounts share it, write account_id beside it here and "
    "wherever it is named, otherwise correct one of them"
)
REFUSED = (
    "another row has the same key, and duplicates is refuse; remove all but one, or set duplicates "
    "to last, first or sum"
)
_ORDER, _PART, _FAULTY = "_order", "_part", "_faulty"


def repeated(
    frame: pl.DataFrame, spec: SourceSpec, faulty: pl.DataFrame, way: Duplicates
) -> tuple[pl.DataFrame | None, str | None]:
    """Failures of rows whose key another row has, and a note on what became of them.

    Of rows that name a thing the first without a fault stands, and the others are duplicates. Of
    rows that say what came of it (`spec.measured`):

    - the same row twice within a file is a duplicate;
    - of rows that say when they were pulled (`loaded_at`, or a later part of the folder) the newest
      stands, and the others are `restated_row`;
    - where nothing tells restated rows from parts, `way` decides: the `last` or the `first` stands,
      all are added up (`sum`), or all are refused as duplicates.

    `faulty` (file, row) are rows with an error of their own; they take no part.
    """
    required = [name for name in spec.key if not spec.columns[name].nullable]
    keyed = frame.filter(pl.all_horizontal(pl.col(required).is_not_null())).select(spec.key)
    # As many hashes as rows are as many keys; of fewer, some keys may still differ.
    if keyed.hash_rows().n_unique() == keyed.height or not keyed.is_duplicated().any():
        return None, None
    marks = faulty.select(pl.col("file").alias(FILE), pl.col("row").alias(ROW)).unique()
    rows = (
        frame.with_columns(pl.int_range(pl.len()).alias(_ORDER), pl.col(FILE).rle_id().alias(_PART))
        .filter(pl.all_horizontal(pl.col(required).is_not_null()))
        .filter(pl.struct(spec.key).is_duplicated())
        .join(marks.with_columns(pl.lit(value=True).alias(_FAULTY)), on=[FILE, ROW], how="left")
        .with_columns(pl.col(_FAULTY).fill_null(value=False))
    )
    if spec.measured:
        return _measured(rows.filter(~pl.col(_FAULTY)), spec, way)
    parents = [key.column for key in spec.foreign_keys if key.rule == Rule.ORPHAN_KEY]
    clash = _clashing(rows, spec, parents[0]) if parents else rows.clear()
    ranked = rows.join(clash, on=_ORDER, how="anti").sort(_FAULTY, _ORDER)
    failed = [_failed(_beside(ranked, spec.key), spec, Rule.DUPLICATE_KEY, TWICE)]
    if clash.height:
        failed.append(_failed(clash, spec, Rule.ACCOUNT_CLASH, CLASH))
    return pl.concat(failed), None


def _clashing(rows: pl.DataFrame, spec: SourceSpec, parent: str) -> pl.DataFrame:
    """Rows of a key that names things of different parents: nobody knows which of them is meant."""
    places = pl.format("{} {} ({} row {})", pl.lit(parent), parent, FILE, ROW)
    return (
        rows.filter(~pl.col(_FAULTY))
        .filter(pl.col(parent).n_unique().over(spec.key) > 1)
        .sort(_ORDER)
        .with_columns(places.str.join(" and ").over(spec.key).alias("_kept"))
    )


def _beside(rows: pl.DataFrame, by: tuple[str, ...], keep: str = "first") -> pl.DataFrame:
    """The rows of each group but its first (or last), with the place of that one as `_kept`."""
    place = pl.format("{} row {}", FILE, ROW)
    chosen = rows.group_by(by).agg(
        getattr(pl.col(_ORDER), keep)().alias("_at"), getattr(place, keep)().alias("_kept")
    )
    return (
        rows.join(chosen, on=by, how="left", nulls_equal=True)
        .filter(pl.col(_ORDER) != pl.col("_at"))
        .sort(_ORDER)
    )


def _failed(rows: pl.DataFrame, spec: SourceSpec, rule: Rule, message: str) -> pl.DataFrame:
    """Failures of rows that `_beside` gives; `{kept}` in the message is the row that stands."""
    before, _, after = message.partition("{kept}")
    kept = pl.col("_kept") if "{kept}" in message else pl.lit("")
    return rows.select(
        pl.col(FILE).alias("file"),
        pl.col(ROW).alias("row"),
        pl.lit(" + ".join(spec.key)).alias("field"),
        key_text(spec).str.slice(0, CLIP).alias("value"),
        pl.lit(rule.value).alias("rule"),
        pl.concat_str(pl.lit(before), kept, pl.lit(after)).alias("message"),
    )


def _measured(
    rows: pl.DataFrame, spec: SourceSpec, way: Duplicates
) -> tuple[pl.DataFrame, str | None]:
    pull = [LOADED, _PART] if LOADED in rows.columns else [_PART]
    twice = _beside(rows, (*spec.columns, _PART))
    once = rows.join(twice, on=_ORDER, how="anti")
    # Of each key the newest pull last: by load time where one is told, else by the order of parts.
    ranked = once.sort(*pull, _ORDER, nulls_last=False)
    newest = ranked.group_by(spec.key).agg(pl.col(pull).last().name.suffix("_new"))
    ranked = ranked.join(newest, on=spec.key, how="left", nulls_equal=True, maintain_order="left")
    new = pl.all_horizontal(pl.col(c).eq_missing(pl.col(f"{c}_new")) for c in pull)
    older = _beside(ranked, spec.key, keep="last").filter(~new)
    untold = ranked.filter(new).filter(pl.struct(spec.key).is_duplicated()).sort(_ORDER)
    failed = [
        _failed(twice, spec, Rule.DUPLICATE_KEY, TWICE),
        _failed(older, spec, Rule.RESTATED_ROW, OLDER),
    ]
    if way == Duplicates.REFUSE:
        failed.append(_failed(untold, spec, Rule.DUPLICATE_KEY, REFUSED))
    elif way != Duplicates.SUM:
        gone = _beside(untold, spec.key, keep=str(way))
        failed.append(_failed(gone, spec, Rule.RESTATED_ROW, UNTOLD))
    return pl.concat(failed), _note(untold, spec, way)


_WAYS = {
    Duplicates.LAST: "the last stands",
    Duplicates.FIRST: "the first stands",
    Duplicates.SUM: "they are added up",
    Duplicates.REFUSE: "all are refused",
}


def _note(untold: pl.DataFrame, spec: SourceSpec, way: Duplicates) -> str | None:
    """What the rows that nothing tells apart come to, as they stand and the other way."""
    if untold.is_empty():
        return None
    place = Duplicates.FIRST if way == Duplicates.FIRST else Duplicates.LAST
    keys = pl.struct(spec.key)
    stands = untold.filter(getattr(keys, f"is_{place}_distinct")())
    one, both = (_sums(frame, spec) for frame in (stands, untold))
    return (
        f"{spec.source}: {untold.height:,} rows share {stands.height:,} keys, and nothing says "
        f"whether they are restated or parts; {_WAYS[way]} (duplicates is {way}). The {place} of "
        f"each: {one}; added up: {both}. Set duplicates to last, first, sum or refuse, or name the "
        f"column that splits them in grain.{spec.source}"
    )


def _sums(frame: pl.DataFrame, spec: SourceSpec) -> str:
    known = [name for name in SUMMED.get(spec.source, ()) if name in frame.columns]
    sums = frame.select(exact_sum(name) for name in known).row(0, named=True)
    shown = {name: f"{value:,.6f}" for name, value in sums.items() if value is not None}
    return ", ".join(f"{name} {text.rstrip('0').rstrip('.')}" for name, text in shown.items())
