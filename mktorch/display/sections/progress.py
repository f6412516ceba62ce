"""Day by day: value and spend with the two windows shaded, and spend against its plan."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any, Literal

import polars as pl

from mktorch.config.budget_rules import Pacing
from mktorch.display.brand import load_brand
from mktorch.display.charts import THOUSANDS, WIDTH, Chart, drawn_from, tells, y_pixel
from mktorch.display.page import Unavailable
from mktorch.display.register import section
from mktorch.display.sections.budget import PACING
from mktorch.display.sections.context import locale_of, money, of_campaign
from mktorch.display.sections.wording import texts
from mktorch.formats import CURRENCY, DATE, NOT_AVAILABLE, PERCENT, RATIO, Locale, format_value
from mktorch.runs import Run
from mktorch.sums import known_sum, ratio
from mktorch.vocab import Window
from mktorch.words import count, joined

Spans = Mapping[Window, tuple[date, date]]

_HEIGHT = 220
_BESIDE = 150  # pixels left and right of the plot, for the axis and the names of lines
_NARROW_BESIDE = 130
_TICKS, _NARROW_TICKS = 5, 3
_APART = 0.08  # of the axis: how far two labels at its end stand apart at least


@section("rollup_day", "rollup_campaign", "campaigns")
def trend(run: Run, campaign: str = "") -> Chart | Unavailable:
    """Value and spend of every day, the current and the prior window shaded."""
    days = _by_day(run, campaign)
    if days.is_empty():
        return Unavailable(reason="No delivery on record to chart.")
    locale = locale_of(run)
    spans = run.clock.windows
    return Chart(
        id="trend",
        draw=partial(_trend, days, spans, locale),
        title=_trend_finding(run, campaign, days),
        alt=_trend_alt(run, campaign, days),
        notes=(
            (
                "Solid: value (the revenue proxy in performance records). Dashed: spend. "
                f"Shaded: the current window, {_between(spans[Window.CURRENT], locale)} and the "
                f"prior window, {_between(spans[Window.PRIOR], locale)}. Gaps are days without "
                "records."
            ),
        ),
        source="rollup_day, rollup_campaign",
        draws=("rollup_day.cost", "rollup_day.revenue"),
    )


def _trend(days: pl.DataFrame, spans: Spans, locale: Locale, width: int) -> Any:
    """Two lines over shaded windows, each named at its end."""
    import altair as alt

    brand = load_brand()
    first = min(days["date"][0], spans[Window.PRIOR][0])
    last = max(days["date"][-1], spans[Window.CURRENT][1])
    across = _across(first, last, locale, width)
    axis = alt.Axis(labelExpr=THOUSANDS, title=f"{locale.currency} a day", tickCount=_TICKS)
    lines = _daily(days)

    def line(name: str, ink: str, stroke: float, dash: list[int]) -> Any:
        drawn = lines.mark_line(color=brand.color(ink), strokeWidth=stroke, strokeDash=dash)
        return drawn.encode(x=across, y=alt.Y(f"{name}:Q", axis=axis))

    known = days.drop_nulls("value")
    when, value, spend = (
        texts(known[name], form, locale)
        for name, form in (("date", DATE), ("value", CURRENCY), ("spend", CURRENCY))
    )
    told = known.with_columns(
        told=pl.format("{}: value {}, spend {}", when, value, spend.fill_null(NOT_AVAILABLE))
    )
    ends = pl.concat(
        days.drop_nulls(name).tail(1).select("date", at=name, text=pl.lit(name.capitalize()))
        for name in ("value", "spend")
    )
    return alt.layer(
        *_shades(spans, across),
        line("spend", "secondary", 1.8, [5, 3]),
        line("value", "primary", 2.4, [1, 0]),
        _daily(told)
        .mark_point(filled=True, size=90, opacity=0, description=tells("datum.told"))
        .encode(x=across, y=alt.Y("value:Q")),
        _end_labels(ends, days.select(pl.max_horizontal("value", "spend").max()).item(), across),
    ).properties(width=_plot(width), height=_HEIGHT)


@section("rollup_day", "budget_pacing", "campaigns")
def pacing(run: Run, campaign: str = "") -> Chart | Unavailable:
    """Spend to date against budgets spread evenly over their flights, and where it would end."""
    flights = of_campaign(run, "budget_pacing", campaign)
    spent = flights.filter(pl.col("flight_days") >= 1, pl.col("budget") > 0).drop_nulls("spend")
    if spent.is_empty():
        return Unavailable(reason="No spend against a budget on record to chart.")
    locale, today = locale_of(run), run.clock.day
    last = max(today, *spent["end_date"])
    plan, days = _plan(spent, last), _to_date(run, spent)
    total, end = spent.select(
        pl.col("spend").sum(), end=pl.coalesce("projected_end_spend", "spend").sum()
    ).row(0)
    ahead = pl.DataFrame({"date": [today, last], "spend": [total, end]})
    return Chart(
        id="pacing",
        draw=partial(_pace, plan, days, ahead, locale),
        title=_pacing_finding(run, spent, total, end),
        alt=(
            f"Spend to date against plan. By {format_value(today, DATE, locale)}: spent "
            f"{money(run, total)}, planned {money(run, _planned(plan, today))}. By "
            f"{format_value(last, DATE, locale)}: {money(run, end)} at this pace, "
            f"{money(run, plan['spend'][-1])} planned."
        ),
        notes=_pacing_notes(run, flights.height - spent.height, days, total),
        source="budget_pacing, rollup_day",
        draws=("budget_pacing.budget", "budget_pacing.spend", "rollup_day.cost"),
    )


def _pace(
    plan: pl.DataFrame, days: pl.DataFrame, ahead: pl.DataFrame, locale: Locale, width: int
) -> Any:
    """The plan, the spend to date, and from today's dot on where the pace leads."""
    import altair as alt

    brand, (today, last) = load_brand(), ahead["date"]
    across = _across(min(plan["date"][0], *days["date"]), last, locale, width)
    axis = alt.Axis(labelExpr=THOUSANDS, title=f"{locale.currency} to date", tickCount=_TICKS)
    up = alt.Y("spend:Q", axis=axis)

    def line(frame: pl.DataFrame, ink: str, stroke: float, dash: list[int]) -> Any:
        drawn = _daily(frame).mark_line(color=brand.color(ink), strokeWidth=stroke, strokeDash=dash)
        return drawn.encode(x=across, y=up)

    ends = pl.concat((plan.tail(1), ahead.tail(1))).select(
        "date", at="spend", text=pl.Series(["Plan", "At this pace" if today < last else "Spent"])
    )
    return alt.layer(
        line(plan, "secondary", 1.6, [1, 0]),
        line(days, "primary", 2.4, [1, 0]),
        line(ahead, "primary", 1.8, [4, 4]),
        _daily(ahead.head(1))
        .mark_point(filled=True, size=90, opacity=1, color=brand.color("primary"))
        .encode(x=across, y=up),
        _end_labels(ends, max(*plan["spend"], *ahead["spend"]), across),
    ).properties(width=_plot(width), height=_HEIGHT)


def _plot(width: int) -> int:
    return width - (_BESIDE if width == WIDTH else _NARROW_BESIDE)


def _by_day(run: Run, campaign: str) -> pl.DataFrame:
    """Value and spend of every day between the first and the last record, null on days without."""
    summed = (
        of_campaign(run, "rollup_day", campaign)
        .group_by("date")
        .agg(value=known_sum("revenue"), spend=known_sum("cost"))
        .sort("date")
    )
    return summed.upsample("date", every="1d") if summed.height else summed


def _to_date(run: Run, spent: pl.DataFrame) -> pl.DataFrame:
    """The performance records' cost so far, day by day, over the campaigns of `spent`."""
    return (
        run.tables["rollup_day"]
        .join(spent, on="campaign_id", how="semi")
        .group_by("date")
        .agg(pl.col("cost").sum())
        .sort("date")
        .select("date", spend=pl.col("cost").cum_sum())
    )


def _plan(spent: pl.DataFrame, last: date) -> pl.DataFrame:
    """Every budget spread evenly over its own flight, summed by day up to `last`."""
    gone = (pl.col("date") - pl.col("start_date")).dt.total_days() + 1
    share = ratio(gone.clip(0, pl.col("flight_days")), pl.col("flight_days"))
    return (
        pl.select(date=pl.date_range(spent["start_date"].min(), last))  # type: ignore[arg-type]
        .join(spent.select("start_date", "flight_days", "budget"), how="cross")
        .group_by("date")
        .agg(spend=(share * pl.col("budget")).sum())
        .sort("date")
    )


def _planned(plan: pl.DataFrame, day: date) -> float:
    return float(plan.filter(pl.col("date") <= day)["spend"].last() or 0.0)  # type: ignore[arg-type]


def _daily(frame: pl.DataFrame) -> Any:
    """A drawing of rows; dates as whole days, so that no time zone can shift them."""
    return drawn_from(frame.with_columns(day=pl.col("date").dt.epoch("d")).drop("date"))


def _across(first: date, last: date, locale: Locale, width: int) -> Any:
    """The axis of days, with dates written as the locale writes them."""
    import altair as alt

    days, steps = (last - first).days, (_TICKS if width == WIDTH else _NARROW_TICKS) - 1
    ticks = sorted({first + timedelta(days=round(i * days / steps)) for i in range(steps + 1)})
    labels = {str(_day(tick)): format_value(tick, DATE, locale) for tick in ticks}
    axis = alt.Axis(
        values=[_day(tick) for tick in ticks],
        labelExpr=f"{json.dumps(labels)}[datum.value]",
        title=None,
        grid=False,
        labelAlign="center",
        labelFontSize=12,
    )
    domain = [_day(first) - 0.5, _day(last) + 0.5]
    return alt.X("day:Q", axis=axis, scale=alt.Scale(domain=domain, nice=False, zero=False))


def _day(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _shades(spans: Spans, across: Any) -> list[Any]:
    """A band behind each window, named at its top; the two names lean away from each other."""
    import altair as alt

    brand = load_brand()
    side: Literal["left", "right"]
    drawn = []
    for window, ink, side in (
        (Window.PRIOR, "secondary", "right"),
        (Window.CURRENT, "primary", "left"),
    ):
        first, last = spans[window]
        ends = {"day": _day(first) - 0.5, "end": _day(last) + 0.5, "text": window.capitalize()}
        band = drawn_from(pl.DataFrame([ends]))
        at = across if side == "left" else alt.X("end:Q")
        drawn += [
            band.mark_rect(color=brand.tint(ink, 0.13)).encode(x=across, x2=alt.X2("end:Q")),
            band.mark_text(
                align=side, dx=-4 if side == "right" else 4, fontSize=12, color=brand.color(ink)
            ).encode(x=at, y=y_pixel(-8), text=alt.Text("text:N")),
        ]
    return drawn


def _end_labels(ends: pl.DataFrame, top: float, across: Any) -> Any:
    """Names of two lines beside their ends, moved apart where they would touch."""
    import altair as alt

    need = _APART * (top or 1.0)
    ordered = ends.sort("at", "text")
    low, high = ordered["at"][0], ordered["at"][-1]
    if ordered.height > 1 and high - low < need:
        middle = max((high + low) / 2, need / 2)
        ordered = ordered.with_columns(at=pl.Series([middle - need / 2, middle + need / 2]))
    latest = ordered.with_columns(date=pl.col("date").max())
    return (
        _daily(latest)
        .mark_text(align="left", dx=8, fontWeight=600)
        .encode(x=across, y=alt.Y("at:Q"), text=alt.Text("text:N"))
    )


def _between(span: tuple[date, date], locale: Locale) -> str:
    return " to ".join(format_value(day, DATE, locale) for day in span)


_Sums = tuple[float | None, float | None]


def _windows_of(run: Run, campaign: str) -> dict[str, _Sums]:
    """Window -> value and spend, None where not known; a window without a record is not there."""
    sums = (
        of_campaign(run, "rollup_campaign", campaign)
        .group_by("window", maintain_order=True)
        .agg(known_sum("revenue"), known_sum("cost"))
    )
    return {window: (value, spend) for window, value, spend in sums.rows()}


def _trend_finding(run: Run, campaign: str, days: pl.DataFrame) -> str:
    sums = _windows_of(run, campaign)
    if Window.CURRENT not in sums:
        last = format_value(days["date"][-1], DATE, locale_of(run))
        return f"No delivery in the current window; the last record is dated {last}."
    value, spend = sums[Window.CURRENT]
    if value is None:
        return f"{money(run, spend)} was spent in the current window; its value is not on record."
    first = (
        f"The current window generated {money(run, value)} of value on {money(run, spend)} of spend"
    )
    rates = [v / s if s and v is not None else None for v, s in (sums[w] for w in _both(sums))]
    if len(rates) < 2 or None in rates:
        return f"{first}."
    now, before = (format_value(rate, RATIO) for rate in rates)
    return f"{first}: {now} return, compared with {before} in the prior window."


def _both(sums: Mapping[str, _Sums]) -> list[Window]:
    return [window for window in (Window.CURRENT, Window.PRIOR) if window in sums]


def _trend_alt(run: Run, campaign: str, days: pl.DataFrame) -> str:
    locale, sums = locale_of(run), _windows_of(run, campaign)
    best = days.drop_nulls("value").sort("value", "date", descending=[True, False]).head(1)
    highest = [
        f"Highest value: {money(run, value)} on {format_value(day, DATE, locale)}."
        for day, value in best.select("date", "value").rows()
    ]
    parts = [
        f"{window.capitalize()} window: value {money(run, sums[window][0])}, spend "
        f"{money(run, sums[window][1])}."
        for window in _both(sums)
    ]
    return " ".join(
        (
            f"Value and spend by day, {_between((days['date'][0], days['date'][-1]), locale)}.",
            *parts,
            *highest,
        )
    )


def _pacing_finding(run: Run, spent: pl.DataFrame, total: float, end: float) -> str:
    budget = money(run, float(spent["budget"].sum()))
    if spent.height == 1:
        flight = spent.row(0, named=True)
        if flight["pacing"] == Pacing.ENDED:
            return f"The flight has ended: {money(run, total)} of {budget} was spent."
        share, gone = (format_value(flight[c], PERCENT) for c in ("spend_share", "elapsed_share"))
        ahead = f", on pace for {money(run, end)} of {budget}" if end > total else ""
        return f"{share} of the budget is spent {gone} of the way through the flight{ahead}."
    counts = dict(spent["pacing"].value_counts().rows())
    parts = [f"{counts[word]} {s.word.lower()}" for word, s in PACING.items() if word in counts]
    return (
        f"{money(run, total)} of {budget} is spent; {count(spent.height, 'campaign')}: "
        f"{joined(parts)}."
    )


def _pacing_notes(run: Run, without: int, days: pl.DataFrame, total: float) -> tuple[str, ...]:
    drawn = float(days["spend"].last() or 0.0)  # type: ignore[arg-type]
    off = abs(drawn - total) > 0.005 * max(abs(total), 1.0)
    notes = (
        (
            "Thin: budget spread evenly over the flight. Thick: spend in performance records. "
            "Dot: spend to date. Dashed: projection to the end of the flight at the current "
            "pace; flat where a campaign is paused or has ended."
        ),
        (
            f"Performance records total {format_value(drawn, CURRENCY, locale_of(run))}; "
            f"{money(run, total)} is used, per the {run.config.money_authority}."
        )
        if off
        else "",
        f"{count(without, 'campaign')} without budget or spend excluded." if without else "",
    )
    return tuple(filter(None, notes))
