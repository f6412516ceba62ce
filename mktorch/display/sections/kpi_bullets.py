"""Bullets: how much of its target every KPI attains."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import polars as pl

from mktorch.analysis.scorecard import ATTAINMENT_CAP
from mktorch.display.brand import load_brand
from mktorch.display.charts import HEAD, WIDTH, Chart, drawn_from, tells, x_pixel
from mktorch.display.page import Unavailable
from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
)
from mktorch.display.sections.kpis import (
    GROUP_NAMES,
    GROUP_PLACES,
    TIER,
    WHOLE_PERCENT,
    attained_text,
    figures,
    scored_kpis,
    tier_limits,
)
from mktorch.formats import format_value
from mktorch.runs import Run
from mktorch.vocab import Tier
from mktorch.words import count

_SHAPES = {
    Tier.CRITICAL: "triangle-down",
    Tier.AT_RISK: "triangle-up",
    Tier.STEADY: "diamond",
    Tier.ON_TRACK: "square",
    Tier.EXCEEDED: "circle",
}
_DRAWN = ("group", "label", "status", "end", "over", "under", "text")


@section("measured_kpis", "measured_kpi_status")
def kpi_bullets(run: Run) -> Chart | Unavailable:
    """Attainment of every scored KPI as a bullet against its target."""
    scored = scored_kpis(run)
    known = scored.drop_nulls("attainment")
    if known.is_empty():
        return Unavailable(reason="No KPI has both a value and a target.")
    locale = locale_of(run)
    words = {str(tier): status.word for tier, status in TIER.items()}
    attained = pl.col("attainment")
    bullets = known.with_columns(
        status=pl.col("standing").replace_strict(words),
        end=attained.clip(0.0, ATTAINMENT_CAP),
        over=attained > ATTAINMENT_CAP,
        under=attained < 0,
        text=pl.Series(map(attained_text, known["attainment"]), dtype=pl.String),
    )
    met = known.filter(attained >= 1).height
    cut = bullets.filter(pl.col("over") | pl.col("under")).height
    cap = format_value(ATTAINMENT_CAP, WHOLE_PERCENT)
    undrawn = scored.height - known.height
    warning, critical = tier_limits(run)
    notes = (
        (
            "Bar: attainment (actual / target, or target / actual where lower is better). Line: "
            f"target. Zones: critical below {critical}, at risk below {warning}."
        ),
        f"Arrow: off the scale, below 0% or above {cap} ({cut} of {known.height})." if cut else "",
        f"{count(undrawn, 'KPI')} without value or target, in the table only." if undrawn else "",
    )
    values = figures(known, "value", locale)
    return Chart(
        id="kpi-bullets",
        draw=partial(_drawing, run, bullets),
        title=(
            f"{met} of {count(known.height, 'scored KPI')} {'meets' if met == 1 else 'meet'} the "
            "target."
        ),
        alt="Attainment of each KPI. "
        + " ".join(
            f"{label}: {value}, {attainment} of target, {status.lower()}."
            for label, value, attainment, status in zip(
                bullets["label"], values, bullets["text"], bullets["status"], strict=True
            )
        ),
        notes=tuple(filter(None, notes)),
        source="measured_kpis",
        draws=("measured_kpis.attainment",),
    )


def _lines(bullets: pl.DataFrame) -> pl.DataFrame:
    """The bullets with a line above each group that names it."""
    groups = bullets.select("group").unique(maintain_order=True)
    names = {str(group): name for group, name in GROUP_NAMES.items()}
    headings = groups.with_columns(heading=pl.col("group").replace(names))
    return (
        pl.concat((headings, bullets.select(*_DRAWN)), how="diagonal")
        .with_columns(_place=pl.col("group").replace_strict(GROUP_PLACES, return_dtype=pl.Int64))
        .sort("_place", pl.col("heading").is_null(), maintain_order=True)
        .with_columns(line=pl.int_range(pl.len()))
    )


def _drawing(run: Run, bullets: pl.DataFrame, width: int) -> Any:
    import altair as alt

    brand, present = load_brand(), set(bullets["standing"])
    broad = width == WIDTH
    plot = width - 300 if broad else width - 20
    marks = x_pixel(plot + 24 if broad else plot - 76)
    words = x_pixel(plot + 36 if broad else plot - 64)
    up = 0 if broad else HEAD  # on a phone the words stand above the bar
    names = x_pixel(-14 if broad else 0)
    side: Literal["left", "right"] = "right" if broad else "left"
    limit = 250 if broad else plot - 92
    tiers = [tier for tier in TIER if tier in present]
    verdicts = [TIER[tier].word for tier in tiers]
    colors = [brand.color(TIER[tier].tone.color) for tier in tiers]
    shapes = alt.Scale(domain=verdicts, range=[_SHAPES[Tier(tier)] for tier in tiers])
    color = alt.Color("status:N", scale=alt.Scale(domain=verdicts, range=colors))
    scale = alt.Scale(domain=[0, ATTAINMENT_CAP], nice=False)
    axis = alt.Axis(
        format=".0%", title="Share of target attained", tickCount=5, grid=False, domain=False
    )
    rows = alt.Y("line:O", axis=None)
    base = drawn_from(_lines(bullets)).encode(y=rows)
    scored = base.transform_filter("isValid(datum.end)")

    def across(at: float) -> Any:
        return alt.XDatum(at, scale=scale, axis=axis)

    def zone(start: float, end: float, tint: str) -> Any:
        first, last = (min(limit, ATTAINMENT_CAP) for limit in (start, end))
        bar = scored.mark_bar(height=15, color=tint)
        return bar.encode(x=across(first), x2=alt.X2Datum(last))

    def arrow(side: str, at: float, shape: str, offset: int) -> Any:
        beyond = scored.transform_filter(f"datum.{side}")
        marked = beyond.mark_point(shape=shape, filled=True, size=75, opacity=1, xOffset=offset)
        return marked.encode(x=across(at), color=color)

    told = tells("datum.label + ': ' + datum.text + ' of target, ' + datum.status")
    critical, warning = run.config.kpi_critical_threshold, run.config.kpi_warning_threshold
    return alt.layer(
        zone(0.0, critical, brand.tint("danger", 0.2)),
        zone(critical, warning, brand.tint("warning", 0.2)),
        zone(warning, ATTAINMENT_CAP, brand.tint("secondary", 0.12)),
        scored.mark_bar(height=7, description=told).encode(
            x=alt.X("end:Q", scale=scale, axis=axis), color=color
        ),
        scored.mark_tick(thickness=2, height=17, color=brand.color("foreground")).encode(
            x=across(1.0)
        ),
        arrow("under", 0.0, "triangle-left", -2),
        arrow("over", ATTAINMENT_CAP, "triangle-right", 6),
        scored.mark_point(filled=True, size=80, opacity=1, yOffset=up, description=told).encode(
            x=marks, color=color, shape=alt.Shape("status:N", scale=shapes)
        ),
        scored.mark_text(align="left", dy=up).encode(x=words, text=alt.Text("text:N")),
        scored.mark_text(align=side, limit=limit, dy=up).encode(x=names, text=alt.Text("label:N")),
        base.transform_filter("isValid(datum.heading)")
        .mark_text(align=side, limit=limit, fontWeight=600)
        .encode(x=names, text=alt.Text("heading:N")),
    ).properties(width=plot, height=alt.Step(20 if broad else 38))
