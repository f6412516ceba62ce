"""What a row must satisfy, as data: one check per rule and field, true where the row breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import dataframely as dy
import polars as pl

from mktorch.sources.columns import bounds, expected, metadata
from mktorch.sources.rules import Rule
from mktorch.sources.schemas import ForeignKey, SourceSpec
from mktorch.sums import plain
from mktorch.vocab import STUDIES, Source


@dataclass(frozen=True)
class Check:
    """A rule on a field: where `broken` is true (null counts as kept), `message` says so."""

    rule: Rule
    field: str
    broken: pl.Expr
    message: pl.Expr
    value: pl.Expr


def _check(rule: Rule, field: str, broken: pl.Expr, message: str | pl.Expr) -> Check:
    text = pl.lit(message) if isinstance(message, str) else message
    return Check(rule, field, broken, text, pl.col(field))


def column_checks(spec: SourceSpec) -> Iterator[Check]:
    """What the declared columns demand: a value, of the vocabulary, within the limits."""
    for name, column in spec.columns.items():
        yield from _missing(name, column)
        yield from _vocabulary(name, column)
        yield from _limits(name, column)


def _missing(name: str, column: dy.Column) -> Iterator[Check]:
    if not column.nullable:
        message = f"{name} is absent, null or blank, and is required; write {expected(column)}"
        yield _check(Rule.MISSING_REQUIRED, name, pl.col(name).is_null(), message)


def _vocabulary(name: str, column: dy.Column) -> Iterator[Check]:
    if words := metadata(column, "words"):
        rule = Rule.UNKNOWN_ENUM if metadata(column, "closed") else Rule.UNKNOWN_DESCRIPTIVE
        setting = metadata(column, "setting")
        or_set = f", or add it to {setting}" if setting else ""
        message = pl.format(
            "{} is '{}'; write {}{}", pl.lit(name), name, pl.lit(expected(column)), pl.lit(or_set)
        )
        yield _check(rule, name, ~pl.col(name).is_in(list(words)), message)


def _limits(name: str, column: dy.Column) -> Iterator[Check]:
    least, most = bounds(column)
    is_list = isinstance(column, dy.List)
    element = pl.element() if is_list else pl.col(name)
    below = [] if least is None else [element < least]
    above = [] if most is None else [element > most]
    sides = [*below, *above]
    if not sides:
        return
    outside = pl.any_horizontal(sides)
    broken = pl.col(name).list.eval(outside).list.any() if is_list else outside
    value = listed(pl.col(name)) if is_list else pl.col(name).cast(pl.String)
    message = pl.format(
        "{} is {}, which is out of range; write {}", pl.lit(name), value, pl.lit(expected(column))
    )
    yield _check(Rule.OUT_OF_RANGE, name, broken, message)


def listed(numbers: pl.Expr) -> pl.Expr:
    """Lists of numbers as they would be written."""
    return pl.format("[{}]", numbers.list.eval(pl.element().cast(pl.String)).list.join(", "))


def reference_check(
    key: ForeignKey, valid: pl.Series, rejected: pl.DataFrame, is_list: bool
) -> Check:
    """A foreign key, or each element of a list of them, names a valid row of its parent.

    `valid` holds the parent's keys; `rejected` (columns id, reason) those of its rejected rows.
    """
    known = valid.implode()
    if is_list:
        strays = pl.col(key.column).list.eval(pl.element().filter(~pl.element().is_in(known)))
        broken, value = strays.list.len() > 0, strays.list.join(", ")
        first = strays.list.first()
    else:
        broken, value = ~pl.col(key.column).is_in(known), pl.col(key.column)
        first = value
    reason = first.replace_strict(
        rejected["id"],
        rejected["reason"],
        default=f"no such row in {key.parent}",
        return_dtype=pl.String,
    )
    mend = pl.lit(f"; write a valid {key.parent_column} of {key.parent}, or correct that row")
    message = pl.format("{} names '{}': {}{}", pl.lit(key.column), value, reason, mend)
    return Check(key.rule, key.column, broken, message, value)


def _exceeds(rule: Rule, field: str, limit: str, why: str) -> Check:
    message = pl.format(
        "{} {} exceed {} {}; {}",
        pl.lit(field),
        plain(pl.col(field)),
        pl.lit(limit),
        plain(pl.col(limit)),
        pl.lit(why),
    )
    # A correction takes back parts of several rows: its own parts need not match.
    broken = (pl.col(field) > pl.col(limit)) & (pl.col(limit) >= 0)
    return _check(rule, field, broken, message)


_VIEW_THROUGH = _exceeds(
    Rule.CONVERSIONS_EXCEED_CLICKS,
    "conversions",
    "clicks",
    "right for view-through conversions, else check the tracking",
)
_MORE_CLICKS = _exceeds(
    Rule.CLICKS_EXCEED_IMPRESSIONS, "clicks", "impressions", "check the counting of impressions"
)


def _negative_sums() -> Iterator[Check]:
    """A window's sum below zero: a credit takes back something, but not more than there was."""
    for column in ("impressions", "clicks", "conversions", "spend", "revenue_proxy"):
        rule = Rule.NEGATIVE_REVENUE if column == "revenue_proxy" else Rule.NEGATIVE_SUM
        message = pl.format(
            "{} {} is negative for the whole window; right if it takes back more than the window "
            "brought, otherwise correct it",
            pl.lit(column),
            plain(pl.col(column)),
        )
        yield _check(rule, column, pl.col(column) < 0, message)


def _ends_before(rule: Rule, start: str, end: str) -> Check:
    message = pl.format(
        "{} {} is before {} {}; swap them, or write an {} on or after it",
        pl.lit(end), end, pl.lit(start), start, pl.lit(end),
    )  # fmt: skip
    return _check(rule, end, pl.col(end) < pl.col(start), message)


_DIGITS = range(1, 9)
_ZERO_RATE = 0.00005


def _rate_mismatch(tolerance: float, base: str) -> Check:
    """A supplied conversion rate that does not fit conversions per `base`, the denominator that the
    rates of the whole source fit best.

    It fits within `tolerance` of the computed rate, plus half a unit of its last written digit. A
    written 0 is taken as 0.0000.
    """
    rate, conversions, count = pl.col("conversion_rate"), pl.col("conversions"), pl.col(base)
    digits = (pl.when(rate.round(d) == rate).then(0.5 * 10.0**-d) for d in _DIGITS)
    half = pl.when(rate == 0).then(_ZERO_RATE).otherwise(pl.coalesce(*digits, 0.0))
    own = conversions / pl.when(count > 0).then(count)
    fits = (rate - own).abs() <= tolerance * own.abs() + half + 1e-12
    # Nothing to say of a rate that is absent, or where a count is missing or could not be read.
    known = pl.all_horizontal(c.is_not_null() for c in (rate, conversions, count))
    broken = known & ~fits.fill_null(rate == 0)
    message = pl.format(
        "conversion_rate {} is not conversions / {} ({}), as most rates of this source are; "
        "correct it, leave it out to have it computed, or allow more with rate_tolerance",
        rate,
        pl.lit(base),
        own.round(6).cast(pl.String).fill_null("no base"),
    )
    return _check(Rule.RATE_MISMATCH, "conversion_rate", broken, message)


NET_ROI_ROUNDING = 0.025
"""Five amounts, each rounded to a hundredth, are off by at most this together."""


def _net_roi() -> Check:
    computed = (
        pl.col("estimated_value")
        - pl.col("llm_cost")
        - pl.col("human_review_cost")
        - pl.col("media_spend")
    )
    message = pl.format(
        "net_roi {} is not estimated_value less llm_cost, human_review_cost and media_spend ({}, "
        "to within {}); write that, or correct the part that is wrong",
        "net_roi", computed.round(2), pl.lit(NET_ROI_ROUNDING),
    )  # fmt: skip
    broken = (pl.col("net_roi") - computed).abs() > NET_ROI_ROUNDING + 1e-9
    return _check(Rule.NET_ROI_MISMATCH, "net_roi", broken, message)


_SHARES = pl.col("allocation").list.sum()
_ALLOCATION = _check(
    Rule.ALLOCATION_SUM,
    "allocation",
    (_SHARES - 1).abs() > 0.001,
    pl.format(
        "allocation {} sums to {}, not to 1 (to within 0.001); write the share of each arm, "
        "control first", listed(pl.col("allocation")), plain(_SHARES),
    ),
)  # fmt: skip


def _arm_missing(name: str) -> Check:
    """An arm of an experiment that compares assets; a study by people or regions has none."""
    compares = ~pl.col("type").is_in(STUDIES)
    message = f"{name} is missing; write the asset's id (only types lift and geo do without)"
    return _check(Rule.MISSING_REQUIRED, name, compares & pl.col(name).is_null(), message)


_Across = Callable[[float, str], tuple[Check, ...]]
_ACROSS: Mapping[Source, _Across] = MappingProxyType(
    {
        Source.CAMPAIGNS: lambda *_: (
            _ends_before(Rule.END_BEFORE_START, "start_date", "end_date"),
        ),
        Source.EXPERIMENTS: lambda *_: (
            _ends_before(Rule.EXPERIMENT_END_BEFORE_START, "start_date", "end_date"),
            _ALLOCATION,
            _arm_missing("control_asset"),
            _arm_missing("variant_asset"),
        ),
        Source.PERFORMANCE_METRICS: lambda tolerance, base: (
            _VIEW_THROUGH,
            _MORE_CLICKS,
            _rate_mismatch(tolerance, base),
        ),
        Source.ROI_LEDGER: lambda *_: (_net_roi(),),
        Source.SEGMENT_ROLLUPS: lambda *_: (
            _ends_before(Rule.END_BEFORE_START, "window_start", "window_end"),
            _VIEW_THROUGH,
            _MORE_CLICKS,
            *_negative_sums(),
        ),
    }
)
"""Checks across the fields of a row, by source, given tolerance and denominator of rates."""


def row_checks(
    source: Source, rate_tolerance: float, rate_base: str = "impressions"
) -> tuple[Check, ...]:
    """Checks across the fields of a source's rows; `rate_base` is what supplied rates are of."""
    checks = _ACROSS.get(source)
    return checks(rate_tolerance, rate_base) if checks else ()
