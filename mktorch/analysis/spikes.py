"""Spend spikes: days that cost far more than what delivered on them usually costs."""

from __future__ import annotations

import polars as pl

from mktorch.analysis.findings import episodes, found
from mktorch.config.risk_rules import Detection, RiskRules
from mktorch.sums import micros, units

# One over the normal's upper quartile: makes a median absolute deviation a standard deviation.
ROBUST = 1.4826
# Finest first; each coarser level speaks only of days the finer ones leave unexplained.
_LEVELS = (
    ("campaign_id", "segment_id", "channel_id", "asset_id"),
    ("campaign_id", "channel_id"),
    ("campaign_id",),
)


def spend_spikes(asset_days: pl.DataFrame, rules: RiskRules) -> pl.DataFrame:
    """Runs of days on which an asset, else a channel, else a whole campaign spent far too much.

    The usual cost of a day is the sum of the median daily costs of the assets that delivered on
    it, so that an asset which starts or ends makes no spike. A day is one where the excess (cost
    less usual) is more than `spike_deviations` robust deviations above its series' median and at
    least `spike_amount`, and where cost is at least `spike_ratio` times usual. A series of fewer
    than `spike_minimum_days` days has no baseline. `value` is the cost of the costliest day,
    `threshold` that day's limit, `spend` the cost of the whole run, `asset_ids` the assets above
    their own median. Returns the columns of a finding.

    Only assets with a usual level take part, and series that have one: daily, spending on more than
    `usual_share` of the days they span, and not deviating from their median by more than
    `usual_spread` of it. Flights, bursts and weekly or monthly rows have none.

    Source: the modified z-score of Iglewicz and Hoaglin (1993), How to Detect and Handle Outliers.
    """
    steady = asset_days.filter(_has_usual_level("asset_id", rules=rules))
    usual = steady.with_columns(pl.col("cost").median().over("asset_id").alias("usual"))
    apart = (pl.col("cost") - pl.col("usual")).abs().median().over("asset_id")
    usual = usual.with_columns((ROBUST * apart).pow(2).alias("variance"))
    levels: list[pl.DataFrame] = []
    for keys in _LEVELS:
        days = _spike_days(usual, keys, rules)
        for finer in levels:
            days = days.join(finer, on=[*keys, "date"], how="anti")
        levels.append(days)
    return pl.concat(_runs(days, keys) for days, keys in zip(levels, _LEVELS, strict=True))


def _spike_days(usual: pl.DataFrame, keys: tuple[str, ...], rules: RiskRules) -> pl.DataFrame:
    """The days of each series of `keys` that pass every limit, with `limit`, their cost's bound."""
    cost, base, excess = pl.col("cost"), pl.col("usual"), pl.col("excess")
    centre = excess.median().over(keys)
    # No less than those who deliver on the day deviate each by itself: others' days say nothing.
    deviation = pl.max_horizontal(
        ROBUST * (excess - centre).abs().median().over(keys), pl.col("variance").sqrt()
    )
    limit = pl.max_horizontal(
        base + centre + rules.spike_deviations * deviation,
        base + rules.spike_amount,
        base * rules.spike_ratio,
    )
    return (
        usual.group_by(*keys, "date")
        .agg(
            units(micros(cost).sum()),
            units(micros(base).sum()),
            units(micros(pl.col("variance")).sum()),
            pl.col("asset_id").filter(cost > base).alias("asset_ids"),
        )
        .filter(_has_usual_level(*keys, rules=rules))
        .with_columns((cost - base).alias("excess"))
        .with_columns(limit.alias("limit"), pl.len().over(keys).alias("days"))
        .filter(pl.col("days") >= rules.spike_minimum_days, cost >= pl.col("limit"), excess > 0)
    )


def _has_usual_level(*keys: str, rules: RiskRules) -> pl.Expr:
    """Whether the series of `keys` that a row belongs to spends about the same on most days."""
    cost, date = pl.col("cost"), pl.col("date")
    spans = (date.max() - date.min()).dt.total_days() + 1
    level = cost.filter(cost > 0).median()
    spread = ROBUST * (cost.filter(cost > 0) - level).abs().median()
    daily = date.sort().diff().dt.total_days().median() <= 1
    usual = ((cost > 0).sum() > rules.usual_share * spans) & (spread <= rules.usual_spread * level)
    return (daily & usual).fill_null(value=False).over(keys)


def _runs(days: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    peak = pl.col("cost").arg_max()
    runs = (
        episodes(days, *keys)
        .group_by(*keys, "episode")
        .agg(
            pl.col("asset_ids").list.explode().unique().sort(),
            pl.col("date").min().alias("first_day"),
            pl.col("date").max().alias("last_day"),
            units(micros(pl.col("cost")).sum()).alias("spend"),
            pl.col("cost").get(peak).alias("value"),
            pl.col("limit").get(peak).alias("threshold"),
            pl.col("usual").get(peak),
            pl.col("date").get(peak).alias("peak"),
        )
        .with_columns(
            (
                pl.col("asset_id") if "asset_id" in keys else pl.concat_str(keys, separator="/")
            ).alias("subject"),
            pl.format(
                "spent {} on {}, where {} is usual",
                pl.col("value").round(2),
                "peak",
                pl.col("usual").round(2),
            ).alias("detail"),
        )
    )
    return found(runs, Detection.SPEND_SPIKE)
