"""KPIs: targets against actuals, and what a missed one forces."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.scorecard import ATTAINMENT_CAP, EXCEEDED
from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
)
from mktorch.display.status import Status, Statuses, Tone
from mktorch.display.tables import Column, Table
from mktorch.formats import Format, Kind, Locale, format_value
from mktorch.kpis import LABELS, figure
from mktorch.runs import Run
from mktorch.vocab import Direction, KpiGroup, KpiStatus, Tier
from mktorch.words import capitalized, count, spaced

TIER: Statuses = {
    Tier.CRITICAL: Status("Critical", Tone.BAD),
    Tier.AT_RISK: Status("At risk", Tone.WATCH),
    Tier.UNMEASURED: Status("Not measured", Tone.NONE),
    Tier.STEADY: Status("Steady", Tone.NONE),
    Tier.ON_TRACK: Status("On track", Tone.STEADY),
    Tier.EXCEEDED: Status("Exceeded", Tone.GOOD),
    Tier.NOT_SCORED: Status("No target", Tone.NONE),
}
GROUP: Statuses = {
    KpiStatus.AT_RISK: Status("At risk", Tone.WATCH),
    KpiStatus.ON_TRACK: Status("On track", Tone.STEADY),
    KpiStatus.EXCEEDED: Status("Exceeded", Tone.GOOD),
}
GROUP_NAMES = {group: capitalized(spaced(group)) for group in KpiGroup}
GROUP_PLACES = {str(group): place for place, group in enumerate(GROUP_NAMES)}
_WINDOWS = {
    "all": "all dates",
    "current - prior": "current minus prior window",
    "variants - controls (no prior window)": "variants minus controls; no prior window",
}
WHOLE_PERCENT = Format(Kind.PERCENT, decimals=0)


@section("measured_kpis", "measured_kpi_status")
def kpi_scorecard(run: Run) -> Table:
    """Every KPI against its target, by group and the gravest first, and what its tier forces."""
    scored, locale = scored_kpis(run), locale_of(run)
    frame = scored.with_columns(
        heading=pl.Series(_headings(run, scored), dtype=pl.String),
        value_text=figures(scored, "value", locale),
        target_text=pl.Series(
            [
                _target(text, better, tier)
                for text, better, tier in zip(
                    figures(scored, "target", locale),
                    scored["better"],
                    scored["tier"],
                    strict=True,
                )
            ],
            dtype=pl.String,
        ),
        attained=pl.Series(map(attained_text, scored["attainment"]), dtype=pl.String),
        forced=pl.col("escalation").str.replace_all("_", " "),
        basis=pl.col("window").replace(_WINDOWS),
    )
    return Table(
        id="kpi-scorecard",
        frame=frame,
        columns=(
            Column(name="label", label="KPI", detail="kpi", weight=1.8),
            Column(
                name="value_text",
                label="Actual",
                origin="measured_kpis.value",
                align="right",
                missing="not measurable, for the reason in the last column",
                weight=0.95,
            ),
            Column(
                name="target_text",
                label="Target",
                align="right",
                origin="measured_kpis.target",
                weight=1.3,
            ),
            Column(
                name="attained",
                label="Attained",
                origin="measured_kpis.attainment",
                align="right",
                missing="no value or no target",
                weight=0.8,
            ),
            Column(name="standing", label="Status", statuses=TIER, detail="forced", weight=1.2),
            Column(name="basis", label="Window", detail="reason", weight=1.3),
        ),
        title=_finding(run, scored),
        notes=_notes(run),
        group="heading",
        source="measured_kpis",
        key=("kpi",),
        empty="No KPI was computed.",
        locale=locale,
    )


def scored_kpis(run: Run) -> pl.DataFrame:
    """The KPIs with their labels, by group and within it by the gravity of their standing."""
    orders = (
        pl.col(column).replace_strict({str(w): i for i, w in enumerate(words)}, default=len(words))
        for column, words in (("group", GROUP_NAMES), ("standing", TIER))
    )
    return (
        run.tables["measured_kpis"]
        .with_row_index("_order")
        .with_columns(label=pl.col("kpi").replace(LABELS))
        .sort(*orders, "_order")
    )


def _headings(run: Run, scored: pl.DataFrame) -> list[str]:
    """Each KPI's group with the group's status word and how many of its KPIs cause it."""
    status = run.tables["measured_kpi_status"].select(
        "group",
        "status",
        "kpis",
        pl.col("troubled").list.len(),
    )
    words = {
        group: _heading(group, GROUP[word], kpis, troubled)
        for group, word, kpis, troubled in status.rows()
    }
    return [words[group] for group in scored["group"]]


def _heading(group: str, status: Status, kpis: int, troubled: int) -> str:
    why = f", {troubled} of {count(kpis, 'KPI')} at risk or critical" if troubled else ""
    return f"{GROUP_NAMES[KpiGroup(group)]}: {status.tone.shape} {status.word.lower()}{why}"


def figures(scored: pl.DataFrame, column: str, locale: Locale) -> pl.Series:
    """The figures of a column, each in its own KPI's unit; null stays null."""
    return pl.Series(
        [
            None if value is None else figure(value, kpi, locale)
            for value, kpi in zip(scored[column], scored["kpi"], strict=True)
        ],
        dtype=pl.String,
    )


def _target(text: str | None, better: str, tier: str) -> str:
    if text is None or tier == Tier.NOT_SCORED:
        return "none set"
    return f"{'at least' if better == Direction.UP else 'at most'} {text}"


def attained_text(value: float | None) -> str | None:
    """Attainment in percent, above the cap only as such.

    >>> attained_text(0.8772), attained_text(156.5), attained_text(None)
    ('88%', 'over 200%', None)
    """
    if value is None:
        return None
    if value > ATTAINMENT_CAP:
        return f"over {format_value(ATTAINMENT_CAP, WHOLE_PERCENT)}"
    return format_value(value, WHOLE_PERCENT)


def tier_limits(run: Run) -> tuple[str, str]:
    config = run.config
    return (
        format_value(config.kpi_warning_threshold, WHOLE_PERCENT),
        format_value(config.kpi_critical_threshold, WHOLE_PERCENT),
    )


def _finding(run: Run, scored: pl.DataFrame) -> str:
    held = {tier: scored.filter(standing=str(tier)).height for tier in Tier}
    critical, risky, blind = (held[t] for t in (Tier.CRITICAL, Tier.AT_RISK, Tier.UNMEASURED))
    kpis = count(scored.height, "KPI")
    unmeasured = f"; {blind} cannot be measured" if blind else ""
    if not critical and not risky:
        return f"None of {kpis} is at risk or critical{unmeasured}."
    verb = "is" if critical == 1 else "are"
    return f"{critical} of {kpis} {verb} critical and {risky} at risk{_where(run)}{unmeasured}."


def _where(run: Run) -> str:
    """The group that holds most of the trouble; nothing where groups share the first place."""
    troubled = run.tables["measured_kpi_status"].select("group", pl.col("troubled").list.len())
    first = troubled.filter(pl.col("troubled") == pl.col("troubled").max())
    return f", most in {GROUP_NAMES[first['group'][0]].lower()}" if first.height == 1 else ""


def _notes(run: Run) -> tuple[str, ...]:
    warning, critical = tier_limits(run)
    days = count(run.config.window_days, "day")
    return (
        (
            "Attained: actual / target, or target / actual where lower is better. Exceeded from "
            f"{format_value(EXCEEDED, WHOLE_PERCENT)}, on track from {warning}, at risk from "
            f"{critical}, critical below, including the interval. Steady: a change "
            "that cannot be told from none. Required actions appear below the status."
        ),
        (
            "A group is at risk when any of its KPIs is at risk or critical. The current window "
            f"is the {days} through the report date; the prior window is the {days} before; "
            "points are percentage points."
        ),
    )
