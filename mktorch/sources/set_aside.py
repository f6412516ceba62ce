"""What was set aside, in rows and money: by rule, in all, and as one line for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import dataframely as dy
import polars as pl

from mktorch.formats import CURRENCY, PERCENT, Locale, format_value
from mktorch.sources.bulk.scan import Scan
from mktorch.sources.rules import ERROR, MEND, Rule
from mktorch.sources.schemas import FILE, ROW, SPECS
from mktorch.sources.totals import apart, places_apart
from mktorch.sums import micros, units
from mktorch.tables import count, declare, flag, fraction, money, number, read, text, word
from mktorch.vocab import Source

MEASURED = {
    Source.PERFORMANCE_METRICS: {
        "spend": "cost",
        "conversions": "conversions",
        "revenue": "revenue_proxy",
    },
    Source.ROI_LEDGER: {"spend": "media_spend", "revenue": "estimated_value"},
    Source.SEGMENT_ROLLUPS: {
        "spend": "spend",
        "conversions": "conversions",
        "revenue": "revenue_proxy",
    },
}
"""Per source, the columns that hold spend, conversions and revenue."""
_PLAIN = Locale()
_NO_SCANS: Mapping[Source, Scan] = MappingProxyType({})
FIGURES = ("spend", "conversions", "revenue")
_KINDS: Mapping[str, Callable[..., dy.Column]] = {
    "spend": money,
    "conversions": partial(number, "count"),
    "revenue": money,
}
_RULED = ("validation_severity",)
_REJECTED = ("failures", "file", "row")
_NONE = "the source has no such column, or none of the records a value"


# fmt: off
def _figures(whose: str, null: str) -> dict[str, dy.Column]:
    """Money and conversions of rejected records, each with its share of all of the source's."""
    return {name: column for figure in FIGURES for name, column in (
        (figure, _KINDS[figure](f"{figure.capitalize()} in {whose}, as far as it can be read",
            read(*_REJECTED, severity=ERROR), config=_RULED, null=null)),
        (f"{figure}_share", fraction(f"{figure.capitalize()} in {whose} / in all of them, without "
            "those that newer ones replaced", read(*_REJECTED, severity=ERROR),
            config=(*_RULED, "maximum_rejected_share"), null=null)))}


SetAside = declare("set_aside",
    "One row per source, rule and field that rejected records, most records first. A record counts "
    "once, under its first error.", {
    "source": word(Source, "The source", key=True),
    "rule": word(Rule, "The rule", key=True),
    "field": text("The column that breaks the rule", key=True, null="the whole record is at fault"),
    "rows": count("Number of records that the rule rejected",
        read(*_REJECTED, on=("source", "rule", "field"), severity=ERROR), config=_RULED),
    "rows_share": fraction("Records rejected / records of the source, without those that newer "
        "ones replaced", read(*_REJECTED, on=("source", "rule", "field"), severity=ERROR),
        config=_RULED, null="the source has no other record"),
    **_figures("the records rejected", _NONE),
    "remedy": text("How to fix them"),
})
SetAsideTotal = declare("set_aside_total", "One row: what was rejected in all.", {
    "rows": count("Number of records that were rejected", read(*_REJECTED, severity=ERROR),
        config=_RULED),
    "rows_share": fraction("Rejected records / records read, without those that newer ones "
        "replaced", read(*_REJECTED, severity=ERROR), config=(*_RULED, "maximum_rejected_share")),
    **_figures("rejected performance records", "no performance record was rejected, or none "
        "states it"),
    "restated_rows": count("Number of records that newer ones of their key replaced"),
    "maximum_share": fraction("Largest share that may be rejected",
        config=("maximum_rejected_share",)),
    "incomplete": flag("Whether more of the records or of the spend was rejected than may be",
        read("set_aside_total", "rows_share", "spend_share"), config=("maximum_rejected_share",)),
})
# fmt: on


def set_aside(
    frames: Mapping[Source, pl.DataFrame],
    failures: pl.DataFrame,
    scans: Mapping[Source, Scan] = _NO_SCANS,
) -> pl.DataFrame:
    """`SetAside`.

    `frames` are the sources as read, money in one currency; `failures` say which rows were
    rejected; `scans` hold rows of a source that were summed where they are.
    """
    parts = [SetAside.frame()]
    for source, frame in frames.items():
        own = failures.filter(source=str(source))
        rejected, restated = apart(frame, own)
        if not rejected.height:
            continue
        rule = own.filter(pl.col("severity") == ERROR).unique(
            ["file", "row"], keep="first", maintain_order=True
        ).select(pl.col("file").alias(FILE), pl.col("row").alias(ROW), "rule", "field")  # fmt: skip
        figures = MEASURED.get(source, {})
        sums = [_sum(figures.get(name)).alias(name) for name in FIGURES]
        by_rule = (
            rejected.join(rule, on=[FILE, ROW], how="left")
            .group_by("rule", "field")
            .agg(pl.len().cast(pl.Int64).alias("rows"), *sums)
            .with_columns(units(pl.col(FIGURES)))
        )
        standing = frame.join(restated.select(FILE, ROW), on=[FILE, ROW], how="anti")
        whole = standing.select(pl.len().cast(pl.Int64).alias("rows"), *sums)
        if scan := scans.get(source):
            whole = pl.concat([whole, _of_scan(scan, figures)]).sum()
        whole = whole.with_columns(units(pl.col(FIGURES)))
        parts.append(
            SetAside.of(
                by_rule.with_columns(
                    pl.lit(str(source)).alias("source"),
                    *(_share(n, whole[n].item()).alias(f"{n}_share") for n in ("rows", *FIGURES)),
                    pl.col("rule")
                    .replace_strict(_REMEDIES, return_dtype=pl.String)
                    .alias("remedy"),
                )
            )
        )
    return pl.concat(parts).sort(
        "rows", "source", "rule", "field", descending=[True, False, False, False]
    )


def _share(column: str, whole: float | None) -> pl.Expr:
    return pl.col(column) / whole if whole else pl.lit(None, pl.Float64)


_REMEDIES = {str(rule): MEND[rule] for rule in Rule}


def _sum(column: str | None) -> pl.Expr:
    if column is None:
        return pl.lit(None, pl.Int128)
    return pl.when(pl.col(column).count() > 0).then(micros(pl.col(column)).sum())


def _of_scan(scan: Scan, figures: Mapping[str, str]) -> pl.DataFrame:
    """Rows and sums of what was summed where it is."""
    sums = {name: scan.total(figures[name]) if name in figures else None for name in FIGURES}
    kinds = {"rows": pl.Int64, **dict.fromkeys(FIGURES, pl.Int128)}
    return pl.DataFrame({"rows": scan.rows, **sums}, schema=kinds)


def set_aside_total(
    by_rule: pl.DataFrame,
    frames: Mapping[Source, pl.DataFrame],
    failures: pl.DataFrame,
    maximum: float,
    scans: Mapping[Source, Scan] = _NO_SCANS,
) -> pl.DataFrame:
    """`SetAsideTotal`.

    `by_rule` is what `set_aside` makes of frames and failures, `maximum` the share from which
    figures are incomplete.
    """
    rows = sum(frame.height for frame in frames.values())
    rows += sum(scan.rows for scan in scans.values())
    restated = sum(places_apart(failures.filter(source=str(source)))[1].height for source in frames)
    rejected = int(by_rule["rows"].sum())
    measured = by_rule.filter(source=str(Source.PERFORMANCE_METRICS))
    sums: dict[str, float | None] = {
        name: float(measured[name].sum()) if measured[name].null_count() < measured.height else None
        for figure in FIGURES
        for name in (figure, f"{figure}_share")
    }
    share = rejected / (rows - restated) if rows > restated else 0.0
    worst = max(share, abs(sums["spend_share"] or 0.0))
    row = {
        "rows": rejected,
        "rows_share": share,
        **sums,
        "restated_rows": restated,
        "maximum_share": maximum,
        "incomplete": worst > maximum,
    }
    return SetAsideTotal.frame([row])


_CAUSES: Mapping[str, str] = {
    Rule.NOT_AN_OBJECT: "that are no objects",
    Rule.UNREADABLE_ROW: "that cannot be read",
    Rule.UNREADABLE_VALUE: "with an unreadable {field}",
    Rule.MISSING_REQUIRED: "without {field}",
    Rule.UNKNOWN_ENUM: "with an unknown {field}",
    Rule.OUT_OF_RANGE: "with {field} out of range",
    Rule.DUPLICATE_KEY: "that repeat the key of another record",
    Rule.ORPHAN_KEY: "with an unknown {field}",
    Rule.ACCOUNT_CLASH: "with {field} in two accounts",
}
_RECORDS: Mapping[str, str] = {
    Source.PERFORMANCE_METRICS: "performance",
    Source.ROI_LEDGER: "ROI ledger",
}


def set_aside_line(
    by_rule: pl.DataFrame, total: pl.DataFrame, locale: Locale = _PLAIN, scope: str = ""
) -> str | None:
    """What was set aside, why, and what mends it; None where nothing was.

    `scope` says of what, where that is more than the page is about.

    >>> from mktorch.sources.rules import no_failures
    >>> nothing = SetAside.frame()
    >>> set_aside_line(nothing, set_aside_total(nothing, {}, no_failures(), 0.01)) is None
    True
    """
    if by_rule.is_empty():
        return None
    row, first = total.row(0, named=True), by_rule.row(0, named=True)
    mark = "Incomplete: " if row["incomplete"] else ""
    field = first["field"]
    aim = f"To fix {field}, " if field in SPECS[first["source"]].columns else ""
    remedy = f"{aim}{first['remedy']}"
    said = f"{mark}{scope}{_amount(row, locale)} set aside: {_cause(first, by_rule.height)}"
    return f"{_capital(said)}. {_capital(remedy)}, then rerun; mktorch validate lists every record."


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _amount(row: Mapping[str, Any], locale: Locale) -> str:
    """Share and amount of spend; of rows where no spend is known."""
    spend, share = row["spend"], row["spend_share"]
    if spend and share:
        whole = format_value(spend / share, CURRENCY, locale)
        return (
            f"{format_value(share, PERCENT, locale)} of spend "
            f"({format_value(spend, CURRENCY, locale)} of {whole}) was"
        )
    share = format_value(row["rows_share"], PERCENT, locale)
    return f"{share} of records ({row['rows']:,}) {'was' if row['rows'] == 1 else 'were'}"


def _cause(first: Mapping[str, Any], kinds: int) -> str:
    """The records of the rule that rejected most, and that there are further ones."""
    source, rule = first["source"], first["rule"]
    named = _RECORDS.get(source, source.replace("_", " "))
    otherwise = f"that break the rule {rule.replace('_', ' ')}"
    why = _CAUSES.get(rule, otherwise).format(field=first["field"])
    records = "record" if first["rows"] == 1 else "records"
    more = "" if kinds == 1 else ", and others for further causes"
    return f"{first['rows']:,} {named} {records} {why}{more}"
