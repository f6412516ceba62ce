"""What campaigns are for: what their own KPI counts, whether it is met, what may stop them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

import polars as pl

from mktorch.analysis.before_after import daily
from mktorch.clock import Clock
from mktorch.config import Metric
from mktorch.config.recommendation_rules import RecommendationRules
from mktorch.metrics import attribute_of, measure_of
from mktorch.sources.schemas import Campaigns
from mktorch.sums import micros, ratio, total, units
from mktorch.tables import Table, by_campaign, flag, key, money, number, read, same, word
from mktorch.vocab import Direction, Measure, Unit, Window

_PARTS = ("numerator", "denominator")
_RETURN = "return_on_ad_spend"
_SPAN = ("recommendation_rules.return_days", "metrics")
_DAYS = by_campaign("rollup_day", *map(str, Measure))
_MATURED = ("recommendation_rules.return_days", "recommendation_rules.maturity_days")
_RECENT = "over the last `return_days`"
_OLD = "of days whose conversions are known and older than `maturity_days`"
_DAYS_OF = read("rollup_day", "cost", "revenue", "conversions", on=("campaign_id", "channel_id"))


class Counts(StrEnum):
    """What a campaign's own KPI rests on."""

    ATTENTION = "attention"
    CONVERSIONS = "conversions"
    VALUE = "value"


class Goal(StrEnum):
    """Whether a campaign's own KPI meets the target it states; `open` where that is not known."""

    MET = "met"
    MISSED = "missed"
    OPEN = "open"


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
    conversions = number("count", f"Conversions {_RECENT}", by_campaign("rollup_day",
        "conversions"), config=_SPAN[:1], null="none are known")
    matured_spend = money(f"Cost {_RECENT}, {_OLD}", by_campaign("rollup_day", "cost",
        "conversions"), config=_MATURED)
    by_return = flag("Whether its return may stop it: it can be judged, and attention is not all "
        "that the campaign seeks and gets", config=(*_SPAN, "target_roas"))
    by_conversions = flag("Whether the want of conversions may stop it: its KPI rests on them and "
        "is not met, and no value came", config=(*_SPAN, "target_roas"))


class ChannelGoals(Table):
    """One row per campaign and channel that delivered in the last `return_days`."""

    campaign_id = key("The campaign")
    channel_id = key("The channel")
    conversions = number("count", f"Conversions {_RECENT}", _DAYS_OF, config=_SPAN[:1],
        null="none are known")
    matured_spend = money(f"Cost {_RECENT}, {_OLD}", _DAYS_OF, config=_MATURED)
    by_return = flag("Whether its return may stop it: the campaign's may, its own KPI is not met, "
        "and value is recorded where the money is spent",
        by_campaign("campaign_goals", "by_return", "goal"), _DAYS_OF, config=_SPAN[:1])
    by_conversions = flag("Whether the want of conversions may stop it: the campaign's KPI rests "
        "on them and is not met, they are recorded where the money is spent, no value came here",
        by_campaign("campaign_goals", "counts", "goal", "by_conversions"), _DAYS_OF,
        config=_SPAN[:1])
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
    kpi, recent = pl.col("primary_kpi"), _recent(rollup_day, clock, recommendation_rules)
    parts = [measure_of(kpi, part, registry).cast(pl.Float64).alias(part) for part in _PARTS]
    values = (
        daily(recent, "campaign_id")
        .join(campaigns.select("campaign_id", "primary_kpi"), on="campaign_id")
        .select("campaign_id", *parts)
        .drop_nulls(_PARTS)
        .group_by("campaign_id")
        .agg(map(total, _PARTS))
    )
    ever = rollup_campaign.filter(window=str(Window.ALL)).select(
        "campaign_id", ever_converted="conversions"
    )
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
        .join(
            _matured(daily(recent, "campaign_id"), clock, recommendation_rules, "campaign_id"),
            on="campaign_id",
            how="left",
        )
        .with_columns(
            pl.col("matured_spend").fill_null(0.0),
            by_return=pl.col("valued") & ~(_SEEKS_ATTENTION & (pl.col("goal") != Goal.MISSED)),
            by_conversions=_WANTS & (pl.col("total_revenue_proxy").fill_null(0.0) <= 0),
        )
        .sort("campaign_id")
    )


def channel_goals(
    rollup_day: pl.DataFrame,
    campaign_goals: pl.DataFrame,
    clock: Clock,
    recommendation_rules: RecommendationRules,
) -> pl.DataFrame:
    """`ChannelGoals`, sorted by campaign and channel."""
    keys = ("campaign_id", "channel_id")
    days = daily(_recent(rollup_day, clock, recommendation_rules), *keys)
    paid, came = pl.col("cost") > 0, pl.col("revenue").fill_null(0.0)
    return ChannelGoals.of(
        days.group_by(keys)
        .agg(map(total, ("cost", "revenue")))
        .join(_matured(days, clock, recommendation_rules, *keys), on=keys)
        .join(
            campaign_goals.select("campaign_id", "counts", "goal", "by_return", "by_conversions"),
            on="campaign_id",
        )
        .with_columns(
            valued_here=(paid & (came > 0)).any().over("campaign_id"),
            converts_here=(paid & (pl.col("conversions") > 0)).any().over("campaign_id"),
        )
        .with_columns(
            by_return=pl.col("by_return")
            & (pl.col("goal") != Goal.MET)
            & (pl.col("valued_here") | pl.col("by_conversions")),
            by_conversions=_WANTS
            & (came <= 0)
            & (pl.col("converts_here") | pl.col("by_conversions")),
        )
        .with_columns(
            pl.col("by_return", "by_conversions").fill_null(value=False),
        )
        .sort(keys)
    )


_SEEKS_ATTENTION = (pl.col("counts") == Counts.ATTENTION).fill_null(value=False)
_WANTS = (
    pl.col("counts").is_in([str(Counts.CONVERSIONS), str(Counts.VALUE)])
    & (pl.col("goal") != Goal.MET)
).fill_null(value=False)


def _recent(rollup_day: pl.DataFrame, clock: Clock, rules: RecommendationRules) -> pl.DataFrame:
    first = clock.day - timedelta(days=rules.return_days - 1)
    return rollup_day.filter(pl.col("date").is_between(first, clock.day))


def _matured(
    days: pl.DataFrame, clock: Clock, rules: RecommendationRules, *keys: str
) -> pl.DataFrame:
    """Conversions of the days, and the cost of those whose conversions are in by now."""
    old = pl.col("date") <= clock.day - timedelta(days=rules.maturity_days)
    settled = pl.col("cost").filter(old & pl.col("conversions").is_not_null())
    return days.group_by(keys).agg(
        total("conversions"), units(micros(settled).sum()).alias("matured_spend")
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
    value, came = pl.col("total_revenue_proxy"), pl.col("ever_converted")
    wanting = (pl.col("counts") == Counts.VALUE) | (
        (pl.col("counts") == Counts.CONVERSIONS) & (came == 0)
    )
    return ((value > 0) | ((value == 0) & wanting)).fill_null(value=False)
