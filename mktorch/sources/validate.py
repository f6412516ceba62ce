"""Raw frames to valid ones: rows that break a rule as an error leave, and every breach is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import dataframely as dy
import polars as pl

from mktorch.sources.accounts import account_checks, qualified
from mktorch.sources.bulk.source import looked_into
from mktorch.sources.checks import Check, column_checks, listed, reference_check, row_checks
from mktorch.sources.columns import metadata
from mktorch.sources.limits import refuse_failures
from mktorch.sources.measures import SUMMED
from mktorch.sources.rates import BASES, RATED, counted, rate_base
from mktorch.sources.raw import RawSource, with_keys
from mktorch.sources.repeated import repeated
from mktorch.sources.rules import CLIP, ERROR, FAILURE_SCHEMA, Rule, no_failures, severities
from mktorch.sources.schemas import FILE, ROW, SPECS, SourceSpec
from mktorch.sources.settled import SourcesConfig
from mktorch.sums import plain
from mktorch.vocab import Source


@dataclass(frozen=True)
class Validated:
    """Valid rows by source, every failure found, what was noted on the way, and the sources as they
    were looked at; beside the rows of a big one the sums of its `scan` are valid."""

    frames: dict[Source, pl.DataFrame]
    failures: pl.DataFrame
    notes: tuple[str, ...]
    read: dict[Source, RawSource]


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
        For an unknown rule in `config.validation_severity`, or more failures than may be.
    """
    severity = severities(config.validation_severity)
    raw, shared = qualified(raw)
    parents: dict[Source, _Parent] = {}
    frames: dict[Source, pl.DataFrame] = {}
    failures: list[pl.DataFrame] = []
    notes = [note for source in SPECS for note in raw[source].notes]
    for source in SPECS:
        if source == Source.PERFORMANCE_METRICS:
            keys = (parents[p].valid for p in (Source.CREATIVE_ASSETS, Source.EXPERIMENTS))
            raw[source] = looked_into(raw[source], *keys)
        own, spec = raw[source], raw[source].spec
        bad = [own.failures]
        rates = _votes(own.frame, own) if source == Source.PERFORMANCE_METRICS else None
        if config.enable_validation:
            bad.append(_breaches(own, spec, _checks(own, parents, frames, config, rates)))
            faulty = _errors(pl.concat(bad), severity)
            again, note = repeated(own.frame, spec, faulty, config.duplicates)
            if again is not None:
                bad.append(_named([again], own.frame, spec))
            notes += [note] if note else []
        named = _graded(pl.concat(bad), severity, spec)
        frames[source], rejected = _parted(own.frame, named)
        failures.append(named)
        if rates is not None:
            valid = frames[source]
            stand = rates if valid.height == own.frame.height else _votes(valid, own)
            notes += _said(own, valid, stand)
        if any(key.parent == source for child in SPECS.values() for key in child.foreign_keys):
            parents[source] = _parent(
                frames[source], rejected, named, spec.key[0], shared.get(source)
            )
    return Validated(frames, pl.concat([no_failures(), *failures]), tuple(notes), raw)


def _checks(
    own: RawSource,
    parents: Mapping[Source, _Parent],
    frames: Mapping[Source, pl.DataFrame],
    config: SourcesConfig,
    rates: pl.DataFrame | None,
) -> Iterator[Check]:
    spec = own.spec
    yield from column_checks(spec)
    base = BASES[0] if rates is None else rate_base(rates)
    yield from row_checks(spec.source, config.rate_tolerance, base)
    yield from account_checks(spec, frames)
    for key in spec.foreign_keys:
        parent = parents[key.parent]
        is_list = isinstance(spec.dtypes[key.column], pl.List)
        yield reference_check(key, parent.valid, parent.rejected, is_list)


def _votes(frame: pl.DataFrame, own: RawSource) -> pl.DataFrame:
    """What the stated rates of rows, and of those that were summed where they are, fit best."""
    votes = counted(frame)
    return votes if own.scan is None else pl.concat([votes, own.scan.days.select(votes.columns)])


def _said(own: RawSource, valid: pl.DataFrame, rates: pl.DataFrame) -> Iterator[str]:
    """What was taken how: the denominator of supplied rates, and cells that are blank."""
    source = own.spec.source
    if known := rates[RATED].sum():
        yield (
            f"{source}.conversion_rate: {known:,} rates taken as conversions / "
            f"{rate_base(rates)}, which they fit best"
        )
    for name in SUMMED[source]:
        days = [valid.filter(pl.col(name).is_null()).select(
            pl.col("timestamp").dt.date().alias("date"), pl.lit(1, pl.Int64).alias("rows")
        )]  # fmt: skip
        if own.scan is not None:
            days.append(own.scan.blank(name))
        blank = pl.concat(days)
        if rows := blank["rows"].sum():
            first, last = blank.select(pl.col("date").min(), last=pl.col("date").max()).row(0)
            yield (
                f"{source}.{name}: blank in {rows:,} rows, from {first} to "
                f"{last}; unknown there, not 0: sums leave them out"
            )


def _breaches(raw: RawSource, spec: SourceSpec, checks: Iterator[Check]) -> pl.DataFrame:
    """Every breach of every check; a value that could not be read is not called missing too."""
    listed = list(checks)
    frame = raw.frame
    masks = frame.select(
        check.broken.fill_null(value=False).alias(str(i)) for i, check in enumerate(listed)
    )
    found = raw.failures.height + int(masks.sum().sum_horizontal().sum())
    refuse_failures(found, spec.source)
    parts = [
        # In one chunk: polars 2.1's `format` panics where a filter left a chunk without rows.
        frame.filter(masks[str(i)])
        .rechunk()
        .select(
            pl.col(FILE).alias("file"),
            pl.col(ROW).alias("row"),
            pl.lit(check.field).alias("field"),
            _shown(check.value, spec.columns[check.field]).alias("value"),
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


def _shown(value: pl.Expr, column: dy.Column) -> pl.Expr:
    dtype = column.dtype
    if metadata(column, "count"):
        text = plain(value)
    elif dtype == pl.List(pl.Float64):
        text = listed(value)
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
    """Rows that stand, and those with an error, in the order read; restated rows are neither."""
    error = pl.col("severity") == ERROR
    errors = failures.filter(error).select(
        pl.col("file").alias(FILE), pl.col("row").alias(ROW)
    ).unique()  # fmt: skip
    gone = failures.filter(error | (pl.col("rule") == Rule.RESTATED_ROW)).select(
        pl.col("file").alias(FILE), pl.col("row").alias(ROW)
    ).unique()  # fmt: skip
    if gone.is_empty():
        return frame, frame.clear()
    on = [FILE, ROW]
    return (
        frame.join(gone, on=on, how="anti", maintain_order="left"),
        frame.join(errors, on=on, how="semi", maintain_order="left"),
    )


def _parent(
    valid: pl.DataFrame,
    rejected: pl.DataFrame,
    failures: pl.DataFrame,
    key: str,
    shared: pl.DataFrame | None,
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
    if shared is not None:  # a bare id of several accounts is no row's, whatever was rejected
        others = reasons.join(shared, on="id", how="anti", maintain_order="left")
        reasons = pl.concat([others, shared])
    return _Parent(valid[key], reasons)
