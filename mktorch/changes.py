"""What changed between a run and the one before it: verdict, money, KPIs, recommendations.

The run before is of the same data folder, scope and currency, kept in the same folder of runs, and
looks from the latest earlier moment; of several, the one whose id sorts last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from mktorch.manifest import Manifest
from mktorch.runs import Run, stored_runs
from mktorch.sums import ratio

Tables = Mapping[str, pl.DataFrame]

# Figure -> the table of one row and the column it stands in, in the order of a reader's interest.
FIGURES = {
    "media_spend": ("roi_analysis", "total_media_spend"),
    "estimated_value": ("roi_analysis", "total_estimated_value"),
    "net_return": ("roi_analysis", "total_net_roi"),
    "return_on_spend": ("performance_assessment", "overall_roi"),
}
_FIGURES = pl.Schema(
    {
        "figure": pl.String,
        "before": pl.Float64,
        "after": pl.Float64,
        "change": pl.Float64,
        "relative": pl.Float64,
    }
)
_TIERS = pl.Schema({"kpi": pl.String, "before": pl.String, "after": pl.String})
_RECOMMENDED = pl.Schema(
    {
        "recommendation_id": pl.String,
        "description": pl.String,
        "priority": pl.String,
        "change": pl.String,
    }
)


@dataclass(frozen=True)
class Changes:
    """The differences from the run before, as frames; empty where nothing changed.

    `figures` has a row per figure that both runs hold; `tiers` one per KPI whose tier differs;
    `recommendations` one per recommendation that is `new` or `gone`.
    """

    previous: Manifest
    verdict: tuple[str | None, str | None]
    figures: pl.DataFrame
    tiers: pl.DataFrame
    recommendations: pl.DataFrame


def previous_run(run: Run) -> Run | None:
    """The run before this one in its folder of runs, or None where there is none.

    A folder that holds no whole run of this version is passed over.
    """
    return max(earlier_runs(run), key=lambda r: (r.manifest.as_of, r.run_id), default=None)


def earlier_runs(run: Run) -> list[Run]:
    """The runs in its folder of runs that tell the same story from earlier moments."""
    found, _ = stored_runs(run.path.parent)
    return [other for other in found if comparable(other.manifest, run.manifest)]


def comparable(earlier: Manifest, later: Manifest) -> bool:
    """Whether two runs tell one story: same data folder, scope and currency, one later."""
    shared = ("data_dir", "currency")
    return (
        earlier.as_of < later.as_of
        and earlier.campaign_id == later.campaign_id
        and all(earlier.config.get(name) == later.config.get(name) for name in shared)
    )


def changes(run: Run) -> Changes | None:
    """What changed since the run before; None where there is none."""
    previous = previous_run(run)
    if previous is None:
        return None
    before, after = previous.tables, run.tables
    return Changes(
        previous=previous.manifest,
        verdict=(_word(before), _word(after)),
        figures=figure_changes(before, after),
        tiers=tier_changes(before, after),
        recommendations=recommendation_changes(before, after),
    )


def figure_changes(before: Tables, after: Tables) -> pl.DataFrame:
    """One row per figure of `FIGURES` that both runs hold.

    `change` is after less before, `relative` that as a share of before (null unless positive).
    """
    held = {
        name: (before[table], after[table], column)
        for name, (table, column) in FIGURES.items()
        if table in before and table in after
    }
    rows = [
        pl.DataFrame({"figure": name}).with_columns(
            before=_only(then, column), after=_only(now, column)
        )
        for name, (then, now, column) in held.items()
    ]
    change = pl.col("after") - pl.col("before")
    return (
        pl.concat([pl.DataFrame(schema=_FIGURES).select("figure", "before", "after"), *rows])
        .with_columns(change=change)
        .with_columns(relative=ratio(pl.col("change"), pl.col("before")))
        .select(_FIGURES.names())
    )


def _stands(kpis: pl.DataFrame) -> str:
    """What a KPI stands at; an older run on disk holds its tier alone."""
    return "standing" if "standing" in kpis.columns else "tier"


def tier_changes(before: Tables, after: Tables) -> pl.DataFrame:
    """One row per KPI whose tier differs, by name: `kpi`, `before`, `after`.

    A KPI that only one run knows is null in the other. Measured latency is left out.
    """
    if "kpis" not in before or "kpis" not in after:
        return pl.DataFrame(schema=_TIERS)
    then, now = (
        tables["kpis"].select("kpi", pl.col(_stands(tables["kpis"])).alias(name))
        for tables, name in ((before, "before"), (after, "after"))
    )
    return (
        then.join(now, on="kpi", how="full", coalesce=True)
        .filter(pl.col("before").ne_missing(pl.col("after")))
        .sort("kpi")
        .select(_TIERS.names())
    )


def recommendation_changes(before: Tables, after: Tables) -> pl.DataFrame:
    """The recommendations that are `new` (in rank order), then those that are `gone`."""
    name = "recommendations"
    if name not in before or name not in after:
        return pl.DataFrame(schema=_RECOMMENDED)
    then, now = before[name].sort("rank"), after[name].sort("rank")
    parts = (
        one.join(other, on="recommendation_id", how="anti", maintain_order="left").with_columns(
            change=pl.lit(word)
        )
        for one, other, word in ((now, then, "new"), (then, now, "gone"))
    )
    return pl.concat([part.select(_RECOMMENDED.names()) for part in parts])


def _only(frame: pl.DataFrame, column: str) -> pl.Series:
    return frame.get_column(column).head(1).cast(pl.Float64)


def _word(tables: Tables) -> str | None:
    if "verdict" not in tables or tables["verdict"].is_empty():
        return None
    return str(tables["verdict"]["verdict"][0])
