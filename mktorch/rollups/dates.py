"""Which rows count in an experiment: those that name it, or its assets', inside its dates."""

from __future__ import annotations

import polars as pl

from mktorch.vocab import ExperimentStatus


def by_dates(
    base: pl.LazyFrame, experiments: pl.DataFrame | None
) -> tuple[pl.LazyFrame, pl.LazyFrame, pl.LazyFrame]:
    """Daily rows of experiments within their dates, how many rows each leaves outside, and how many
    are taken of the assets of one that no row names (`claimed`)."""
    named = base.filter(pl.col("experiment_id").is_not_null()).with_columns(
        pl.lit(value=False).alias("claimed")
    )
    none = named.select("experiment_id", "snapshots").limit(0)
    if experiments is None:
        return named, none, none
    dates = experiments.lazy().select("experiment_id", "start_date", "end_date")
    claims = _assets(experiments).join(named, on="experiment_id", how="anti")
    free = base.filter(pl.col("experiment_id").is_null()).drop("experiment_id")
    claimed = free.join(claims, on="asset_id").with_columns(pl.lit(value=True).alias("claimed"))
    dated = pl.concat([named, claimed.select(named.collect_schema().names())]).join(
        dates, on="experiment_id", how="left"
    )
    day = pl.col("date")
    inside = (day >= pl.col("start_date")).fill_null(value=True) & (
        day <= pl.col("end_date")
    ).fill_null(value=True)
    held = dated.filter(inside).drop("start_date", "end_date")
    left_out, taken = (
        rows.group_by("experiment_id").agg(pl.col("snapshots").sum()).sort("experiment_id")
        for rows in (dated.filter(~inside & ~pl.col("claimed")), held.filter("claimed"))
    )
    return held, left_out, taken


def _assets(experiments: pl.DataFrame) -> pl.LazyFrame:
    """The assets of every experiment that has begun."""
    lists = [name for name in ("variant_assets", "control_assets") if name in experiments.columns]
    begun = experiments.lazy().filter(pl.col("status") != ExperimentStatus.PLANNED)
    listed = pl.concat_list(
        "control_asset",
        "variant_asset",
        *(pl.col(name).cast(pl.List(pl.String)).fill_null([]) for name in lists),
    )
    return (
        begun.select("experiment_id", listed.list.drop_nulls().list.unique().alias("asset_id"))
        .explode("asset_id")
        .drop_nulls()
    )
