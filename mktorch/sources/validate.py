"""Raw frames to valid ones: rows that break a rule as an error leave, and every breach is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from mktorch.sources.checks import Check, column_checks, reference_check, row_checks
from mktorch.sources.load import RawSource, SourcesConfig, key_text, with_keys
from mktorch.sources.rules import CLIP, ERROR, FAILURE_SCHEMA, Rule, no_failures, severities
from mktorch.sources.schemas import FILE, ROW, SPECS, SourceSpec
from mktorch.vocab import Source


@dataclass(frozen=True)
class Validated:
    """Valid rows by source, every failure found, and what was noted on the way."""

    frames: dict[Source, pl.DataFrame]
    failures: pl.DataFrame
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Parent:
    """A validated table as its children see it: its keys, and those rejected, with the reason."""

    valid: pl.Series
    rejected: pl.DataFrame


def validate(raw: Mapping[Source, RawSource], config: SourcesConfig) -> Validated:
    """Check every source, parents first, and part valid rows from failures.

    A row with an error is quarantined: it leaves its frame, and its failures say why. A child of a
    quarantined row is an orphan. A row with warnings alone stays. Without
    `config.enable_validation` only what could not be read is a failure.

    Returns
    -------
    Frames in the order read; failures by source, file, row and field (`FAILURE_SCHEMA`).

    Raises
    ------
    SourceError
        For an unknown rule in `config.validation_severity`.
    """
    severity = severities(config.validation_severity)
    parents: dict[Source, _Parent] = {}
    frames: dict[Source, pl.DataFrame] = {}
    failures: list[pl.DataFrame] = []
    for source, spec in SPECS.items():
        own = raw[source]
        bad = [own.failures]
        if config.enable_validation:
            bad.append(_breaches(own, spec, _checks(spec, parents, config)))
            bad.append(_duplicates(own.frame, spec, _errors(pl.concat(bad), severity)))
        named = _graded(pl.concat(bad), severity, spec)
        frames[source], rejected = _parted(own.frame, named)
        failures.append(named)
        if any(key.parent == source for child in SPECS.values() for key in child.foreign_keys):
            parents[source] = _parent(frames[source], rejected, named, spec.key[0])
    notes = tuple(note for source in SPECS for note in raw[source].notes)
    return Validated(frames, pl.concat([no_failures(), *failures]), notes)


def _checks(
    spec: SourceSpec, parents: Mapping[Source, _Parent], config: SourcesConfig
) -> Iterator[Check]:
    yield from column_checks(spec)
    yield from row_checks(spec.source, config.rate_tolerance)
    for key in spec.foreign_keys:
        parent = parents[key.parent]
        is_list = isinstance(spec.dtypes[key.column], pl.List)
        yield reference_check(key, parent.valid, parent.rejected, is_list)


def _breaches(raw: RawSource, spec: SourceSpec, checks: Iterator[Check]) -> pl.DataFrame:
    """Every breach of every check; a value that could not be read is not called missing too."""
    listed = list(checks)
    frame = raw.frame
    masks = frame.select(
        check.broken.fill_null(value=False).alias(str(i)) for i, check in enumerate(listed)
    )
    parts = [
        # In one chunk: polars 2.1's `format` panics where a filter left a chunk without rows.
        frame.filter(masks[str(i)])
        .rechunk()
        .select(
            pl.col(FILE).alias("file"),
            pl.col(ROW).alias("row"),
            pl.lit(check.field).alias("field"),
            _shown(check.value, spec.dtypes[check.field]).alias("value"),
            pl.lit(check.rule.value).alias("rule"),
            check.message.alias("message"),
        )
        for i, check in enumerate(listed)
        if masks[str(i)].any()
    ]
    unread = raw.failures.filter(
        pl.col("rule").is_in([Rule.NOT_AN_OBJECT, Rule.UNREADABLE_ROW, Rule.UNREADABLE_VALUE])
    )
    bad = _named(parts, frame, spec)
    whole = unread.filter(pl.col("field").is_null())
    return bad.join(unread, on=["file", "row", "field"], how="anti", maintain_order="left").join(
        whole, on=["file", "row"], how="anti", maintain_order="left"
    )


def _shown(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.List(pl.Float64):
        text = pl.format("[{}]", value.list.eval(pl.element().cast(pl.String)).list.join(", "))
    elif dtype.is_temporal():
        form = "%Y-%m-%d" if dtype == pl.Date else "%Y-%m-%dT%H:%M:%S%.f"
        text = value.dt.to_string(form)
    else:
        text = value.cast(pl.String)
    return text.str.slice(0, CLIP)


def _named(parts: list[pl.DataFrame], frame: pl.DataFrame, spec: SourceSpec) -> pl.DataFrame:
    return with_keys(pl.concat(parts), frame, spec) if parts else no_failures()


def _errors(bad: pl.DataFrame, severity: Mapping[Rule, str]) -> pl.DataFrame:
    errors = [rule for rule, grade in severity.items() if grade == ERROR]
    return bad.filter(pl.col("rule").is_in(errors))


def _duplicates(frame: pl.DataFrame, spec: SourceSpec, errors: pl.DataFrame) -> pl.DataFrame:
    """Rows whose key another row has: the first without an error of its own is kept."""
    required = [name for name in spec.key if not spec.columns[name].nullable]
    keyed = frame.lazy().select(*spec.key, FILE, ROW).filter(
        pl.all_horizontal(pl.col(required).is_not_null())
    ).collect()  # fmt: skip
    if keyed.select(spec.key).n_unique() == keyed.height:
        return no_failures()
    repeated = keyed.with_row_index("order").filter(keyed.select(spec.key).is_duplicated())
    faulty = errors.select(pl.col("file").alias(FILE), pl.col("row").alias(ROW)).unique()
    ranked = repeated.join(
        faulty.with_columns(pl.lit(value=True).alias("faulty")), on=[FILE, ROW], how="left"
    ).sort(pl.col("faulty").fill_null(value=False), "order")
    kept = ranked.unique(spec.key, keep="first", maintain_order=True).select(
        *spec.key, pl.format("{} row {}", FILE, ROW).alias("kept"), pl.col("order").alias("first")
    )
    later = ranked.join(kept, on=spec.key, how="left", nulls_equal=True).filter(
        pl.col("order") != pl.col("first")
    )
    part = later.sort("order").select(
        pl.col(FILE).alias("file"),
        pl.col(ROW).alias("row"),
        pl.lit(" + ".join(spec.key)).alias("field"),
        key_text(spec).str.slice(0, CLIP).alias("value"),
        pl.lit(Rule.DUPLICATE_KEY.value).alias("rule"),
        pl.format(
            "the key is that of {}, which is kept; remove one, or mend its key", "kept"
        ).alias("message"),
    )
    return _named([part], frame, spec)


def _graded(bad: pl.DataFrame, severity: Mapping[Rule, str], spec: SourceSpec) -> pl.DataFrame:
    """Failures with their severity, by file, row and field."""
    grades = {rule.value: str(grade) for rule, grade in severity.items()}
    place = {name: i for i, name in enumerate(spec.columns)}
    order = pl.col("field").replace_strict(place, default=len(place), return_dtype=pl.Int64)
    return (
        bad.with_columns(pl.col("rule").replace_strict(grades).alias("severity"))
        .sort("file", "row", order, "field", "rule", nulls_last=True)
        .select(list(FAILURE_SCHEMA))
    )


def _parted(frame: pl.DataFrame, failures: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows without an error, and the others, in the order read."""
    errors = failures.filter(pl.col("severity") == ERROR).select(
        pl.col("file").alias(FILE), pl.col("row").alias(ROW)
    ).unique()  # fmt: skip
    if errors.is_empty():
        return frame, frame.clear()
    on = [FILE, ROW]
    return (
        frame.join(errors, on=on, how="anti", maintain_order="left"),
        frame.join(errors, on=on, how="semi", maintain_order="left"),
    )


def _parent(
    valid: pl.DataFrame, rejected: pl.DataFrame, failures: pl.DataFrame, key: str
) -> _Parent:
    """A table's keys for its children, and why the rejected ones are none."""
    first = failures.filter(pl.col("severity") == ERROR).unique(
        ["file", "row"], keep="first", maintain_order=True
    )
    reasons = (
        rejected.join(first, left_on=[FILE, ROW], right_on=["file", "row"], how="left")
        .filter(pl.col(key).is_not_null())
        .unique(key, keep="first", maintain_order=True)
        .select(
            pl.col(key).alias("id"),
            pl.format("parent record was rejected ({} row {}: {})", FILE, ROW, "rule").alias(
                "reason"
            ),
        )
    )
    return _Parent(valid[key], reasons)
