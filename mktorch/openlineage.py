"""A run told to catalogs as OpenLineage events: its start, its end, its job and its tables.

One start event and one of completion (or failure), one of the job, and one of each table that the
run read or made. Tables are named as in the run; columns follow from the definitions of the
catalog, so that a figure leads to the columns of the records in any tool that reads OpenLineage.
The official client makes and sends them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from mktorch import catalog
from mktorch.config import MarketingOrchestratorConfig
from mktorch.config.lineage_events import LineageEvents
from mktorch.errors import MktorchError, in_a_line, is_failure
from mktorch.runs import FAILURES, Run
from mktorch.tables import Definition
from mktorch.version import __version__
from mktorch.vocab import FailureSeverity, Source

if TYPE_CHECKING:
    from openlineage.client import OpenLineageClient
    from openlineage.client.event_v2 import InputDataset, Job, OutputDataset

__all__ = ["LineageError", "reported"]

JOB = "mktorch.run"
_PRODUCER = f"mktorch/{__version__}"


class LineageError(MktorchError):
    """The events could not be made or sent; the message says why."""


class Report:
    """Where a finished run is handed over, so that its events can be told."""

    def __init__(self) -> None:
        self.run: Run | None = None


@contextmanager
def reported(config: MarketingOrchestratorConfig) -> Iterator[Report]:
    """Tell the start of what happens in the block, and its end: of the run handed over, or failed.

    Nothing is told, and nothing of the client is needed, where the settings name no place for it.

    Raises
    ------
    LineageError
        Where the client is not installed or the place cannot be reached: before the block is
        entered if the start cannot be told, else after it.
    """
    report, told = Report(), config.openlineage
    if not (told.url or told.file):
        yield report
        return
    events = _Events(told)
    events.start()
    try:
        yield report
    except BaseException as error:
        if is_failure(error):
            events.fail(in_a_line(error))
        raise
    if report.run is not None:
        events.complete(report.run)


class _Events:
    """The events of one run, as the client sends them."""

    def __init__(self, settings: LineageEvents) -> None:
        try:
            from openlineage.client.event_v2 import Job, set_producer
            from openlineage.client.facet_v2 import documentation_job, job_type_job
            from openlineage.client.uuid import generate_new_uuid
        except ImportError:
            raise LineageError(
                "the settings ask for OpenLineage events, and its client is not installed: "
                'pip install "mktorch[openlineage]"'
            ) from None
        set_producer(_PRODUCER)
        self.namespace, self.settings, self.id = settings.namespace, settings, generate_new_uuid()
        self.clients = list(_clients(settings))
        self.job: Job = Job(
            settings.namespace,
            JOB,
            {
                "documentation": documentation_job.DocumentationJobFacet(
                    "Marketing records into figures, verdicts and recommendations."
                ),
                "jobType": job_type_job.JobTypeJobFacet("BATCH", "MKTORCH", "RUN"),
            },
        )

    def start(self) -> None:
        self._run("START", {})

    def fail(self, why: str) -> None:
        from openlineage.client.facet_v2 import error_message_run

        self._run("FAIL", {"errorMessage": error_message_run.ErrorMessageRunFacet(why, "PYTHON")})

    def complete(self, run: Run) -> None:
        from openlineage.client.event_v2 import DatasetEvent, JobEvent, StaticDataset
        from openlineage.client.facet_v2 import nominal_time_run, tags_run

        inputs = [_input(run, each, self.namespace) for each in _read(run)]
        outputs = [_output(run, table, self.namespace) for table in _made(run)]
        facets = {
            "nominalTime": nominal_time_run.NominalTimeRunFacet(_moment(run.manifest.as_of)),
            "tags": tags_run.TagsRunFacet(
                [tags_run.TagsRunFacetFields("run_id", run.run_id, "MKTORCH")]
            ),
        }
        self._run("COMPLETE", facets, inputs, outputs)
        self._send(JobEvent(eventTime=_now(), job=self.job, inputs=inputs, outputs=outputs))
        for each in (*inputs, *outputs):
            self._send(
                DatasetEvent(
                    eventTime=_now(),
                    dataset=StaticDataset(each.namespace, each.name, facets=each.facets),
                )
            )

    def _run(
        self,
        kind: str,
        facets: dict[str, Any],
        inputs: list[InputDataset] | None = None,
        outputs: list[OutputDataset] | None = None,
    ) -> None:
        from openlineage.client.event_v2 import Run as Told
        from openlineage.client.event_v2 import RunEvent, RunState
        from openlineage.client.facet_v2 import processing_engine_run

        engine = processing_engine_run.ProcessingEngineRunFacet(__version__, "mktorch", __version__)
        self._send(
            RunEvent(
                eventTime=_now(),
                eventType=RunState(kind),
                run=Told(str(self.id), {"processing_engine": engine, **facets}),
                job=self.job,
                inputs=inputs or [],
                outputs=outputs or [],
            )
        )

    def _send(self, event: Any) -> None:
        for place, client in self.clients:
            try:
                client.emit(event)
            except Exception as error:
                raise LineageError(
                    f"{place}: takes no OpenLineage events ({in_a_line(error)}); correct "
                    "openlineage in the settings, or leave it empty"
                ) from None


def _clients(settings: LineageEvents) -> Iterator[tuple[str, OpenLineageClient]]:
    from openlineage.client import OpenLineageClient

    if settings.file:
        where = {"type": "file", "log_file_path": settings.file, "append": True}
        yield settings.file, OpenLineageClient(config={"transport": where})
    if settings.url:
        sent: dict[str, Any] = {
            "type": "http",
            "url": settings.url,
            "timeout": settings.timeout_seconds,
            "retry": {"total": 0},
        }
        if settings.api_key_variable:
            key = os.environ.get(settings.api_key_variable)
            if not key:
                raise LineageError(f"{settings.api_key_variable}: no such environment variable")
            sent["auth"] = {"type": "api_key", "apiKey": key}
        yield settings.url, OpenLineageClient(config={"transport": sent})


def _read(run: Run) -> list[str]:
    return sorted({*Source} & {*run.tables})


def _made(run: Run) -> list[str]:
    return sorted({*run.tables} - {*Source} - {FAILURES})


def _input(run: Run, source: str, namespace: str) -> InputDataset:
    """A source with what was read of it, how well it is filled, and what its rules found."""
    from openlineage.client.event_v2 import InputDataset
    from openlineage.client.facet_v2 import (
        data_quality_assertions_dataset,
        data_quality_metrics_input_dataset,
        dataset_version_dataset,
    )

    files = [record for record in run.manifest.inputs if record.source == source]
    frame = run.tables[source].select(pl.exclude("^_.*$"))
    column = data_quality_metrics_input_dataset.ColumnMetrics
    metrics = data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet(
        {
            name: column(
                nullCount=values.null_count(),
                distinctCount=None if values.dtype.is_nested() else values.n_unique(),
                count=float(values.len()),
                **_range(values),  # type: ignore[arg-type]
            )
            for name, values in frame.to_dict().items()
        },
        rowCount=sum(record.rows for record in files),
        bytes=sum(record.bytes for record in files),
        fileCount=len(files),
    )
    found = (
        run.tables[FAILURES]
        .filter(source=source)
        .group_by("rule", "field", "severity", maintain_order=True)
        .len()
    )
    assertion = data_quality_assertions_dataset.Assertion
    wrong = [
        assertion(rule, False, field, _severity(severity), expected="0", actual=str(rows))
        for rule, field, severity, rows in found.sort("rule", "field", "severity").rows()
    ]
    failed, rows = sum(r.failed for r in files), sum(r.rows for r in files)
    whole = assertion("all_rows_valid", not failed, expected=str(rows), actual=str(rows - failed))
    return InputDataset(
        namespace,
        source,
        {
            "dataQualityMetrics": metrics,
            "dataQualityAssertions": (
                data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet([whole, *wrong])
            ),
        },
        facets={
            "schema": _schema(source, frame),
            "version": dataset_version_dataset.DatasetVersionDatasetFacet(
                " ".join(record.sha256 for record in files) or "no file"
            ),
        },
    )


def _severity(severity: str) -> str:
    return "error" if severity == FailureSeverity.ERROR else "warn"


def _range(values: pl.Series) -> dict[str, float]:
    known = values.drop_nulls()
    if not (values.dtype.is_numeric() and known.len()):
        return {}
    figures = {"sum": known.sum(), "min": known.min(), "max": known.max()}
    return {name: float(value) for name, value in figures.items()}  # type: ignore[arg-type]


def _output(run: Run, table: str, namespace: str) -> OutputDataset:
    """A table of the run, and for each column the columns that it is made of."""
    from openlineage.client.event_v2 import OutputDataset
    from openlineage.client.facet_v2 import (
        column_lineage_dataset,
        output_statistics_output_dataset,
    )

    frame = run.tables[table]
    fields = {
        name: column_lineage_dataset.Fields(inputs)
        for name in frame.columns
        if (inputs := _lineage(table, name, namespace))
    }
    facets: dict[str, Any] = {"schema": _schema(table, frame)}
    if fields:
        facets["columnLineage"] = column_lineage_dataset.ColumnLineageDatasetFacet(fields)
    rows = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(frame.height)
    return OutputDataset(namespace, table, {"outputStatistics": rows}, facets=facets)


def _lineage(table: str, column: str, namespace: str) -> list[Any]:
    """The columns that a column is made of, each once, with how."""
    from openlineage.client.facet_v2 import column_lineage_dataset

    found: dict[tuple[str, str], str] = {}
    for each in _definitions(table, column):
        for name in each.over or ():
            found.setdefault((table, name), each.words)
        for up in each.upstream:
            for name in up.columns:
                found.setdefault((up.table, name), each.words)
    return [
        column_lineage_dataset.InputField(
            namespace,
            origin,
            name,
            [column_lineage_dataset.Transformation("DIRECT", "TRANSFORMATION", words)],
        )
        for (origin, name), words in found.items()
    ]


def _definitions(table: str, column: str) -> Iterator[Definition]:
    for row in ("", *sorted(catalog.rows(table, column))):
        found = catalog.definition(table, column, row)
        if found:
            yield found


def _schema(table: str, frame: pl.DataFrame) -> Any:
    from openlineage.client.facet_v2 import schema_dataset

    return schema_dataset.SchemaDatasetFacet(
        [
            schema_dataset.SchemaDatasetFacetFields(
                name, str(dtype), found.words if found else None, ordinal_position=place
            )
            for place, (name, dtype) in enumerate(frame.schema.items(), 1)
            for found in (catalog.definition(table, name),)
        ]
    )


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _moment(moment: datetime) -> str:
    return moment.replace(tzinfo=moment.tzinfo or UTC).isoformat()
