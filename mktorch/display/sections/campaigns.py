"""Campaigns and portfolio: who spent what, what came of it, and the verdict."""

from __future__ import annotations

from functools import partial
from typing import Any

import polars as pl

from mktorch.display.brand import load_brand
from mktorch.display.charts import THOUSANDS, WIDTH, Chart, drawn_from, row_heads, tells
from mktorch.display.escape import clean
from mktorch.display.register import section
from mktorch.display.sections.context import locale_of, money, of_campaign, row
from mktorch.display.sections.wording import texts
from mktorch.display.status import LIFECYCLE, PERFORMANCE
from mktorch.display.tables import Column, Table
from mktorch.formats import CURRENCY, INTEGER, PERCENT, RATIO, format_value
from mktorch.runs import Run
from mktorch.vocab import Performance
from mktorch.words import count, leading_names

_DRAWN = 15  # campaigns a bar chart can hold and stay readable
_NAMED = 6  # campaigns listed by name in one cell


@section("campaign_analysis")
def campaigns(run: Run, campaign: str = "") -> Table:
    """Every campaign with spend, value, returns, budget use and verdict, largest spend first."""
    frame = of_campaign(run, "campaign_analysis", campaign).sort(
        "total_spend", "campaign_id", descending=[True, False], nulls_last=True
    )
    return Table(
        id="campaigns",
        frame=frame,
        columns=(
            Column(name="name", label="Campaign", detail="campaign_id", weight=2.2),
            Column(name="status", label="Status", statuses=LIFECYCLE),
            Column(
                name="total_spend", label="Spend", format=CURRENCY, missing="no spend on record"
            ),
            Column(
                name="total_revenue_proxy",
                label="Value",
                format=CURRENCY,
                missing="no value on record",
            ),
            Column(
                name="roas",
                label="Return on ad spend",
                format=RATIO,
                missing="no value or no spend",
            ),
            Column(name="roi", label="ROI", format=PERCENT),
            Column(name="budget_used", label="Budget used", format=PERCENT),
            Column(
                name="overall_performance",
                label="Verdict",
                statuses=PERFORMANCE,
                detail="performance_reason",
            ),
        ),
        key=("campaign_id",),
        title=_campaigns_finding(run, frame),
        notes=(
            (
                "Spend and value come from the ledger where it has a row, otherwise from "
                "performance metrics. Return on ad spend is value / spend; ROI is (value - "
                "spend) / spend; budget used is spend / budget. All dates through the report "
                "date."
            ),
            _verdict_rule(run),
        ),
        source="campaign_analysis",
        empty="This run has no campaigns.",
        locale=locale_of(run),
    )


@section("campaign_analysis")
def spend_and_value(run: Run, campaign: str = "") -> Chart:
    """Spend against value, one line per campaign, as far apart as the return is large."""
    known = of_campaign(run, "campaign_analysis", campaign).drop_nulls(
        ["total_spend", "total_revenue_proxy"]
    )
    shown = known.sort("total_revenue_proxy", "campaign_id", descending=[True, False]).head(_DRAWN)
    locale = locale_of(run)
    points = shown.select(
        "campaign_id",
        pl.Series(
            "campaign",
            [clean(f"{name}  {id_}") for name, id_ in shown.select("name", "campaign_id").rows()],
            dtype=pl.String,
        ),
        pl.col("total_spend").alias("spend"),
        pl.col("total_revenue_proxy").alias("value"),
    ).with_columns(
        pl.max_horizontal("spend", "value").alias("end"),
        label=texts(shown["total_revenue_proxy"], CURRENCY, locale),
        told=pl.format(
            "{}: spend {}, value {}",
            shown["name"],
            texts(shown["total_spend"], CURRENCY, locale),
            texts(shown["total_revenue_proxy"], CURRENCY, locale),
        ),
    )
    losing = known.filter(pl.col("total_revenue_proxy") < pl.col("total_spend"))
    rest = known.height - shown.height
    return Chart(
        id="spend-and-value",
        draw=partial(_spread, points, locale.currency),
        title=_spread_finding(known, losing),
        alt="Spend and value by campaign. "
        + " ".join(
            f"{name}: spend {money(run, s)}, value {money(run, v)}."
            for name, s, v in zip(
                shown["name"], shown["total_spend"], shown["total_revenue_proxy"], strict=True
            )
        ),
        notes=(
            (
                "Square: spend. Circle: estimated value (labeled). A circle left of its square "
                "marks a campaign that has not recouped its media spend."
            ),
            *(
                (f"The {count(rest, 'campaign')} with the least value are in the table only.",)
                if rest
                else ()
            ),
        ),
        source="campaign_analysis",
        draws=("campaign_analysis.total_spend", "campaign_analysis.total_revenue_proxy"),
    )


def _spread(points: pl.DataFrame, currency: str, width: int) -> Any:
    """Spend and value of every campaign as two ends of a line."""
    import altair as alt

    brand, broad = load_brand(), width == WIDTH
    plot = width - 240 if broad else width - 30
    names = alt.Axis(labelLimit=230, grid=False, domain=False, title=None) if broad else None
    order = alt.Y("campaign:N", sort=points["campaign"].to_list(), axis=names)
    base = drawn_from(points)
    money_axis = alt.Axis(labelExpr=THOUSANDS, title=f"{currency}, spend to value", tickCount=5)
    labels = (
        [
            base.mark_text(align="left", dx=10).encode(
                x=alt.X("end:Q"), y=order, text=alt.Text("label:N")
            )
        ]
        if broad
        else row_heads(base, order, plot, "campaign", "label", limit=plot - 70)
    )
    return alt.layer(
        base.mark_rule(strokeWidth=3, color=brand.tint("secondary", 0.45)).encode(
            x=alt.X("spend:Q", axis=money_axis, scale=alt.Scale(zero=True)),
            x2=alt.X2("value:Q"),
            y=order,
        ),
        base.mark_point(
            shape="square",
            filled=True,
            size=70,
            opacity=1,
            color=brand.color("secondary"),
            description=tells("datum.told"),
        ).encode(x=alt.X("spend:Q"), y=order),
        base.mark_point(
            shape="circle",
            filled=True,
            size=130,
            opacity=1,
            color=brand.color("primary"),
            description=tells("datum.told"),
        ).encode(x=alt.X("value:Q"), y=order),
        *labels,
    ).properties(width=plot, height=alt.Step(26 if broad else 40))


@section("performance_assessment", "campaign_analysis")
def portfolio(run: Run) -> Table:
    """The portfolio by verdict: how many campaigns, by which rule, and which."""
    total, analysis = row(run, "performance_assessment"), run.tables["campaign_analysis"]
    names = {
        verdict: group["name"].to_list()
        for (verdict,), group in analysis.sort("name", "campaign_id").group_by(
            "overall_performance", maintain_order=True
        )
    }
    counts = (total["exceeding"], total["meeting"], total["below"], total["insufficient"])
    frame = pl.DataFrame(
        {
            "verdict": [str(verdict) for verdict in Performance],
            "campaigns": counts,
            "counted": ("exceeding", "meeting", "below", "insufficient"),
            "rule": _rules(run),
            "names": [
                leading_names(names.get(str(verdict), []), _NAMED) or "none"
                for verdict in Performance
            ],
        }
    )
    exceeding, meeting, below, _ = counts
    return Table(
        id="portfolio",
        frame=frame,
        columns=(
            Column(name="verdict", label="Verdict", statuses=PERFORMANCE),
            Column(
                name="campaigns",
                label="Campaigns",
                format=INTEGER,
                origin="performance_assessment.{counted}",
            ),
            Column(name="rule", label="Return on ad spend", weight=1.1),
            Column(name="names", label="Which", weight=2.4),
        ),
        title=(
            f"{exceeding + meeting} of {count(exceeding + meeting + below, 'rated campaign')} "
            f"meet or exceed expectations; {below} fall short."
        ),
        notes=(
            (
                "Expected return on ad spend: "
                f"{format_value(run.config.target_roas, RATIO, locale_of(run))}. All dates "
                "through the report date."
            ),
        ),
        source="performance_assessment",
        locale=locale_of(run),
    )


def _limits(run: Run) -> tuple[float, float]:
    """Return on ad spend that exceeds, and that meets, expectations."""
    limits, target = run.config.performance_thresholds, run.config.target_roas
    return limits[Performance.EXCEEDING] * target, limits[Performance.MEETING] * target


def _rules(run: Run) -> tuple[str, ...]:
    above, meets = (format_value(limit, RATIO) for limit in _limits(run))
    return (f"above {above}", f"{meets} to {above}", f"under {meets}", "no spend recorded")


def _verdict_rule(run: Run) -> str:
    exceeding, meeting, below, _ = _rules(run)
    return (
        f"Verdict by return on ad spend: exceeding {exceeding}, meeting {meeting}, below {below}."
    )


def _campaigns_finding(run: Run, frame: pl.DataFrame) -> str:
    judged, locale = frame.drop_nulls("roi"), locale_of(run)

    def percent(value: float) -> str:
        return format_value(value, PERCENT, locale)

    if judged.is_empty():
        return "No campaign can be rated yet; none has both value and spend on record."
    best = judged.sort("roi", "campaign_id", descending=[True, False]).row(0, named=True)
    worst = judged.sort("roi", "campaign_id").row(0, named=True)
    if judged.height == 1:
        return f"{best['name']} returned {percent(best['roi'])} on its spend."
    return (
        f"{best['name']} had the highest return ({percent(best['roi'])} on spend), "
        f"{worst['name']} the lowest ({percent(worst['roi'])})."
    )


def _spread_finding(known: pl.DataFrame, losing: pl.DataFrame) -> str:
    if known.is_empty():
        return "No campaign has both spend and value on record."
    if losing.is_empty():
        return f"All {count(known.height, 'campaign')} with spend on record have recouped it."
    return f"{losing.height} of {count(known.height, 'campaign')} have not recouped their spend."
