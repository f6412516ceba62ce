"""The programme in one word: what is counted, from which count on it is grave, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.config.narrative_rules import NarrativeRules, Signal
from mktorch.kpis import PHRASES
from mktorch.narrative.momentum import momentum_line
from mktorch.narrative.names import with_campaigns
from mktorch.narrative.prose import in_words, listed, locale_of
from mktorch.narrative.so_what import so_what
from mktorch.recommend.words import spaced
from mktorch.vocab import BudgetStatus, Performance, Priority, RiskStatus, Severity, Tier, Verdict

Tables = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Count:
    """Which rows of which table a signal counts, how it is said, and what names those rows.

    In `name`, `campaign` is the name of the row's campaign, its id where that is not known.
    """

    table: str
    where: pl.Expr
    one: str
    many: str
    name: pl.Expr | None = None
    key: tuple[str, ...] = ()


def _risks(severity: Severity) -> pl.Expr:
    unresolved = pl.col("status").is_in([RiskStatus.OPEN, RiskStatus.IN_REVIEW])
    return (pl.col("severity") == severity) & unresolved


_KPI = pl.col("kpi").replace(PHRASES)
_RISK = pl.format("{} in {}", in_words("risk_type"), "campaign")


def _percent(share: str) -> pl.Expr:
    """A share to a tenth of a percent, as the line of what was set aside has it."""
    tenths = (pl.col(share) * 1000).round().cast(pl.Int64)
    return pl.format("{}.{}%", tenths // 10, tenths % 10)


_SET_ASIDE = pl.coalesce(
    pl.format("{} of spend was set aside", _percent("spend_share")),
    pl.format("{} of records were set aside", _percent("rows_share")),
)

COUNTS: Mapping[Signal, Count] = {
    Signal.CRITICAL_KPIS: Count(
        "kpis",
        pl.col("tier") == Tier.CRITICAL,
        "{} KPI is critical",
        "{} KPIs are critical",
        _KPI,
    ),
    Signal.CRITICAL_RISKS: Count(
        "risk_inbox",
        _risks(Severity.CRITICAL),
        "{} critical risk is unresolved",
        "{} critical risks are unresolved",
        _RISK,
    ),
    Signal.NET_LOSS: Count(
        "roi_analysis",
        pl.col("total_net_roi") < 0,
        "the net return is negative",
        "the net return is negative",
    ),
    Signal.INCOMPLETE_FIGURES: Count(
        "set_aside_total",
        pl.col("incomplete"),
        "the figures are incomplete",
        "the figures are incomplete",
        _SET_ASIDE,
    ),
    Signal.HIGH_RISKS: Count(
        "risk_inbox",
        _risks(Severity.HIGH),
        "{} high risk is unresolved",
        "{} high risks are unresolved",
        _RISK,
    ),
    Signal.POLICY_VIOLATIONS: Count(
        "policy_violations",
        pl.lit(value=True),
        "{} policy violation is on record",
        "{} policy violations are on record",
        pl.format("{} in {}", "id", "campaign"),
    ),
    Signal.HIGH_RECOMMENDATIONS: Count(
        "recommendations",
        pl.col("priority") == Priority.HIGH,
        "{} high-priority recommendation stands",
        "{} high-priority recommendations stand",
        pl.coalesce("target_name", "target_id"),
    ),
    Signal.AT_RISK_KPIS: Count(
        "kpis",
        pl.col("tier") == Tier.AT_RISK,
        "{} KPI is at risk",
        "{} KPIs are at risk",
        _KPI,
    ),
    Signal.CAMPAIGNS_BELOW: Count(
        "campaign_analysis",
        pl.col("overall_performance") == Performance.BELOW,
        "{} campaign returns less than expected",
        "{} campaigns return less than expected",
        pl.coalesce("name", "campaign_id"),
    ),
    Signal.STALE_PROPOSALS: Count(
        "budget_moves",
        pl.col("stale"),
        "{} budget proposal has waited too long",
        "{} budget proposals have waited too long",
        pl.format("{} in {}", "budget_action_id", "campaign"),
    ),
    Signal.PENDING_PROPOSALS: Count(
        "budget_moves",
        pl.col("status") == BudgetStatus.PROPOSED,
        "{} budget proposal is pending",
        "{} budget proposals are pending",
        pl.format("{} in {}", "budget_action_id", "campaign"),
    ),
    Signal.REJECTED_RECORDS: Count(
        "failures",
        pl.col("severity") == "error",
        "{} record was rejected",
        "{} records were rejected",
        key=("source", "file", "row"),
    ),
}
_UNCOUNTED = ("{} signal could not be counted", "{} signals could not be counted")
_ORDER = (Verdict.ON_TRACK, Verdict.ATTENTION, Verdict.CRITICAL)
_SIGNALS: dict[str, pl.DataType] = {
    "order": pl.Int64(),
    "signal": pl.String(),
    "value": pl.Int64(),
    "attention_from": pl.Int64(),
    "critical_from": pl.Int64(),
    "verdict": pl.String(),
    "sentence": pl.String(),
    "names": pl.List(pl.String()),
    "reason": pl.String(),
}
COUNTED = tuple(sorted({count.table for count in COUNTS.values()}))  # the tables they count in


def verdict_signals(tables: Tables, narrative_rules: NarrativeRules) -> pl.DataFrame:
    """Every signal with its count, its limits and the verdict it calls for.

    One row per signal, gravest first: `order`, `signal`, `value`, `attention_from` and
    `critical_from` (null where it never decides), `verdict`, `sentence` (null where nothing was
    counted), `names` of what was counted, `reason` why `value` is null. A table that is not there
    makes its signals null, and each of them counts under `uncounted`.
    """
    counts = {signal: _count(tables, count) for signal, count in COUNTS.items()}
    missed = [spaced(signal) for signal, (value, _, _) in counts.items() if value is None]
    counts[Signal.UNCOUNTED] = (len(missed), missed, None)
    rows = []
    for order, signal in enumerate(Signal, start=1):
        (value, names, reason), limit = counts[signal], narrative_rules.limits[signal]
        rows.append(
            {
                "order": order,
                "signal": str(signal),
                "value": value,
                "attention_from": limit.attention,
                "critical_from": limit.critical,
                "verdict": _called_for(value, limit.attention, limit.critical),
                "sentence": _sentence(signal, value),
                "names": names,
                "reason": reason,
            }
        )
    return pl.DataFrame(rows, schema=_SIGNALS)


def verdict(
    tables: Tables, verdict_signals: pl.DataFrame, config: MarketingOrchestratorConfig
) -> pl.DataFrame:
    """The verdict, what it means in money and where things are moving: one row.

    Columns: `verdict` (the worst that a signal calls for), `headline`, `so_what`, `momentum` and
    their `so_what_reason`, `momentum_reason` where they cannot be said, `reasons` (what called for
    attention, gravest first), each signal's count by its name, and standing recommendations by
    priority (`recommendations_high`, `_medium`, `_low`; null where none were made).
    """
    signals, locale = verdict_signals, locale_of(config)
    words = signals["verdict"].drop_nulls().to_list()
    worst = max((Verdict(word) for word in words), key=_ORDER.index, default=Verdict.ON_TRACK)
    deciding = signals.filter(verdict=worst) if worst != Verdict.ON_TRACK else signals.clear()
    grave = signals.filter(pl.col("verdict").is_in([Verdict.CRITICAL, Verdict.ATTENTION])).sort(
        pl.col("verdict") != Verdict.CRITICAL, "order"
    )
    because = "; ".join(deciding["sentence"]) or "no signal has reached its limit"
    meaning, meaning_reason = so_what(tables, locale)
    moving, moving_reason = momentum_line(tables, locale)
    return pl.DataFrame(
        {
            "verdict": [str(worst)],
            "headline": [f"{worst}: {because}"],
            "so_what": pl.Series([_marked(meaning, signals)], dtype=pl.String),
            "so_what_reason": pl.Series([meaning_reason], dtype=pl.String),
            "momentum": pl.Series([moving], dtype=pl.String),
            "momentum_reason": pl.Series([moving_reason], dtype=pl.String),
            "reasons": pl.Series(
                [_reasons(grave, config.narrative_rules.names_in_reasons)], dtype=pl.List(pl.String)
            ),
            **{
                signal: pl.Series([value], dtype=pl.Int64)
                for signal, value in signals.select("signal", "value").rows()
            },
            **_by_priority(tables.get("recommendations")),
        }
    )


def _marked(meaning: str | None, signals: pl.DataFrame) -> str | None:
    """What the figures mean, marked where they leave out more than may be."""
    lacking = signals.filter(pl.col("value") > 0, signal=str(Signal.INCOMPLETE_FIGURES)).height
    return f"Incomplete: {meaning}" if meaning and lacking else meaning


def _count(tables: Tables, count: Count) -> tuple[int | None, list[str], str | None]:
    """How many, their names, and why there is no number."""
    frame = tables.get(count.table)
    if frame is None:
        return None, [], f"{count.table} was not made"
    judged = with_campaigns(frame, tables).with_columns(count.where.alias("_counts"))
    if judged.height and judged["_counts"].null_count() == judged.height:
        return None, [], f"{count.table} has no value to judge"
    found = judged.filter("_counts")
    if count.key:
        found = found.unique(count.key, maintain_order=True)
    names = [] if count.name is None else found.select(count.name.alias("name"))["name"].to_list()
    return found.height, [str(name) for name in names], None


def _called_for(value: int | None, attention: int | None, critical: int | None) -> str | None:
    if value is None:
        return None
    if critical is not None and value >= critical:
        return str(Verdict.CRITICAL)
    if attention is not None and value >= attention:
        return str(Verdict.ATTENTION)
    return str(Verdict.ON_TRACK)


def _sentence(signal: Signal, value: int | None) -> str | None:
    if not value:
        return None
    known = COUNTS.get(signal)
    one, many = (known.one, known.many) if known else _UNCOUNTED
    return (one if value == 1 else many).format(value)


def _reasons(grave: pl.DataFrame, most: int) -> list[str]:
    """Each sentence with the names behind it, a name that stands for several with their number."""
    return [
        f"{sentence}: {listed(map(_times, Counter(names).items()), most)}"
        if names and most
        else sentence
        for sentence, names in grave.select("sentence", "names").rows()
    ]


def _times(named: tuple[str, int]) -> str:
    name, number = named
    return name if number == 1 else f"{name} ({number})"


def _by_priority(recommendations: pl.DataFrame | None) -> Mapping[str, pl.Series]:
    def number(priority: Priority) -> pl.Series:
        held = None if recommendations is None else recommendations.filter(priority=priority).height
        return pl.Series([held], dtype=pl.Int64)

    return {f"recommendations_{priority}": number(priority) for priority in Priority}
