"""Open risks as targets: one row per asset that a risk is about, or per risk of several."""

from __future__ import annotations

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.config.risk_rules import Origin
from mktorch.recommend.names import called, creative_names, told
from mktorch.recommend.rule import Builder, Tables, View
from mktorch.recommend.sources import FLIGHT, flights, halted, ids, origins, typed
from mktorch.vocab import RiskStatus

_OPEN = (str(RiskStatus.OPEN), str(RiskStatus.IN_REVIEW))
_INBOX = (
    "rank",
    "origin",
    "risk_type",
    "severity",
    "status",
    "exposure",
    "exposure_scope",
    "age_hours",
    "recommended_action",
    "detail",
)


def risks(tables: Tables, config: MarketingOrchestratorConfig) -> View:
    """One row per target of an open risk (`open` or `in_review`).

    A risk about one asset has that asset as its target, so that it meets what else is asked of
    the asset; of several about one asset the gravest speaks, by its rank in the inbox, and
    `others` names the rest. A risk about several assets or a whole campaign is its own target.
    `about` names what it is about, `known` what it states, `source` who says so and `entry` the
    record to close: a risk that was only found in the data has none of its own. `halts` is what
    stands still where it is paused, `eased` what gets less where its spend is cut: the campaign
    itself runs on.
    `campaign_runs` is empty for a risk about a whole campaign.
    """
    inbox = tables["risk_inbox"].filter(pl.col("status").is_in(_OPEN))
    named = pl.col("asset_ids").list.len().fill_null(0)
    names = called(creative_names(tables["creative_assets"]), "asset_id", "asset_name")
    campaign, budget = typed("campaign", "campaign_id"), typed("budget", "campaign_id")
    targeted = (
        inbox.join(flights(tables, config), on="campaign_id", how="left")
        .sort("rank")
        .with_columns(
            pl.when(named == 1)
            .then(pl.col("asset_ids").list.first())
            .otherwise("id")
            .alias("target_id"),
            pl.when(named == 1)
            .then(pl.col("asset_ids").list.first().replace(names))
            .when(named > 1)
            .then(
                pl.format(
                    "{} creatives ({})", named, pl.col("asset_ids").list.sort().list.join(", ")
                )
            )
            .otherwise("campaign_name")
            .alias("about"),
            pl.col("risk_type").str.replace_all("_", " ").alias("kind"),
            pl.Series(
                "known", [told(detail) for detail in inbox.sort("rank")["detail"]], pl.String
            ),
            ids(pl.when(named == 0).then(budget)).alias("budget"),
            ids(pl.when(named == 0).then(campaign)).alias("campaign"),
            pl.when(named > 0).then("campaign_runs").otherwise([]).alias("campaign_runs"),
        )
    )
    targeted = targeted.with_columns(
        source=pl.when(pl.col("origin") == Origin.DETECTED)
        .then(pl.lit("Found in the records"))
        .when(pl.col("origin") == Origin.BOTH)
        .then(pl.format("{}, reported and found in the records", "id"))
        .otherwise(pl.format("{}, reported", "id")),
        entry=pl.when(pl.col("origin") == Origin.DETECTED)
        .then(pl.format("the {} of {}", "kind", "about"))
        .otherwise("id"),
    )
    beside = targeted.group_by("target_id").agg(
        pl.col("entry").sort_by("rank").slice(1).str.join(", ").alias("beside")
    )
    frame = (
        targeted.unique("target_id", keep="first", maintain_order=True)
        .join(beside, on="target_id", how="left")
        .join(halted(tables, inbox, "id", "asset_ids"), on="id", how="left")
        .with_columns(
            pl.format("{} of {}", "kind", "about").alias("target_name"),
            pl.concat_list(pl.col("halts").fill_null([]), "budget").alias("eased"),
            pl.when(pl.col("beside") != "")
            .then(pl.lit(" Also open about it: ") + pl.col("beside") + ".")
            .otherwise(pl.lit(""))
            .alias("others"),
        )
        .with_columns(pl.concat_list("eased", "campaign").alias("halts"))
    )
    return View(
        frame.drop("beside", "budget", "campaign", "asset_ids", "detection_ids").sort("target_id"),
        _ORIGINS,
    )


_ORIGINS = {
    **origins("risk_inbox", _INBOX, {"id": "id"}),
    **FLIGHT,
}
VIEWS = {"risk": Builder(("risk_inbox", "rollup_asset", "budget_pacing", "creative_assets"), risks)}
