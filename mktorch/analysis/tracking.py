"""Tracking faults: days without rows while others report, and impressions nobody answered."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from mktorch.analysis.findings import episodes, found
from mktorch.config.risk_rules import Detection, RiskRules
from mktorch.sums import micros, ratio, units
from mktorch.vocab import CampaignStatus

_DAY = timedelta(days=1)
_ASSET = ("campaign_id", "segment_id", "channel_id", "asset_id")
_EVERYONE = "everyone"
_HABIT = 2  # times away from which on it is no fault but a habit


def tracking_gaps(
    asset_days: pl.DataFrame, campaigns: pl.DataFrame, today: date, rules: RiskRules
) -> pl.DataFrame:
    """Stretches without rows inside a daily series, on days when others did report.

    An asset is held against the days on which its campaign has rows, a campaign against those on
    which any has. Only series that usually report every such day count (the median step is one).
    An active campaign must report up to `today` or its end date; an asset only between its own
    first and last day. A series that is away more than twice, or on as many days as `usual_share`
    leaves, is in flights or omits the days on which nothing came; one of weekly or monthly rows has
    no days to miss. `value` is the number of reported days missed, at least `gap_days`.
    Returns the columns of a finding.
    """
    days = asset_days.with_columns(pl.lit(_EVERYONE).alias(_EVERYONE))
    by_asset = _missed(days, "asset_id", "campaign_id", days.clear(), rules)
    last = pl.min_horizontal("end_date", pl.lit(today))
    due = (
        campaigns.filter(pl.col("status") == CampaignStatus.ACTIVE)
        .select("campaign_id", (last + _DAY).alias("date"))
        .join(days.group_by("campaign_id").agg(pl.col("date").max().alias("latest")), "campaign_id")
        .filter(pl.col("date") > pl.col("latest"))
        .with_columns(pl.lit(_EVERYONE).alias(_EVERYONE))
    )
    by_campaign = _missed(days, "campaign_id", _EVERYONE, due, rules)
    asset = asset_days.select(_ASSET).unique()
    return pl.concat(
        (
            found(
                by_asset.join(asset, on="asset_id").with_columns(
                    pl.col("asset_id").alias("subject"),
                    pl.concat_list("asset_id").alias("asset_ids"),
                ),
                Detection.TRACKING_GAP,
            ),
            found(
                by_campaign.with_columns(pl.col("campaign_id").alias("subject")),
                Detection.TRACKING_GAP,
            ),
        )
    )


def tracking_silence(asset_days: pl.DataFrame, rules: RiskRules) -> pl.DataFrame:
    """Runs of days on which an asset had impressions and neither a click nor a conversion.

    A run counts from `silence_days` days on, and where its impressions would have brought at
    least `silence_expected_clicks` at the asset's own click-through rate, or, for one that was
    never clicked, at its campaign's. `value` is the number of days. Returns the columns of a
    finding.
    """
    clicks, shown = pl.col("clicks"), pl.col("impressions")
    own, campaign = (
        ratio(clicks.sum().over(key), shown.sum().over(key)) for key in ("asset_id", "campaign_id")
    )
    silent = (shown > 0) & (clicks == 0) & (pl.col("conversions") == 0)
    days = asset_days.with_columns(pl.when(own > 0).then(own).otherwise(campaign).alias("rate"))
    runs = (
        episodes(days.filter(silent), *_ASSET)
        .group_by(*_ASSET, "episode", "rate")
        .agg(
            pl.col("date").min().alias("first_day"),
            pl.col("date").max().alias("last_day"),
            units(micros(pl.col("cost")).sum()).alias("spend"),
            pl.len().alias("value"),
            shown.sum(),
        )
        .with_columns((shown * pl.col("rate")).alias("expected"))
        .filter(
            pl.col("value") >= rules.silence_days,
            pl.col("expected") >= rules.silence_expected_clicks,
        )
        .with_columns(
            pl.col("asset_id").alias("subject"),
            pl.concat_list("asset_id").alias("asset_ids"),
            pl.lit(rules.silence_days).alias("threshold"),
            pl.format(
                "{} impressions without a click or conversion, where about {} clicks are usual",
                shown,
                pl.col("expected").round().cast(pl.Int64),
            ).alias("detail"),
        )
    )
    return found(runs, Detection.TRACKING_SILENCE)


def _missed(
    days: pl.DataFrame, unit: str, others: str, due: pl.DataFrame, rules: RiskRules
) -> pl.DataFrame:
    """Gaps of each `unit` on the calendar of the days its `others` reported.

    A day's `turn` is the number of the calendar's days before it, so the difference of two turns
    counts what was reported between them. `due` closes a series on the day after its last.
    """
    calendar = days.select(others, "date").unique()
    calendar = pl.concat((calendar, due.select(others, "date"))).unique().sort(others, "date")
    reported = days.select(others, "date").unique().with_columns(pl.lit(1).alias("reported"))
    turns = calendar.join(reported, on=[others, "date"], how="left").with_columns(
        (pl.col("reported").fill_null(0).cum_sum() - pl.col("reported").fill_null(0))
        .over(others)
        .alias("turn")
    )
    own = pl.concat(
        (days.select(unit, others, "date").unique(), due.select(unit, others, "date"))
    ).join(turns, on=[others, "date"])
    step, date = pl.col("turn").diff().over(unit), pl.col("date")
    due_days = due.select(unit, "date").with_columns(pl.lit(value=True).alias("_due"))
    inside = (pl.col("step") - 1).filter(pl.col("_due").is_null())
    return (
        own.sort(unit, "date")
        .join(due_days, on=[unit, "date"], how="left", maintain_order="left")
        .with_columns(step.alias("step"), (date.diff().dt.total_days()).over(unit).alias("days"))
        .with_columns(
            (pl.col("step") - 1).alias("value"),
            pl.col("step").median().over(unit).alias("usual_step"),
            pl.col("days").median().over(unit).alias("usual_days"),
            (inside > 0).sum().over(unit).alias("times_away"),
            (inside.sum() < (1 - rules.usual_share) * (pl.len() + inside.sum()))
            .over(unit)
            .alias("mostly_there"),
            (pl.col("date").shift().over(unit) + _DAY).alias("first_day"),
            (pl.col("date") - _DAY).alias("last_day"),
        )
        .filter(
            pl.col("value") >= rules.gap_days,
            pl.col("usual_step") == 1,
            pl.col("usual_days") <= 1,
            pl.col("times_away") <= _HABIT,
            "mostly_there",
        )
        .with_columns(
            pl.lit(rules.gap_days).alias("threshold"),
            pl.format("no rows on {} days on which others reported", "value").alias("detail"),
        )
    )
