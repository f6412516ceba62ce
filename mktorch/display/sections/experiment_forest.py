"""Forest plot: every variant's lift with its interval, against zero and the lift worth scaling."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import polars as pl

from mktorch.analysis.experiments.terms import Verdict
from mktorch.config.experiment_rules import Inference
from mktorch.display.brand import load_brand
from mktorch.display.charts import WIDTH, Chart, drawn_from, row_heads, tells, x_pixel, y_pixel
from mktorch.display.escape import clean
from mktorch.display.page import Unavailable
from mktorch.display.register import section
from mktorch.display.sections.experiment_facts import (
    RECOMMENDATION,
    interval,
    interval_name,
    left_out,
    percent,
    signed,
    texts,
    variants,
)
from mktorch.runs import Run
from mktorch.vocab import Direction
from mktorch.words import count

_REACH = 1.0  # lift at which the axis ends; what lies beyond is an arrow
_SHAPES = {Verdict.SCALE: "circle", Verdict.STOP: "square", Verdict.CONTINUE: "diamond"}
_DRAWN = (
    "line",
    "creative",
    "label",
    "text",
    "verdict",
    "improvement",
    "low",
    "high",
    "valid_low",
    "valid_high",
    "axis_low",
    "axis_high",
    "inside",
    "beyond_low",
    "beyond_high",
)


@section("experiment_evaluations", "campaigns")
def forest(run: Run, campaign: str = "") -> Chart | Unavailable:
    """Lift and interval of every variant against zero and the lift worth scaling for.

    Variants without a lift are left to the table; where none has one, a sentence says so.
    """
    found, shown = variants(run, campaign)
    known = shown.drop_nulls("improvement")
    if known.is_empty():
        return Unavailable(reason="No variant has a lift to chart yet.")
    worth = run.config.lift_threshold_for_scaling
    drawn = _clipped(known.with_columns(**_always_valid(run)), worth)
    intervals = texts(drawn, interval, "improvement_low", "improvement_high")
    return Chart(
        id="forest",
        draw=partial(_drawing, drawn, worth),
        title=_finding(known, worth),
        alt=f"Lift by variant with its {interval_name(run)}. "
        + " ".join(
            f"{name} ({label}): {lift}, {ends or 'no interval'}, {verdict.lower()}."
            for name, label, lift, ends, verdict in zip(
                drawn["creative"],
                drawn["label"],
                drawn["text"],
                intervals,
                drawn["verdict"],
                strict=True,
            )
        ),
        notes=(*_notes(run, drawn, shown), *left_out(found, shown)),
        source="experiment_evaluations",
        draws=("experiment_evaluations.improvement",),
    )


def _always_valid(run: Run) -> dict[str, pl.Expr]:
    """The always-valid interval turned as the lift is; null where it is what the run decides by."""
    decides = pl.lit(run.config.experiment_rules.inference == Inference.SEQUENTIAL)
    low, high = pl.col("always_valid_lift_low"), pl.col("always_valid_lift_high")
    up = pl.col("direction") != Direction.DOWN
    return {
        "valid_low": pl.when(~decides).then(pl.when(up).then(low).otherwise(-high)),
        "valid_high": pl.when(~decides).then(pl.when(up).then(high).otherwise(-low)),
    }


def _clipped(known: pl.DataFrame, worth: float) -> pl.DataFrame:
    """Adds what is drawn: ends cut off at the axis, and whether they went on beyond it.

    The axis holds zero, the lift worth scaling and every end up to a lift of `_REACH` on either
    side. An interval with one end only is open on the other.
    """
    ends = ("improvement", "improvement_low", "improvement_high", "valid_low", "valid_high")
    lowest, highest = known.select(
        pl.min_horizontal(*(pl.col(end).min() for end in ends), 0.0).alias("low"),
        pl.max_horizontal(*(pl.col(end).max() for end in ends), 0.0).alias("high"),
    ).row(0)
    left, right = max(lowest, -_REACH), max(min(highest, _REACH), worth)
    margin = max(0.03 * (right - left), 0.005)
    low, high = left - margin, right + margin
    point, start, end = pl.col("improvement"), pl.col("improvement_low"), pl.col("improvement_high")
    open_low, open_high = start.is_null() & end.is_not_null(), end.is_null() & start.is_not_null()
    words = {str(verdict): status.word for verdict, status in RECOMMENDATION.items()}
    return known.with_columns(
        line=pl.int_range(pl.len()),
        creative=pl.Series(map(clean, known["creative"]), dtype=pl.String),
        label=pl.Series(map(clean, known["label"]), dtype=pl.String),
        text=texts(known, signed, "improvement"),
        verdict=pl.col("recommendation").replace_strict(words),
        axis_low=pl.lit(low),
        axis_high=pl.lit(high),
        inside=point.is_between(low, high),
        beyond_low=open_low | (pl.min_horizontal(start, point) < low),
        beyond_high=open_high | (pl.max_horizontal(end, point) > high),
        low=pl.when(open_low).then(low).otherwise(start.clip(low, high)),
        high=pl.when(open_high).then(high).otherwise(end.clip(low, high)),
        valid_low=pl.col("valid_low").clip(low, high),
        valid_high=pl.col("valid_high").clip(low, high),
    )


def _drawing(drawn: pl.DataFrame, worth: float, width: int) -> Any:
    import altair as alt

    broad = width == WIDTH
    plot = width - 240 if broad else width - 40
    brand, present = load_brand(), set(drawn["recommendation"])
    verdicts = [verdict for verdict in RECOMMENDATION if verdict in present]
    advice = [RECOMMENDATION[verdict].word for verdict in verdicts]
    colors = [brand.color(RECOMMENDATION[verdict].tone.color) for verdict in verdicts]
    color = alt.Color("verdict:N", scale=alt.Scale(domain=advice, range=colors))
    color = color.legend(offset=26 if broad else 34, columns=3)
    shapes = alt.Scale(domain=advice, range=[_SHAPES[Verdict(verdict)] for verdict in verdicts])
    lifts = alt.Scale(domain=list(drawn.select("axis_low", "axis_high").row(0)), nice=False)
    axis = alt.Axis(
        labelExpr="datum.value == 0 ? '0%' : format(datum.value, '+.0%')",
        title="Lift (right is better)",
        tickCount=5,
        domain=False,
    )
    rows = alt.Y("line:O", axis=None)
    base = drawn_from(drawn.select(_DRAWN)).encode(y=rows)

    def across(name: str) -> Any:
        return alt.X(f"{name}:Q", scale=lifts, axis=axis)

    def span(low: str, high: str, width: float, opacity: float) -> Any:
        both = base.transform_filter(f"isValid(datum.{low}) && isValid(datum.{high})")
        return both.mark_rule(strokeWidth=width, opacity=opacity).encode(
            x=across(low), x2=alt.X2(f"{high}:Q"), color=color
        )

    def arrows(side: str, shape: str) -> Any:
        beyond = base.transform_filter(f"datum.beyond_{side}")
        marked = beyond.mark_point(shape=shape, filled=True, size=70, opacity=1)
        return marked.encode(x=across(f"axis_{side}"), color=color)

    def reference(
        at: float, says: str, align: Literal["left", "right"], dash: list[int]
    ) -> tuple[Any, Any]:
        """A vertical line, labelled on its outer side so that two labels cannot meet."""
        line = drawn_from(pl.DataFrame({"at": [at], "says": [says]})).encode(x=across("at"))
        label = line.mark_text(align=align, fontSize=12, color=brand.color("secondary"))
        return (
            line.mark_rule(strokeWidth=1.2, strokeDash=dash),
            label.encode(text=alt.Text("says:N"), y=y_pixel(-9 if broad else -16)),
        )

    words = (
        [
            *(
                base.mark_text(align="right", limit=230, dy=dy, fontSize=size, color=ink).encode(
                    x=x_pixel(-14), text=alt.Text(f"{name}:N")
                )
                for name, dy, size, ink in (
                    ("creative", -6, 13, brand.color("foreground")),
                    ("label", 7, 10, brand.color("secondary")),
                )
            ),
            base.mark_text(align="left").encode(x=x_pixel(plot + 14), text=alt.Text("text:N")),
        ]
        if broad
        else row_heads(base, rows, plot, "creative", "text", limit=plot - 70)
    )
    return alt.layer(
        *reference(0.0, "no lift", "right", [1, 0]),
        *(reference(worth, f"minimum to scale: {percent(worth)}", "left", [5, 4]) if worth else ()),
        span("valid_low", "valid_high", width=1, opacity=0.75),
        span("low", "high", width=4, opacity=0.55),
        base.transform_filter("datum.inside")
        .mark_point(
            filled=True,
            size=95,
            opacity=1,
            description=tells("datum.label + ': ' + datum.text + ', ' + datum.verdict"),
        )
        .encode(x=across("improvement"), color=color, shape=alt.Shape("verdict:N", scale=shapes)),
        arrows("low", "triangle-left"),
        arrows("high", "triangle-right"),
        *words,
    ).properties(width=plot, height=alt.Step(29 if broad else 38))


def _finding(known: pl.DataFrame, worth: float) -> str:
    low, high = pl.col("improvement_low"), pl.col("improvement_high")
    bounded = known.filter(low.is_not_null() | high.is_not_null())
    if bounded.is_empty():
        return f"{count(known.height, 'variant')} with a lift, none with an interval."
    above, below, sure = (
        bounded.filter(condition).height for condition in (low > 0, high < 0, low >= worth)
    )
    whole = f", {sure or 'none'} of them entirely above the minimum lift to scale" if worth else ""
    return (
        f"{above or 'None'} of {count(bounded.height, 'interval')} "
        f"{'lies' if above < 2 else 'lie'} above zero{whole if above else ''}; "
        f"{below or 'none'} below."
    )


def _notes(run: Run, drawn: pl.DataFrame, shown: pl.DataFrame) -> tuple[str, ...]:
    thin = (
        " Thin line: the always-valid interval, valid at every look."
        if drawn["valid_low"].count()
        else ""
    )
    cut = drawn.filter(pl.col("beyond_low") | pl.col("beyond_high")).height
    undrawn = shown.height - drawn.height
    lines = (
        (
            "Mark and figure: lift, with the sign reversed where lower is better. Thick line: "
            f"the {interval_name(run)}.{thin}"
        ),
        f"Arrow: the interval extends beyond the axis ({cut} of {drawn.height})." if cut else "",
        f"{count(undrawn, 'variant')} without a lift, in the table only." if undrawn else "",
    )
    return tuple(filter(None, lines))
