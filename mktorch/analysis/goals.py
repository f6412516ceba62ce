"""What each campaign is for: what its own KPI counts, whether it is met, what return rests on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import polars as pl

from mktorch.analysis.before_after import daily
from mktorch.clock import Clock
from mktorch.config import Metric
from mktorch.config.recommendation_rules import RecommendationRules
from mktorch.metrics import attribute_of, measure_of
from mktorch.sources.schemas import Campaigns
from mktorch.sums import ratio, total
from mktorch.tables import Table, by_campaign, flag, key, number, same, word
from mktorch.vocab import Counts, Direction, Goal, Measure, Unit, Window

_PARTS = ("numerator", "denominator")
_RETURN = "return_on_ad_spend"
_SPAN = ("recommendation_rules.return_days", "metrics")
_DAYS = by_campaign("rollup_day", *map(str, Measure))


# fmt: off
class CampaignGoals(Table):
    """One row per campaign: what its own KPI counts, whether it is met, if its return can be."""

    campaign_id = key("The campaign")
    primary_kpi = same(Campaigns, "primary_kpi")
    counts = word(Counts, "What the campaign's own KPI rests on", config=("metrics",),
        null="the KPI is not in the registry")
    kpi_value = number("that of the KPI", "The campaign's own KPI over the last `return_days`, of "
        "the days that know both of its parts", _DAYS, config=_SPAN, null="it has no denominator")
    kpi_target = number("that of the KPI", "The target that the campaign states; for a return on "
        "ad spend without one `target_roas`", by_campaign("campaigns", "target_value"),
        config=("target_roas",), null="no target is stated that the KPI could reach")
    goal = word(Goal, "Whether the KPI meets its target", config=(*_SPAN, "target_roas"))
    valued = flag("Whether the return can be judged: value is on record, or its want is a finding "
        "because the KPI counts value, or counts conversions and none came",
        by_campaign("campaign_money", "total_revenue_proxy"),
        by_campaign("rollup_campaign", "conversions", window=Window.ALL))
# fmt: on


def campaign_goals(
    campaigns: pl.DataFrame,
    campaign_money: pl.DataFrame,
    rollup_campaign: pl.DataFrame,
    rollup_day: pl.DataFrame,
    registry: Mapping[str, Metric],
    clock: Clock,
    target_roas: float,
    recommendation_rules: RecommendationRules,
) -> pl.DataFrame:
    """`CampaignGoals`, sorted by campaign."""
    kpi, first = pl.col("primary_kpi"), timedelta(days=recommendation_rules.return_days - 1)
    recent = rollup_day.filter(pl.col("date").is_between(clock.day - first, clock.day))
    parts = [measure_of(kpi, part, registry).cast(pl.Float64).alias(part) for part in _PARTS]
    values = (
        daily(recent, "campaign_id")
        .join(campaigns.select("campaign_id", "primary_kpi"), on="campaign_id")
        .select("campaign_id", *parts)
        .drop_nulls(_PARTS)
        .group_by("campaign_id")
        .agg(map(total, _PARTS))
    )
    ever = rollup_campaign.filter(window=str(Window.ALL)).select("campaign_id", "conversions")
    value, target = pl.col("kpi_value"), pl.col("kpi_target")
    lower = pl.col("direction") == Direction.DOWN
    counts = kpi.replace_strict(
        {name: str(_counts(metric)) for name, metric in registry.items()},
        default=None,
        return_dtype=pl.String,
    )
    return CampaignGoals.of(
        campaigns.select("campaign_id", "primary_kpi", "target_value")
        .join(values, on="campaign_id", how="left")
        .join(ever, on="campaign_id", how="left")
        .join(
            campaign_money.select("campaign_id", "total_revenue_proxy"),
            on="campaign_id",
            how="left",
        )
        .with_columns(
            counts=counts,
            direction=attribute_of(kpi, "direction", registry),
            kpi_value=ratio(pl.col("numerator"), pl.col("denominator")),
            kpi_target=_target(attribute_of(kpi, "unit", registry), target_roas),
        )
        .with_columns(
            goal=pl.when(value.is_null() | target.is_null())
            .then(pl.lit(str(Goal.OPEN)))
            .when(pl.when(lower).then(value <= target).otherwise(value >= target))
            .then(pl.lit(str(Goal.MET)))
            .otherwise(pl.lit(str(Goal.MISSED))),
            valued=_valued(),
        )
        .sort("campaign_id")
    )


def _counts(metric: Metric) -> Counts:
    """What a metric rests on: value before conversions before attention."""
    parts = {metric.numerator, metric.denominator}
    if Measure.REVENUE in parts:
        return Counts.VALUE
    return Counts.CONVERSIONS if Measure.CONVERSIONS in parts else Counts.ATTENTION


def _target(unit: pl.Expr, target_roas: float) -> pl.Expr:
    """The stated target; none of a share above 1 or of nothing, which is no target of this KPI."""
    stated, most = pl.col("target_value"), pl.when(unit == Unit.FRACTION).then(1.0)
    usable = pl.when(stated > 0, stated <= most.fill_null(float("inf"))).then(stated)
    return pl.coalesce(usable, pl.when(pl.col("primary_kpi") == _RETURN).then(pl.lit(target_roas)))


def _valued() -> pl.Expr:
    """Value came, or that none came tells something."""
    value, came = pl.col("total_revenue_proxy"), pl.col("conversions")
    wanting = (pl.col("counts") == Counts.VALUE) | (
        (pl.col("counts") == Counts.CONVERSIONS) & (came == 0)
    )
    return ((value > 0) | ((value == 0) & wanting)).fill_null(value=False)
