"""Goal, plan and `run`: the only place that runs the steps."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl

from mktorch import stops
from mktorch.analysis.reconciliations import Reconciliations
from mktorch.clock import Clock
from mktorch.config import MarketingOrchestratorConfig, load_config
from mktorch.errors import MktorchError, in_a_line, is_failure
from mktorch.ingest import input_records
from mktorch.manifest import Manifest, ScanRecord, StepRecord, run_id
from mktorch.narrative.files import REPORT, SUMMARY, published
from mktorch.narrative.llm_calls import usage
from mktorch.notebook import Run, load_run
from mktorch.openlineage import reported
from mktorch.plan import PLAN
from mktorch.runs import FAILURES, state_of, write_run
from mktorch.sources.bulk.scan import Scan
from mktorch.sources.totals import totals
from mktorch.sources.validate import Validated
from mktorch.version import __version__
from mktorch.vocab import StepStatus
from mktorch.wiring import PipelineContext, Step

QUESTIONS = (
    "What did each campaign spend and return, and is that enough?",
    "Which experiments have earned a decision?",
    "Are the targets met, and what stands at risk?",
    "What should be done next, by whom, on what evidence?",
)
FRAMES = "(frames)"
"""What stands as a run's data folder where its records were given as frames."""
# The texts of a run: the file's name, and the artifact it is made from.
TEXTS = {REPORT: "campaign_report", SUMMARY: "executive_summary"}


def run(
    data: str | Path | Mapping[str, Any] | None = None,
    *,
    out: str | Path | None = None,
    campaign: str | None = None,
    config: str | Path | MarketingOrchestratorConfig | None = None,
    as_of: str | datetime | None = None,
    **settings: Any,
) -> Run:
    """Analyse a folder of records, or frames, and write the run to disk.

    Parameters
    ----------
    data
        Folder of the thirteen sources, or frames by source name (of Polars, pandas or anything
        that exports Arrow); default, the configuration's `data_dir`.
    out
        Folder the run's own folder is made in; default, the configuration's `runs_dir`.
    campaign
        Restrict every table that belongs to a campaign to this one.
    config
        A TOML file, or a configuration; `settings` change single fields of it.
    as_of
        The moment to look from; later records are left out. Default, the newest timestamp.

    Returns
    -------
    The run, read back from its folder: `tables` by name (Polars frames), `state` (the contract's
    mapping), `lookups` by key, `show` (what the pages show, by name), `explain` (where a figure
    comes from), `ok`, and `manifest` with inputs, settings, steps and errors.

    Raises
    ------
    ConfigError, SourceError, RunError, PipelineError
        Where the settings, the input, the output folder or the campaign cannot be used.

    Examples
    --------
    >>> import tempfile, mktorch
    >>> folder = tempfile.mkdtemp()
    >>> run = mktorch.run("data", out=f"{folder}/runs", reports_dir=f"{folder}/reports")
    >>> run.tables.roi_analysis.select("total_media_spend", "total_net_roi").row(0)
    (110979.25, 36206.81)
    >>> run.state["performance_assessment"]["active_campaigns"]
    4
    """
    frames = None if data is None or isinstance(data, str | Path) else data
    folder = FRAMES if frames is not None else _text(data)
    given = {"data_dir": folder, "runs_dir": _text(out), "as_of": as_of, **settings}
    if isinstance(config, MarketingOrchestratorConfig):
        changed = {name: value for name, value in given.items() if value is not None}
        config, origins = load_config(overrides={**config.model_dump(), **changed}, alone=True)
    else:
        config, origins = load_config(config, given)
    return run_configured(config, origins, campaign, frames)


def run_configured(
    config: MarketingOrchestratorConfig,
    origins: Mapping[str, str],
    campaign: str | None = None,
    frames: Mapping[str, Any] | None = None,
) -> Run:
    """`run` with settings that were read before, and where each came from."""
    with reported(config) as report:
        report.run = _run(config, origins, campaign, frames)
    return report.run


def _run(
    config: MarketingOrchestratorConfig,
    origins: Mapping[str, str],
    campaign: str | None,
    frames: Mapping[str, Any] | None,
) -> Run:
    started = perf_counter()
    context = PipelineContext(config, campaign, frames)
    steps = execute(PLAN, context)
    frames = context.tables
    inputs = input_records(context["raw"], context[FAILURES])
    identity = run_id(inputs, config.fingerprint(), context["as_of"], __version__, campaign)
    made = {name: context.artifacts.get(key) for name, key in TEXTS.items()}
    texts = {name: text for name, text in made.items() if text and config.enable_reporting}
    with published(Path(config.reports_dir) / identity, texts) as files:
        errors = [f"{step.name}: {step.error}" for step in steps if step.error]
        errors += [files.error] if files.error else []
        manifest = Manifest(
            run_id=identity,
            version=__version__,
            as_of=context["as_of"],
            campaign_id=campaign,
            inputs=inputs,
            config=config.model_dump(mode="json"),
            config_sources=dict(origins),
            steps=steps,
            errors=errors,
            notes=context.notes,
            scan=_scan_record(context["bulk"]),
            model_usage=usage(context.artifacts.get("measured_model_usage")),
        )
        settled = {
            "campaign_id": campaign,
            "goal": goal(context),
            "plan": plan(steps),
            "campaign_report": made[REPORT],
            "report_file_path": files.paths.get(REPORT),
            "executive_summary": made[SUMMARY],
            "summary_file_path": files.paths.get(SUMMARY),
            "errors": errors,
            "processing_time": perf_counter() - started,
        }
        bulk = context["bulk"]
        path = write_run(config.runs_dir, manifest, frames, state_of(frames, settled, bulk), bulk)
    return load_run(path)


@dataclass(frozen=True)
class Findings:
    """What a check of the records found: failed and suspicious rows, and figures that differ.

    `totals` proves that accepted and set-aside sums make up the files';
    `set_aside` and its total say what was rejected, in money; `problem` is why no run
    could be made of the records, and no figure compared.
    """

    rows: int
    failures: pl.DataFrame
    reconciliations: pl.DataFrame
    totals: pl.DataFrame
    set_aside: pl.DataFrame
    set_aside_total: pl.DataFrame
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
    context = PipelineContext(config)
    read, end = (
        next(n for n, step in enumerate(PLAN, start=1) if made in step.makes)
        for made in (FAILURES, "reconciliations")
    )
    execute(PLAN[:read], context)
    problem = None
    try:
        execute(PLAN[read:end], context)
    except MktorchError as error:  # what failed is listed all the same
        problem = str(error)
    return Findings(
        sum(record.rows for record in input_records(context["raw"], context[FAILURES])),
        context[FAILURES],
        context.artifacts.get("reconciliations", Reconciliations.create_empty()),
        totals(
            context["looked_at"],
            Validated(context["valid"], context[FAILURES], (), context["looked_at"]),
        ),
        context["set_aside"],
        context["set_aside_total"],
        problem,
    )


def execute(steps: tuple[Step, ...], context: PipelineContext) -> list[StepRecord]:
    """Run the steps in order, each once what it needs is there, and record how each went.

    A failed optional step blocks only the steps that need what it makes.

    Raises
    ------
    PipelineError
        Where a step that the run cannot stand without fails or breaks its declaration.
    """
    before = len(context.steps)
    with _progress(context.config, len(steps)) as advance:
        for step in steps:
            stops.check()
            advance(step.description)
            context.steps.append(_execute(step, context))
    return context.steps[before:]


def goal(context: PipelineContext) -> dict[str, Any]:
    """What the run set out to answer, and over which time."""
    config = context.config
    clock = Clock(context["as_of"], config.window_days, config.reporting_timezone)
    scope = context.campaign_id or "all campaigns"
    return {
        "objective": f"Governed decisions and a board report for {scope}",
        "campaign_id": context.campaign_id,
        "as_of": clock.as_of.isoformat(),
        "current_window": [day.isoformat() for day in clock.current],
        "prior_window": [day.isoformat() for day in clock.prior],
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
            "dependencies": sorted({makers[name] for name in step.awaits}),
            "outputs": [str(output) for output in step.makes],
            "status": str(record.status),
        }
        for number, (step, record) in enumerate(zip(PLAN, done, strict=True), start=1)
    ]


def _execute(step: Step, context: PipelineContext) -> StepRecord:
    if step.switch is not None and not getattr(context.config, step.switch):
        context.notes.append(f"{step.name}: left out, {step.switch} is false")
        return StepRecord(
            name=step.name, description=step.description, status=StepStatus.SKIPPED, seconds=0.0
        )
    missing = [str(need) for need in step.needs if need not in context.artifacts]
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
        context.artifacts.update(step.run(context))
    except BaseException as failure:
        if not (step.optional and is_failure(failure)):
            raise
        error = f"{type(failure).__name__}: {in_a_line(failure)}"
    context.seconds.append(perf_counter() - started)
    return StepRecord(
        name=step.name,
        description=step.description,
        status=StepStatus.FAILED if error else StepStatus.DONE,
        seconds=context.seconds[-1],
        error=error,
    )


def _scan_record(bulk: Scan | None) -> ScanRecord | None:
    if bulk is None:
        return None
    parts = [part.name for part in bulk.parts]
    return ScanRecord(rows=bulk.rows, parts=parts, as_of=bulk.terms.as_of)


def _text(path: object | None) -> str | None:
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
