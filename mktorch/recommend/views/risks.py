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
_NAMED = 3  # names that a text lists; the rest is counted
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
    `others` names the rest. Findings of one kind and severity in one campaign that nobody raised
    are one target, for which the largest speaks. Any other risk about several assets or a whole
    campaign is its own target. `about` names what it is about, `known` what it states, `source` who
    says so and `entry` the record to close: a risk that was only found in the data has none of its
    own. `halts` is what stands still where it is paused, `eased` what gets less where its spend is
    cut: the campaign itself runs on. `campaign_runs` is empty for a risk about a whole campaign.
    """
    inbox = _grouped(tables["risk_inbox"].filter(pl.col("status").is_in(_OPEN)))
    named = pl.col("asset_ids").list.len().fill_null(0)
    names = called(creative_names(tables["creative_assets"]), "asset_id", "asset_name")
    campaign, budget = typed("campaign", "campaign_id"), typed("budget", "campaign_id")
    group = pl.concat_str("campaign_id", "risk_type", "severity", separator="/")
    targeted = (
        inbox.join(flights(tables, config), on="campaign_id", how="left")
        .sort("rank")
        .with_columns(
            pl.when(named == 1)
            .then(pl.col("asset_ids").list.first())
            .when(pl.col("findings") > 1)
            .then(group)
            .otherwise("id")
            .alias("target_id"),
            pl.when(named == 1)
            .then(pl.col("asset_ids").list.first().replace(names))
            .when(named > 1)
            .then(pl.format("{} creatives ({})", named, _some(pl.col("asset_ids").list.sort())))
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
        .with_columns(
            source=pl.when(pl.col("origin") == Origin.DETECTED)
            .then(pl.lit("Detected in the data"))
            .when(pl.col("origin") == Origin.BOTH)
            .then(pl.format("Reported as {} and detected in the data", "id"))
            .otherwise(pl.format("Reported as {}", "id")),
            entry=pl.when(pl.col("findings") > 1)
            .then(pl.format("the {} findings of {} on {}", "findings", "kind", "about"))
            .when(pl.col("origin") == Origin.DETECTED)
            .then(pl.format("the {} of {}", "kind", "about"))
            .otherwise("id"),
            many=pl.when(pl.col("findings") > 1)
            .then(pl.format(" {} findings; the largest: {}.", "findings", "known"))
            .otherwise(pl.lit("")),
        )
    )
    beside = targeted.group_by("target_id").agg(
        pl.col("entry").sort_by("rank").slice(1).alias("beside")
    )
    frame = (
        targeted.unique("target_id", keep="first", maintain_order=True)
        .join(beside, on="target_id", how="left")
        .join(halted(tables, inbox, "id", "asset_ids"), on="id", how="left")
        .with_columns(
            pl.format("{} of {}", "kind", "about").alias("target_name"),
            pl.concat_list(pl.col("halts").fill_null([]), "budget").alias("eased"),
            pl.col("many")
            + pl.when(pl.col("beside").list.len() > 0)
            .then(pl.format(" Also open: {}.", _some(pl.col("beside"))))
            .otherwise(pl.lit("")),
        )
        .rename({"many": "others"})
        .with_columns(pl.concat_list("eased", "campaign").alias("halts"))
    )
    return View(
        frame.drop("beside", "budget", "campaign", "asset_ids", "detection_ids", "findings").sort(
            "target_id"
        ),
        _ORIGINS,
    )


def _grouped(inbox: pl.DataFrame) -> pl.DataFrame:
    """The inbox with findings of one kind as one row: the largest's, with the assets of all.

    `findings` is how many there are; 1 for whatever somebody raised.
    """
    raised = pl.col("origin") != Origin.DETECTED
    kind = ["campaign_id", "risk_type", "severity", "recommended_action"]
    found = inbox.filter(~raised).sort("exposure", "rank", descending=[True, False])
    assets = found.group_by(kind).agg(
        pl.col("asset_ids").list.explode().drop_nulls().unique().sort(),
        pl.len().cast(pl.Int64).alias("findings"),
    )
    largest = (
        found.unique(kind, keep="first", maintain_order=True)
        .drop("asset_ids")
        .join(assets, on=kind)
        .select(*inbox.columns, "findings")
    )
    return pl.concat(
        (inbox.filter(raised).with_columns(findings=pl.lit(1, pl.Int64)), largest)
    ).sort("rank")


def _some(names: pl.Expr) -> pl.Expr:
    """The first names of a list, and how many more there are."""
    held = names.list
    rest = held.len().cast(pl.Int64) - _NAMED
    more = pl.when(rest > 0).then(pl.format(" and {} more", rest)).otherwise(pl.lit(""))
    return pl.concat_str(held.head(_NAMED).list.join(", "), more)


_ORIGINS = {
    **origins("risk_inbox", _INBOX, {"id": "id"}),
    **FLIGHT,
}
VIEWS = {"risk": Builder(("risk_inbox", "rollup_asset", "budget_pacing", "creative_assets"), risks)}
