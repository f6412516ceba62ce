"""What can be wrong with a record: the rules by name, with severity and remedy, and their frame."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import polars as pl

from mktorch.errors import MktorchError
from mktorch.tables import Definition, Table, count, read, same, text, word
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
    NEGATIVE_SUM = "negative_sum"
    RESTATED_ROW = "restated_row"
    ACCOUNT_CLASH = "account_clash"


ERROR, WARNING = FailureSeverity.ERROR, FailureSeverity.WARNING


class Told(NamedTuple):
    """What a rule says: its severity, what breaks it, and the edit or setting that mends it."""

    severity: FailureSeverity
    what: str
    mend: str


RULES: Mapping[Rule, Told] = MappingProxyType(
    {
        Rule.NOT_AN_OBJECT: Told(
            ERROR, "the record is a number, a text, a list or null", "write an object in braces"
        ),
        Rule.UNREADABLE_ROW: Told(
            ERROR,
            "a line of newline-delimited JSON is not JSON",
            "write one whole object per line",
        ),
        Rule.UNREADABLE_VALUE: Told(
            ERROR,
            'a value is not of the field\'s type: `"many"` for a count, `NaN`, `Infinity`, a whole '
            "number beyond 64 bits, a date that does not exist, an id written with a point or an "
            "exponent",
            "write what the message says; for an optional field null will do",
        ),
        Rule.MISSING_REQUIRED: Told(
            ERROR, "a required field is absent, null or blank", "fill it in"
        ),
        Rule.UNKNOWN_ENUM: Told(
            ERROR,
            "a word outside a closed vocabulary",
            "use one of the words listed; a stage of your own goes into `funnel_rules.stages`",
        ),
        Rule.OUT_OF_RANGE: Told(
            ERROR,
            "below or above the limits: a negative budget, a confidence of 1.2, a year before 1970",
            "correct the value",
        ),
        Rule.DUPLICATE_KEY: Told(
            ERROR,
            "another row has the same key: of rows that measure, the same row twice",
            "remove one, or correct its key",
        ),
        Rule.ORPHAN_KEY: Told(
            ERROR,
            "the named parent does not exist, or was itself rejected (the message says where and "
            "why)",
            "add or correct the parent, or correct the key",
        ),
        Rule.ACCOUNT_CLASH: Told(
            ERROR,
            "an id that two accounts or campaigns have",
            "write `account_id` in both files, or give each its own id",
        ),
        Rule.END_BEFORE_START: Told(
            ERROR,
            "a campaign or a rollup's window ends before it starts",
            "swap or correct the dates",
        ),
        Rule.RESTATED_ROW: Told(
            WARNING,
            "a newer row of the same key stands in its place; this one is left out",
            "nothing, where rows were pulled again; for parts of one sum set `duplicates` to "
            "`sum`, or name the column that splits them in `grain`",
        ),
        Rule.NEGATIVE_SUM: Told(
            WARNING,
            "a count or the spend of a whole window below 0; kept",
            "right if it takes back more than the window brought, otherwise correct it",
        ),
        Rule.UNKNOWN_FIELD: Told(
            WARNING,
            "a field that the source does not have; left out",
            "rename it, or leave it: it does no harm; one that splits rows goes into `grain`",
        ),
        Rule.UNKNOWN_DESCRIPTIVE: Told(
            WARNING, "a word outside an open vocabulary; kept", "use a listed word, if one fits"
        ),
        Rule.UNKNOWN_REFERENCE: Told(
            WARNING,
            "an experiment's asset, a metric's experiment or a risk signal's asset does not exist; "
            "kept",
            "correct the reference",
        ),
        Rule.NUMERIC_STRING: Told(
            WARNING, "a number in quotes; read as the number", "write it without quotes"
        ),
        Rule.NEGATIVE_REVENUE: Told(
            WARNING,
            "`revenue_proxy` of a whole window below 0; kept",
            "right if refunds exceed the revenue, otherwise correct it",
        ),
        Rule.CONVERSIONS_EXCEED_CLICKS: Told(
            WARNING,
            "more conversions than clicks; kept",
            "right for view-through conversions, else check the tracking",
        ),
        Rule.CLICKS_EXCEED_IMPRESSIONS: Told(
            WARNING, "more clicks than impressions; kept", "check the counting of impressions"
        ),
        Rule.RATE_MISMATCH: Told(
            WARNING,
            "`conversion_rate` does not fit conversions over the denominator that the rates of the "
            "source fit best; kept",
            "correct it, leave it out to have it computed, or allow more with `rate_tolerance`",
        ),
        Rule.NET_ROI_MISMATCH: Told(
            WARNING,
            "`net_roi` is not value less the three costs; kept",
            "correct it, or its parts",
        ),
        Rule.EXPERIMENT_END_BEFORE_START: Told(
            WARNING, "an experiment ends before it starts; kept", "correct the dates"
        ),
        Rule.ALLOCATION_SUM: Told(
            WARNING,
            "the shares of an experiment's arms do not sum to 1 (to within 0.001); kept",
            "write the share of each arm",
        ),
    }
)
"""Every rule in words. The severity holds unless `validation_severity` says otherwise."""

SEVERITY = MappingProxyType({rule: told.severity for rule, told in RULES.items()})
MEND = MappingProxyType({rule: told.mend for rule, told in RULES.items()})

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
    message = text("What is wrong and how to fix it", label="Why")


_FOUND = ("severity", "source", "rule")


class FailureSummary(Table):
    """One row per severity, source and rule that was broken."""

    severity = same(Failures, "severity", _FOUND, key=True)
    source = same(Failures, "source", _FOUND, key=True)
    rule = same(Failures, "rule", _FOUND, key=True)
    records = count("Number of findings of the rule in the source",
        read("failures", "row", on=_FOUND), config=("validation_severity",))
    files = count("Number of files with a finding of the rule",
        read("failures", "file", on=_FOUND), config=("validation_severity",))
# fmt: on


def failure_summary(failures: pl.DataFrame) -> pl.DataFrame:
    """`FailureSummary`, sorted by its key."""
    counts = (pl.len().alias("records"), pl.col("file").n_unique().alias("files"))
    return FailureSummary.of(
        failures.group_by(_FOUND).agg(each.cast(pl.Int64) for each in counts).sort(_FOUND)
    )


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
                "value to keep; correct the record, or leave the rule out of validation_severity"
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
