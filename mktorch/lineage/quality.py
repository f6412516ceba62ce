"""Data quality: records rejected or doubted, figures stated twice, files read."""

from __future__ import annotations

from mktorch.lineage.model import Definition, read

_PAIR = ("check", "source", "tolerance")


def _pairs(verdict: str, what: str) -> Definition:
    return Definition(
        f"Number of pairs of figures of the check that {what}",
        "count",
        (read("reconciliations", "supplied", "computed", on=_PAIR, verdict=verdict),),
        ("rate_tolerance", "money_tolerance"),
    )


_REJECTED = read("failures", "file", "row", severity="error")

QUALITY = {
    "failure-summary.records": Definition(
        "Number of findings of the rule in the source",
        "count",
        (read("failures", "file", "row", on=("severity", "source", "rule")),),
        ("validation_severity",),
    ),
    "failure-summary.files": Definition(
        "Number of files with a finding of the rule",
        "count",
        (read("failures", "file", on=("severity", "source", "rule")),),
        ("validation_severity",),
    ),
    "reconciliation-summary.agrees": _pairs("agrees", "lie within the tolerance"),
    "reconciliation-summary.differs": _pairs("differs", "lie further apart than the tolerance"),
    "reconciliation-summary.not_comparable": _pairs("not_comparable", "cannot be compared"),
    "inputs.rows": Definition("Number of records in the file, as the manifest has it", "count"),
    "inputs.valid": Definition(
        "Number of the file's records that broke no rule that rejects", "count"
    ),
    "inputs.failed": Definition(
        "Number of the file's records that were rejected; failures.parquet holds each", "count"
    ),
    "cards.records-used": Definition(
        "Records that entered figures / records read, over all input files of the manifest",
        "fraction",
    ),
}
