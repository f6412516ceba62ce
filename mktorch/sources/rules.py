"""What can be wrong with a record: the rules by name, with severity and remedy, and their frame."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import polars as pl

from mktorch.errors import MktorchError
from mktorch.tables import Definition, Table, count, text, word
from mktorch.vocab import FailureSeverity, Source


class SourceError(MktorchError):
    """The input cannot be read at all; the message says what, where, and how to mend it."""


class Rule(StrEnum):
    """Every rule a record can break."""

    NOT_AN_OBJECT = "not_an_object"
    UNREADABLE_ROW = "unreadable_row"
    UNREADABLE_VALUE = "unreadable_value"
    MISSING_REQUIRED = "missing_required"
    UNKNOWN_ENUM = "unknown_enum"
    OUT_OF_RANGE = "out_of_range"
    DUPLICATE_KEY = "duplicate_key"
    ORPHAN_KEY = "orphan_key"
    END_BEFORE_START = "end_before_start"
    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_DESCRIPTIVE = "unknown_descriptive"
    UNKNOWN_REFERENCE = "unknown_reference"
    NUMERIC_STRING = "numeric_string"
    NEGATIVE_REVENUE = "negative_revenue"
    CONVERSIONS_EXCEED_CLICKS = "conversions_exceed_clicks"
    CLICKS_EXCEED_IMPRESSIONS = "clicks_exceed_impressions"
    RATE_MISMATCH = "rate_mismatch"
    NET_ROI_MISMATCH = "net_roi_mismatch"
    EXPERIMENT_END_BEFORE_START = "experiment_end_before_start"
    ALLOCATION_SUM = "allocation_sum"


ERROR, WARNING = FailureSeverity.ERROR, FailureSeverity.WARNING

SEVERITY: Mapping[Rule, FailureSeverity] = MappingProxyType(
    {
        Rule.NOT_AN_OBJECT: ERROR,
        Rule.UNREADABLE_ROW: ERROR,
        Rule.UNREADABLE_VALUE: ERROR,
        Rule.MISSING_REQUIRED: ERROR,
        Rule.UNKNOWN_ENUM: ERROR,
        Rule.OUT_OF_RANGE: ERROR,
        Rule.DUPLICATE_KEY: ERROR,
        Rule.ORPHAN_KEY: ERROR,
        Rule.END_BEFORE_START: ERROR,
        Rule.UNKNOWN_FIELD: WARNING,
        Rule.UNKNOWN_DESCRIPTIVE: WARNING,
        Rule.UNKNOWN_REFERENCE: WARNING,
        Rule.NUMERIC_STRING: WARNING,
        Rule.NEGATIVE_REVENUE: WARNING,
        Rule.CONVERSIONS_EXCEED_CLICKS: WARNING,
        Rule.CLICKS_EXCEED_IMPRESSIONS: WARNING,
        Rule.RATE_MISMATCH: WARNING,
        Rule.NET_ROI_MISMATCH: WARNING,
        Rule.EXPERIMENT_END_BEFORE_START: WARNING,
        Rule.ALLOCATION_SUM: WARNING,
    }
)
"""Severity of each rule unless the config's `validation_severity` says otherwise."""

FIXED = frozenset(
    {
        Rule.NOT_AN_OBJECT,
        Rule.UNREADABLE_ROW,
        Rule.UNREADABLE_VALUE,
        Rule.MISSING_REQUIRED,
        Rule.DUPLICATE_KEY,
    }
)
"""Rules that stay errors: what they name has no value or no identity that a table could keep."""


# fmt: off
class Failures(Table):
    """One row per record and broken rule."""

    about = Definition("A finding of a rule in an input record", config=("validation_severity",))
    source = word(Source, "The source", key=True)
    file = text("The file that holds the record", key=True)
    row = count("Place of the record in its file, from 1", unit="", key=True)
    key = text("The record's key", null="a part of it is missing")
    field = text("The column that breaks the rule", key=True, null="the whole record is meant")
    value = text("The value as written", null="there is none")
    rule = word(Rule, "The rule broken", key=True)
    severity = word(FailureSeverity, "Whether the record was rejected or kept", label="Outcome")
    message = text("What is wrong and how to mend it", label="Why")
# fmt: on


FAILURE_SCHEMA = Failures.dtypes()
"""Types of the failures' columns."""

CLIP = 200
"""Longest value shown in a failure, in characters."""


def no_failures() -> pl.DataFrame:
    """An empty failure frame."""
    return pl.DataFrame(schema=dict(FAILURE_SCHEMA))


def severities(overrides: Mapping[str, FailureSeverity]) -> dict[Rule, FailureSeverity]:
    """Severity by rule, with the config's overrides.

    Raises
    ------
    SourceError
        For an unknown rule, or one that can only be an error.
    """
    for name, severity in overrides.items():
        if name not in SEVERITY:
            near = difflib.get_close_matches(name, list(SEVERITY), n=1, cutoff=0)[0]
            raise SourceError(
                f"validation_severity: unknown rule {name!r}; did you mean {str(near)!r}?"
            )
        if name in FIXED and severity != ERROR:
            raise SourceError(
                f"validation_severity: {name!r} is always an error, because such a record has no "
                "value to keep; mend the record, or leave the rule out of validation_severity"
            )
    return {**SEVERITY, **{Rule(name): severity for name, severity in overrides.items()}}


def failures(
    rows: pl.Series | int,
    *,
    rule: Rule,
    message: str,
    field: str | None = None,
    values: pl.Series | None = None,
) -> pl.DataFrame:
    """Failures of one rule in one field: columns row, field, value, rule, message.

    `{value}` in `message` stands for the value, as written and clipped to `CLIP` characters.
    """
    numbers = pl.Series("row", [rows] if isinstance(rows, int) else rows, dtype=pl.Int64)
    written = pl.Series("value", [None] * len(numbers), pl.String) if values is None else values
    before, mark, after = message.partition("{value}")
    shown = pl.col("value").fill_null("nothing")
    return pl.DataFrame([numbers, written.rename("value")]).select(
        "row",
        pl.lit(field, pl.String).alias("field"),
        pl.col("value").str.slice(0, CLIP),
        pl.lit(str(rule)).alias("rule"),
        (pl.lit(before) + shown.str.slice(0, CLIP) + pl.lit(after) if mark else pl.lit(message))
        .alias("message"),
    )  # fmt: skip


FOUND = ("row", "field", "value", "rule", "message")


def found(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Stack the frames that `failures` makes; none gives an empty frame of their columns."""
    empty = pl.DataFrame(schema={name: FAILURE_SCHEMA[name] for name in FOUND})
    return pl.concat([empty, *parts])
