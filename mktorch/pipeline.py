"""Goal, plan and `run`: the only place that runs the steps."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl

from mktorch import __version__
from mktorch.analysis.reconciliations import SCHEMA
from mktorch.config import MarketingOrchestratorConfig, load_config
from mktorch.errors import MktorchError
from mktorch.narrative.files import REPORT, SUMMARY, published
from mktorch.narrative.model import usage
from mktorch.rollups import windows
from mktorch.runs import (
    FAILURES,
    InputRecord,
    Manifest,
    ModelUsage,
    Run,
    StepRecord,
    load_run,
    run_id,
    state_of,
    write_run,
)
from mktorch.sources.rules import Rule
from mktorch.sources.totals import totals
from mktorch.sources.validate import Validated
from mktorch.steps import PLAN, PipelineError, Step, Work
from mktorch.vocab import FailureSeverity, StepStatus, Window

QUESTIONS = (
    "What did each campaign spend and return, and is that enough?",
    "Which experiments have earned a decision?",
    "Are the targets met, and what stands at risk?",
    "What should be done next, by whom, on what evidence?",
)
# The texts of a run: the file's name, and the artifact it is made from.
TEXTS = {REPORT: "campaign_report", SUMMARY: "executive_summary"}


def run(
    data: str | Path | None = None,
    *,
    out: str | Path | None = None,
    campaign: str | None = None,
    config: str | Path | MarketingOrchestratorConfig | None = None,
    as_of: str | datetime | None = None,
    **settings: Any,
) -> Run:
    """Analyse a folder of records and write the run to disk.

    Parameters
    ----------
    data
        Folder of the thirteen sources; default, the configuration's `data_dir`.
    out
        Folder the run's own folder is made in; default, the configuration's `runs_dir`.
    campaign
        Restrict every table that belongs to a campaign to this one.
    config
        A TOML file, or a configuration; `settings` change single fields of it.
    as_of
        The moment to look from; later records are left out. Default, the newest timestamp.

    Raises
    ------
    ConfigError, SourceError, RunError, PipelineError
        Where the settings, the input, the output folder or the campaign cannot be used.
    """
    given = {"data_dir": _text(data), "runs_dir": _text(out), "as_of": as_of, **settings}
    if isinstance(config, MarketingOrchestratorConfig):
        changed = {name: value for name, value in given.items() if value is not None}
        config, origins = load_config(overrides={**config.model_dump(), **changed})
    else:
        config, origins = load_config(config, given)
    started = perf_counter()
    work = Work(config, campaign)
    steps = execute(PLAN, work)
    frames = {name: a for name, a in work.artifacts.items() if isinstance(a, pl.DataFrame)}
    inputs = input_records(work)
    identity = run_id(inputs, config.fingerprint(), work["as_of"], __version__, campaign)
    made = {name: work.artifacts.get(key) for name, key in TEXTS.items()}
    texts = {name: text for name, text in made.items() if text and config.enable_reporting}
    with published(Path(config.reports_dir) / identity, texts) as files:
        errors = [f"{step.name}: {step.error}" for step in steps if step.error]
        errors += [files.error] if files.error else []
        manifest = Manifest(
            run_id=identity,
            version=__version__,
            as_of=work["as_of"],
            campaign_id=campaign,
            inputs=inputs,
            config=config.model_dump(mode="json"),
            config_sources=origins,
            steps=steps,
            errors=errors,
            notes=work.notes,
            model_usage=model_usage(work),
        )
        settled = {
            "campaign_id": campaign,
            "goal": goal(work),
            "plan": plan(steps),
            "campaign_report": made[REPORT],
            "report_file_path": files.paths.get(REPORT),
            "executive_summary": made[SUMMARY],
            "summary_file_path": files.paths.get(SUMMARY),
            "errors": errors,
            "processing_time": perf_counter() - started,
        }
        path = write_run(config.runs_dir, manifest, frames, state_of(frames, settled))
    return load_run(path)


@dataclass(frozen=True)
class Findings:
    """What a check of the records found: failed and suspicious rows, and figures that differ.

    `totals` proves that accepted and set-aside sums make up the files'; `problem` is why no run
    could be made of the records, and no figure compared.
    """

    rows: int
    failures: pl.DataFrame
    reconciliations: pl.DataFrame
    totals: pl.DataFrame
    problem: str | None = None

    @property
    def differing(self) -> int:
        return self.reconciliations.filter(verdict="differs").height

    def lines(self) -> Iterator[str]:
        """One line a finding, for people."""
        shown = self.failures.select(
            pl.format(
                "{}: {}:{}{} {}",
                "severity",
                "file",
                pl.col("row").cast(pl.String).fill_null("-"),
                pl.format(" {}", pl.col("field")).fill_null(""),
                pl.format("[{}] {}", "rule", "message"),
            )
        )
        yield from shown.to_series()
        yield from (
            self.reconciliations.filter(verdict="differs")
            .select(
                pl.format(
                    "differs: {} {} {}: supplied {}, computed {}",
                    "source",
                    "key",
                    "figure",
                    pl.col("supplied").round(6),
                    pl.col("computed").round(6),
                )
            )
            .to_series()
        )

    def as_json(self) -> dict[str, Any]:
        """The same, for programs."""
        return {
            "rows": self.rows,
            "failures": self.failures.to_dicts(),
            "reconciliations": self.reconciliations.to_dicts(),
            "totals": self.totals.to_dicts(),
            "problem": self.problem,
        }


def check(config: MarketingOrchestratorConfig) -> Findings:
    """Load, validate and reconcile without writing a run."""
    work = Work(config)
    read, end = (
        next(n for n, step in enumerate(PLAN, start=1) if made in step.makes)
        for made in (FAILURES, "reconciliations")
    )
    execute(PLAN[:read], work)
    problem = None
    try:
        execute(PLAN[read:end], work)
    except MktorchError as error:  # what failed is listed all the same
        problem = str(error)
    return Findings(
        sum(record.rows for record in input_records(work)),
        work[FAILURES],
        work.artifacts.get("reconciliations", pl.DataFrame(schema=SCHEMA)),
        totals(work["raw"], Validated(work["valid"], work[FAILURES], ())),
        problem,
    )


def execute(steps: tuple[Step, ...], work: Work) -> list[StepRecord]:
    """Run the steps in order, each once what it needs is there, and record how each went.

    A failed optional step blocks only the steps that need what it makes.

    Raises
    ------
    PipelineError
        Where a step that the run cannot stand without fails or breaks its declaration.
    """
    done: list[StepRecord] = []
    with _progress(work.config, len(steps)) as advance:
        for step in steps:
            advance(step.description)
            done.append(_execute(step, work))
    return done


def goal(work: Work) -> dict[str, Any]:
    """What the run set out to answer, and over which time."""
    spans = windows(work.day, work.config.window_days)
    scope = work.campaign_id or "all campaigns"
    return {
        "objective": f"Governed decisions and a board report for {scope}",
        "campaign_id": work.campaign_id,
        "as_of": work["as_of"].isoformat(),
        "current_window": [day.isoformat() for day in spans[Window.CURRENT]],
        "prior_window": [day.isoformat() for day in spans[Window.PRIOR]],
        "questions": list(QUESTIONS),
    }


def plan(done: list[StepRecord]) -> list[dict[str, Any]]:
    """The declared plan with each step's status."""
    makers = {output: step.name for step in PLAN for output in step.makes}
    return [
        {
            "step": number,
            "name": step.name,
            "description": step.description,
            "dependencies": sorted({makers[name] for name in (*step.needs, *step.uses)}),
            "outputs": [str(output) for output in step.makes],
            "status": str(record.status),
        }
        for number, (step, record) in enumerate(zip(PLAN, done, strict=True), start=1)
    ]


def model_usage(work: Work) -> ModelUsage:
    """What the run's calls to the language model took, in all."""
    calls = work.artifacts.get("measured_model_usage")
    return ModelUsage() if calls is None else ModelUsage(**usage(calls))


def input_records(work: Work) -> list[InputRecord]:
    """Every input file with its hash and how many of its records stand."""
    error = pl.col("severity") == FailureSeverity.ERROR
    gone = work[FAILURES].filter(error | (pl.col("rule") == Rule.RESTATED_ROW))
    failed, left_out = (
        {
            (source, file): count
            for source, file, count in rows.group_by("source", "file")
            .agg(pl.col("row").n_unique())
            .iter_rows()
        }
        for rows in (gone.filter(error), gone)
    )
    return [
        InputRecord(
            source=file.source,
            path=file.path,
            sha256=file.sha256,
            bytes=file.bytes,
            rows=file.rows,
            valid=file.rows - left_out.get((file.source, file.path), 0),
            failed=failed.get((file.source, file.path), 0),
        )
        for raw in work["raw"].values()
        for file in raw.files
    ]


def _execute(step: Step, work: Work) -> StepRecord:
    if step.switch is not None and not getattr(work.config, step.switch):
        work.notes.append(f"{step.name}: left out, {step.switch} is false")
        return StepRecord(
            name=step.name, description=step.description, status=StepStatus.SKIPPED, seconds=0.0
        )
    missing = [str(need) for need in step.needs if need not in work.artifacts]
    if missing:
        return StepRecord(
            name=step.name,
            description=step.description,
            status=StepStatus.BLOCKED,
            seconds=0.0,
            error=f"not run: {', '.join(missing)} could not be made",
        )
    started = perf_counter()
    error = None
    try:
        made = step.do(work)
        undeclared = set(made).symmetric_difference(step.makes)
        if undeclared:
            raise PipelineError(f"declared outputs and made ones differ: {sorted(undeclared)}")
        work.artifacts.update(made)
    except Exception as failure:
        if not step.optional:
            raise
        error = f"{type(failure).__name__}: {failure}"
    work.seconds.append(perf_counter() - started)
    return StepRecord(
        name=step.name,
        description=step.description,
        status=StepStatus.FAILED if error else StepStatus.DONE,
        seconds=work.seconds[-1],
        error=error,
    )


def _text(path: str | Path | None) -> str | None:
    return None if path is None else str(path)


@contextmanager
def _progress(config: MarketingOrchestratorConfig, total: int) -> Iterator[Callable[[str], None]]:
    """A progress bar on a terminal; silence elsewhere or where it is switched off."""
    if not (config.enable_progress_tracking and sys.stderr.isatty()):
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)

        def advance(description: str) -> None:
            bar.update(task, advance=1, description=description)

        yield advance
