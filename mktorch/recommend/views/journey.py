"""Steps of a campaign's journey as targets: where people are lost, and what they would bring."""

from __future__ import annotations

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend.rule import Builder, Origin, Tables, View
from mktorch.recommend.sources import FLIGHT, flights, origins
from mktorch.vocab import STAGE_WORDS, Window

_STEP = (
    "from_stage",
    "to_stage",
    "from_count",
    "to_count",
    "conversion",
    "conversion_low",
    "conversion_high",
    "usual_conversion",
    "peers",
    "lost_beyond_usual",
    "money_at_stake",
    "finding",
    "reason",
)


def journey(tables: Tables, config: MarketingOrchestratorConfig) -> View:
    """One row per campaign and step of its journey, in the current window.

    A campaign whose journey records nothing now is shown over all its days; `window` says which.
    """
    steps = tables["funnel_steps"].filter(pl.col("window") != Window.PRIOR)
    current = (pl.col("window") == Window.CURRENT).any().over("campaign_id")
    wanted = pl.when(current).then(pl.lit(str(Window.CURRENT))).otherwise(pl.lit(str(Window.ALL)))
    path = pl.format("{}>{}", "from_stage", "to_stage")
    frame = (
        steps.filter(pl.col("window") == wanted)
        .join(flights(tables, config), on="campaign_id", how="left")
        .with_columns(
            pl.concat_str("campaign_id", path, separator="/").alias("target_id"),
            pl.format("{} to {} in {}", *_words(), "campaign_name").alias("target_name"),
        )
    )
    return View(frame.sort("target_id"), _ORIGINS)


def _words() -> tuple[pl.Expr, pl.Expr]:
    start, end = (
        pl.col(end).replace_strict(
            STAGE_WORDS, default=pl.col(end).str.replace_all("_", " ", literal=True)
        )
        for end in ("from_stage", "to_stage")
    )
    return start, end


_KEYS = {
    "campaign_id": "campaign_id",
    "window": "window",
    "from_stage": "from_stage",
    "to_stage": "to_stage",
}
_ORIGINS: dict[str, Origin] = {**origins("funnel_steps", _STEP, _KEYS), **FLIGHT}
VIEWS = {"journey": Builder(("funnel_steps", "budget_pacing"), journey)}
