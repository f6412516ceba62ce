"""Segments: how each stands to its campaign, where it goes, and what is advised."""

from __future__ import annotations

import polars as pl

from mktorch.config.segment_rules import RollupAuthority, Trend
from mktorch.display.register import section
from mktorch.display.sections.context import (
    locale_of,
    of_campaign,
)
from mktorch.display.sections.wording import (
    WHOLE_PERCENT,
    interval,
    lower_is_better,
    metric_label,
    metric_texts,
    with_names,
)
from mktorch.display.status import Status, Statuses, Tone
from mktorch.display.tables import Column, Table
from mktorch.formats import PERCENT, PERCENT_SIGNED, RATIO, format_value
from mktorch.runs import Run
from mktorch.vocab import SegmentRecommendation
from mktorch.words import count, joined, spaces

TREND: Statuses = {
    Trend.IMPROVING: Status("Improving", Tone.GOOD),
    Trend.STABLE: Status("Stable", Tone.STEADY),
    Trend.DECLINING: Status("Declining", Tone.BAD),
    Trend.UNKNOWN: Status("Not known", Tone.NONE),
}
ADVICE: Statuses = {
    SegmentRecommendation.STOP: Status("Stop", Tone.BAD),
    SegmentRecommendation.REVISE: Status("Revise", Tone.WATCH),
    SegmentRecommendation.SCALE: Status("Scale", Tone.GOOD),
    SegmentRecommendation.HOLD: Status("Hold", Tone.STEADY),
}
_GRAVITY = {str(word): order for order, word in enumerate(ADVICE)}


@section("segment_portfolio", "segment_momentum", "campaigns", "audience_segments")
def segments(run: Run, campaign: str = "") -> Table:
    """Each segment of each campaign: KPI, trend with its interval, and what is advised.

    Those that either record would stop come first, then revise, then scale, then hold; within
    these the largest cost first.
    """
    portfolio = _portfolio(run, campaign)
    shown = _gravest_first(portfolio)
    supplied = metric_texts(run, shown["primary_kpi"], shown["supplied_kpi_value"])
    computed = metric_texts(run, shown["primary_kpi"], shown["kpi_value"])
    frame = shown.with_columns(
        kpi=metric_texts(run, shown["primary_kpi"], shown["standing_kpi_value"]),
        _other=computed
        if run.config.segment_rules.authority == RollupAuthority.SUPPLIED
        else supplied,
        interval=interval(shown["trend_low"], shown["trend_high"]),
    ).with_columns(
        kpi_detail=pl.concat_str(
            metric_label(run, pl.col("primary_kpi")),
            pl.when(pl.col("_other") != pl.col("kpi")).then(
                pl.format(f"; {_silent(run)} {{}}", "_other")
            ),
            ignore_nulls=True,
        ),
        advice_detail=_advice(),
    )
    level = format_value(1 - run.config.segment_rules.trend_alpha, WHOLE_PERCENT)
    return Table(
        id="segments",
        frame=frame,
        columns=(
            Column(name="segment", label="Segment", detail="campaign", weight=1.5),
            Column(
                name="kpi",
                label="KPI now",
                origin="segment_portfolio.standing_kpi_value",
                detail="kpi_detail",
                align="right",
                missing="no delivery in the current window",
                weight=1.2,
            ),
            Column(
                name="kpi_attainment",
                label="vs. campaign",
                format=RATIO,
                missing="no KPI for the segment or its campaign",
            ),
            Column(
                name="trend_change",
                label="Change",
                format=PERCENT_SIGNED,
                detail="interval",
                missing=_reasons(shown),
                weight=1.1,
            ),
            Column(name="trend", label="Trend", statuses=TREND),
            Column(
                name="recommendation",
                label="Advice",
                statuses=ADVICE,
                detail="advice_detail",
                weight=1.4,
            ),
        ),
        key=("campaign_id", "segment_id"),
        title=_momentum(run, campaign),
        notes=(
            (
                f"KPI now: the campaign's primary KPI over the last {run.config.window_days} "
                "days. vs. campaign: the KPI relative to the campaign's own in the same days, "
                "scaled so that above 1 is better. Change: computed KPI compared with the prior "
                f"{run.config.window_days} days, with its {level} interval; stable when the "
                "interval includes 0."
            ),
            (
                f"Advice: from the {run.config.segment_rules.authority} record where available; "
                "below it, the rule for the computed advice."
            ),
            *lower_is_better(run, shown["primary_kpi"]),
            *_gap(run, portfolio),
        ),
        source="segment_portfolio",
        empty="No segment has delivery or a supplied rollup.",
        locale=locale_of(run),
    )


def _portfolio(run: Run, campaign: str) -> pl.DataFrame:
    frame = of_campaign(run, "segment_portfolio", campaign)
    return with_names(run, frame, "campaign", "segment")


def _gravest_first(portfolio: pl.DataFrame) -> pl.DataFrame:
    """By the graver of the two recommendations, then the largest cost."""
    gravity = pl.min_horizontal(
        pl.col(name).replace_strict(_GRAVITY, default=None, return_dtype=pl.Int64)
        for name in ("recommendation", "computed_recommendation")
    )
    return portfolio.sort(
        gravity,
        "cost",
        "campaign_id",
        "segment_id",
        descending=[False, True, False, False],
        nulls_last=True,
    )


def _silent(run: Run) -> str:
    """The record that does not stand where both speak."""
    supplied = run.config.segment_rules.authority == RollupAuthority.SUPPLIED
    return "computed" if supplied else "supplied"


def _advice() -> pl.Expr:
    """What the other record advises where it differs, and the rule behind the computed advice."""
    rule = spaces(pl.col("rule"))
    by_record = pl.col("recommendation_source") == RollupAuthority.SUPPLIED
    return (
        pl.when(pl.col("recommendations_agree").fill_null(value=True))
        .then(rule)
        .when(by_record)
        .then(pl.format("computed says {}: {}", "computed_recommendation", rule))
        .otherwise(pl.format("{}; supplied says {}", rule, "supplied_recommendation"))
    )


def _reasons(shown: pl.DataFrame) -> str:
    """Why changes are missing, each reason once."""
    why = shown.filter(pl.col("trend_change").is_null())["trend_reason"].drop_nulls().unique()
    return " or ".join(why.sort()) or "no reason recorded"


def _momentum(run: Run, campaign: str) -> str:
    scope = pl.col("campaign_id") == campaign if campaign else pl.col("scope") == "portfolio"
    found = run.tables["segment_momentum"].filter(scope)
    if found.is_empty() or not found["segments"][0]:
        return "No segment can be rated."
    total = found.row(0, named=True)
    parts = [f"{total[word]} {word}" for word in ("improving", "declining", "stable")]
    unknown = [f"{total['unknown']} without a known trend"] if total["unknown"] else []
    return f"Of {count(total['segments'], 'segment')}: {joined([*parts, *unknown])}."


def _gap(run: Run, portfolio: pl.DataFrame) -> list[str]:
    """How far the supplied rollups lie from the computed figures."""
    supplied = portfolio.drop_nulls("supplied_rollup_id")
    if supplied.is_empty():
        return ["No supplied rollup covers the current window; all figures are computed."]
    tolerance = run.config.rate_tolerance
    gap, own = pl.col("kpi_gap").abs(), pl.col("kpi_value").abs()
    apart = supplied.filter(gap > tolerance * own, own > 0).sort(
        gap / own, "campaign_id", "segment_id", descending=[True, False, False]
    )
    differing = supplied.filter(~pl.col("recommendations_agree")).height
    first = (
        f"A supplied rollup covers {supplied.height} of {count(portfolio.height, 'segment')}; "
        f"its advice differs from the computed advice in {differing}, its KPI by more than "
        f"{format_value(tolerance, PERCENT)} in {apart.height}"
    )
    if apart.is_empty():
        return [f"{first}."]
    ours, theirs = (
        metric_texts(run, apart["primary_kpi"][:1], apart[name][:1])[0]
        for name in ("kpi_value", "supplied_kpi_value")
    )
    widest = apart.row(0, named=True)
    where = f"{widest['segment']} in {widest['campaign']}"
    return [f"{first}, most in {where}: {theirs} supplied, {ours} computed."]
