"""What several views are made of: where columns are from, flights, current delivery, typed ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from mktorch.config import MarketingOrchestratorConfig
from mktorch.recommend.rule import Origin, Tables
from mktorch.vocab import Window

CURRENT = {"window": str(Window.CURRENT)}
_DELIVERED = ("impressions", "cost", "revenue")


def origins(
    table: str,
    columns: Iterable[str] | Mapping[str, str],
    keys: Mapping[str, str],
    fixed: Mapping[str, str] | None = None,
) -> dict[str, Origin]:
    """The origins of several columns found in one table by the same keys.

    `columns` are names that the view shares with the table, or view's name -> table's name.

    >>> origins("campaigns", {"flight_end": "end_date"}, {"campaign_id": "campaign_id"})
    {'flight_end': Origin(table='campaigns', column='end_date', keys={'campaign_id': \
'campaign_id'}, fixed={})}
    """
    named = columns if isinstance(columns, Mapping) else {name: name for name in columns}
    return {
        held: Origin(table, column, dict(keys), dict(fixed or {})) for held, column in named.items()
    }


def flights(tables: Tables, config: MarketingOrchestratorConfig) -> pl.DataFrame:
    """Each campaign's name, status and the days an expected impact covers.

    `campaign_id`, `campaign_name`, `campaign_status`, `flight_days`, `elapsed_days`, `days_ahead`
    (`horizon_days`, or what is left of the flight where that is less), and `campaign_runs`, the
    typed id that an action raises which only makes sense while the campaign runs.
    """
    left = pl.col("flight_days") - pl.col("elapsed_days")
    return tables["budget_pacing"].select(
        "campaign_id",
        "flight_days",
        "elapsed_days",
        campaign_name="name",
        campaign_status="status",
        days_ahead=left.clip(upper_bound=config.recommendation_rules.horizon_days),
        campaign_runs=pl.concat_list(typed("campaign", "campaign_id")),
    )


FLIGHT = {
    **origins(
        "budget_pacing",
        {
            "campaign_name": "name",
            "campaign_status": "status",
            "flight_days": "flight_days",
            "elapsed_days": "elapsed_days",
        },
        {"campaign_id": "campaign_id"},
    )
}


def delivery(tables: Tables, prefix: str) -> pl.DataFrame:
    """What each asset brought in the current window: `{prefix}asset` and `{prefix}impressions`,
    `{prefix}cost`, `{prefix}revenue`; an asset that delivered nothing has no row."""
    return (
        tables["rollup_asset"]
        .filter(pl.col("window") == Window.CURRENT)
        .select(
            pl.col("asset_id").alias(f"{prefix}asset"),
            *(pl.col(name).alias(f"{prefix}{name}") for name in _DELIVERED),
        )
    )


def delivery_origins(prefix: str, asset: str) -> dict[str, Origin]:
    """Where the columns of `delivery` are from, `asset` being the view's column of the id."""
    named = {f"{prefix}{name}": name for name in _DELIVERED}
    return origins("rollup_asset", named, {"asset_id": asset}, CURRENT)


def typed(kind: str, *columns: str) -> pl.Expr:
    """An id that names its kind, null where a part is null: `segment:CAMP_1/SEG_2`.

    >>> pl.DataFrame({"c": ["CAMP_1"], "s": ["SEG_2"]}).select(typed("segment", "c", "s")).item()
    'segment:CAMP_1/SEG_2'
    """
    return pl.lit(f"{kind}:") + pl.concat_str(*columns, separator="/")


def ids(*exprs: pl.Expr) -> pl.Expr:
    """A list of the ids that are not null."""
    return pl.concat_list(*exprs).list.drop_nulls()


def halted(tables: Tables, frame: pl.DataFrame, key: str, assets: str) -> pl.DataFrame:
    """What stands still where a list of assets does: `key` and `halts`, typed ids, sorted.

    The assets themselves, and each segment of a campaign whose current delivery is all of theirs.
    One row per row of `frame` that names an asset.
    """
    delivering = (
        tables["rollup_asset"]
        .filter(pl.col("window") == Window.CURRENT, pl.col("impressions") > 0)
        .select("asset_id", typed("segment", "campaign_id", "segment_id").alias("segment"))
        .with_columns(pl.len().over("segment").alias("all"))
    )
    named = (
        frame.select(key, pl.col(assets).alias("asset_id"))
        .explode("asset_id")
        .drop_nulls("asset_id")
        .unique()
    )
    whole = (
        named.join(delivering, on="asset_id")
        .group_by(key, "segment", "all")
        .len()
        .filter(pl.col("len") == pl.col("all"))
        .select(key, halt="segment")
    )
    own = named.select(key, halt=typed("asset", "asset_id"))
    return pl.concat([own, whole]).group_by(key).agg(pl.col("halt").sort().alias("halts")).sort(key)
