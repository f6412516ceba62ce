"""Six figures of the current window: value, change against the window before, daily line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

import polars as pl

from mktorch.display.page import Card, Cards
from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
    of_campaign,
)
from mktorch.display.sections.wording import (
    lower_is_better,
    metric_texts,
)
from mktorch.display.sparkline import Sparkline
from mktorch.display.status import Status, Tone
from mktorch.formats import (
    COUNT,
    CURRENCY_COMPACT,
    DATE,
    NOT_AVAILABLE,
    PERCENT,
    Format,
    format_value,
)
from mktorch.metrics import registry
from mktorch.rollups import MEASURES
from mktorch.runs import Run
from mktorch.sums import known_sum, ratio
from mktorch.vocab import Direction, Window
from mktorch.words import count

_DRAWN = 4  # windows a daily line spans
_PRIMARY = "conversion_rate"  # the fifth card, unless the campaign is judged by another KPI
_FIRST = ("cost", "revenue", "return_on_ad_spend", "conversions")
_LAST = "cost_per_acquisition"


class Figure(NamedTuple):
    """What a card shows: a summed measure or a metric of the registry. `better` None: neither."""

    label: str
    format: Format | None = None  # None: the metric's own unit
    better: Direction | None = Direction.UP


_SUMS = {
    "cost": Figure("Spend", CURRENCY_COMPACT, None),
    "revenue": Figure("Value", CURRENCY_COMPACT),
    "conversions": Figure("Conversions", COUNT),
}


@section("window_metrics", "rollup_day", "campaigns")
def kpi_cards(run: Run, campaign: str = "") -> Cards:
    """Spend, value, return, conversions, primary KPI and cost per conversion of the window.

    Each with its change against the window before, worded by whether that is good, and its days.
    """
    names = (*_FIRST, _primary(run, campaign), _LAST)
    spans = run.clock.windows
    by_window = _by_window(run, campaign, names)
    days = _by_day(run, campaign, names, spans)
    now, before = (by_window.get(window, {}) for window in (Window.CURRENT, Window.PRIOR))
    changes = {name: _change(now.get(name), before.get(name)) for name in names}
    steady = run.config.narrative_rules.steady_change
    told = {name: _told(change, _figure(run, name), steady) for name, change in changes.items()}
    past = f"prior {count(run.config.window_days, 'day')}"
    return Cards(
        id="kpi-cards",
        cards=tuple(
            Card(
                id=name,
                label=_figure(run, name).label,
                value=_texts(run, name, [now.get(name)])[0],
                change=told[name],
                detail=f"{past}: {_texts(run, name, [before.get(name)])[0]}",
                line=_line(run, name, days),
                source="window_metrics.value",
                where={
                    "campaign_id": campaign or None,
                    "window": str(Window.CURRENT),
                    "metric": name,
                },
            )
            for name in names
        ),
        title=_finding(list(told.values()), bool(now), run.config.window_days),
        notes=_notes(run, names, spans),
    )


def _primary(run: Run, campaign: str) -> str:
    """The KPI a campaign is judged by, where it is known and no card shows it anyway."""
    if not campaign:
        return _PRIMARY
    known = registry(run.config.metrics)
    kpi = str(of_campaign(run, "campaigns", campaign)["primary_kpi"][0])
    return kpi if kpi in known and kpi not in (*_FIRST, _LAST) else _PRIMARY


def _figure(run: Run, name: str) -> Figure:
    if name in _SUMS:
        return _SUMS[name]
    metric = registry(run.config.metrics)[name]
    return Figure(metric.label or name.replace("_", " "), better=metric.direction)


def _values(run: Run, names: tuple[str, ...]) -> dict[str, pl.Expr]:
    """Each figure from the summed measures: as it is, or numerator over denominator."""
    known = registry(run.config.metrics)
    return {
        name: pl.col(name)
        if name in _SUMS
        else ratio(pl.col(known[name].numerator), pl.col(known[name].denominator))
        for name in names
    }


def _by_window(run: Run, campaign: str, names: Iterable[str]) -> dict[str, dict[str, float | None]]:
    """Window -> figure -> value; a window without a record is not there."""
    return (
        run.tables["window_metrics"]
        .filter(pl.col("campaign_id").eq_missing(pl.lit(campaign or None, pl.String)))
        .pivot("metric", index="window", values="value", on_columns=list(names))
        .rows_by_key("window", named=True, unique=True)
    )


def _by_day(
    run: Run,
    campaign: str,
    names: tuple[str, ...],
    spans: Mapping[Window, tuple[date, date]],
) -> pl.DataFrame:
    """The figures of every day of the last windows; null on days without a record."""
    last = spans[Window.CURRENT][1]
    first = last - timedelta(days=_DRAWN * run.config.window_days - 1)
    summed = (
        of_campaign(run, "rollup_day", campaign)
        .group_by("date", maintain_order=True)
        .agg(map(known_sum, MEASURES))
    )
    return (
        pl.select(date=pl.date_range(first, last))
        .join(summed, on="date", how="left", maintain_order="left")
        .select("date", **_values(run, names))
    )


def _change(now: float | None, before: float | None) -> float | None:
    """Relative change; null without both ends or where there is nothing to divide by.

    >>> _change(120.0, 100.0), _change(5.0, 0.0), _change(None, 3.0)
    (0.19999999999999996, None, None)
    """
    return None if now is None or not before else now / before - 1


def _told(change: float | None, figure: Figure, steady: float) -> Status:
    """The change in words; its tone says whether it is good, neither where it is below `steady`.

    >>> cost = Figure("Cost", None, Direction.DOWN)
    >>> _told(0.125, Figure("Value"), 0.02).word, _told(0.125, cost, 0.02).word
    ('\u2191 12.5%, better', '\u2191 12.5%, worse')
    >>> _told(-0.004, Figure("Value"), 0.02).word, _told(None, Figure("Value"), 0.02).word
    ('\u2192 \u22120.4%, steady', 'No prior value')
    """
    if change is None:
        return Status("No prior value", Tone.NONE)
    size = format_value(abs(change), PERCENT)
    if change == 0 or abs(change) < steady:
        return Status(f"\u2192 {format_value(change, PERCENT)}, steady", Tone.NONE)
    up = change > 0
    arrow = "\u2191" if up else "\u2193"
    if figure.better is None:
        return Status(f"{arrow} {size}", Tone.NONE)
    good = up == (figure.better == Direction.UP)
    return Status(
        f"{arrow} {size}, {'better' if good else 'worse'}", Tone.GOOD if good else Tone.BAD
    )


def _texts(run: Run, name: str, values: Iterable[float | None]) -> list[str]:
    fmt = _figure(run, name).format
    if fmt:
        return [format_value(value, fmt, locale_of(run)) for value in values]
    held = pl.Series(values, dtype=pl.Float64)
    named = pl.Series([name]).new_from_index(0, held.len())
    return metric_texts(run, named, held).fill_null(NOT_AVAILABLE).to_list()


def _line(run: Run, name: str, days: pl.DataFrame) -> Sparkline:
    label, held = _figure(run, name).label, days.drop_nulls(name)
    if held.is_empty():
        return Sparkline(values=(), recent=0, alt="")
    at = {
        "from": held.head(1),
        "to": held.tail(1),
        "lowest": held.sort(name, "date").head(1),
        "highest": held.sort(name, "date", descending=[True, False]).head(1),
    }
    words = ", ".join(
        f"{word} {_texts(run, name, point[name])[0]} on "
        f"{format_value(point['date'][0], DATE, locale_of(run))}"
        for word, point in at.items()
    )
    return Sparkline(
        values=tuple(days[name]),
        recent=run.config.window_days,
        alt=f"{label} by day over {count(days.height, 'day')}: {words}.",
    )


def _finding(told: list[Status], recorded: bool, window_days: int) -> str:
    """How many moved which way.

    >>> good, bad = Status("up", Tone.GOOD), Status("down", Tone.BAD)
    >>> _finding([bad, bad, good], True, 7), _finding([bad], True, 7)
    ('2 of 3 metrics declined from the prior 7 days; 1 improved.', \
'1 of 1 metric declined from the prior 7 days; none improved.')
    """
    tones = [status.tone for status in told]
    better, worse = tones.count(Tone.GOOD), tones.count(Tone.BAD)
    prior = f"the prior {count(window_days, 'day')}" if window_days > 1 else "the prior day"
    of = f"of {count(len(told), 'metric')}"
    if not recorded:
        return "No delivery is recorded in the current window."
    if not better and not worse:
        return f"None {of} changed materially from {prior}."
    if worse >= better:
        return f"{worse} {of} declined from {prior}; {better or 'none'} improved."
    return f"{better} {of} improved from {prior}; {worse or 'none'} declined."


def _notes(
    run: Run, names: tuple[str, ...], spans: Mapping[Window, tuple[date, date]]
) -> tuple[str, ...]:
    locale = locale_of(run)
    first, last = (format_value(day, DATE, locale) for day in spans[Window.CURRENT])
    limit = run.config.narrative_rules.steady_change
    steady = format_value(limit, Format(PERCENT.kind, decimals=0 if limit * 100 % 1 == 0 else 1))
    lower = lower_is_better(run, pl.Series(names))
    return (
        (
            f"{first} to {last} performance records; value is their revenue proxy. Steady: less "
            f"than {steady} in either direction. {' '.join(lower)} Line: daily, last "
            f"{count(_DRAWN * run.config.window_days, 'day')}; current window in bold. Source: "
            "rollup_campaign, rollup_day."
        ),
    )
