"""Risk over time: how many of today's open risks were already open, by severity."""

from __future__ import annotations

from functools import partial
from typing import Any

import polars as pl

from mktorch.display.brand import load_brand
from mktorch.display.charts import WIDTH, Chart, drawn_from, tells
from mktorch.display.page import Unavailable
from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
    of_campaign,
)
from mktorch.display.sections.risk import SEVERITY
from mktorch.formats import DATE, format_value
from mktorch.runs import Run
from mktorch.vocab import RiskStatus, Severity
from mktorch.words import count, joined

_MOMENTS = 60  # steps that a reader can tell apart
# Severity -> brand colour and shape, gravest first: told apart without colour too.
_LOOKS = {
    Severity.CRITICAL: ("danger", "diamond"),
    Severity.HIGH: ("warning", "triangle-up"),
    Severity.MEDIUM: ("info", "square"),
    Severity.LOW: ("secondary", "circle"),
}


@section("risk_inbox", "campaigns")
def risk_timeline(run: Run, campaign: str = "") -> Chart | Unavailable:
    """The unresolved risks by the day they were raised, stacked by severity, gravest below."""
    inbox = of_campaign(run, "risk_inbox", campaign)
    unresolved = inbox.filter(
        pl.col("status").is_in([str(RiskStatus.OPEN), str(RiskStatus.IN_REVIEW)])
    )
    if unresolved.is_empty():
        return Unavailable(reason="No open risks to chart.")
    drawn = stacked(_legible(unresolved), run)
    return Chart(
        id="risk-timeline",
        draw=partial(_drawing, drawn),
        title=_finding(run, unresolved),
        alt=_words(run, unresolved),
        notes=(
            (
                "Each step is a risk raised. Closed risks are excluded because their closing "
                f"dates are not on record: {count(inbox.height - unresolved.height, 'risk')} of "
                f"{inbox.height}."
            ),
        ),
        source="risk_inbox",
    )


def _legible(unresolved: pl.DataFrame) -> pl.DataFrame:
    """The risks, counted by days or longer spans where they came at more than `_MOMENTS` times."""
    raised = unresolved["timestamp"]
    if raised.n_unique() <= _MOMENTS:
        return unresolved
    days = unresolved.select(
        (pl.col("timestamp").max() - pl.col("timestamp").min()).dt.total_days()
    )
    span = max(1, -(-int(days.item()) // _MOMENTS))
    return unresolved.with_columns(pl.col("timestamp").dt.truncate(f"{span}d"))


def stacked(unresolved: pl.DataFrame, run: Run) -> pl.DataFrame:
    """One row per severity and moment: how many are open then (`low` to `high` in the stack).

    Moments are those at which a risk was raised, and the report's own; `raised` counts the risks
    of that severity raised at the moment.
    """
    moments = pl.concat(
        (unresolved.select("timestamp"), pl.DataFrame({"timestamp": [run.manifest.as_of]}))
    ).unique()
    order = pl.DataFrame({"severity": [str(s) for s in _LOOKS]}).with_row_index("place")
    known = order.join(unresolved.select("severity").unique(), on="severity", how="semi")
    raised = unresolved.group_by("timestamp", "severity").agg(raised=pl.len().cast(pl.Int64))
    counted = (
        moments.join(known, how="cross")
        .join(raised, on=("timestamp", "severity"), how="left")
        .with_columns(pl.col("raised").fill_null(0))
        .sort("timestamp", "place")
        .with_columns(open=pl.col("raised").cum_sum().over("severity", order_by="timestamp"))
    )
    high = pl.col("open").cum_sum().over("timestamp", order_by="place")
    return counted.with_columns(high=high, low=high - pl.col("open")).sort("place", "timestamp")


def _drawing(drawn: pl.DataFrame, width: int) -> Any:
    import altair as alt

    brand, broad = load_brand(), width == WIDTH
    present = [s for s in _LOOKS if str(s) in set(drawn["severity"])]
    last = drawn.filter(pl.col("timestamp") == pl.col("timestamp").max())
    now = dict(last.select("severity", "open").rows())
    words = {str(s): f"{SEVERITY[s].word} ({now[str(s)]})" for s in present}
    rows = drawn.with_columns(
        word=pl.col("severity").replace_strict(words),
        at=pl.col("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%S"),
    ).select("word", "severity", "at", "open", "raised", "low", "high")
    domain = list(words.values())
    color = alt.Color(
        "word:N",
        scale=alt.Scale(domain=domain, range=[brand.color(_LOOKS[s][0]) for s in present]),
    )
    shape = alt.Shape(
        "word:N", scale=alt.Scale(domain=domain, range=[_LOOKS[s][1] for s in present])
    )
    ticks = 6 if broad else 4
    time = alt.X("at:T", axis=alt.Axis(title=None, format="%b %-d", grid=False, tickCount=ticks))
    base = drawn_from(rows).encode(x=time)
    told = "timeFormat(datum.at, '%b %-d') + ': ' + datum.open + ' open, ' + datum.severity"
    top = alt.Y("high:Q", axis=alt.Axis(title="Open risks", tickMinStep=1, format="d"))
    return alt.layer(
        base.mark_area(interpolate="step-after", opacity=0.25).encode(
            y=top, y2=alt.Y2("low:Q"), color=color
        ),
        base.mark_line(interpolate="step-after", strokeWidth=1.5).encode(y=top, color=color),
        base.transform_filter("datum.raised > 0")
        .mark_point(filled=True, size=80, opacity=1, description=tells(told))
        .encode(y=top, color=color, shape=shape),
    ).properties(width=width if broad else width - 60, height=220)


def _finding(run: Run, unresolved: pl.DataFrame) -> str:
    total = unresolved.height
    age = run.clock.hours(pl.col("timestamp"), pl.lit(run.clock.as_of)) / 24
    days = unresolved.select(age=age)["age"]
    fresh = int((days <= run.config.window_days).sum())
    oldest = int(float(str(days.max())))
    verb = "is" if total == 1 else "are"
    return (
        f"{count(total, 'risk')} {verb} open, {fresh or 'none'} of them raised in the last "
        f"{count(run.config.window_days, 'day')}; the oldest has been open "
        f"{count(oldest, 'day')}."
    )


def _words(run: Run, unresolved: pl.DataFrame) -> str:
    locale = locale_of(run)
    parts = []
    for severity in _LOOKS:
        raised = unresolved.filter(severity=str(severity))["timestamp"].sort()
        if raised.len():
            first, last = (format_value(day, DATE, locale) for day in (raised[0], raised[-1]))
            since = f"raised {first}" if first == last else f"raised {first} to {last}"
            parts.append(f"{raised.len()} {SEVERITY[severity].word.lower()}, {since}")
    return f"Open risks over time by severity: {joined(parts)}."
