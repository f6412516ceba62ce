"""Segments by KPI: every cell a figure, shaded by how it stands to the whole."""

from __future__ import annotations

from typing import Any

import polars as pl

from mktorch.display.register import section
from mktorch.display.sections.context import locale_of, of_campaign
from mktorch.display.sections.wording import (
    lower_is_better,
    metric_texts,
    texts,
    with_names,
)
from mktorch.display.tables import Column, Table
from mktorch.formats import CURRENCY, RATIO
from mktorch.metrics import registry
from mktorch.runs import Run

KPIS = ("click_through_rate", "conversion_rate", "cost_per_acquisition", "return_on_ad_spend")


@section("segment_metrics", "campaigns", "audience_segments")
def segment_heat(run: Run, campaign: str = "") -> Table:
    """Segments in rows, KPIs in columns: the figure, and how it stands to all segments together."""
    kpis = _kpis(run, campaign)
    judged = shown = _judged(run, campaign, kpis)
    locale = locale_of(run)
    frame = shown.with_columns(
        *(
            column
            for kpi in kpis
            for column in (
                metric_texts(
                    run, pl.Series([kpi]).new_from_index(0, shown.height), shown[kpi]
                ).alias(f"{kpi}_text"),
                texts(shown[f"{kpi}_against"], RATIO, locale).alias(f"{kpi}_beside"),
            )
        )
    )

    def cell(metric: str) -> dict[str, Any]:
        row = {"campaign_id": campaign or None, "metric": metric}
        return {"origin": "segment_metrics.value", "where": row}

    known, whole = registry(run.config.metrics), "campaign" if campaign else "portfolio"
    return Table(
        id="segment-heat",
        frame=frame,
        columns=(
            Column(name="segment", label="Segment", weight=1.6),
            Column(name="cost", label="Spend", format=CURRENCY, **cell("cost")),
            *(
                Column(
                    name=f"{kpi}_text",
                    label=known[kpi].label or kpi.replace("_", " "),
                    **cell(kpi),
                    detail=f"{kpi}_beside",
                    shade=f"{kpi}_shade",
                    align="right",
                    missing="one of its parts is not on record or is 0",
                )
                for kpi in kpis
            ),
        ),
        title=_finding(judged, kpis, run, whole),
        notes=(
            (
                "All dates through the report date. Below each figure: performance relative to "
                f"the {whole}'s own, scaled so that above 1 is better. Shading: blue is better, "
                "amber is worse, deepest at a factor of two."
            ),
            *lower_is_better(run, pl.Series(kpis)),
        ),
        source="segment_metrics",
        key=("segment_id",),
        empty="No segment has delivery on record.",
        locale=locale,
    )


def _kpis(run: Run, campaign: str) -> tuple[str, ...]:
    """The four KPIs every campaign has, and its own where that is another one."""
    if not campaign:
        return KPIS
    own = str(of_campaign(run, "campaigns", campaign)["primary_kpi"][0])
    return KPIS if own in KPIS or own not in registry(run.config.metrics) else (own, *KPIS)


def _judged(run: Run, campaign: str, kpis: tuple[str, ...]) -> pl.DataFrame:
    """Each segment's KPIs, `_against` the whole (above 1 is better) and `_shade` (-1 to 1)."""
    held = run.tables["segment_metrics"].filter(
        pl.col("campaign_id").eq_missing(pl.lit(campaign or None, pl.String))
    )
    values, against = (
        held.pivot("metric", index="segment_id", values=column, on_columns=["cost", *kpis])
        for column in ("value", "against")
    )
    compared = values.join(
        against.select("segment_id", pl.col(kpis).name.suffix("_against")), on="segment_id"
    )
    shaded = compared.with_columns(
        **{
            f"{kpi}_shade": pl.when(pl.col(f"{kpi}_against") > 0)
            .then(pl.col(f"{kpi}_against").log(2).clip(-1, 1))
            .otherwise(pl.when(pl.col(f"{kpi}_against").is_not_null()).then(-1.0))
            for kpi in kpis
        }
    )
    return with_names(run, shaded, "segment").sort("cost", "segment_id", descending=[True, False])


def _finding(judged: pl.DataFrame, kpis: tuple[str, ...], run: Run, whole: str) -> str:
    cells = judged.unpivot(
        [f"{kpi}_against" for kpi in kpis], index=["segment", "segment_id"], value_name="against"
    ).drop_nulls("against")
    if cells.is_empty() or judged.height < 2:
        return "Fewer than two segments have delivery, so none can be compared."
    known = registry(run.config.metrics)

    def said(row: dict[str, object]) -> str:
        kpi = str(row["variable"]).removesuffix("_against")
        label = (known[kpi].label or kpi.replace("_", " ")).lower()
        return f"{row['segment']} on {label}"

    order = ["against", "segment_id", "variable"]
    best = cells.sort(order, descending=[True, False, False]).row(0, named=True)
    worst = cells.sort(order).row(0, named=True)
    times = texts([best["against"], worst["against"]], RATIO)
    return (
        f"Compared with the whole {whole}, the best is {said(best)} ({times[0]}), the worst "
        f"{said(worst)} ({times[1]})."
    )
