"""Provenance: which files, which settings, which program, at which moment."""

from __future__ import annotations

import polars as pl

from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
)
from mktorch.display.status import STEP
from mktorch.display.tables import Column, Table
from mktorch.formats import DATETIME, INTEGER, format_value
from mktorch.runs import Run
from mktorch.words import count


@section()
def provenance(run: Run) -> Table:
    """The run in facts: id, version, moment, scope, model use."""
    manifest = run.manifest
    usage = manifest.model_usage
    facts = (
        ("Run", run.run_id),
        ("mktorch", manifest.version),
        ("As of", format_value(manifest.as_of, DATETIME)),
        ("Scope", manifest.campaign_id or "all campaigns"),
        ("Money", f"{run.config.currency}, {run.config.money_authority} first"),
        ("Language model calls", f"{usage.calls}"),
        ("Steps that failed", ", ".join(s.name for s in manifest.steps if s.error) or "none"),
        *((f"Note {i}", note) for i, note in enumerate(manifest.notes, start=1)),
        *((f"Error {i}", error) for i, error in enumerate(manifest.errors, start=1)),
    )
    return Table(
        id="provenance",
        dense=True,
        frame=pl.DataFrame(facts, schema=["fact", "value"], orient="row"),
        columns=(
            Column(name="fact", label="Fact", weight=0.6),
            Column(name="value", label="Value", weight=2.0),
        ),
        title="The same inputs, settings and report date give the same run ID and figures.",
        source="manifest.json",
    )


@section("input_files")
def inputs(run: Run) -> Table:
    """Every input file with its hash and what stands of its records."""
    hashes = [(file.source, file.path, file.sha256) for file in run.manifest.inputs]
    frame = run.tables["input_files"].join(
        pl.DataFrame(hashes, schema=["source", "path", "sha256"], orient="row"),
        on=("source", "path"),
        how="left",
        maintain_order="left",
    )
    return Table(
        id="inputs",
        dense=True,
        frame=frame,
        columns=(
            Column(name="path", label="File", weight=1.2),
            Column(name="rows", label="Records", format=INTEGER),
            Column(name="valid", label="Valid", format=INTEGER),
            Column(name="failed", label="Rejected", format=INTEGER),
            Column(name="sha256", label="SHA-256", mono=True, weight=2.2),
        ),
        title=f"{count(frame.height, 'file')}, {count(int(frame['rows'].sum()), 'record')} read.",
        key=("source", "path"),
        notes=("The SHA-256 hash identifies the exact file behind these figures.",),
        source="input_files, manifest.json",
        empty="This run read no files.",
        locale=locale_of(run),
    )


@section()
def steps(run: Run) -> Table:
    """The executed plan. Measured seconds stay out: they differ from run to run."""
    rows = [(s.description, str(s.status), s.error) for s in run.manifest.steps]
    frame = pl.DataFrame(
        rows, schema={"step": pl.String, "status": pl.String, "error": pl.String}, orient="row"
    )
    return Table(
        id="steps",
        dense=True,
        frame=frame,
        columns=(
            Column(name="step", label="Step", detail="error", weight=2.0),
            Column(name="status", label="Status", statuses=STEP),
        ),
        title=f"{count(frame.filter(status='done').height, 'step')} of {frame.height} done.",
        source="manifest.json",
        empty="This run has no steps.",
    )
