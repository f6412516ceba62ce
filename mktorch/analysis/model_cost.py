"""This run's own model cost, added to the return it was spent on."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.money import exact
from mktorch.analysis.operating import MeasuredRoiFullyLoaded
from mktorch.analysis.roi import RATED_NET, RoiAnalysis, roi_status
from mktorch.sums import ratio
from mktorch.tables import declare, money, number, read

_CALLS = read("measured_model_usage", "cost")
_OWN = "this run's own calls to the model cost"
# fmt: off
MeasuredRoiAnalysis = declare("measured_roi_analysis",
    "As `roi_analysis`, this run's own calls to the model in it.", {
    **RoiAnalysis.columns(),
    "total_llm_cost": money(
        f"Cost of the language model, summed over campaigns, and what {_OWN}",
        read("roi_analysis", "total_llm_cost"), _CALLS, label="Model cost",
        null=RoiAnalysis.null_of("total_llm_cost")),
    "total_net_roi": money(f"Net return, summed over campaigns, less what {_OWN}",
        read("roi_analysis", "total_net_roi"), _CALLS, label="Net return",
        null=RoiAnalysis.null_of("total_net_roi")),
    "roi_percentage": number("percentage",
        f"{RATED_NET}; less what {_OWN}, as a share of media spend",
        read("roi_analysis", "roi_percentage", "total_media_spend"), _CALLS, label="ROI",
        null=RoiAnalysis.null_of("roi_percentage")),
})
# fmt: on


def measured_roi_analysis(roi_analysis: pl.DataFrame, model_cost: float) -> pl.DataFrame:
    """`roi_analysis` after a run's model calls: the same columns, and the same bits at no cost.

    `model_cost` in the reporting currency joins `total_llm_cost` and leaves `total_net_roi`;
    `roi_percentage` loses what they are of all media spend, and `roi_status` follows. Null stays
    null, but for a model cost that only these calls have.

    >>> before = pl.DataFrame({"total_llm_cost": [2.0], "total_human_review_cost": [8.0],
    ...     "total_media_spend": [100.0], "total_estimated_value": [160.0],
    ...     "total_net_roi": [50.0], "roi_percentage": [50.0], "roi_status": ["positive"]})
    >>> measured_roi_analysis(before, 0.5).row(0)
    (2.5, 8.0, 100.0, 160.0, 49.5, 49.5, 'positive')
    """
    own = 100 * ratio(pl.lit(model_cost), pl.col("total_media_spend"))
    net, recorded = pl.col("total_net_roi"), pl.col("total_llm_cost")
    known = recorded.is_not_null() | (pl.lit(model_cost) > 0)
    charged = pl.when(known).then(exact(recorded.fill_null(0.0) + model_cost))
    return (
        MeasuredRoiAnalysis.of(roi_analysis)
        .with_columns(
            charged.alias("total_llm_cost"),
            exact(net - model_cost).alias("total_net_roi"),
        )
        .with_columns(pl.col("roi_percentage") - own, roi_status=roi_status(net))
    )


def measured_roi_fully_loaded(roi_fully_loaded: pl.DataFrame, model_cost: float) -> pl.DataFrame:
    """`roi_fully_loaded` after a run's model calls, which burden the total (the row without id).

    A summary speaks of all campaigns, so its cost is no single campaign's.
    """
    burden = (
        pl.when(pl.col("campaign_id").is_null()).then(pl.lit(model_cost)).otherwise(pl.lit(0.0))
    )
    value, total = pl.col("estimated_value"), pl.col("total_cost")
    return (
        MeasuredRoiFullyLoaded.of(roi_fully_loaded)
        .with_columns(
            exact(pl.col(column) + burden).alias(column)
            for column in ("model_cost", "running_cost", "total_cost")
        )
        .with_columns(
            exact(value - total).alias("net"),
            ratio(total, pl.col("media_spend")).alias("break_even_roas"),
            ratio(value - total, total).alias("roi_fully_loaded"),
            ratio(value, total).alias("cost_efficiency"),
        )
    )
