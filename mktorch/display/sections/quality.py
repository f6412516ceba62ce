"""Data quality: which records were rejected or doubted, and which figures disagree."""

from __future__ import annotations

import polars as pl

from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
)
from mktorch.display.status import SEVERITY, VERDICT
from mktorch.display.tables import Column, Table
from mktorch.formats import FIGURE, INTEGER, PERCENT, PERCENT_SIGNED
from mktorch.runs import Run
from mktorch.vocab import FailureSeverity
from mktorch.words import capitals, count, spaces

SHOWN = 25  # rows of an appendix table; the run's tables hold them all
_EACH = 5  # findings shown of one rule


@section("failures", "failure_summary")
def failure_summary(run: Run) -> Table:
    """Failures by source and rule, rejected ones first."""
    frame = run.tables["failure_summary"]
    failures = run.tables["failures"]
    errors = failures.filter(severity=str(FailureSeverity.ERROR))
    rows = errors.select("file", "row").n_unique() if errors.height else 0
    return Table(
        id="failure-summary",
        dense=True,
        frame=frame,
        columns=(
            Column(name="severity", label="Outcome", statuses=SEVERITY),
            Column(name="source", label="Source", weight=1.2),
            Column(name="rule", label="Rule", weight=1.6),
            Column(name="records", label="Findings", format=INTEGER),
            Column(name="files", label="Files", format=INTEGER),
        ),
        key=("severity", "source", "rule"),
        title=_failure_finding(rows, failures.height - errors.height),
        notes=(
            (
                "Rejected records are excluded from every figure; records with warnings are "
                "included. One record may break several rules."
            ),
        ),
        source="failure_summary",
        empty="All records passed all rules.",
        locale=locale_of(run),
    )


@section("failures")
def failures(run: Run) -> Table:
    """The first failures of each rule, record by record: where, which value, why."""
    found = run.tables["failures"].sort("severity", "source", "rule", "file", "row", "field")
    first = pl.int_range(pl.len()).over("severity", "source", "rule") < _EACH
    frame = (
        found.filter(first)
        .head(SHOWN)
        .with_columns(
            place=pl.concat_str(
                "file", pl.lit(", row "), pl.col("row").cast(pl.String), ignore_nulls=True
            ),
            what=pl.concat_str("field", pl.col("value").fill_null("empty"), separator=": "),
        )
    )
    return Table(
        id="failures",
        dense=True,
        frame=frame,
        columns=(
            Column(name="severity", label="Outcome", statuses=SEVERITY),
            Column(name="place", label="Where", detail="key", weight=1.3),
            Column(name="what", label="Field and value", weight=1.2, missing="the whole record"),
            Column(name="message", label="Why", detail="rule", weight=2.0),
        ),
        title=f"{frame.height} of {count(found.height, 'finding')}, rejected records first.",
        notes=(f"Up to {_EACH} per rule are shown; all are in the run's failures.parquet.",),
        source="failures",
        empty="All records passed all rules.",
        locale=locale_of(run),
    )


@section("reconciliations", "reconciliation_summary")
def reconciliation_summary(run: Run) -> Table:
    """Each check: how many pairs of figures agree, differ, or cannot be compared."""
    checks = run.tables["reconciliations"]
    frame = run.tables["reconciliation_summary"].with_columns(
        named=capitals(spaces(pl.col("check"))), supplied_by=spaces(pl.col("source"))
    )
    differing, agreeing = (checks.filter(verdict=v).height for v in ("differs", "agrees"))
    return Table(
        id="reconciliation-summary",
        dense=True,
        frame=frame,
        columns=(
            Column(name="named", label="Check", weight=1.6),
            Column(name="supplied_by", label="Supplied by", weight=1.3),
            Column(name="tolerance", label="Tolerance", format=PERCENT),
            Column(name="agrees", label="Agree", format=INTEGER),
            Column(name="differs", label="Differ", format=INTEGER),
            Column(name="not_comparable", label="Not comparable", format=INTEGER),
        ),
        key=("check", "source", "tolerance"),
        title=(
            (
                f"{differing} of {count(checks.height, 'pair')} of figures differ by more than "
                "the tolerance."
            )
            if differing
            else f"All {count(agreeing, 'pair')} of comparable figures agree."
        ),
        notes=("Tolerance: allowed gap as a share of the computed figure.",),
        source="reconciliation_summary",
        empty="No figure is stated twice in the data.",
        locale=locale_of(run),
    )


@section("reconciliations")
def reconciliations(run: Run) -> Table:
    """The pairs that do not agree, widest relative gap first, then the largest that do."""
    order = pl.col("verdict").replace_strict(
        {"differs": 0, "not_comparable": 1, "agrees": 2}, return_dtype=pl.Int64
    )
    checks = run.tables["reconciliations"]
    open_ones = checks.filter(pl.col("verdict") != "agrees")
    frame = open_ones.sort(
        order,
        pl.col("relative_gap").abs(),
        "check",
        "key",
        "figure",
        descending=[False, True, False, False, False],
        nulls_last=True,
    ).with_columns(what=pl.concat_str("figure", pl.lit(" ("), "check", pl.lit(")")))
    return Table(
        id="reconciliations",
        dense=True,
        frame=frame,
        columns=(
            Column(name="key", label="Record", weight=1.1),
            Column(name="figure", label="Figure", detail="check", weight=1.5),
            Column(
                name="supplied",
                label="Supplied",
                format=FIGURE,
                missing="not stated in the record",
            ),
            Column(
                name="computed",
                label="Computed",
                format=FIGURE,
                missing="no rows to compute from",
            ),
            Column(name="gap", label="Gap", format=FIGURE),
            Column(name="relative_gap", label="Gap, relative", format=PERCENT_SIGNED),
            Column(name="verdict", label="Verdict", statuses=VERDICT, detail="reason"),
        ),
        key=("check", "source", "key", "figure"),
        title=_open_finding(open_ones),
        notes=("Gap: supplied minus computed; relative to computed.",),
        source="reconciliations",
        most=SHOWN,
        empty="All pairs of figures agree.",
        locale=locale_of(run),
    )


def _failure_finding(rejected: int, warnings: int) -> str:
    if not rejected and not warnings:
        return "All records passed all rules."
    return (
        f"{count(rejected, 'record') if rejected else 'No records'} rejected; "
        f"{count(warnings, 'warning')} on records that were kept."
    )


def _open_finding(open_ones: pl.DataFrame) -> str:
    differing = open_ones.filter(verdict="differs").height
    if open_ones.is_empty():
        return "No figures disagree."
    beside = open_ones.height - differing
    return f"{count(differing, 'figure')} disagree, {beside} not comparable."
