"""Experiments as targets: one row each, spoken for by the arm that decides."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.experiments.terms import Caution
from mktorch.config import MarketingOrchestratorConfig
from mktorch.metrics import attribute_of, registry
from mktorch.recommend.names import creative_names
from mktorch.recommend.rule import Builder, Origin, Tables, View
from mktorch.recommend.sources import (
    FLIGHT,
    delivery,
    delivery_origins,
    flights,
    ids,
    origins,
    typed,
)
from mktorch.recommend.worth import undone, with_worth

_SCALE, _STOP = "scale_variant", "stop"
_EVALUATED = (
    "status",
    "metric",
    "control_asset",
    "variant_asset",
    "control_value",
    "variant_value",
    "lift",
    "lift_low",
    "lift_high",
    "improvement",
    "improvement_low",
    "improvement_high",
    "significant",
    "sample_still_needed",
    "days_left",
    "allocation_verdict",
    "allocation_p",
    "allocation_note",
    "setup_faults",
    "setup_note",
    "recommendation",
    "deciding_gate",
    "rule",
)


def experiments(tables: Tables, config: MarketingOrchestratorConfig) -> View:
    """One row per experiment: its deciding arm, the money that rides on it, and what it touches.

    Of several arms the winner speaks first, then one to stop (the worst), then the one nearest its
    planned sample. `others` names the arms that passed beside it. The base of the impact is
    the control where the variant is to be scaled, else the variant.
    """
    metrics = registry(config.metrics)
    arms = tables["experiment_evaluations"]
    scaled = pl.col("recommendation") == _SCALE
    frame = (
        _deciding(arms)
        .join(_others(arms, tables["creative_assets"]), on="experiment_id", how="left")
        .join(_names(tables, "variant"), on="variant_asset", how="left")
        .join(_names(tables, "control"), on="control_asset", how="left")
        .join(flights(tables, config), on="campaign_id", how="left")
        .with_columns(
            pl.when(scaled).then("control_asset").otherwise("variant_asset").alias("base_asset"),
            pl.col("numerator_name").alias("numerator"),
            attribute_of(pl.col("metric"), "label", metrics).str.to_lowercase().alias("label"),
        )
        .join(delivery(tables, "base_"), on="base_asset", how="left")
        .with_columns(
            pl.format("{} against {}", _named("variant"), _named("control")).alias("target_name"),
            (pl.col("last_day") + pl.duration(days="days_left")).alias("decided_on"),
            _others_text(),
            _claim(),
            **_touched(),
        )
    )
    worth = with_worth(frame, _change(scaled), config.window_days)
    return View(
        worth.rename({"experiment_id": "target_id"}).select(_COLUMNS).sort("target_id"), _ORIGINS
    )


def _deciding(arms: pl.DataFrame) -> pl.DataFrame:
    """The arm of each experiment that speaks for it, with `arms`, their number."""
    recommendation = pl.col("recommendation")
    place = recommendation.replace_strict({_SCALE: 0, _STOP: 1}, default=2)
    won = pl.col("variant_asset") == pl.col("winner")
    first = (
        pl.when(recommendation == _STOP)
        .then("improvement_high")
        .otherwise(pl.col("days_left").cast(pl.Float64))
    )
    return (
        arms.with_columns(pl.len().over("experiment_id").alias("arms"))
        .sort(
            "experiment_id",
            place,
            ~won,
            first,
            -pl.col("improvement"),
            "arm",
            nulls_last=True,
        )
        .unique("experiment_id", keep="first", maintain_order=True)
    )


def _others(arms: pl.DataFrame, assets: pl.DataFrame) -> pl.DataFrame:
    """The arms of each experiment that passed every gate beside the deciding one, by name."""
    deciding = _deciding(arms).select("experiment_id", "arm")
    return (
        arms.filter(pl.col("recommendation") == _SCALE)
        .join(deciding, on=("experiment_id", "arm"), how="anti")
        .join(creative_names(assets), left_on="variant_asset", right_on="asset_id", how="left")
        .with_columns(pl.col("asset_name").fill_null(pl.col("variant_asset")))
        .sort("experiment_id", "variant_asset")
        .group_by("experiment_id", maintain_order=True)
        .agg(pl.col("asset_name").alias("passed"))
    )


def _others_text() -> pl.Expr:
    return (
        pl.when(pl.col("passed").list.len() > 0)
        .then(
            pl.lit(" Passed too, with a lower low end: ") + pl.col("passed").list.join(", ") + "."
        )
        .otherwise(pl.lit(""))
        .alias("others")
    )


def _claim() -> pl.Expr:
    """What a result says where the platform chose the audience of each ad; else nothing."""
    told = pl.lit(
        " The platform chose who saw which ad: this is performance in delivery, not proof of cause."
    )
    delivered = pl.col("warnings").list.contains(str(Caution.DELIVERY))
    return pl.when(delivered).then(told).otherwise(pl.lit("")).alias("claim")


def _names(tables: Tables, role: str) -> pl.DataFrame:
    """An arm's theme, and the segment it speaks to."""
    return tables["creative_assets"].select(
        pl.col("asset_id").alias(f"{role}_asset"),
        pl.col("message_theme").alias(f"{role}_name"),
        pl.col("segment_id").alias(f"{role}_segment"),
    )


def _named(role: str) -> pl.Expr:
    return pl.coalesce(f"{role}_name", f"{role}_asset")


def _change(scaled: pl.Expr) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """From control to variant where that is scaled, else from variant back to control."""
    there = (pl.col("lift_low"), pl.col("lift"), pl.col("lift_high"))
    low, point, high = (
        pl.when(scaled).then(on).otherwise(back)
        for on, back in zip(there, undone(*there), strict=True)
    )
    return low, point, high


def _touched() -> dict[str, pl.Expr]:
    """Typed ids: what scaling gives more to, what going on needs, what stopping takes from."""
    variant, control = typed("asset", "variant_asset"), typed("asset", "control_asset")
    experiment, campaign = typed("experiment", "experiment_id"), typed("campaign", "campaign_id")
    segment = typed("segment", "campaign_id", "variant_segment")
    return {
        "scaled_up": ids(variant, segment, campaign),
        "scaled_down": ids(control),
        "kept": ids(experiment, control, variant, segment, campaign),
        "stopped": ids(variant, pl.when(pl.col("arms") == 1).then(experiment)),
    }


_COLUMNS = (
    "target_id",
    "target_name",
    "campaign_id",
    *_EVALUATED,
    "others",
    "claim",
    "variant_name",
    "control_name",
    "campaign_name",
    "campaign_status",
    "flight_days",
    "elapsed_days",
    "days_ahead",
    "campaign_runs",
    "decided_on",
    "label",
    "numerator",
    "base_asset",
    "base_impressions",
    "base_cost",
    "base_revenue",
    *("revenue_low", "revenue", "revenue_high"),
    *("savings_low", "savings", "savings_high"),
    *("lift_percent_low", "lift_percent", "lift_percent_high"),
    "impact_reason",
    "scaled_up",
    "scaled_down",
    "kept",
    "stopped",
)
_ARM = {"experiment_id": "target_id", "variant_asset": "variant_asset"}
_ORIGINS: dict[str, Origin] = {
    **origins("experiment_evaluations", _EVALUATED, _ARM),
    **origins("experiment_evaluations", {"numerator": "numerator_name"}, _ARM),
    **origins("creative_assets", {"variant_name": "message_theme"}, {"asset_id": "variant_asset"}),
    **origins("creative_assets", {"control_name": "message_theme"}, {"asset_id": "control_asset"}),
    **FLIGHT,
    **delivery_origins("base_", "base_asset"),
}
VIEWS = {
    "experiment": Builder(
        (
            "experiment_evaluations",
            "creative_assets",
            "budget_pacing",
            "rollup_asset",
        ),
        experiments,
    )
}
