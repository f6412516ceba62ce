"""Return on ad spend with its interval, and what would be spent over the days ahead."""

from __future__ import annotations

from datetime import date, timedelta

import dataframely as dy
import numpy as np
import polars as pl

from mktorch.analysis.before_after import daily
from mktorch.analysis.comparisons import MOMENTS, moments
from mktorch.analysis.pacing import BudgetPacing
from mktorch.clock import Clock
from mktorch.config.recommendation_rules import RecommendationRules
from mktorch.stats import Sums, ratio_estimate
from mktorch.stats.means import critical_t
from mktorch.sums import MICRO, micros, ratio, units
from mktorch.tables import (
    CAMPAIGN,
    Upstream,
    count,
    declare,
    key,
    money,
    multiple,
    number,
    read,
    same,
    text,
)
from mktorch.vocab import CampaignStatus, Window

CENT = MICRO // 100
_SCALES = ("spend_scale", "revenue_scale")
_RULES = "recommendation_rules"
_RETURN = (f"{_RULES}.return_days", "money_authority")
_BOUND = (*_RETURN, "statistical_significance_threshold", f"{_RULES}.minimum_return_days")
_AHEAD = (f"{_RULES}.horizon_days", "window_days", "as_of")
_NOT_ACTIVE = "outlook_reason"


# fmt: off
def _returned(of: str, rollup: str, *keys: str) -> dict[str, dy.Column]:
    """The columns of the return of whatever has `keys`, and of the days ahead of it."""
    spend, revenue = (read("campaign_money", *columns, on=CAMPAIGN) for columns in (
        ("total_spend", "metrics_spend"), ("total_revenue_proxy", "metrics_revenue")))
    cost, income = (read("rollup_day", column, on=keys) for column in ("cost", "revenue"))
    both = (cost, income, spend, revenue)
    now = read(rollup, "cost", on=keys, window=Window.CURRENT)
    pacing, left = (read("budget_pacing", column, on=CAMPAIGN, status=CampaignStatus.ACTIVE)
        for column in ("end_date", "remaining"))
    whole = len(keys) == 1
    table = "campaign_returns" if whole else "channel_returns"
    rest = left if whole else read("campaign_returns", "planned_spend", "run_rate", on=CAMPAIGN)
    kept = "the days of the return, each day's sums brought to the account that stands"
    ends = f"the interval of {of}'s return, a ratio of sums over days"

    def each(words: str, *made: Upstream, bound: bool = True, target: bool = False) -> dy.Float64:
        return multiple(words, *made, config=(*(_BOUND if bound else _RETURN),
            *(("target_roas",) if target else ())), null="return_reason")

    return {
        **{name: key(f"The {name.removesuffix('_id')}") for name in keys},
        "status": same(BudgetPacing, "status"),
        "spend_scale": multiple("Spend that stands for the campaign / its summed cost; 1 where "
            "both are 0", spend, config=("money_authority",), null="no record, or no cost"),
        "revenue_scale": multiple("Value that stands for the campaign / its summed revenue; 1 "
            "where both are 0", revenue, config=("money_authority",),
            null="no record, or no revenue"),
        "days": count(f"Days with delivery of {of} among the last `return_days`", cost,
            config=(f"{_RULES}.return_days",), unit="days"),
        "spend": money(f"Spend of {of} over {kept}", cost, spend, config=_RETURN,
            null="return_reason"),
        "revenue": money(f"Revenue of {of} over {kept}", income, revenue, config=_RETURN,
            null="return_reason"),
        "roas_low": each(f"Lower end of {ends}, at least 0", *both),
        "roas": each(f"Revenue / spend of {of} over {kept}", *both, bound=False),
        "roas_high": each(f"Upper end of {ends}", *both),
        "attainment_low": each("Lower end of the return / the target", *both, target=True),
        "attainment": each("Return / the target", *both, bound=False, target=True),
        "attainment_high": each("Upper end of the return / the target", *both, target=True),
        "return_reason": text("Why the return or an end of its interval is missing",
            null="both ends are there"),
        "window_spend": money("Spend of the current window on the account that stands", now, spend,
            config=("window_days", "money_authority"), null=_NOT_ACTIVE),
        "window_conversions": number("count", "Conversions of the current window",
            read(rollup, "conversions", on=keys, window=Window.CURRENT), config=("window_days",),
            null=_NOT_ACTIVE),
        "days_left": count("Days from the report's day to the campaign's end", pacing,
            config=("as_of",), unit="days", null="the campaign is not active, or has no end"),
        "horizon_days": count("Days ahead that an impact covers: the horizon, or the rest of the "
            "flight where that is less", pacing, config=_AHEAD, unit="days", null=_NOT_ACTIVE),
        **({"remaining": money("What is left of the budget, at least 0", left,
            null="the campaign is not active, or has no budget")} if whole else {}),
        "run_rate": money("Spend of the current window x days ahead / days of the window", now,
            spend, pacing, config=_AHEAD, null=_NOT_ACTIVE),
        "planned_spend": money("The run rate, no more than what is left of the budget" if whole
            else "The run rate, cut by as much as the campaign's is by what is left of its budget",
            read(table, "run_rate", on=keys), rest, config=_AHEAD, null=_NOT_ACTIVE),
        _NOT_ACTIVE: text("Why there is no outlook", null="the campaign is active"),
    }


CampaignReturns = declare("campaign_returns", "One row per campaign: what it returns a unit of "
    "spend, and what it would spend over the days ahead. Money in whole cents.",
    _returned("the campaign", "rollup_campaign", *CAMPAIGN))
ChannelReturns = declare("channel_returns", "One row per channel within its campaign: what it "
    "returns a unit of spend, and what it would spend over the days ahead. Money in whole cents.",
    _returned("the channel within its campaign", "rollup_channel", *CAMPAIGN, "channel_id"))
# fmt: on


def cents(money: pl.Expr) -> pl.Expr:
    """Money rounded down to whole hundredths, so that no cap is exceeded.

    >>> pl.select(cents(pl.lit(10.0) / 3)).item()
    3.33
    """
    return units(micros(money) // CENT * CENT)


def campaign_returns(
    rollup_day: pl.DataFrame,
    rollup_campaign: pl.DataFrame,
    campaign_money: pl.DataFrame,
    budget_pacing: pl.DataFrame,
    clock: Clock,
    statistical_significance_threshold: float,
    target_roas: float,
    recommendation_rules: RecommendationRules,
) -> pl.DataFrame:
    """`CampaignReturns`, sorted by id."""
    returned = _returns(
        budget_pacing.select("campaign_id", "status").join(
            _scales(campaign_money), on="campaign_id", how="left"
        ),
        daily(_recent(rollup_day, clock.day, recommendation_rules), "campaign_id"),
        ("campaign_id",),
        statistical_significance_threshold,
        target_roas,
        recommendation_rules,
    )
    window = rollup_campaign.filter(window=str(Window.CURRENT))
    left = (pl.col("end_date") - pl.lit(clock.day)).dt.total_days().clip(lower_bound=0)
    ahead = budget_pacing.select(
        "campaign_id",
        days_left=left,
        # A campaign without an end goes on: it is looked at for the whole horizon.
        horizon_days=left.clip(upper_bound=recommendation_rules.horizon_days).fill_null(
            recommendation_rules.horizon_days
        ),
        remaining=pl.col("remaining").clip(lower_bound=0),
    )
    run_rate = pl.col("window_spend") * pl.col("horizon_days") / clock.window_days
    outlook = (
        _window_spend(returned, window, ("campaign_id",))
        .join(ahead, on="campaign_id", how="left")
        .with_columns(run_rate=cents(run_rate))
        .with_columns(planned_spend=pl.min_horizontal("run_rate", cents(pl.col("remaining"))))
    )
    return CampaignReturns.of(_active_only(outlook).sort("campaign_id"))


def channel_returns(
    rollup_day: pl.DataFrame,
    rollup_channel: pl.DataFrame,
    campaign_returns: pl.DataFrame,
    clock: Clock,
    statistical_significance_threshold: float,
    target_roas: float,
    recommendation_rules: RecommendationRules,
) -> pl.DataFrame:
    """`ChannelReturns`, sorted by its key.

    Scales, `days_left` and `horizon_days` are the campaign's. A channel has no budget of its own:
    `planned_spend` is its run rate, cut by as much as the campaign's is by what remains.
    """
    held = rollup_channel.filter(window=str(Window.ALL)).select("campaign_id", "channel_id")
    campaign = campaign_returns.select(
        "campaign_id",
        "status",
        *_SCALES,
        "days_left",
        "horizon_days",
        affordable=ratio(pl.col("planned_spend"), pl.col("run_rate")),
    )
    keys = ("campaign_id", "channel_id")
    returned = _returns(
        held.join(campaign, on="campaign_id", how="left"),
        daily(_recent(rollup_day, clock.day, recommendation_rules), *keys),
        keys,
        statistical_significance_threshold,
        target_roas,
        recommendation_rules,
    )
    window = rollup_channel.filter(window=str(Window.CURRENT))
    run_rate = cents(pl.col("window_spend") * pl.col("horizon_days") / clock.window_days)
    planned = cents(run_rate * pl.col("affordable").fill_null(0.0))
    outlook = _window_spend(returned, window, keys).with_columns(
        run_rate=run_rate, planned_spend=planned
    )
    return ChannelReturns.of(_active_only(outlook).sort(keys))


def _recent(rollup_day: pl.DataFrame, today: date, rules: RecommendationRules) -> pl.DataFrame:
    first = today - timedelta(days=rules.return_days - 1)
    return rollup_day.filter(pl.col("date").is_between(first, today))


def _scales(money: pl.DataFrame) -> pl.DataFrame:
    """The account that stands over the summed metrics; 1 where both are 0."""
    return money.select(
        "campaign_id",
        *(
            pl.when((pl.col(stands) == 0) & (pl.col(summed) == 0))
            .then(1.0)
            .otherwise(ratio(pl.col(stands), pl.col(summed)))
            .alias(name)
            for name, stands, summed in (
                ("spend_scale", "total_spend", "metrics_spend"),
                ("revenue_scale", "total_revenue_proxy", "metrics_revenue"),
            )
        ),
    )


def _returns(
    held: pl.DataFrame,
    days: pl.DataFrame,
    keys: tuple[str, ...],
    alpha: float,
    target_roas: float,
    rules: RecommendationRules,
) -> pl.DataFrame:
    """`held` with the return of its days: a ratio of sums with its delta-method interval.

    The ends are the ratio and Student's quantile (days less 1) times its standard error either
    way, the low one at least 0. Source: Cochran (1977), Sampling Techniques, ch. 6.
    """
    summed = moments(
        days.select(*keys, "date", numerator=pl.col("revenue"), denominator=pl.col("cost")),
        *keys,
    )
    arrays = [summed[name].cast(pl.Float64).to_numpy() for name in MOMENTS]
    estimate = ratio_estimate(Sums(*arrays))
    reach = critical_t(alpha, estimate.df) * np.sqrt(estimate.variance)
    ends = summed.select(*keys, days="n", cost="x", value="y").with_columns(
        reach=pl.Series(reach, dtype=pl.Float64).fill_nan(None)
    )
    spend, revenue = pl.col("spend"), pl.col("revenue")
    enough = pl.col("days") >= rules.minimum_return_days
    factor = ratio(pl.col("revenue_scale"), pl.col("spend_scale"))
    low, point, high = (pl.col(name) for name in ("roas_low", "roas", "roas_high"))
    return (
        held.join(ends, on=keys, how="left")
        .with_columns(
            pl.col("days").fill_null(0),
            spend=units(micros(pl.col("cost") * pl.col("spend_scale"))),
            revenue=units(micros(pl.col("value") * pl.col("revenue_scale"))),
        )
        .with_columns(
            roas=ratio(revenue, spend), reach=pl.when(enough).then(pl.col("reach") * factor)
        )
        .with_columns(
            roas_low=(point - pl.col("reach")).clip(lower_bound=0),
            roas_high=point + pl.col("reach"),
        )
        .with_columns(
            *(
                ratio(end, pl.lit(target_roas)).alias(f"attainment{end.meta.output_name()[4:]}")
                for end in (low, point, high)
            ),
            return_reason=_reason(rules),
        )
        .drop("cost", "value", "reach")
    )


def _reason(rules: RecommendationRules) -> pl.Expr:
    needed = rules.minimum_return_days
    return (
        pl.when(pl.col("roas_low").is_not_null())
        .then(None)
        .when(pl.col("days") == 0)
        .then(pl.lit(f"no delivery in the last {rules.return_days} days"))
        .when(pl.col("spend_scale").is_null() | pl.col("revenue_scale").is_null())
        .then(pl.lit("the ledger states money that no day shows"))
        .when(pl.col("roas").is_null())
        .then(pl.lit(f"no spend in the last {rules.return_days} days"))
        .when(pl.col("days") < needed)
        .then(pl.format(f"{{}} days with delivery, {needed} are needed", "days"))
        .otherwise(pl.lit("the days do not bound the return"))
    )


def _window_spend(
    returned: pl.DataFrame, window: pl.DataFrame, keys: tuple[str, ...]
) -> pl.DataFrame:
    """The current window's spend, on the account that stands, and its conversions; 0 if none."""
    current = window.select(*keys, "cost", _seen=True, window_conversions="conversions")
    unseen = pl.col("_seen").is_null()
    spend = pl.col("cost").fill_null(0.0) * pl.col("spend_scale").fill_null(1.0)
    return (
        returned.join(current, on=keys, how="left")
        .with_columns(
            window_spend=cents(spend),
            window_conversions=pl.when(unseen).then(0.0).otherwise("window_conversions"),
        )
        .drop("cost", "_seen")
    )


def _active_only(outlook: pl.DataFrame) -> pl.DataFrame:
    active = pl.col("status") == CampaignStatus.ACTIVE
    ahead = (
        "window_spend",
        "window_conversions",
        "days_left",
        "horizon_days",
        *(name for name in ("remaining",) if name in outlook.columns),
        "run_rate",
        "planned_spend",
    )
    return outlook.select(
        pl.exclude(ahead),
        *(pl.when(active).then(name).alias(name) for name in ahead),
        outlook_reason=pl.when(~active).then(pl.format("the campaign is {}", "status")),
    )
