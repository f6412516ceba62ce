"""Return on investment: from value to net return, in all and by campaign."""

from __future__ import annotations

from functools import partial
from typing import Any

import polars as pl

from mktorch.display.brand import load_brand
from mktorch.display.charts import THOUSANDS, WIDTH, Chart, drawn_from, row_heads, tells
from mktorch.display.register import section
from mktorch.display.sections.context import (
    HALF_CENT,
    charged,
    locale_of,
    money,
    of_campaign,
    row,
)
from mktorch.display.tables import LOOKED_UP, Column, Table
from mktorch.formats import CURRENCY_COMPACT, CURRENCY_EXACT, PERCENT, TEXT, format_value
from mktorch.runs import Run

_KIND_COLORS = {"value": "primary", "cost": "secondary", "net": "success"}
_DEFINITION = "Net return is value minus media spend, model cost and human review."


@section("roi_waterfall", "roi_analysis")
def roi_waterfall(run: Run) -> Chart:
    """From estimated value through every cost to the net return."""
    steps, brand, locale = run.tables["roi_waterfall"], load_brand(), locale_of(run)
    texts = [format_value(v, CURRENCY_EXACT, locale) for v in steps["amount"]]
    bars = steps.with_columns(
        text=pl.Series(texts, dtype=pl.String),
        top=pl.max_horizontal("start", "end"),
        next=pl.col("label").shift(-1),
        color=pl.when((pl.col("kind") == "net") & (pl.col("amount") < 0))
        .then(pl.lit(brand.color("danger")))
        .otherwise(
            pl.col("kind").replace_strict({k: brand.color(c) for k, c in _KIND_COLORS.items()})
        ),
    )
    total = row(run, "roi_analysis")
    return Chart(
        id="roi-waterfall",
        draw=partial(_waterfall, bars, locale.currency),
        title=_finding(run, total),
        alt="Waterfall from estimated value to net return. "
        + " ".join(f"{label}: {text}." for label, text in zip(steps["label"], texts, strict=True)),
        notes=(
            (
                f"{_DEFINITION} Unrecorded costs count as zero. Fully loaded net also includes "
                "modeled review, service calls and infrastructure. All dates through the report "
                "date."
            ),
        ),
        source="roi_waterfall",
        draws=("roi_waterfall.amount",),
    )


def _waterfall(bars: pl.DataFrame, currency: str, width: int) -> Any:
    """Bars from where each step starts to where it ends, held together by dashed lines."""
    import altair as alt

    broad = width == WIDTH
    plot = width if broad else width - 20
    base = drawn_from(bars)
    names = alt.Axis(labelLimit=220, domain=False, grid=False, title=None) if broad else None
    down = alt.Y("label:N", sort=bars["label"].to_list(), axis=names)
    down = down.scale(paddingInner=0.35 if broad else 0.65)
    reach = bars.select(pl.col("top").max()).item() or 0.0
    low = min(0.0, bars.select(pl.min_horizontal("start", "end").min()).item() or 0.0)
    room = 0.2 * (reach - low) if broad else 0.0  # for the figure after the longest bar
    across = alt.X(
        "start:Q",
        axis=alt.Axis(labelExpr=THOUSANDS, title=currency, tickCount=5, domain=False),
        scale=alt.Scale(domain=[low, reach + room], nice=False),
    )
    beside = base.mark_text(dx=7, align="left", fontWeight=600)
    words = (
        [beside.encode(y=down, x=alt.X("top:Q"), text=alt.Text("text:N"))]
        if broad
        else row_heads(base, down, plot, "label", "text", limit=plot - 100)
    )
    return alt.layer(
        base.mark_bar(description=tells("datum.label + ': ' + datum.text")).encode(
            y=down, x=across, x2=alt.X2("end:Q"), color=alt.Color("color:N", scale=None)
        ),
        base.transform_filter("isValid(datum.next)")
        .mark_rule(strokeDash=[3, 3])
        .encode(y=down, y2=alt.Y2("next:N"), x=alt.X("end:Q")),
        *words,
    ).properties(width=plot, height=(30 if broad else 42) * max(bars.height, 1))


@section("roi_by_campaign", "campaign_analysis")
def roi_by_campaign(run: Run, campaign: str = "") -> Table:
    """Every campaign's value, costs and net return, and where its money is from."""
    locale = locale_of(run)
    frame = of_campaign(run, "roi_by_campaign", campaign).sort(
        pl.col("net_roi").abs(), "campaign_id", descending=[True, False], nulls_last=True
    )
    costs = "no ledger row for the campaign; counted as zero"
    return Table(
        id="roi-by-campaign",
        frame=frame,
        columns=(
            Column(name="name", label="Campaign", detail="campaign_id", weight=2.0),
            Column(
                name="estimated_value",
                label="Value",
                format=CURRENCY_EXACT,
                missing="no value on record",
            ),
            Column(
                name="media_spend",
                label="Media spend",
                format=CURRENCY_EXACT,
                missing="no spend on record",
            ),
            Column(name="llm_cost", label="Model cost", format=CURRENCY_EXACT, missing=costs),
            Column(
                name="human_review_cost", label="Review cost", format=CURRENCY_EXACT, missing=costs
            ),
            Column(
                name="net_roi",
                label="Net return",
                format=CURRENCY_EXACT,
                missing="no value and spend on record",
            ),
            Column(
                name="roi",
                label="ROI",
                format=PERCENT,
                missing="no value or no spend",
            ),
            Column(
                name="source",
                label="Source of amounts",
                format=TEXT,
                missing="in neither ledger nor metrics",
                weight=0.8,
            ),
        ),
        title=_by_campaign_finding(run, frame),
        notes=(f"{_DEFINITION} ROI is (value - media spend) / media spend.",),
        source="roi_by_campaign",
        key=("campaign_id",),
        most=LOOKED_UP,
        empty="This run has no campaigns.",
        locale=locale,
    )


@section("roi_analysis", "performance_assessment")
def roi_totals(run: Run) -> Table:
    """The portfolio's totals, to the cent, with what each one is.

    They bear the cost of the run's own model calls, as `state["roi_analysis"]` does.
    """
    table = charged(run, "roi_analysis")
    total, overall = row(run, table), row(run, "performance_assessment")["overall_roi"]
    percentage = total["roi_percentage"]
    calls = run.manifest.model_usage.cost
    own = (
        ""
        if calls < HALF_CENT
        else f", and {money(run, calls, CURRENCY_EXACT)} for this run's calls"
    )
    lines = (
        ("total_estimated_value", "Estimated value", "Sum over campaigns"),
        ("total_media_spend", "Media spend", "Sum over campaigns"),
        ("total_llm_cost", "Model cost", f"Sum over ledger rows{own}"),
        ("total_human_review_cost", "Human review", "Sum over ledger rows"),
        ("total_net_roi", "Net return", "Value minus the three costs"),
    )
    shares = (
        (
            f"{table}.roi_percentage",
            "Net return on media spend",
            None if percentage is None else percentage / 100,
            "Net return / media spend",
        ),
        (
            "performance_assessment.overall_roi",
            "Return on media spend",
            overall,
            "(value - media spend) / media spend",
        ),
    )
    told = (
        *(
            (f"{table}.{name}", figure, total[name], CURRENCY_EXACT, definition)
            for name, figure, definition in lines
        ),
        *(
            (origin, figure, value, PERCENT, definition)
            for origin, figure, value, definition in shares
        ),
    )
    frame = pl.DataFrame(
        [
            (
                origin,
                origin.rpartition(".")[2],
                figure,
                None if value is None else money(run, value, fmt),
                definition,
            )
            for origin, figure, value, fmt, definition in told
        ],
        schema=dict.fromkeys(("origin", "column", "figure", "amount", "definition"), pl.String),
        orient="row",
    )
    return Table(
        id="roi-totals",
        frame=frame,
        columns=(
            Column(name="figure", label="Figure", weight=1.3),
            Column(
                name="amount",
                label="Amount",
                align="right",
                origin="{origin}",
                missing="no value and spend on record",
                weight=0.9,
            ),
            Column(name="definition", label="Definition", weight=1.6),
        ),
        key=("column",),
        title=_totals_finding(run, total),
        notes=("Unrecorded costs count as zero. All dates through the report date.",),
        source=f"{table}, performance_assessment",
        locale=locale_of(run),
    )


def _finding(run: Run, total: dict[str, float | None]) -> str:
    net, spend, value = (
        total[name] for name in ("total_net_roi", "total_media_spend", "total_estimated_value")
    )
    if net is None or spend is None or value is None:
        return "No return to report; no campaign has both value and spend on record."
    if net < 0:
        return (
            f"Costs exceed the value by {money(run, -net, CURRENCY_COMPACT)}; "
            f"media spend is {money(run, spend, CURRENCY_COMPACT)}."
        )
    return (
        f"Of {money(run, value, CURRENCY_COMPACT)} in value, {money(run, net, CURRENCY_COMPACT)} "
        "remains after all recorded costs."
    )


def _totals_finding(run: Run, total: dict[str, float | None]) -> str:
    net, percentage = total["total_net_roi"], total["roi_percentage"]
    if net is None or percentage is None:
        return "No return to report; no campaign has both value and spend on record."
    share = money(run, percentage / 100, PERCENT)
    return f"The net return is {money(run, net, CURRENCY_EXACT)}, {share} of media spend."


def _by_campaign_finding(run: Run, frame: pl.DataFrame) -> str:
    known = frame.drop_nulls("net_roi")
    if known.is_empty():
        return "No campaign has a net return on record."
    losing = known.filter(pl.col("net_roi") < 0)
    first = known.row(0, named=True)
    most = money(run, first["net_roi"], CURRENCY_EXACT)
    lead = f"{first['name']} has the largest net return, {most}"
    if losing.is_empty():
        return f"{lead}; no campaign loses money."
    last = known.row(-1, named=True)
    return f"{lead}; {last['name']} the smallest, {money(run, last['net_roi'], CURRENCY_EXACT)}."
